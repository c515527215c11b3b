//! Trials: a notice before the end, and what happens when nobody left a way to pay.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::life;
use crate::stripe::book::{self, Due};
use crate::stripe::scene::{Scene, instant_of, int, text};
use crate::stripe::{event, setup};

/// How long before its end the notice is given.
const NOTICE: TimeDelta = TimeDelta::days(3);

/// A trial begins: its notice is planned, and a way to pay is asked for when there is none.
pub fn begin(scene: &Scene<'_>, subscription: &mut Value) -> rusqlite::Result<()> {
    let at = (instant_of(int(subscription, "trial_end")) - NOTICE).max(scene.now);
    book::plan(scene, at, Due::TrialWillEnd, text(subscription, "id"))?;
    if has_method(scene, subscription)? {
        return Ok(());
    }
    let mut intent = setup::blank(scene, vec!["sepa_debit".to_owned()]);
    intent["customer"] = subscription["customer"].clone();
    intent["_subscription"] = subscription["id"].clone();
    book::insert(scene, &intent)?;
    event::emit(scene, "setup_intent.created", &intent)?;
    subscription["pending_setup_intent"] = intent["id"].clone();
    book::update(scene, subscription)
}

/// A method was set up; the subscription that waited for it takes it.
pub fn set_up(scene: &Scene<'_>, intent: &Value) -> rusqlite::Result<()> {
    let before = book::named(scene, &intent["_subscription"])?;
    if before.is_null() || life::is_over(&before) {
        return Ok(());
    }
    let mut after = before.clone();
    after["pending_setup_intent"] = Value::Null;
    after["default_payment_method"] = intent["payment_method"].clone();
    life::save(scene, &before, &after)
}

/// Three days are left, or the whole of a shorter trial.
pub fn will_end(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    match book::find(scene.tx, id)? {
        Some(subscription) if text(&subscription, "status") == "trialing" => {
            event::emit(scene, "customer.subscription.trial_will_end", &subscription)
        }
        _ => Ok(()),
    }
}

/// Whether a trial's end is not simply followed by a period to pay for.
pub fn ends_otherwise(scene: &Scene<'_>, subscription: &Value) -> rusqlite::Result<bool> {
    let wish = text(&subscription["trial_settings"]["end_behavior"], "missing_payment_method");
    if wish == "create_invoice" || has_method(scene, subscription)? {
        return Ok(false);
    }
    match wish {
        "cancel" => life::end(scene, subscription, None)?,
        _ => {
            let mut paused = subscription.clone();
            paused["status"] = json!("paused");
            life::save(scene, subscription, &paused)?;
            event::emit(scene, "customer.subscription.paused", &paused)?;
        }
    }
    Ok(true)
}

fn has_method(scene: &Scene<'_>, subscription: &Value) -> rusqlite::Result<bool> {
    let customer = book::named(scene, &subscription["customer"])?;
    let kept = &customer["invoice_settings"]["default_payment_method"];
    Ok(subscription["default_payment_method"].is_string() || kept.is_string())
}
