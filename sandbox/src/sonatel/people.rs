//! Customers: how their numbers behave, and what they have.
//!
//! Every nine-digit number that is no wallet of the business is a customer with 1,000,000 XOF and
//! the PIN `0000`. It behaves as its last four digits say, as payee of a cash-in and as payer
//! alike, unless the control surface said otherwise:
//!
//! | Number ends in | Behaviour |
//! | --- | --- |
//! | anything else | `normal`: at once |
//! | `9901` | `unknown`: 2000, no account |
//! | `9902` | `barred`: 2043 |
//! | `9903` | `invalid`: 2001 |
//! | `9904` | `partner_ceiling`: 2024 |
//! | `9905` | `ceiling`: 2025 |
//! | `9906` | `fails_at_once`: 200 with the status `FAILED` |
//! | `9907` | `fails_later`: `PENDING`, then `FAILED` after two seconds |
//! | `9908` | `settles_later`: `PENDING`, then `SUCCESS` after two seconds |
//! | `9909` | `settles_slowly`: the same after an hour |
//! | `9910` | `crawls`: `PRE_INITIATED`, `INITIATED` after 1 h, `PENDING` after 6 h, `ACCEPTED` after 12 h, `SUCCESS` after 24 h |
//! | `9911` | `crawls_in_vain`: the same, `REJECTED` in the end |
//! | `9912` | `cancelled`: `PENDING`, then `CANCELLED` after two seconds |
//! | `9913` | `poor_payer`: 2021 |
//! | `9914` | `poor_payee`: 2022 |
//! | `9915` | `poor`: 2020 |
//! | `9916` | `any_ceiling`: 2023 |
//! | `9917` | `not_allowed`: 2041 |
//! | `9918` | `partner_not_allowed`: 2042 |
//! | `9919` | `internal_error`: 50, nothing moved |

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Transaction, params};

use super::transaction::Status;
use crate::books::words;

/// What everybody has at first, whole francs.
const SAVINGS: i64 = 1_000_000;

words! {
    /// What becomes of money that goes to or comes from a number.
    pub enum Behaviour {
        /// At once.
        Normal = "normal",
        /// Has no account.
        Unknown = "unknown",
        /// Is barred.
        Barred = "barred",
        /// Is no number of a customer.
        Invalid = "invalid",
        /// The partner's ceiling is reached.
        PartnerCeiling = "partner_ceiling",
        /// The customer's ceiling is reached.
        Ceiling = "ceiling",
        /// 200, but failed.
        FailsAtOnce = "fails_at_once",
        /// Fails after two seconds.
        FailsLater = "fails_later",
        /// Succeeds after two seconds.
        SettlesLater = "settles_later",
        /// Succeeds after an hour.
        SettlesSlowly = "settles_slowly",
        /// Takes a day and every status on the way.
        Crawls = "crawls",
        /// Takes a day and is rejected.
        CrawlsInVain = "crawls_in_vain",
        /// Is cancelled after two seconds.
        Cancelled = "cancelled",
        /// The payer's balance is insufficient.
        PoorPayer = "poor_payer",
        /// The payee's balance is insufficient.
        PoorPayee = "poor_payee",
        /// Some balance is insufficient.
        Poor = "poor",
        /// Some ceiling is reached.
        AnyCeiling = "any_ceiling",
        /// Not allowed.
        NotAllowed = "not_allowed",
        /// Not allowed for the partner.
        PartnerNotAllowed = "partner_not_allowed",
        /// An internal error.
        InternalError = "internal_error",
    }
}

impl Behaviour {
    fn of_number(msisdn: &str) -> Behaviour {
        const FIRST: usize = 9900;
        const BY_ENDING: [Behaviour; 20] = [
            Behaviour::Normal,
            Behaviour::Unknown,
            Behaviour::Barred,
            Behaviour::Invalid,
            Behaviour::PartnerCeiling,
            Behaviour::Ceiling,
            Behaviour::FailsAtOnce,
            Behaviour::FailsLater,
            Behaviour::SettlesLater,
            Behaviour::SettlesSlowly,
            Behaviour::Crawls,
            Behaviour::CrawlsInVain,
            Behaviour::Cancelled,
            Behaviour::PoorPayer,
            Behaviour::PoorPayee,
            Behaviour::Poor,
            Behaviour::AnyCeiling,
            Behaviour::NotAllowed,
            Behaviour::PartnerNotAllowed,
            Behaviour::InternalError,
        ];
        let ending = msisdn.get(msisdn.len().saturating_sub(4)..).and_then(|ending| ending.parse().ok());
        let place = ending.and_then(|ending: usize| ending.checked_sub(FIRST));
        place.and_then(|place| BY_ENDING.get(place).copied()).unwrap_or(Behaviour::Normal)
    }

