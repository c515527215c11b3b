//! What a request says about a subscription: its items, its trial, how it is paid.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{price, shape};
use crate::stripe::book;
use crate::stripe::debit;
use crate::stripe::errors::StripeError;
use crate::stripe::params::Params;
use crate::stripe::scene::{Scene, int, text};

/// How many items one subscription may have.
const MOST_ITEMS: usize = 20;

/// `items[n][price|price_data]`, `[quantity]` and `[metadata]`: all by the same interval, and
/// together no more than a debit may take.
pub fn read_items(scene: &Scene<'_>, params: &mut Params, list: &str) -> Result<Vec<Value>, StripeError> {
    let mut items = Vec::new();
    while params.has(&format!("{list}[{}]", items.len())) {
        let name = |path: &str| format!("{list}[{}]{path}", items.len());
        let price = match params.text(&name("[price]"))? {
            Some(id) => price::own(scene, &id, &name("[price]"))?,
            None if params.has(&name("[price_data]")) => {
                price::on_the_spot(scene, params, &name("[price_data]"))?
            }
            None => return Err(StripeError::missing(&name("[price]"))),
        };
        check_price(&price, &name("[price]"))?;
        let quantity = params.integer(&name("[quantity]"))?.unwrap_or(1);
        if !(1..=999_999).contains(&quantity) {
            let message = "Invalid quantity: must be between 1 and 999999";
            return Err(StripeError::invalid("parameter_invalid_integer", message).about(&name("[quantity]")));
        }
        let mut item = shape::item(scene, &price, quantity);
        item["metadata"] = Value::Object(params.metadata(&name("[metadata]"))?);
        params.ignore(&[&name("[adjustable_quantity]")]);
        items.push(item);
    }
    if items.is_empty() {
        return Err(StripeError::missing(list));
    }
    check_items(&items, list)?;
    Ok(items)
}

/// Refuses a price that cannot be subscribed to.
pub fn check_price(price: &Value, param: &str) -> Result<(), StripeError> {
    match text(price, "type") {
        "recurring" => Ok(()),
        _ => {
            let message = "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.";
            Err(StripeError::invalid("", message).about(param))
        }
    }
}

/// Refuses items that do not go together.
pub fn check_items(items: &[Value], list: &str) -> Result<(), StripeError> {
    let interval = |item: &Value| {
        let recurring = &item["price"]["recurring"];
        (text(recurring, "interval").to_owned(), int(recurring, "interval_count"))
    };
    let refuse = |message: &str| Err(StripeError::invalid("", message).about(list));
    if items.len() > MOST_ITEMS {
        return refuse("A subscription may only have 20 items.");
    }
    if items.iter().any(|item| interval(item) != interval(&items[0])) {
        return refuse("Currently, all items of a subscription must have the same billing interval.");
    }
    debit::check(total(items))
}

/// What a period of these items costs, in cents.
pub fn total(items: &[Value]) -> i64 {
    items.iter().fold(0, |sum: i64, item| {
        let unit = int(&item["price"], "unit_amount");
        sum.saturating_add(unit.saturating_mul(int(item, "quantity")))
    })
}

/// `trial_end` or `trial_period_days`; nothing, when there is no trial.
pub fn read_trial(
    scene: &Scene<'_>,
    params: &mut Params,
    prefix: &str,
    subscription: &mut Value,
) -> Result<(), StripeError> {
    let name = |path: &str| if prefix.is_empty() { path.to_owned() } else { format!("{prefix}[{path}]") };
    let days = params.integer(&name("trial_period_days"))?;
    let end = match params.raw(&name("trial_end")) {
        Some(text) if text == "now" => None,
        Some(text) => {
            let wrong = || StripeError::invalid("", "Invalid timestamp").about(&name("trial_end"));
            Some(text.parse::<i64>().map_err(|_| wrong())?)
        }
        None => days.map(|days| (scene.now + TimeDelta::days(days.clamp(0, 730))).timestamp()),
    };
    let end = end.filter(|_| days != Some(0));
    if end.is_some_and(|end| end <= scene.seconds() || end > (scene.now + TimeDelta::days(1_826)).timestamp())
    {
        let message = "Invalid timestamp: must be an integer Unix timestamp in the future.";
        return Err(StripeError::invalid("", message).about(&name("trial_end")));
    }
    if let Some(end) = end {
        subscription["trial_start"] = json!(scene.seconds());
        subscription["trial_end"] = json!(end);
    }
    let missing = "trial_settings[end_behavior][missing_payment_method]";
    let missing = match prefix {
        "" => missing.to_owned(),
        prefix => format!("{prefix}[trial_settings][end_behavior][missing_payment_method]"),
    };
    if let Some(word) = params.word(&missing, &["cancel", "create_invoice", "pause"])? {
        subscription["trial_settings"]["end_behavior"]["missing_payment_method"] = json!(word);
    }
    Ok(())
}

/// Who pays it, with what, and what is remembered of that.
pub fn read_payment(
    scene: &Scene<'_>,
    params: &mut Params,
    subscription: &mut Value,
) -> Result<(), StripeError> {
    if let Some(id) = params.text("default_payment_method")? {
        let method = book::get(scene, "payment_method", &id, "default_payment_method")?;
        check_owner(&method, &subscription["customer"], "default_payment_method")?;
        subscription["default_payment_method"] = method["id"].clone();
    }
    let settings = "payment_settings[save_default_payment_method]";
    if let Some(word) = params.word(settings, &["off", "on_subscription"])? {
        subscription["payment_settings"]["save_default_payment_method"] = json!(word);
    }
    if let Some(types) = params.list("payment_settings[payment_method_types]")? {
        if let Some(other) = types.iter().find(|kind| *kind != "sepa_debit") {
            let message = format!("Invalid payment method type: {other}; invoices are debited here.");
            return Err(StripeError::invalid("", message).about("payment_settings[payment_method_types]"));
        }
        subscription["payment_settings"]["payment_method_types"] = json!(types);
    }
    params.ignore(&["payment_settings[payment_method_options]"]);
    Ok(())
}

/// Refuses a method of somebody else.
pub fn check_owner(method: &Value, customer: &Value, param: &str) -> Result<(), StripeError> {
    if method["customer"] == *customer && !customer.is_null() {
        return Ok(());
    }
    let message = format!(
        "The customer does not have a payment method with the ID {}. The payment method must be attached to the customer.",
        text(method, "id")
    );
    Err(StripeError { status: 404, ..StripeError::invalid("resource_missing", message) }.about(param))
}
