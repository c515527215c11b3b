//! The calls that create a movement, and those that ask what became of it.
//!
//! After what [`call`](super::call) checks: reference (400), duplicate (409, whatever the body
//! says), callback host (500), currency (500), body (400). The answer is 202 with an empty body,
//! also for a number that does not exist.

use axum::extract::Path;
use axum::routing::{MethodRouter, get, post};
use chrono::TimeDelta;
use serde_json::Value;

use super::call::{Call, uuid_v4};
use super::config::Product;
use super::errors::{MtnError, accepted, shown};
use super::fields::{self, Order, Party};
use super::kind::{Kind, Status, Verb};
use super::movement::{self, Movement};
use super::portal::Environment;
use super::{callback, settle};
use crate::app::{Desk, Shared};
use crate::ids;
use crate::sms_book::{self, Message};
use crate::wave::errors::Reply;

/// `POST` of one kind, in the version that calls back by this verb.
pub fn creates(kind: Kind, verb: Verb) -> MethodRouter<Shared> {
    post(move |call: Call| create(call, kind, verb))
}

/// `GET` of one movement of one kind.
pub fn shows(kind: Kind) -> MethodRouter<Shared> {
    get(move |Path(id): Path<String>, call: Call| status(call, kind, id))
}

async fn create(call: Call, kind: Kind, verb: Verb) -> Result<Reply, MtnError> {
    let reference = call.reference()?;
    let body = call.json();
    call.at_desk(|desk| {
        let environment = call.environment(desk)?;
        if movement::find(desk.tx, environment.name(), &reference)?.is_some() {
            return Err(MtnError::duplicate());
        }
        let callback_url = callback::address(&call, &environment)?;
        let currency = currency(kind, &body, &environment)?;
        let order = fields::read(kind, &body, currency)?;
        if order.is_lost {
            return Ok(accepted());
        }
        let order = Order { party: party(desk, &environment, kind, &order)?, ..order };
        let movement = new(desk, &call, (kind, verb), reference, order, callback_url);
        settle::begin(desk, &environment, movement)?;
        Ok(accepted())
    })
}

fn new(
    desk: &Desk<'_>,
    call: &Call,
    (kind, verb): (Kind, Verb),
    reference: String,
    order: Order,
    callback_url: Option<String>,
) -> Movement {
    Movement {
        seq: 0,
        reference,
        environment: call.user.environment.clone(),
        kind,
        user: call.user.user.clone(),
        external_id: order.external_id,
        amount: order.amount,
        currency: order.currency,
        party: order.party,
        said: order.said,
        refunds: order.refunds,
        status: Status::Created,
        reason: None,
        transaction: None,
        callback_url,
        verb,
        created_at: desk.now,
        expires_at: order.lasts_s.map(|seconds| desk.now + TimeDelta::seconds(seconds)),
        visible_at: desk.now,
    }
}

/// A currency that is none of the environment's is refused before the rest of the body is read.
fn currency<'e>(kind: Kind, body: &Value, environment: &'e Environment) -> Result<&'e str, MtnError> {
    match kind.currency(body) {
        Value::String(currency) if currency == environment.currency() => Ok(environment.currency()),
        Value::String(_) => Err(MtnError::logical("INVALID_CURRENCY")),
        _ => Err(MtnError::bad_request()),
    }
}

/// The other side; a refund's is whoever paid.
fn party(
    desk: &Desk<'_>,
    environment: &Environment,
    kind: Kind,
    order: &Order,
) -> rusqlite::Result<Option<Party>> {
    match (kind, &order.refunds) {
        (Kind::Refund, Some(collection)) => {
            let collection = movement::find(desk.tx, environment.name(), collection)?;
            Ok(collection.and_then(|collection| collection.party))
        }
        _ => Ok(order.party.clone()),
    }
}

/// A movement that the caller may see by now.
fn seen(desk: &Desk<'_>, call: &Call, kind: Kind, id: &str) -> Result<Movement, MtnError> {
    let reference = uuid_v4(id).ok_or_else(MtnError::bad_request)?;
    movement::find(desk.tx, &call.user.environment, &reference)?
        .filter(|movement| movement.kind == kind && movement.visible_at <= desk.now)
        .ok_or_else(MtnError::not_found)
}

async fn status(call: Call, kind: Kind, id: String) -> Result<Reply, MtnError> {
    call.at_desk(|desk| {
        let environment = call.environment(desk)?;
        Ok(shown(&seen(desk, &call, kind, &id)?.view(&environment)))
    })
}

/// `DELETE /collection/v2_0/invoice/{id}`: an invoice that nobody answered is cancelled. *Chosen*:
/// 200, and one that ended is refused as `NOT_ALLOWED`, but not in the sandbox, where invoices are
/// paid at once and clients still see their cancellation accepted.
pub async fn cancel(Path(id): Path<String>, call: Call) -> Result<Reply, MtnError> {
    call.at_desk(|desk| {
        let invoice = seen(desk, &call, Kind::Invoice, &id)?;
        if invoice.status.is_final() && !call.environment(desk)?.portal.is_sandbox() {
            return Err(MtnError::logical("NOT_ALLOWED"));
        }
        settle::finish(desk, invoice, Some("TRANSACTION_CANCELED"))?;
        Ok(Reply { status: 200, body: Vec::new() })
    })
}

/// `POST /collection/v1_0/requesttopay/{id}/deliverynotification`: a text to the payer's phone,
/// the same in the header and in the body. *Chosen*: 200, and only once the payer has paid.
pub async fn notify(Path(id): Path<String>, call: Call) -> Result<Reply, MtnError> {
    let text = call.header("notificationmessage").ok_or_else(MtnError::bad_request)?;
    fields::check_text(&text)?;
    // Clients of MTN's send this body without saying that it is JSON.
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    if body["notificationMessage"] != text {
        return Err(MtnError::bad_request());
    }
    call.at_desk(|desk| {
        let movement = seen(desk, &call, Kind::RequestToPay, &id)?;
        if movement.status != Status::Successful {
            return Err(MtnError::logical("NOT_ALLOWED"));
        }
        let payer = movement.party.map(|party| format!("+{}", party.id)).unwrap_or_default();
        let message = Message { id: &ids::lower("", 24), to: &payer, sender: "MTN", body: &text };
        sms_book::put(desk.tx, &message, desk.now)?;
        Ok(Reply { status: 200, body: Vec::new() })
    })
}

/// `GET /{product}/v1_0/account/balance`, of all three products the same wallet.
pub async fn balance(call: Call) -> Result<Reply, MtnError> {
    call.at_desk(|desk| Ok(shown(&balance_of(&call.environment(desk)?))))
}

/// `GET /{product}/v1_0/account/balance/{currency}`.
pub async fn balance_in(Path(currency): Path<String>, call: Call) -> Result<Reply, MtnError> {
    call.at_desk(|desk| {
        let environment = call.environment(desk)?;
        match currency == environment.currency() {
            true => Ok(shown(&balance_of(&environment))),
            false => Err(MtnError::logical("INVALID_CURRENCY")),
        }
    })
}

fn balance_of(environment: &Environment) -> Value {
    let available = movement::plain(environment.balance, environment.currency());
    serde_json::json!({ "availableBalance": available, "currency": environment.currency() })
}

/// The products that have a wallet API, for routes that all of them share.
pub fn everywhere(path: &str) -> impl Iterator<Item = String> + '_ {
    Product::ALL.into_iter().map(move |product| format!("/mtn/{}/{path}", product.as_str()))
}
