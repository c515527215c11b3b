//! Stripe, for euros in the SEPA area: collections by bank transfer and by direct debit, refunds,
//! disputes, sweeps to our own bank account.
//!
//! Source: docs.stripe.com, read 2026-11, for the API version `2026-09-30.endive`; nothing here was ever
//! compared with an answer that we received ourselves. Requests are built by async-stripe, answers
//! are read by the small structs of this folder (docs/adr/0021).
//!
//! What always holds: every object that we make carries our reference and the movement's kind as
//! metadata, and an answer counts only with ours; every POST carries a key of its own; a status that
//! we do not know is uncertain. Success is not the end: a debit may be disputed for 13 months, and
//! refunds and payouts may fail after they succeeded.
//!
//! Beside the movements, [`StripeBilling`] makes pages for what we bill in our own name; they are no movements.
//!
//! Deliberately absent: cards, connected accounts, and paying anybody but ourselves.

mod balance;
mod billing;
mod charge;
mod checkout;
mod collect;
mod config;
mod customer;
mod event;
mod found;
mod instructions;
mod intent;
mod payout;
mod refund;
mod refusal;
mod requests;
mod session;
mod signature;
mod statement;
mod terms;
mod webhook;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use domain::Currency;
use domain::movement::MovementKind;
use http::HeaderMap;

pub use billing::{CheckoutAnswer, StripeBilling};
pub use checkout::{CheckoutItem, CheckoutLine, CheckoutMode, CheckoutOrder, CheckoutPayer};
pub use config::{StripeConfig, StripeConfigError};
pub use session::{CheckoutEvent, CheckoutPayment, CheckoutProgress, CheckoutSession, CheckoutStatus};

use crate::{
    Callback, Capabilities, Grants, Inquire, Operation, Outcome, ProviderError, Request, Response, Trust,
    Unauthentic, Unreadable, Unsupported, Verified, Wire,
};
use terms::Terms;

/// One Stripe account.
pub struct Stripe {
    config: config::Checked,
    capabilities: Capabilities,
}

impl Stripe {
    /// Errors: a base URL, key, secret, country or bank account that cannot be used.
    pub fn new(config: StripeConfig) -> Result<Stripe, StripeConfigError> {
        let capabilities = config.capabilities();
        Ok(Stripe { config: config.check()?, capabilities })
    }
}

fn accepted(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    match operation {
        Operation::Register(register) => customer::one(response, register),
        Operation::Collect(collect) => {
            let terms = Terms::of(collect.reference, MovementKind::Collection, collect.amount);
            intent::one(response, &terms, collect.rail)
        }
        Operation::Refund(refund) => {
            let terms = Terms::of(refund.reference, MovementKind::Refund, refund.amount);
            refund::one(response, &terms, Some(&refund.original_ref))
        }
        Operation::Cancel(cancel) => intent::cancelled(&response.json()?, cancel),
        Operation::Inquire(inquire) => inquired(inquire, response),
        Operation::Balance => balance::read(response, Currency::EUR).map(Outcome::Balance),
        Operation::Transactions(_) => statement::page(response).map(Outcome::Transactions),
        Operation::Line(line) => statement::of(response, line.amount).map(Outcome::Transactions),
        Operation::Sweep(sweep) => {
            payout::one(response, &Terms::of(sweep.reference, MovementKind::Treasury, sweep.amount))
        }
        Operation::Disburse(_) | Operation::Reverse(_) | Operation::VerifyRecipient(_) => {
            Err(ProviderError::misconfigured("this was never asked of Stripe"))
        }
    }
}

fn inquired(inquire: &Inquire, response: &Response) -> Result<Outcome, ProviderError> {
    let terms = Terms::of(inquire.reference, inquire.kind, inquire.amount);
    let original = inquire.original.as_ref();
    let (reference, kind) = (inquire.reference, inquire.kind);
    match (kind, &inquire.provider_ref) {
        (MovementKind::Collection, Some(_)) => intent::one(response, &terms, inquire.rail),
        (MovementKind::Collection, None) => {
            found::among(response, reference, kind, |object| intent::of(object, &terms, inquire.rail))
        }
        (MovementKind::Refund, Some(_)) => refund::one(response, &terms, original),
        (MovementKind::Refund, None) => {
            found::among(response, reference, kind, |object| refund::of(object, &terms, original))
        }
        (MovementKind::Treasury, Some(_)) => payout::one(response, &terms),
        (MovementKind::Treasury, None) => {
            found::among(response, reference, kind, |object| payout::of(object, &terms))
        }
        (MovementKind::Disbursement | MovementKind::Reversal, _) => {
            Err(ProviderError::misconfigured("this was never asked of Stripe"))
        }
    }
}

impl Wire for Stripe {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn request(&self, operation: &Operation, _: &Grants, _: DateTime<Utc>) -> Result<Request, Unsupported> {
        requests::of(&self.config, operation).map(|request| self.config.authorise(request))
    }

    /// What an answer never named is sought among all that was made since, page by page.
    fn follow(
        &self,
        operation: &Operation,
        request: &Request,
        response: &Response,
        _: &Grants,
        _: DateTime<Utc>,
    ) -> Option<Request> {
        let Operation::Inquire(inquire) = operation else { return None };
        if inquire.provider_ref.is_some() || !response.is_success() {
            return None;
        }
        found::follow(request, response, inquire.reference, inquire.kind)
    }

    fn outcome(&self, operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
        match response.is_success() {
            true => accepted(operation, response),
            false => refusal::outcome(operation, response),
        }
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        webhook::verify(&self.config.webhook_secrets, headers, body, now)
    }

    fn translate(&self, body: &[u8], trust: Trust) -> Result<Callback, Unreadable> {
        webhook::translate(body, trust)
    }
}
