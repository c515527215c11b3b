//! MTN Mobile Money (MoMo Open API): request to pay, transfer or deposit, refund, balance.
//!
//! Source: the portal pages of momodeveloper.mtn.com and what others measured against them, read 2026-11. Nothing here
//! was ever compared with an answer that we received ourselves.
//!
//! What always holds: one wallet is one market with one currency; `X-Reference-Id` and `externalId` are the movement's
//! reference, which is MTN's own name of the movement too and makes repetition harmless; an accepted request is pending
//! until the authenticated status says more; a status counts when amount, currency and `externalId` are ours; what
//! callbacks say is never believed.
//!
//! Deliberately absent: withdrawal requests, invoices, pre-approvals and cash transfers, which nothing of ours uses;
//! looking up account holders, since MTN's test system answers "active" to any number; fees and statements, which MTN
//! tells by no call; cancelling, which it does not offer: who is not answered within about five minutes is refused.

mod callback;
mod config;
mod refusal;
mod requests;
mod status;
mod terms;
mod texts;
mod tokens;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use http::HeaderMap;

pub use config::{MtnCallback, MtnConfig, MtnConfigError, MtnPayBy, MtnProduct, MtnTokenBody};

use crate::{
    Callback, Capabilities, Granter, Grants, Operation, Outcome, ProviderError, Request, Response, Trust,
    Unauthentic, Unreadable, Unsupported, Verified, Wire,
};

/// One MTN wallet.
pub struct Mtn {
    config: config::Checked,
    capabilities: Capabilities,
}

impl Mtn {
    /// Errors: an address, environment or credential that cannot be used, or no product at all.
    pub fn new(config: MtnConfig) -> Result<Mtn, MtnConfigError> {
        let capabilities = config.capabilities();
        Ok(Mtn { config: config.check()?, capabilities })
    }

    fn accepted(&self, operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
        match operation {
            Operation::Collect(collect) => {
                status::created(response, collect.reference, MovementKind::Collection)
            }
            Operation::Disburse(disburse) => {
                status::created(response, disburse.reference, MovementKind::Disbursement)
            }
            Operation::Refund(refund) => status::created(response, refund.reference, MovementKind::Refund),
            Operation::Inquire(inquire) => status::standing(response, inquire, self.config.wire_currency),
            Operation::Balance => terms::balance(response, self.config.currency, self.config.wire_currency)
                .map(Outcome::Balance),
            _ => Err(ProviderError::misconfigured("this was never asked of MTN")),
        }
    }
}

impl Wire for Mtn {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn request(
        &self,
        operation: &Operation,
        grants: &Grants,
        _: DateTime<Utc>,
    ) -> Result<Request, Unsupported> {
        requests::of(&self.config, operation, grants)
    }

    fn granter(&self) -> Option<&dyn Granter> {
        Some(&self.config)
    }

    fn follow(
        &self,
        _: &Operation,
        _: &Request,
        _: &Response,
        _: &Grants,
        _: DateTime<Utc>,
    ) -> Option<Request> {
        None
    }

    fn outcome(&self, operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
        match response.is_success() {
            true => self.accepted(operation, response),
            false => refusal::outcome(operation, response),
        }
    }

    fn verify(&self, _: &HeaderMap, body: &[u8], _: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        Ok(callback::verify(body))
    }

    fn translate(&self, body: &[u8], _: Trust) -> Result<Callback, Unreadable> {
        callback::translate(body)
    }
}
