//! Events, and what becomes of them on the way to each webhook.
//!
//! An event commits together with what it tells of, once per webhook that wants its type. Faults
//! are decided here: an event may be doubled, delayed, lost, overtaken by the next one, or sent
//! in the company of a forgery. Each copy is a [`Delivery`](crate::courier::Delivery) of its own.

use rusqlite::{Row, Transaction, params};
use serde_json::{Map, Value, json};

use super::sender::NAME;
use super::session::Session;
use super::wallet::Wallet;
use crate::app::Desk;
use crate::books::{json as json_column, to_json};
use crate::clock::to_the_second;
use crate::config::{Strategy, WaveWebhookConfig};
use crate::courier::Proof;
use crate::courier::queue::{self, Message, To};
use crate::fault::{EventFacts, Forgery, Mischief};
use crate::ids;
use crate::money::major;

/// Something to tell.
#[derive(Clone, Debug)]
pub struct Event {
    /// `EV_…` or `AE_…`.
    pub id: String,
    /// One of Wave's types.
    pub kind: String,
    /// The object it is about; absent in some test events.
    pub data: Option<Value>,
}

impl Event {
    /// An event about a checkout session.
    pub fn of_session(kind: &str, desk: &Desk<'_>, session: &Session) -> Event {
        Event { id: ids::upper("EV_", 12), kind: kind.to_owned(), data: Some(session.view(desk)) }
    }

    /// Somebody paid the business outside any session.
    pub fn of_direct_payment(
        desk: &Desk<'_>,
        wallet: &Wallet,
        transaction: &str,
        (amount, fee): (i64, i64),
        payer: Option<&str>,
        custom_fields: Option<&Map<String, Value>>,
    ) -> Event {
        let mut data = json!({
            "id": transaction,
            "amount": major(amount - fee, &wallet.currency),
            "fee": major(fee, &wallet.currency),
            "currency": wallet.currency,
            "merchant_name": wallet.portal.business_name,
            "when_created": to_the_second(desk.now),
        });
        if let Some(data) = data.as_object_mut() {
            data.extend(payer.map(|payer| ("sender_mobile".to_owned(), json!(payer))));
            data.extend(custom_fields.map(|fields| ("custom_fields".to_owned(), json!(fields))));
        }
        Event::other("merchant.payment_received", data)
    }

    /// Any event that is not about a session.
    pub fn other(kind: &str, data: Value) -> Event {
        Event { id: ids::upper("AE_", 12), kind: kind.to_owned(), data: Some(data) }
    }

    /// The envelope's text, which is what gets signed.
    pub fn text(&self) -> String {
        match &self.data {
            Some(data) => json!({"id": self.id, "type": self.kind, "data": data}).to_string(),
            None => json!({"id": self.id, "type": self.kind}).to_string(),
        }
    }
}

/// Promises an event to every webhook of the wallet that wants it.
pub fn announce(desk: &Desk<'_>, wallet: &str, event: &Event) -> rusqlite::Result<()> {
    let mischief = desk.app.faults.on_event(NAME, &facts(event));
    for webhook in of_wallet(desk.tx, wallet)? {
        if webhook.events.is_empty() || webhook.events.contains(&event.kind) {
            promise(desk, &webhook, event, &mischief)?;
        }
    }
    Ok(())
}

fn facts(event: &Event) -> EventFacts {
    let text = |name: &str| {
        let data = event.data.as_ref()?;
        Some(data.get(name)?.as_str()?.to_owned())
    };
    EventFacts {
        kind: event.kind.clone(),
        references: text("client_reference").into_iter().chain(text("id")).collect(),
    }
}

fn promise(
    desk: &Desk<'_>,
    webhook: &WaveWebhookConfig,
    event: &Event,
    mischief: &Mischief,
) -> rusqlite::Result<()> {
    for forgery in &mischief.forgeries {
        forge(desk, webhook, event, *forgery)?;
    }
    let event = altered(event, mischief);
    queue::promise(desk, &message(webhook, &event), mischief, &webhook.secrets_or_default())
}

