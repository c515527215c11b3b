//! Notifications: three keys, posted to the `notif_url` of the payment itself.
//!
//! No signature, no order, no amount: whoever knows a `notif_token` can make one, and the receiver
//! must ask for the status. A notification commits with what it tells of. Retries are undocumented;
//! there is one attempt unless the configuration says otherwise. *Chosen*: nothing is told of an
//! expiry, and a failed attempt is told with its own `txnid`.

use axum::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::payment::{Payment, Status};
use super::sender::NAME;
use crate::app::Desk;
use crate::courier::Proof;
use crate::courier::queue::{self, Message, To};
use crate::fault::{EventFacts, Forgery};
use crate::ids;
use crate::reference::uuid_of;

/// What a forged notification says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// `SUCCESS`, under a token that nobody issued.
    #[default]
    Token,
    /// `SUCCESS`, under the payment's own token: only the status can tell.
    Success,
    /// `FAILED`, under the payment's own token.
    Failed,
}

/// Promises to tell how a payment ends, which its books know already.
pub fn announce(desk: &Desk<'_>, payment: &Payment) -> rusqlite::Result<()> {
    let status = outcome(payment);
    let txnid = payment.txnid.clone().unwrap_or_default();
    let names = [payment.order_id.clone(), payment.pay_token.clone(), txnid.clone()];
    let references = names.into_iter().chain(uuid_of(&payment.order_id)).collect();
    let facts = EventFacts { kind: status.as_str().to_owned(), references };
    let mischief = desk.app.faults.on_event(NAME, &facts);
    for forgery in &mischief.forgeries {
        let lie = match (forgery, status) {
            (Forgery::AmountSigned, Status::Success) => Lie::Failed,
            (Forgery::AmountSigned, _) => Lie::Success,
            _ => Lie::Token,
        };
        forge(desk, payment, lie)?;
    }
    let mut body = text(status.as_str(), &payment.notif_token, &txnid);
    if mischief.has_unknown_type {
        body["status"] = json!("SOMEWHERE_BETWEEN");
    }
    if mischief.has_unknown_field {
        body["loyalty"] = json!({"points": 12, "tier": null});
    }
    queue::promise(desk, &message(payment, &txnid, status.as_str(), &body), &mischief, &[])
}

/// Tells a payment's address something that is not so. It is tried once.
pub fn forge(desk: &Desk<'_>, payment: &Payment, lie: Lie) -> rusqlite::Result<()> {
    let stranger = ids::lower("", 32);
    let (status, token) = match lie {
        Lie::Token => (Status::Success, &stranger),
        Lie::Success => (Status::Success, &payment.notif_token),
        Lie::Failed => (Status::Failed, &payment.notif_token),
    };
    let txnid = ids::upper("MP", 16);
    let body = text(status.as_str(), token, &txnid);
    queue::forge(desk, &message(payment, &txnid, status.as_str(), &body), &Proof::Nothing)
}

/// How a payment that was confirmed ends.
fn outcome(payment: &Payment) -> Status {
    match payment.failure {
        Some(_) => Status::Failed,
        None => Status::Success,
    }
}

fn text(status: &str, notif_token: &str, txnid: &str) -> Value {
    json!({"status": status, "notif_token": notif_token, "txnid": txnid})
}

fn message<'a>(payment: &'a Payment, txnid: &'a str, status: &'a str, body: &Value) -> Message<'a> {
    Message {
        provider: NAME,
        account: Some(&payment.merchant),
        event_id: txnid,
        event_type: status,
        to: To::Address { url: &payment.notif_url, method: &Method::POST, headers: &[] },
        body: body.to_string(),
    }
}
