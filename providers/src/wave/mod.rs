//! Wave Business API: checkout, payout, refund, reversal, recipient check, balance, statement, webhooks.
//!
//! Source: docs.wave.com (business, checkout, payout, balance-api, webhook, aggregated-merchants), read 2026-11. Wave has
//! no sandbox, so nothing here was ever compared with an answer that we received ourselves.
//!
//! What always holds: one key drives one wallet of one country and currency; `client_reference` is
//! the movement's reference in its hyphenated form; a collection is paid when its session is
//! `complete` *and* `succeeded` with our amount, currency and reference; a word that we do not know is
//! uncertain. Payouts, refunds and expiry are announced by nobody: they have to be asked for.
//!
//! Deliberately absent: batches and business-to-business payouts, which nothing of ours uses; making
//! aggregated merchants, which is done once, by hand; computed fees, which Wave alone knows.

mod amount;
mod checkout;
mod config;
mod payout;
mod recipient;
mod refusal;
mod requests;
mod signature;
mod statement;
mod terms;
mod webhook;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use http::HeaderMap;

pub use config::{WaveConfig, WaveConfigError, WebhookAuth};

use crate::{
    Balance, Callback, Capabilities, Grants, Inquire, Operation, Outcome, ProviderError, ProviderRef,
    Request, Response, Trust, Unauthentic, Unreadable, Unsupported, Verified, Wire,
};
use terms::Terms;

/// One Wave wallet.
pub struct Wave {
    config: config::Checked,
    capabilities: Capabilities,
}

impl Wave {
    /// Errors: a base URL, key or secret that cannot be used.
    pub fn new(config: WaveConfig) -> Result<Wave, WaveConfigError> {
        let capabilities = config.capabilities();
        Ok(Wave { config: config.check()?, capabilities })
    }

    fn accepted(&self, operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
        match operation {
            Operation::Collect(collect) => {
                checkout::one(response, &Terms::of(collect.reference, collect.amount))
            }
            Operation::Disburse(disburse) => {
                payout::one(response, &Terms::of(disburse.reference, disburse.amount))
            }
            Operation::Refund(refund) => done(response, &refund.original_ref, refund.amount),
            Operation::Reverse(reverse) => done(response, &reverse.original_ref, reverse.amount),
            Operation::Cancel(_) => refusal::empty(response).map(|()| Outcome::Cancelled),
            Operation::Inquire(inquire) => inquired(inquire, response),
            Operation::Balance => {
                let held = amount::balance(response, self.config.currency)?;
                Ok(Outcome::Balance(Balance::available(held)))
            }
            Operation::Transactions(_) => statement::page(response).map(Outcome::Transactions),
            Operation::VerifyRecipient(_) => recipient::verified(response),
            Operation::Register(_) | Operation::Line(_) | Operation::Sweep(_) => {
                Err(ProviderError::misconfigured("this was never asked of Wave"))
            }
        }
    }
}

/// Refunds and reversals answer 200 without a body. They have no id of their own, so they carry the original's.
fn done(
    response: &Response,
    original: &ProviderRef,
    amount: domain::Money,
) -> Result<Outcome, ProviderError> {
    refusal::empty(response)?;
    Ok(Outcome::succeeded(original.clone(), amount))
}

fn inquired(inquire: &Inquire, response: &Response) -> Result<Outcome, ProviderError> {
    let terms = Terms::of(inquire.reference, inquire.amount);
    match (inquire.kind, &inquire.provider_ref) {
        (MovementKind::Collection, Some(_)) => checkout::one(response, &terms),
        (MovementKind::Collection, None) => checkout::among(response, &terms),
        (MovementKind::Disbursement, Some(_)) => payout::one(response, &terms),
        (MovementKind::Disbursement, None) => payout::among(response, &terms),
        (MovementKind::Refund, _) => statement::refund(inquire, response),
        (MovementKind::Reversal, _) => payout::reversal(response, inquire.amount),
        (MovementKind::Treasury, _) => {
            Err(ProviderError::misconfigured("treasury movements are not asked for"))
        }
    }
}

impl Wire for Wave {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn request(&self, operation: &Operation, _: &Grants, now: DateTime<Utc>) -> Result<Request, Unsupported> {
        requests::of(&self.config, operation).map(|request| self.config.authorise(request, now))
    }

    /// Wave has no look-up for refunds: their inquiry reads the statement, page by page and day by
    /// day from the day of submission to today (UTC), until the line is found.
    fn follow(
        &self,
        operation: &Operation,
        request: &Request,
        response: &Response,
        _: &Grants,
        now: DateTime<Utc>,
    ) -> Option<Request> {
        let Operation::Inquire(inquire) = operation else { return None };
        if inquire.kind != MovementKind::Refund || !response.is_success() {
            return None;
        }
        statement::next(&self.config, inquire, request, response, now.date_naive())
            .map(|next| self.config.authorise(next, now))
    }

    fn outcome(&self, operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
        match response.is_success() {
            true => self.accepted(operation, response),
            false => refusal::outcome(operation, response),
        }
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        webhook::verify(&self.config.webhook, headers, body, now)
    }

    fn translate(&self, body: &[u8], trust: Trust) -> Result<Callback, Unreadable> {
        webhook::translate(body, trust)
    }
}
