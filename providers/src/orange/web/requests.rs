//! Operation in, request out. Source: Web Payment developer guide, read 2026-11.

use domain::movement::MovementKind;
use domain::{Money, Reference};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::config::Checked;
use crate::orange::terms::is_plausible;
use crate::{Collect, Inquire, Operation, Request, Unsupported};

/// Longest address that Orange takes, in characters.
const LONGEST_URL: usize = 120;

#[derive(Serialize)]
struct NewPayment<'a> {
    merchant_key: &'a str,
    currency: &'a str,
    order_id: String,
    amount: i64,
    return_url: &'a str,
    cancel_url: &'a str,
    notif_url: &'a str,
    lang: &'a str,
    reference: &'a str,
}

#[derive(Serialize)]
struct Question<'a> {
    order_id: String,
    amount: i64,
    pay_token: &'a str,
}

/// The request without token.
pub(super) fn of(config: &Checked, operation: &Operation) -> Result<Request, Unsupported> {
    match operation {
        Operation::Collect(collect) => create(config, collect),
        Operation::Inquire(inquire) => ask(config, inquire),
        _ => Err(Unsupported::new("Web Payment has no such thing")),
    }
}

/// What the reference is called at Orange.
pub(super) fn order_id(reference: Reference) -> String {
    reference.base32()
}

fn create(config: &Checked, collect: &Collect) -> Result<Request, Unsupported> {
    let notif_url = collect.callback_url.as_deref();
    let body = NewPayment {
        merchant_key: config.merchant_key.expose_secret(),
        currency: config.currency(collect.amount.currency()),
        order_id: order_id(collect.reference),
        amount: whole(collect.amount)?,
        return_url: short(&collect.success_url)?,
        cancel_url: short(&collect.failure_url)?,
        notif_url: short(notif_url.ok_or_else(|| Unsupported::new("there is nowhere to notify"))?)?,
        lang: config.language.as_str(),
        reference: &config.label,
    };
    Ok(Request::post(config.url("webpayment")).json(bytes(&body)?))
}

/// Order, amount and token have to be those of the payment, all three.
fn ask(config: &Checked, inquire: &Inquire) -> Result<Request, Unsupported> {
    let token = inquire.provider_ref.as_ref().filter(|token| is_plausible(token.as_str()));
    let (MovementKind::Collection, Some(token)) = (inquire.kind, token) else {
        return Err(Unsupported::new("only a payment whose token is known can be asked about"));
    };
    let body = Question {
        order_id: order_id(inquire.reference),
        amount: whole(inquire.amount)?,
        pay_token: token.as_str(),
    };
    Ok(Request::post(config.url("transactionstatus")).json(bytes(&body)?))
}

/// The amount as an integer of major units: where a currency has decimals, only whole units can be asked for.
fn whole(amount: Money) -> Result<i64, Unsupported> {
    let refused = || Unsupported::new(format!("{amount} is not a whole number of units"));
    let unit = 10_i64.checked_pow(amount.currency().exponent()).ok_or_else(refused)?;
    match amount.minor().checked_rem(unit) {
        Some(0) => amount.minor().checked_div(unit).ok_or_else(refused),
        _ => Err(refused()),
    }
}

fn short(url: &str) -> Result<&str, Unsupported> {
    match url.len() <= LONGEST_URL {
        true => Ok(url),
        false => Err(Unsupported::new(format!(
            "an address of {} characters where Orange takes {LONGEST_URL}: public_url is too long",
            url.len()
        ))),
    }
}

fn bytes(body: &impl Serialize) -> Result<Vec<u8>, Unsupported> {
    serde_json::to_vec(body).map_err(|error| Unsupported::new(error.to_string()))
}
