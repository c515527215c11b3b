//! Access tokens: one per product, minted with that product's user and keys.
//!
//! A token answer is believed as JSON only: MTN's firewall refuses with 200 and a page. Source: portal pages on
//! authentication, and what others measured of the body that `/token/` takes, read 2026-11.

use domain::movement::MovementKind;
use http::{HeaderValue, header};

use super::config::{Checked, MtnTokenBody, Product};
use super::refusal;
use super::requests::SUBSCRIPTION_KEY;
use crate::{Grant, Granter, Grants, Need, Operation, ProviderError, Request, Response, bearer};

const COLLECTION: &[Need] = &[Product::Collection.need()];
const DISBURSEMENT: &[Need] = &[Product::Disbursement.need()];
const REMITTANCE: &[Need] = &[Product::Remittance.need()];

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
        bearer::minted(response, || format!("status {}: credentials or token_body", response.status))
    }

    /// A key that the gateway refuses is not mended by a new token.
    fn refused(&self, operation: &Operation, response: &Response) -> Option<Need> {
        let is_token = response.status == 401 && !refusal::refuses_subscription_key(response);
        is_token.then(|| product(self, operation).need())
    }
}
