//! One commit of a person's word with everything that follows from it.

use domain::transfer::{Event, Fact};
use domain::{ApprovalKind, Money, Movement, Rail, UserId};
use serde_json::json;
use store::evidence::Evidence;
use store::writer::{Agreed, NewAudit, WriteError};
use uuid::Uuid;

use super::{Answered, Render, Said};
use crate::app::App;
use crate::services::cases::{self, CaseError, OpenCase, With};
use crate::services::transfers::{self, Seen, TransferError};
use crate::services::{Caller, IdempotencyKey, ServiceError};

/// Why nothing moved, where nobody gave a word for it.
const REFUSED: &str = "refused_by_hand";

/// What was said, and by whom.
pub(super) struct Word {
    /// Of the evidence.
    pub id: Uuid,
    pub kind: ApprovalKind,
    pub said: Said,
    pub made_by: UserId,
    /// The second person's consent.
    pub agreed: Option<(Agreed, NewAudit)>,
}

/// Makes it count, over the movement as it was read: of two who speak at once, one does.
///
/// Errors: `movement_not_open` when somebody else spoke first, `operator_reference_used`, `approval_decided`.
pub(super) async fn commit(
    app: &App,
    caller: &Caller,
    answer: Option<(IdempotencyKey, Render<'_>)>,
    word: Word,
    open: &OpenCase,
    movement: &Movement,
) -> Result<(), ServiceError> {
    let Word { id, kind, said, made_by, agreed } = word;
    let provider = movement.rail.provider().ok_or(ServiceError::NotFound)?;
    let evidence = Evidence {
        id,
        movement: movement.reference,
        provider,
        wallet: movement.wallet.clone(),
        has_moved: said.has_moved,
        operator_reference: said.operator_reference.clone(),
        words: open.sealer.seal_evidence(id, &said.evidence),
        made_by,
        agreed_by: agreed.as_ref().map(|(agreed, _)| agreed.by),
        at: app.clock.now(),
    };
    let claim = answer.map(|(key, render)| {
        move |seen: &Seen| {
            let status = seen.transfer.status;
            let body = render(Answered::Counted { movement, has_moved: said.has_moved, status });
            transfers::claim(app, key, 200, None, &body)
        }
    });
    let (consent, trace) = agreed.unzip();
    let with = With {
        claim: claim.as_ref().map(|claim| claim as cases::ClaimOf<'_>),
        audit: [Some(audit(app, caller, kind, &said, movement)), trace].into_iter().flatten().collect(),
        agreed: consent.into_iter().collect(),
        evidence: vec![evidence],
        over: Some((movement.reference, movement.version)),
        ..With::default()
    };
    let event = Event::Heard { movement: movement.reference, fact: fact(kind, &said, movement) };
    match cases::apply(app, movement.transfer, &event, with).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) | Err(CaseError::Overtaken) => Err(ServiceError::Conflict { code: "movement_not_open" }),
        Err(CaseError::Write(WriteError::ReceiptUsed { .. })) => {
            Err(ServiceError::Conflict { code: "operator_reference_used" })
        }
        Err(CaseError::Write(WriteError::NotAgreed { .. })) => {
            Err(ServiceError::Conflict { code: "approval_decided" })
        }
        Err(error) => Err(TransferError::from(error).into()),
    }
}

/// By hand nothing is taken on the way; what another provider took, its statement tells.
fn fact(kind: ApprovalKind, said: &Said, movement: &Movement) -> Fact {
    if !said.has_moved {
        return Fact::Declined { code: said.code.clone().unwrap_or_else(|| REFUSED.to_owned()) };
    }
    let is_by_hand = kind == ApprovalKind::MovementConfirmation && movement.rail == Rail::Manual;
    Fact::Succeeded {
        provider_ref: None,
        transaction_ref: said.operator_reference.clone(),
        amount: movement.amount,
        fee: said.fee.or(is_by_hand.then(|| Money::zero(movement.amount.currency()))),
        at: None,
    }
}

fn audit(app: &App, caller: &Caller, kind: ApprovalKind, said: &Said, movement: &Movement) -> NewAudit {
    let action = match kind {
        ApprovalKind::MovementResolution => "movement.resolve",
        _ => "movement.confirm",
    };
    let detail = json!({
        "transfer": movement.transfer.to_string(),
        "kind": movement.kind.as_str(),
        "outcome": if said.has_moved { "succeeded" } else { "failed" },
        "operator_reference": said.operator_reference,
    });
    let (id, object) = (app.ids.next(), movement.reference.to_string());
    NewAudit { id, actor: caller.actor(), action, object, detail: detail.to_string() }
}
