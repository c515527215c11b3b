//! Mandates: a payer's leave to debit an account, once or again and again.

use axum::extract::Path;
use serde_json::{Value, json};

use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::Params;
use super::scene::{Scene, text};
use super::{book, event};
use crate::ids;

/// Failures after which the payer's leave is gone.
const ENDING: [&str; 4] = [
    "authorization_revoked",
    "debit_not_authorized",
    "debit_authorization_not_match",
    "incorrect_account_holder_name",
];

/// `mandate_data`: how the payer agreed. Null when there is none.
pub fn read_acceptance(scene: &Scene<'_>, params: &mut Params) -> Result<Value, StripeError> {
    if !params.has("mandate_data") {
        return Ok(Value::Null);
    }
    let name = |path: &str| format!("mandate_data[customer_acceptance]{path}");
    let kind = name("[type]");
    let kind = params.word(&kind, &["online", "offline"])?.ok_or_else(|| StripeError::missing(&kind))?;
    let accepted_at = params.integer(&name("[accepted_at]"))?.unwrap_or_else(|| scene.seconds());
    if kind == "offline" {
        params.ignore(&[&name("[offline]")]);
        return Ok(json!({"accepted_at": accepted_at, "offline": {}, "type": "offline"}));
    }
    let ip = params.required(&name("[online][ip_address]"))?;
    if ip.parse::<std::net::IpAddr>().is_err() {
        let message = format!("Invalid IP address: {ip}");
        return Err(StripeError::invalid("", message).about(&name("[online][ip_address]")));
    }
    let agent = params.required(&name("[online][user_agent]"))?;
    let online = json!({"ip_address": ip, "user_agent": agent});
    Ok(json!({"accepted_at": accepted_at, "online": online, "type": "online"}))
}

/// Writes a mandate down. `single` is the amount that it is for, when it is for one payment.
pub fn grant(
    scene: &Scene<'_>,
    acceptance: &Value,
    method: &Value,
    single: Option<i64>,
    prefix: &str,
) -> rusqlite::Result<Value> {
    let reference = ids::upper(prefix, 16);
    let id = ids::lower("mandate_", 24);
    let url = format!("{}/stripe/m/{id}", scene.app.public_url());
    let mut doc = json!({
        "id": id,
        "object": "mandate",
        "customer_acceptance": acceptance,
        "livemode": false,
        "payment_method": method["id"],
        "payment_method_details": {"sepa_debit": {"reference": reference, "url": url}, "type": "sepa_debit"},
        "status": "active",
        "type": if single.is_some() { "single_use" } else { "multi_use" },
    });
    match single {
        Some(amount) => doc["single_use"] = json!({"amount": amount, "currency": "eur"}),
        None => doc["multi_use"] = json!({}),
    }
    book::insert(scene, &doc)?;
    Ok(doc)
}

/// The mandate by which a method may be debited now: the one asked for, or the newest that is
/// good for more than one payment.
pub fn in_force(
    scene: &Scene<'_>,
    method: &Value,
    wanted: Option<&str>,
) -> Result<Option<Value>, StripeError> {
    if let Some(id) = wanted {
        let mandate = book::get(scene, "mandate", id, "mandate")?;
        let fits = mandate["payment_method"] == method["id"] && text(&mandate, "status") == "active";
        return match fits && text(&mandate, "type") == "multi_use" {
            true => Ok(Some(mandate)),
            false => {
                Err(invalid("The provided mandate is invalid and can not be used for the payment intent."))
            }
        };
    }
    let found = book::of(scene, "mandate", &[("payment_method", text(method, "id"))])?;
    Ok(found.into_iter().find(|doc| text(doc, "status") == "active" && text(doc, "type") == "multi_use"))
}

/// The refusal of a mandate that is not good for this.
fn invalid(message: &str) -> StripeError {
    StripeError::state("payment_intent_mandate_invalid", message).about("mandate")
}

/// Ends a mandate, if it is still in force.
pub fn end(scene: &Scene<'_>, mandate: &Value) -> rusqlite::Result<()> {
    if text(mandate, "status") == "inactive" {
        return Ok(());
    }
    let mut ended = mandate.clone();
    ended["status"] = json!("inactive");
    book::update(scene, &ended)?;
    event::emit_change(scene, "mandate.updated", mandate, &ended)
}

/// Ends the mandate of a charge that failed in a way that says so.
pub fn end_after(scene: &Scene<'_>, charge: &Value, code: &str) -> rusqlite::Result<()> {
    if ENDING.contains(&code) {
        end_of(scene, charge)?;
    }
    Ok(())
}

/// Ends the mandate of a charge.
pub fn end_of(scene: &Scene<'_>, charge: &Value) -> rusqlite::Result<()> {
    let mandate = book::named(scene, &charge["payment_method_details"]["sepa_debit"]["mandate"])?;
    if mandate.is_null() { Ok(()) } else { end(scene, &mandate) }
}

/// `GET /v1/mandates/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, "mandate", &id, "mandate")
    })
}
