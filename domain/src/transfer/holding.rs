//! What follows when a person shall look before anything leaves: screening met a name, or a payee is known by another.
//!
//! A transfer is held between its funding and the dispatch of its disbursement: the value stays reserved, nothing is
//! asked of a provider. A person lets it go on or refuses it; a refusal unwinds the conversion and gives everything
//! back, as when the payee was refused. A disbursement that was let go on carries a mark and is never held again.
//!
//! Deliberately absent: who is on which list, and who may decide. Callers know, and tell the reason.

use super::draft::Draft;
use super::{Case, HoldCause, NoticeKind, PromiseKind, Refusal, TransferStatus};
use crate::{Movement, MovementKind, MovementState};

/// The mark of a disbursement that a person let go on, in [`Movement::code`].
const RELEASED: &str = "released";

impl Movement {
    /// Whether a person let this disbursement go on although it was held: it is not screened again.
    pub fn is_released(&self) -> bool {
        self.kind == MovementKind::Disbursement && self.code.as_deref() == Some(RELEASED)
    }

    /// Lets a disbursement go on without being screened.
    pub(super) fn release(&mut self) {
        self.code = Some(RELEASED.to_owned());
    }

    /// Whether it may still be held: a disbursement of which nothing is reserved at a provider.
    fn is_undispatched(&self) -> bool {
        self.kind == MovementKind::Disbursement
            && self.state == MovementState::Intended
            && self.float_hold.is_none()
    }
}

impl Case {
    /// The disbursement that has not been dispatched, if there is one.
    pub fn undispatched(&self) -> Option<&Movement> {
        self.movements.iter().find(|movement| movement.is_undispatched())
    }

    /// Holds a funded transfer before its dispatch. No news once it went on, or was let go on by a person.
    pub(super) fn hold_back(
        &self,
        draft: &mut Draft<'_>,
        cause: HoldCause,
        reason: &str,
    ) -> Result<bool, Refusal> {
        let Some(movement) = self.undispatched().filter(|movement| !movement.is_released()) else {
            return Ok(false);
        };
        if self.transfer.status != TransferStatus::Funded {
            return Ok(false);
        }
        draft.status(TransferStatus::OnHold)?;
        draft.say("on_hold", None, "");
        draft.note_for_staff(cause.event(), movement, reason);
        draft.tell(NoticeKind::TransferOnHold);
        Ok(true)
    }

    /// A person lets it go on: dispatched as any other, and not held again.
    pub(super) fn release(&self, draft: &mut Draft<'_>) -> Result<bool, Refusal> {
        let movement = self.held()?;
        let mut next = draft.change(movement, MovementState::Intended)?;
        next.release();
        draft.status(TransferStatus::Funded)?;
        draft.say("released", None, "");
        draft.promise_for(PromiseKind::Dispatch, &next, draft.now);
        draft.put(next);
        Ok(true)
    }

    /// A person refuses it: nothing was sent, and the payer gets everything back.
    pub(super) fn refuse(&self, draft: &mut Draft<'_>, reason: &str) -> Result<bool, Refusal> {
        let movement = self.held()?;
        let next = draft.change(movement, MovementState::Cancelled)?;
        draft.void(movement);
        self.unwind(draft, Some(movement))?;
        draft.say("transfer_refused", Some(&next), "");
        draft.note_for_staff("refusal_reason", &next, reason);
        draft.put(next);
        self.return_to_payer(draft)?;
        Ok(true)
    }

    /// What is known of a disbursement that is held can only be that it was not sent.
    pub(super) fn check_not_held(&self, movement: &Movement) -> Result<(), Refusal> {
        if self.transfer.status == TransferStatus::OnHold && movement.is_undispatched() {
            return Err(Refusal::Held { reference: movement.reference });
        }
        Ok(())
    }

    fn held(&self) -> Result<&Movement, Refusal> {
        let status = self.transfer.status;
        let movement = self.undispatched().filter(|_| status == TransferStatus::OnHold);
        movement.ok_or(Refusal::NotOnHold { status })
    }
}
