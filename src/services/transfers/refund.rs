//! Refunds that people of the house ask for: at once by one of them, above a size by two.
//!
//! What a rail gives back, and whether its provider takes payouts back, is read from its capabilities when somebody asks
//! and again when a second person agrees. The size is that of everything that was given back of the transfer together,
//! so that many small refunds are a large one. Nobody gives back their own transfer.

use chrono::TimeDelta;
use domain::transfer::{Case, Event, RefundAsk, Refundable};
use domain::{ApprovalId, ApprovalKind, Currency, Money, MovementKind, MovementState, TransferId};
use providers::{OperationKind, Refunds};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::approvals::{self as stored_approvals, Approval};
use store::writer::{Agreed, Change, NewAudit, WriteError, Written};

use super::TransferError;
use super::create::{Stored, claim, replay, stored};
use super::decide::apply_once;
use super::read::Seen;
use crate::app::App;
use crate::services::approvals::{self, Maker, Proposal};
use crate::services::cases::{self, CaseError, OpenCase, With};
use crate::services::{Caller, IdempotencyKey as Key, ServiceError, calls};

/// What somebody wants to be given back.
#[derive(Clone, Debug)]
pub struct Wish {
    /// In the currency that was sent; everything that is left when absent.
    pub amount: Option<Money>,
    /// Why, for staff and the audit trail; names nobody.
    pub reason: String,
}

