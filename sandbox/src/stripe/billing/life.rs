//! The life of a subscription: periods that follow one another, statuses, and its end.

use serde_json::{Value, json};

use super::period::Interval;
use super::{bill, collect, trial};
use crate::stripe::book::{self, Due};
use crate::stripe::event;
use crate::stripe::scene::{Scene, instant_of, int, text};

/// Whether a subscription has ended.
pub fn is_over(subscription: &Value) -> bool {
    matches!(text(subscription, "status"), "canceled" | "incomplete_expired")
}

/// Writes a subscription and tells what changed, if anything did.
pub fn save(scene: &Scene<'_>, before: &Value, after: &Value) -> rusqlite::Result<()> {
    if before == after {
        return Ok(());
    }
    book::update(scene, after)?;
    event::emit_change(scene, "customer.subscription.updated", before, after)
}

/// Gives a subscription another status.
pub fn set_status(scene: &Scene<'_>, subscription: &Value, status: &str) -> rusqlite::Result<()> {
    let mut changed = subscription.clone();
    changed["status"] = json!(status);
    save(scene, subscription, &changed)
}

/// The period of the items.
pub fn period(subscription: &Value) -> (i64, i64) {
    let item = &subscription["items"]["data"][0];
    (int(item, "current_period_start"), int(item, "current_period_end"))
}

/// Gives every item a period.
pub fn set_period(subscription: &mut Value, (start, end): (i64, i64)) {
    for item in subscription["items"]["data"].as_array_mut().into_iter().flatten() {
        item["current_period_start"] = json!(start);
        item["current_period_end"] = json!(end);
    }
}

/// The period that begins at an instant, in whole intervals from the anchor.
pub fn period_from(subscription: &Value, start: i64) -> (i64, i64) {
    let interval = Interval::of(&subscription["items"]["data"][0]["price"]["recurring"]);
    let anchor = instant_of(int(subscription, "billing_cycle_anchor"));
    (start, interval.end_after(anchor, instant_of(start)).timestamp())
}

/// A period is over: the subscription ends, pauses, or goes on with an invoice for the next.
pub fn period_ends(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(subscription) = book::find(scene.tx, id)? else { return Ok(()) };
    if is_over(&subscription) || text(&subscription, "status") == "paused" {
        return Ok(());
    }
    if subscription["cancel_at_period_end"] == json!(true) {
        return end(scene, &subscription, Some("cancellation_requested"));
    }
    if text(&subscription, "status") == "trialing" && trial::ends_otherwise(scene, &subscription)? {
        return Ok(());
    }
    renew(scene, &subscription, "subscription_cycle")
}

/// Goes on with the period that begins now.
pub fn renew(scene: &Scene<'_>, before: &Value, reason: &str) -> rusqlite::Result<()> {
    let mut after = before.clone();
    let next = period_from(before, scene.seconds());
    set_period(&mut after, next);
    book::plan(scene, instant_of(next.1), Due::PeriodEnds, text(before, "id"))?;
    // A first invoice that is still under way is the only one for now.
    if text(before, "status") == "incomplete" {
        return save(scene, before, &after);
    }
    if matches!(text(before, "status"), "trialing" | "paused") {
        after["status"] = json!("active");
    }
    let mut invoice = bill::draft(scene, &after, reason, period(before))?;
    after["latest_invoice"] = invoice["id"].clone();
    save(scene, before, &after)?;
    if text(&after, "status") == "unpaid" {
        invoice["auto_advance"] = json!(false);
        return book::update(scene, &invoice);
    }
    match text(&after["pause_collection"], "behavior") {
        "" => bill::ripen_later(scene, &mut invoice),
        "keep_as_draft" => {
            invoice["auto_advance"] = json!(false);
            book::update(scene, &invoice)
        }
        behavior => {
            collect::quietly(bill::finalize(scene, &mut invoice))?;
            match text(&invoice, "status") {
                "open" => collect::write_off(scene, &mut invoice, behavior == "void"),
                _ => Ok(()),
            }
        }
    }
}

/// An invoice was paid: its subscription may be active again, and may remember the method.
pub fn invoice_paid(scene: &Scene<'_>, invoice: &Value, intent: Option<&Value>) -> rusqlite::Result<()> {
    let before = collect::subscription_of(scene, invoice)?;
    if before.is_null() || is_over(&before) {
        return Ok(());
    }
    let mut after = before.clone();
    let is_latest = before["latest_invoice"] == invoice["id"];
    if is_latest && matches!(text(&before, "status"), "incomplete" | "past_due" | "unpaid") {
        after["status"] = json!("active");
        book::unplan_one(scene, Due::SubscriptionExpires, text(&before, "id"))?;
    }
    let method = intent.map(|intent| intent["payment_method"].clone()).unwrap_or_default();
    let is_kept = text(&before["payment_settings"], "save_default_payment_method") == "on_subscription";
    if is_kept && method.is_string() {
        after["default_payment_method"] = method;
    }
    save(scene, &before, &after)
}

