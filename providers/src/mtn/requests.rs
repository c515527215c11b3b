//! Operation in, request out. Source: portal pages on request to pay, transfer, deposit and refund, read 2026-11.
//!
//! The body of one operation is the same bytes for ever, though MTN does not compare them. Its firewall and its gateway
//! are particular about letters, so texts are plain; numbers are digits without a plus.

use domain::movement::MovementKind;
use domain::{Msisdn, Reference};
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use super::config::{Checked, MtnCallback, MtnPayBy, Product};
use super::{texts, tokens};
use crate::{Collect, Disburse, Grants, Inquire, Operation, Refund, Request, Unsupported, bearer};

pub(super) const SUBSCRIPTION_KEY: HeaderName = HeaderName::from_static("ocp-apim-subscription-key");
const TARGET_ENVIRONMENT: HeaderName = HeaderName::from_static("x-target-environment");
const REFERENCE_ID: HeaderName = HeaderName::from_static("x-reference-id");
const CALLBACK_URL: HeaderName = HeaderName::from_static("x-callback-url");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Party<'a> {
    party_id_type: &'a str,
    party_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewMovement<'a> {
    amount: String,
    currency: &'a str,
    external_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<Party<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payee: Option<Party<'a>>,
    payer_message: String,
    payee_note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id_to_refund: Option<String>,
}

/// The request with all its headers.
pub(super) fn of(config: &Checked, operation: &Operation, grants: &Grants) -> Result<Request, Unsupported> {
    let product = tokens::product(config, operation);
    let keys = config.keys(product).ok_or_else(|| Unsupported::new("this product has no credentials"))?;
    Ok(bearer::authorised(bare(config, operation, product)?, grants, product.need())
        .header(SUBSCRIPTION_KEY, keys.subscription_key.clone())
        .header(TARGET_ENVIRONMENT, config.target_environment.clone()))
}

fn bare(config: &Checked, operation: &Operation, product: Product) -> Result<Request, Unsupported> {
    match operation {
        Operation::Collect(collect) => request_to_pay(config, collect),
        Operation::Disburse(disburse) => pay(config, disburse),
        Operation::Refund(refund) => give_back(config, refund),
        Operation::Inquire(inquire) => ask(config, inquire, product),
        Operation::Balance => Ok(Request::get(config.url(product, "v1_0/account/balance"))),
        _ => Err(Unsupported::new("MTN has no such thing")),
    }
}

fn request_to_pay(config: &Checked, collect: &Collect) -> Result<Request, Unsupported> {
    let payer = collect.payer.as_ref().ok_or_else(|| Unsupported::new("MTN asks a payer whom we name"))?;
    let body = NewMovement { payer: Some(party(config, payer)?), ..new(config, operation_of(collect)) };
    let url = config.url(Product::Collection, "v1_0/requesttopay");
    create(config, url, collect.reference, collect.callback_url.as_deref(), &body)
}

fn pay(config: &Checked, disburse: &Disburse) -> Result<Request, Unsupported> {
    let note = disburse.reason.as_deref();
    let terms = (disburse.reference, disburse.amount, note);
    let body = NewMovement { payee: Some(party(config, disburse.payee.msisdn()?)?), ..new(config, terms) };
    let path = format!("{}/{}", version(config, payment(config.pay_by)), payment(config.pay_by));
    let url = config.url(config.pay_by.product(), &path);
    create(config, url, disburse.reference, disburse.callback_url.as_deref(), &body)
}

/// A refund names no party: MTN knows whose collection it was.
fn give_back(config: &Checked, refund: &Refund) -> Result<Request, Unsupported> {
    let original = Some(refund.original.to_string());
    let terms = (refund.reference, refund.amount, None);
    let body = NewMovement { reference_id_to_refund: original, ..new(config, terms) };
    let url = config.url(Product::Disbursement, &format!("{}/refund", version(config, "refund")));
    create(config, url, refund.reference, refund.callback_url.as_deref(), &body)
}

fn ask(config: &Checked, inquire: &Inquire, product: Product) -> Result<Request, Unsupported> {
    let resource = match inquire.kind {
        MovementKind::Collection => "requesttopay",
        MovementKind::Disbursement => payment(config.pay_by),
        MovementKind::Refund => "refund",
        MovementKind::Reversal | MovementKind::Treasury => {
            return Err(Unsupported::new("MTN reverses nothing and sweeps nothing"));
        }
    };
    Ok(Request::get(config.url(product, &format!("v1_0/{resource}/{}", inquire.reference))))
}

/// What pays, in both its path and that of its status.
const fn payment(pay_by: MtnPayBy) -> &'static str {
    match pay_by {
        MtnPayBy::Transfer | MtnPayBy::Remittance => "transfer",
        MtnPayBy::Deposit => "deposit",
    }
}

/// Version 2 differs by the verb of its callbacks; there is no version 2 of a transfer.
fn version(config: &Checked, resource: &str) -> &'static str {
    match (config.callback, resource) {
        (MtnCallback::V2, "deposit" | "refund") => "v2_0",
        _ => "v1_0",
    }
}

fn operation_of(collect: &Collect) -> (Reference, domain::Money, Option<&str>) {
    (collect.reference, collect.amount, None)
}

/// What every creation has. The text is for two phones' messages, so it never names a person.
fn new<'a>(
    config: &Checked,
    (reference, amount, note): (Reference, domain::Money, Option<&str>),
) -> NewMovement<'a> {
    let text = note.and_then(texts::plain).unwrap_or_else(|| reference.to_string());
    NewMovement {
        amount: amount.major(),
        currency: config.wire_currency.code(),
        external_id: reference.to_string(),
        payer: None,
        payee: None,
        payer_message: text.clone(),
        payee_note: text,
        reference_id_to_refund: None,
    }
}

/// Numbers of another country are taken with 202 and fail later, so they are not sent.
fn party<'a>(config: &Checked, msisdn: &'a Msisdn) -> Result<Party<'a>, Unsupported> {
    if msisdn.country() != Some(config.country) {
        return Err(Unsupported::new(format!("the number is not of {}", config.country)));
    }
    Ok(Party { party_id_type: "MSISDN", party_id: msisdn.digits() })
}

fn create(
    config: &Checked,
    url: String,
    reference: Reference,
    callback_url: Option<&str>,
    body: &NewMovement<'_>,
) -> Result<Request, Unsupported> {
    if reference.uuid().get_version_num() != 4 {
        return Err(Unsupported::new("MTN takes references of version 4 only"));
    }
    let reference = header_value(&reference.to_string())?;
    let bytes = serde_json::to_vec(body).map_err(|error| Unsupported::new(error.to_string()))?;
    let request = Request::post(url).header(REFERENCE_ID, reference).json(bytes);
    match callback_url.filter(|_| config.callback != MtnCallback::Off) {
        Some(url) => Ok(request.header(CALLBACK_URL, header_value(url)?)),
        None => Ok(request),
    }
}

fn header_value(text: &str) -> Result<HeaderValue, Unsupported> {
    HeaderValue::from_str(text).map_err(|error| Unsupported::new(error.to_string()))
}
