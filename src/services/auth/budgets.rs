//! Durable ceilings of signing in: what messages may cost, and how often codes may be guessed.
//!
//! Windows are those of the gateway's clock, aligned to the hour or day. Scopes hold blind indexes and prefixes,
//! never a number. Known and unknown numbers are counted alike.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Msisdn, UserId};
use store::crypto::Keyring;
use store::{StoreError, Tx, budgets, users};

use crate::config::Sms;

/// Guesses at codes sent to one number in a day, however many challenges they are spread over.
const GUESSES_PER_NUMBER_DAY: i64 = 20;
/// Codes of the second factor that one user may try.
const SECOND_FACTORS_PER_TEN_MINUTES: i64 = 20;
const SECOND_FACTORS_PER_DAY: i64 = 200;
/// Times that one user may ask to change their number.
const PHONE_CHANGES_PER_DAY: i64 = 5;
/// Numbers are sold in ranges; the last digits of a number do not tell them apart.
const DIGITS_WITHIN_RANGE: usize = 5;

/// A ceiling on one scope in windows of one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    scope: String,
    window: TimeDelta,
    ceiling: i64,
}

/// What sending one code to `phone` spends.
pub fn of_message(settings: &Sms, keyring: &Keyring, phone: &Msisdn) -> Vec<Budget> {
    let number = number(keyring, phone);
    let digits = phone.digits();
    let range = &digits[..digits.len().saturating_sub(DIGITS_WITHIN_RANGE)];
    let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
    let budget = |scope: String, window, ceiling: u32| Budget { scope, window, ceiling: i64::from(ceiling) };
    vec![
        budget(format!("sms/number/hour/{number}"), hour, settings.budget_per_number_hour),
        budget(format!("sms/number/day/{number}"), day, settings.budget_per_number_day),
        budget(format!("sms/range/hour/{range}"), hour, settings.budget_per_prefix_hour),
        budget("sms/all/day".to_owned(), day, settings.budget_per_day),
    ]
}

/// What one guess at a code sent to `phone` spends.
pub fn of_guess(keyring: &Keyring, phone: &Msisdn) -> Vec<Budget> {
    let scope = format!("otp/guesses/day/{}", number(keyring, phone));
    vec![Budget { scope, window: TimeDelta::days(1), ceiling: GUESSES_PER_NUMBER_DAY }]
}

/// What one try of a second factor spends.
pub fn of_second_factor(user: UserId) -> Vec<Budget> {
    let budget =
        |name: &str, window, ceiling| Budget { scope: format!("totp/{name}/{user}"), window, ceiling };
    vec![
        budget("ten_minutes", TimeDelta::minutes(10), SECOND_FACTORS_PER_TEN_MINUTES),
        budget("day", TimeDelta::days(1), SECOND_FACTORS_PER_DAY),
    ]
}

/// What asking to change the number of `user` spends beside the messages: strangers' phones would ring.
pub fn of_phone_change(user: UserId) -> Vec<Budget> {
    let (scope, window) = (format!("phone/asked/day/{user}"), TimeDelta::days(1));
    vec![Budget { scope, window, ceiling: PHONE_CHANGES_PER_DAY }]
}

/// What one guess at the codes that change the number of `user` spends. It is counted for who guesses: counted for the
/// number, it would let them lock its holder out.
pub fn of_phone_guess(user: UserId) -> Vec<Budget> {
    let (scope, window) = (format!("phone/guesses/day/{user}"), TimeDelta::days(1));
    vec![Budget { scope, window, ceiling: GUESSES_PER_NUMBER_DAY }]
}

/// Spends one of each, or says how long the fullest one lasts; then the caller rolls back.
pub async fn spend(
    tx: &mut Tx,
    spent: &[Budget],
    now: DateTime<Utc>,
) -> Result<Result<(), Duration>, StoreError> {
    for budget in spent {
        let start = window_start(budget.window, now);
        if !budgets::spend(tx, &budget.scope, start, budget.ceiling).await? {
            let left = (start + budget.window - now).to_std().unwrap_or_default();
            return Ok(Err(left.max(Duration::from_secs(1))));
        }
    }
    Ok(Ok(()))
}

fn window_start(window: TimeDelta, now: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = now.timestamp();
    DateTime::from_timestamp(seconds - seconds.rem_euclid(window.num_seconds()), 0).unwrap_or(now)
}

fn number(keyring: &Keyring, phone: &Msisdn) -> String {
    users::phone_index(keyring, phone).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::testkit;

    fn settings() -> Sms {
        Sms {
            sender: crate::config::SmsSender::Console,
            budget_per_number_hour: 2,
            budget_per_number_day: 3,
            budget_per_prefix_hour: 4,
            budget_per_day: 7,
            breaker_window_s: 1_800,
            breaker_min_sent: 50,
            breaker_min_percent: 10,
            breaker_pause_s: 900,
        }
    }

    #[test]
    fn windows_begin_at_whole_hours_and_days() {
        let now = testkit::instant() + TimeDelta::seconds(5_025);
        assert_eq!(window_start(TimeDelta::hours(1), now).to_rfc3339(), "2026-01-15T10:00:00+00:00");
        assert_eq!(window_start(TimeDelta::days(1), now).to_rfc3339(), "2026-01-15T00:00:00+00:00");
    }

    #[test]
    fn scopes_hold_no_number() {
        let phone = Msisdn::parse("+221770001122").unwrap();
        let keyring = testkit::keyring();
        let scopes: Vec<_> = of_message(&settings(), &keyring, &phone).into_iter().map(|b| b.scope).collect();
        assert_eq!(scopes[2..], ["sms/range/hour/2217700", "sms/all/day"]);
        assert!(scopes.iter().all(|scope| !scope.contains("70001122")));
    }

    /// How long the message at `minutes` has to wait; 0 when it may go.
    async fn message(db: &store::Db, phone: &str, minutes: i64) -> u64 {
        let budgets = of_message(&settings(), &testkit::keyring(), &Msisdn::parse(phone).unwrap());
        let now = testkit::instant() + TimeDelta::minutes(minutes);
        let mut tx = db.begin().await.unwrap();
        match spend(&mut tx, &budgets, now).await.unwrap() {
            Ok(()) => tx.commit().await.map(|()| 0).unwrap(),
            Err(left) => left.as_secs(),
        }
    }

    #[tokio::test]
    async fn messages_stay_below_every_ceiling() {
        testkit::on_each_database(async |db| {
            let (one, neighbour, third, stranger) =
                ("+221770001122", "+221770001123", "+221770001124", "+2250700000001");
            assert_eq!((message(&db, one, 0).await, message(&db, one, 10).await), (0, 0));
            assert_eq!(message(&db, one, 20).await, 40 * 60, "two an hour to one number");
            assert_eq!((message(&db, neighbour, 21).await, message(&db, third, 22).await), (0, 0));
            assert_eq!(message(&db, neighbour, 23).await, 37 * 60, "four an hour to one range");
            assert_eq!(message(&db, stranger, 23).await, 0);
            assert_eq!(message(&db, one, 60).await, 0, "the next hour");
            assert_eq!(message(&db, one, 61).await, 13 * 3_600 + 59 * 60, "three a day to one number");
            assert_eq!(message(&db, stranger, 62).await, 0);
            assert_eq!(message(&db, "+22370123456", 63).await, 13 * 3_600 + 57 * 60, "seven a day in all");
            assert_eq!(message(&db, one, 15 * 60).await, 0, "the next day");
        })
        .await;
    }
}
