//! Movements in the books: what was asked, where it stands, and what is due to happen to it.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Map, Value, json};

use super::config::ReasonShape;
use super::errors::message_of;
use super::fields::Party;
use super::kind::{Kind, Status, Verb};
use super::portal::Environment;
use crate::books::{instant, instant_or_none, json as json_column, to_json, words};
use crate::clock::{Instant, from_micros, micros};
use crate::money::major;

/// One movement.
#[derive(Clone, Debug, PartialEq)]
pub struct Movement {
    /// Its place in the books; 0 before it is in them.
    pub seq: i64,
    /// The caller's `X-Reference-Id`, in lower case.
    pub reference: String,
    /// The environment that it happens in.
    pub environment: String,
    /// What was asked.
    pub kind: Kind,
    /// Who asked.
    pub user: String,
    /// The caller's own name for it.
    pub external_id: Option<String>,
    /// Minor units; 0 for what moves no money.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The other side.
    pub party: Option<Party>,
    /// What is shown again as it was said.
    pub said: Map<String, Value>,
    /// The reference of the collection that it gives back.
    pub refunds: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Why it failed.
    pub reason: Option<String>,
    /// `financialTransactionId`, once it succeeded.
    pub transaction: Option<String>,
    /// Where its end is told.
    pub callback_url: Option<String>,
    /// How its end is told.
    pub verb: Verb,
    /// When it was asked for.
    pub created_at: Instant,
    /// Until when it can be answered, or serves.
    pub expires_at: Option<Instant>,
    /// Not found before.
    pub visible_at: Instant,
}

impl Movement {
    /// As its status call and its callback show it.
    pub fn view(&self, environment: &Environment) -> Value {
        let mut view = self.said.clone();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                view.insert(name.to_owned(), value);
            }
        };
        put("status", json!(self.status));
        put("financialTransactionId", json!(self.transaction));
        put(self.kind.external_field(), json!(self.external_id));
        if let Some(party) = &self.party {
            put(self.kind.party_field(), json!({"partyIdType": party.kind, "partyId": party.id}));
        }
        match self.kind {
            Kind::PreApproval => {
                put("payerCurrency", json!(self.currency));
                put("expirationDateTime", json!(self.expires_at));
            }
            Kind::Payment => {
                put("referenceId", json!(self.reference));
                put("money", json!({"amount": self.plain_amount(), "currency": self.currency}));
            }
            kind => {
                put("amount", json!(self.plain_amount()));
                put("currency", json!(self.currency));
                if kind == Kind::Invoice {
                    put("referenceId", json!(self.reference));
                    put("invoiceId", json!(self.seq.to_string()));
                    put("expiryDateTime", json!(self.expires_at));
                }
            }
        }
        if let Some(code) = &self.reason {
            let object = json!({"code": code, "message": message_of(code)});
            match (self.kind, environment.portal.reason) {
                (Kind::Invoice | Kind::Payment, _) => put("errorReason", object),
                (_, ReasonShape::Object) => put("reason", object),
                (_, ReasonShape::Text) => put("reason", json!(code)),
            }
        }
        Value::Object(view)
    }

    fn plain_amount(&self) -> String {
        plain(self.amount, &self.currency)
    }
}

/// Major units without needless zeros: how MTN writes an amount that came as `12.50`.
pub fn plain(minor: i64, currency: &str) -> String {
    let text = major(minor, currency);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Adds a movement, and gives it its place.
pub fn insert(tx: &Transaction<'_>, movement: &mut Movement) -> rusqlite::Result<()> {
    let party = movement.party.as_ref();
    tx.prepare_cached(
        "INSERT INTO mtn_movements (reference, environment, kind, user_id, external_id, amount, currency,
            party_type, party, said, refunds, status, reason, transaction_id, callback_url, verb,
            created_at, expires_at, visible_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?
    .execute(params![
        movement.reference,
        movement.environment,
        movement.kind,
        movement.user,
        movement.external_id,
        movement.amount,
        movement.currency,
        party.map(|party| &party.kind),
        party.map(|party| &party.id),
        to_json(&movement.said)?,
        movement.refunds,
        movement.status,
        movement.reason,
        movement.transaction,
        movement.callback_url,
        movement.verb,
        micros(movement.created_at),
        movement.expires_at.map(micros),
        micros(movement.visible_at),
    ])?;
    movement.seq = tx.last_insert_rowid();
    Ok(())
}

/// Writes down how far a movement came.
pub fn update(tx: &Transaction<'_>, movement: &Movement) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE mtn_movements SET amount = ?2, status = ?3, reason = ?4, transaction_id = ?5, expires_at = ?6
         WHERE seq = ?1",
    )?
    .execute(params![
        movement.seq,
        movement.amount,
        movement.status,
        movement.reason,
        movement.transaction,
        movement.expires_at.map(micros),
    ])?;
    Ok(())
}

/// Nobody finds the movement of this reference before `until`.
pub fn hide(tx: &Transaction<'_>, reference: &str, until: Instant) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE mtn_movements SET visible_at = ?2 WHERE reference = ?1",
        params![reference, micros(until)],
    )?;
    Ok(())
}

