//! Movements: one leg of value at one provider, and what can become of it.
//!
//! A movement keeps one [`Reference`] for ever; every attempt, question and callback names it. Its state says what
//! we *know*: [`MovementState::Uncertain`] is not a failure but the absence of knowledge, and only the provider's own
//! word (or two people with evidence) ends it. Final states are left by declared steps alone: the provider undoing what
//! it did (`reversed`, `disputed`, `failed_later`), and late money reaching a collection we had given up.
//!
//! Deliberately absent: how a provider says these things (adapters), and what they mean for a transfer (`transfer`).

use chrono::{DateTime, Utc};

use crate::{Account, HoldId, Money, Rail, Reference, TransferId, Wallet};

words! {
    /// What a movement does with money at a provider.
    pub enum MovementKind as "movement kind" {
        /// From a payer to our float.
        Collection = "collection",
        /// From our float to a payee.
        Disbursement = "disbursement",
        /// We give a collection back.
        Refund = "refund",
        /// The provider undoes a disbursement at our asking.
        Reversal = "reversal",
        /// Between our own accounts: top-ups and sweeps.
        Treasury = "treasury",
    }
}

words! {
    /// What we know of a movement.
    pub enum MovementState as "movement state" {
        /// Committed, not yet sent.
        Intended = "intended",
        /// The provider has it and has not finished.
        Submitted = "submitted",
        /// It may or may not have happened. Ask; never resend blindly, never show as failed.
        Uncertain = "uncertain",
        Succeeded = "succeeded",
        /// Refused by the provider in a documented way: nothing moved.
        Declined = "declined",
        /// Ran out of time at the provider: nothing moved.
        Expired = "expired",
        /// Withdrawn before anything moved.
        Cancelled = "cancelled",
        /// Succeeded, then undone by the provider.
        Reversed = "reversed",
        /// Succeeded, then forced back by the payer's side.
        Disputed = "disputed",
        /// A refund, disbursement or sweep that succeeded and was returned days later.
        FailedLater = "failed_later",
    }
}

impl MovementState {
    /// Nothing more is expected of the provider, though declared steps may still come.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Intended | Self::Submitted | Self::Uncertain)
    }

    /// Whether `self → next` is a declared step for a movement of `kind`. Staying is not a step.
    pub const fn allows(self, next: MovementState, kind: MovementKind) -> bool {
        use MovementState::*;
        match (self, next) {
            (Intended, Submitted | Uncertain | Succeeded | Declined | Expired | Cancelled) => true,
            (Submitted, Uncertain | Succeeded | Declined | Expired | Cancelled) => true,
            (Uncertain, Submitted | Succeeded | Declined | Expired | Cancelled) => true,
            (Succeeded, Reversed) => matches!(kind, MovementKind::Disbursement | MovementKind::Collection),
            (Succeeded, Disputed) => matches!(kind, MovementKind::Collection),
            (Disputed, Succeeded) => matches!(kind, MovementKind::Collection),
            (Succeeded, FailedLater) => {
                matches!(kind, MovementKind::Disbursement | MovementKind::Refund | MovementKind::Treasury)
            }
            (Declined | Expired | Cancelled, Succeeded) => matches!(kind, MovementKind::Collection),
            _ => false,
        }
    }
}

