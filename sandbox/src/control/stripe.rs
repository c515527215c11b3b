//! Payers, banks and the clock at work on the Stripe account.

use axum::Json;
use axum::extract::State;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ForgeWish;
use super::pay::{Outcome, amount};
use super::refusal::{Refusal, Wish};
use crate::app::Shared;
use crate::clock::Instant;
use crate::money::major;
use crate::stripe::agree::{self, Payer};
use crate::stripe::billing::{collect, portal};
use crate::stripe::book::{self, Due};
use crate::stripe::dispute;
use crate::stripe::errors::StripeError;
use crate::stripe::scene::{Scene, int, text};
use crate::stripe::transfer::{self, Arrival};
use crate::stripe::{balance, debit, endpoint, event, payout, record, refund, view};

impl From<StripeError> for Refusal {
    fn from(error: StripeError) -> Refusal {
        match error.status {
            404 => Refusal::not_found(error.message),
            409 => Refusal::conflict(error.message),
            _ => Refusal::invalid(error.message),
        }
    }
}

/// The body of `POST /_control/stripe/pay`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayWish {
    reference: String,
    amount: Option<String>,
    #[serde(default)]
    outcome: Outcome,
    code: Option<String>,
    /// The account of whoever pays a checkout session.
    iban: Option<String>,
    /// What a transfer carries in place of the right reference; empty carries none.
    bank_reference: Option<String>,
    /// Whether the sender's bank hides whose money a transfer is.
    #[serde(default)]
    anonymous: bool,
}

/// `POST /_control/stripe/pay`: a transfer arrives; a debit, refund or payout ends now; a checkout
/// session is completed.
pub async fn pay(State(app): State<Shared>, Wish(wish): Wish<PayWish>) -> Result<Json<Value>, Refusal> {
    let view = app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let doc = find(&scene, &wish.reference)?;
        if wish.outcome != Outcome::Abandon {
            act(&scene, &doc, &wish)?;
        }
        let doc = book::find(scene.tx, text(&doc, "id"))?.unwrap_or_default();
        Ok::<_, Refusal>(view::shown(&scene, &doc))
    })?;
    Ok(Json(view))
}

const PAYABLE: [&str; 6] =
    ["payment_intent", "refund", "payout", "checkout.session", "invoice", "subscription"];

/// By the id, else the newest object of that reference that is still open, else the newest.
fn find(scene: &Scene<'_>, reference: &str) -> Result<Value, Refusal> {
    if let Some(doc) = book::find(scene.tx, reference)? {
        return Ok(doc);
    }
    let mut found = book::by_reference(scene, reference)?;
    found.retain(|doc| PAYABLE.contains(&text(doc, "object")));
    let is_open = |doc: &Value| {
        let status = text(doc, "status");
        matches!(status, "open" | "pending" | "in_transit" | "processing") || status.starts_with("requires_")
    };
    let index = found.iter().position(is_open).unwrap_or(0);
    match found.is_empty() {
        false => Ok(found.swap_remove(index)),
        true => Err(Refusal::not_found(format!("nothing has the id or reference {reference}"))),
    }
}

fn act(scene: &Scene<'_>, doc: &Value, wish: &PayWish) -> Result<(), Refusal> {
    let (id, pays) = (text(doc, "id"), wish.outcome == Outcome::Pay);
    let code = wish.code.as_deref();
    if wish.amount.is_some() && text(doc, "object") != "payment_intent" {
        return Err(Refusal::invalid("only a bank transfer has an amount of its own"));
    }
    match text(doc, "object") {
        "payment_intent" => pay_intent(scene, doc, wish),
        "charge" => pay_intent(scene, &book::named(scene, &doc["payment_intent"])?, wish),
        "refund" if pays => Ok(refund::succeed(scene, id)?),
        "refund" => Ok(refund::fail(scene, id, code.unwrap_or("declined"))?),
        "payout" if pays => Ok(payout::pay(scene, id)?),
        "payout" => Ok(payout::fail(scene, id, code.unwrap_or("could_not_process"))?),
        "checkout.session" => pay_session(scene, doc, wish),
        "invoice" => pay_invoice(scene, doc, wish),
        "subscription" => pay_invoice(scene, &book::named(scene, &doc["latest_invoice"])?, wish),
        other => Err(Refusal::conflict(format!("nobody can pay a {other}"))),
    }
}

