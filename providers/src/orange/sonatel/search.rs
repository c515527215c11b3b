//! What a search by reference found: how a movement stands.
//!
//! A bare array. Several attempts may share one reference, and a success among them wins. What is not
//! ours by its reference is left out here, because Sonatel's own filters hide what they should find.

use std::str::FromStr;

use domain::movement::MovementKind;
use domain::{Currency, Money};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{answers, requests};
use crate::orange::terms::{self, word};
use crate::{Inquire, Outcome, ProviderError, ProviderRef, Response};

/// What is looked for.
pub(super) struct Sought<'a> {
    inquire: &'a Inquire,
    reference: String,
}

/// What a status says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// The payer has begun; it may come to nothing.
    Begun,
    /// It is being carried out.
    Running,
    Paid,
    Failed,
}

/// Errors: a status that is not documented.
pub(super) fn progress(status: &str) -> Result<Progress, ProviderError> {
    match status {
        "PRE_INITIATED" | "INITIATED" => Ok(Progress::Begun),
        "PENDING" | "ACCEPTED" => Ok(Progress::Running),
        "SUCCESS" => Ok(Progress::Paid),
        "FAILED" | "CANCELLED" | "REJECTED" => Ok(Progress::Failed),
        other => Err(ProviderError::uncertain(format!("unknown status {}", word(other)))),
    }
}

impl Sought<'_> {
    pub fn of(inquire: &Inquire) -> Sought<'_> {
        Sought { inquire, reference: requests::name(inquire.reference) }
    }

    fn is_ours(&self, found: &Value) -> bool {
        text(found, "reference").is_some_and(|given| given.eq_ignore_ascii_case(&self.reference))
    }
}

struct Attempt<'v> {
    progress: Progress,
    status: &'v str,
    id: Option<ProviderRef>,
    found: &'v Value,
}

/// Reads what was found. One attempt of ours that cannot be read makes the whole answer uncertain, and so do two
/// successes: the second belongs to somebody.
pub(super) fn read(sought: &Sought<'_>, response: &Response) -> Result<Outcome, ProviderError> {
    let found: Vec<Value> = response.json()?;
    let ours = found.iter().filter(|found| sought.is_ours(found));
    let attempts: Vec<Attempt<'_>> = ours.map(attempt).collect::<Result<_, _>>()?;
    let of = |progress| attempts.iter().filter(move |attempt| attempt.progress == progress);
    let mut paid: Vec<_> = of(Progress::Paid).collect();
    paid.dedup_by(|one, other| one.id.is_some() && one.id == other.id);
    match paid.as_slice() {
        [] => Ok(unpaid(sought.inquire, &attempts)),
        [success] => succeeded(sought.inquire, success),
        several => Err(ProviderError::uncertain(format!("{} successes carry one reference", several.len()))),
    }
}

fn attempt(found: &Value) -> Result<Attempt<'_>, ProviderError> {
    let status = text(found, "status").unwrap_or_default();
    let id = text(found, "transactionId").map(terms::provider_ref).transpose()?;
    Ok(Attempt { progress: progress(status)?, status, id, found })
}

fn succeeded(inquire: &Inquire, success: &Attempt<'_>) -> Result<Outcome, ProviderError> {
    let amount = success.found.get("amount").and_then(money);
    let amount = amount.ok_or_else(|| ProviderError::uncertain("a success without a usable amount"))?;
    if amount != inquire.amount {
        let asked = inquire.amount;
        return Err(ProviderError::uncertain(format!("amount differs: asked {asked}, answered {amount}")));
    }
    let provider_ref = success.id.clone();
    let provider_ref = provider_ref.ok_or_else(|| ProviderError::uncertain("a success without an id"))?;
    let at = ["updatedAt", "createdAt"].iter().find_map(|key| terms::instant(text(success.found, key)));
    let transaction = Some(provider_ref.0.clone());
    Ok(Outcome::Succeeded { provider_ref, amount, fee: None, at, transaction, mandate: None })
}

/// Under way, refused, or not there. The name of a QR code is kept: an attempt at paying it is not the code itself.
fn unpaid(inquire: &Inquire, attempts: &[Attempt<'_>]) -> Outcome {
    let is_collection = inquire.kind == MovementKind::Collection;
    let open = |attempt: &&Attempt<'_>| attempt.progress != Progress::Failed;
    if let Some(open) = attempts.iter().find(open) {
        let executing = is_collection && open.progress == Progress::Running;
        let provider_ref = open.id.clone().filter(|_| !is_collection);
        return Outcome::Pending { provider_ref, next: None, executing, mandate: None };
    }
    // By a one-time code there is one attempt, and its name is the collection's.
    let is_final =
        |attempt: &&Attempt<'_>| !is_collection || attempt.id.is_some() && attempt.id == inquire.provider_ref;
    match attempts.iter().rev().find(is_final) {
        Some(failed) => answers::declined(failed.status),
        // A code that was tried in vain can be tried again while it lives: it is not paid yet.
        None => Outcome::NotFound,
    }
}

/// `{"value": 1500.0, "unit": "XOF"}`: a number that may be written with a point, and is whole nevertheless.
pub(super) fn money(amount: &Value) -> Option<Money> {
    let currency = Currency::parse(text(amount, "unit")?).ok()?;
    let written = amount.get("value").filter(|value| value.is_number())?.to_string();
    let exact = Decimal::from_str(&written).ok()?.normalize();
    Money::parse(&exact.to_string(), currency).ok()
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}
