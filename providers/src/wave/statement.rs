//! `/v1/transactions`: the statement of one UTC day, and the only proof of a refund.
//!
//! `amount` is the net effect on our wallet with the fee already taken; the session's amount is
//! gross. Source: docs.wave.com/balance-api, read 2026-11. An older statement is known that lacks
//! type, balance and reversal flag, so these are optional.

use chrono::{Days, NaiveDate};
use domain::{Currency, LineKind, Money};
use serde::Deserialize;
use serde_json::Value;

use super::config::Checked;
use super::{amount, requests, terms};
use crate::{
    Inquire, Outcome, Page, ProviderError, ProviderRef, Request, Response, StatementLine, StatementPage,
};

#[derive(Deserialize)]
struct Body {
    page_info: PageInfo,
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

#[derive(Deserialize)]
struct Item {
    timestamp: String,
    transaction_id: String,
    transaction_type: Option<String>,
    amount: String,
    fee: Option<String>,
    currency: String,
    is_reversal: Option<bool>,
    client_reference: Option<String>,
    checkout_api_session_id: Option<String>,
}

impl Item {
    fn line(self, raw: [u8; 32]) -> Result<StatementLine, ProviderError> {
        let net = amount::parse_with_code(&self.amount, &self.currency)?;
        let fee = fee(self.fee.as_deref(), net.currency())?;
        let gross = net.checked_add(fee).map_err(|error| ProviderError::uncertain(error.to_string()))?;
        let at = terms::instant(Some(&self.timestamp))
            .ok_or_else(|| ProviderError::uncertain("a statement line has no readable time"))?;
        let word = self.transaction_type.unwrap_or_default();
        let is_reversal =
            self.is_reversal == Some(true) || word.ends_with("_refund") || word.ends_with("_reversal");
        Ok(StatementLine {
            id: terms::provider_ref(&self.transaction_id)?.0,
            at,
            kind: kind(&word, is_reversal, self.checkout_api_session_id.is_some(), net),
            word,
            gross,
            fee,
            net,
            reference: self.client_reference.and_then(|text| text.parse().ok()),
            provider_ref: self.checkout_api_session_id.filter(|id| terms::is_plausible(id)).map(ProviderRef),
            is_reversal,
            available_at: None,
            raw,
        })
    }
}

/// What Wave's word means; without one, as in older statements, what a session paid or gave back is known by it.
fn kind(word: &str, is_reversal: bool, is_of_session: bool, net: Money) -> LineKind {
    let (way, undone) = match word {
        "api_checkout" | "merchant_payment" | "api_checkout_refund" | "merchant_payment_refund" => {
            (LineKind::Collection, LineKind::Refund)
        }
        "api_payout" | "bulk_payment" | "api_payout_reversal" | "bulk_payment_reversal" => {
            (LineKind::Disbursement, LineKind::Reversal)
        }
        "b2b_payment" if net.is_negative() => (LineKind::Disbursement, LineKind::Reversal),
        "b2b_payment" => (LineKind::Collection, LineKind::Refund),
        "merchant_sweep" => (LineKind::Sweep, LineKind::Reversal),
        "" if is_of_session && net.is_negative() => (LineKind::Refund, LineKind::Refund),
        "" if is_of_session => (LineKind::Collection, LineKind::Refund),
        _ => (LineKind::Other, LineKind::Reversal),
    };
    if is_reversal { undone } else { way }
}

fn fee(text: Option<&str>, currency: Currency) -> Result<Money, ProviderError> {
    text.map_or(Ok(Money::zero(currency)), |text| amount::parse(text, currency))
}

/// Reads one page. A statement with a hole is no statement: one unreadable line refuses the page.
pub(super) fn page(response: &Response) -> Result<StatementPage, ProviderError> {
    let body: Body = response.json()?;
    let next = match (body.page_info.has_next_page, body.page_info.end_cursor) {
        (false, _) => None,
        (true, Some(cursor)) if !cursor.is_empty() => Some(cursor),
        (true, _) => return Err(ProviderError::uncertain("the statement goes on but names no cursor")),
    };
    let lines = body.items.iter().map(line).collect::<Result<_, _>>()?;
    Ok(StatementPage { lines, next, cut_at: None })
}

fn line(sent: &Value) -> Result<StatementLine, ProviderError> {
    Item::deserialize(sent)
        .map_err(|error| {
            ProviderError::uncertain(format!("unreadable statement line: {:?}", error.classify()))
        })?
        .line(StatementLine::digest(sent))
}

/// Where an inquiry about a refund reads on; `None` when the line was found, nothing is left, or the page is unreadable.
pub(super) fn next(
    config: &Checked,
    inquire: &Inquire,
    request: &Request,
    response: &Response,
    today: NaiveDate,
) -> Option<Request> {
    let read = page(response).ok()?;
    let date: NaiveDate = request.query_value("date")?.parse().ok()?;
    if refund_line(inquire, &read).is_some() {
        return None;
    }
    let page = match read.next {
        Some(cursor) => Page { date, cursor: Some(cursor) },
        None if date < today => Page { date: date.checked_add_days(Days::new(1))?, cursor: None },
        None => return None,
    };
    Some(requests::transactions(config, &page))
}

/// Reads the last page of an inquiry about a refund.
pub(super) fn refund(inquire: &Inquire, response: &Response) -> Result<Outcome, ProviderError> {
    let read = page(response)?;
    let (Some(line), Some(original)) = (refund_line(inquire, &read), &inquire.original) else {
        return Ok(Outcome::NotFound);
    };
    if !is_whole(line, inquire.amount) {
        return Err(ProviderError::uncertain(format!(
            "refund differs: asked {}, the statement has {}",
            inquire.amount, line.gross
        )));
    }
    Ok(Outcome::Succeeded {
        provider_ref: original.clone(),
        amount: inquire.amount,
        fee: None,
        at: Some(line.at),
        transaction: Some(line.id.clone()),
        mandate: None,
    })
}

/// The line by which a session gave money back: typed or flagged as such, or simply negative.
fn refund_line<'p>(inquire: &Inquire, page: &'p StatementPage) -> Option<&'p StatementLine> {
    let original = inquire.original.as_ref()?;
    page.lines.iter().find(|line| {
        line.provider_ref.as_ref() == Some(original) && (line.is_reversal || line.net.is_negative())
    })
}

/// The sign and whether the fee is told apart are not documented for refunds; the value is.
fn is_whole(line: &StatementLine, amount: Money) -> bool {
    let magnitude = |money: Money| money.minor().unsigned_abs();
    let asked = magnitude(amount);
    line.net.currency() == amount.currency()
        && (asked == magnitude(line.gross)
            || asked == magnitude(line.net)
            || Some(asked) == magnitude(line.net).checked_add(magnitude(line.fee)))
}
