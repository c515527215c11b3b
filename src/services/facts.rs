//! What a provider said, as a fact of the domain.

use chrono::{DateTime, TimeDelta, Utc};
use domain::transfer::Fact;
use domain::{Movement, NextAction};
use providers::{Capabilities, Outcome};

use super::calls;

/// The fact in an outcome; none in balances and statements, and "not found" needs [`not_found`].
pub fn of(outcome: &Outcome) -> Option<Fact> {
    Some(match outcome {
        Outcome::Pending { provider_ref, next, executing, .. } => Fact::Pending {
            provider_ref: provider_ref.as_ref().map(|reference| reference.0.clone()),
            next_action: next.clone().map(next_action),
            executing: *executing,
        },
        Outcome::Succeeded { provider_ref, amount, fee, at, transaction, .. } => Fact::Succeeded {
            provider_ref: Some(provider_ref.0.clone()),
            transaction_ref: transaction.clone(),
            amount: *amount,
            fee: *fee,
            at: *at,
        },
        Outcome::Declined { code, .. } => Fact::Declined { code: code.clone() },
        Outcome::RefusedUnlessFound { code, .. } => Fact::RefusedUnlessFound { code: code.clone() },
        Outcome::Expired => Fact::Expired,
        Outcome::Cancelled => Fact::Cancelled,
        Outcome::Reversed { .. } => Fact::Reversed,
        Outcome::Disputed { dispute, amount, fee } => {
            Fact::Disputed { dispute: dispute.0.clone(), amount: *amount, fee: *fee }
        }
        Outcome::DisputeWon => Fact::DisputeWon,
        Outcome::FailedLater { code } => Fact::FailedLater { code: code.clone() },
        Outcome::NotFound
        | Outcome::Registered { .. }
        | Outcome::Balance(_)
        | Outcome::Transactions(_)
        | Outcome::Recipient(_) => return None,
    })
}

/// "Not found", with what the adapter declares about sending again.
pub fn not_found(movement: &Movement, capabilities: &Capabilities, now: DateTime<Utc>) -> Fact {
    let resend = calls::may_repeat(movement, capabilities, now);
    let settling = TimeDelta::from_std(capabilities.settling_time).unwrap_or(TimeDelta::MAX);
    Fact::NotFound { resend, settling }
}

fn next_action(next: providers::NextAction) -> NextAction {
    match next {
        providers::NextAction::Redirect { url, expires_at } => NextAction::Redirect { url, expires_at },
        providers::NextAction::ApproveOnPhone { expires_at } => NextAction::ApproveOnPhone { expires_at },
        providers::NextAction::Qr { payload, deep_link, expires_at } => {
            NextAction::Qr { payload, deep_link, expires_at }
        }
        providers::NextAction::Manual { instructions } => NextAction::Manual { instructions },
        providers::NextAction::BankTransfer { iban, bic, account_holder, reference, amount } => {
            NextAction::BankTransfer { iban, bic, account_holder, reference, amount }
        }
    }
}
