//! Collecting an invoice: its debit is submitted, is under way for days, and is paid or not.

use serde_json::{Value, json};

use super::{bill, clock, dunning, life, payment};
use crate::stripe::confirm::{self, Confirmation};
use crate::stripe::errors::StripeError;
use crate::stripe::method::Wish;
use crate::stripe::params::Params;
use crate::stripe::scene::{Scene, int, text};
use crate::stripe::{book, checkout, event, intent};

/// An invoice that must exist.
pub fn own(scene: &Scene<'_>, id: &str) -> Result<Value, StripeError> {
    book::get(scene, "invoice", id, "invoice")
}

/// The subscription of an invoice.
pub fn subscription_of(scene: &Scene<'_>, invoice: &Value) -> rusqlite::Result<Value> {
    book::named(scene, &invoice["parent"]["subscription_details"]["subscription"])
}

/// A confirmation with a kept method, while nobody is there.
pub fn with_method(scene: &Scene<'_>, method: &str) -> Result<Confirmation, StripeError> {
    let nothing = Confirmation::read(scene, &mut Params::default())?;
    Ok(Confirmation { method: Some(Wish::Known(method.to_owned())), is_off_session: true, ..nothing })
}

/// How an invoice is paid without anybody: by its own method, the subscription's, or the customer's.
pub fn usual(scene: &Scene<'_>, invoice: &Value) -> Result<Option<Confirmation>, StripeError> {
    let subscription = subscription_of(scene, invoice)?;
    let customer = book::named(scene, &invoice["customer"])?;
    let places = [
        &invoice["default_payment_method"],
        &subscription["default_payment_method"],
        &customer["invoice_settings"]["default_payment_method"],
    ];
    places.iter().find_map(|place| place.as_str()).map(|method| with_method(scene, method)).transpose()
}

/// The refusal to pay without any method.
pub fn no_method() -> StripeError {
    let message = "This customer has no attached payment source or default payment method. Please consider adding a default payment method.";
    StripeError::state("resource_missing", message)
}

/// Tries to pay an open invoice. A refusal leaves everything as it was.
pub fn attempt(scene: &Scene<'_>, id: &str, wish: &Confirmation) -> Result<(), StripeError> {
    let invoice = own(scene, id)?;
    let mut intent = book::named(scene, &invoice["_intent"])?;
    confirm::check_state(scene, &intent)?;
    confirm::adopt(scene, &mut intent, wish)?;
    confirm::confirm(scene, &mut intent, wish)
}

/// A draft's hour is over: it becomes final, and is debited or sent.
pub fn ripen(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(mut invoice) = book::find(scene.tx, id)? else { return Ok(()) };
    if text(&invoice, "status") != "draft" {
        return Ok(());
    }
    quietly(bill::finalize(scene, &mut invoice))?;
    match text(&invoice, "collection_method") {
        _ if text(&invoice, "status") != "open" => Ok(()),
        "charge_automatically" => dunning::first(scene, id),
        _ => event::emit(scene, "invoice.sent", &invoice),
    }
}

/// What only a caller could be told.
pub fn quietly(result: Result<(), StripeError>) -> rusqlite::Result<()> {
    if let Err(error) = result {
        tracing::warn!(message = error.message, "billing could not go on");
    }
    Ok(())
}

/// The debit of an intent was submitted: its invoice was attempted, and a first one may make its
/// subscription active.
pub fn begun(scene: &Scene<'_>, intent: &Value) -> rusqlite::Result<()> {
    let before = book::named(scene, &intent["_invoice"])?;
    if before.is_null() {
        return Ok(());
    }
    let mut invoice = before.clone();
    invoice["attempted"] = json!(true);
    invoice["next_payment_attempt"] = Value::Null;
    invoice["attempt_count"] = json!(int(&before, "attempt_count").max(1));
    save(scene, &before, &invoice)?;
    let subscription = subscription_of(scene, &invoice)?;
    if text(&subscription, "status") == "incomplete" && scene.account().billing.active_while_processing {
        life::set_status(scene, &subscription, "active")?;
    }
    Ok(())
}

