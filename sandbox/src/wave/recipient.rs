//! How payees behave, and `verify_recipient`.
//!
//! A number behaves as its last four digits say, unless the control surface said otherwise:
//!
//! | Number ends in | Behaviour |
//! | --- | --- |
//! | anything else | `normal`: credited at once |
//! | `9901` | `unknown`: has no wallet; 422 `recipient-account-inactive` (no code of its own is documented), never verified by name |
//! | `9902` | `blocked`: 422 `recipient-account-blocked` |
//! | `9903` | `inactive`: 422 `recipient-account-inactive` |
//! | `9904` | `minor`: 422 `recipient-minor` |
//! | `9905` | `limit_exceeded`: 422 `recipient-limit-exceeded`; not within limits |
//! | `9906` | `fails_at_once`: 200 with `status` `failed` and a `payout_error` |
//! | `9907` | `fails_later`: `processing`, then `failed` with a `payout_error` |
//! | `9908` | `settles_later`: `processing`, then `succeeded` |
//! | `9909` | `settles_slowly`: `processing` for an hour, then `succeeded` |
//! | `9910` | `spent`: succeeds, but a reversal finds `insufficient-funds` |
//! | `9911` | `terminated`: succeeds, but a reversal finds the account closed |
//! | `9912` | `name_mismatch`: succeeds, but is verified as another person |
//!
//! "Later" is two seconds by the simulators' clock.

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::auth::Call;
use super::errors::{Reply, WaveError};
use super::fields::{self, Fields};
use crate::app::Desk;
use crate::books::words;
use crate::clock::{from_micros, micros};

words! {
    /// What happens to money sent to a number.
    pub enum Behaviour {
        /// Credited at once.
        Normal = "normal",
        /// Has no wallet.
        Unknown = "unknown",
        /// Its account is blocked.
        Blocked = "blocked",
        /// Its account is inactive.
        Inactive = "inactive",
        /// Belongs to a minor.
        Minor = "minor",
        /// Has received too much.
        LimitExceeded = "limit_exceeded",
        /// 200, but failed.
        FailsAtOnce = "fails_at_once",
        /// Fails while processing.
        FailsLater = "fails_later",
        /// Succeeds while processing.
        SettlesLater = "settles_later",
        /// Succeeds after an hour.
        SettlesSlowly = "settles_slowly",
        /// Spends the money at once.
        Spent = "spent",
        /// Closes its account at once.
        Terminated = "terminated",
        /// Is called something else.
        NameMismatch = "name_mismatch",
    }
}

impl Behaviour {
    fn of_number(mobile: &str) -> Behaviour {
        let tail = mobile.get(mobile.len().saturating_sub(4)..).unwrap_or_default();
        match tail {
            "9901" => Behaviour::Unknown,
            "9902" => Behaviour::Blocked,
            "9903" => Behaviour::Inactive,
            "9904" => Behaviour::Minor,
            "9905" => Behaviour::LimitExceeded,
            "9906" => Behaviour::FailsAtOnce,
            "9907" => Behaviour::FailsLater,
            "9908" => Behaviour::SettlesLater,
            "9909" => Behaviour::SettlesSlowly,
            "9910" => Behaviour::Spent,
            "9911" => Behaviour::Terminated,
            "9912" => Behaviour::NameMismatch,
            _ => Behaviour::Normal,
        }
    }

    /// Code and message with which a payout is refused before it exists.
    pub fn refusal(self) -> Option<(&'static str, &'static str)> {
        match self {
            Behaviour::Unknown => Some(("recipient-account-inactive", "The recipient has no wallet")),
            Behaviour::Blocked => Some(("recipient-account-blocked", "The recipient is blocked")),
            Behaviour::Inactive => Some(("recipient-account-inactive", "The recipient is inactive")),
            Behaviour::Minor => Some(("recipient-minor", "The recipient is a minor")),
            Behaviour::LimitExceeded => {
                Some(("recipient-limit-exceeded", "The recipient's limit is exceeded"))
            }
            _ => None,
        }
    }

    /// Code and message with which a payout that exists fails.
    pub fn failure(self) -> Option<(&'static str, &'static str)> {
        match self {
            Behaviour::FailsAtOnce | Behaviour::FailsLater => {
                Some(("recipient-limit-exceeded", "The recipient's limit is exceeded"))
            }
            other => other.refusal(),
        }
    }

    /// How long a payout stays `processing`.
    pub fn delay(self) -> Option<TimeDelta> {
        match self {
            Behaviour::FailsLater | Behaviour::SettlesLater => Some(TimeDelta::seconds(2)),
            Behaviour::SettlesSlowly => Some(TimeDelta::hours(1)),
            _ => None,
        }
    }
}

