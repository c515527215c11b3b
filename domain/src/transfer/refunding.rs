//! What follows when a person gives back a transfer whose payee was paid, or a part of it.
//!
//! What the payee has comes back first: a balance gives its share at once, if it is still there; a provider that
//! reverses payouts is asked for the whole; anybody else keeps what they have, and nothing is given back. Then the
//! conversion is undone at its own rate and the payer has it by the way they paid.
//!
//! Refunds are cumulative: each goes from what was undone before to what is undone with it, so that parts add up to the
//! whole. The first one decides whether our fee is given back too, and the others follow it.
//!
//! Deliberately absent: who may ask, and of what size one person alone.

use chrono::{DateTime, Duration, Utc};

use super::draft::Draft;
use super::opening::new_movement;
use super::{Case, Refusal, TransferStatus};
use crate::recipes::RecipeError;
use crate::{EntryKind, Money, Movement, MovementKind, MovementState, Nature, Rail, recipes};

/// What a person asks for, with what the rails of this transfer can do today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundAsk {
    /// In the currency that was sent; everything that is left when absent.
    pub amount: Option<Money>,
    /// What was undone when it was judged who may ask for this; when it is more by now, it has to be judged again.
    /// `None`: whatever was.
    pub undone_before: Option<Money>,
    /// Whether our fee stays ours. Counts for the first refund only.
    pub keeps_fee: bool,
    /// Why, for staff. It should name nobody.
    pub reason: String,
    /// What the payer's rail gives back.
    pub funding: Refundable,
    /// How long after a payout its provider takes it back; `None`: never.
    pub reverse_within: Option<Duration>,
}

words! {
    /// How much of a collection its rail gives back.
    pub enum Refundable as "refundable" {
        Nothing = "nothing",
        /// All of it at once.
        Whole = "whole",
        /// Any part, several times.
        Parts = "parts",
    }
}

words! {
    /// Why a transfer cannot be given back.
    pub enum NotRefundable as "refusal of a refund" {
        /// It is not completed: there is nothing to give back, or it goes back already.
        NotCompleted = "not_completed",
        /// The payee's operator takes no payout back.
        PayoutIsFinal = "payout_is_final",
        /// The time in which a payout can be taken back is over.
        TooLate = "too_late",
        /// A payout can be taken back whole, and a part was asked for.
        PayoutIsWhole = "payout_is_whole",
        /// The payer's rail gives nothing back.
        FundingIsFinal = "funding_is_final",
        /// The payer's rail gives all of it back or nothing.
        FundingIsWhole = "funding_is_whole",
    }
}

impl Case {
    pub(super) fn refund_asked(&self, draft: &mut Draft<'_>, ask: &RefundAsk) -> Result<bool, Refusal> {
        let paid = self.refundable_payout(draft)?;
        if self.transfer.unwound.is_zero() {
            draft.step.transfer.refund_keeps_fee = Some(ask.keeps_fee);
        }
        if ask.undone_before.is_some_and(|before| before != self.transfer.unwound) {
            return Err(Refusal::RefundInProgress);
        }
        let (unwound, whole) = (self.transfer.unwound, draft.step.transfer.refundable());
        let amount = asked(ask.amount, whole.checked_sub(unwound).map_err(RecipeError::from)?)?;
        self.check_funding(amount, ask.funding)?;
        draft.status(TransferStatus::Refunding)?;
        draft.say("refund_asked", None, &amount.to_string());
        draft.note_for_staff("refund_reason", paid, &ask.reason);
        if paid.rail == Rail::Balance {
            self.take_back(draft, paid, amount)?;
        } else {
            check_reversal(paid, amount == whole, ask.reverse_within, draft.now)?;
            self.start_reversal(draft, paid);
        }
        Ok(true)
    }

    /// What the payee was paid by, when it stands and nothing is on its way back.
    fn refundable_payout(&self, draft: &Draft<'_>) -> Result<&Movement, Refusal> {
        let is_completed = self.transfer.status == TransferStatus::Completed;
        let is_going_back = !matches!(self.under_way(draft), None | Some(MovementKind::Disbursement));
        if !is_completed && is_going_back && self.transfer.status != TransferStatus::Disputed {
            return Err(Refusal::RefundInProgress);
        }
        let is_paid = |m: &&Movement| {
            m.kind == MovementKind::Disbursement && m.state == MovementState::Succeeded && is_completed
        };
        let paid = self.movements.iter().rfind(is_paid);
        paid.ok_or(Refusal::NotRefundable { why: NotRefundable::NotCompleted })
    }