/// The money of an intent is decided.
pub fn decided(scene: &Scene<'_>, intent: &Value, is_paid: bool) -> rusqlite::Result<()> {
    let mut invoice = book::named(scene, &intent["_invoice"])?;
    if invoice.is_null() {
        return Ok(());
    }
    // Whoever ended the debit by hand did so by the simulators' clock.
    clock::by_customer(scene, &invoice["customer"].clone(), |scene| {
        match is_paid {
            true => mark_paid(scene, &mut invoice, Some(intent))?,
            false => dunning::failed(scene, &mut invoice)?,
        }
        let is_first = text(&invoice, "billing_reason") == "subscription_create";
        match is_first {
            true => checkout::decided(scene, ("invoice", text(&invoice, "id")), is_paid),
            false => Ok(()),
        }
    })
}

/// Marks an open invoice as paid: by an intent, or by nothing that Stripe saw.
pub fn mark_paid(scene: &Scene<'_>, invoice: &mut Value, intent: Option<&Value>) -> rusqlite::Result<()> {
    let before = invoice.clone();
    book::unplan(scene, text(&before, "id"))?;
    invoice["status"] = json!("paid");
    invoice["status_transitions"]["paid_at"] = json!(scene.seconds());
    invoice["amount_paid"] = invoice["amount_due"].clone();
    invoice["amount_remaining"] = json!(0);
    invoice["attempted"] = json!(true);
    invoice["next_payment_attempt"] = Value::Null;
    invoice["auto_advance"] = json!(false);
    save(scene, &before, invoice)?;
    payment::end(scene, invoice, intent.is_some())?;
    event::emit(scene, "invoice.paid", invoice)?;
    if intent.is_some() {
        event::emit(scene, "invoice.payment_succeeded", invoice)?;
    }
    life::invoice_paid(scene, invoice, intent)
}

/// Gives an invoice up for good: `void`, or `uncollectible`, which can still be paid.
pub fn write_off(scene: &Scene<'_>, invoice: &mut Value, is_void: bool) -> rusqlite::Result<()> {
    let before = invoice.clone();
    book::unplan(scene, text(&before, "id"))?;
    let (status, at, kind) = match is_void {
        true => ("void", "voided_at", "invoice.voided"),
        false => ("uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible"),
    };
    invoice["status"] = json!(status);
    invoice["status_transitions"][at] = json!(scene.seconds());
    invoice["next_payment_attempt"] = Value::Null;
    invoice["auto_advance"] = json!(false);
    if is_void {
        invoice["amount_remaining"] = json!(0);
        cancel_intent(scene, invoice, "void_invoice")?;
    }
    save(scene, &before, invoice)?;
    event::emit(scene, kind, invoice)?;
    life::written_off(scene, invoice)
}

/// Cancels the intent of an invoice, unless its debit is under way or over.
pub fn cancel_intent(scene: &Scene<'_>, invoice: &Value, reason: &str) -> rusqlite::Result<()> {
    let mut intent = book::named(scene, &invoice["_intent"])?;
    if text(&intent, "status").starts_with("requires_") {
        intent::end(scene, &mut intent, Some(reason))?;
        payment::end(scene, invoice, false)?;
    }
    Ok(())
}

/// Whether the debit of an invoice is under way.
pub fn is_under_way(scene: &Scene<'_>, invoice: &Value) -> rusqlite::Result<bool> {
    Ok(text(&book::named(scene, &invoice["_intent"])?, "status") == "processing")
}

/// Writes an invoice and tells what changed.
pub fn save(scene: &Scene<'_>, before: &Value, after: &Value) -> rusqlite::Result<()> {
    book::update(scene, after)?;
    event::emit_change(scene, "invoice.updated", before, after)
}
