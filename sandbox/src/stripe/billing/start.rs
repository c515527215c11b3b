//! Starting a subscription: its first period, its first invoice, and who pays that.

use serde_json::{Value, json};

use super::{bill, collect, dunning, life, terms, trial};
use crate::stripe::book::{self, Due};
use crate::stripe::confirm::Confirmation;
use crate::stripe::errors::StripeError;
use crate::stripe::event;
use crate::stripe::scene::{Scene, instant_of, int, text};

/// How the first invoice is paid.
#[derive(Clone, Debug)]
pub enum First {
    /// With what is known; when that fails, the subscription waits incomplete.
    Try,
    /// With what is known, or there is no subscription.
    TryOrRefuse,
    /// By whoever confirms its intent.
    Wait,
    /// By somebody who is there now and agrees.
    Now(Box<Confirmation>),
}

/// Starts a subscription whose terms were read.
pub fn start(scene: &Scene<'_>, subscription: &mut Value, first: &First) -> Result<(), StripeError> {
    let id = text(subscription, "id").to_owned();
    let is_trial = subscription["trial_end"].is_i64();
    let is_sent = text(subscription, "collection_method") == "send_invoice";
    let items = subscription["items"]["data"].as_array().cloned().unwrap_or_default();
    let is_free = terms::total(&items) == 0;
    let now = scene.seconds();
    let period = match subscription["trial_end"].as_i64() {
        Some(end) => {
            subscription["billing_cycle_anchor"] = json!(end);
            (now, end)
        }
        None => life::period_from(subscription, now),
    };
    life::set_period(subscription, period);
    if subscription["cancel_at_period_end"] == json!(true) {
        subscription["cancel_at"] = json!(period.1);
    }
    subscription["status"] = json!(match (is_trial, is_sent || is_free) {
        (true, _) => "trialing",
        (false, true) => "active",
        (false, false) => "incomplete",
    });
    check_method(scene, subscription, first)?;
    book::insert(scene, subscription)?;
    let mut invoice = bill::draft(scene, subscription, "subscription_create", (now, now))?;
    subscription["latest_invoice"] = invoice["id"].clone();
    book::update(scene, subscription)?;
    if is_trial {
        trial::begin(scene, subscription)?;
    }
    event::emit(scene, "customer.subscription.created", subscription)?;
    plan(scene, subscription, period.1)?;
    match is_sent && !is_trial && !is_free {
        true => bill::ripen_later(scene, &mut invoice)?,
        false => bill::finalize(scene, &mut invoice)?,
    }
    if text(subscription, "status") == "incomplete" {
        pay_first(scene, text(&invoice, "id"), first)?;
    }
    *subscription = book::get(scene, "subscription", &id, "id")?;
    Ok(())
}

/// What is tried at once needs something to try with.
fn check_method(scene: &Scene<'_>, subscription: &Value, first: &First) -> Result<(), StripeError> {
    let tries = matches!(first, First::Try | First::TryOrRefuse);
    if !tries || text(subscription, "status") != "incomplete" {
        return Ok(());
    }
    let customer = book::named(scene, &subscription["customer"])?;
    let kept = &customer["invoice_settings"]["default_payment_method"];
    match subscription["default_payment_method"].is_string() || kept.is_string() {
        true => Ok(()),
        false => Err(collect::no_method()),
    }
}

fn plan(scene: &Scene<'_>, subscription: &Value, end: i64) -> rusqlite::Result<()> {
    let id = text(subscription, "id");
    book::plan(scene, instant_of(end), Due::PeriodEnds, id)?;
    let ends_early = subscription["cancel_at_period_end"] == json!(false);
    if let Some(at) = subscription["cancel_at"].as_i64().filter(|_| ends_early) {
        book::plan(scene, instant_of(at), Due::SubscriptionCancels, id)?;
    }
    match text(subscription, "status") {
        "incomplete" => {
            book::plan(scene, instant_of(life::expires_at(subscription)), Due::SubscriptionExpires, id)
        }
        _ => Ok(()),
    }
}

fn pay_first(scene: &Scene<'_>, invoice: &str, first: &First) -> Result<(), StripeError> {
    let wish = match first {
        First::Wait => return Ok(()),
        First::Now(wish) => return collect::attempt(scene, invoice, wish),
        First::Try | First::TryOrRefuse => collect::usual(scene, &collect::own(scene, invoice)?)?,
    };
    let result = wish.map_or(Err(collect::no_method()), |wish| collect::attempt(scene, invoice, &wish));
    match (result, first) {
        (Ok(()), _) => Ok(()),
        (Err(error), First::TryOrRefuse) => {
            Err(StripeError { status: 402, kind: "card_error", is_kept: false, ..error })
        }
        (Err(_), _) => Ok(dunning::refused(scene, invoice)?),
    }
}

/// A paused subscription goes on with a period of its own.
pub fn resume(scene: &Scene<'_>, before: &Value) -> Result<(), StripeError> {
    let mut anchored = before.clone();
    anchored["billing_cycle_anchor"] = json!(scene.seconds());
    book::update(scene, &anchored)?;
    life::renew(scene, &anchored, "subscription_update")?;
    let after = book::named(scene, &before["id"])?;
    Ok(event::emit(scene, "customer.subscription.resumed", &after)?)
}

/// Ends a trial now, and asks for the first period at once.
pub fn end_trial(scene: &Scene<'_>, before: &Value) -> Result<(), StripeError> {
    let id = text(before, "id");
    book::unplan_one(scene, Due::PeriodEnds, id)?;
    book::unplan_one(scene, Due::TrialWillEnd, id)?;
    let mut ended = before.clone();
    ended["trial_end"] = json!(scene.seconds());
    ended["billing_cycle_anchor"] = json!(scene.seconds());
    book::update(scene, &ended)?;
    if trial::ends_otherwise(scene, &ended)? {
        return Ok(());
    }
    life::renew(scene, &ended, "subscription_cycle")?;
    let after = book::named(scene, &before["id"])?;
    let invoice = book::named(scene, &after["latest_invoice"])?;
    match int(&invoice, "amount_due") > 0 {
        true => Ok(collect::ripen(scene, text(&invoice, "id"))?),
        false => Ok(()),
    }
}