/// How this number behaves.
pub fn behaviour(tx: &Transaction<'_>, mobile: &str) -> rusqlite::Result<Behaviour> {
    let told = tx
        .prepare_cached("SELECT behaviour FROM recipients WHERE mobile = ?1")?
        .query_row([mobile], |row| row.get(0))
        .optional()?;
    Ok(told.unwrap_or_else(|| Behaviour::of_number(mobile)))
}

/// Tells a number how to behave, and what its holder is called.
pub fn put(
    tx: &Transaction<'_>,
    mobile: &str,
    behaviour: Behaviour,
    name: Option<&str>,
) -> rusqlite::Result<()> {
    tx.execute("INSERT OR REPLACE INTO recipients VALUES (?1, ?2, ?3)", params![mobile, behaviour, name])?;
    Ok(())
}

/// `POST /v1/verify_recipient/`.
pub async fn verify(call: Call) -> Result<Reply, WaveError> {
    let body = call.json()?;
    let mut fields = Fields::of(&body, Vec::new())?;
    let mobile = fields.required_mobile("mobile");
    let name = fields.text("name", 255);
    let national_id = fields.text("national_id", 255);
    let currency = match body.get("currency").is_some_and(|currency| !currency.is_null()) {
        true => fields.currency("currency"),
        false => call.wallet.currency.clone(),
    };
    let has_amount = body.get("amount").is_some_and(|amount| !amount.is_null());
    let amount = has_amount.then(|| fields.amount("amount", &currency));
    fields::check(fields.finish())?;
    fields::check_currency(&currency, &call.wallet)?;
    fields::check_country(&mobile, &call.wallet)?;
    // A refused check counts too, so it commits what it counted.
    call.at_desk(|desk| {
        if !may_check(desk, &mobile)? {
            let refusal = WaveError::new(429, "too-many-requests", "Too many checks of this number");
            return Ok(Reply { status: refusal.status, body: refusal.body() });
        }
        let behaviour = behaviour(desk.tx, &mobile)?;
        let known = known_name(desk.tx, &mobile)?;
        Reply::json(&json!({
            "within_limits": within_limits(behaviour, amount),
            "name_match": name_match(behaviour, name.as_deref(), known.as_deref()),
            "national_id_match": national_id.map(|_| id_match(behaviour)),
        }))
    })
}

fn within_limits(behaviour: Behaviour, amount: Option<i64>) -> Value {
    match (behaviour, amount) {
        (Behaviour::Unknown, _) | (_, None) => Value::Null,
        (Behaviour::LimitExceeded, Some(_)) => Value::Bool(false),
        (_, Some(_)) => Value::Bool(true),
    }
}

fn name_match(behaviour: Behaviour, name: Option<&str>, known: Option<&str>) -> &'static str {
    let Some(name) = name else { return "NAME_NOT_KNOWN" };
    match (behaviour, known) {
        (Behaviour::Unknown, _) => "NAME_NOT_KNOWN",
        (Behaviour::NameMismatch, _) => "NO_MATCH",
        (_, Some(known)) if known.to_lowercase() != name.to_lowercase() => "NO_MATCH",
        _ => "MATCH",
    }
}

fn id_match(behaviour: Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Unknown => "ID_NOT_KNOWN",
        Behaviour::NameMismatch => "NO_MATCH",
        _ => "MATCH",
    }
}

fn known_name(tx: &Transaction<'_>, mobile: &str) -> rusqlite::Result<Option<String>> {
    let name = tx
        .prepare_cached("SELECT name FROM recipients WHERE mobile = ?1")?
        .query_row([mobile], |row| row.get(0))
        .optional()?;
    Ok(name.flatten())
}

/// Thirty checks of a number in five minutes; one more blocks it for an hour.
fn may_check(desk: &Desk<'_>, mobile: &str) -> rusqlite::Result<bool> {
    let blocked_until = desk
        .tx
        .prepare_cached("SELECT until FROM recipient_blocks WHERE mobile = ?1")?
        .query_row([mobile], |row| row.get(0))
        .optional()?
        .map(from_micros);
    if blocked_until.is_some_and(|until| until > desk.now) {
        return Ok(false);
    }
    let since = micros(desk.now - TimeDelta::minutes(5));
    let count: i64 = desk
        .tx
        .prepare_cached("SELECT count(*) FROM recipient_checks WHERE mobile = ?1 AND at > ?2")?
        .query_row(params![mobile, since], |row| row.get(0))?;
    if count >= 30 {
        let until = micros(desk.now + TimeDelta::minutes(60));
        desk.tx.execute("INSERT OR REPLACE INTO recipient_blocks VALUES (?1, ?2)", params![mobile, until])?;
        return Ok(false);
    }
    desk.tx.execute("INSERT INTO recipient_checks VALUES (?1, ?2)", params![mobile, micros(desk.now)])?;
    Ok(true)
}
