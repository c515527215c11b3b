//! What follows when a person has a transfer tried again that waits for one.
//!
//! It depends on where the value is. A payout that came back left it on the payer's account, converted: it is paid out
//! again, or unwound and given back. A refund that was refused, or came back, left it there in the currency that was
//! paid: it is given back again, by the rail that it came by or by another one. Nothing is reserved twice: what waits for
//! a person holds nothing.
//!
//! Deliberately absent: who may ask for it, and to whom another rail pays. What was disputed once is not tried again
//! here: a person looks at what the bank said.

use super::draft::Draft;
use super::{Again, Case, Refusal, TransferStatus};
use crate::{Movement, MovementKind, MovementState, Rail, Wallet};

impl Case {
    pub(super) fn retry(&self, draft: &mut Draft<'_>, what: &Again) -> Result<bool, Refusal> {
        let status = self.transfer.status;
        let not_so = Refusal::NotRetriable { status };
        let is_waiting = status == TransferStatus::NeedsAttention && self.under_way(draft).is_none();
        if !is_waiting || self.funding().is_some_and(was_disputed) {
            return Err(not_so);
        }
        let is_converted = self.is_converted();
        let is_owed = is_converted || self.with_payer(draft)?.is_positive();
        match what {
            Again::Payout if is_converted => self.pay_again(draft)?,
            Again::Refund if is_owed => self.refund_again(draft, None)?,
            Again::RefundBy { rail, wallet } if is_owed => self.refund_again(draft, Some((*rail, wallet)))?,
            _ => return Err(not_so),
        }
        Ok(true)
    }

    /// Whether a payout came back and nothing was undone because of it.
    fn is_converted(&self) -> bool {
        let came_back = |m: &Movement| {
            m.kind == MovementKind::Disbursement
                && matches!(m.state, MovementState::FailedLater | MovementState::Reversed)
        };
        self.transfer.unwound.is_zero() && self.outgoing().next_back().is_some_and(came_back)
    }

    /// To the same payee, who was screened before: the value is reserved again and dispatched.
    fn pay_again(&self, draft: &mut Draft<'_>) -> Result<(), Refusal> {
        let mut next = self.disbursement(draft);
        next.release();
        draft.status(TransferStatus::Disbursing)?;
        draft.say("payout_retried", Some(&next), "");
        draft.put(next);
        Ok(())
    }

    fn refund_again(&self, draft: &mut Draft<'_>, by: Option<(Rail, &Wallet)>) -> Result<(), Refusal> {
        if self.is_converted() {
            self.unwind(draft, None)?;
        }
        draft.say("refund_retried", None, "");
        match (by, self.funding()) {
            (Some((rail, wallet)), Some(collection)) => {
                let amount = self.with_payer(draft)?;
                draft.status(TransferStatus::Refunding)?;
                self.start_refund_by(draft, collection, amount, (rail, wallet.clone()))
            }
            (Some((rail, _)), None) => Err(Refusal::NoFloat { rail }),
            (None, _) => self.return_to_payer(draft),
        }
    }
}

fn was_disputed(collection: &Movement) -> bool {
    collection.code.is_some() || collection.dispute_fee.is_some()
}
