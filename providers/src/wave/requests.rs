//! Operation in, request out. Source: docs.wave.com/checkout, /payout, /balance-api, read 2026-11.
//!
//! The body of one operation is the same bytes for ever: Wave refuses a repeated idempotency key
//! with another body, and a signature covers the bytes that travel.

use domain::Reference;
use domain::movement::MovementKind;
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use super::config::Checked;
use super::terms::is_plausible;
use crate::{
    Collect, Disburse, Inquire, Operation, Page, ProviderRef, Request, Unsupported, VerifyRecipient,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest `payment_reason`, in characters; it is printed on the payee's receipt.
const LONGEST_REASON: usize = 40;
/// Longest `name`, in characters.
const LONGEST_NAME: usize = 255;

#[derive(Serialize)]
struct NewSession<'a> {
    amount: String,
    currency: &'a str,
    success_url: &'a str,
    error_url: &'a str,
    client_reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    restrict_payer_mobile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregated_merchant_id: Option<&'a str>,
}

#[derive(Serialize)]
struct NewPayout<'a> {
    currency: &'a str,
    receive_amount: String,
    mobile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    client_reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregated_merchant_id: Option<&'a str>,
}

#[derive(Serialize)]
struct RecipientCheck<'a> {
    mobile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    amount: String,
    currency: &'a str,
}

/// The request without key and signature.
pub(super) fn of(config: &Checked, operation: &Operation) -> Result<Request, Unsupported> {
    match operation {
        Operation::Collect(collect) => create_session(config, collect),
        Operation::Disburse(disburse) => create_payout(config, disburse),
        Operation::Refund(refund) => act(config, "checkout/sessions", &refund.original_ref, "refund"),
        Operation::Reverse(reverse) => act(config, "payout", &reverse.original_ref, "reverse"),
        Operation::Cancel(cancel) => act(config, "checkout/sessions", &cancel.provider_ref, "expire"),
        Operation::Inquire(inquire) => ask(config, inquire),
        Operation::Balance => Ok(Request::get(config.url("/v1/balance"))),
        Operation::Transactions(page) => Ok(transactions(config, page)),
        Operation::VerifyRecipient(check) => verify_recipient(config, check),
        Operation::Register(_) | Operation::Line(_) | Operation::Sweep(_) => {
            Err(Unsupported::new("Wave has no such thing"))
        }
    }
}

/// One page of the statement; the day is written out, so that midnight cannot change what is asked.
pub(super) fn transactions(config: &Checked, page: &Page) -> Request {
    let request = Request::get(config.url("/v1/transactions")).query("date", page.date.to_string());
    match &page.cursor {
        Some(cursor) => request.query("after", cursor),
        None => request,
    }
}

fn create_session(config: &Checked, collect: &Collect) -> Result<Request, Unsupported> {
    let payer = collect.payer.as_ref().filter(|_| collect.restrict_payer);
    if collect.restrict_payer && payer.is_none() {
        return Err(Unsupported::new("a payer cannot be restricted to nobody"));
    }
    let body = NewSession {
        amount: collect.amount.major(),
        currency: collect.amount.currency().code(),
        success_url: &collect.success_url,
        error_url: &collect.failure_url,
        client_reference: collect.reference.to_string(),
        restrict_payer_mobile: payer.map(|payer| payer.as_str()),
        aggregated_merchant_id: config.aggregated_merchant_id.as_deref(),
    };
    Ok(Request::post(config.url("/v1/checkout/sessions")).json(bytes(&body)?))
}

fn create_payout(config: &Checked, disburse: &Disburse) -> Result<Request, Unsupported> {
    let body = NewPayout {
        currency: disburse.amount.currency().code(),
        receive_amount: disburse.amount.major(),
        mobile: disburse.payee.msisdn()?.as_str(),
        name: shortened(disburse.name.as_deref(), LONGEST_NAME),
        client_reference: disburse.reference.to_string(),
        payment_reason: shortened(disburse.reason.as_deref(), LONGEST_REASON),
        aggregated_merchant_id: config.aggregated_merchant_id.as_deref(),
    };
    Ok(Request::post(config.url("/v1/payout"))
        .header(IDEMPOTENCY_KEY, key(disburse.reference)?)
        .json(bytes(&body)?))
}