/// By the caller's reference.
pub fn find(tx: &Transaction<'_>, environment: &str, reference: &str) -> rusqlite::Result<Option<Movement>> {
    tx.prepare_cached("SELECT * FROM mtn_movements WHERE environment = ?1 AND reference = ?2")?
        .query_row([environment, reference], from_row)
        .optional()
}

/// By its place in the books.
pub fn at_place(tx: &Transaction<'_>, seq: i64) -> rusqlite::Result<Option<Movement>> {
    tx.prepare_cached("SELECT * FROM mtn_movements WHERE seq = ?1")?.query_row([seq], from_row).optional()
}

/// Whatever has this reference or is called so by its caller, newest first.
pub fn by_name(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<Vec<Movement>> {
    tx.prepare_cached(
        "SELECT * FROM mtn_movements WHERE reference = ?1 OR external_id = ?2 ORDER BY seq DESC",
    )?
    .query_map([name.to_ascii_lowercase().as_str(), name], from_row)?
    .collect()
}

/// What the caller calls the movement of this reference.
pub fn external_id_of(tx: &Transaction<'_>, reference: &str) -> rusqlite::Result<Option<String>> {
    let found: Option<Option<String>> = tx
        .prepare_cached("SELECT external_id FROM mtn_movements WHERE reference = ?1")?
        .query_row([reference], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// What refunds of a collection took or may still take, in minor units.
pub fn refunded(tx: &Transaction<'_>, environment: &str, collection: &str) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "SELECT coalesce(sum(amount), 0) FROM mtn_movements
         WHERE environment = ?1 AND refunds = ?2 AND status <> 'FAILED'",
    )?
    .query_row([environment, collection], |row| row.get(0))
}

/// Whether this payer gave leave to be debited, and still does.
pub fn is_pre_approved(
    tx: &Transaction<'_>,
    environment: &str,
    payer: &str,
    now: Instant,
) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT 1 FROM mtn_movements WHERE party = ?2 AND kind = 'preapproval' AND environment = ?1
            AND status = 'SUCCESSFUL' AND expires_at > ?3",
    )?
    .exists(params![environment, payer, micros(now)])
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Movement> {
    let party: Option<String> = row.get("party")?;
    let kind: Option<String> = row.get("party_type")?;
    Ok(Movement {
        seq: row.get("seq")?,
        reference: row.get("reference")?,
        environment: row.get("environment")?,
        kind: row.get("kind")?,
        user: row.get("user_id")?,
        external_id: row.get("external_id")?,
        amount: row.get("amount")?,
        currency: row.get("currency")?,
        party: kind.zip(party).map(|(kind, id)| Party { kind, id }),
        said: json_column(row, "said")?,
        refunds: row.get("refunds")?,
        status: row.get("status")?,
        reason: row.get("reason")?,
        transaction: row.get("transaction_id")?,
        callback_url: row.get("callback_url")?,
        verb: row.get("verb")?,
        created_at: instant(row, "created_at")?,
        expires_at: instant_or_none(row, "expires_at")?,
        visible_at: instant(row, "visible_at")?,
    })
}

words! {
    /// What time brings to a movement.
    pub enum Step {
        /// `CREATED` becomes `PENDING`.
        Pend = "pend",
        /// It ends: well, unless there is a reason.
        End = "end",
    }
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When it happens.
    pub at: Instant,
    /// To which movement.
    pub movement: i64,
    /// What.
    pub step: Step,
    /// Why it fails, when it does.
    pub reason: Option<String>,
}

/// Puts something on the agenda.
pub fn plan(tx: &Transaction<'_>, due: &Due) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO mtn_agenda (at, movement, step, reason) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![micros(due.at), due.movement, due.step, due.reason])?;
    Ok(())
}

/// Takes everything about a movement off the agenda.
pub fn unplan(tx: &Transaction<'_>, movement: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM mtn_agenda WHERE movement = ?1")?.execute([movement])?;
    Ok(())
}

/// Takes the next thing that is due off the agenda.
pub fn take_due(tx: &Transaction<'_>, now: Instant) -> rusqlite::Result<Option<Due>> {
    let next = tx
        .prepare_cached("SELECT * FROM mtn_agenda WHERE at <= ?1 ORDER BY at, id LIMIT 1")?
        .query_row([micros(now)], |row| {
            let due = Due {
                at: instant(row, "at")?,
                movement: row.get("movement")?,
                step: row.get("step")?,
                reason: row.get("reason")?,
            };
            Ok((row.get::<_, i64>("id")?, due))
        })
        .optional()?;
    let Some((id, due)) = next else { return Ok(None) };
    tx.prepare_cached("DELETE FROM mtn_agenda WHERE id = ?1")?.execute([id])?;
    Ok(Some(due))
}

/// When the next thing is due.
pub fn next_due(tx: &Transaction<'_>) -> rusqlite::Result<Option<Instant>> {
    let at: Option<i64> =
        tx.prepare_cached("SELECT min(at) FROM mtn_agenda")?.query_row([], |row| row.get(0))?;
    Ok(at.map(from_micros))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn amounts_lose_their_needless_zeros() {
        let table =
            [(1_250, "EUR", "12.5"), (1_200, "EUR", "12"), (5, "EUR", "0.05"), (15_000, "GNF", "15000")];
        for (minor, currency, expected) in table {
            assert_eq!(plain(minor, currency), expected);
        }
    }
}
