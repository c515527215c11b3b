//! Events: a snapshot of an object at the moment it changed, kept and promised to every endpoint.
//!
//! An event commits together with what it tells of. Faults are decided here: it may be doubled,
//! delayed, lost, overtaken by the next one, or sent in the company of a forgery.

use serde_json::{Value, json};

use super::book;
use super::config::StripeWebhookConfig;
use super::endpoint;
use super::scene::{Scene, text};
use super::sender::NAME;
use super::view;
use crate::courier::Proof;
use crate::courier::queue::{self, Message, To};
use crate::fault::{EventFacts, Forgery, Mischief};
use crate::ids;

/// Tells that something happened to an object.
pub fn emit(scene: &Scene<'_>, kind: &str, object: &Value) -> rusqlite::Result<()> {
    let event = of(scene, kind, object, None)?;
    announce(scene, &event)
}

/// Tells that an object changed, with the former values of what did.
pub fn emit_change(scene: &Scene<'_>, kind: &str, before: &Value, after: &Value) -> rusqlite::Result<()> {
    let (was, is) = (view::shown(scene, before), view::shown(scene, after));
    let mut changed = was.clone();
    if let Some(members) = changed.as_object_mut() {
        members.retain(|name, value| is[name.as_str()] != *value);
    }
    let event = of(scene, kind, after, Some(changed))?;
    announce(scene, &event)
}

/// The event as it is kept, not announced.
pub fn of(scene: &Scene<'_>, kind: &str, object: &Value, previous: Option<Value>) -> rusqlite::Result<Value> {
    let mut data = json!({ "object": view::shown(scene, object) });
    if let Some(previous) = previous {
        data["previous_attributes"] = previous;
    }
    let (request, key) = match scene.cause {
        Some(cause) => (Some(&cause.id), cause.idempotency_key.as_ref()),
        None => (None, None),
    };
    let wanting = endpoint::all(scene.tx)?;
    Ok(json!({
        "id": ids::lower("evt_", 24),
        "object": "event",
        "api_version": scene.account().api_version,
        "created": scene.seconds(),
        "data": data,
        "livemode": false,
        "pending_webhooks": wanting.iter().filter(|endpoint| endpoint.wants(kind)).count(),
        "request": {"id": request, "idempotency_key": key},
        "type": kind,
    }))
}

fn announce(scene: &Scene<'_>, event: &Value) -> rusqlite::Result<()> {
    book::insert(scene, event)?;
    let mischief = scene.app.faults.on_event(NAME, &facts(event));
    for endpoint in endpoint::all(scene.tx)? {
        if endpoint.wants(text(event, "type")) {
            promise(scene, &endpoint.portal, event, &mischief)?;
        }
    }
    Ok(())
}

fn facts(event: &Value) -> EventFacts {
    let object = &event["data"]["object"];
    let names = [&object["id"], &object["payment_intent"], &object["metadata"]["movement_reference"]];
    EventFacts {
        kind: text(event, "type").to_owned(),
        references: names.into_iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
    }
}

fn promise(
    scene: &Scene<'_>,
    endpoint: &StripeWebhookConfig,
    event: &Value,
    mischief: &Mischief,
) -> rusqlite::Result<()> {
    for forgery in &mischief.forgeries {
        forge(scene, endpoint, event, *forgery)?;
    }
    let event = altered(event, mischief);
    let message = message(scene, endpoint, &event);
    // An event of a test clock that is ahead is sent by the simulators' clock all the same.
    let here = scene.desk.at(scene.wall());
    queue::promise(&here, &message, mischief, &endpoint.secrets_or_default())
}

fn message<'a>(scene: &Scene<'_>, endpoint: &'a StripeWebhookConfig, event: &'a Value) -> Message<'a> {
    Message {
        provider: NAME,
        account: None,
        event_id: text(event, "id"),
        event_type: text(event, "type"),
        to: To::Webhook(&endpoint.name),
        body: body(scene, endpoint, event),
    }
}

/// The bytes that are sent and signed: in the endpoint's version, indented as Stripe does.
fn body(scene: &Scene<'_>, endpoint: &StripeWebhookConfig, event: &Value) -> String {
    let mut event = event.clone();
    let version = endpoint.api_version.as_ref().unwrap_or(&scene.account().api_version);
    event["api_version"] = json!(version);
    serde_json::to_string_pretty(&event).unwrap_or_default()
}

fn altered(event: &Value, mischief: &Mischief) -> Value {
    let mut event = event.clone();
    if mischief.has_unknown_type {
        event["type"] = json!(format!("{}.v2", text(&event, "type")));
    }
    if mischief.has_unknown_field {
        event["data"]["object"]["loyalty"] = json!({"points": 12, "tier": null});
    }
    event
}

/// Sends a forgery beside, or instead of, a genuine event. It is tried once.
pub fn forge(
    scene: &Scene<'_>,
    endpoint: &StripeWebhookConfig,
    event: &Value,
    forgery: Forgery,
) -> rusqlite::Result<()> {
    let genuine = body(scene, endpoint, event);
    let mut forged = event.clone();
    if forgery != Forgery::Stale {
        forged["id"] = json!(ids::lower("evt_", 24));
    }
    if matches!(forgery, Forgery::Amount | Forgery::AmountSigned) {
        inflate(&mut forged["data"]["object"]);
    }
    queue::forge(scene, &message(scene, endpoint, &forged), &Proof::forged(forgery, genuine))
}

/// Ten times every amount.
fn inflate(object: &mut Value) {
    for name in ["amount", "amount_received", "amount_captured"] {
        if let Some(amount) = object[name].as_i64() {
            object[name] = json!(amount.saturating_mul(10));
        }
    }
}
