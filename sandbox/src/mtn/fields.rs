//! Reading the body of a creating call. Whatever is wrong is a 400 without a word.
//!
//! *Chosen*: amounts are strings without needless zeros, with no more decimals than the currency
//! has; texts have printable ASCII but for quotes and angle brackets. `&` is taken, and the
//! movement is then lost, as a client of MTN reported.

use serde_json::{Map, Value};

use super::call::uuid_v4;
use super::errors::MtnError;
use super::kind::Kind;
use crate::money;

const LONGEST: usize = 160;
/// Texts of any kind of body that people get to read.
const TEXTS: [&str; 5] = ["payerMessage", "payeeNote", "description", "senderNote", "receiverMessage"];
/// How long an invoice or a pre-approval lasts when it does not say: a day.
const DAY_S: i64 = 86_400;

/// The other side of a movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// `MSISDN`, `EMAIL` or `PARTY_CODE`.
    pub kind: String,
    /// Whatever the caller wrote.
    pub id: String,
}

/// What a body asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Minor units; 0 for what moves no money.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The caller's own name for it.
    pub external_id: Option<String>,
    /// Who pays or is paid.
    pub party: Option<Party>,
    /// What is shown again as it was said.
    pub said: Map<String, Value>,
    /// The collection that a refund gives back.
    pub refunds: Option<String>,
    /// How long it can be answered, in seconds.
    pub lasts_s: Option<i64>,
    /// Whether it is accepted and then lost.
    pub is_lost: bool,
}

/// Reads a body whose currency was found good.
pub fn read(kind: Kind, body: &Value, currency: &str) -> Result<Order, MtnError> {
    let body = body.as_object().map(|_| body).ok_or_else(MtnError::bad_request)?;
    let mut is_lost = false;
    for text in TEXTS.into_iter().map(|name| &body[name]).filter(|text| !text.is_null()) {
        let text = text.as_str().ok_or_else(MtnError::bad_request)?;
        check_text(text)?;
        is_lost |= text.contains('&');
    }
    let amount = match kind {
        Kind::PreApproval => 0,
        _ => {
            let text = kind.amount(body).as_str().ok_or_else(MtnError::bad_request)?;
            money::parse(text, currency).map_err(|_| MtnError::bad_request())?
        }
    };
    let kept = kind.kept().iter().filter(|name| !body[**name].is_null());
    Ok(Order {
        amount,
        currency: currency.to_owned(),
        external_id: optional(&body[kind.external_field()])?,
        party: party(kind, body)?,
        said: kept.map(|name| ((*name).to_owned(), body[*name].clone())).collect(),
        refunds: refunds(kind, body)?,
        lasts_s: lasts(kind, body)?,
        is_lost,
    })
}

/// Refuses a text that is too long, or has what the wallet cannot bear.
pub fn check_text(text: &str) -> Result<(), MtnError> {
    let is_bad = |byte: u8| matches!(byte, b'\'' | b'"' | b'<' | b'>') || !(b' '..=b'~').contains(&byte);
    match text.chars().count() > LONGEST || text.bytes().any(is_bad) {
        true => Err(MtnError::bad_request()),
        false => Ok(()),
    }
}

fn optional(value: &Value) -> Result<Option<String>, MtnError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(MtnError::bad_request()),
    }
}

fn party(kind: Kind, body: &Value) -> Result<Option<Party>, MtnError> {
    if !kind.needs_party() {
        return Ok(None);
    }
    let party = &body[kind.party_field()];
    let is_known = |kind: &&str| ["MSISDN", "EMAIL", "PARTY_CODE"].contains(kind);
    let kind = party["partyIdType"].as_str().filter(is_known).ok_or_else(MtnError::bad_request)?;
    let id = party["partyId"].as_str().filter(|id| !id.is_empty()).ok_or_else(MtnError::bad_request)?;
    Ok(Some(Party { kind: kind.to_owned(), id: id.to_owned() }))
}

fn refunds(kind: Kind, body: &Value) -> Result<Option<String>, MtnError> {
    match kind {
        Kind::Refund => {
            let id = body["referenceIdToRefund"].as_str().and_then(uuid_v4);
            id.map(Some).ok_or_else(MtnError::bad_request)
        }
        _ => Ok(None),
    }
}

fn lasts(kind: Kind, body: &Value) -> Result<Option<i64>, MtnError> {
    let said = match kind {
        Kind::Invoice => &body["validityDuration"],
        Kind::PreApproval => &body["validityTime"],
        _ => return Ok(None),
    };
    let seconds = match said {
        Value::Null => Some(DAY_S),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| (1..=366 * DAY_S).contains(seconds));
    seconds.map(Some).ok_or_else(MtnError::bad_request)
}
