//! Access tokens: one per product, minted with that product's user and keys.
//!
//! A token answer is believed as JSON only: MTN's firewall refuses with 200 and a page. Source: portal pages on
//! authentication, and what others measured of the body that `/token/` takes, read 2026-11.

use std::time::Duration;

use domain::movement::MovementKind;
use http::{HeaderValue, header};
use serde::Deserialize;

use super::config::{Checked, MtnTokenBody, Product};
use super::refusal;
use super::requests::SUBSCRIPTION_KEY;
use super::terms::Text;
use crate::{Grant, Granter, Grants, Need, Operation, ProviderError, Request, Response};

const COLLECTION: &[Need] = &[Product::Collection.need()];
const DISBURSEMENT: &[Need] = &[Product::Disbursement.need()];
const REMITTANCE: &[Need] = &[Product::Remittance.need()];

/// `token_type` is `access_token`, whatever it is used as; it is not read.
#[derive(Deserialize)]
struct Minted {
    access_token: String,
    expires_in: Option<Text>,
}

/// The product that an operation belongs to; for what MTN does not offer, whichever.
pub(super) fn product(config: &Checked, operation: &Operation) -> Product {
    match operation {
        Operation::Collect(_) => Product::Collection,
        Operation::Refund(_) => Product::Disbursement,
        Operation::Inquire(inquire) => match inquire.kind {
            MovementKind::Collection => Product::Collection,
            MovementKind::Refund => Product::Disbursement,
            _ => config.pay_by.product(),
        },
        Operation::Balance => config.float(),
        _ => config.pay_by.product(),
    }
}

impl Granter for Checked {
    fn needs(&self, operation: &Operation) -> &'static [Need] {
        match product(self, operation) {
            product if self.keys(product).is_none() => &[],
            Product::Collection => COLLECTION,
            Product::Disbursement => DISBURSEMENT,
            Product::Remittance => REMITTANCE,
        }
    }

    fn fetch(&self, need: Need, _: &Grants) -> Request {
        let products = [Product::Collection, Product::Disbursement, Product::Remittance];
        let product =
            products.into_iter().find(|product| product.need() == need).unwrap_or(Product::Collection);
        let mut request = Request::post(self.url(product, "token/"));
        if let Some(keys) = self.keys(product) {
            request = request
                .header(header::AUTHORIZATION, keys.basic.clone())
                .header(SUBSCRIPTION_KEY, keys.subscription_key.clone());
        }
        match self.token_body {
            // Unless it is said, a request without a body has no length, which MTN answers with 411.
            MtnTokenBody::Empty => request.header(header::CONTENT_LENGTH, HeaderValue::from_static("0")),
            MtnTokenBody::Json => request.json(br#"{"grant_type":"client_credentials"}"#.to_vec()),
        }
    }

    fn granted(&self, _: Need, response: &Response) -> Result<Grant, ProviderError> {
        match response.status {
            200 => {
                let minted: Minted = response.json()?;
                if minted.access_token.is_empty()
                    || !minted.access_token.bytes().all(|b| b.is_ascii_graphic())
                {
                    return Err(ProviderError::uncertain("the token is not a token"));
                }
                let lives_for = minted.expires_in.and_then(|text| text.0.parse::<u32>().ok());
                Ok(Grant {
                    value: minted.access_token.into(),
                    lives_for: lives_for.map(|seconds| Duration::from_secs(seconds.into())),
                })
            }
            429 => Err(refusal::rate_limited(response)),
            status @ (400 | 401 | 403 | 404 | 405 | 411 | 415) => {
                Err(ProviderError::misconfigured(format!("status {status}: credentials or token_body")))
            }
            status => Err(ProviderError::uncertain(format!("status {status}"))),
        }
    }

    /// A key that the gateway refuses is not mended by a new token.
    fn refused(&self, operation: &Operation, response: &Response) -> Option<Need> {
        let is_token = response.status == 401 && !refusal::refuses_subscription_key(response);
        is_token.then(|| product(self, operation).need())
    }
}
