//! The breaker of text messages: what goes to a country whose codes are not used stops for a while.
//!
//! Whoever earns by messages to numbers of theirs asks for codes and never uses them. Of the codes sent to a country
//! within a window, old enough to have been used, too small a part was: then nothing is sent there until the pause is
//! over, a person is told, and counting begins anew. Known and unknown numbers are refused alike.
//!
//! Deliberately absent: ceilings, which hold whatever becomes of the codes (see [`super::budgets`]).

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Msisdn;
use store::otp::Challenge;
use store::sms::{self, Conversion, Pause};
use store::{StoreError, Tx};

use crate::app::App;
use crate::config::Sms;
use crate::services::ServiceError;

/// Whoever means to use a code has done so by then.
const TIME_TO_USE: TimeDelta = TimeDelta::minutes(2);
/// What a message belongs to: the country of its number, or its first digits where there is none.
const DIGITS_WITHOUT_COUNTRY: usize = 3;

/// Nothing is sent to a country for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    /// For how long.
    pub left: Duration,
    /// The pause, when it begins just now: to be committed, and told.
    pub begun: Option<Pause>,
}

/// Whether something may be sent to `phone`; a pause that begins here is written, and has to be committed.
pub(super) async fn check(
    app: &App,
    tx: &mut Tx,
    phone: &Msisdn,
    now: DateTime<Utc>,
) -> Result<Result<(), Closed>, StoreError> {
    let (settings, prefix) = (&app.config.sms, prefix(phone));
    let last = sms::last_pause(&mut tx.conn(), &prefix).await?;
    if let Some(left) = last.as_ref().and_then(|pause| (pause.until - now).to_std().ok())
        && !left.is_zero()
    {
        return Ok(Err(Closed { left, begun: None }));
    }
    let from = window_start(settings, last.map(|pause| pause.until), now);
    let counted = sms::conversion(&mut tx.conn(), &prefix, from, minute(now - TIME_TO_USE)).await?;
    if !is_too_low(settings, counted) {
        return Ok(Ok(()));
    }
    let length = TimeDelta::seconds(settings.breaker_pause_s);
    let pause = Pause { prefix, since: now, until: now + length, sent: counted.sent, used: counted.used };
    let is_first = sms::pause(tx, &pause).await?;
    let begun = is_first.then_some(pause);
    Ok(Err(Closed { left: length.to_std().unwrap_or_default(), begun }))
}

/// Counts a code that is sent.
pub(super) async fn count_sent(tx: &mut Tx, phone: &Msisdn, now: DateTime<Utc>) -> Result<(), StoreError> {
    sms::count_sent(tx, &prefix(phone), minute(now)).await
}

/// Counts a code that was used, where it was sent.
pub(super) async fn count_used(tx: &mut Tx, challenge: &Challenge) -> Result<(), StoreError> {
    sms::count_used(tx, &prefix(&challenge.phone), minute(challenge.created_at)).await
}

/// Codes of one country in the window, for admins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    /// A country, as `SN`, or the first digits where a number is in none.
    pub prefix: String,
    pub sent: i64,
    pub used: i64,
    /// The last pause, which may be over.
    pub pause: Option<Pause>,
}

/// Every country that codes were sent to in the window, or that was ever paused.
pub async fn overview(app: &App) -> Result<Vec<Messages>, ServiceError> {
    let now = app.clock.now();
    let mut reader = app.db.read().await?;
    let counted = sms::conversions(&mut reader.conn(), window_start(&app.config.sms, None, now)).await?;
    let pauses = sms::pauses(&mut reader.conn()).await?;
    let of = |prefix: &str| pauses.iter().find(|pause| pause.prefix == prefix).cloned();
    let mut all: Vec<Messages> = counted
        .into_iter()
        .map(|(prefix, Conversion { sent, used })| Messages { pause: of(&prefix), prefix, sent, used })
        .collect();
    let quiet = pauses.iter().filter(|pause| all.iter().all(|one| one.prefix != pause.prefix));
    let quiet: Vec<Messages> = quiet
        .map(|pause| Messages { prefix: pause.prefix.clone(), sent: 0, used: 0, pause: Some(pause.clone()) })
        .collect();
    all.extend(quiet);
    all.sort_by(|one, other| one.prefix.cmp(&other.prefix));
    Ok(all)
}

/// The window, or what of it is after the last pause: what was counted before has been punished.
fn window_start(settings: &Sms, last_pause: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    let start = minute(now - TimeDelta::seconds(settings.breaker_window_s));
    last_pause.map_or(start, |until| start.max(until))
}

/// Were enough codes sent to tell, and too few of them used?
fn is_too_low(settings: &Sms, counted: Conversion) -> bool {
    let least = i64::from(settings.breaker_min_percent);
    counted.sent >= i64::from(settings.breaker_min_sent)
        && counted.used.saturating_mul(100) < counted.sent.saturating_mul(least)
}

fn prefix(phone: &Msisdn) -> String {
    match phone.country() {
        Some(country) => country.to_string(),
        None => phone.digits().chars().take(DIGITS_WITHOUT_COUNTRY).collect(),
    }
}

fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = at.timestamp();
    DateTime::from_timestamp(seconds - seconds.rem_euclid(60), 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SmsSender;

    #[test]
    fn the_breaker_opens_below_the_least_share_of_enough() {
        let settings = Sms {
            sender: SmsSender::Console,
            budget_per_number_hour: 1,
            budget_per_number_day: 1,
            budget_per_prefix_hour: 1,
            budget_per_day: 1,
            breaker_window_s: 1_800,
            breaker_min_sent: 50,
            breaker_min_percent: 10,
            breaker_pause_s: 900,
        };
        for (sent, used, opens) in
            [(49, 0, false), (50, 0, true), (50, 4, true), (50, 5, false), (i64::MAX, 0, true)]
        {
            assert_eq!(is_too_low(&settings, Conversion { sent, used }), opens, "{used} of {sent}");
        }
        let off = Sms { breaker_min_percent: 0, ..settings };
        assert!(!is_too_low(&off, Conversion { sent: 1_000, used: 0 }));
    }

    #[test]
    fn a_prefix_is_a_country_and_no_number() {
        for (phone, expected) in [("+221770001122", "SN"), ("+2250700000001", "CI"), ("+33612345678", "FR")] {
            assert_eq!(prefix(&Msisdn::parse(phone).unwrap()), expected);
        }
    }
}
