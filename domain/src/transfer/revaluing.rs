//! Undoing a conversion at its own rate, and what today's rate makes of that.
//!
//! A refund never costs the payer a rate: what was converted goes back at the rate it came by. What our position lost or
//! won meanwhile is booked apart, between `fx:*` and `expense:fx_difference`, for admins' eyes.

use super::draft::Draft;
use super::{Case, Lane, PromiseKind, Refusal};
use crate::recipes::RecipeError;
use crate::{Account, EntryKind, Money, Movement, Nature, Route, recipes};

impl Case {
    /// Undoes the conversion, and promises to value what came of it where two currencies met.
    pub(super) fn unwind(&self, draft: &mut Draft<'_>, movement: Option<&Movement>) -> Result<(), Refusal> {
        draft.post(EntryKind::Unwind, Nature::Fact, movement, recipes::unwind(&self.transfer))?;
        if self.transfer.send.currency() != self.transfer.receive.currency() {
            let id = self.transfer.id.uuid();
            draft.promise(PromiseKind::Revalue, id, Lane::Internal, draft.now);
        }
        Ok(())
    }

    /// Books the difference between what the position lost by the unwinding and what it got back is worth at `today`'s
    /// mid. Who calls this ends the promise that asked for it in the same commit, so it is booked once.
    pub(super) fn revalue(&self, draft: &mut Draft<'_>, today: &Route) -> Result<bool, Refusal> {
        let (given, gained) = self.positions()?;
        let postings = recipes::revaluation(given, today.worth_at_mid(gained)?);
        if matches!(&postings, Ok(postings) if postings.is_empty()) {
            return Ok(false);
        }
        draft.post(EntryKind::Revaluation, Nature::Fact, None, postings)?;
        Ok(true)
    }

    /// What the unwinding took from the position in the send currency, and what it gave to the one received.
    fn positions(&self) -> Result<(Money, Money), Refusal> {
        let moved = |account: Account| -> Result<Money, RecipeError> {
            let mut sum = Money::zero(account.currency());
            for posting in recipes::unwind(&self.transfer)? {
                if posting.debit == account || posting.credit == account {
                    sum = sum.checked_add(posting.amount)?;
                }
            }
            Ok(sum)
        };
        let (send, receive) = (self.transfer.send.currency(), self.transfer.receive.currency());
        Ok((moved(Account::Fx { currency: send })?, moved(Account::Fx { currency: receive })?))
    }
}
