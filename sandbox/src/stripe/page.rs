//! Pages for people: paying by debit, sending a transfer, reading a mandate.
//!
//! No script and no outside resource.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;

use super::agree::{self, Payer};
use super::errors::StripeError;
use super::scene::{Scene, int, text};
use super::transfer::{self, Arrival};
use super::{book, checkout};
use crate::app::Shared;
use crate::html::{self, escape};
use crate::money::{major, parse};

const TEMPLATE: &str = include_str!("page.html");

type Fields = HashMap<String, String>;

/// `GET /stripe/c/{id}`: the page of a checkout session.
pub async fn session(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(act(&app, &id, |_, session| Ok(ask_payer(&session, ""))))
}

/// `POST /stripe/c/{id}/pay`, with `iban`, `name` and `email`.
pub async fn pay_session(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Form(form): Form<Fields>,
) -> Response {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let payer = Payer { iban: field("iban"), name: field("name"), email: field("email") };
    let paid = act(&app, &id, |scene, mut session| {
        agree::complete(scene, &mut session, &payer)?;
        Ok(Redirect::to(&checkout::exit(&session)).into_response())
    });
    match paid {
        Err(error) if error.status == 400 => {
            answer(act(&app, &id, |_, session| Ok(ask_payer(&session, &error.message))))
        }
        other => answer(other),
    }
}

/// `POST /stripe/c/{id}/leave`: the person walks away; the session stays open.
pub async fn leave_session(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(act(&app, &id, |_, session| Ok(Redirect::to(&checkout::exit(&session)).into_response())))
}

/// Does something with an open session; one that is over sends the browser away.
fn act(
    app: &Shared,
    id: &str,
    action: impl FnOnce(&Scene<'_>, Value) -> Result<Response, StripeError>,
) -> Result<Response, StripeError> {
    app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let session = book::get(&scene, "checkout.session", id, "session")?;
        match text(&session, "status") {
            "open" => action(&scene, session),
            _ => Ok(Redirect::to(&checkout::exit(&session)).into_response()),
        }
    })
}

fn ask_payer(session: &Value, wrong: &str) -> Response {
    let (id, items) = (escape(text(session, "id")), escape(text(session, "_items")));
    let amount = match session["amount_total"].as_i64() {
        Some(amount) => format!("{} EUR", major(amount, "EUR")),
        None => "A mandate for later".to_owned(),
    };
    let email = escape(text(session, "customer_email"));
    let form = ask_account(&amount, &items, wrong, &format!("{id}/pay"), &email);
    let leave = format!(
        "<form method=\"post\" action=\"{id}/leave\"><button class=\"other\" type=\"submit\">Leave</button></form>"
    );
    page(&format!("Pay {amount}"), &format!("{form}\n{leave}"))
}

/// The form that asks for an account to be debited; everything but `wrong` is HTML already.
pub fn ask_account(amount: &str, what: &str, wrong: &str, action: &str, email: &str) -> String {
    let wrong = match wrong {
        "" => String::new(),
        wrong => format!("<p class=\"wrong\">{}</p>", escape(wrong)),
    };
    format!(
        "<h1 class=\"amount\">{amount}</h1><p>{what}</p>{wrong}
<form method=\"post\" action=\"{action}\">
<label for=\"iban\">Your account (IBAN)</label>
<input id=\"iban\" name=\"iban\" autocomplete=\"off\" value=\"DE89370400440532013000\" required>
<label for=\"name\">Its holder</label><input id=\"name\" name=\"name\" autocomplete=\"name\" required>
<label for=\"email\">Email</label><input id=\"email\" name=\"email\" type=\"email\" value=\"{email}\" required>
<p class=\"note\">By paying you allow this business and Stripe to debit your account by SEPA Direct Debit. You may ask your bank for a refund within eight weeks.</p>
<button type=\"submit\">Pay by debit</button></form>"
    )
}

/// `GET /stripe/t/{id}`: where to send a bank transfer.
pub async fn transfer(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let intent = book::get(&scene, "payment_intent", &id, "intent")?;
        Ok(instructions(&intent))
    }))
}

fn instructions(intent: &Value) -> Response {
    let shown = &intent["next_action"]["display_bank_transfer_instructions"];
    if shown.is_null() {
        let status = escape(text(intent, "status"));
        return page("Bank transfer", &format!("<h1>Nothing to send</h1><p>This payment is {status}.</p>"));
    }
    let account = &shown["financial_addresses"][0]["iban"];
    let row = |name: &str, value: &str| format!("<dt>{name}</dt><dd>{}</dd>", escape(value));
    let missing = major(int(shown, "amount_remaining"), "EUR");
    let rows = [
        row("Account holder", text(account, "account_holder_name")),
        row("IBAN", text(account, "iban")),
        row("BIC", text(account, "bic")),
        row("Reference", text(shown, "reference")),
    ];
    let id = escape(text(intent, "id"));
    page(
        "Bank transfer",
        &format!(
            "<h1 class=\"amount\">{missing} EUR</h1><dl>{}</dl>
<form method=\"post\" action=\"{id}/pay\">
<label for=\"amount\">Let this much arrive</label>
<input id=\"amount\" name=\"amount\" inputmode=\"decimal\" value=\"{missing}\" required>
<button type=\"submit\">Send the transfer</button></form>",
            rows.concat()
        ),
    )
}

/// `POST /stripe/t/{id}/pay`, with `amount` in euros: a transfer arrives.
pub async fn pay_transfer(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Form(form): Form<Fields>,
) -> Response {
    answer(app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let intent = book::get(&scene, "payment_intent", &id, "intent")?;
        let amount = parse(form.get("amount").map_or("", |text| text.trim()), "EUR");
        let amount = amount.map_err(|error| StripeError::invalid("", error.to_string()))?;
        let reference = intent["_reference"].as_str().map(str::to_owned);
        let arrival = Arrival { amount, reference, sender: Some("A person".to_owned()) };
        transfer::arrive(&scene, text(&intent, "customer"), &arrival)?;
        Ok(instructions(&book::get(&scene, "payment_intent", &id, "intent")?))
    }))
}

/// `GET /stripe/m/{id}`: a mandate to read.
pub async fn mandate(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let mandate = book::get(&scene, "mandate", &id, "mandate")?;
        let reference = escape(text(&mandate["payment_method_details"]["sepa_debit"], "reference"));
        let status = escape(text(&mandate, "status"));
        let content =
            format!("<h1>SEPA Direct Debit mandate</h1><p>Reference {reference}</p><p>It is {status}.</p>");
        Ok(page("Mandate", &content))
    }))
}

/// A page, or what to say instead.
pub fn answer(result: Result<Response, StripeError>) -> Response {
    match result {
        Ok(page) => page,
        Err(error) if error.status == 404 => {
            (StatusCode::NOT_FOUND, page("Not found", "<h1>No such payment</h1>")).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// A page around its content.
pub fn page(title: &str, content: &str) -> Response {
    let page = TEMPLATE.replace("{title}", title).replace("{content}", content);
    html::page(page)
}
