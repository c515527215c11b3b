//! How the reading of a wallet goes on: days, pages, rounds and pauses. Pure.
//!
//! A *round* goes from the first day that is still open to today, a day's pages being one *pass*. A day is closed by a
//! pass that began when the provider's lag after its end was over; until then every round reads it again. So yesterday
//! is read again after midnight, and after a downtime a round catches up by itself.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use providers::ProviderError;
use store::statement_reads::{Pass, StatementRead};

/// A first pause after something went wrong; it doubles.
const AGAIN: TimeDelta = TimeDelta::seconds(15);
/// Failures in a row after which a day is begun anew, in case that it is the cursor that is not taken any more.
const ANEW_AFTER: i64 = 3;
/// How far a list that shows the newest only must reach back beyond what was seen whole, for what was under way then.
const GRACE: TimeDelta = TimeDelta::minutes(10);

/// When what is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// From the end of a round to the next.
    pub every: TimeDelta,
    /// How long after its end a day may still get lines.
    pub lag: TimeDelta,
}

/// A wallet of which nothing is read yet.
pub(super) fn new(
    provider: domain::Provider,
    wallet: domain::Wallet,
    first_day: NaiveDate,
    now: DateTime<Utc>,
) -> StatementRead {
    StatementRead {
        provider,
        wallet,
        first_day,
        open_day: first_day,
        pass: None,
        round_at: None,
        whole_at: None,
        due_at: now,
        lines: 0,
        differences: 0,
        net_minor: 0,
        last_line_at: None,
        failures: 0,
        error: None,
        updated_at: now,
    }
}

/// The first instant of a day.
pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn after(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

/// The pass to go on with: the one that is under way, or the first of a new round. One of which no page was read yet
/// begins now; if it is of the first open day, so does the round, for every day before is read for good.
pub(super) fn pass(read: &mut StatementRead, now: DateTime<Utc>) -> Pass {
    let day = match &read.pass {
        Some(pass) if pass.cursor.is_some() => return pass.clone(),
        Some(pass) => pass.day,
        None => read.open_day,
    };
    if day == read.open_day {
        read.round_at = Some(now);
    }
    let pass = Pass { day, cursor: None, begun_at: now };
    read.pass = Some(pass.clone());
    pass
}

/// A page of a day was read and names the next one, or none.
///
/// Errors: it names itself, so that reading on would never end.
pub(super) fn turned(
    read: &mut StatementRead,
    pass: Pass,
    next: Option<String>,
    pace: Pace,
    now: DateTime<Utc>,
) -> Result<(), &'static str> {
    match next {
        Some(cursor) if pass.cursor.as_ref() == Some(&cursor) => return Err("the statement does not go on"),
        Some(cursor) => read.pass = Some(Pass { cursor: Some(cursor), ..pass }),
        None => {
            close(read, pass.begun_at, pace.lag, Some(pass.day));
            match pass.day < now.date_naive() {
                true => read.pass = Some(Pass { day: after(pass.day), cursor: None, begun_at: now }),
                false => end_round(read, pace, now),
            }
        }
    }
    read.due_at = read.due_at.max(now);
    (read.failures, read.error) = (0, None);
    Ok(())
}

/// The newest of all that happened were read at once; `cut_at` is the oldest that was shown, if there were more than
/// could be. Answers from when on something may be missing.
pub(super) fn seen_newest(
    read: &mut StatementRead,
    pass: &Pass,
    cut_at: Option<DateTime<Utc>>,
    pace: Pace,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let seen_until = read.whole_at.map_or(midnight(read.first_day), |whole| whole - GRACE);
    let missing = cut_at.filter(|cut| *cut > seen_until).map(|_| seen_until);
    close(read, pass.begun_at, pace.lag, None);
    end_round(read, pace, now);
    (read.failures, read.error) = (0, None);
    missing
}

/// Closes days that a pass that began at `begun_at` saw whole: `day`, or every one.
fn close(read: &mut StatementRead, begun_at: DateTime<Utc>, lag: TimeDelta, day: Option<NaiveDate>) {
    while day.is_none_or(|day| day == read.open_day) && midnight(after(read.open_day)) + lag <= begun_at {
        read.open_day = after(read.open_day);
    }
}

/// Everything up to the round's beginning is seen.
pub(super) fn end_round(read: &mut StatementRead, pace: Pace, now: DateTime<Utc>) {
    (read.pass, read.whole_at, read.due_at) = (None, read.round_at, now + pace.every);
}

/// It did not work; what was read stays read.
pub(super) fn failed(read: &mut StatementRead, error: &ProviderError, pace: Pace, now: DateTime<Utc>) {
    read.failures = read.failures.saturating_add(1);
    let doubled = i32::try_from(read.failures.clamp(1, 12) - 1).unwrap_or(0);
    let longest = pace.every.max(AGAIN);
    let backoff = (AGAIN * (1 << doubled)).min(longest);
    let asked = match error {
        ProviderError::RateLimited { retry_after: Some(wait) } => {
            TimeDelta::from_std(*wait).unwrap_or(longest)
        }
        ProviderError::Misconfigured { .. } => longest,
        _ => backoff,
    };
    // Whatever the provider asks for, it is asked again within a day.
    read.due_at = now + asked.max(backoff).min(TimeDelta::days(1));
    let is_stuck = matches!(error, ProviderError::Uncertain { .. }) && read.failures % ANEW_AFTER == 0;
    if let Some(pass) = read.pass.as_mut().filter(|_| is_stuck) {
        (pass.cursor, pass.begun_at) = (None, now);
    }
}

#[cfg(test)]
mod tests;