fn verify_recipient(config: &Checked, check: &VerifyRecipient) -> Result<Request, Unsupported> {
    let body = RecipientCheck {
        mobile: check.payee.msisdn()?.as_str(),
        name: shortened(check.name.as_deref(), LONGEST_NAME),
        amount: check.amount.major(),
        currency: check.amount.currency().code(),
    };
    // The path ends in a slash.
    Ok(Request::post(config.url("/v1/verify_recipient/")).json(bytes(&body)?))
}

/// A body-less POST on something that exists; the state that it changes protects it against repetition.
fn act(config: &Checked, kind: &str, id: &ProviderRef, verb: &str) -> Result<Request, Unsupported> {
    Ok(Request::post(config.url(&format!("/v1/{kind}/{}/{verb}", segment(id)?))))
}

fn ask(config: &Checked, inquire: &Inquire) -> Result<Request, Unsupported> {
    match (inquire.kind, &inquire.provider_ref) {
        (MovementKind::Collection, Some(id)) => session(config, id),
        (MovementKind::Collection, None) => {
            Ok(search(config, "/v1/checkout/sessions/search", inquire.reference))
        }
        (MovementKind::Disbursement, Some(id)) => payout(config, id),
        (MovementKind::Disbursement, None) => Ok(search(config, "/v1/payouts/search", inquire.reference)),
        (MovementKind::Refund, _) if inquire.original.is_some() => {
            Ok(transactions(config, &Page { date: inquire.since.date_naive(), cursor: None }))
        }
        (MovementKind::Reversal, _) => match &inquire.original {
            Some(original) => payout(config, original),
            None => Err(Unsupported::new("a reversal is asked for by the payout that it undoes")),
        },
        (MovementKind::Refund, _) => {
            Err(Unsupported::new("a refund is asked for by the session that it gives back"))
        }
        (MovementKind::Treasury, _) => Err(Unsupported::new("treasury movements cannot be asked for")),
    }
}

/// A session by its own id, or by the id of the transaction that paid it (`T…`), as statements name it.
fn session(config: &Checked, id: &ProviderRef) -> Result<Request, Unsupported> {
    if id.as_str().starts_with('T') {
        return Ok(Request::get(config.url("/v1/checkout/sessions")).query("transaction_id", id.as_str()));
    }
    Ok(Request::get(config.url(&format!("/v1/checkout/sessions/{}", segment(id)?))))
}

fn payout(config: &Checked, id: &ProviderRef) -> Result<Request, Unsupported> {
    Ok(Request::get(config.url(&format!("/v1/payout/{}", segment(id)?))))
}

fn search(config: &Checked, path: &str, reference: Reference) -> Request {
    Request::get(config.url(path)).query("client_reference", reference.to_string())
}

/// An id as one segment of a path, escaped.
fn segment(id: &ProviderRef) -> Result<String, Unsupported> {
    if !is_plausible(id.as_str()) {
        return Err(Unsupported::new("the provider's id is not an id"));
    }
    Ok(id.as_str().bytes().fold(String::new(), |mut path, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
        path
    }))
}

/// At most `longest` characters; blank is the same as absent.
fn shortened(text: Option<&str>, longest: usize) -> Option<String> {
    let text: String = text?.trim().chars().take(longest).collect();
    if text.is_empty() { None } else { Some(text) }
}

fn key(reference: Reference) -> Result<HeaderValue, Unsupported> {
    HeaderValue::from_str(&reference.to_string()).map_err(|error| Unsupported::new(error.to_string()))
}

fn bytes(body: &impl Serialize) -> Result<Vec<u8>, Unsupported> {
    serde_json::to_vec(body).map_err(|error| Unsupported::new(error.to_string()))
}
