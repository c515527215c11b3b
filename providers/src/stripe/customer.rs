//! Customers: who pays. The account for a payer's transfers belongs to their customer for ever.
//!
//! Source: docs.stripe.com/api/customers, read 2026-11.

use serde_json::Value;

use super::terms;
use crate::{Outcome, ProviderError, Register, Response};

/// The key under which our own name for the payer is.
pub(super) const CUSTOMER_KEY: &str = "customer_key";

/// Reads an answer that holds one customer, which has to be the one that we asked for.
pub(super) fn one(response: &Response, register: &Register) -> Result<Outcome, ProviderError> {
    let body: Value = response.json()?;
    if terms::text(&body["metadata"], CUSTOMER_KEY) != Some(register.key.as_str()) {
        return Err(ProviderError::uncertain("the answer is about another customer"));
    }
    match terms::id_of(&body) {
        Some(customer) if body["deleted"] != Value::Bool(true) => Ok(Outcome::Registered { customer }),
        _ => Err(ProviderError::uncertain("the answer names no customer")),
    }
}
