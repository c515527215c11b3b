//! Orange Money in Senegal, by Sonatel's interface: collections by QR code or one-time code, cash-ins.
//!
//! What always holds: one adapter is one wallet, a merchant's code that collects or a retailer's number
//! that pays out and gives back, because Sonatel keeps these two balances apart; `reference` is the
//! movement's reference in base32; an outcome is read by searching for it, filtered here and never by
//! type; a success counts only with our amount, exactly. Nothing here is idempotent: what was lost is
//! searched for and never put again. A QR code that nobody paid is in no search, so "not found" means
//! "not yet" while it lives.
//!
//! A PIN is encrypted anew for each request with a key of Sonatel's. A wrong one is never sent twice:
//! the third time blocks the account.
//!
//! A statement is a search without a reference: the newest 500 that began since an instant, of all wallets of
//! the application, without fees, pages or an end.
//!
//! Deliberately absent: payments in two steps (they want the customer's PIN), bulk cash-ins, customers' balances.
//!
//! Source: clients of Sonatel's interface that agree with one another, and what one of them observed in
//! production, read 2026-11.

mod answers;
mod config;
mod grants;
mod list;
mod pin;
mod requests;
mod search;
mod webhook;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use http::HeaderMap;

pub use config::{OrangeSonatelConfig, OrangeSonatelConfigError, SonatelProof, SonatelRole, SonatelWebhooks};

use crate::{
    Callback, Capabilities, Granter, Grants, Operation, Outcome, ProviderError, Request, Response, Trust,
    Unauthentic, Unreadable, Unsupported, Verified, Wire,
};

/// One of our wallets at Sonatel.
pub struct OrangeSonatel {
    config: config::Checked,
    capabilities: Capabilities,
}

impl OrangeSonatel {
    /// Errors: a base URL, credential, code, number or PIN that cannot be used.
    pub fn new(config: OrangeSonatelConfig) -> Result<OrangeSonatel, OrangeSonatelConfigError> {
        let capabilities = config.capabilities();
        Ok(OrangeSonatel { config: config.check()?, capabilities })
    }
}

impl Wire for OrangeSonatel {
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
        match operation {
            Operation::Transactions(_) if response.is_success() => {
                list::read(&self.config.role, response).map(Outcome::Transactions)
            }
            _ => answers::outcome(operation, response),
        }
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        webhook::verify(&self.config.webhooks, headers, body, now)
    }

    fn translate(&self, body: &[u8], _: Trust) -> Result<Callback, Unreadable> {
        webhook::translate(body)
    }
}
