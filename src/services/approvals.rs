//! Two people: one asks, another agrees, and what was agreed to is done in the same commit.
//!
//! Whoever agrees names the digest of what they were shown. Nobody agrees to their own: people are told apart by their
//! user, which is a confirmed number; one person with two numbers and two enrolments would be two here, and it is for
//! whoever grants roles to give one person one.
//!
//! Deliberately absent: what each kind does; [`approve`] asks the service that made it.

use chrono::{DateTime, Utc};
use domain::{ApprovalId, ApprovalKind, ApprovalState, Shown, UserId};
use serde_json::{Value, json};
use store::Tx;
use store::approvals::{self, Approval, ApprovalFilter, Decision};
use store::audit::{self, AuditEntry};
use store::writer::NewAudit;
use uuid::Uuid;

use super::{Caller, ServiceError, evidence, rates, transfers, treasury};
use crate::app::App;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Somebody.
    Person(UserId),
    /// A part of the house, by its name in the audit log. Whoever agrees is the first person to look.
    House(&'static str),
}

impl Maker {
    /// How the audit log names them.
    pub fn actor(self) -> String {
        match self {
            Maker::Person(user) => user.to_string(),
            Maker::House(name) => name.to_owned(),
        }
    }
}

/// What is asked for.
#[derive(Clone)]
pub struct Proposal {
    /// Of which kind.
    pub kind: ApprovalKind,
    /// What it is about; whatever waits for the same is voided.
    pub subject: String,
    /// What it is, as the second person reads it. No person may be named in it but by their id.
    pub payload: Value,
    /// Who asks.
    pub maker: Maker,
}

/// Records a proposal, with whatever else `tx` commits, in place of the one that waited for its subject.
///
/// Errors: `changed_meanwhile` when another was proposed at the same time.
pub async fn propose(
    app: &App,
    tx: &mut Tx,
    proposal: Proposal,
    now: DateTime<Utc>,
) -> Result<Approval, ServiceError> {
    let (made_by, kind, subject) = (proposal.maker.actor(), proposal.kind, &proposal.subject);
    approvals::void(tx, kind, subject, &made_by, "a newer one was asked for", now).await?;
    let approval = draft(ApprovalId::from_uuid(app.ids.next()), proposal, now);
    if !approvals::insert(tx, &approval).await? {
        return Err(ServiceError::Conflict { code: "changed_meanwhile" });
    }
    remember(tx, &approval.made_by, "approval.ask", &approval, now).await?;
    Ok(approval)
}

/// A proposal as it waits, with the digest of what is shown.
pub(super) fn draft(id: ApprovalId, proposal: Proposal, now: DateTime<Utc>) -> Approval {
    let made_by = proposal.maker.actor();
    let (kind, subject) = (proposal.kind, proposal.subject);
    let payload = proposal.payload.to_string();
    let shown = Shown { id, kind, subject: &subject, made_by: &made_by, created_at: now, payload: &payload };
    Approval {
        digest: shown.digest(),
        id,
        kind,
        maker: match proposal.maker {
            Maker::Person(user) => Some(user),
            Maker::House(_) => None,
        },
        state: ApprovalState::Pending,
        decided_by: None,
        reason: None,
        created_at: now,
        decided_at: None,
        subject,
        payload,
        made_by,
    }
}

/// Agrees to what was shown, and does it.
///
/// Errors: `not_found`, `approval_decided`, `own_request`, `digest_mismatch`; `changed_meanwhile` when what it was
/// asked over has changed, which voids it; and those of what is done.
pub async fn approve(
    app: &App,
    caller: &Caller,
    id: ApprovalId,
    digest: [u8; 32],
) -> Result<Approval, ServiceError> {
    let approval = read(app, caller, id).await?;
    check(&approval, caller.user, digest)?;
    let done = match approval.kind {
        ApprovalKind::RateChange => agree_to_rate(app, caller, &approval, digest).await,
        ApprovalKind::Treasury => treasury::agree(app, caller, &approval, digest).await,
        ApprovalKind::MovementConfirmation | ApprovalKind::MovementResolution => {
            evidence::agree(app, caller, &approval, digest).await
        }
        ApprovalKind::RefundByHand => transfers::agree(app, caller, &approval, digest).await,
        ApprovalKind::Refund => transfers::agree_to_refund(app, caller, &approval, digest).await,
    };
    match done {
        Err(error @ ServiceError::NotRefundable { .. }) => {
            overtaken(app, caller, &approval).await?;
            Err(error)
        }
        Err(error @ ServiceError::Conflict { code: "operator_reference_used" | "account_opened" }) => {
            overtaken(app, caller, &approval).await?;
            Err(error)
        }
        Err(ServiceError::Conflict { .. }) => Err(overtaken(app, caller, &approval).await?),
        Err(error) => Err(error),
        Ok(()) => find(app, caller, id).await,
    }
}

