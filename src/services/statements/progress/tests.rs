//! Days, pages, rounds and pauses, told step by step.

use std::time::Duration;

use super::*;

const PACE: Pace = Pace { every: TimeDelta::minutes(15), lag: TimeDelta::hours(2) };

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn fresh(first: u32, now: &str) -> StatementRead {
    new(domain::Provider::Wave, domain::Wallet::parse("sn").unwrap(), day(first), at(now))
}

/// Reads a page, which names `next`.
fn page(read: &mut StatementRead, now: &str, next: Option<&str>) -> (NaiveDate, Option<String>) {
    let pass = pass(read, at(now));
    turned(read, pass.clone(), next.map(str::to_owned), PACE, at(now)).unwrap();
    (pass.day, pass.cursor)
}

#[test]
fn a_round_goes_through_the_pages_of_each_day_up_to_today() {
    let mut read = fresh(19, "21T10:00");
    assert_eq!(page(&mut read, "21T10:00", Some("a")), (day(19), None));
    assert_eq!(page(&mut read, "21T10:00", None), (day(19), Some("a".into())));
    assert_eq!(read.open_day, day(20), "it is over for longer than the lag");
    assert_eq!(page(&mut read, "21T10:01", None), (day(20), None));
    assert_eq!((read.open_day, read.whole_at), (day(21), None));
    assert_eq!(page(&mut read, "21T10:02", None), (day(21), None));
    assert_eq!(read.pass, None);
    assert_eq!((read.open_day, read.whole_at), (day(21), Some(at("21T10:02"))), "as of its beginning");
    assert_eq!(read.due_at, at("21T10:17"));
}

#[test]
fn a_day_is_read_again_until_the_lag_after_it_has_passed() {
    let mut read = fresh(20, "20T23:50");
    page(&mut read, "20T23:50", None);
    for now in ["21T00:05", "21T01:59"] {
        assert_eq!(page(&mut read, now, None), (day(20), None));
        assert_eq!(page(&mut read, now, None), (day(21), None));
        assert_eq!((read.open_day, read.pass.clone()), (day(20), None), "{now}");
    }
    assert_eq!(page(&mut read, "21T02:00", None), (day(20), None));
    assert_eq!(read.open_day, day(21));
}

#[test]
fn a_pass_that_began_too_early_closes_nothing_however_late_it_ends() {
    let mut read = fresh(20, "21T01:59");
    page(&mut read, "21T01:59", Some("a"));
    page(&mut read, "21T09:00", None);
    assert_eq!(read.open_day, day(20));
    assert_eq!(read.pass.as_ref().map(|pass| pass.day), Some(day(21)));
}

#[test]
fn midnight_in_the_middle_of_a_round_is_one_day_more() {
    let mut read = fresh(20, "20T23:59");
    page(&mut read, "20T23:59", Some("a"));
    page(&mut read, "21T00:00", None);
    assert_eq!(page(&mut read, "21T00:00", None), (day(21), None));
    assert_eq!(read.pass, None);
}

#[test]
fn a_page_that_names_itself_is_no_progress() {
    let mut read = fresh(20, "20T10:00");
    page(&mut read, "20T10:00", Some("a"));
    let before = read.clone();
    let pass = pass(&mut read, at("20T10:00"));
    assert!(turned(&mut read, pass, Some("a".into()), PACE, at("20T10:00")).is_err());
    assert_eq!(read, before);
}

#[test]
fn pauses_double_up_to_the_usual_and_obey_the_provider() {
    let now = at("20T10:00");
    let mut read = fresh(20, "20T10:00");
    let uncertain = ProviderError::uncertain("?");
    let pauses: Vec<i64> = (0..8)
        .map(|_| {
            failed(&mut read, &uncertain, PACE, now);
            (read.due_at - now).num_seconds()
        })
        .collect();
    assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 900, 900]);
    let limited =
        |wait: Option<u64>| ProviderError::RateLimited { retry_after: wait.map(Duration::from_secs) };
    for (error, expected) in [
        (limited(None), 15),
        (limited(Some(5)), 15),
        (limited(Some(3600)), 3600),
        (limited(Some(u64::MAX)), 900),
        (limited(Some(400_000)), 86_400),
        (ProviderError::misconfigured("key"), 900),
    ] {
        let mut read = fresh(20, "20T10:00");
        failed(&mut read, &error, PACE, now);
        assert_eq!((read.due_at - now).num_seconds(), expected, "{error:?}");
    }
}

#[test]
fn a_cursor_that_is_not_taken_any_more_is_given_up() {
    let mut read = fresh(20, "20T10:00");
    page(&mut read, "20T10:00", Some("old"));
    let cursor = |read: &StatementRead| read.pass.as_ref().unwrap().cursor.clone();
    for _ in 0..2 {
        failed(&mut read, &ProviderError::uncertain("?"), PACE, at("20T10:01"));
        assert_eq!(cursor(&read).as_deref(), Some("old"));
    }
    failed(&mut read, &ProviderError::uncertain("?"), PACE, at("20T10:02"));
    assert_eq!(cursor(&read), None);
    assert_eq!(read.pass.as_ref().unwrap().begun_at, at("20T10:02"), "nothing is closed by what was before");
    page(&mut read, "20T10:03", None);
    assert_eq!((read.failures, read.error.clone()), (0, None));
}

#[test]
fn the_newest_only_are_enough_as_long_as_they_reach_back_to_what_was_seen() {
    let mut read = fresh(19, "21T10:00");
    let mut look = |now: &str, cut: Option<&str>| {
        let pass = pass(&mut read, at(now));
        let missing = seen_newest(&mut read, &pass, cut.map(at), PACE, at(now));
        (missing, read.open_day)
    };
    assert_eq!(look("21T10:00", Some("19T00:01")), (Some(at("19T00:00")), day(21)), "from the first day on");
    assert_eq!(look("21T10:15", Some("21T09:50")), (None, day(21)), "ten minutes before the last look");
    assert_eq!(look("21T10:30", Some("21T10:06")), (Some(at("21T10:05")), day(21)));
    assert_eq!(look("21T10:45", None), (None, day(21)));
    assert_eq!(look("23T01:00", None), (None, day(22)), "the 22nd may still get lines");
}

#[test]
fn what_never_got_an_answer_begins_when_it_does() {
    let mut read = fresh(20, "20T10:00");
    pass(&mut read, at("20T10:00"));
    failed(&mut read, &ProviderError::uncertain("?"), PACE, at("20T10:00"));
    assert_eq!(page(&mut read, "20T11:00", None), (day(20), None));
    assert_eq!(read.whole_at, Some(at("20T11:00")));
    let mut read = fresh(20, "21T01:00");
    page(&mut read, "21T01:00", None);
    page(&mut read, "21T01:30", None);
    assert_eq!(read.whole_at, Some(at("21T01:00")), "yesterday is not closed: it was seen up to then");
}
