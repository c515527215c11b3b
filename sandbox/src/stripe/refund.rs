//! Refunds: money on its way back, which can still come back again.
//!
//! The balance is debited when a refund begins. *Chosen*: it reaches the payer after three
//! business days; without cover it waits as `insufficient_funds`, tries again on each of five
//! business days, and then fails; a refund of a charge that is still pending is refused.

use axum::extract::Path;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::balance::{self, Entry};
use super::book::{self, Due};
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::{Params, merged};
use super::record::{self, Fact, Kind};
use super::scene::{Scene, instant_of, int, text};
use super::{calendar, charge, event, list, transfer};
use crate::ids;

const WINDOW: TimeDelta = TimeDelta::days(180);
const DETAILS_WINDOW: TimeDelta = TimeDelta::days(45);
const TRIES: i64 = 5;

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

/// `POST /v1/refunds`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let charge = charge_of(scene, params)?;
        let amount = params.integer("amount")?;
        let reason = params.word("reason", &REASONS)?;
        let email = params.text("instructions_email")?;
        let metadata = merged(&Value::Null, params.metadata("metadata")?);
        params.ignore(&["refund_application_fee", "reverse_transfer"]);
        params.finish()?;
        let amount = check(scene, &charge, amount)?;
        let is_transfer = text(&charge["payment_method_details"], "type") == "customer_balance";
        let owner = book::named(scene, &charge["customer"])?;
        let email = email.or(owner["email"].as_str().map(str::to_owned));
        if is_transfer && email.is_none() {
            let message = "The customer has no email, which is needed to ask for bank details.";
            return Err(StripeError::missing("instructions_email").with("message", json!(message)));
        }
        let mut refund = blank(scene, &charge, amount);
        refund["reason"] = json!(reason);
        refund["metadata"] = metadata;
        if is_transfer && owner["_sender"].is_null() {
            refund["status"] = json!("requires_action");
            let expires_at = (scene.now + DETAILS_WINDOW).timestamp();
            let sent = json!({"email_sent_at": scene.seconds(), "email_sent_to": email});
            refund["next_action"] = json!({
                "display_details": {"email_sent": sent, "expires_at": expires_at},
                "type": "display_details",
            });
            refund["pending_reason"] = Value::Null;
        }
        begin(scene, &mut refund, &charge)?;
        Ok(refund)
    })
}

fn charge_of(scene: &Scene<'_>, params: &mut Params) -> Result<Value, StripeError> {
    match (params.text("charge")?, params.text("payment_intent")?) {
        (Some(id), None) => book::get(scene, "charge", &id, "charge"),
        (None, Some(id)) => {
            let intent = book::get(scene, "payment_intent", &id, "payment_intent")?;
            let charge = book::named(scene, &intent["latest_charge"])?;
            match charge.is_null() {
                false => Ok(charge),
                true => Err(unpaid(&id)),
            }
        }
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: charge, payment_intent.";
            Err(StripeError::invalid("", message).about("charge"))
        }
        (None, None) => {
            let message = "One of the following params should be provided: payment_intent or charge.";
            Err(StripeError::invalid("parameter_missing", message).about("payment_intent"))
        }
    }
}

fn unpaid(id: &str) -> StripeError {
    let message = format!("{id} does not have a successful charge to refund.");
    StripeError::state("payment_intent_unexpected_state", message)
}

fn check(scene: &Scene<'_>, charge: &Value, amount: Option<i64>) -> Result<i64, StripeError> {
    let id = text(charge, "id");
    if !charge::is_paid(charge) {
        return Err(unpaid(id));
    }
    if charge["disputed"] == json!(true) {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(StripeError::state("charge_disputed", message));
    }
    if instant_of(int(charge, "created")) + WINDOW < scene.now {
        let message = "This charge is more than 180 days old and can no longer be refunded.";
        return Err(StripeError::state("", message));
    }
    let left = int(charge, "amount") - int(charge, "amount_refunded");
    if left == 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(StripeError::state("charge_already_refunded", message));
    }
    match amount.unwrap_or(left) {
        amount @ 1.. if amount <= left => Ok(amount),
        ..=0 => {
            let message = "Invalid positive integer";
            Err(StripeError::invalid("parameter_invalid_integer", message).about("amount"))
        }
        amount => {
            let message =
                format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
            Err(StripeError::state("", message).about("amount"))
        }
    }
}

