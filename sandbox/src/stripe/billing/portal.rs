//! Pages for customers: the billing portal, where a subscription can be ended, and the invoice.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::{clock, collect, life};
use crate::app::Shared;
use crate::html::escape;
use crate::ids;
use crate::money::major;
use crate::stripe::agree::Payer;
use crate::stripe::confirm::Confirmation;
use crate::stripe::errors::{Reply, StripeError};
use crate::stripe::http::Call;
use crate::stripe::page::{answer, ask_account, page as html};
use crate::stripe::scene::{Scene, instant_of, int, text};
use crate::stripe::{book, customer};

const OBJECT: &str = "billing_portal.session";

/// `POST /v1/billing_portal/sessions`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let owner = params.required("customer")?;
        let owner = customer::own(scene, &owner)?;
        let id = ids::lower("bps_", 24);
        let session = json!({
            "id": id,
            "object": OBJECT,
            "configuration": params.text("configuration")?.unwrap_or("bpc_sandbox".to_owned()),
            "created": scene.seconds(),
            "customer": owner["id"],
            "customer_account": null,
            "flow": null,
            "livemode": false,
            "locale": params.text("locale")?,
            "on_behalf_of": null,
            "return_url": params.text("return_url")?,
            "url": format!("{}/stripe/p/{id}", scene.app.public_url()),
        });
        params.finish()?;
        book::insert(scene, &session)?;
        Ok(session)
    })
}

/// `GET /stripe/p/{id}`: what the customer is subscribed to.
pub async fn page(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let session = book::get(&scene, OBJECT, &id, "session")?;
        portal(&scene, &session)
    }))
}

fn portal(scene: &Scene<'_>, session: &Value) -> Result<Response, StripeError> {
    let running = book::of(scene, "subscription", &[("customer", text(session, "customer"))])?;
    let rows: Vec<String> = running
        .iter()
        .filter(|subscription| !life::is_over(subscription))
        .map(|subscription| row(session, subscription))
        .collect();
    let rows = if rows.is_empty() { "<p>No subscription.</p>".to_owned() } else { rows.concat() };
    let back = match session["return_url"].as_str() {
        Some(url) => format!("<p><a href=\"{}\">Back</a></p>", escape(url)),
        None => String::new(),
    };
    Ok(html("Subscriptions", &format!("<h1>Subscriptions</h1>{rows}{back}")))
}

fn row(session: &Value, subscription: &Value) -> String {
    let until = instant_of(life::period(subscription).1).format("%Y-%m-%d").to_string();
    let (id, portal) = (escape(text(subscription, "id")), escape(text(session, "id")));
    let status = escape(text(subscription, "status"));
    if subscription["cancel_at_period_end"] == json!(true) {
        return format!("<p>{id} is {status} and ends on {until}.</p>");
    }
    format!(
        "<p>{id} is {status} until {until}.</p>
<form method=\"post\" action=\"{portal}/cancel/{id}\"><button class=\"other\" type=\"submit\">Cancel</button></form>"
    )
}

/// `POST /stripe/p/{id}/cancel/{subscription}`: it ends with its period.
pub async fn cancel(State(app): State<Shared>, Path((id, subscription)): Path<(String, String)>) -> Response {
    answer(app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let session = book::get(&scene, OBJECT, &id, "session")?;
        let before = book::get(&scene, "subscription", &subscription, "subscription")?;
        if before["customer"] != session["customer"] || life::is_over(&before) {
            return Err(StripeError::no_such("subscription", &subscription, "subscription"));
        }
        clock::by_customer(&scene, &session["customer"], |scene| {
            let mut after = before.clone();
            after["cancel_at_period_end"] = json!(true);
            after["cancel_at"] = json!(life::period(&before).1);
            after["canceled_at"] = json!(scene.seconds());
            after["cancellation_details"]["reason"] = json!("cancellation_requested");
            life::save(scene, &before, &after)
        })?;
        Ok(Redirect::to(&format!("/stripe/p/{id}")).into_response())
    }))
}

/// `GET /stripe/i/{id}`: an invoice to read and, while it is open, to pay.
pub async fn invoice(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        let invoice = collect::own(&scene, &id)?;
        show(&scene, &invoice, "")
    }))
}

fn show(scene: &Scene<'_>, invoice: &Value, wrong: &str) -> Result<Response, StripeError> {
    let amount = format!("{} EUR", major(int(invoice, "total"), "EUR"));
    let (id, number) = (escape(text(invoice, "id")), escape(text(invoice, "number")));
    let is_open = text(invoice, "status") == "open" && !collect::is_under_way(scene, invoice)?;
    if is_open {
        let action = format!("{id}/pay");
        let email = escape(text(invoice, "customer_email"));
        let form = ask_account(&amount, &format!("Invoice {number}"), wrong, &action, &email);
        return Ok(html(&format!("Invoice {number}"), &form));
    }
    let status = escape(text(invoice, "status"));
    let content = format!("<h1 class=\"amount\">{amount}</h1><p>Invoice {number} is {status}.</p>");
    Ok(html("Invoice", &content))
}

/// `POST /stripe/i/{id}/pay`, with `iban`, `name` and `email`: a debit is submitted.
pub async fn pay_invoice(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let payer = Payer { iban: field("iban"), name: field("name"), email: field("email") };
    let paid = app.at_desk(|desk| {
        let scene = Scene::by_itself(desk);
        pay(&scene, &id, &payer)?;
        Ok::<_, StripeError>(Redirect::to(&format!("/stripe/i/{id}")).into_response())
    });
    match paid {
        Err(error) if error.status == 400 => answer(app.at_desk(|desk| {
            let scene = Scene::by_itself(desk);
            show(&scene, &collect::own(&scene, &id)?, &error.message)
        })),
        other => answer(other),
    }
}

/// A person pays an open invoice from an account.
pub fn pay(scene: &Scene<'_>, id: &str, payer: &Payer) -> Result<(), StripeError> {
    let invoice = collect::own(scene, id)?;
    if text(&invoice, "status") != "open" {
        return Err(StripeError::state("", format!("This invoice is {}.", text(&invoice, "status"))));
    }
    clock::by_customer(scene, &invoice["customer"], |scene| {
        let wish = Confirmation::read(scene, &mut payer.form()?)?;
        collect::attempt(scene, id, &wish)
    })
}