fn message<'a>(webhook: &'a WaveWebhookConfig, event: &'a Event) -> Message<'a> {
    Message {
        provider: NAME,
        account: Some(&webhook.wallet),
        event_id: &event.id,
        event_type: &event.kind,
        to: To::Webhook(&webhook.name),
        body: event.text(),
    }
}

fn altered(event: &Event, mischief: &Mischief) -> Event {
    let mut event = event.clone();
    if mischief.has_unknown_type {
        event.kind = format!("{}.v2", event.kind);
    }
    if let Some(Value::Object(data)) = event.data.as_mut().filter(|_| mischief.has_unknown_field) {
        data.insert("loyalty".to_owned(), json!({"points": 12, "tier": null}));
    }
    event
}

/// Sends a forgery beside, or instead of, a genuine event. It is tried once.
pub fn forge(
    desk: &Desk<'_>,
    webhook: &WaveWebhookConfig,
    event: &Event,
    forgery: Forgery,
) -> rusqlite::Result<()> {
    let mut forged = event.clone();
    let genuine = event.text();
    if forgery != Forgery::Stale {
        forged.id = ids::upper("EV_", 12);
    }
    if matches!(forgery, Forgery::Amount | Forgery::AmountSigned) {
        inflate(&mut forged);
    }
    queue::forge(desk, &message(webhook, &forged), &Proof::forged(forgery, genuine))
}

/// Ten times the amount, by writing a zero behind its whole part.
fn inflate(event: &mut Event) {
    let Some(amount) = event.data.as_mut().and_then(|data| data.get_mut("amount")) else { return };
    let text = amount.as_str().unwrap_or_default();
    let more = match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}0.{fraction}"),
        None => format!("{text}0"),
    };
    *amount = Value::from(more);
}

/// Every webhook, in the order of wallets and names.
pub fn all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<WaveWebhookConfig>> {
    tx.prepare_cached("SELECT * FROM webhooks ORDER BY wallet, name")?.query_map([], from_row)?.collect()
}

/// The webhooks of one wallet.
pub fn of_wallet(tx: &Transaction<'_>, wallet: &str) -> rusqlite::Result<Vec<WaveWebhookConfig>> {
    tx.prepare_cached("SELECT * FROM webhooks WHERE wallet = ?1 ORDER BY name")?
        .query_map([wallet], from_row)?
        .collect()
}

/// Writes a webhook over the one of the same wallet and name.
pub fn put(tx: &Transaction<'_>, webhook: &WaveWebhookConfig) -> rusqlite::Result<()> {
    let strategy = match webhook.strategy {
        Strategy::Signing => "signing",
        Strategy::Shared => "shared",
    };
    tx.execute(
        "INSERT OR REPLACE INTO webhooks VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            webhook.wallet,
            webhook.name,
            webhook.url,
            strategy,
            to_json(&webhook.secrets_or_default())?,
            to_json(&webhook.events)?,
        ],
    )?;
    Ok(())
}

/// Removes every webhook, or those of one wallet, or one by its name; returns how many.
pub fn clear(tx: &Transaction<'_>, wallet: Option<&str>, name: Option<&str>) -> rusqlite::Result<usize> {
    tx.execute(
        "DELETE FROM webhooks WHERE (?1 IS NULL OR wallet = ?1) AND (?2 IS NULL OR name = ?2)",
        params![wallet, name],
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<WaveWebhookConfig> {
    let strategy: String = row.get("strategy")?;
    Ok(WaveWebhookConfig {
        wallet: row.get("wallet")?,
        name: row.get("name")?,
        url: row.get("url")?,
        strategy: if strategy == "shared" { Strategy::Shared } else { Strategy::Signing },
        secrets: json_column(row, "secrets")?,
        events: json_column(row, "events")?,
    })
}