    /// From a balance the value stays in the house, and any part may.
    fn check_funding(&self, amount: Money, funding: Refundable) -> Result<(), Refusal> {
        let Some(collection) = self.funding() else { return Ok(()) };
        match funding {
            Refundable::Nothing => Err(Refusal::NotRefundable { why: NotRefundable::FundingIsFinal }),
            Refundable::Whole if amount != collection.amount => {
                Err(Refusal::NotRefundable { why: NotRefundable::FundingIsWhole })
            }
            _ => Ok(()),
        }
    }

    /// Takes the share of `amount` from the payee's balance, which the writer refuses when it is not there any more, and
    /// gives it to the payer.
    fn take_back(&self, draft: &mut Draft<'_>, paid: &Movement, amount: Money) -> Result<(), Refusal> {
        let transfer = &draft.step.transfer;
        let after = transfer.unwound.checked_add(amount).map_err(RecipeError::from)?;
        let share = recipes::taken_back(transfer, transfer.unwound, after)?;
        if share.is_positive() {
            let (wallet, source) = (paid.wallet.clone(), paid.source.clone());
            let mut reversal =
                new_movement(draft, MovementKind::Reversal, paid.rail, wallet, share, source.clone());
            reversal.state = MovementState::Succeeded;
            reversal.original = Some(paid.reference);
            reversal.submitted_at = Some(draft.now);
            let payee = self.transfer.payee_account.as_ref();
            if let Some(payee) = payee.filter(|payee| **payee != source) {
                let postings = recipes::single(payee, &source, share);
                draft.post(EntryKind::Reversal, Nature::Intent, Some(&reversal), postings)?;
            }
            draft.note_for_staff("payee_share_taken_back", &reversal, "");
            draft.put(reversal);
        }
        self.unwind_to(draft, Some(paid), after, Nature::Intent)?;
        self.return_to_payer(draft)
    }

    /// What was undone, is not given back and not on its way: it is on the payer's account, or has gone to cover their
    /// dispute.
    pub(super) fn with_payer(&self, draft: &Draft<'_>) -> Result<Money, Refusal> {
        let transfer = &draft.step.transfer;
        let mut left = transfer.unwound.checked_sub(transfer.refunded).map_err(RecipeError::from)?;
        for open in self.outstanding(draft).filter(|movement| movement.kind == MovementKind::Refund) {
            left = left.checked_sub(open.amount).map_err(RecipeError::from)?;
        }
        Ok(left)
    }

    /// What is on its way of the transfer's own value.
    pub(super) fn under_way(&self, draft: &Draft<'_>) -> Option<MovementKind> {
        self.outstanding(draft).map(|movement| movement.kind).next()
    }

    /// The transfer's own movements behind its collection that have not ended, as the draft has them. Late money that
    /// goes back is no part of it.
    fn outstanding<'b>(&'b self, draft: &'b Draft<'_>) -> impl Iterator<Item = &'b Movement> {
        let changed = &draft.step.movements;
        let is_stored = |m: &&Movement| !changed.iter().any(|movement| movement.reference == m.reference);
        self.movements.iter().filter(is_stored).chain(changed).filter(|m| {
            m.kind != MovementKind::Collection && !m.state.is_final() && !self.returns_late_money(m)
        })
    }
}

/// How much is given back; `left` could be.
fn asked(amount: Option<Money>, left: Money) -> Result<Money, Refusal> {
    let amount = amount.unwrap_or(left);
    let fits = amount.currency() == left.currency() && amount.is_positive() && amount.minor() <= left.minor();
    if fits { Ok(amount) } else { Err(Refusal::RefundExceeds { left }) }
}

/// Whether the provider of `paid` takes it back.
fn check_reversal(
    paid: &Movement,
    is_whole: bool,
    within: Option<Duration>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let sent = paid.submitted_at.unwrap_or(paid.created_at);
    let why = match within {
        None => NotRefundable::PayoutIsFinal,
        Some(within) if now - sent > within => NotRefundable::TooLate,
        Some(_) if !is_whole => NotRefundable::PayoutIsWhole,
        Some(_) => return Ok(()),
    };
    Err(Refusal::NotRefundable { why })
}
