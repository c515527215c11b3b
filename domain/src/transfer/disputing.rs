//! What follows when a payer's bank forces a collection back.
//!
//! A direct debit can be taken back for thirteen months, without a hearing: amount and fee leave our float at once. If
//! the value has not left the house it stays here and covers the dispute, at the rate of the original; if it has, the
//! dispute is our loss. What is on its way out when the dispute comes is a loss until it is heard to have come back.

use super::draft::Draft;
use super::{Case, Lane, PromiseKind, Refusal, TransferStatus};
use crate::movement::Late;
use crate::{Account, EntryKind, Money, Movement, MovementKind, MovementState, Nature, recipes};

impl Case {
    pub(super) fn disputed(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        dispute: &str,
        amount: Money,
        fee: Option<Money>,
    ) -> Result<bool, Refusal> {
        if movement.state == MovementState::Disputed {
            return self.dispute_fee(draft, movement, fee);
        }
        let (reference, state) = (movement.reference, movement.state);
        if state != MovementState::Succeeded {
            return Err(Refusal::TooEarly { reference, state });
        }
        if amount != movement.amount {
            return Err(Refusal::AmountDiffers { reference, said: amount, expected: movement.amount });
        }
        let mut next = draft.change(movement, MovementState::Disputed)?;
        let float = movement.float().ok_or(Refusal::NoFloat { rail: movement.rail })?;
        let postings = match movement.late() {
            None => {
                next.code = Some(dispute.to_owned());
                let covered = self.cover(draft)?;
                recipes::disputed(&self.transfer.payer_account(), &float, covered, amount)
            }
            Some(_) => recipes::single(&self.cover_late(draft, &mut next), &float, amount),
        };
        draft.post(EntryKind::Dispute, Nature::Fact, Some(movement), postings)?;
        self.book_dispute_fee(draft, &mut next, fee)?;
        if movement.is_late() {
            draft.say("late_disputed", Some(&next), &amount.to_string());
        } else {
            draft.status(TransferStatus::Disputed)?;
            draft.say("disputed", Some(&next), &amount.to_string());
        }
        draft.put(next);
        Ok(true)
    }

    /// The fee of a dispute that was told without it.
    fn dispute_fee(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fee: Option<Money>,
    ) -> Result<bool, Refusal> {
        if movement.dispute_fee.is_some() || fee.is_none() {
            return Ok(false);
        }
        let mut next = draft.change(movement, movement.state)?;
        self.book_dispute_fee(draft, &mut next, fee)?;
        draft.put(next);
        Ok(true)
    }

    fn book_dispute_fee(
        &self,
        draft: &mut Draft<'_>,
        movement: &mut Movement,
        fee: Option<Money>,
    ) -> Result<(), Refusal> {
        let Some(fee) = fee else { return Ok(()) };
        let float = movement.float().ok_or(Refusal::NoFloat { rail: movement.rail })?;
        movement.dispute_fee = Some(fee);
        draft.post(EntryKind::ProviderFee, Nature::Fact, Some(movement), recipes::provider_fee(&float, fee))
    }

    /// Stops what has not left yet, and undoes what a payout brought back. How much of the dispute is covered by what the
    /// payer is still owed; what the payee has, what was given back and what is on its way is our loss.
    fn cover(&self, draft: &mut Draft<'_>) -> Result<Money, Refusal> {
        use MovementState::{Cancelled, FailedLater, Intended, Reversed};
        match self.outgoing().next_back() {
            Some(last) if last.state == Intended && last.float_hold.is_none() => {
                let next = draft.change(last, Cancelled)?;
                draft.void(last);
                if last.kind == MovementKind::Disbursement {
                    self.unwind(draft, Some(last))?;
                }
                draft.note_for_staff("stopped_by_dispute", &next, "");
                draft.put(next);
            }
            Some(last)
                if last.kind == MovementKind::Disbursement
                    && matches!(last.state, FailedLater | Reversed) =>
            {
                self.unwind(draft, None)?;
            }
            _ => {}
        }
        self.with_payer(draft)
    }

    /// The same for money that came late: it is in suspense, unless it went on to another transfer or back.
    fn cover_late(&self, draft: &mut Draft<'_>, collection: &mut Movement) -> Account {
        if !self.is_in_suspense(collection) {
            return self.loss();
        }
        if let Some(refund) = self.return_of(collection).filter(|refund| !refund.state.is_final()) {
            let state = MovementState::Cancelled;
            let version = refund.version + 1;
            draft.void(refund);
            draft.put(Movement { state, version, updated_at: draft.now, ..refund.clone() });
        }
        collection.mark_late(Late::Returned);
        collection.source.clone()
    }

