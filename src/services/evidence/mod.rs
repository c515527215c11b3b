//! A person's word on a movement: that something was done by hand, or how something ended that no provider tells.
//!
//! Their word is knowledge like a provider's: a fact of the transfer's case, committed with what they saw (sealed), who
//! they are, and the number of the receipt, which stands for one movement of its wallet. What is small is one person's
//! to say; what is large, and whatever a provider should have said, takes two. Nobody speaks about their own transfer.
//!
//! Deliberately absent: files. What was seen is told in words.

mod agree;
mod commit;
mod payload;
mod read;

pub(super) use agree::agree;
pub(super) use payload::reveal;
pub use read::{Seen, of_movement};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ApprovalId, ApprovalKind, Money, Movement, MovementKind, MovementState, Rail, Reference, TransferStatus,
};
use store::approvals::{self as stored_approvals, Approval};
use store::movements;
use store::writer::{Change, Written};
use uuid::Uuid;

use super::approvals::{self, Maker, Proposal};
use super::cases::{self, OpenCase};
use super::transfers::{self, Stored};
use super::{Caller, IdempotencyKey, ServiceError};
use crate::app::App;
use commit::{Word, commit};
use payload::Payload;

/// So long an outcome has to be unknown before people may say it: by then it was asked about on every rung of the
/// ladder, and a provider that answers at all has answered.
const UNKNOWN_FOR: TimeDelta = TimeDelta::hours(1);

/// What a person says.
#[derive(Clone, Debug)]
pub struct Said {
    pub movement: Reference,
    /// Whether the money moved.
    pub has_moved: bool,
    /// The number of the receipt.
    pub operator_reference: Option<String>,
    /// What was seen, in words.
    pub evidence: String,
    /// How much; what differs from the movement is refused.
    pub amount: Option<Money>,
    /// What the provider took for it, as its statement says; none where nobody knows.
    pub fee: Option<Money>,
    /// Why nothing moved, in a word that its owner reads.
    pub code: Option<String>,
}

/// What became of it.
#[derive(Debug)]
pub enum Answered<'a> {
    /// It counts.
    Counted {
        movement: &'a Movement,
        has_moved: bool,
        /// How the transfer stands by it.
        status: TransferStatus,
    },
    /// It waits for a second person.
    Waits(&'a Approval),
}

