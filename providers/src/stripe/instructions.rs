//! What a payer is told to do: where to send a transfer, or which page to open.
//!
//! Source: docs.stripe.com/payments/bank-transfers/accept-a-payment, read 2026-11.

use domain::Money;
use serde::Deserialize;
use serde_json::Value;

use super::terms::{self, lenient};
use crate::NextAction;

#[derive(Deserialize)]
struct Transfer {
    amount_remaining: i64,
    currency: String,
    reference: String,
    financial_addresses: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    #[serde(default, deserialize_with = "lenient")]
    iban: Option<Iban>,
}

#[derive(Deserialize)]
struct Iban {
    account_holder_name: String,
    #[serde(default, deserialize_with = "lenient")]
    bic: Option<String>,
    iban: String,
}

/// Reads an intent's `next_action`. Instructions that are not plain are none: nobody sends money by half of them.
pub(super) fn next_action(action: &Value, amount: Money) -> Option<NextAction> {
    match terms::text(action, "type")? {
        "display_bank_transfer_instructions" => {
            transfer(&action["display_bank_transfer_instructions"], amount)
        }
        "redirect_to_url" => redirect(&action["redirect_to_url"]),
        _ => None,
    }
}

fn transfer(instructions: &Value, amount: Money) -> Option<NextAction> {
    let transfer: Transfer = serde_json::from_value(instructions.clone()).ok()?;
    let remaining = terms::money(transfer.amount_remaining, &transfer.currency).ok()?;
    let is_part = remaining.currency() == amount.currency()
        && remaining.is_positive()
        && remaining.minor() <= amount.minor();
    let address = transfer.financial_addresses.into_iter().find_map(|address| address.iban)?;
    let is_plain = is_iban(&address.iban)
        && !address.account_holder_name.trim().is_empty()
        && !transfer.reference.trim().is_empty();
    (is_part && is_plain).then_some(NextAction::BankTransfer {
        iban: address.iban,
        bic: address.bic,
        account_holder: address.account_holder_name,
        reference: transfer.reference,
        amount: remaining,
    })
}

/// Two letters, two digits and up to thirty letters and digits. Whether the digits fit, Stripe is trusted to know.
fn is_iban(text: &str) -> bool {
    let (head, tail) = text.split_at_checked(4).unwrap_or_default();
    let (country, check) = head.split_at_checked(2).unwrap_or_default();
    country.bytes().all(|byte| byte.is_ascii_uppercase())
        && check.bytes().all(|byte| byte.is_ascii_digit())
        && (8..=30).contains(&tail.len())
        && tail.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A payer is sent to web pages only.
fn redirect(action: &Value) -> Option<NextAction> {
    let url =
        terms::text(action, "url").filter(|url| url.starts_with("https://") || url.starts_with("http://"))?;
    Some(NextAction::Redirect { url: url.to_owned(), expires_at: None })
}