/// One leg at one provider. `amount` is what payer or payee sees, gross; `fee` is what the provider took for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    pub reference: Reference,
    pub transfer: TransferId,
    pub kind: MovementKind,
    pub rail: Rail,
    pub wallet: Wallet,
    pub state: MovementState,
    pub amount: Money,
    /// Learned from the provider, never computed; `None` until then.
    pub fee: Option<Money>,
    /// The provider's own id of the operation, once known.
    pub provider_ref: Option<String>,
    /// The provider's id of the money movement itself, where it differs from `provider_ref`.
    pub transaction_ref: Option<String>,
    /// What a refund or reversal undoes.
    pub original: Option<Reference>,
    /// The account of ours that the value comes from (disbursement, refund) or went to (collection).
    pub source: Account,
    /// Reserves the value in `source` while an outgoing movement is under way.
    pub value_hold: Option<HoldId>,
    /// Reserves the float that will pay.
    pub float_hold: Option<HoldId>,
    /// The provider's refusal code (of an uncertain one: [to be confirmed](Movement::refusal)), or the word of [`Late`].
    pub code: Option<String>,
    /// Questions asked since the outcome became unknown: the rung of the inquiry ladder.
    pub asked: i64,
    /// Consecutive "not found" answers among them.
    pub not_found: i64,
    pub submitted_at: Option<DateTime<Utc>>,
    /// Since when a collection's money is spendable, where the rail [settles later](Rail::settles_later).
    pub available_at: Option<DateTime<Utc>>,
    /// What the provider took for a dispute.
    pub dispute_fee: Option<Money>,
    /// 1 when written first; each change adds one.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

words! {
    /// What became of a collection's money that came after its transfer had ended.
    pub enum Late as "late money" {
        /// In suspense; its sender may take a new quote for it.
        Waiting = "late_waiting",
        /// Funds another transfer.
        Reused = "late_reused",
        /// Being given back, or given back.
        Returned = "late_returned",
    }
}

/// Steps of the inquiry ladder, in seconds; the last one repeats.
pub const LADDER_S: [i64; 6] = [5, 15, 40, 120, 600, 3600];

impl Movement {
    /// When to ask again after `asked` questions without an answer.
    pub fn next_inquiry(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let rung = usize::try_from(self.asked).unwrap_or(0).min(LADDER_S.len() - 1);
        now + chrono::Duration::seconds(LADDER_S[rung])
    }

    /// What the provider refused it with, while it is still to be found out whether it has it nevertheless.
    pub fn refusal(&self) -> Option<&str> {
        self.code.as_deref().filter(|_| self.state == MovementState::Uncertain)
    }

    /// Whether this collection ended without money, and only a further question would tell that some came after all.
    pub fn may_be_paid_unheard(&self) -> bool {
        use MovementState::{Cancelled, Declined, Expired};
        self.kind == MovementKind::Collection
            && matches!(self.state, Declined | Expired | Cancelled)
            && self.rail.is_heard_by_asking()
    }

    /// What became of it, when this is a collection that came late.
    pub fn late(&self) -> Option<Late> {
        self.code.as_deref().and_then(|code| code.parse().ok())
    }

    pub fn is_late(&self) -> bool {
        self.late().is_some()
    }

    pub fn mark_late(&mut self, late: Late) {
        self.code = Some(late.as_str().to_owned());
    }

    /// The float that this movement fills or drains.
    pub fn float(&self) -> Option<Account> {
        let provider = self.rail.provider()?;
        Some(Account::Float { provider, wallet: self.wallet.clone(), currency: self.amount.currency() })
    }

    /// Where a collection's money is: in transit until it is spendable, then in the float.
    pub fn landing(&self) -> Option<Account> {
        let provider = self.rail.provider()?;
        let (wallet, currency) = (self.wallet.clone(), self.amount.currency());
        match self.is_in_transit() {
            true => Some(Account::InTransit { provider, wallet, currency }),
            false => Some(Account::Float { provider, wallet, currency }),
        }
    }

    /// Whether this is a collection whose money cannot be spent yet.
    pub fn is_in_transit(&self) -> bool {
        self.kind == MovementKind::Collection && self.rail.settles_later() && self.available_at.is_none()
    }

    /// Where money of this wallet waits that belongs to nobody yet.
    pub fn suspense(&self) -> Option<Account> {
        let provider = self.rail.provider()?;
        Some(Account::Suspense { provider, wallet: self.wallet.clone(), currency: self.amount.currency() })
    }
}
