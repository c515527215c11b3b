//! What a checkout session is about: its lines, and what it comes to.

use serde_json::{Value, json};

use super::billing::{price, product, terms};
use super::debit;
use super::errors::StripeError;
use super::params::Params;
use super::scene::{Scene, int, text};

/// Reads `line_items`, and for a subscription its trial.
pub fn read(scene: &Scene<'_>, params: &mut Params, session: &mut Value) -> Result<(), StripeError> {
    let (total, names) = match text(session, "mode") {
        "subscription" => read_plan(scene, params, session)?,
        mode => {
            let is_setup = mode == "setup";
            let (total, names) = read_lines(scene, params)?;
            if is_setup {
                return Ok(());
            }
            if names.is_empty() {
                return Err(StripeError::missing("line_items"));
            }
            (total, names)
        }
    };
    debit::check(total)?;
    session["amount_total"] = json!(total);
    session["amount_subtotal"] = json!(total);
    session["currency"] = json!("eur");
    session["_items"] = json!(names.join(", "));
    Ok(())
}

fn read_lines(scene: &Scene<'_>, params: &mut Params) -> Result<(i64, Vec<String>), StripeError> {
    let (mut total, mut names) = (0_i64, Vec::new());
    while params.has(&format!("line_items[{}]", names.len())) {
        let name = |path: &str| format!("line_items[{}]{path}", names.len());
        let (amount, what) = match params.text(&name("[price]"))? {
            Some(id) => kept_price(scene, &id, &name("[price]"))?,
            None => price_on_the_spot(params, &name)?,
        };
        let quantity = params.integer(&name("[quantity]"))?.unwrap_or(1);
        let line = amount.checked_mul(quantity).filter(|line| *line > 0);
        let too_large = || StripeError::invalid("parameter_invalid_integer", "Invalid amount or quantity");
        total = line.and_then(|line| total.checked_add(line)).ok_or_else(too_large)?;
        names.push(what);
    }
    Ok((total, names))
}

fn kept_price(scene: &Scene<'_>, id: &str, param: &str) -> Result<(i64, String), StripeError> {
    let price = price::own(scene, id, param)?;
    if text(&price, "type") != "one_time" {
        let message = "You must provide at least one recurring price in `subscription` mode when using recurring prices.";
        return Err(StripeError::invalid("", message).about(param));
    }
    let product = product::own(scene, text(&price, "product"), param)?;
    Ok((int(&price, "unit_amount"), text(&product, "name").to_owned()))
}

fn price_on_the_spot(
    params: &mut Params,
    name: &impl Fn(&str) -> String,
) -> Result<(i64, String), StripeError> {
    let currency = params.required(&name("[price_data][currency]"))?;
    if currency != "eur" {
        let message = "Every price must be in eur";
        return Err(StripeError::invalid("", message).about(&name("[price_data][currency]")));
    }
    let amount = params.integer(&name("[price_data][unit_amount]"))?.unwrap_or_default();
    let what = params.required(&name("[price_data][product_data][name]"))?;
    params.ignore(&[&name("[price_data][product_data]")]);
    Ok((amount, what))
}

/// Lines of recurring prices only; the first period costs nothing in a trial.
fn read_plan(
    scene: &Scene<'_>,
    params: &mut Params,
    session: &mut Value,
) -> Result<(i64, Vec<String>), StripeError> {
    let items = terms::read_items(scene, params, "line_items")?;
    let mut names = Vec::new();
    for item in &items {
        let product = product::own(scene, text(&item["price"], "product"), "line_items")?;
        names.push(text(&product, "name").to_owned());
    }
    let inner = "subscription_data";
    let days = params.integer(&format!("{inner}[trial_period_days]"))?;
    let end = params.integer(&format!("{inner}[trial_end]"))?;
    if end.is_some_and(|end| end <= scene.seconds()) || days.is_some_and(|days| !(1..=730).contains(&days)) {
        let message = "A trial ends in the future, and after at most 730 days.";
        return Err(StripeError::invalid("", message).about(&format!("{inner}[trial_end]")));
    }
    let missing = format!("{inner}[trial_settings][end_behavior][missing_payment_method]");
    let missing = params.word(&missing, &["cancel", "create_invoice", "pause"])?;
    let settings = missing.map(|word| json!({"end_behavior": {"missing_payment_method": word}}));
    session["_trial"] = json!({"days": days, "end": end, "settings": settings});
    let total = if days.or(end).is_some() { 0 } else { terms::total(&items) };
    session["_lines"] = json!(items);
    Ok((total, names))
}
