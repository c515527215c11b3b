//! Orange Money Web Payment: a page on which the payer types their number and a code from their phone.
//!
//! What always holds: `order_id` is the movement's reference in base32, 26 of the 30 characters that
//! are allowed; the payer is sent to `payment_url` as it came; a payment is asked about with the
//! order, the amount and the `pay_token` of its create answer, all three, and counts by that answer
//! alone. A payment whose create answer was lost cannot be asked about: nobody holds its page, and
//! it expires at Orange within ten minutes.
//!
//! Deliberately absent, because the interface has no such thing: refunds, payouts, balance, listing,
//! cancelling. Notifications are not signed and name nothing of ours: they come to a door of the
//! movement's own and only make us ask.
//!
//! Source: developer.orange.com, Web Payment developer guide, and clients that agree with it, read 2026-11.

mod answers;
mod config;
mod requests;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use sha2::{Digest, Sha256};

pub use config::{Language, OrangeWebConfig, OrangeWebConfigError};

use super::oauth::{self, TOKEN};
use crate::{
    Callback, Capabilities, Granter, Grants, Operation, Outcome, ProviderError, Request, Response, Trust,
    Unauthentic, Unreadable, Unsupported, Verified, Wire,
};

/// One merchant account for Web Payment.
pub struct OrangeWeb {
    config: config::Checked,
    capabilities: Capabilities,
}

impl OrangeWeb {
    /// Errors: a base URL, environment, credential or label that cannot be used.
    pub fn new(config: OrangeWebConfig) -> Result<OrangeWeb, OrangeWebConfigError> {
        let capabilities = config.capabilities();
        Ok(OrangeWeb { config: config.check()?, capabilities })
    }
}

impl Wire for OrangeWeb {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn request(
        &self,
        operation: &Operation,
        grants: &Grants,
        _: DateTime<Utc>,
    ) -> Result<Request, Unsupported> {
        requests::of(&self.config, operation).map(|request| oauth::authorised(request, grants, TOKEN))
    }

    fn granter(&self) -> Option<&dyn Granter> {
        Some(&self.config.oauth)
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
        answers::outcome(operation, response)
    }

    /// Nothing in a notification can be checked: who came to the movement's own door is heard, and not believed.
    fn verify(&self, _: &HeaderMap, body: &[u8], _: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        let event_key = format!("sha256:{}", hex::encode(Sha256::digest(body)));
        Ok(Verified { event_key, trust: Trust::Hint })
    }

    /// Notifications say `status`, `notif_token` and `txnid`, none of which we told them or can check.
    fn translate(&self, body: &[u8], _: Trust) -> Result<Callback, Unreadable> {
        answers::notification(body)
    }
}
