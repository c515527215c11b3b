//! All SQL of the gateway: two databases behind one set of functions.
//!
//! What writes takes `&mut Tx`, what only reads takes `&mut Conn`; the statement text is constant and
//! shared by both engines. Rows are private and converted by hand, so a renamed column never leaks.
//! What names a person is sealed before it reaches a statement.
//!
//! Deliberately absent: decisions, providers, HTTP and the present time; instants are passed in.

pub mod alerts;
pub mod approvals;
pub mod attention;
pub mod audit;
pub mod backup;
pub mod balance_checks;
pub mod book;
pub mod budgets;
pub mod callers;
mod combined;
pub mod crypto;
pub mod db;
pub mod devices;
pub mod error;
pub mod evidence;
pub mod gather;
pub mod idempotency;
pub mod inbox;
pub mod jobs;
pub mod ledger;
pub mod mandates;
pub mod migrate;
pub mod movements;
pub mod otp;
pub mod outbox;
pub mod persons;
pub mod provider_customers;
pub mod provider_lines;
pub mod quotes;
pub mod rails;
pub mod rates;
mod read;
mod rows;
pub mod sessions;
pub mod sms;
pub mod statement_reads;
mod table;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod transfers;
pub mod treasury;
pub mod users;
pub mod waits;
pub mod writer;

pub use db::{Conn, Db, DbOptions, Engine, Reader, Tx};
pub use error::StoreError;
pub use persons::PersonKeys;
pub use writer::Writer;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::{NoContext, Timestamp, Uuid};

/// An instant as the SQLite schema holds it: RFC 3339, `+00:00`, and as many digits as it has (AutoSi).
///
/// It is byte for byte what `sqlx` binds, so that both writers of the file agree, and it sorts in time order.
pub fn time_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// A fresh id that sorts by `now`: a UUID v7 with 74 random bits.
pub(crate) fn fresh_id(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
}

/// Where a list of what is newest first begins: no instant of ours is later, and as text it sorts last.
pub(crate) const LAST_INSTANT: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(instant) => instant,
    None => DateTime::<Utc>::MAX_UTC,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_as_text_sort_in_time_order() {
        let start = DateTime::from_timestamp_micros(1_767_225_599_000_000).unwrap();
        let steps = [0, 1, 999, 1_000, 500_000, 999_999, 1_000_000, 1_000_001];
        let texts: Vec<_> =
            steps.iter().map(|us| time_text(start + chrono::Duration::microseconds(*us))).collect();
        let mut sorted = texts.clone();
        sorted.sort();
        assert_eq!(texts, sorted);
        assert_eq!(texts[0], "2025-12-31T23:59:59+00:00");
    }

    #[test]
    fn fresh_ids_sort_by_their_instant() {
        let now = DateTime::from_timestamp_micros(1_767_225_599_000_000).unwrap();
        assert!(fresh_id(now) < fresh_id(now + chrono::Duration::milliseconds(1)));
        assert_ne!(fresh_id(now), fresh_id(now));
    }
}
