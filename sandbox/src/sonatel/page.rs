//! The page behind a QR's links: what a payer sees in place of the app.
//!
//! Paying sends the browser to `callbackSuccessUrl`, leaving to `callbackCancelUrl`; without one,
//! and when the app refuses, the page says what happened. No script and no outside resource.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::errors::SonatelError;
use super::fields::is_msisdn;
use super::qr::{self, Qr};
use super::scan::{self, Payment};
use crate::app::Shared;
use crate::html::{self, escape};

const TEMPLATE: &str = include_str!("page.html");

/// `GET /sonatel/q/{id}`.
pub async fn show(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let found = app.at_desk(|desk| {
        let found = qr::find(desk.tx, &id)?;
        Ok::<_, SonatelError>(found.map(|qr| (qr.expires_at <= desk.now, qr)))
    });
    match found {
        Ok(Some((false, qr))) => render(&qr),
        Ok(Some((true, _))) => said(StatusCode::GONE, "This QR code expired."),
        Ok(None) => said(StatusCode::NOT_FOUND, "There is no such QR code."),
        Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.detail),
    }
}

/// `POST /sonatel/q/{id}/pay`, with the payer's number in `payer`.
pub async fn pay(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let payer = form.get("payer").map(|payer| payer.trim().trim_start_matches("+221"));
    let Some(payer) = payer.filter(|payer| is_msisdn(payer)) else {
        return said(StatusCode::UNPROCESSABLE_ENTITY, "A number has nine digits.");
    };
    let done = app.at_desk(|desk| {
        let qr = qr::find(desk.tx, &id)?.ok_or_else(|| SonatelError::bad("There is no such QR code"))?;
        let transaction = scan::pay(desk, &qr, &Payment { payer, amount: None, end: None })?;
        Ok::<_, SonatelError>((qr.success_url, transaction.status))
    });
    match done {
        Ok((Some(url), status)) if !status.is_final() || status.fact() == "succeeded" => {
            Redirect::to(&url).into_response()
        }
        Ok((_, status)) => said(StatusCode::OK, status.as_str()),
        Err(error) => said(StatusCode::CONFLICT, &error.detail),
    }
}

/// `POST /sonatel/q/{id}/leave`.
pub async fn leave(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let found = app.at_desk(|desk| qr::find(desk.tx, &id).map_err(SonatelError::from));
    match found.ok().flatten().and_then(|qr| qr.cancel_url) {
        Some(url) => Redirect::to(&url).into_response(),
        None => said(StatusCode::OK, "Nothing was paid."),
    }
}

fn said(status: StatusCode, text: &str) -> Response {
    let text = escape(text);
    let page =
        format!("<!doctype html>\n<html lang=\"en\"><title>Orange Money</title><p>{text}</p></html>\n");
    (status, Html(page)).into_response()
}

fn render(qr: &Qr) -> Response {
    let page = TEMPLATE
        .replace("{id}", &escape(&qr.id))
        .replace("{amount}", &qr.amount.to_string())
        .replace("{name}", &escape(&qr.name))
        .replace("{reference}", &escape(qr.reference.as_deref().unwrap_or("–")));
    html::page(page)
}