async fn agree_to_rate(
    app: &App,
    caller: &Caller,
    approval: &Approval,
    digest: [u8; 32],
) -> Result<(), ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    rates::apply(app, &mut tx, approval, caller.user, now).await?;
    if !approvals::decide(&mut tx, approval.id, caller.user, Decision::Approve { digest }, now).await? {
        return Err(ServiceError::Conflict { code: "approval_decided" });
    }
    remember(&mut tx, &caller.actor(), "approval.approve", approval, now).await?;
    tx.commit().await?;
    app.rates.forget().await;
    Ok(())
}

/// Refuses what is asked for; whoever asked may take it back so.
///
/// Errors: `not_found`, `approval_decided`.
pub async fn reject(
    app: &App,
    caller: &Caller,
    id: ApprovalId,
    reason: &str,
) -> Result<Approval, ServiceError> {
    let approval = find(app, caller, id).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !approvals::decide(&mut tx, id, caller.user, Decision::Reject { reason }, now).await? {
        return Err(ServiceError::Conflict { code: "approval_decided" });
    }
    remember(&mut tx, &caller.actor(), "approval.reject", &approval, now).await?;
    tx.commit().await?;
    find(app, caller, id).await
}

/// One of them, as people read it. For admins only.
pub async fn find(app: &App, caller: &Caller, id: ApprovalId) -> Result<Approval, ServiceError> {
    reveal(app, read(app, caller, id).await?).await
}

/// Opens what is sealed in it for whoever may read it.
async fn reveal(app: &App, approval: Approval) -> Result<Approval, ServiceError> {
    match approval.kind {
        ApprovalKind::MovementConfirmation | ApprovalKind::MovementResolution => {
            evidence::reveal(app, approval).await
        }
        ApprovalKind::RefundByHand => transfers::reveal(app, approval).await,
        ApprovalKind::RateChange | ApprovalKind::Treasury | ApprovalKind::Refund => Ok(approval),
    }
}

/// One of them, as it is stored. For admins only; its digest is computed afresh, so a row that was tampered with is not shown.
async fn read(app: &App, caller: &Caller, id: ApprovalId) -> Result<Approval, ServiceError> {
    admins_only(caller)?;
    let found = approvals::find(&mut app.db.read().await?.conn(), id).await?;
    let approval = found.ok_or(ServiceError::NotFound)?;
    let Approval { kind, created_at, .. } = approval;
    let (subject, made_by, payload) = (&approval.subject, &approval.made_by, &approval.payload);
    let shown = Shown { id, kind, subject, made_by, created_at, payload };
    match shown.digest() == approval.digest {
        true => Ok(approval),
        false => Err(ServiceError::internal(format!("{id} is not what was asked for"))),
    }
}

/// Those that fit, newest first. For admins only.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: ApprovalFilter,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<Vec<Approval>, ServiceError> {
    admins_only(caller)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = approvals::list(&mut app.db.read().await?.conn(), filter, before, limit).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        shown.push(reveal(app, row).await?);
    }
    Ok(shown)
}

/// Today's kinds tell what the house earns.
fn admins_only(caller: &Caller) -> Result<(), ServiceError> {
    if caller.is_admin() { Ok(()) } else { Err(ServiceError::Forbidden) }
}

/// Why this person may not agree to it; the statement that decides asks again.
fn check(approval: &Approval, by: UserId, digest: [u8; 32]) -> Result<(), ServiceError> {
    if approval.state != ApprovalState::Pending {
        return Err(ServiceError::Conflict { code: "approval_decided" });
    }
    if approval.maker == Some(by) {
        return Err(ServiceError::Denied { code: "own_request" });
    }
    if approval.digest != digest {
        return Err(ServiceError::Conflict { code: "digest_mismatch" });
    }
    Ok(())
}

/// Another was quicker: to decide this one, or to change what it is about, which voids it.
async fn overtaken(app: &App, caller: &Caller, approval: &Approval) -> Result<ServiceError, ServiceError> {
    if find(app, caller, approval.id).await?.state != ApprovalState::Pending {
        return Ok(ServiceError::Conflict { code: "approval_decided" });
    }
    let mut tx = app.db.begin().await?;
    let (subject, reason) = (&approval.subject, "what it was asked over has changed");
    approvals::void(&mut tx, approval.kind, subject, &caller.actor(), reason, app.clock.now()).await?;
    tx.commit().await?;
    Ok(ServiceError::Conflict { code: "changed_meanwhile" })
}

/// The audit log is read by operators too, so it names what was asked for and tells no figure of it.
async fn remember(
    tx: &mut Tx,
    actor: &str,
    action: &'static str,
    approval: &Approval,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let entry = AuditEntry {
        actor: actor.to_owned(),
        action,
        object: approval.id.to_string(),
        detail: detail(approval),
    };
    audit::record(tx, entry, now).await?;
    Ok(())
}

/// The same, for a change of the writer's.
pub(super) fn trace(app: &App, actor: &str, action: &'static str, approval: &Approval) -> NewAudit {
    let (id, object) = (app.ids.next(), approval.id.to_string());
    NewAudit { id, actor: actor.to_owned(), action, object, detail: detail(approval).to_string() }
}

fn detail(approval: &Approval) -> Value {
    json!({ "kind": approval.kind.as_str(), "subject": approval.subject })
}