fn blank(scene: &Scene<'_>, charge: &Value, amount: i64) -> Value {
    json!({
        "id": ids::lower("pyr_", 24),
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": charge["id"],
        "created": scene.seconds(),
        "currency": "eur",
        "customer": charge["customer"],
        "destination_details": null,
        "failure_balance_transaction": null,
        "failure_reason": null,
        "metadata": {},
        "next_action": null,
        "payment_intent": charge["payment_intent"],
        "pending_reason": "processing",
        "reason": null,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": "pending",
        "transfer_reversal": null,
        "_tries": 0,
    })
}

fn begin(scene: &Scene<'_>, refund: &mut Value, charge: &Value) -> rusqlite::Result<()> {
    book::insert(scene, refund)?;
    let charge = charge::give_back(scene, charge, int(refund, "amount"))?;
    if balance::available(scene)? >= int(refund, "amount") {
        debit(scene, refund)?;
    } else {
        refund["pending_reason"] = json!("insufficient_funds");
        let again = calendar::midnight(calendar::after(scene.now.date_naive(), 1));
        book::plan(scene, again, Due::RefundTriesAgain, text(refund, "id"))?;
    }
    book::update(scene, refund)?;
    event::emit(scene, "refund.created", refund)?;
    event::emit(scene, "charge.refunded", &charge)
}

/// Takes the money from the balance and sends it off.
fn debit(scene: &Scene<'_>, refund: &mut Value) -> rusqlite::Result<()> {
    let amount = int(refund, "amount");
    refund["balance_transaction"] = json!(balance::post(scene, &entry(scene, refund, -amount))?);
    note(scene, refund, -amount, "pending")?;
    match text(refund, "status") {
        "requires_action" => {
            book::plan(scene, scene.now + DETAILS_WINDOW, Due::RefundExpires, text(refund, "id"))
        }
        _ => {
            let arrives = calendar::in_business_days(scene.now, 3);
            book::plan(scene, arrives, Due::RefundSucceeds, text(refund, "id"))
        }
    }
}

fn entry<'a>(scene: &Scene<'_>, refund: &'a Value, amount: i64) -> Entry<'a> {
    let (kind, category) =
        if amount < 0 { ("payment_refund", "refund") } else { ("refund_failure", "refund_failure") };
    Entry { source: text(refund, "id"), kind, category, amount, fee: 0, available_on: scene.now }
}

fn note(scene: &Scene<'_>, refund: &Value, effect: i64, status: &str) -> rusqlite::Result<()> {
    let fact = Fact {
        of: refund,
        kind: Kind::Refund,
        amount: int(refund, "amount"),
        fee: 0,
        effect,
        status,
        transaction: refund["charge"].as_str(),
    };
    record::note(scene, &fact)
}

fn open(scene: &Scene<'_>, id: &str) -> rusqlite::Result<Option<Value>> {
    let refund = book::find(scene.tx, id)?;
    Ok(refund.filter(|doc| matches!(text(doc, "status"), "pending" | "requires_action")))
}

/// A refund without cover tries again.
pub fn try_again(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(mut refund) = open(scene, id)? else { return Ok(()) };
    let before = refund.clone();
    refund["_tries"] = json!(int(&refund, "_tries") + 1);
    if balance::available(scene)? >= int(&refund, "amount") {
        refund["pending_reason"] = json!("processing");
        debit(scene, &mut refund)?;
        book::update(scene, &refund)?;
        return event::emit_change(scene, "refund.updated", &before, &refund);
    }
    book::update(scene, &refund)?;
    if int(&refund, "_tries") >= TRIES {
        return fail(scene, id, "insufficient_funds");
    }
    let again = calendar::midnight(calendar::after(scene.now.date_naive(), 1));
    book::plan(scene, again, Due::RefundTriesAgain, id)
}

