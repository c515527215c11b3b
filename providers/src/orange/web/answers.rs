//! Response in, outcome out.
//!
//! What counts is the answer to `transactionstatus`; the numeric `status` of a create answer is no
//! payment status. Codes decide before statuses do, because the status of many is not documented.
//! Source: Web Payment developer guide and the portal's error handling, read 2026-11.

use serde::Deserialize;
use serde_json::Value;

use super::requests;
use crate::orange::said::Said;
use crate::orange::terms::{self, word};
use crate::{Callback, Inquire, NextAction, Operation, Outcome, ProviderError, Response, Trust, Unreadable};

/// The order exists: an earlier request made it, and its page is known to nobody.
const DUPLICATE_ORDER: &str = "1204";
/// A field is missing in the body: nothing was made of it.
const MISSING_FIELD: &str = "23";

/// A created payment. `notif_token` is not read: a notification comes to a door of the movement's own.
#[derive(Deserialize)]
struct Created {
    pay_token: String,
    payment_url: String,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    order_id: Option<String>,
    txnid: Option<String>,
}

pub(super) fn outcome(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    if !response.is_success() {
        return Err(refused(operation, response));
    }
    match operation {
        Operation::Collect(_) => created(response),
        Operation::Inquire(inquire) => status(inquire, response),
        _ => Err(ProviderError::misconfigured("this was never asked of Web Payment")),
    }
}

/// Without token or page the payment can be neither asked about nor paid: it is as if the answer was lost.
fn created(response: &Response) -> Result<Outcome, ProviderError> {
    let created: Created = response.json()?;
    let provider_ref = terms::provider_ref(&created.pay_token)?;
    if !terms::is_page(&created.payment_url) {
        return Err(ProviderError::uncertain("the answer names no page to pay on"));
    }
    let next = NextAction::Redirect { url: created.payment_url, expires_at: None };
    Ok(Outcome::pending(provider_ref, Some(next)))
}

/// A word that is not documented is one of a payment that is not final yet.
fn status(inquire: &Inquire, response: &Response) -> Result<Outcome, ProviderError> {
    let said: Status = response.json()?;
    let ours = requests::order_id(inquire.reference);
    if said.order_id.as_ref().is_some_and(|order| !order.eq_ignore_ascii_case(&ours)) {
        return Err(ProviderError::uncertain("the answer is about another order"));
    }
    let Some(token) = inquire.provider_ref.clone() else {
        return Err(ProviderError::uncertain("the answer is about a payment without token"));
    };
    match said.status.as_str() {
        "SUCCESS" => Ok(Outcome::Succeeded {
            provider_ref: token,
            amount: inquire.amount,
            fee: None,
            at: None,
            transaction: said.txnid.filter(|id| terms::is_plausible(id)),
            mandate: None,
        }),
        "FAILED" => Ok(Outcome::Declined { code: "FAILED".to_owned(), message: String::new() }),
        "EXPIRED" => Ok(Outcome::Expired),
        _ => Ok(Outcome::pending(token, None)),
    }
}

fn refused(operation: &Operation, response: &Response) -> ProviderError {
    let said = Said::read(response);
    let described = said.describe(response.status);
    let is_create = matches!(operation, Operation::Collect(_));
    match response.status {
        _ if said.code == DUPLICATE_ORDER => ProviderError::uncertain("the order exists already"),
        429 => ProviderError::RateLimited { retry_after: None },
        401 | 403 | 405 | 406 | 415 => ProviderError::misconfigured(described),
        // A wrong path or a product that was not activated; asked about a payment it may be the payment that is unknown.
        404 if is_create => ProviderError::misconfigured(described),
        400 if said.code == MISSING_FIELD => ProviderError::misconfigured(described),
        _ => ProviderError::uncertain(described),
    }
}

/// Reads a notification, which proves nothing.
pub(super) fn notification(body: &[u8]) -> Result<Callback, Unreadable> {
    let said: Value = serde_json::from_slice(body)
        .map_err(|error| Unreadable { reason: format!("not a notification: {:?}", error.classify()) })?;
    let text = |key: &str| said.get(key).and_then(Value::as_str).map(word).unwrap_or_default();
    Ok(Callback {
        event_id: text("txnid"),
        kind: text("status"),
        reference: None,
        provider_ref: None,
        outcome: None,
        trust: Trust::Hint,
        amount: None,
        news: None,
    })
}
