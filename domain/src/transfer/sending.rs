//! What follows when value leaves: dispatching, and what is heard of disbursements and refunds.

use super::case::{confirmed_refusal, not_known, refused_unless_found, submitted, surely_not_there};
use super::draft::Draft;
use super::{Case, Fact, NoticeKind, PromiseKind, Refusal, TransferStatus};
use crate::{EntryKind, Money, Movement, MovementKind, MovementState, Nature, Rail, recipes};

impl Case {
    /// Reserves the float for an outgoing movement and promises to send it; between balances it is done at once.
    ///
    /// The writer refuses the reservation when the float does not suffice: then the promise waits and is tried again.
    pub(super) fn dispatch(&self, draft: &mut Draft<'_>, movement: &Movement) -> Result<bool, Refusal> {
        if movement.state != MovementState::Intended
            || movement.float_hold.is_some()
            || movement.kind == MovementKind::Reversal
            || self.check_not_held(movement).is_err()
        {
            return Ok(false);
        }
        if movement.rail == Rail::Balance {
            return self.credit_payee(draft, movement);
        }
        let float = movement.float().ok_or(Refusal::NoFloat { rail: movement.rail })?;
        let mut next = draft.change(movement, MovementState::Intended)?;
        next.float_hold = Some(draft.hold(float, movement.amount));
        if movement.kind == MovementKind::Disbursement {
            draft.status(TransferStatus::Disbursing)?;
            draft.say("disbursement_started", Some(&next), "");
        }
        draft.promise_for(PromiseKind::Submit, &next, draft.now);
        draft.put(next);
        Ok(true)
    }

    fn credit_payee(&self, draft: &mut Draft<'_>, movement: &Movement) -> Result<bool, Refusal> {
        let payee = self.transfer.payee_account.as_ref().ok_or(Refusal::NoFloat { rail: movement.rail })?;
        let next = draft.change(movement, MovementState::Succeeded)?;
        draft.settle(movement);
        // To the payer's own balance the value is there already.
        if movement.source != *payee {
            let postings = recipes::single(&movement.source, payee, movement.amount);
            draft.post(EntryKind::Disbursement, Nature::Fact, Some(movement), postings)?;
        }
        self.complete(draft, &next)?;
        draft.put(next);
        Ok(true)
    }

    fn complete(&self, draft: &mut Draft<'_>, movement: &Movement) -> Result<(), Refusal> {
        if self.transfer.status == TransferStatus::Disputed {
            draft.note_for_staff("paid_out_while_disputed", movement, "");
            return Ok(());
        }
        draft.status(TransferStatus::Completed)?;
        draft.say("completed", Some(movement), "");
        draft.tell(NoticeKind::TransferCompleted);
        draft.tell(NoticeKind::MoneyReceived);
        Ok(())
    }

    pub(super) fn heard_of_disbursement(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fact: &Fact,
    ) -> Result<bool, Refusal> {
        self.check_not_held(movement)?;
        match fact {
            Fact::Reversed if movement.state == MovementState::Succeeded => {
                self.undone(draft, movement, MovementState::Reversed, "")
            }
            Fact::FailedLater { code } if movement.state == MovementState::Succeeded => {
                self.undone(draft, movement, MovementState::FailedLater, code)
            }
            _ if movement.state.is_final() => contradiction(movement, fact),
            Fact::Succeeded { .. } => {
                let next = self.left_float(draft, movement, fact)?;
                self.complete(draft, &next)?;
                draft.put(next);
                Ok(true)
            }
            Fact::Declined { code } => self.declined(draft, movement, code),
            Fact::NotFound { settling, .. }
                if let Some(code) = confirmed_refusal(movement, *settling, draft.now) =>
            {
                self.declined(draft, movement, code)
            }
            Fact::Expired | Fact::Cancelled | Fact::Reversed => {
                self.declined(draft, movement, "never executed")
            }
            _ => self.still_open(draft, movement, fact),
        }
    }