fn pay_intent(scene: &Scene<'_>, intent: &Value, wish: &PayWish) -> Result<(), Refusal> {
    let method = book::named(scene, &intent["payment_method"])?;
    let status = text(intent, "status");
    if text(&method, "type") == "customer_balance" {
        return send_transfer(scene, intent, wish);
    }
    if wish.amount.is_some() {
        return Err(Refusal::invalid("a debit takes what it is for, no other amount"));
    }
    if status != "processing" {
        return Err(Refusal::conflict(format!("payment intent {} is {status}", text(intent, "id"))));
    }
    let charge = text(intent, "latest_charge");
    match wish.outcome {
        Outcome::Pay => Ok(debit::succeed(scene, charge)?),
        _ => Ok(debit::fail(scene, charge, Some(wish.code.as_deref().unwrap_or("insufficient_funds")))?),
    }
}

/// Money arrives whatever became of the intent; what it does then is for reconciliation.
fn send_transfer(scene: &Scene<'_>, intent: &Value, wish: &PayWish) -> Result<(), Refusal> {
    if wish.outcome == Outcome::Decline {
        return Err(Refusal::conflict("a bank transfer arrives or does not; nobody declines it"));
    }
    let missing = match text(intent, "status") {
        "succeeded" => 0,
        _ => transfer::missing(intent),
    };
    let amount = match &wish.amount {
        Some(text) => amount(text, "EUR")?,
        None if missing > 0 => missing,
        None => return Err(Refusal::conflict("nothing is missing; say how much arrives")),
    };
    let reference = wish.bank_reference.clone().or(intent["_reference"].as_str().map(str::to_owned));
    let sender = (!wish.anonymous).then(|| "Jenny Rosen".to_owned());
    let arrival = Arrival { amount, reference: reference.filter(|text| !text.is_empty()), sender };
    transfer::arrive(scene, text(intent, "customer"), &arrival)?;
    Ok(())
}

fn pay_session(scene: &Scene<'_>, session: &Value, wish: &PayWish) -> Result<(), Refusal> {
    if text(session, "status") != "open" {
        return Err(Refusal::conflict(format!("the session is {}", text(session, "status"))));
    }
    let payer = payer(&session["customer_email"], wish);
    let mut session = session.clone();
    agree::complete(scene, &mut session, &payer)?;
    let invoice = book::named(scene, &session["invoice"])?;
    let intent = [&session["payment_intent"], &invoice["_intent"]].into_iter().find(|id| id.is_string());
    decline_now(scene, intent.unwrap_or(&Value::Null), wish)
}

/// The debit of an invoice ends now; one that nobody began is begun by a person.
fn pay_invoice(scene: &Scene<'_>, invoice: &Value, wish: &PayWish) -> Result<(), Refusal> {
    if collect::is_under_way(scene, invoice)? {
        return pay_intent(scene, &book::named(scene, &invoice["_intent"])?, wish);
    }
    portal::pay(scene, text(invoice, "id"), &payer(&invoice["customer_email"], wish))?;
    decline_now(scene, &invoice["_intent"], wish)
}

fn payer(email: &Value, wish: &PayWish) -> Payer {
    let usual = match wish.outcome {
        Outcome::Decline => "DE62370400440532013001",
        _ => "DE89370400440532013000",
    };
    Payer {
        iban: wish.iban.clone().unwrap_or(usual.to_owned()),
        name: "Jenny Rosen".to_owned(),
        email: email.as_str().unwrap_or("jenny.rosen@example.com").to_owned(),
    }
}

