//! What people do by hand around Orange Sonatel: keys, PINs, one-time passwords and switches.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::{Refusal, Wish};
use crate::app::Shared;
use crate::sonatel::config::SonatelSettings;
use crate::sonatel::fields::is_msisdn;
use crate::sonatel::{keys, payment, wallet};

/// `GET /_control/sonatel/keys`: every key that there was, newest first.
pub async fn keys(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let keys = app.at_desk(|desk| keys::all(desk).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": keys })))
}

/// `POST /_control/sonatel/keys`: revokes the key in force and answers with a new one.
pub async fn rotate(State(app): State<Shared>) -> Result<(StatusCode, Json<Value>), Refusal> {
    let key = app.at_desk(|desk| keys::rotate(desk).map_err(Refusal::from))?;
    Ok((StatusCode::CREATED, Json(key)))
}

/// The body of `POST /_control/sonatel/pin`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinWish {
    /// The code or number of the wallet.
    wallet: String,
    /// The PIN from now on; the old one when absent.
    pin: Option<String>,
    /// Refuses the PIN with 2010 until it is changed.
    #[serde(default)]
    must_change: bool,
}

/// `POST /_control/sonatel/pin`: unblocks a wallet.
pub async fn pin(State(app): State<Shared>, Wish(wish): Wish<PinWish>) -> Result<StatusCode, Refusal> {
    let is_there = app.at_desk(|desk| {
        wallet::put_pin(desk.tx, &wish.wallet, wish.pin.as_deref(), wish.must_change).map_err(Refusal::from)
    })?;
    match is_there {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::not_found(format!("no wallet is called {}", wish.wallet))),
    }
}

/// The body of `POST /_control/sonatel/otp`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtpWish {
    msisdn: String,
}

/// `POST /_control/sonatel/otp`: what a payer reads on the phone after the USSD code.
pub async fn otp(State(app): State<Shared>, Wish(wish): Wish<OtpWish>) -> Result<Json<Value>, Refusal> {
    if !is_msisdn(&wish.msisdn) {
        return Err(Refusal::invalid(format!("{} has not nine digits", wish.msisdn)));
    }
    let otp = app.at_desk(|desk| payment::fresh_otp(desk, &wish.msisdn).map_err(Refusal::from))?;
    Ok(Json(json!({ "otp": otp })))
}

/// `GET /_control/sonatel/settings`.
pub async fn settings(State(app): State<Shared>) -> Json<SonatelSettings> {
    Json(app.sonatel.settings())
}

/// `POST /_control/sonatel/settings`: writes those that are given over the present ones.
pub async fn put_settings(
    State(app): State<Shared>,
    Wish(wish): Wish<Value>,
) -> Result<Json<SonatelSettings>, Refusal> {
    let Value::Object(changes) = wish else {
        return Err(Refusal::invalid("settings are an object"));
    };
    let invalid = |error: serde_json::Error| Refusal::invalid(error.to_string());
    let mut settings = serde_json::to_value(app.sonatel.settings()).map_err(invalid)?;
    if let Some(known) = settings.as_object_mut() {
        known.extend(changes);
    }
    let settings: SonatelSettings = serde_json::from_value(settings).map_err(invalid)?;
    if settings.refusal_status.is_some_and(|status| !(400..600).contains(&status)) {
        return Err(Refusal::invalid("refusal_status must be between 400 and 599"));
    }
    app.sonatel.put_settings(settings.clone());
    Ok(Json(settings))
}