    /// The code with which a movement is refused before it exists.
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Behaviour::Unknown => Some("2000"),
            Behaviour::Invalid => Some("2001"),
            Behaviour::Barred => Some("2043"),
            Behaviour::Poor => Some("2020"),
            Behaviour::PoorPayer => Some("2021"),
            Behaviour::PoorPayee => Some("2022"),
            Behaviour::AnyCeiling => Some("2023"),
            Behaviour::PartnerCeiling => Some("2024"),
            Behaviour::Ceiling => Some("2025"),
            Behaviour::NotAllowed => Some("2041"),
            Behaviour::PartnerNotAllowed => Some("2042"),
            Behaviour::InternalError => Some("50"),
            _ => None,
        }
    }

    /// Every status of a movement that exists, and how long after its beginning.
    pub fn steps(self) -> Vec<(TimeDelta, Status)> {
        use Status::{Accepted, Cancelled, Failed, Initiated, Pending, PreInitiated, Rejected, Success};
        let later = |end| vec![(TimeDelta::zero(), Pending), (TimeDelta::seconds(2), end)];
        let crawl = |end| {
            let hours = [(0, PreInitiated), (1, Initiated), (6, Pending), (12, Accepted), (24, end)];
            hours.into_iter().map(|(hours, status)| (TimeDelta::hours(hours), status)).collect()
        };
        match self {
            Behaviour::FailsAtOnce => vec![(TimeDelta::zero(), Failed)],
            Behaviour::FailsLater => later(Failed),
            Behaviour::SettlesLater => later(Success),
            Behaviour::SettlesSlowly => vec![(TimeDelta::zero(), Pending), (TimeDelta::hours(1), Success)],
            Behaviour::Crawls => crawl(Success),
            Behaviour::CrawlsInVain => crawl(Rejected),
            Behaviour::Cancelled => later(Cancelled),
            _ => vec![(TimeDelta::zero(), Success)],
        }
    }
}

/// A customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whole francs.
    pub balance: i64,
    /// Wrong PINs in a row; three block the account.
    pub wrong_pins: u8,
    /// What becomes of money.
    pub behaviour: Behaviour,
}

/// Who has that number.
pub fn find(tx: &Transaction<'_>, msisdn: &str) -> rusqlite::Result<Person> {
    let known = tx
        .prepare_cached("SELECT balance, wrong_pins, behaviour FROM sonatel_people WHERE msisdn = ?1")?
        .query_row([msisdn], |row| {
            let told: Option<Behaviour> = row.get(2)?;
            let behaviour = told.unwrap_or_else(|| Behaviour::of_number(msisdn));
            Ok(Person { balance: row.get(0)?, wrong_pins: row.get(1)?, behaviour })
        })
        .optional()?;
    let stranger = Person { balance: SAVINGS, wrong_pins: 0, behaviour: Behaviour::of_number(msisdn) };
    Ok(known.unwrap_or(stranger))
}

/// Tells a number how to behave.
pub fn put_behaviour(tx: &Transaction<'_>, msisdn: &str, behaviour: Behaviour) -> rusqlite::Result<()> {
    meet(tx, msisdn)?;
    tx.execute("UPDATE sonatel_people SET behaviour = ?2 WHERE msisdn = ?1", params![msisdn, behaviour])?;
    Ok(())
}

/// Counts a customer's wrong PINs.
pub fn put_wrong_pins(tx: &Transaction<'_>, msisdn: &str, wrong: u8) -> rusqlite::Result<()> {
    meet(tx, msisdn)?;
    tx.execute("UPDATE sonatel_people SET wrong_pins = ?2 WHERE msisdn = ?1", params![msisdn, wrong])?;
    Ok(())
}

/// Moves a customer's balance, which may not fall below zero; false when it would.
pub fn shift(tx: &Transaction<'_>, msisdn: &str, by: i64) -> rusqlite::Result<bool> {
    meet(tx, msisdn)?;
    let sql = "UPDATE sonatel_people SET balance = balance + ?2 WHERE msisdn = ?1 AND balance + ?2 >= 0";
    Ok(tx.prepare_cached(sql)?.execute(params![msisdn, by])? == 1)
}

fn meet(tx: &Transaction<'_>, msisdn: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO sonatel_people (msisdn, balance) VALUES (?1, ?2)";
    tx.prepare_cached(sql)?.execute(params![msisdn, SAVINGS])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_decide() {
        let table = [
            ("770001122", Behaviour::Normal),
            ("770009900", Behaviour::Normal),
            ("770009901", Behaviour::Unknown),
            ("770009905", Behaviour::Ceiling),
            ("770009909", Behaviour::SettlesSlowly),
            ("770009919", Behaviour::InternalError),
            ("770009920", Behaviour::Normal),
        ];
        for (msisdn, expected) in table {
            assert_eq!(Behaviour::of_number(msisdn), expected, "{msisdn}");
        }
    }
}