/// A debit that was just begun fails at once when it is said why.
fn decline_now(scene: &Scene<'_>, intent: &Value, wish: &PayWish) -> Result<(), Refusal> {
    if let (Outcome::Decline, Some(code)) = (wish.outcome, &wish.code) {
        let intent = book::named(scene, intent)?;
        debit::fail(scene, text(&intent, "latest_charge"), Some(code))?;
    }
    Ok(())
}

/// The body of `POST /_control/stripe/disputes`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisputeWish {
    reference: String,
    reason: Option<String>,
    status: Option<String>,
    /// When it opens; now when absent.
    when: Option<Instant>,
    /// How long it lasts; a day when absent.
    closes_after_seconds: Option<u32>,
    #[serde(default)]
    won: bool,
}

/// `POST /_control/stripe/disputes`: the payer's bank takes a debit back, now or later.
pub async fn dispute(
    State(app): State<Shared>,
    Wish(wish): Wish<DisputeWish>,
) -> Result<Json<Value>, Refusal> {
    let usual = dispute::Wish::default();
    let how = dispute::Wish {
        reason: wish.reason.clone().unwrap_or(usual.reason),
        status: wish.status.clone().unwrap_or(usual.status),
        lasts: wish.closes_after_seconds.map_or(usual.lasts, |seconds| TimeDelta::seconds(seconds.into())),
        is_won: wish.won,
    };
    if !how.is_known() {
        return Err(Refusal::invalid("no dispute has that reason or opens with that status"));
    }
    let view = app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let doc = find(&scene, &wish.reference)?;
        let charge = match text(&doc, "object") {
            "charge" => doc,
            _ => book::named(&scene, &doc["latest_charge"])?,
        };
        if text(&charge["payment_method_details"], "type") != "sepa_debit" {
            return Err(Refusal::conflict("only a debit can be disputed"));
        }
        if let Some(when) = wish.when.filter(|when| *when > desk.now) {
            book::plan(&scene, when, Due::DisputeOpens, text(&charge, "id"))?;
            return Ok(json!({"charge": charge["id"], "when": when}));
        }
        match dispute::open(&scene, text(&charge, "id"), &how)? {
            Some(dispute) => Ok(view::shown(&scene, &dispute)),
            None => Err(Refusal::conflict("the debit is not paid, or disputed already")),
        }
    })?;
    Ok(Json(view))
}

/// `GET /_control/stripe/operations`: append-only, oldest first, in major units.
pub async fn operations(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let operations = app.at_desk(|desk| record::all(desk.tx).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": operations })))
}

/// `GET /_control/stripe/balance`: what is available and pending, and both together.
pub async fn balance(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let (available, pending) =
        app.at_desk(|desk| balance::amounts(&Scene::by_itself(desk)).map_err(Refusal::from))?;
    let row = |minor: i64| json!({"amount": major(minor, "EUR"), "currency": "EUR"});
    let data = json!([{
        "wallet": "main", "amount": major(available, "EUR"), "pending": major(pending, "EUR"), "currency": "EUR",
    }]);
    Ok(Json(json!({"data": data, "total": [row(available + pending)]})))
}

/// `POST /_control/stripe/forge`: tells every endpoint that an intent succeeded, though it did not.
pub async fn forge(State(app): State<Shared>, Wish(wish): Wish<ForgeWish>) -> Result<Json<Value>, Refusal> {
    let sent = app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let mut intent = find(&scene, &wish.reference)?;
        intent["status"] = json!("succeeded");
        intent["amount_received"] = json!(int(&intent, "amount"));
        let event = event::of(&scene, "payment_intent.succeeded", &intent, None)?;
        let endpoints = endpoint::all(scene.tx)?;
        for endpoint in &endpoints {
            event::forge(&scene, &endpoint.portal, &event, wish.variant)?;
        }
        Ok::<_, Refusal>(endpoints.len())
    })?;
    Ok(Json(json!({ "sent": sent })))
}
