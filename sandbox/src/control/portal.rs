//! What people do by hand in Wave's portal: wallets, keys, webhooks and the webhook tester.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::pay::wallet_named;
use super::refusal::{Refusal, Wish};
use crate::app::Shared;
use crate::config::{WaveWalletConfig, WaveWebhookConfig};
use crate::courier::{self, Proof};
use crate::ids;
use crate::wave::fee::FeeStructure;
use crate::wave::merchant_book;
use crate::wave::sender;
use crate::wave::wallet::{self, Wallet};
use crate::wave::webhooks::{self, Event};

/// `GET /_control/wave/wallets`, with their keys.
pub async fn wallets(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let wallets = app.at_desk(|desk| wallet::all(desk.tx).map_err(Refusal::from))?;
    let portal: Vec<WaveWalletConfig> = wallets.into_iter().map(|Wallet { portal, .. }| portal).collect();
    Ok(Json(json!({ "data": portal })))
}

/// `POST /_control/wave/wallets`: writes a wallet over the one of that name. Its balance stays;
/// keys given are added or changed.
pub async fn put_wallet(
    State(app): State<Shared>,
    Wish(wish): Wish<WaveWalletConfig>,
) -> Result<Json<WaveWalletConfig>, Refusal> {
    app.at_desk(|desk| wallet::put(desk.tx, &wish).map_err(Refusal::from))?;
    Ok(Json(wish))
}

/// The body of `POST /_control/wave/merchants`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    wallet: String,
    id: String,
    checkout_fee: Option<FeeStructure>,
    payout_fee: Option<FeeStructure>,
    #[serde(default = "yes")]
    locked: bool,
}

fn yes() -> bool {
    true
}

/// `POST /_control/wave/merchants`: what Wave decides when it reviews an aggregated merchant.
pub async fn review(State(app): State<Shared>, Wish(wish): Wish<Review>) -> Result<Json<Value>, Refusal> {
    app.at_desk(|desk| {
        wallet_named(desk, &wish.wallet)?;
        let fees = (wish.checkout_fee, wish.payout_fee);
        merchant_book::review(desk.tx, &wish.wallet, &wish.id, fees, wish.locked)?;
        let merchant = merchant_book::find(desk.tx, &wish.wallet, &wish.id)?;
        let merchant = merchant.ok_or_else(|| Refusal::not_found("no such aggregated merchant"))?;
        Ok(Json(merchant.view()))
    })
}

/// `GET /_control/wave/webhooks`.
pub async fn webhooks(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let webhooks = app.at_desk(|desk| webhooks::all(desk.tx).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": webhooks })))
}

/// `POST /_control/wave/webhooks`: writes a webhook over the one of that wallet and name.
pub async fn put_webhook(
    State(app): State<Shared>,
    Wish(wish): Wish<WaveWebhookConfig>,
) -> Result<Json<WaveWebhookConfig>, Refusal> {
    let url = reqwest::Url::parse(&wish.url);
    if !url.is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(Refusal::invalid(format!("{} is not an http URL", wish.url)));
    }
    app.at_desk(|desk| {
        wallet_named(desk, &wish.wallet)?;
        Ok::<_, Refusal>(webhooks::put(desk.tx, &wish)?)
    })?;
    let secrets = wish.secrets_or_default();
    Ok(Json(WaveWebhookConfig { secrets, ..wish }))
}

/// Which webhooks to remove; all when nothing is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    wallet: Option<String>,
    name: Option<String>,
}

/// `DELETE /_control/wave/webhooks?wallet=&name=`.
pub async fn clear_webhooks(
    State(app): State<Shared>,
    Query(which): Query<Which>,
) -> Result<StatusCode, Refusal> {
    app.at_desk(|desk| {
        webhooks::clear(desk.tx, which.wallet.as_deref(), which.name.as_deref()).map_err(Refusal::from)
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body of `POST /_control/wave/tester`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TesterWish {
    wallet: String,
    name: Option<String>,
    #[serde(default)]
    without_data: bool,
}

/// `POST /_control/wave/tester`: the portal's webhook tester. Three requests, one after another:
/// a signed health check (an empty object), a `test.test_event`, and a badly signed event, which
/// a good receiver refuses with a 4xx.
pub async fn tester(State(app): State<Shared>, Wish(wish): Wish<TesterWish>) -> Result<Json<Value>, Refusal> {
    let webhooks = app.at_desk(|desk| {
        wallet_named(desk, &wish.wallet)?;
        Ok::<_, Refusal>(webhooks::of_wallet(desk.tx, &wish.wallet)?)
    })?;
    let name = wish.name.as_deref().unwrap_or("main");
    let webhook = webhooks.into_iter().find(|webhook| webhook.name == name);
    let webhook = webhook.ok_or_else(|| Refusal::not_found("no such webhook"))?;
    let data = (!wish.without_data).then(|| json!({}));
    let event = Event { id: ids::upper("EV_", 12), kind: "test.test_event".to_owned(), data };
    let probes = [
        ("health_check", "{}".to_owned(), Proof::Every, "2xx"),
        ("test_event", event.text(), Proof::Every, "2xx"),
        ("bad_signature", event.text(), Proof::Stranger, "4xx"),
    ];
    let mut results = Vec::new();
    for (probe, body, proof, expected) in probes {
        let letter = sender::letter(&webhook, &body, &proof, app.clock.now());
        let attempt = courier::post(&app, Method::POST, letter, &body).await;
        results.push(verdict(probe, expected, attempt.result));
    }
    Ok(Json(json!({ "data": results })))
}

fn verdict(probe: &str, expected: &str, result: Result<u16, String>) -> Value {
    let wanted = if expected == "2xx" { 200..300 } else { 400..500 };
    let passed = result.as_ref().is_ok_and(|status| wanted.contains(status));
    json!({
        "probe": probe,
        "expected": expected,
        "status": result.as_ref().ok(),
        "error": result.as_ref().err(),
        "passed": passed,
    })
}
