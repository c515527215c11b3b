//! Operation in, request out.
//!
//! Every request says that it holds JSON, also those that hold nothing: without it the gateway answers
//! 415. Amounts are JSON numbers of whole francs; phones are the nine local digits.

use domain::movement::MovementKind;
use domain::{Money, Msisdn, Reference};
use http::{HeaderName, HeaderValue, header};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::config::{Checked, Role};
use super::grants::KEY;
use super::{list, pin};
use crate::orange::oauth::{self, TOKEN};
use crate::{Collect, Disburse, Grants, Inquire, Operation, Otp, Refund, Request, Unsupported};

const CALLBACK_URL: HeaderName = HeaderName::from_static("x-callback-url");
/// Senegal's prefix, which Sonatel does not want.
const PREFIX: &str = "221";

#[derive(Serialize)]
struct Amount {
    value: i64,
    unit: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewCode<'a> {
    code: &'a str,
    name: &'a str,
    amount: Amount,
    validity: u64,
    reference: String,
    callback_success_url: &'a str,
    callback_cancel_url: &'a str,
    restrictions: Restrictions,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restrictions {
    is_single_use: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Actor<'a> {
    id_type: &'static str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    otp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_pin_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewMovement<'a> {
    partner: Actor<'a>,
    customer: Actor<'a>,
    amount: Amount,
    reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    receive_notification: Option<bool>,
    metadata: Map<String, Value>,
}

/// The application's credentials travel in the body, not in a header.
pub(super) fn token(config: &Checked) -> Request {
    let fields = [
        ("client_id", config.client_id.as_str()),
        ("client_secret", config.client_secret.expose_secret()),
        ("grant_type", "client_credentials"),
    ];
    // Texts always encode.
    let body = serde_urlencoded::to_string(fields).unwrap_or_default();
    Request::post(config.url("/oauth/v1/token"))
        .header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .form(body.into_bytes())
}

pub(super) fn public_keys(config: &Checked, grants: &Grants) -> Request {
    ready(Request::get(config.url("/api/account/v1/publicKeys")), grants)
}

pub(super) fn of(config: &Checked, operation: &Operation, grants: &Grants) -> Result<Request, Unsupported> {
    let request = match operation {
        Operation::Collect(collect) => collection(config, collect)?,
        Operation::Disburse(disburse) => payout(config, disburse, grants)?,
        Operation::Refund(refund) => give_back(config, refund, grants)?,
        Operation::Inquire(inquire) => search(config, inquire)?,
        Operation::Balance => balance(config, grants)?,
        Operation::Transactions(page) => list::request(config, page),
        _ => return Err(Unsupported::new("Sonatel has no such thing")),
    };
    Ok(ready(request, grants))
}

/// What the reference is called at Sonatel.
pub(super) fn name(reference: Reference) -> String {
    reference.base32()
}

fn ready(request: Request, grants: &Grants) -> Request {
    oauth::authorised(request, grants, TOKEN)
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
}

fn collection(config: &Checked, collect: &Collect) -> Result<Request, Unsupported> {
    let Role::Merchant { code, label, validity_s, notify_url } = &config.role else {
        return Err(Unsupported::new("a retailer's wallet does not collect"));
    };
    if let Some(otp) = &collect.otp {
        return by_code(config, code, collect, otp);
    }
    let body = NewCode {
        code,
        name: label,
        amount: whole(collect.amount)?,
        validity: *validity_s,
        reference: name(collect.reference),
        callback_success_url: &collect.success_url,
        callback_cancel_url: &collect.failure_url,
        restrictions: Restrictions { is_single_use: true },
    };
    let request = Request::post(config.url("/api/eWallet/v4/qrcode")).json(bytes(&body)?);
    Ok(match notify_url {
        Some(url) => request.header(CALLBACK_URL, url.clone()),
        None => request,
    })
}

fn by_code(config: &Checked, code: &str, collect: &Collect, otp: &Otp) -> Result<Request, Unsupported> {
    let payer = collect.payer.as_ref().ok_or_else(|| Unsupported::new("a code is nobody's"))?;
    let body = NewMovement {
        partner: actor("CODE", code),
        customer: Actor { otp: Some(&otp.0), ..actor("MSISDN", local(payer)?) },
        amount: whole(collect.amount)?,
        reference: name(collect.reference),
        receive_notification: None,
        metadata: Map::new(),
    };
    Ok(Request::post(config.url("/api/eWallet/v1/payments/onestep")).json(bytes(&body)?))
}

fn payout(config: &Checked, disburse: &Disburse, grants: &Grants) -> Result<Request, Unsupported> {
    let to = disburse.payee.msisdn()?;
    cash_in(config, to, disburse.amount, disburse.reference, Map::new(), grants)
}

/// There is no refund: the payer gets a cash-in, marked as what it is.
fn give_back(config: &Checked, refund: &Refund, grants: &Grants) -> Result<Request, Unsupported> {
    let to = refund.payer.as_ref().ok_or_else(|| Unsupported::new("nobody's number to give back to"))?;
    let label = [("kind", "refund".to_owned()), ("of", name(refund.original))];
    let metadata = label.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    cash_in(config, to, refund.amount, refund.reference, metadata, grants)
}

fn cash_in(
    config: &Checked,
    to: &Msisdn,
    amount: Money,
    reference: Reference,
    metadata: Map<String, Value>,
    grants: &Grants,
) -> Result<Request, Unsupported> {
    let body = NewMovement {
        partner: retailer(config, grants)?,
        customer: actor("MSISDN", local(to)?),
        amount: whole(amount)?,
        reference: name(reference),
        receive_notification: Some(true),
        metadata,
    };
    Ok(Request::post(config.url("/api/eWallet/v1/cashins")).json(bytes(&body)?))
}

/// By reference alone: the filter by type hides what it should find.
fn search(config: &Checked, inquire: &Inquire) -> Result<Request, Unsupported> {
    use MovementKind::{Collection, Disbursement, Refund};
    match (&config.role, inquire.kind) {
        (Role::Merchant { .. }, Collection) | (Role::Retailer { .. }, Disbursement | Refund) => {
            Ok(Request::get(config.url("/api/eWallet/v1/transactions"))
                .query("reference", name(inquire.reference)))
        }
        (_, kind) => Err(Unsupported::new(format!("this wallet makes no {kind}"))),
    }
}

fn balance(config: &Checked, grants: &Grants) -> Result<Request, Unsupported> {
    let body = Actor { wallet: Some("PRINCIPAL"), ..retailer(config, grants)? };
    Ok(Request::post(config.url("/api/eWallet/v1/account/retailer/balance")).json(bytes(&body)?))
}

fn retailer<'a>(config: &'a Checked, grants: &Grants) -> Result<Actor<'a>, Unsupported> {
    let Role::Retailer { number, pin } = &config.role else {
        return Err(Unsupported::new("a merchant's wallet pays nobody"));
    };
    let sealed = pin::encrypted(pin.expose_secret(), grants.get(KEY));
    let sealed = sealed.ok_or_else(|| Unsupported::new("the pin cannot be encrypted"))?;
    Ok(Actor { encrypted_pin_code: Some(sealed), ..actor("MSISDN", number) })
}

fn actor<'a>(id_type: &'static str, id: &'a str) -> Actor<'a> {
    Actor { id_type, id, otp: None, encrypted_pin_code: None, wallet: None }
}

fn local(number: &Msisdn) -> Result<&str, Unsupported> {
    let local = number.digits().strip_prefix(PREFIX).filter(|local| local.len() == 9);
    local.ok_or_else(|| Unsupported::new("not a number of Senegal"))
}

/// Francs have no parts, so minor units are whole francs.
fn whole(amount: Money) -> Result<Amount, Unsupported> {
    match amount.currency().code() {
        "XOF" => Ok(Amount { value: amount.minor(), unit: "XOF" }),
        other => Err(Unsupported::new(format!("Sonatel moves no {other}"))),
    }
}

fn bytes(body: &impl Serialize) -> Result<Vec<u8>, Unsupported> {
    serde_json::to_vec(body).map_err(|error| Unsupported::new(error.to_string()))
}
