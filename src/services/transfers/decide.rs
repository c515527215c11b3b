//! What a person decides about a transfer: one event, claimed and answered once.

use domain::TransferId;
use domain::transfer::{Again, Event};
use serde_json::json;
use store::writer::{NewAudit, WriteError};

use super::TransferError;
use super::create::{Stored, claim, replay};
use super::read::Seen;
use crate::app::App;
use crate::services::cases::{self, CaseError, With};
use crate::services::{Caller, IdempotencyKey as Key};

/// Lets a held transfer go on. Of two who decide at once, one does; the other is refused.
pub async fn release(
    app: &App,
    caller: &Caller,
    key: Key,
    id: TransferId,
    render: impl Fn(&Seen) -> Vec<u8> + Send + Sync,
) -> Result<Stored, TransferError> {
    let audit = decision(app, caller, "transfer.release", id, &json!({}));
    apply_once(app, key, id, &Event::Release, audit, render).await
}

/// Refuses a held transfer: the payer gets everything back. `reason` stays in the audit trail and on the staff's
/// timeline, so it should name nobody.
pub async fn refuse(
    app: &App,
    caller: &Caller,
    key: Key,
    id: TransferId,
    reason: String,
    render: impl Fn(&Seen) -> Vec<u8> + Send + Sync,
) -> Result<Stored, TransferError> {
    let audit = decision(app, caller, "transfer.refuse", id, &json!({ "reason": reason }));
    apply_once(app, key, id, &Event::Refuse { reason }, audit, render).await
}

/// Has a transfer that waits for a person paid out again, to the same payee, or given back by the rail it came by.
pub async fn retry(
    app: &App,
    caller: &Caller,
    key: Key,
    id: TransferId,
    what: Again,
    render: impl Fn(&Seen) -> Vec<u8> + Send + Sync,
) -> Result<Stored, TransferError> {
    let word = if what == Again::Payout { "payout" } else { "refund" };
    let audit = decision(app, caller, "transfer.retry", id, &json!({ "what": word }));
    apply_once(app, key, id, &Event::Retry { what }, audit, render).await
}

fn decision(
    app: &App,
    caller: &Caller,
    action: &'static str,
    id: TransferId,
    detail: &serde_json::Value,
) -> NewAudit {
    NewAudit {
        id: app.ids.next(),
        actor: caller.actor(),
        action,
        object: id.to_string(),
        detail: detail.to_string(),
    }
}

/// Applies what somebody decided, in one commit with the claim on their key and with their audit entry.
///
/// The same key gets the same answer again, whatever became of the transfer since.
pub(super) async fn apply_once(
    app: &App,
    key: Key,
    id: TransferId,
    event: &Event,
    audit: NewAudit,
    render: impl Fn(&Seen) -> Vec<u8> + Send + Sync,
) -> Result<Stored, TransferError> {
    if let Some(stored) = replay(app, key).await? {
        return Ok(stored);
    }
    let claim = |seen: &Seen| claim(app, key, 200, None, &render(seen));
    let with = With { claim: Some(&claim), audit: vec![audit], ..With::default() };
    match cases::apply(app, id, event, with).await {
        Ok(_) => {}
        Err(CaseError::Write(WriteError::KeyReused)) => return Err(TransferError::KeyReused),
        // Refused because the same request, sent twice at once, was faster: then its answer is there.
        Err(error) => return replay(app, key).await?.ok_or(error.into()),
    }
    let stored = replay(app, key).await?.ok_or(TransferError::Overloaded)?;
    Ok(Stored { replayed: false, ..stored })
}
