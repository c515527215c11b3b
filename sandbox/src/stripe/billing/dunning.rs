//! Invoices that were not paid: tried again by a schedule, and given up at its end.
//!
//! Stripe does not publish when its own retries happen; the schedule is configured. A retry that
//! cannot be made, because no method or no mandate is left, counts as one, in silence.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{collect, life};
use crate::config::AfterLastRetry;
use crate::stripe::book::{self, Due};
use crate::stripe::event;
use crate::stripe::scene::{Scene, instant_of, int, text};

/// The first try of a final invoice, made by itself.
pub fn first(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    match try_by_itself(scene, id)? {
        true => Ok(()),
        false => refused(scene, id),
    }
}

/// A first try that could not even be submitted.
pub fn refused(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(mut invoice) = book::find(scene.tx, id)? else { return Ok(()) };
    failed(scene, &mut invoice)
}

/// Whether a debit could be submitted with what is known.
fn try_by_itself(scene: &Scene<'_>, id: &str) -> rusqlite::Result<bool> {
    let Some(invoice) = book::find(scene.tx, id)? else { return Ok(false) };
    let wish = collect::usual(scene, &invoice).ok().flatten();
    Ok(wish.is_some_and(|wish| collect::attempt(scene, id, &wish).is_ok()))
}

/// An open invoice was not paid.
pub fn failed(scene: &Scene<'_>, invoice: &mut Value) -> rusqlite::Result<()> {
    let before = invoice.clone();
    if text(&before, "status") != "open" {
        return Ok(());
    }
    invoice["attempted"] = json!(true);
    invoice["attempt_count"] = json!(int(&before, "attempt_count").max(1));
    let is_last = !plan_next(scene, invoice)?;
    collect::save(scene, &before, invoice)?;
    event::emit(scene, "invoice.payment_failed", invoice)?;
    life::invoice_failed(scene, invoice)?;
    if is_last { give_up(scene, invoice) } else { Ok(()) }
}

/// Puts the next retry on the agenda; false when there is none.
fn plan_next(scene: &Scene<'_>, invoice: &mut Value) -> rusqlite::Result<bool> {
    invoice["next_payment_attempt"] = Value::Null;
    let subscription = collect::subscription_of(scene, invoice)?;
    let is_dunned = invoice["auto_advance"] == json!(true)
        && text(invoice, "collection_method") == "charge_automatically"
        && text(&subscription, "status") != "incomplete";
    let tries = usize::try_from(int(invoice, "attempt_count")).unwrap_or(1).max(1);
    let days = scene.account().billing.retry_after_days.get(tries - 1);
    let Some(days) = days.filter(|_| is_dunned) else { return Ok(false) };
    let at = scene.now + TimeDelta::days((*days).into());
    invoice["next_payment_attempt"] = json!(at.timestamp());
    book::unplan_one(scene, Due::InvoiceRetries, text(invoice, "id"))?;
    book::plan(scene, at, Due::InvoiceRetries, text(invoice, "id"))?;
    Ok(true)
}

/// The schedule says to try again.
pub fn retry(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(before) = book::find(scene.tx, id)? else { return Ok(()) };
    if text(&before, "status") != "open" || collect::is_under_way(scene, &before)? {
        return Ok(());
    }
    let mut invoice = before.clone();
    invoice["attempt_count"] = json!(int(&before, "attempt_count") + 1);
    invoice["next_payment_attempt"] = Value::Null;
    book::update(scene, &invoice)?;
    if try_by_itself(scene, id)? {
        return Ok(());
    }
    let is_last = !plan_next(scene, &mut invoice)?;
    collect::save(scene, &before, &invoice)?;
    if is_last { give_up(scene, &invoice) } else { Ok(()) }
}

/// Nothing more is tried: the subscription becomes what the account wants.
fn give_up(scene: &Scene<'_>, invoice: &Value) -> rusqlite::Result<()> {
    let subscription = collect::subscription_of(scene, invoice)?;
    // A newer invoice may be under way meanwhile; the setting speaks of any payment.
    if !matches!(text(&subscription, "status"), "active" | "past_due") {
        return Ok(());
    }
    match scene.account().billing.after_last_retry {
        AfterLastRetry::Cancel => life::end(scene, &subscription, Some("payment_failed")),
        AfterLastRetry::Unpaid => life::set_status(scene, &subscription, "unpaid"),
        AfterLastRetry::PastDue => Ok(()),
    }
}

/// An invoice that was sent was not paid by its due date.
pub fn overdue(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(invoice) = book::find(scene.tx, id)? else { return Ok(()) };
    if text(&invoice, "status") != "open" {
        return Ok(());
    }
    event::emit(scene, "invoice.overdue", &invoice)?;
    life::invoice_failed(scene, &invoice)?;
    let last = instant_of(int(&invoice, "due_date"));
    let last = last + TimeDelta::days(scene.account().billing.grace_days.into());
    book::plan(scene, last, Due::InvoiceGivenUp, id)
}

/// Nor after the last delay.
pub fn given_up(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    match book::find(scene.tx, id)? {
        Some(invoice) if text(&invoice, "status") == "open" && !collect::is_under_way(scene, &invoice)? => {
            give_up(scene, &invoice)
        }
        _ => Ok(()),
    }
}