/// What became of it.
#[derive(Debug)]
pub enum RefundAnswer<'a> {
    /// It has begun.
    Begun(&'a Seen),
    /// It waits for a second person.
    Waits(&'a Approval),
}

/// Makes the answer's bytes.
pub type Render<'a> = &'a (dyn Fn(RefundAnswer<'_>) -> Vec<u8> + Send + Sync);

/// What the second person is shown, and agrees to.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    transfer: String,
    amount: Amount,
    /// What was given back before.
    refunded_total: String,
    /// `returned` with the refund, or `kept`.
    fee: String,
    reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Amount {
    amount: String,
    currency: String,
}

/// Gives a completed transfer back, or a part of it; asks a second person where it is large.
///
/// Errors: `not_found`, `own_request`, `transfer_not_refundable`, `refund_in_progress` (also while one waits for a second
/// person), `refund_exceeds`, `currency_mismatch`.
pub async fn refund(
    app: &App,
    caller: &Caller,
    key: Key,
    id: TransferId,
    wish: Wish,
    render: Render<'_>,
) -> Result<Stored, ServiceError> {
    if let Some(stored) = replay(app, key).await? {
        return Ok(stored);
    }
    let done = begin(app, caller, key, id, wish, render).await;
    match done {
        Ok(stored) => Ok(stored),
        // Refused because the same request, sent twice at once, was faster: then its answer is there.
        Err(error) => replay(app, key).await?.ok_or(error),
    }
}

async fn begin(
    app: &App,
    caller: &Caller,
    key: Key,
    id: TransferId,
    wish: Wish,
    render: Render<'_>,
) -> Result<Stored, ServiceError> {
    let open = cases::open(app, id).await.map_err(TransferError::from)?;
    is_not_theirs(caller, &open)?;
    let transfer = &open.case.transfer;
    if wish.amount.is_some_and(|amount| amount.currency() != transfer.send.currency()) {
        return Err(ServiceError::field("/amount/currency", "currency_mismatch"));
    }
    let ask = ask_of(app, &open, wish.amount, app.config.refunds.keeps_fee, wish.reason);
    // Decided here once, so that nobody is asked to agree to what cannot be; what counts is decided at the commit.
    let event = Event::RefundAsked(ask.clone());
    let decided = open.case.advance(&event, app.clock.now(), &mut &app.ids).map_err(TransferError::from)?;
    let after = decided.map_or(transfer.unwound, |step| reached(&open.case, &step.transfer, wish.amount));
    if !app.config.refunds.one_person_may(after) {
        return propose(app, caller, key, &open, after, ask, render).await;
    }
    if waits(app, id).await? {
        return Err(ServiceError::Conflict { code: "refund_in_progress" });
    }
    let audit = trace(app, caller, id, &ask);
    let render = |seen: &Seen| render(RefundAnswer::Begun(seen));
    apply_once(app, key, id, &event, audit, render).await.map_err(refused)
}

/// What is given back in all, this refund included; `then` is the transfer as it would be.
fn reached(case: &Case, then: &domain::Transfer, amount: Option<Money>) -> Money {
    let whole = then.refundable();
    amount.and_then(|amount| case.transfer.unwound.checked_add(amount).ok()).unwrap_or(whole)
}

/// What is asked of the domain, with what both rails can do now.
fn ask_of(app: &App, open: &OpenCase, amount: Option<Money>, keeps_fee: bool, reason: String) -> RefundAsk {
    let case = &open.case;
    let funding = case.funding().and_then(|collection| calls::provider(app, collection));
    let funding = funding.map(|provider| provider.capabilities());
    let funding = match funding.filter(|c| c.supports(OperationKind::Refund)).map(|c| c.refunds) {
        None | Some(Refunds::None) => Refundable::Nothing,
        Some(Refunds::Full) => Refundable::Whole,
        Some(Refunds::Partial) => Refundable::Parts,
        Some(Refunds::Anew) if open.people.payer.phone.is_some() => Refundable::Parts,
        Some(Refunds::Anew) => Refundable::Nothing,
    };
    let is_paid =
        |m: &&domain::Movement| m.kind == MovementKind::Disbursement && m.state == MovementState::Succeeded;
    let payout = case.movements.iter().rfind(is_paid).and_then(|paid| calls::provider(app, paid));
    let payout = payout.map(|provider| provider.capabilities());
    let within = payout.filter(|c| c.supports(OperationKind::Reverse)).and_then(|c| c.reverse_within);
    let reverse_within = within.and_then(|within| TimeDelta::from_std(within).ok());
    let undone_before = Some(case.transfer.unwound);
    RefundAsk { amount, undone_before, keeps_fee, reason, funding, reverse_within }
}

/// Nobody gives their own money back to themselves.
fn is_not_theirs(caller: &Caller, open: &OpenCase) -> Result<(), ServiceError> {
    match open.case.transfer.owner == caller.user {
        true => Err(ServiceError::Denied { code: "own_request" }),
        false => Ok(()),
    }
}

/// The floor that binds is the payee's: they have spent what they were paid.
fn refused(error: TransferError) -> ServiceError {
    match error {
        TransferError::InsufficientFunds => ServiceError::NotRefundable { why: "payee_spent_it" },
        error => error.into(),
    }
}

fn subject(id: TransferId) -> String {
    id.to_string()
}

async fn waits(app: &App, id: TransferId) -> Result<bool, ServiceError> {
    let mut reader = app.db.read().await?;
    let found = stored_approvals::pending(&mut reader.conn(), ApprovalKind::Refund, &subject(id)).await?;
    Ok(found.is_some())
}

/// Asks a second person. One at most waits for a transfer.
async fn propose(
    app: &App,
    caller: &Caller,
    key: Key,
    open: &OpenCase,
    after: Money,
    ask: RefundAsk,
    render: Render<'_>,
) -> Result<Stored, ServiceError> {
    let transfer = &open.case.transfer;
    if waits(app, transfer.id).await? {
        return Err(ServiceError::Conflict { code: "refund_in_progress" });
    }
    let amount = after.checked_sub(transfer.unwound).map_err(ServiceError::internal)?;
    let keeps_fee = transfer.refund_keeps_fee.unwrap_or(ask.keeps_fee);
    let payload = Payload {
        transfer: transfer.id.to_string(),
        amount: Amount { amount: amount.major(), currency: amount.currency().code().to_owned() },
        refunded_total: transfer.refunded.major(),
        fee: if keeps_fee { "kept" } else { "returned" }.to_owned(),
        reason: ask.reason,
    };
    let payload = serde_json::to_value(payload).map_err(ServiceError::internal)?;
    let maker = Maker::Person(caller.user);
    let proposal = Proposal { kind: ApprovalKind::Refund, subject: subject(transfer.id), payload, maker };
    let approval = approvals::draft(ApprovalId::from_uuid(app.ids.next()), proposal, app.clock.now());
    let location = format!("/v1/admin/approvals/{}", approval.id);
    let body = render(RefundAnswer::Waits(&approval));
    let change = Change {
        claim: Some(claim(app, key, 202, Some(location.clone()), &body)),
        audit: vec![approvals::trace(app, &caller.actor(), "approval.ask", &approval)],
        proposed: vec![approval],
        ..Change::default()
    };
    match app.commit(change).await {
        Ok(Written::Replayed(answer)) => Ok(stored(app, key, answer)?),
        Ok(_) => Ok(Stored { status: 202, location: Some(location), body, replayed: false }),
        // Somebody else asked at the same moment: theirs is there.
        Err(_) if waits(app, transfer.id).await? => {
            Err(ServiceError::Conflict { code: "refund_in_progress" })
        }
        Err(error) => Err(error.into()),
    }
}

/// The consent of a second person: the refund begins with it, in one commit.
///
/// Errors: `own_request` for the transfer's owner, `changed_meanwhile` when another part was given back since,
/// `approval_decided`, and those of [`refund`].
pub(in crate::services) async fn agree_to_refund(
    app: &App,
    caller: &Caller,
    approval: &Approval,
    digest: [u8; 32],
) -> Result<(), ServiceError> {
    let unreadable = || ServiceError::internal(format!("{} does not read", approval.id));
    let payload: Payload = serde_json::from_str(&approval.payload).map_err(|_| unreadable())?;
    let id: TransferId = payload.transfer.parse().map_err(|_| unreadable())?;
    let currency = Currency::parse(&payload.amount.currency).map_err(|_| unreadable())?;
    let amount = Money::parse(&payload.amount.amount, currency).map_err(|_| unreadable())?;
    let open = cases::open(app, id).await.map_err(TransferError::from)?;
    is_not_theirs(caller, &open)?;
    if open.case.transfer.refunded.major() != payload.refunded_total {
        return Err(ServiceError::Conflict { code: "changed_meanwhile" });
    }
    let ask = ask_of(app, &open, Some(amount), payload.fee == "kept", payload.reason);
    let with = With {
        audit: vec![
            trace(app, caller, id, &ask),
            approvals::trace(app, &caller.actor(), "approval.approve", approval),
        ],
        agreed: vec![Agreed { approval: approval.id, digest, by: caller.user }],
        ..With::default()
    };
    match cases::apply(app, id, &Event::RefundAsked(ask), with).await {
        Ok(_) => Ok(()),
        Err(CaseError::Write(WriteError::NotAgreed { .. })) => {
            Err(ServiceError::Conflict { code: "approval_decided" })
        }
        Err(error) => Err(refused(error.into())),
    }
}

fn trace(app: &App, caller: &Caller, id: TransferId, ask: &RefundAsk) -> NewAudit {
    let amount = ask.amount.map(|amount| amount.to_string());
    NewAudit {
        id: app.ids.next(),
        actor: caller.actor(),
        action: "transfer.refund",
        object: id.to_string(),
        detail: json!({ "amount": amount, "reason": ask.reason }).to_string(),
    }
}
