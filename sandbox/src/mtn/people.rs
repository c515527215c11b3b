//! How the people of a market behave, by the last digits of their numbers.
//!
//! | Number ends in | As payer | As payee |
//! | --- | --- | --- |
//! | anything else | is asked on the phone | credited at once |
//! | `9901` | `PAYER_NOT_FOUND`; not active | `PAYEE_NOT_FOUND` |
//! | `9902` | `SENDER_ACCOUNT_NOT_ACTIVE`; not active | `PAYEE_NOT_ALLOWED_TO_RECEIVE` |
//! | `9905` | `PAYER_LIMIT_REACHED` | `NOT_ENOUGH_FUNDS`: the receiver's limit, misleading as at MTN |
//! | `9906` | `INTERNAL_PROCESSING_ERROR`, as markets say that map nothing | the same |
//! | `9907` | is asked | pending two seconds, then `PAYEE_NOT_ALLOWED_TO_RECEIVE` |
//! | `9908` | is asked | pending two seconds, then paid |
//! | `9909` | pending an hour, then `COULD_NOT_PERFORM_TRANSACTION` | pending an hour, then paid |
//! | `9910` | approves by itself after two seconds | credited at once |
//! | `9911` | `APPROVAL_REJECTED` by itself after two seconds | credited at once |
//! | `9912` | `NOT_ENOUGH_FUNDS` | credited at once |
//!
//! All by the simulators' clock. The control surface may tell a number otherwise.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::books::words;

words! {
    /// What a person does.
    pub enum Behaviour {
        /// Is asked, or credited.
        Normal = "normal",
        /// Has no wallet.
        Unknown = "unknown",
        /// Has a blocked wallet.
        Blocked = "blocked",
        /// Reached a limit.
        LimitReached = "limit_reached",
        /// Lives where reasons are not told.
        Unmapped = "unmapped",
        /// Is credited later, in vain.
        FailsLater = "fails_later",
        /// Is credited later.
        SettlesLater = "settles_later",
        /// Keeps everybody waiting for an hour.
        SettlesSlowly = "settles_slowly",
        /// Approves without being told to.
        Approves = "approves",
        /// Rejects without being told to.
        Rejects = "rejects",
        /// Has no money.
        Poor = "poor",
    }
}

impl Behaviour {
    fn of_number(msisdn: &str) -> Behaviour {
        let tail = msisdn.get(msisdn.len().saturating_sub(4)..).unwrap_or_default();
        match tail {
            "9901" => Behaviour::Unknown,
            "9902" => Behaviour::Blocked,
            "9905" => Behaviour::LimitReached,
            "9906" => Behaviour::Unmapped,
            "9907" => Behaviour::FailsLater,
            "9908" => Behaviour::SettlesLater,
            "9909" => Behaviour::SettlesSlowly,
            "9910" => Behaviour::Approves,
            "9911" => Behaviour::Rejects,
            "9912" => Behaviour::Poor,
            _ => Behaviour::Normal,
        }
    }

    /// Whether the holder look-up finds an active wallet.
    pub fn is_active(self) -> bool {
        !matches!(self, Behaviour::Unknown | Behaviour::Blocked)
    }
}

/// How this number behaves.
pub fn behaviour(tx: &Transaction<'_>, msisdn: &str) -> rusqlite::Result<Behaviour> {
    let told = tx
        .prepare_cached("SELECT behaviour FROM mtn_people WHERE msisdn = ?1")?
        .query_row([msisdn], |row| row.get(0))
        .optional()?;
    Ok(told.unwrap_or_else(|| Behaviour::of_number(msisdn)))
}

/// What this number's holder is called, if anybody said so.
pub fn name(tx: &Transaction<'_>, msisdn: &str) -> rusqlite::Result<Option<String>> {
    let name: Option<Option<String>> = tx
        .prepare_cached("SELECT name FROM mtn_people WHERE msisdn = ?1")?
        .query_row([msisdn], |row| row.get(0))
        .optional()?;
    Ok(name.flatten())
}

/// Tells a number how to behave, and what its holder is called.
pub fn put(
    tx: &Transaction<'_>,
    msisdn: &str,
    behaviour: Behaviour,
    name: Option<&str>,
) -> rusqlite::Result<()> {
    tx.execute("INSERT OR REPLACE INTO mtn_people VALUES (?1, ?2, ?3)", params![msisdn, behaviour, name])?;
    Ok(())
}
