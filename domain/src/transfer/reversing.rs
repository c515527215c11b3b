//! What follows when a payout is taken back at our asking, because a person gives the transfer back.
//!
//! A reversal brings a disbursement whole: its amount and the provider's fee are in our float again, and then the payer
//! is given what was asked. It is never sent twice without the provider's word; when it is refused, the payee keeps the
//! money and the transfer is what it was.

use super::draft::Draft;
use super::opening::new_movement;
use super::sending::contradiction;
use super::{Case, Fact, PromiseKind, Refusal, TransferStatus};
use crate::{EntryKind, Movement, MovementKind, MovementState, Nature, recipes};

impl Case {
    /// Asks the provider of `paid` to take it back. Nothing is undone before it says that it has.
    pub(super) fn start_reversal(&self, draft: &mut Draft<'_>, paid: &Movement) {
        let (rail, wallet, source) = (paid.rail, paid.wallet.clone(), paid.source.clone());
        let mut reversal = new_movement(draft, MovementKind::Reversal, rail, wallet, paid.amount, source);
        reversal.original = Some(paid.reference);
        draft.promise_for(PromiseKind::Submit, &reversal, draft.now);
        draft.note_for_staff("reversal_started", &reversal, "");
        draft.put(reversal);
    }

    pub(super) fn heard_of_reversal(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fact: &Fact,
    ) -> Result<bool, Refusal> {
        match fact {
            _ if movement.state.is_final() => contradiction(movement, fact),
            Fact::Succeeded { .. } => self.reversal_succeeded(draft, movement, fact),
            Fact::Declined { code } | Fact::FailedLater { code } => {
                self.reversal_refused(draft, movement, code)
            }
            Fact::Expired | Fact::Cancelled | Fact::Reversed => {
                self.reversal_refused(draft, movement, "never executed")
            }
            _ => self.still_open(draft, movement, fact),
        }
    }

    fn reversal_succeeded(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fact: &Fact,
    ) -> Result<bool, Refusal> {
        let mut next = draft.change(movement, MovementState::Succeeded)?;
        next.submitted_at = next.submitted_at.or(Some(draft.now));
        if let Fact::Succeeded { provider_ref, transaction_ref, amount, .. } = fact {
            if *amount != movement.amount {
                let (reference, expected) = (movement.reference, movement.amount);
                return Err(Refusal::AmountDiffers { reference, said: *amount, expected });
            }
            next.provider_ref = provider_ref.clone().or(next.provider_ref);
            next.transaction_ref = transaction_ref.clone().or(next.transaction_ref);
        }
        draft.put(next);
        let unknown = Refusal::UnknownMovement { reference: movement.reference };
        let paid = self.movement(movement.original.ok_or(unknown)?)?;
        let undone = self.back_in_float(draft, paid, MovementState::Reversed)?;
        draft.put(undone.clone());
        self.payout_is_back(draft, &undone)?;
        Ok(true)
    }

    /// The payee keeps it: nothing was undone, and the first refund is still to choose what becomes of our fee.
    fn reversal_refused(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        code: &str,
    ) -> Result<bool, Refusal> {
        let mut next = draft.change(movement, MovementState::Declined)?;
        next.code = Some(code.to_owned());
        draft.step.transfer.refund_keeps_fee = None;
        if self.transfer.status == TransferStatus::Disputed {
            draft.note_for_staff("reversal_refused", &next, code);
        } else {
            draft.status(TransferStatus::Completed)?;
            draft.say("reversal_refused", Some(&next), code);
        }
        draft.put(next);
        Ok(true)
    }

    /// A payout's amount, and the fee for it, are in our float again.
    pub(super) fn back_in_float(
        &self,
        draft: &mut Draft<'_>,
        paid: &Movement,
        state: MovementState,
    ) -> Result<Movement, Refusal> {
        let next = draft.change(paid, state)?;
        let float = paid.float().ok_or(Refusal::NoFloat { rail: paid.rail })?;
        let postings = recipes::single(&float, &paid.source, paid.amount);
        draft.post(EntryKind::Reversal, Nature::Fact, Some(paid), postings)?;
        if let Some(fee) = paid.fee {
            let returned = recipes::provider_fee_returned(&float, fee);
            draft.post(EntryKind::ProviderFee, Nature::Fact, Some(paid), returned)?;
        }
        Ok(next)
    }

    /// What was asked for can be given back now; while it is disputed, it covers the loss.
    pub(super) fn payout_is_back(&self, draft: &mut Draft<'_>, paid: &Movement) -> Result<(), Refusal> {
        let owed = self.unwind(draft, Some(paid))?;
        if self.transfer.status == TransferStatus::Disputed {
            draft.note_for_staff("payout_taken_back", paid, "");
            return self.recover_loss(draft, paid, owed);
        }
        draft.say("payout_taken_back", Some(paid), "");
        self.return_to_payer(draft)
    }

    pub(super) fn open_reversal(&self) -> Option<&Movement> {
        self.movements.iter().find(|m| m.kind == MovementKind::Reversal && !m.state.is_final())
    }

    /// Ends a reversal of a payout that is known to be undone: by it, or before it.
    pub(super) fn end_reversal(
        &self,
        draft: &mut Draft<'_>,
        reversal: &Movement,
        paid: MovementState,
    ) -> Result<(), Refusal> {
        let state = match paid {
            MovementState::Reversed => MovementState::Succeeded,
            _ => MovementState::Cancelled,
        };
        let next = draft.change(reversal, state)?;
        draft.put(next);
        Ok(())
    }
}
