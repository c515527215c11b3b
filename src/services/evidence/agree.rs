//! A second person's consent to what was said of a movement: it counts in the commit of that consent.

use domain::MovementState;
use store::approvals::Approval;
use store::writer::Agreed;

use super::commit::{Word, commit};
use super::payload::Payload;
use super::{is_not_theirs, is_open, load};
use crate::app::App;
use crate::services::{Caller, ServiceError, approvals};

/// Makes it count.
///
/// Errors: `own_request` for the transfer's owner; `changed_meanwhile` when anything was heard of the movement since,
/// `operator_reference_used`, `approval_decided`.
pub(in crate::services) async fn agree(
    app: &App,
    caller: &Caller,
    approval: &Approval,
    digest: [u8; 32],
) -> Result<(), ServiceError> {
    let payload = Payload::read(approval)?;
    let (open, movement) = load(app, payload.reference(approval)?).await?;
    is_not_theirs(caller, &open)?;
    let said = payload.said(approval, &open)?;
    // Questions that stay without an answer change a stuck movement without telling anything of it.
    let is_asked_about = movement.state == MovementState::Uncertain;
    if movement.version != payload.version && !is_asked_about {
        return Err(ServiceError::Conflict { code: "changed_meanwhile" });
    }
    is_open(approval.kind, &movement, said.has_moved, app.clock.now())?;
    let made_by = approval.maker.ok_or_else(|| ServiceError::internal("nobody said it"))?;
    let consent = Agreed { approval: approval.id, digest, by: caller.user };
    let trace = approvals::trace(app, &caller.actor(), "approval.approve", approval);
    let (id, kind, agreed) = (payload.evidence_id, approval.kind, Some((consent, trace)));
    commit(app, caller, None, Word { id, kind, said, made_by, agreed }, &open, &movement).await
}