    fn is_in_suspense(&self, collection: &Movement) -> bool {
        use MovementState::{Cancelled, Declined, FailedLater, Intended};
        let has_left = match self.return_of(collection) {
            Some(refund) if refund.state == Intended => refund.float_hold.is_some(),
            Some(refund) => !matches!(refund.state, Cancelled | Declined | FailedLater),
            None => false,
        };
        collection.late() != Some(Late::Reused) && !has_left
    }

    fn return_of(&self, collection: &Movement) -> Option<&Movement> {
        self.movements.iter().rev().find(|m| m.original == Some(collection.reference))
    }

    /// What carried the transfer's own value out, oldest first.
    pub(super) fn outgoing(&self) -> impl DoubleEndedIterator<Item = &Movement> {
        self.movements.iter().filter(|m| match m.kind {
            MovementKind::Refund => !self.returns_late_money(m),
            MovementKind::Disbursement => true,
            _ => false,
        })
    }

    /// What the payer is owed again goes to what their dispute cost us. `movement` brought it back.
    pub(super) fn recover_loss(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        amount: Money,
    ) -> Result<(), Refusal> {
        let postings = recipes::single(&self.transfer.payer_account(), &self.loss(), amount);
        draft.post(EntryKind::Dispute, Nature::Fact, Some(movement), postings)?;
        draft.note_for_staff("dispute_covered", movement, "");
        Ok(())
    }

    /// The same for late money whose return failed: `refund` brought it back into suspense.
    pub(super) fn recover_late_loss(&self, draft: &mut Draft<'_>, refund: &Movement) -> Result<(), Refusal> {
        let original = refund.original.and_then(|reference| self.movement(reference).ok());
        if original.is_none_or(|collection| collection.state != MovementState::Disputed) {
            return Ok(());
        }
        let postings = recipes::single(&refund.source, &self.loss(), refund.amount);
        draft.post(EntryKind::Dispute, Nature::Fact, Some(refund), postings)
    }

    /// Decided for us: the amount is back (its fee is not). What had left was our loss, which is undone; the rest we owe
    /// to the payer again, and a person decides.
    pub(super) fn dispute_won(&self, draft: &mut Draft<'_>, movement: &Movement) -> Result<bool, Refusal> {
        if movement.state != MovementState::Disputed {
            return Ok(false);
        }
        let mut next = draft.change(movement, MovementState::Succeeded)?;
        let float = movement.float().ok_or(Refusal::NoFloat { rail: movement.rail })?;
        let postings = match movement.is_late() {
            true => recipes::single(&float, &self.late_again(draft, &mut next), movement.amount),
            false => {
                let owed = self.after_winning(draft, &next)?;
                recipes::dispute_won(&self.transfer.payer_account(), &float, owed, movement.amount)
            }
        };
        draft.post(EntryKind::Dispute, Nature::Fact, Some(movement), postings)?;
        draft.put(next);
        Ok(true)
    }

    /// Where the transfer stands without its dispute, and how much of it the payer is owed.
    fn after_winning(&self, draft: &mut Draft<'_>, movement: &Movement) -> Result<Money, Refusal> {
        use TransferStatus::{Completed, Disbursing, NeedsAttention, Refunded, Refunding};
        let owed = self.with_payer(draft)?;
        let is_refunded = self.transfer.refunded == self.transfer.refundable();
        let (status, event) = match self.under_way(draft) {
            Some(MovementKind::Disbursement) => (Disbursing, "dispute_won_disbursing"),
            Some(_) => (Refunding, "dispute_won_refunding"),
            None if owed.is_positive() => (NeedsAttention, "dispute_won_attention"),
            None if is_refunded => (Refunded, "dispute_won_refunded"),
            None => (Completed, "dispute_won_completed"),
        };
        draft.status(status)?;
        draft.say(event, Some(movement), "");
        Ok(owed)
    }

    /// Late money that is back waits again for its sender, unless it had gone on before it was disputed.
    fn late_again(&self, draft: &mut Draft<'_>, collection: &mut Movement) -> Account {
        draft.note_for_staff("late_dispute_won", collection, "");
        if !self.is_in_suspense(collection) {
            return self.loss();
        }
        collection.mark_late(Late::Waiting);
        draft.promise(PromiseKind::GiveBack, collection.reference.uuid(), Lane::Internal, draft.now);
        collection.source.clone()
    }

    fn loss(&self) -> Account {
        Account::DisputeLoss { currency: self.transfer.total.currency() }
    }
}