/// The money reached the payer. What is not open stays as it is.
pub fn succeed(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(mut refund) = open(scene, id)? else { return Ok(()) };
    book::unplan(scene, id)?;
    let before = refund.clone();
    if refund["balance_transaction"].is_null() {
        debit(scene, &mut refund)?;
        book::unplan(scene, id)?;
    }
    refund["status"] = json!("succeeded");
    refund["pending_reason"] = Value::Null;
    refund["next_action"] = Value::Null;
    book::update(scene, &refund)?;
    note(scene, &refund, 0, "succeeded")?;
    event::emit_change(scene, "refund.updated", &before, &refund)
}

/// The money came back, also from a refund that had succeeded.
pub fn fail(scene: &Scene<'_>, id: &str, reason: &str) -> rusqlite::Result<()> {
    let Some(mut refund) = book::find(scene.tx, id)? else { return Ok(()) };
    if matches!(text(&refund, "status"), "failed" | "canceled") {
        return Ok(());
    }
    book::unplan(scene, id)?;
    let amount = int(&refund, "amount");
    let effect = if refund["balance_transaction"].is_null() { 0 } else { amount };
    if effect > 0 {
        let back = balance::post(scene, &entry(scene, &refund, amount))?;
        refund["failure_balance_transaction"] = json!(back);
    }
    refund["status"] = json!("failed");
    refund["failure_reason"] = json!(reason);
    refund["pending_reason"] = Value::Null;
    refund["next_action"] = Value::Null;
    book::update(scene, &refund)?;
    let charge = book::named(scene, &refund["charge"])?;
    charge::give_back(scene, &charge, -amount)?;
    note(scene, &refund, effect, "failed")?;
    event::emit(scene, "refund.failed", &refund)
}

/// Nobody gave bank details in time: the money returns to the customer's cash balance.
pub fn expire(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(mut refund) = open(scene, id)? else { return Ok(()) };
    book::unplan(scene, id)?;
    let before = refund.clone();
    refund["status"] = json!("canceled");
    refund["next_action"] = Value::Null;
    book::update(scene, &refund)?;
    let mut owner = book::named(scene, &refund["customer"])?;
    let details = json!({"refund": refund["id"]});
    transfer::move_cash(scene, &mut owner, int(&refund, "amount"), "refunded_from_payment", &details)?;
    note(scene, &refund, 0, "canceled")?;
    event::emit_change(scene, "refund.updated", &before, &refund)
}

/// `GET /v1/refunds`, by `charge`, `payment_intent` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted = [("charge", params.text("charge")?), ("payment_intent", params.text("payment_intent")?)];
        list::page(scene, params, "refund", "/v1/refunds", &wanted)
    })
}

/// `GET /v1/refunds/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, "refund", &id, "id")
    })
}

/// `POST /v1/refunds/{id}`: its metadata.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let before = book::get(scene, "refund", &id, "id")?;
        let mut refund = before.clone();
        refund["metadata"] = merged(&refund["metadata"], params.metadata("metadata")?);
        params.finish()?;
        book::update(scene, &refund)?;
        event::emit_change(scene, "refund.updated", &before, &refund)?;
        Ok(refund)
    })
}

/// `POST /v1/refunds/{id}/cancel`: only while it waits for bank details.
pub async fn cancel(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        params.finish()?;
        let refund = book::get(scene, "refund", &id, "id")?;
        if text(&refund, "status") != "requires_action" {
            return Err(StripeError::state("", "Only a refund that requires action can be canceled."));
        }
        expire(scene, &id)?;
        book::get(scene, "refund", &id, "id")
    })
}

/// The refunds of a charge that are still open.
pub fn open_ones(scene: &Scene<'_>, charge: &Value) -> rusqlite::Result<Vec<Value>> {
    let mut found = book::of(scene, "refund", &[("payment_intent", text(charge, "payment_intent"))])?;
    found.retain(|refund| matches!(text(refund, "status"), "pending" | "requires_action"));
    Ok(found)
}
