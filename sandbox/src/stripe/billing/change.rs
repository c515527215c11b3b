//! Changing a subscription: when it ends, whether it collects, with what, and for what.
//!
//! Deliberately absent: proration. Other items are billed from the next period on.

use serde_json::{Value, json};

use super::{life, price, start, terms};
use crate::stripe::book::{self, Due};
use crate::stripe::errors::StripeError;
use crate::stripe::params::{Params, merged};
use crate::stripe::scene::{Scene, instant_of, int, text};

const UNUSED: [&str; 7] = [
    "proration_behavior",
    "proration_date",
    "payment_behavior",
    "off_session",
    "automatic_tax",
    "invoice_settings",
    "billing_cycle_anchor",
];

/// Makes the changes that a request asks for.
pub fn change(scene: &Scene<'_>, params: &mut Params, before: &Value) -> Result<(), StripeError> {
    if life::is_over(before) {
        let message = "A canceled subscription can only update its cancellation_details and metadata.";
        return Err(StripeError::state("", message));
    }
    let mut after = before.clone();
    terms::read_payment(scene, params, &mut after)?;
    read_end(scene, params, &mut after)?;
    read_pause(scene, params, &mut after)?;
    read_items(scene, params, &mut after)?;
    read_words(params, &mut after)?;
    if let Some(description) = params.text("description")? {
        after["description"] = json!(description);
    }
    if let (Some(days), "send_invoice") =
        (params.integer("days_until_due")?, text(before, "collection_method"))
    {
        after["days_until_due"] = json!(days.max(0));
    }
    after["metadata"] = merged(&after["metadata"], params.metadata("metadata")?);
    let ends_trial = match params.word("trial_end", &["now"])? {
        Some(_) => text(before, "status") == "trialing",
        None => false,
    };
    params.ignore(&UNUSED);
    params.finish()?;
    let id = text(before, "id");
    if after["cancel_at"] != before["cancel_at"] {
        book::unplan_one(scene, Due::SubscriptionCancels, id)?;
        if let (Some(at), false) = (after["cancel_at"].as_i64(), after["cancel_at_period_end"] == json!(true))
        {
            book::plan(scene, instant_of(at), Due::SubscriptionCancels, id)?;
        }
    }
    if after["pause_collection"] != before["pause_collection"] {
        book::unplan_one(scene, Due::CollectionResumes, id)?;
        if let Some(at) = after["pause_collection"]["resumes_at"].as_i64() {
            book::plan(scene, instant_of(at), Due::CollectionResumes, id)?;
        }
    }
    life::save(scene, before, &after)?;
    if ends_trial { start::end_trial(scene, &after) } else { Ok(()) }
}

/// `cancel_at` and `cancel_at_period_end`; an empty `cancel_at` takes the wish back.
pub fn read_end(scene: &Scene<'_>, params: &mut Params, subscription: &mut Value) -> Result<(), StripeError> {
    let at_end = params.flag("cancel_at_period_end")?;
    let at = params.raw("cancel_at");
    if at_end == Some(true) && at.is_some() {
        let message = "You may only specify one of these parameters: cancel_at, cancel_at_period_end.";
        return Err(StripeError::invalid("", message).about("cancel_at"));
    }
    let wish = match (at_end, at.as_deref()) {
        (None, None) => return Ok(()),
        (Some(true), _) => Some(life::period(subscription).1),
        (_, None | Some("")) => None,
        (_, Some(at)) => {
            let at = at.parse::<i64>().ok().filter(|at| *at > scene.seconds());
            let wrong = || StripeError::invalid("", "cancel_at must be in the future").about("cancel_at");
            Some(at.ok_or_else(wrong)?)
        }
    };
    subscription["cancel_at"] = json!(wish);
    subscription["cancel_at_period_end"] = json!(at_end == Some(true));
    subscription["canceled_at"] = wish.map_or(Value::Null, |_| json!(scene.seconds()));
    let reason = wish.map(|_| "cancellation_requested");
    subscription["cancellation_details"]["reason"] = json!(reason);
    Ok(())
}

/// `pause_collection[behavior]` and `[resumes_at]`; an empty `pause_collection` ends the pause.
fn read_pause(scene: &Scene<'_>, params: &mut Params, subscription: &mut Value) -> Result<(), StripeError> {
    if params.raw("pause_collection").is_some_and(|text| text.is_empty()) {
        subscription["pause_collection"] = Value::Null;
        return Ok(());
    }
    let name = "pause_collection[behavior]";
    let Some(behavior) = params.word(name, &["keep_as_draft", "mark_uncollectible", "void"])? else {
        return Ok(());
    };
    let resumes = params.integer("pause_collection[resumes_at]")?;
    if resumes.is_some_and(|at| at <= scene.seconds()) {
        let message = "resumes_at must be in the future";
        return Err(StripeError::invalid("", message).about("pause_collection[resumes_at]"));
    }
    subscription["pause_collection"] = json!({"behavior": behavior, "resumes_at": resumes});
    Ok(())
}

/// `items[n][id]` with another price or quantity; no item comes or goes.
fn read_items(scene: &Scene<'_>, params: &mut Params, subscription: &mut Value) -> Result<(), StripeError> {
    let mut items = subscription["items"]["data"].as_array().cloned().unwrap_or_default();
    let mut place = 0;
    while params.has(&format!("items[{place}]")) {
        let name = |path: &str| format!("items[{place}]{path}");
        let id = params.required(&name("[id]"))?;
        let Some(item) = items.iter_mut().find(|item| text(item, "id") == id) else {
            return Err(StripeError::no_such("subscription_item", &id, &name("[id]")));
        };
        if let Some(id) = params.text(&name("[price]"))? {
            let price = price::own(scene, &id, &name("[price]"))?;
            terms::check_price(&price, &name("[price]"))?;
            let same = ["interval", "interval_count"]
                .iter()
                .all(|member| price["recurring"][*member] == item["price"]["recurring"][*member]);
            if !same {
                let message = "Changing the billing interval is not simulated.";
                return Err(StripeError::invalid("", message).about(&name("[price]")));
            }
            item["plan"] = price::plan(&price);
            item["price"] = price;
        }
        let quantity = params.integer(&name("[quantity]"))?.unwrap_or(int(item, "quantity"));
        item["quantity"] = json!(quantity.clamp(1, 999_999));
        item["metadata"] = merged(&item["metadata"], params.metadata(&name("[metadata]"))?);
        place += 1;
    }
    terms::check_items(&items, "items")?;
    subscription["items"]["data"] = json!(items);
    Ok(())
}

/// `cancellation_details[comment|feedback]`.
pub fn read_words(params: &mut Params, subscription: &mut Value) -> Result<(), StripeError> {
    let feedback = [
        "customer_service",
        "low_quality",
        "missing_features",
        "other",
        "switched_service",
        "too_complex",
        "too_expensive",
        "unused",
    ];
    if let Some(word) = params.word("cancellation_details[feedback]", &feedback)? {
        subscription["cancellation_details"]["feedback"] = json!(word);
    }
    if let Some(comment) = params.text("cancellation_details[comment]")? {
        subscription["cancellation_details"]["comment"] = json!(comment);
    }
    Ok(())
}
