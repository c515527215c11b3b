//! Prices: so many cents of a product, once or every so often.

use axum::extract::Path;
use serde_json::{Value, json};

use super::product;
use crate::ids;
use crate::stripe::errors::{Reply, StripeError};
use crate::stripe::http::Call;
use crate::stripe::params::{Params, merged};
use crate::stripe::scene::{Scene, int, text};
use crate::stripe::{book, event, list};

/// `POST /v1/prices`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let new = new_product(scene, params, "product_data")?;
        let product = match &new {
            Some(new) => text(new, "id").to_owned(),
            None => text(&product::own(scene, &params.required("product")?, "product")?, "id").to_owned(),
        };
        let mut price = read(scene, params, "", &product)?;
        price["nickname"] = json!(params.text("nickname")?);
        price["active"] = json!(params.flag("active")?.unwrap_or(true));
        let takes_over = params.flag("transfer_lookup_key")?.unwrap_or(false);
        price["lookup_key"] = json!(params.text("lookup_key")?);
        price["metadata"] = merged(&Value::Null, params.metadata("metadata")?);
        params.finish()?;
        look_up_only_one(scene, &price, takes_over)?;
        if let Some(new) = &new {
            book::insert(scene, new)?;
            event::emit(scene, "product.created", new)?;
        }
        keep(scene, &price)?;
        Ok(price)
    })
}

/// The product that `product_data` describes, not kept yet.
fn new_product(scene: &Scene<'_>, params: &mut Params, prefix: &str) -> Result<Option<Value>, StripeError> {
    if !params.has(prefix) {
        return Ok(None);
    }
    let name = params.required(&format!("{prefix}[name]"))?;
    let mut product = product::blank(scene, &ids::lower("prod_", 14), &name);
    product["description"] = json!(params.text(&format!("{prefix}[description]"))?);
    product["metadata"] = merged(&Value::Null, params.metadata(&format!("{prefix}[metadata]"))?);
    params.ignore(&[&format!("{prefix}[images]"), &format!("{prefix}[tax_code]")]);
    Ok(Some(product))
}

/// Keeps a new price and tells of it.
pub fn keep(scene: &Scene<'_>, price: &Value) -> rusqlite::Result<()> {
    book::insert(scene, price)?;
    event::emit(scene, "price.created", price)
}

/// Reads what every description of a price has, also one inside another object.
pub fn read(
    scene: &Scene<'_>,
    params: &mut Params,
    prefix: &str,
    product: &str,
) -> Result<Value, StripeError> {
    let name = |path: &str| match (prefix, path.split_once('[')) {
        ("", _) => path.to_owned(),
        (_, Some((first, rest))) => format!("{prefix}[{first}][{rest}"),
        (_, None) => format!("{prefix}[{path}]"),
    };
    let currency = params.required(&name("currency"))?;
    if !currency.eq_ignore_ascii_case("eur") {
        let message = format!("Invalid currency: {currency}; only eur is simulated.");
        return Err(StripeError::invalid("", message).about(&name("currency")));
    }
    let (plain, decimal) = (name("unit_amount"), name("unit_amount_decimal"));
    let amount = match params.integer(&plain)? {
        Some(amount) => amount,
        None => params.integer(&decimal)?.ok_or_else(|| StripeError::missing(&plain))?,
    };
    if !(0..=99_999_999).contains(&amount) {
        return Err(StripeError::invalid("parameter_invalid_integer", "Invalid amount").about(&plain));
    }
    params.word(&name("billing_scheme"), &["per_unit"])?;
    let tax = params.word(&name("tax_behavior"), &["unspecified", "inclusive", "exclusive"])?;
    let recurring = match params.has(&name("recurring")) {
        true => recurring(params, &name)?,
        false => Value::Null,
    };
    Ok(json!({
        "id": ids::lower("price_", 24),
        "object": "price",
        "active": true,
        "billing_scheme": "per_unit",
        "created": scene.seconds(),
        "currency": "eur",
        "custom_unit_amount": null,
        "livemode": false,
        "lookup_key": null,
        "metadata": {},
        "nickname": null,
        "product": product,
        "recurring": recurring,
        "tax_behavior": tax.unwrap_or("unspecified".to_owned()),
        "tiers_mode": null,
        "transform_quantity": null,
        "type": if recurring.is_null() { "one_time" } else { "recurring" },
        "unit_amount": amount,
        "unit_amount_decimal": amount.to_string(),
    }))
}

