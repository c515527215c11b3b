//! Undoing a conversion at its own rate, and what today's rate makes of that.
//!
//! A refund never costs the payer a rate: what was converted goes back at the rate it came by. What our position lost or
//! won meanwhile is booked apart, between `fx:*` and `expense:fx_difference`, for admins' eyes.

use super::draft::Draft;
use super::{Case, Lane, PromiseKind, Refusal};
use crate::recipes::RecipeError;
use crate::{Account, EntryKind, Money, Movement, Nature, Route, recipes};

impl Case {
    /// Undoes what is left of the conversion, and says how much that gives the payer.
    pub(super) fn unwind(
        &self,
        draft: &mut Draft<'_>,
        movement: Option<&Movement>,
    ) -> Result<Money, Refusal> {
        let transfer = &draft.step.transfer;
        let (before, whole) = (transfer.unwound, transfer.refundable());
        self.unwind_to(draft, movement, whole, Nature::Fact)?;
        Ok(whole.checked_sub(before).map_err(RecipeError::from)?)
    }

    /// Undoes the conversion up to `after` of what is refundable, and promises to value what came of it where two
    /// currencies met.
    pub(super) fn unwind_to(
        &self,
        draft: &mut Draft<'_>,
        movement: Option<&Movement>,
        after: Money,
        nature: Nature,
    ) -> Result<(), Refusal> {
        let transfer = &draft.step.transfer;
        if transfer.unwound == after {
            return Ok(());
        }
        let postings = recipes::unwind_part(transfer, transfer.unwound, after);
        draft.post(EntryKind::Unwind, nature, movement, postings)?;
        draft.step.transfer.unwound = after;
        if self.transfer.send.currency() != self.transfer.receive.currency() {
            let id = self.transfer.id.uuid();
            draft.promise(PromiseKind::Revalue, id, Lane::Internal, draft.now);
        }
        Ok(())
    }

    /// Books the difference between what the position lost by what was undone since the last time and what it got back
    /// is worth at `today`'s mid. What was valued is remembered, so it is booked once.
    pub(super) fn revalue(&self, draft: &mut Draft<'_>, today: &Route) -> Result<bool, Refusal> {
        if self.transfer.revalued == self.transfer.unwound {
            return Ok(false);
        }
        let (given, gained) = self.positions()?;
        let postings = recipes::revaluation(given, today.worth_at_mid(gained)?);
        draft.post(EntryKind::Revaluation, Nature::Fact, None, postings)?;
        draft.step.transfer.revalued = self.transfer.unwound;
        Ok(true)
    }

    /// What the part that was not valued yet took from the position in the send currency, and what it gave to the one
    /// received.
    fn positions(&self) -> Result<(Money, Money), Refusal> {
        let t = &self.transfer;
        let part = recipes::unwind_part(t, t.revalued, t.unwound)?;
        let debited = |account: Account| -> Result<Money, RecipeError> {
            let mut sum = Money::zero(account.currency());
            for posting in &part {
                if posting.debit == account {
                    sum = sum.checked_add(posting.amount)?;
                } else if posting.credit == account {
                    sum = sum.checked_sub(posting.amount)?;
                }
            }
            Ok(sum)
        };
        let given = debited(Account::Fx { currency: t.send.currency() })?;
        let gained = debited(Account::Fx { currency: t.receive.currency() })?;
        Ok((given, gained.checked_neg().map_err(RecipeError::from)?))
    }
}