/// Makes the answer's bytes.
pub type Render<'a> = &'a (dyn Fn(Answered<'_>) -> Vec<u8> + Send + Sync);

/// Says that a movement by hand was done, or cannot be. Money that comes after its transfer ended is late money.
///
/// Errors: `not_found` for what is not done by hand, `movement_not_open`, `own_request`, `amount_differs`,
/// `missing_field` without a receipt, `operator_reference_used`, `confirmation_pending`.
pub async fn confirm(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    said: Said,
    render: Render<'_>,
) -> Result<Stored, ServiceError> {
    say(app, caller, key, ApprovalKind::MovementConfirmation, said, render).await
}

/// Says how a movement ended that no provider tells: always two people.
///
/// Errors: those of [`confirm`], and `movement_not_stuck` while it is not unknown, or not for an hour yet.
pub async fn resolve(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    said: Said,
    render: Render<'_>,
) -> Result<Stored, ServiceError> {
    say(app, caller, key, ApprovalKind::MovementResolution, said, render).await
}

async fn say(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    kind: ApprovalKind,
    said: Said,
    render: Render<'_>,
) -> Result<Stored, ServiceError> {
    if let Some(stored) = transfers::replay(app, key).await? {
        return Ok(stored);
    }
    let said = Said { operator_reference: said.operator_reference.as_deref().map(receipt), ..said };
    let done = match begin(app, caller, kind, &said).await {
        Ok((open, movement)) => {
            let word = Word { id: app.ids.next(), kind, said, made_by: caller.user, agreed: None };
            match takes_two(app, kind, &movement) {
                true => propose(app, caller, key, word, &open, &movement, render).await,
                false => {
                    commit(app, caller, Some((key, render)), word, &open, &movement).await.map(|()| None)
                }
            }
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(Some(stored)) => Ok(stored),
        Ok(None) => {
            let stored = transfers::replay(app, key).await?.ok_or(ServiceError::Overloaded)?;
            Ok(Stored { replayed: false, ..stored })
        }
        // Refused because the same request, sent twice at once, was faster: then its answer is there.
        Err(error) => transfers::replay(app, key).await?.ok_or(error),
    }
}

/// What it is about, if this person may speak about it now.
async fn begin(
    app: &App,
    caller: &Caller,
    kind: ApprovalKind,
    said: &Said,
) -> Result<(OpenCase, Movement), ServiceError> {
    let (open, movement) = load(app, said.movement).await?;
    is_not_theirs(caller, &open)?;
    is_open(kind, &movement, said.has_moved, app.clock.now())?;
    if said.has_moved && said.operator_reference.is_none() {
        return Err(ServiceError::field("/operator_reference", "missing_field"));
    }
    if said.amount.is_some_and(|amount| amount != movement.amount) {
        return Err(ServiceError::field("/amount", "amount_differs"));
    }
    if said.fee.is_some_and(|fee| fee.currency() != movement.amount.currency()) {
        return Err(ServiceError::field("/fee/currency", "currency_mismatch"));
    }
    if is_served(app, &movement, said).await? {
        return Err(ServiceError::Conflict { code: "operator_reference_used" });
    }
    Ok((open, movement))
}

async fn load(app: &App, reference: Reference) -> Result<(OpenCase, Movement), ServiceError> {
    let found = movements::find(&mut app.db.read().await?.conn(), reference).await?;
    let movement = found.ok_or(ServiceError::NotFound)?;
    let open = cases::open(app, movement.transfer).await.map_err(transfers::TransferError::from)?;
    let movement = open.case.movement(reference).map_err(ServiceError::internal)?.clone();
    Ok((open, movement))
}

/// Asked before anything is written; the unique index asks again.
async fn is_served(app: &App, movement: &Movement, said: &Said) -> Result<bool, ServiceError> {
    let (Some(number), Some(provider)) = (&said.operator_reference, movement.rail.provider()) else {
        return Ok(false);
    };
    let mut reader = app.db.read().await?;
    Ok(store::evidence::is_used(&mut reader.conn(), provider, &movement.wallet, number).await?)
}

/// Nobody says of their own money that it came or went.
fn is_not_theirs(caller: &Caller, open: &OpenCase) -> Result<(), ServiceError> {
    match open.case.transfer.owner == caller.user {
        true => Err(ServiceError::Denied { code: "own_request" }),
        false => Ok(()),
    }
}

/// Whether people have something to say of it.
fn is_open(
    kind: ApprovalKind,
    movement: &Movement,
    has_moved: bool,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    if kind == ApprovalKind::MovementResolution {
        let since = movement.submitted_at.unwrap_or(movement.created_at);
        let is_stuck = movement.state == MovementState::Uncertain && now - since >= UNKNOWN_FOR;
        return is_stuck.then_some(()).ok_or(ServiceError::Conflict { code: "movement_not_stuck" });
    }
    if movement.rail != Rail::Manual {
        return Err(ServiceError::NotFound);
    }
    // Who pays after nobody waits any more has paid all the same.
    let is_late = has_moved
        && movement.kind == MovementKind::Collection
        && movement.state.allows(MovementState::Succeeded, movement.kind);
    match movement.state == MovementState::Submitted || is_late {
        true => Ok(()),
        false => Err(ServiceError::Conflict { code: "movement_not_open" }),
    }
}

/// What only a provider knows takes two people; what is done by hand does from the wallet's threshold on.
fn takes_two(app: &App, kind: ApprovalKind, movement: &Movement) -> bool {
    let Some(provider) = movement.rail.provider() else { return true };
    let kept = app.config.kept_by_hand(provider, &movement.wallet);
    let is_small = kept.is_some_and(|kept| movement.amount.minor() < kept.confirm_threshold.minor());
    kind == ApprovalKind::MovementResolution || !is_small
}

/// Whether it takes two people to say that this movement was done.
pub fn needs_two(app: &App, movement: &Movement) -> bool {
    takes_two(app, ApprovalKind::MovementConfirmation, movement)
}

/// The same receipt however it is typed: without spaces, in capitals.
pub(super) fn receipt(number: &str) -> String {
    number.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// Asks a second person. One at most waits for a movement.
async fn propose(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    word: Word,
    open: &OpenCase,
    movement: &Movement,
    render: Render<'_>,
) -> Result<Option<Stored>, ServiceError> {
    let (kind, subject) = (word.kind, format!("movement:{}", movement.reference));
    let is_waiting = async || {
        let mut reader = app.db.read().await?;
        let found = stored_approvals::pending(&mut reader.conn(), kind, &subject).await?;
        Ok::<_, ServiceError>(found.is_some())
    };
    if is_waiting().await? {
        return Err(ServiceError::Conflict { code: "confirmation_pending" });
    }
    let payload = serde_json::to_value(Payload::of(&word, open, movement)).map_err(ServiceError::internal)?;
    let maker = Maker::Person(caller.user);
    let proposal = Proposal { kind, subject: subject.clone(), payload, maker };
    let approval = approvals::draft(ApprovalId::from_uuid(app.ids.next()), proposal, app.clock.now());
    let location = format!("/v1/admin/approvals/{}", approval.id);
    let shown = reveal(app, approval.clone()).await?;
    let body = render(Answered::Waits(&shown));
    let change = Change {
        claim: Some(transfers::claim(app, key, 202, Some(location.clone()), &body)),
        audit: vec![approvals::trace(app, &caller.actor(), "approval.ask", &approval)],
        proposed: vec![approval],
        ..Change::default()
    };
    match app.commit(change).await {
        Ok(Written::Replayed(answer)) => Ok(Some(transfers::stored(app, key, answer)?)),
        Ok(_) => Ok(Some(Stored { status: 202, location: Some(location), body, replayed: false })),
        // Somebody else asked at the same moment: theirs is there.
        Err(_) if is_waiting().await? => Err(ServiceError::Conflict { code: "confirmation_pending" }),
        Err(error) => Err(error.into()),
    }
}

/// A movement that people carry out, with the transfer that it is part of.
#[derive(Debug)]
pub struct ByHand {
    pub movement: Movement,
    pub seen: transfers::Seen,
    pub needs_two: bool,
}

/// What people carry out, the oldest first.
pub async fn by_hand(
    app: &App,
    filter: &movements::ByHand,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<Vec<ByHand>, ServiceError> {
    let after = after.map(|(at, id)| (at, Reference::from_uuid(id)));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = movements::by_hand(&mut app.db.read().await?.conn(), filter, after, limit).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for movement in rows {
        let seen = transfers::find(app, transfers::Viewer::Staff, movement.transfer).await?;
        shown.push(ByHand { needs_two: needs_two(app, &movement), movement, seen });
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_the_same_however_it_is_typed() {
        for typed in ["ft 2511.0042", " FT2511.0042 ", "FT2511.0042", "Ft\t2511.0042"] {
            assert_eq!(receipt(typed), "FT2511.0042");
        }
        assert_ne!(receipt("FT25110042"), "FT2511.0042");
    }
}
