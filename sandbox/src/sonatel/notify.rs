//! Notifications: what a merchant is told of a transaction's end, about two seconds after it.
//!
//! They go to the address that the request named in `X-Callback-Url`, else to the merchant's
//! registered one, else nowhere. *Chosen*: only ends are told, failures too unless the settings
//! say otherwise; a cash-in is told only to an address of its own, since retailers register none.
//! A notification commits together with what it tells of.

use axum::http::Method;
use chrono::TimeDelta;
use rusqlite::params;
use serde_json::{Value, json};

use super::callback;
use super::fields::money_view;
use super::sender::NAME;
use super::transaction::{Status, Transaction, Type};
use crate::app::Desk;
use crate::clock::micros;
use crate::courier::Proof;
use crate::courier::queue::{self, Message, To};
use crate::fault::{EventFacts, Forgery, Mischief};
use crate::ids;
use crate::reference::spellings;

/// What is told, and to whom.
struct Notice<'a> {
    key: String,
    kind: &'a str,
    account: Option<&'a str>,
    url: Option<&'a str>,
    body: Value,
}

impl Notice<'_> {
    fn message(&self) -> Message<'_> {
        let to = match (self.url, self.account) {
            (Some(url), _) => To::Address { url, method: &Method::POST, headers: &[] },
            (None, account) => To::Webhook(account.unwrap_or_default()),
        };
        Message {
            provider: NAME,
            account: self.account,
            event_id: &self.key,
            event_type: self.kind,
            to,
            body: self.body.to_string(),
        }
    }
}

/// Promises what a transaction's end has to tell.
pub fn announce(desk: &Desk<'_>, transaction: &Transaction) -> rusqlite::Result<()> {
    let settings = desk.app.sonatel.settings();
    let is_told = transaction.status == Status::Success || settings.tells_failures;
    let Some(notice) = notice(desk, transaction)?.filter(|_| is_told) else { return Ok(()) };
    let reference = transaction.reference.as_deref().map(spellings).unwrap_or_default();
    let references = reference.into_iter().chain([transaction.id.clone()]).collect();
    promise(desk, notice, references)?;
    let sql = "UPDATE sonatel_transactions SET told_at = ?2 WHERE transaction_id = ?1";
    desk.tx.execute(sql, params![transaction.id, micros(desk.now)])?;
    Ok(())
}

/// Promises what a bulk's end has to tell.
pub fn announce_bulk(desk: &Desk<'_>, url: &str, bulk_id: &str, body: &Value) -> rusqlite::Result<()> {
    let (kind, body) = ("BULK_CASHIN", body.clone());
    let notice = Notice { key: ids::uuid(), kind, account: None, url: Some(url), body };
    promise(desk, notice, vec![bulk_id.to_owned()])
}

/// Sends a forgery that says what the transaction does, once; false when it has nowhere to go.
pub fn forge(desk: &Desk<'_>, transaction: &Transaction, forgery: Forgery) -> rusqlite::Result<bool> {
    match notice(desk, transaction)? {
        Some(notice) => falsify(desk, &notice, forgery).map(|()| true),
        None => Ok(false),
    }
}

fn notice<'a>(desk: &Desk<'_>, transaction: &'a Transaction) -> rusqlite::Result<Option<Notice<'a>>> {
    let url = transaction.callback_url.as_deref();
    if url.is_none()
        && (transaction.kind == Type::CashIn || callback::find(desk.tx, &transaction.wallet)?.is_none())
    {
        return Ok(None);
    }
    let view = view(transaction);
    let body = match desk.app.sonatel.settings().nested_notifications {
        true => json!({ "transaction": view }),
        false => view,
    };
    let key = transaction.metadata.get("idempotencyKey").and_then(Value::as_str);
    Ok(Some(Notice {
        key: key.map_or_else(ids::uuid, str::to_owned),
        kind: transaction.kind.as_str(),
        account: Some(&transaction.wallet),
        url,
        body,
    }))
}

fn view(transaction: &Transaction) -> Value {
    let whole = transaction.view();
    let mut view = json!({
        "amount": whole["amount"],
        "partner": whole["partner"],
        "customer": whole["customer"],
        "reference": transaction.reference,
        "type": transaction.kind,
        "channel": transaction.channel,
        "transactionId": transaction.id,
        "paymentMethod": transaction.method,
        "status": transaction.status,
        "metadata": transaction.metadata,
    });
    if let Some(code) = &transaction.code {
        view["code"] = json!(code);
    }
    view
}

fn promise(desk: &Desk<'_>, notice: Notice<'_>, references: Vec<String>) -> rusqlite::Result<()> {
    let facts = EventFacts { kind: notice.kind.to_owned(), references };
    let mut mischief = desk.app.faults.on_event(NAME, &facts);
    for forgery in &mischief.forgeries {
        falsify(desk, &notice, *forgery)?;
    }
    let settings = desk.app.sonatel.settings();
    // Counted from the end itself, also when the clock leapt over it.
    let due_at = desk.now + TimeDelta::seconds(settings.notification_delay_seconds.into());
    mischief.delay += (due_at - desk.app.clock.now().max(desk.now)).max(TimeDelta::zero());
    let notice = altered(notice, &mischief);
    queue::promise(desk, &notice.message(), &mischief, &settings.secrets)
}

fn altered<'a>(mut notice: Notice<'a>, mischief: &Mischief) -> Notice<'a> {
    let is_nested = notice.body["transaction"].is_object();
    let body = if is_nested { &mut notice.body["transaction"] } else { &mut notice.body };
    if mischief.has_unknown_type {
        body["type"] = json!(format!("{}_V2", notice.kind));
    }
    if mischief.has_unknown_field {
        body["loyalty"] = json!({"points": 12, "tier": null});
    }
    notice
}

fn falsify(desk: &Desk<'_>, notice: &Notice<'_>, forgery: Forgery) -> rusqlite::Result<()> {
    let mut body = notice.body.clone();
    if matches!(forgery, Forgery::Amount | Forgery::AmountSigned) {
        let is_nested = body["transaction"].is_object();
        let inner = if is_nested { &mut body["transaction"] } else { &mut body };
        let amount = inner["amount"]["value"].to_string();
        let amount = amount.split('.').next().and_then(|whole| whole.parse::<i64>().ok());
        inner["amount"] = money_view(amount.unwrap_or_default().saturating_mul(10));
    }
    let key = match forgery {
        Forgery::Stale => notice.key.clone(),
        _ => ids::uuid(),
    };
    let forged = Notice { key, kind: notice.kind, account: notice.account, url: notice.url, body };
    let proof = Proof::forged(forgery, notice.body.to_string());
    queue::forge(desk, &forged.message(), &proof)
}
