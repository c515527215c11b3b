//! Making an invoice: a draft with its lines, and the number that makes it final.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{collect, payment, shape};
use crate::stripe::book::{self, Due};
use crate::stripe::errors::StripeError;
use crate::stripe::scene::{Scene, instant_of, int, text};
use crate::stripe::{confirm, event, intent};

/// Writes a draft of what a subscription costs in the period that its items show.
///
/// The invoice's own period is the one before, which is how Stripe counts it.
pub fn draft(
    scene: &Scene<'_>,
    subscription: &Value,
    reason: &str,
    before: (i64, i64),
) -> rusqlite::Result<Value> {
    let customer = book::named(scene, &subscription["customer"])?;
    let mut invoice = shape::invoice(scene, subscription, &customer, reason);
    let is_trial = text(subscription, "status") == "trialing";
    let items = subscription["items"]["data"].as_array().cloned().unwrap_or_default();
    let lines: Vec<Value> = items
        .iter()
        .map(|item| {
            let period = (int(item, "current_period_start"), int(item, "current_period_end"));
            shape::line(&invoice, item, period, is_trial)
        })
        .collect();
    let total: i64 = lines.iter().map(|line| int(line, "amount")).sum();
    invoice["lines"]["total_count"] = json!(lines.len());
    invoice["lines"]["data"] = json!(lines);
    for member in [
        "amount_due",
        "amount_remaining",
        "subtotal",
        "subtotal_excluding_tax",
        "total",
        "total_excluding_tax",
    ] {
        invoice[member] = json!(total);
    }
    (invoice["period_start"], invoice["period_end"]) = (json!(before.0), json!(before.1));
    if text(&invoice, "collection_method") == "send_invoice" {
        let due = scene.now + TimeDelta::days(int(subscription, "days_until_due"));
        invoice["due_date"] = json!(due.timestamp());
        invoice["auto_advance"] = json!(true);
    }
    book::insert(scene, &invoice)?;
    event::emit(scene, "invoice.created", &invoice)?;
    Ok(invoice)
}

/// Lets a draft become final by itself after its hour.
pub fn ripen_later(scene: &Scene<'_>, invoice: &mut Value) -> rusqlite::Result<()> {
    let at = scene.now + TimeDelta::seconds(scene.account().billing.draft_seconds.into());
    invoice["automatically_finalizes_at"] = json!(at.timestamp());
    invoice["next_payment_attempt"] = match text(invoice, "collection_method") {
        "charge_automatically" => json!(at.timestamp()),
        _ => Value::Null,
    };
    book::update(scene, invoice)?;
    book::plan(scene, at, Due::InvoiceFinalizes, text(invoice, "id"))
}

/// Makes a draft final: it gets its number and its intent, or is paid at once when it is for
/// nothing.
pub fn finalize(scene: &Scene<'_>, invoice: &mut Value) -> Result<(), StripeError> {
    let id = text(invoice, "id").to_owned();
    book::unplan(scene, &id)?;
    let public = scene.app.public_url();
    invoice["number"] = json!(number(scene, invoice)?);
    invoice["status"] = json!("open");
    invoice["status_transitions"]["finalized_at"] = json!(scene.seconds());
    invoice["effective_at"] = json!(scene.seconds());
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice["next_payment_attempt"] = Value::Null;
    invoice["ending_balance"] = json!(0);
    invoice["hosted_invoice_url"] = json!(format!("{public}/stripe/i/{id}"));
    invoice["invoice_pdf"] = json!(format!("{public}/stripe/i/{id}?pdf"));
    if int(invoice, "amount_due") == 0 {
        book::update(scene, invoice)?;
        event::emit(scene, "invoice.finalized", invoice)?;
        collect::mark_paid(scene, invoice, None)?;
        return Ok(());
    }
    let mut intent = intent::blank(scene, int(invoice, "amount_due"), vec!["sepa_debit".to_owned()]);
    intent["customer"] = invoice["customer"].clone();
    intent["setup_future_usage"] = json!("off_session");
    intent["description"] = json!(match text(invoice, "billing_reason") {
        "subscription_create" => "Subscription creation",
        _ => "Subscription update",
    });
    intent["payment_details"] = json!({"customer_reference": null, "order_reference": id});
    intent["_invoice"] = json!(id);
    if let Some(wish) = collect::usual(scene, invoice)? {
        // A method that is gone is found out when it is tried.
        let _ = confirm::adopt(scene, &mut intent, &wish);
    }
    book::insert(scene, &intent)?;
    event::emit(scene, "payment_intent.created", &intent)?;
    invoice["_intent"] = intent["id"].clone();
    book::update(scene, invoice)?;
    payment::begin(scene, invoice, &intent)?;
    event::emit(scene, "invoice.finalized", invoice)?;
    if text(invoice, "collection_method") == "send_invoice" {
        book::plan(scene, instant_of(int(invoice, "due_date")), Due::InvoiceOverdue, &id)?;
    }
    Ok(())
}

/// The next number of a customer's invoices.
fn number(scene: &Scene<'_>, invoice: &Value) -> rusqlite::Result<String> {
    let mut customer = book::named(scene, &invoice["customer"])?;
    let next = int(&customer, "next_invoice_sequence");
    let number = format!("{}-{next:04}", text(&customer, "invoice_prefix"));
    if !customer.is_null() {
        customer["next_invoice_sequence"] = json!(next + 1);
        book::update(scene, &customer)?;
    }
    Ok(number)
}
