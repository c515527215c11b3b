//! The manual rail: nothing is sent anywhere, a person does it and says so.
//!
//! What is asked for is pending from the first moment on and stays so however often one asks: only people end it, with
//! evidence, and they do not speak through this port. So nothing here can be lost, doubled or not found.
//!
//! Deliberately absent: who may confirm what, a balance (the book is the only witness), callbacks.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{Country, Currency, Rail, Reference, Wallet, rail};
use http::HeaderMap;

use crate::{
    Callback, Callbacks, Capabilities, Collect, Disburse, Hosted, IdempotentOnReference, Limits, NextAction,
    Operation, OperationKind, Outcome, Payee, Provider, ProviderError, ProviderRef, Refunds, Statements,
    Trust, Unauthentic, Unreadable, Unsupported, Verified,
};

/// What payers read in place of this is the reference of their payment.
pub const REFERENCE: &str = "{reference}";

/// What payers read in place of this is how much to pay, with its currency.
pub const AMOUNT: &str = "{amount}";

/// One pot that people of ours keep: a bank account, a cash desk, an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct ManualConfig {
    pub wallet: Wallet,
    pub countries: Vec<Country>,
    pub currency: Currency,
    /// What payers are told, a text per language, shown one after the other: what is said here does not know who reads.
    pub instructions: Vec<String>,
    /// What one collection or disbursement may be worth.
    pub limits: Limits,
}

/// A wallet that is served by hand.
#[derive(Clone, Debug)]
pub struct Manual {
    instructions: String,
    capabilities: Capabilities,
}

impl Manual {
    pub fn new(config: ManualConfig) -> Manual {
        Manual { instructions: config.instructions.join("\n\n"), capabilities: capabilities(&config) }
    }

    fn collect(&self, collect: &Collect) -> Outcome {
        let instructions = self
            .instructions
            .replace(REFERENCE, &collect.reference.base32())
            .replace(AMOUNT, &collect.amount.to_string());
        waits(collect.reference, Some(NextAction::Manual { instructions }))
    }

    fn answer(&self, operation: &Operation) -> Result<Outcome, Unsupported> {
        self.capabilities.check(operation)?;
        match operation {
            Operation::Collect(collect) => Ok(self.collect(collect)),
            Operation::Disburse(disburse) => named(disburse).map(|()| waits(disburse.reference, None)),
            Operation::Refund(refund) => Ok(waits(refund.reference, None)),
            Operation::Inquire(inquire) => Ok(waits(inquire.reference, None)),
            // Who comes to the counter all the same is confirmed all the same: that is late money.
            Operation::Cancel(_) => Ok(Outcome::Cancelled),
            other => Err(Unsupported::new(format!("{} is not done by hand", other.kind()))),
        }
    }
}

/// A person has to know whom to pay.
fn named(disburse: &Disburse) -> Result<(), Unsupported> {
    match &disburse.payee {
        Payee::Words(words) if words.trim().is_empty() => Err(Unsupported::new("a payee without an account")),
        _ => Ok(()),
    }
}

fn waits(reference: Reference, next: Option<NextAction>) -> Outcome {
    Outcome::pending(ProviderRef(reference.base32()), next)
}

fn capabilities(config: &ManualConfig) -> Capabilities {
    use OperationKind::{Cancel, Collect, Disburse, Inquire, Refund};
    Capabilities {
        provider: rail::Provider::Manual,
        wallet: config.wallet.clone(),
        rails: vec![Rail::Manual],
        countries: config.countries.clone(),
        currencies: vec![config.currency],
        operations: vec![Collect, Disburse, Refund, Inquire, Cancel],
        collect_limits: config.limits,
        disburse_limits: config.limits,
        refunds: Refunds::Partial,
        refund_returns_fee: false,
        needs_customer: false,
        idempotent_on_reference: IdempotentOnReference {
            collect: true,
            disburse: true,
            refund: true,
            reverse: false,
            cancel: true,
            sweep: false,
        },
        idempotent_for: None,
        reverse_within: None,
        settling_time: Duration::ZERO,
        unseen_collection_expires: false,
        hosted: Hosted::default(),
        callbacks: Callbacks {
            collections: false,
            disbursements: false,
            refunds: false,
            signed: false,
            door: None,
        },
        statements: Statements::None,
    }
}

#[async_trait]
impl Provider for Manual {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn call(&self, operation: &Operation) -> Result<Outcome, ProviderError> {
        self.answer(operation).map_err(|refused| ProviderError::misconfigured(refused.to_string()))
    }

    fn verify(&self, _: &HeaderMap, _: &[u8], _: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        Err(Unauthentic { reason: "nobody calls back by hand" })
    }

    fn translate(&self, _: &[u8], _: Trust) -> Result<Callback, Unreadable> {
        Err(Unreadable { reason: "nobody calls back by hand".to_owned() })
    }
}

#[cfg(test)]
mod tests;