/// An invoice was not paid: what was active owes money now.
pub fn invoice_failed(scene: &Scene<'_>, invoice: &Value) -> rusqlite::Result<()> {
    let subscription = collect::subscription_of(scene, invoice)?;
    if subscription["latest_invoice"] != invoice["id"] {
        return Ok(());
    }
    match text(&subscription, "status") {
        "active" | "trialing" => set_status(scene, &subscription, "past_due"),
        "incomplete" if is_late(scene, &subscription) => expire(scene, text(&subscription, "id")),
        _ => Ok(()),
    }
}

/// An invoice was given up by a person: nothing is owed any more.
pub fn written_off(scene: &Scene<'_>, invoice: &Value) -> rusqlite::Result<()> {
    let subscription = collect::subscription_of(scene, invoice)?;
    if subscription["latest_invoice"] != invoice["id"] {
        return Ok(());
    }
    match text(&subscription, "status") {
        "past_due" => set_status(scene, &subscription, "active"),
        "incomplete" if text(invoice, "status") == "void" => give_up_first(scene, &subscription),
        _ => Ok(()),
    }
}

/// Seconds in which a first invoice must be paid.
const FIRST_DAY_S: i64 = 23 * 3_600;

/// When a subscription without its first payment expires.
pub fn expires_at(subscription: &Value) -> i64 {
    int(subscription, "created") + FIRST_DAY_S
}

fn is_late(scene: &Scene<'_>, subscription: &Value) -> bool {
    expires_at(subscription) <= scene.seconds()
}

/// Twenty-three hours without a first payment. One that is under way is waited for.
pub fn expire(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(subscription) = book::find(scene.tx, id)? else { return Ok(()) };
    if text(&subscription, "status") != "incomplete" {
        return Ok(());
    }
    let mut invoice = book::named(scene, &subscription["latest_invoice"])?;
    if collect::is_under_way(scene, &invoice)? {
        return Ok(());
    }
    match text(&invoice, "status") {
        "open" => collect::write_off(scene, &mut invoice, true),
        _ => give_up_first(scene, &subscription),
    }
}

fn give_up_first(scene: &Scene<'_>, subscription: &Value) -> rusqlite::Result<()> {
    book::unplan(scene, text(subscription, "id"))?;
    let mut after = subscription.clone();
    after["status"] = json!("incomplete_expired");
    after["ended_at"] = json!(scene.seconds());
    save(scene, subscription, &after)
}

/// Ends a subscription; its open invoices are not collected by themselves any more.
pub fn end(scene: &Scene<'_>, subscription: &Value, reason: Option<&str>) -> rusqlite::Result<()> {
    if is_over(subscription) {
        return Ok(());
    }
    let id = text(subscription, "id");
    book::unplan(scene, id)?;
    let was_incomplete = text(subscription, "status") == "incomplete";
    let mut after = subscription.clone();
    after["status"] = json!(if was_incomplete { "incomplete_expired" } else { "canceled" });
    after["ended_at"] = json!(scene.seconds());
    if after["canceled_at"].is_null() {
        after["canceled_at"] = json!(scene.seconds());
    }
    if let Some(reason) = reason {
        after["cancellation_details"]["reason"] = json!(reason);
    }
    book::update(scene, &after)?;
    for mut invoice in book::of(scene, "invoice", &[("parent.subscription_details.subscription", id)])? {
        match text(&invoice, "status") {
            "open" if was_incomplete && !collect::is_under_way(scene, &invoice)? => {
                collect::write_off(scene, &mut invoice, true)?;
            }
            "open" | "draft" => leave_alone(scene, &invoice)?,
            _ => {}
        }
    }
    event::emit(scene, "customer.subscription.deleted", &after)
}

fn leave_alone(scene: &Scene<'_>, invoice: &Value) -> rusqlite::Result<()> {
    book::unplan(scene, text(invoice, "id"))?;
    let mut after = invoice.clone();
    after["auto_advance"] = json!(false);
    after["next_payment_attempt"] = Value::Null;
    after["automatically_finalizes_at"] = Value::Null;
    collect::save(scene, invoice, &after)
}

/// The instant of `cancel_at` has come.
pub fn cancel_as_told(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    match book::find(scene.tx, id)? {
        Some(subscription) => end(scene, &subscription, Some("cancellation_requested")),
        None => Ok(()),
    }
}

/// The pause of a subscription's collection is over. Drafts that it left remain drafts.
pub fn resume_collection(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(before) = book::find(scene.tx, id)? else { return Ok(()) };
    let mut after = before.clone();
    after["pause_collection"] = Value::Null;
    save(scene, &before, &after)
}
