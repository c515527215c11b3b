//! The hosted page that `wave_launch_url` opens: what a payer without an app sees.
//!
//! Paying sends the browser to `success_url`; declining, and any page of a session that is over,
//! to the URL that fits. No script and no outside resource.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::collect::{self, Payment};
use super::errors::WaveError;
use super::session::{self, CheckoutStatus, Session};
use crate::app::{Desk, Shared};
use crate::html::{self, escape};
use crate::money::major;

const TEMPLATE: &str = include_str!("page.html");

/// `GET /wave/c/{id}`.
pub async fn show(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    answer(app.at_desk(|desk| Ok(session::find(desk.tx, &id)?.map(|session| render(desk, &session)))))
}

/// `POST /wave/c/{id}/pay`, with the payer's number in `payer`.
pub async fn pay(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let payer = form.get("payer").map(|payer| payer.trim().to_owned());
    let payment = Payment { payer: payer.filter(|payer| !payer.is_empty()), amount: None };
    act(&app, &id, |desk, session| collect::pay(desk, session, &payment))
}

/// `POST /wave/c/{id}/decline`, with one of Wave's codes in `code`.
pub async fn decline(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let code = form.get("code").map_or("payment-failure", String::as_str);
    act(&app, &id, |desk, session| collect::fail(desk, session, code))
}

fn act(
    app: &Shared,
    id: &str,
    action: impl FnOnce(&Desk<'_>, Session) -> rusqlite::Result<Session>,
) -> Response {
    answer(app.at_desk(|desk| {
        let Some(session) = session::find(desk.tx, id)? else { return Ok(None) };
        let session = match session.checkout_status {
            CheckoutStatus::Open => action(desk, session)?,
            _ => session,
        };
        Ok(Some(leave(&session)))
    }))
}

fn answer(result: Result<Option<Response>, WaveError>) -> Response {
    match result {
        Ok(Some(page)) => page,
        Ok(None) => (StatusCode::NOT_FOUND, Html("<h1>No such payment</h1>")).into_response(),
        Err(error) => error.into_response(),
    }
}

fn leave(session: &Session) -> Response {
    let to = match session.checkout_status {
        CheckoutStatus::Complete => &session.success_url,
        _ => &session.error_url,
    };
    Redirect::to(to).into_response()
}

fn render(desk: &Desk<'_>, session: &Session) -> Response {
    if session.checkout_status != CheckoutStatus::Open {
        return leave(session);
    }
    let payer = session.restrict_payer_mobile.as_deref().unwrap_or_default();
    let page = TEMPLATE
        .replace("{id}", &escape(&session.id))
        .replace("{amount}", &major(session.amount, &session.currency))
        .replace("{currency}", &escape(&session.currency))
        .replace("{payer}", &escape(payer))
        .replace("{business}", &escape(&session.business_name(desk.tx).unwrap_or_default()))
        .replace("{reference}", &escape(session.client_reference.as_deref().unwrap_or("–")));
    html::page(page)
}
