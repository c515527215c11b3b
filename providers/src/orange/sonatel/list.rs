//! What happened to a wallet lately, by a search without a reference.
//!
//! A bare array, newest first, of all wallets of the application: what is another's is left out here. There is no
//! page but the first and no end of the time that is asked for, so what is older than the newest 500 cannot be seen.
//! Filters by type and status are not used, because Sonatel's hide what they should find.
//!
//! What always holds: one success of ours that cannot be read refuses the whole list. Fees are not told, so they are
//! zero here. A line's time is when its transaction began, which never changes.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::{LineKind, Money};
use serde_json::Value;

use super::config::{Checked, Role};
use super::search::{Progress, money, progress, text};
use crate::orange::terms;
use crate::{Page, ProviderError, Request, Response, StatementLine, StatementPage};

/// The largest page that there is.
pub(super) const MOST: usize = 500;

/// What began on this day or later. The bound that Sonatel takes is not included.
pub(super) fn request(config: &Checked, page: &Page) -> Request {
    let before = page.date.and_time(NaiveTime::MIN).and_utc() - TimeDelta::milliseconds(1);
    Request::get(config.url("/api/eWallet/v1/transactions"))
        .query("fromDateTime", before.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .query("size", MOST.to_string())
}

/// Reads the list, oldest first.
pub(super) fn read(role: &Role, response: &Response) -> Result<StatementPage, ProviderError> {
    let found: Vec<Value> = response.json()?;
    let cut_at = if found.len() >= MOST { Some(begun(found.last().unwrap_or(&Value::Null))?) } else { None };
    let ours = found.iter().rev().filter(|found| is_of(role, found));
    let lines = ours.filter_map(|found| line(role, found).transpose()).collect::<Result<_, _>>()?;
    Ok(StatementPage { lines, next: None, cut_at })
}

/// When a transaction began, whoever's it is.
fn begun(found: &Value) -> Result<DateTime<Utc>, ProviderError> {
    let at = ["createdAt", "requestDate"].iter().find_map(|key| terms::instant(text(found, key)));
    at.ok_or_else(|| ProviderError::uncertain("a line has no readable time"))
}

fn is_of(role: &Role, found: &Value) -> bool {
    let own = match role {
        Role::Merchant { code, .. } => code,
        Role::Retailer { number, .. } => number,
    };
    text(&found["partner"], "id") == Some(own)
}

/// `None`: nothing moved, or not yet.
fn line(role: &Role, found: &Value) -> Result<Option<StatementLine>, ProviderError> {
    if progress(text(found, "status").unwrap_or_default())? != Progress::Paid {
        return Ok(None);
    }
    let word = text(found, "type").unwrap_or_default();
    let amount = found.get("amount").and_then(money).filter(|amount| amount.is_positive());
    let amount = amount.ok_or_else(|| ProviderError::uncertain("a line without a usable amount"))?;
    let (kind, gross) = match (role, word) {
        (Role::Merchant { .. }, "MERCHANT_PAYMENT") => (LineKind::Collection, amount),
        (Role::Retailer { .. }, "CASHIN") => {
            let is_refund = text(&found["metadata"], "kind") == Some("refund");
            let kind = if is_refund { LineKind::Refund } else { LineKind::Disbursement };
            (kind, Money::new(-amount.minor(), amount.currency()))
        }
        // Which way it went, nobody can say.
        (_, word) => {
            return Err(ProviderError::uncertain(format!(
                "a line of the unknown type {}",
                terms::word(word)
            )));
        }
    };
    let id = text(found, "transactionId").map(terms::provider_ref).transpose()?;
    let id = id.ok_or_else(|| ProviderError::uncertain("a line without an id"))?;
    Ok(Some(StatementLine {
        id: id.0.clone(),
        at: begun(found)?,
        kind,
        word: word.to_owned(),
        gross,
        fee: Money::zero(gross.currency()),
        net: gross,
        reference: text(found, "reference").and_then(|text| text.parse().ok()),
        provider_ref: Some(id),
        is_reversal: false,
        available_at: None,
        raw: StatementLine::digest(found),
    }))
}