fn recurring(params: &mut Params, name: &impl Fn(&str) -> String) -> Result<Value, StripeError> {
    let interval = name("recurring[interval]");
    let interval = params
        .word(&interval, &["day", "week", "month", "year"])?
        .ok_or_else(|| StripeError::missing(&interval))?;
    let most = match interval.as_str() {
        "day" => 1_095,
        "week" => 156,
        "month" => 36,
        _ => 3,
    };
    let count = params.integer(&name("recurring[interval_count]"))?.unwrap_or(1);
    if !(1..=most).contains(&count) {
        let message = format!("Invalid interval_count: a price is billed at least every {most} {interval}s");
        return Err(StripeError::invalid("", message).about(&name("recurring[interval_count]")));
    }
    params.word(&name("recurring[usage_type]"), &["licensed"])?;
    Ok(json!({
        "interval": interval, "interval_count": count, "meter": null, "trial_period_days": null,
        "usage_type": "licensed",
    }))
}

/// A price that is made on the spot: `price_data` of a line or an item, kept but inactive.
pub fn on_the_spot(scene: &Scene<'_>, params: &mut Params, prefix: &str) -> Result<Value, StripeError> {
    let data = format!("{prefix}[product_data]");
    let product = match new_product(scene, params, &data)? {
        Some(new) => {
            book::insert(scene, &new)?;
            new
        }
        None => {
            let name = format!("{prefix}[product]");
            product::own(scene, &params.required(&name)?, &name)?
        }
    };
    let mut price = read(scene, params, prefix, text(&product, "id"))?;
    price["active"] = json!(false);
    book::insert(scene, &price)?;
    Ok(price)
}

/// A lookup key belongs to one price at a time.
fn look_up_only_one(scene: &Scene<'_>, price: &Value, takes_over: bool) -> Result<(), StripeError> {
    let Some(key) = price["lookup_key"].as_str() else { return Ok(()) };
    for mut other in book::of(scene, "price", &[("lookup_key", key)])? {
        if other["id"] == price["id"] {
            continue;
        }
        if !takes_over {
            let message = format!("A price (`{}`) already uses that lookup key.", text(&other, "id"));
            return Err(StripeError::invalid("", message).about("lookup_key"));
        }
        other["lookup_key"] = Value::Null;
        book::update(scene, &other)?;
    }
    Ok(())
}

/// `POST /v1/prices/{id}`: its words, never its amount.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let before = own(scene, &id, "id")?;
        let mut price = before.clone();
        if let Some(active) = params.flag("active")? {
            price["active"] = json!(active);
        }
        for field in ["nickname", "lookup_key"] {
            if let Some(text) = params.text(field)? {
                price[field] = json!(text);
            }
        }
        let takes_over = params.flag("transfer_lookup_key")?.unwrap_or(false);
        price["metadata"] = merged(&price["metadata"], params.metadata("metadata")?);
        params.finish()?;
        look_up_only_one(scene, &price, takes_over)?;
        book::update(scene, &price)?;
        event::emit_change(scene, "price.updated", &before, &price)?;
        Ok(price)
    })
}

/// `GET /v1/prices`, by `active`, `product`, `type`, `lookup_keys` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let (active, keys) = (params.flag("active")?, params.list("lookup_keys")?);
        let wanted = [
            ("product", params.text("product")?),
            ("type", params.word("type", &["one_time", "recurring"])?),
            ("currency", params.text("currency")?),
            ("recurring.interval", params.text("recurring[interval]")?),
        ];
        list::page_of(scene, params, "price", "/v1/prices", &wanted, |price| {
            active.is_none_or(|active| price["active"] == json!(active))
                && keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key == text(price, "lookup_key")))
        })
    })
}

/// `GET /v1/prices/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        own(scene, &id, "id")
    })
}

/// A price that must exist.
pub fn own(scene: &Scene<'_>, id: &str, param: &str) -> Result<Value, StripeError> {
    book::get(scene, "price", id, param)
}

/// The old view of a price, which items still carry.
pub fn plan(price: &Value) -> Value {
    json!({
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": "eur",
        "interval": price["recurring"]["interval"],
        "interval_count": int(&price["recurring"], "interval_count"),
        "livemode": false,
        "metadata": price["metadata"],
        "meter": null,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": null,
        "transform_usage": null,
        "trial_period_days": null,
        "usage_type": "licensed",
    })
}
