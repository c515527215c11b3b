//! Response in, outcome out.
//!
//! The code decides before the status does: which status comes with which code is not documented, and
//! the same body was seen with both 4xx and 5xx. A code counts as a refusal only where it speaks of the
//! payer or payee; what speaks of us pages a person, and everything else is uncertain.

use domain::Money;
use serde::Deserialize;
use serde_json::Value;

use super::requests;
use super::search::{self, Progress, Sought};
use crate::orange::said::Said;
use crate::orange::terms;
use crate::{Balance, Collect, NextAction, Operation, Outcome, ProviderError, Response};

/// Must be changed, wrong with two tries left, wrong with one left, blocked.
pub(super) const PIN_CODES: &[&str] = &["2010", "2011", "2012", "2013"];
/// The key that the PIN was encrypted with is none any more.
pub(super) const REVOKED_KEY: &str = "4003";

/// The customer does not exist, has a wrong number, too little or too much, or may not.
const CUSTOMER: &[&str] = &["2000", "2001", "2023", "2043"];
/// The payer's side of a collection: too little, or a ceiling; or ours cannot take more.
const COLLECTION: &[&str] = &["2020", "2021", "2024", "2025"];
/// The payee's side of a cash-in. Too little, and the payer's ceiling, are our own there.
const CASH_IN: &[&str] = &["2022", "2025"];
/// Credentials, the partner's rights, our own wallet's means; a request that is wrong in itself.
const OURS: &[&str] = &["10", "2020", "2021", "2024", "2041", "2042", REVOKED_KEY, "4099"];

/// A longer picture of a code is not kept.
const LONGEST_PICTURE: usize = 200_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    qr_id: Option<String>,
    qr_code: Option<String>,
    deep_link: Option<String>,
    deep_links: Option<DeepLinks>,
    short_link: Option<String>,
    valid_for: Option<ValidFor>,
}

#[derive(Deserialize)]
struct DeepLinks {
    #[serde(rename = "MAXIT")]
    maxit: Option<String>,
    #[serde(rename = "OM")]
    orange_money: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValidFor {
    end_date_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    transaction_id: Option<String>,
    reference: Option<String>,
    status: String,
}

pub(super) fn outcome(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    if !response.is_success() {
        return refused(operation, response);
    }
    match operation {
        Operation::Collect(collect) if collect.otp.is_some() => by_code(collect, response),
        Operation::Collect(_) => created(response),
        Operation::Disburse(it) => cash_in(response, &requests::name(it.reference), it.amount),
        Operation::Refund(it) => cash_in(response, &requests::name(it.reference), it.amount),
        Operation::Inquire(inquire) => search::read(&Sought::of(inquire), response),
        Operation::Balance => balance(response),
        _ => Err(ProviderError::misconfigured("this was never asked of Sonatel")),
    }
}

/// A QR code that is shown nowhere is as good as lost; older answers lack its id.
fn created(response: &Response) -> Result<Outcome, ProviderError> {
    let created: Created = response.json()?;
    let provider_ref = created.qr_id.filter(|id| terms::is_plausible(id)).map(crate::ProviderRef);
    let links = created.deep_links.unwrap_or(DeepLinks { maxit: None, orange_money: None });
    let links = [created.deep_link, links.maxit, links.orange_money, created.short_link];
    let deep_link = links.into_iter().flatten().find(|link| terms::is_page(link));
    let payload = created.qr_code.and_then(|picture| shown(&picture)).or_else(|| deep_link.clone());
    let payload = payload.ok_or_else(|| ProviderError::uncertain("the answer shows no code to pay by"))?;
    let end = created.valid_for.and_then(|valid| valid.end_date_time);
    let expires_at = terms::instant(end.as_deref());
    let next = NextAction::Qr { payload, deep_link, expires_at };
    Ok(Outcome::Pending { provider_ref, next: Some(next), executing: false, mandate: None })
}

/// The picture as a page shows it: bare base64 in production, a data URI in older samples.
fn shown(picture: &str) -> Option<String> {
    const HEAD: &str = "data:image/png;base64,";
    let bare = picture.strip_prefix(HEAD).unwrap_or(picture);
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let is_picture = (1..=LONGEST_PICTURE).contains(&bare.len()) && bare.bytes().all(is_base64);
    is_picture.then(|| format!("{HEAD}{bare}"))
}

/// The answer names no amount, so a success is asked about before it counts.
fn by_code(collect: &Collect, response: &Response) -> Result<Outcome, ProviderError> {
    let done = Done::read(response, &requests::name(collect.reference))?;
    match search::progress(&done.status)? {
        Progress::Failed => Ok(declined(&done.status)),
        Progress::Begun | Progress::Running | Progress::Paid => Ok(Outcome::Pending {
            provider_ref: Some(done.id()?),
            next: None,
            executing: true,
            mandate: None,
        }),
    }
}

/// What the request named is what moved: the answer repeats the reference alone.
fn cash_in(response: &Response, reference: &str, amount: Money) -> Result<Outcome, ProviderError> {
    let done = Done::read(response, reference)?;
    match search::progress(&done.status)? {
        Progress::Failed => Ok(declined(&done.status)),
        Progress::Begun | Progress::Running => Ok(Outcome::pending(done.id()?, None)),
        Progress::Paid => {
            let provider_ref = done.id()?;
            let transaction = Some(provider_ref.0.clone());
            Ok(Outcome::Succeeded { provider_ref, amount, fee: None, at: None, transaction, mandate: None })
        }
    }
}

impl Done {
    fn read(response: &Response, reference: &str) -> Result<Done, ProviderError> {
        let done: Done = response.json()?;
        match done.reference.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(reference)) {
            true => Ok(done),
            false => Err(ProviderError::uncertain("the answer is about another reference")),
        }
    }

    fn id(&self) -> Result<crate::ProviderRef, ProviderError> {
        terms::provider_ref(self.transaction_id.as_deref().unwrap_or_default())
    }
}

pub(super) fn declined(status: &str) -> Outcome {
    Outcome::Declined { code: status.to_owned(), message: String::new() }
}

fn balance(response: &Response) -> Result<Outcome, ProviderError> {
    let body: Value = response.json()?;
    let held = search::money(&body).ok_or_else(|| ProviderError::uncertain("the balance is no amount"))?;
    Ok(Outcome::Balance(Balance::available(held)))
}

fn refused(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    let said = Said::read(response);
    let described = said.describe(response.status);
    let code = said.code.as_str();
    if PIN_CODES.contains(&code) {
        return Err(ProviderError::misconfigured(format!("the retailer's pin: {described}")));
    }
    let declines: &[&str] = match operation {
        Operation::Collect(_) => COLLECTION,
        Operation::Disburse(_) | Operation::Refund(_) => CASH_IN,
        _ => &[],
    };
    let is_effect = operation.kind().has_effect();
    if is_effect && (declines.contains(&code) || CUSTOMER.contains(&code)) {
        return Ok(Outcome::Declined { code: said.code, message: said.message });
    }
    match response.status {
        429 => Err(ProviderError::RateLimited { retry_after: None }),
        _ if OURS.contains(&code) => Err(ProviderError::misconfigured(described)),
        401 | 403 | 405 | 406 | 415 => Err(ProviderError::misconfigured(described)),
        _ => Err(ProviderError::uncertain(described)),
    }
}
