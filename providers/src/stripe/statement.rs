//! Balance transactions: the statement, and the only place where fees are told.
//!
//! `amount` is gross and signed as seen from us, `net = amount - fee`. What a refund or a failed payout
//! undoes comes as a line of its own; fees stay where they were charged. Pages come newest first.
//! Source: docs.stripe.com/api/balance_transactions and /reports/balance-transaction-types, read 2026-11.

use domain::{LineKind, Money};
use serde::Deserialize;
use serde_json::Value;

use super::found::Page;
use super::terms::{self, lenient};
use crate::{ProviderError, ProviderRef, Response, StatementLine, StatementPage};

/// Types of lines that undo another one, or take something back.
const REVERSALS: &[&str] = &[
    "adjustment",
    "payment_failure_refund",
    "payment_refund",
    "payment_reversal",
    "payout_cancel",
    "payout_failure",
    "refund",
    "refund_failure",
];

#[derive(Deserialize)]
struct Item {
    id: String,
    amount: i64,
    fee: i64,
    net: i64,
    currency: String,
    created: i64,
    #[serde(default)]
    available_on: Option<i64>,
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<String>,
    #[serde(default)]
    source: Value,
}

impl Item {
    fn line(self, raw: [u8; 32]) -> Result<StatementLine, ProviderError> {
        let money = |minor| terms::money(minor, &self.currency);
        let (gross, fee, net) = (money(self.amount)?, money(self.fee)?, money(self.net)?);
        if gross.checked_sub(fee).ok() != Some(net) {
            return Err(ProviderError::uncertain("a statement line does not add up"));
        }
        let at = terms::instant(Some(self.created))
            .ok_or_else(|| ProviderError::uncertain("a statement line has no readable time"))?;
        let word = self.kind.unwrap_or_default();
        Ok(StatementLine {
            id: terms::provider_ref(&self.id)?.0,
            at,
            gross,
            fee,
            net,
            reference: terms::reference_in(&self.source["metadata"]),
            provider_ref: movement_of(&self.source),
            is_reversal: REVERSALS.contains(&word.as_str()),
            kind: kind(&word),
            word,
            available_at: terms::instant(self.available_on),
            raw,
        })
    }
}

/// What Stripe's type means for a wallet like ours.
fn kind(word: &str) -> LineKind {
    match word {
        "charge" | "payment" => LineKind::Collection,
        "payment_refund" | "refund" => LineKind::Refund,
        "payout" => LineKind::Sweep,
        "topup" => LineKind::TopUp,
        "network_cost" | "stripe_fee" | "stripe_fx_fee" | "tax_fee" => LineKind::Fee,
        word if REVERSALS.contains(&word) || word == "topup_reversal" => LineKind::Reversal,
        _ => LineKind::Other,
    }
}

/// The movement's name: a charge's or dispute's is its intent, everything else is its own. A source that is
/// only named gives that name, as in `transaction` of [`crate::Outcome::Succeeded`].
fn movement_of(source: &Value) -> Option<ProviderRef> {
    let of_intent = matches!(terms::text(source, "object"), Some("charge" | "dispute"));
    let intent = terms::id_of(&source["payment_intent"]).filter(|_| of_intent);
    intent.or_else(|| terms::id_of(source))
}

/// Reads one page. A statement with a hole is no statement: one unreadable line refuses the page.
pub(super) fn page(response: &Response) -> Result<StatementPage, ProviderError> {
    let page = Page::read(response)?;
    let next = page.next()?;
    let lines = page.data.into_iter().rev().map(line).collect::<Result<_, _>>()?;
    Ok(StatementPage { lines, next, cut_at: None })
}

fn line(item: Value) -> Result<StatementLine, ProviderError> {
    let raw = StatementLine::digest(&item);
    serde_json::from_value::<Item>(item)
        .map_err(|error| {
            ProviderError::uncertain(format!("unreadable statement line: {:?}", error.classify()))
        })?
        .line(raw)
}

/// Reads the lines of one charge or refund, all of which are worth `amount`, one way or the other.
pub(super) fn of(response: &Response, amount: Money) -> Result<StatementPage, ProviderError> {
    let read = page(response)?;
    let is_of = |line: &StatementLine| {
        line.gross.currency() == amount.currency()
            && line.gross.minor().unsigned_abs() == amount.minor().unsigned_abs()
    };
    match read.lines.iter().find(|line| !is_of(line)) {
        None => Ok(read),
        Some(line) => Err(ProviderError::uncertain(format!(
            "amount differs: asked {amount}, the statement has {}",
            line.gross
        ))),
    }
}