    pub(super) fn heard_of_refund(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fact: &Fact,
    ) -> Result<bool, Refusal> {
        let came_back = movement.state == MovementState::Succeeded;
        match fact {
            Fact::FailedLater { code } if came_back => self.refund_came_back(draft, movement, code),
            // Stripe says "failed" before and after a success alike.
            Fact::Declined { code } if came_back && movement.rail.settles_later() => {
                self.refund_came_back(draft, movement, code)
            }
            _ if movement.state.is_final() => contradiction(movement, fact),
            Fact::Succeeded { .. } => self.refunded(draft, movement, fact),
            Fact::Declined { code } | Fact::FailedLater { code } => {
                self.refund_impossible(draft, movement, code)?;
                Ok(true)
            }
            Fact::NotFound { settling, .. }
                if let Some(code) = confirmed_refusal(movement, *settling, draft.now) =>
            {
                self.refund_impossible(draft, movement, code)?;
                Ok(true)
            }
            Fact::Expired | Fact::Cancelled | Fact::Reversed => {
                self.refund_impossible(draft, movement, "never executed")?;
                Ok(true)
            }
            _ => self.still_open(draft, movement, fact),
        }
    }

    /// Pending, unknown or not found: the transfer says that it is being found out.
    pub(super) fn still_open(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fact: &Fact,
    ) -> Result<bool, Refusal> {
        match fact {
            Fact::Pending { provider_ref, .. } => {
                if movement.state == MovementState::Submitted {
                    return Ok(false);
                }
                let next = submitted(draft, movement, provider_ref)?;
                draft.note_for_staff("submitted", &next, "");
                self.reflect(draft, &next, false)?;
                draft.put(next);
            }
            Fact::NotFound { resend, settling } => {
                let again = *resend && surely_not_there(movement, *settling, draft.now);
                let not_found = if again { 0 } else { movement.not_found + 1 };
                let next = not_known(draft, movement, not_found, "not found")?;
                self.reflect(draft, &next, true)?;
                if again {
                    draft.note_for_staff("sent_again", &next, "");
                    draft.promise_for(PromiseKind::Submit, &next, draft.now);
                }
            }
            Fact::RefusedUnlessFound { code } => {
                let Some(next) = refused_unless_found(draft, movement, code)? else { return Ok(false) };
                self.reflect(draft, &next, true)?;
            }
            Fact::Unknown { reason } => {
                let next = not_known(draft, movement, movement.not_found, reason)?;
                self.reflect(draft, &next, true)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Shows in the transfer's status whether the outcome of its own outgoing movement is known. Late money that goes
    /// back is no part of the transfer any more.
    fn reflect(&self, draft: &mut Draft<'_>, movement: &Movement, unknown: bool) -> Result<(), Refusal> {
        use TransferStatus::{Disbursing, InReconciliation, Refunding};
        let status = self.transfer.status;
        if self.returns_late_money(movement) {
            return Ok(());
        }
        match (unknown, status) {
            (true, Disbursing | Refunding) => {
                draft.say("in_reconciliation", None, "");
                draft.status(InReconciliation)
            }
            (false, InReconciliation) => {
                draft.say("reconciled", Some(movement), "");
                let is_disbursement = movement.kind == MovementKind::Disbursement;
                draft.status(if is_disbursement { Disbursing } else { Refunding })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn returns_late_money(&self, refund: &Movement) -> bool {
        let original = refund.original.and_then(|reference| self.movement(reference).ok());
        refund.kind == MovementKind::Refund && original.is_some_and(Movement::is_late)
    }

    /// The value left our float, and with it the provider's fee when told.
    fn left_float(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fact: &Fact,
    ) -> Result<Movement, Refusal> {
        let mut next = draft.change(movement, MovementState::Succeeded)?;
        next.submitted_at = next.submitted_at.or(Some(draft.now));
        if let Fact::Succeeded { provider_ref, transaction_ref, amount, fee, .. } = fact {
            if *amount != movement.amount {
                let (reference, expected) = (movement.reference, movement.amount);
                return Err(Refusal::AmountDiffers { reference, said: *amount, expected });
            }
            next.provider_ref = provider_ref.clone().or(next.provider_ref);
            next.transaction_ref = transaction_ref.clone().or(next.transaction_ref);
            next.fee = *fee;
        }
        let float = movement.float().ok_or(Refusal::NoFloat { rail: movement.rail })?;
        draft.settle(movement);
        let kind =
            if movement.kind == MovementKind::Refund { EntryKind::Refund } else { EntryKind::Disbursement };
        let postings = recipes::single(&movement.source, &float, movement.amount);
        draft.post(kind, Nature::Fact, Some(movement), postings)?;
        if let (MovementKind::Disbursement, Some(fee)) = (movement.kind, next.fee) {
            self.book_fee(draft, &mut next, fee)?;
        }
        Ok(next)
    }

    /// The payee was refused: the conversion is unwound and the payer gets everything back.
    fn declined(&self, draft: &mut Draft<'_>, movement: &Movement, code: &str) -> Result<bool, Refusal> {
        let mut next = draft.change(movement, MovementState::Declined)?;
        next.code = Some(code.to_owned());
        draft.void(movement);
        let owed = self.unwind(draft, Some(movement))?;
        draft.say("payee_refused", Some(&next), code);
        draft.put(next);
        if self.transfer.status == TransferStatus::Disputed {
            self.recover_loss(draft, movement, owed)?;
            return Ok(true);
        }
        self.return_to_payer(draft)?;
        Ok(true)
    }

    /// The payer gets everything back that is on their account again: by their rail, or by staying there.
    pub(super) fn return_to_payer(&self, draft: &mut Draft<'_>) -> Result<(), Refusal> {
        let amount = self.with_payer(draft)?;
        draft.status(TransferStatus::Refunding)?;
        match self.funding() {
            Some(collection) => {
                self.start_refund(draft, collection, amount)?;
                let is_asked = draft.step.transfer.refund_keeps_fee.is_some();
                draft.tell(if is_asked { NoticeKind::RefundGranted } else { NoticeKind::RefundStarted });
            }
            None => self.given_back(draft, amount)?,
        }
        Ok(())
    }

    /// The payer has `amount`. The transfer is over, or goes back to where it was; what an earlier refund left with us
    /// is for a person.
    fn given_back(&self, draft: &mut Draft<'_>, amount: Money) -> Result<(), Refusal> {
        use TransferStatus::{Completed, Disputed, NeedsAttention, Refunded};
        let transfer = &mut draft.step.transfer;
        transfer.refunded = transfer.refunded.checked_add(amount).map_err(recipes::RecipeError::from)?;
        if transfer.status == Disputed {
            return Ok(());
        }
        let is_all = transfer.refunded == transfer.refundable();
        let (status, event) = match self.with_payer(draft)?.is_positive() {
            true => (NeedsAttention, "refund_left_over"),
            false if is_all => (Refunded, "refunded"),
            false => (Completed, "partly_refunded"),
        };
        draft.status(status)?;
        draft.say(event, None, "");
        let is_total = draft.step.transfer.refunded == self.transfer.total;
        draft.tell(if is_total { NoticeKind::RefundCompleted } else { NoticeKind::PartRefunded });
        Ok(())
    }

    fn refunded(&self, draft: &mut Draft<'_>, movement: &Movement, fact: &Fact) -> Result<bool, Refusal> {
        let next = self.left_float(draft, movement, fact)?;
        let original = movement.original.map(|reference| self.movement(reference)).transpose()?;
        let whole = original.filter(|m| m.amount == movement.amount && m.rail == movement.rail);
        let fee = whole.filter(|m| m.rail.returns_fee_on_refund()).and_then(|m| m.fee);
        if let Some((fee, float)) = fee.zip(movement.float()) {
            let returned = recipes::provider_fee_returned(&float, fee);
            draft.post(EntryKind::ProviderFee, Nature::Fact, Some(movement), returned)?;
        }
        draft.put(next.clone());
        if original.is_some_and(Movement::is_late) {
            draft.say("late_payment_returned", Some(&next), "");
            draft.tell(NoticeKind::RefundCompleted);
        } else {
            self.given_back(draft, movement.amount)?;
        }
        Ok(true)
    }

    /// Neither paid out nor given back: what we owe stays booked, and a person takes over.
    fn refund_impossible(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        code: &str,
    ) -> Result<(), Refusal> {
        let mut next = draft.change(movement, MovementState::Declined)?;
        next.code = Some(code.to_owned());
        draft.void(movement);
        if self.returns_late_money(movement) {
            draft.say("late_return_refused", Some(&next), code);
            self.recover_late_loss(draft, movement)?;
        } else {
            self.person_takes_over(draft, "refund_refused", &next, code)?;
        }
        draft.put(next);
        Ok(())
    }

    /// A refund that had reached its payer's bank came back: what we owe is booked again, and a person takes over.
    fn refund_came_back(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        code: &str,
    ) -> Result<bool, Refusal> {
        let mut next = draft.change(movement, MovementState::FailedLater)?;
        next.code = Some(code.to_owned());
        let float = movement.float().ok_or(Refusal::NoFloat { rail: movement.rail })?;
        let postings = recipes::single(&float, &movement.source, movement.amount);
        draft.post(EntryKind::Reversal, Nature::Fact, Some(movement), postings)?;
        if self.returns_late_money(movement) {
            draft.say("late_return_came_back", Some(&next), code);
            self.recover_late_loss(draft, movement)?;
        } else {
            draft.step.transfer.refunded =
                self.transfer.refunded.checked_sub(movement.amount).map_err(recipes::RecipeError::from)?;
            match self.under_way(draft).filter(|_| self.transfer.status != TransferStatus::Disputed) {
                Some(_) => draft.say("earlier_refund_came_back", Some(&next), code),
                None => self.person_takes_over(draft, "refund_came_back", &next, code)?,
            }
        }
        draft.put(next);
        Ok(true)
    }

    /// Says `event` and leaves the transfer to a person; while it is disputed, what the payer is owed covers the loss.
    fn person_takes_over(
        &self,
        draft: &mut Draft<'_>,
        event: &'static str,
        movement: &Movement,
        code: &str,
    ) -> Result<(), Refusal> {
        if self.transfer.status == TransferStatus::Disputed {
            draft.note_for_staff(event, movement, code);
            return self.recover_loss(draft, movement, movement.amount);
        }
        draft.say(event, Some(movement), code);
        draft.status(TransferStatus::NeedsAttention)
    }

    /// The provider took a finished disbursement back: the value is ours again, and a person decides, unless one asked
    /// for just that.
    fn undone(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        state: MovementState,
        code: &str,
    ) -> Result<bool, Refusal> {
        let next = self.back_in_float(draft, movement, state)?;
        draft.put(next.clone());
        if let Some(reversal) = self.open_reversal() {
            self.end_reversal(draft, reversal, state)?;
            self.payout_is_back(draft, &next)?;
        } else if self.transfer.status == TransferStatus::Disputed {
            draft.note_for_staff("disbursement_reversed", &next, code);
            let owed = self.unwind(draft, Some(movement))?;
            self.recover_loss(draft, movement, owed)?;
        } else {
            draft.status(TransferStatus::NeedsAttention)?;
            draft.say("disbursement_reversed", Some(&next), code);
        }
        Ok(true)
    }
}

/// After the end the same word is no news; another one is refused and shown, never applied.
pub(super) fn contradiction(movement: &Movement, fact: &Fact) -> Result<bool, Refusal> {
    let said = match fact {
        Fact::Succeeded { .. } => MovementState::Succeeded,
        Fact::Declined { .. } => MovementState::Declined,
        Fact::Reversed => MovementState::Reversed,
        Fact::FailedLater { .. } => MovementState::FailedLater,
        _ => return Ok(false),
    };
    if said == movement.state {
        return Ok(false);
    }
    Err(Refusal::IllegalState { reference: movement.reference, from: movement.state, to: said })
}
