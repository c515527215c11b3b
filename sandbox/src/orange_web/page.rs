//! The hosted page that `payment_url` opens: a phone number, an OTP, and the ways out.
//!
//! Confirming takes any OTP of four to eight digits but `000000`, the wrong one. A payer may let
//! the payment fail, or let its transaction run for a minute. *Chosen*: a browser leaves by
//! `return_url` once the payment is confirmed and has not failed, by `cancel_url` otherwise, and
//! neither gets query parameters. No script and no outside resource.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::TimeDelta;

use super::merchant;
use super::pay::{self, Confirmation};
use super::payer;
use super::payment::{self, Payment, Status};
use crate::app::{Desk, Shared};
use crate::html::{self, escape};
use crate::money::major;
use crate::orange_oauth::OrangeError;

const TEMPLATE: &str = include_str!("page.html");
const WRONG_OTP: &str = "000000";
const WAIT: TimeDelta = TimeDelta::seconds(60);

type Fields = HashMap<String, String>;
type Shown = Result<Response, OrangeError>;

/// `GET /orange/payment/pay_token/{token}`.
pub async fn show(State(app): State<Shared>, Path(token): Path<String>) -> Response {
    act(&app, &token, |desk, payment| form(desk, &payment, "", ""))
}

/// `POST /orange/payment/pay_token/{token}/confirm`, with `phone`, `otp` and `then`: `pay`, `wait`
/// or `fail`.
pub async fn confirm(
    State(app): State<Shared>,
    Path(token): Path<String>,
    Form(given): Form<Fields>,
) -> Response {
    act(&app, &token, |desk, payment| answer_payer(desk, payment, &given))
}

/// `POST /orange/payment/pay_token/{token}/cancel`.
pub async fn cancel(State(app): State<Shared>, Path(token): Path<String>) -> Response {
    act(&app, &token, |desk, payment| Ok(leave(&pay::cancel(desk, payment)?)))
}

/// Does something with a payment that waits for its payer; any other sends the browser away.
fn act(app: &Shared, token: &str, action: impl FnOnce(&Desk<'_>, Payment) -> Shown) -> Response {
    let shown = app.at_desk(|desk| match payment::by_token(desk.tx, token)? {
        None => Ok((StatusCode::NOT_FOUND, Html("<h1>No such payment</h1>")).into_response()),
        Some(payment) if payment.status == Status::Initiated => action(desk, payment),
        Some(payment) => Ok(leave(&payment)),
    });
    shown.unwrap_or_else(IntoResponse::into_response)
}

fn answer_payer(desk: &Desk<'_>, payment: Payment, given: &Fields) -> Shown {
    let field = |name: &str| given.get(name).map(|text| text.trim()).unwrap_or_default();
    let words = Words::of(&payment.lang);
    let Some(phone) = payer::normalised(&payment.country, field("phone")) else {
        return form(desk, &payment, words.wrong_phone, field("phone"));
    };
    let otp = field("otp");
    let is_otp = (4..=8).contains(&otp.len()) && otp.bytes().all(|byte| byte.is_ascii_digit());
    if !is_otp || otp == WRONG_OTP {
        let payment = pay::mistype(desk, payment, &phone)?;
        return match payment.status {
            Status::Initiated => form(desk, &payment, words.wrong_otp, &phone),
            _ => Ok(leave(&payment)),
        };
    }
    let given = match field("then") {
        "wait" => Confirmation { wait: WAIT, ..Confirmation::by(&phone) },
        "fail" => Confirmation { failure: Some("insufficient_funds".to_owned()), ..Confirmation::by(&phone) },
        _ => Confirmation::by(&phone),
    };
    Ok(leave(&pay::confirm(desk, payment, &given)?))
}

fn leave(payment: &Payment) -> Response {
    let to = match payment.status {
        Status::Success | Status::Pending => &payment.return_url,
        _ => &payment.cancel_url,
    };
    Redirect::to(to).into_response()
}

/// What the page says in one language.
struct Words {
    title: &'static str,
    note: &'static str,
    phone: &'static str,
    otp: &'static str,
    otp_note: &'static str,
    confirm: &'static str,
    wait: &'static str,
    fail: &'static str,
    cancel: &'static str,
    wrong_phone: &'static str,
    wrong_otp: &'static str,
}

const ENGLISH: Words = Words {
    title: "Pay",
    note: "Simulated Orange Money: no money is real here.",
    phone: "Your Orange Money number",
    otp: "One-time code",
    otp_note: "Any four to eight digits; 000000 is a wrong code.",
    confirm: "Confirm",
    wait: "Confirm, and take a minute",
    fail: "Confirm, without enough money",
    cancel: "Cancel",
    wrong_phone: "This is no number of this country.",
    wrong_otp: "This code is wrong.",
};

const FRENCH: Words = Words {
    title: "Payer",
    note: "Orange Money simulé : ici, l’argent n’est pas réel.",
    phone: "Votre numéro Orange Money",
    otp: "Code à usage unique",
    otp_note: "De quatre à huit chiffres ; 000000 est un mauvais code.",
    confirm: "Confirmer",
    wait: "Confirmer, et attendre une minute",
    fail: "Confirmer, sans solde suffisant",
    cancel: "Annuler",
    wrong_phone: "Ce numéro n’est pas de ce pays.",
    wrong_otp: "Ce code est faux.",
};

impl Words {
    fn of(lang: &str) -> &'static Words {
        match lang {
            "fr" => &FRENCH,
            _ => &ENGLISH,
        }
    }
}

fn form(desk: &Desk<'_>, payment: &Payment, wrong: &str, phone: &str) -> Shown {
    let words = Words::of(&payment.lang);
    let merchant = merchant::find(desk.tx, &payment.merchant)?.map(|merchant| merchant.portal.name);
    let wrong = match wrong {
        "" => String::new(),
        wrong => format!("<p class=\"wrong\">{wrong}</p>"),
    };
    let page = TEMPLATE
        .replace("{lang}", &escape(&payment.lang))
        .replace("{title}", words.title)
        .replace("{note}", words.note)
        .replace("{phone_label}", words.phone)
        .replace("{otp_label}", words.otp)
        .replace("{otp_note}", words.otp_note)
        .replace("{confirm}", words.confirm)
        .replace("{wait}", words.wait)
        .replace("{fail}", words.fail)
        .replace("{cancel}", words.cancel)
        .replace("{wrong}", &wrong)
        .replace("{token}", &payment.pay_token)
        .replace("{amount}", &major(payment.amount, &payment.currency))
        .replace("{currency}", &escape(&payment.currency))
        .replace("{example}", payer::typical(&payment.country))
        .replace("{phone}", &escape(phone))
        .replace("{merchant}", &escape(merchant.as_deref().unwrap_or_default()))
        .replace("{reference}", &escape(&payment.reference));
    Ok(html::page(page))
}
