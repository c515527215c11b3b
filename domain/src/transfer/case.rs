//! A transfer with its movements, and what follows when something is heard of them.
//!
//! Whatever the channel (an answer, a poll, a callback, a statement line, a person), it becomes an [`Event`] here; the
//! same knowledge twice is no step at all, so any channel may repeat itself and come in any order.

use chrono::{DateTime, Duration, Utc};

use super::draft::Draft;
use super::{Fresh, NextAction, NotRefundable, RefundAsk, Step, Transfer, TransferStatus, Wallets};
use crate::recipes::RecipeError;
use crate::{
    FxError, Money, Movement, MovementKind, MovementState, Rail, Reference, Route, WaitReason, Wallet,
};

/// A transfer as stored, all its movements (oldest first), and the wallets its legs use.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub transfer: Transfer,
    pub movements: Vec<Movement>,
    pub wallets: Wallets,
}

/// Something that may change a transfer.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A provider's word on a movement.
    Heard { movement: Reference, fact: Fact },
    /// Reserve the float for an outgoing movement and have it sent.
    Dispatch { movement: Reference },
    /// A movement is not sent yet.
    Waits { movement: Reference, reason: WaitReason },
    /// The funding deadline passed, and the collection was asked about first.
    Expire,
    /// The owner withdraws it.
    Cancel,
    /// What the provider took for a collection, and from when on the rest can be spent, where that is later.
    FeeLearned { movement: Reference, fee: Money, available_at: Option<DateTime<Utc>> },
    /// Late money was not used in time: send it back.
    GiveBack { movement: Reference },
    /// Late money funds another transfer.
    ReuseLate { movement: Reference },
    /// A person shall look before the disbursement leaves; `reason` names entries of lists or a rail, no people.
    Hold { cause: HoldCause, reason: String },
    /// A person lets a held transfer go on.
    Release,
    /// A person refuses a held transfer: everything back to the payer.
    Refuse { reason: String },
    /// A person gives back a transfer whose payee was paid, or a part of it.
    RefundAsked(RefundAsk),
    /// A person has a transfer that waits for one tried again.
    Retry { what: Again },
    /// A conversion was undone at its own rate: book what today's mid makes of it. `today` leads from what was sent
    /// to what was to be received.
    Revalue { today: Route },
}

/// Why a person shall look before anything leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldCause {
    /// Screening met a name.
    Screening,
    /// The payee's provider knows them by another name.
    OtherName,
}

impl HoldCause {
    /// The line of the timeline that tells staff.
    pub(super) const fn event(self) -> &'static str {
        match self {
            HoldCause::Screening => "screening_hit",
            HoldCause::OtherName => "payee_name_differs",
        }
    }
}

/// What a person has tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// A payout that came back, to the same payee.
    Payout,
    /// Giving back what was paid, by the rail that it came by.
    Refund,
    /// Giving it back by another rail, from this wallet.
    RefundBy { rail: Rail, wallet: Wallet },
}

/// What a provider said of a movement, in our words.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// It has it and has not finished.
    Pending {
        provider_ref: Option<String>,
        next_action: Option<NextAction>,
        /// The payer did their part, and the provider carries it out: nothing to be done but to wait.
        executing: bool,
    },
    /// The money moved: `amount` gross, `fee` when told, `at` by the provider's clock.
    Succeeded {
        provider_ref: Option<String>,
        transaction_ref: Option<String>,
        amount: Money,
        fee: Option<Money>,
        at: Option<DateTime<Utc>>,
    },
    /// A documented refusal: nothing moved.
    Declined {
        code: String,
    },
    /// A documented refusal, said in a way that failures are said in too: it counts once the provider, asked, does not
    /// know the movement.
    RefusedUnlessFound {
        code: String,
    },
    Expired,
    Cancelled,
    /// It had succeeded and the provider undid it.
    Reversed,
    /// The payer's side forced a collection back: `amount` and the provider's `fee` left our float.
    Disputed {
        dispute: String,
        amount: Money,
        fee: Option<Money>,
    },
    /// A dispute was decided for us: its amount is back.
    DisputeWon,
    /// An outgoing movement that had succeeded came back: its amount is in our float again.
    FailedLater {
        code: String,
    },
    /// The provider knows no such reference. `resend` when it is idempotent on our reference, so that the same
    /// request may go again once `settling` has passed.
    NotFound {
        resend: bool,
        settling: Duration,
    },
    /// No answer, or one that proves nothing.
    Unknown {
        reason: String,
    },
}

/// Why an event leads nowhere.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("transfer is {status} and cannot be cancelled")]
    NotCancellable { status: TransferStatus },
    #[error("transfer cannot go from {from} to {to}")]
    IllegalStatus { from: TransferStatus, to: TransferStatus },
    #[error("movement {reference} cannot go from {from} to {to}")]
    IllegalState { reference: Reference, from: MovementState, to: MovementState },
    #[error("movement {reference} is not part of this transfer")]
    UnknownMovement { reference: Reference },
    #[error("provider says {said}, movement {reference} is over {expected}")]
    AmountDiffers { reference: Reference, said: Money, expected: Money },
    /// What comes first has not been heard yet: ask, and hear this again afterwards.
    #[error("movement {reference} is {state}, so this comes too early")]
    TooEarly { reference: Reference, state: MovementState },
    #[error(transparent)]
    Rate(#[from] FxError),
    #[error("movement {reference} holds no late money")]
    NotLate { reference: Reference },
    #[error("transfer is {status} and waits for nobody's release")]
    NotOnHold { status: TransferStatus },
    #[error("transfer is {status}, or its value is not where this could be tried again")]
    NotRetriable { status: TransferStatus },
    #[error("movement {reference} is held and was never sent")]
    Held { reference: Reference },
    #[error("transfer cannot be given back: {why}")]
    NotRefundable { why: NotRefundable },
    #[error("another refund of this transfer is under way")]
    RefundInProgress,
    #[error("of this transfer {left} can be given back, at most")]
    RefundExceeds { left: Money },
    #[error("rail {rail} needs a wallet at a provider")]
    NoFloat { rail: crate::Rail },
    #[error(transparent)]
    Recipe(#[from] RecipeError),
}

impl Case {
    /// What follows from `event`, or `None` when it tells nothing new.
    pub fn advance(
        &self,
        event: &Event,
        now: DateTime<Utc>,
        fresh: &mut dyn Fresh,
    ) -> Result<Option<Step>, Refusal> {
        let mut draft = Draft::of(self, now, fresh);
        let changed = match event {
            Event::Heard { movement, fact } => {
                let movement = self.movement(*movement)?;
                match movement.kind {
                    MovementKind::Collection => self.heard_of_collection(&mut draft, movement, fact)?,
                    MovementKind::Disbursement => self.heard_of_disbursement(&mut draft, movement, fact)?,
                    MovementKind::Reversal => self.heard_of_reversal(&mut draft, movement, fact)?,
                    _ => self.heard_of_refund(&mut draft, movement, fact)?,
                }
            }
            Event::Dispatch { movement } => self.dispatch(&mut draft, self.movement(*movement)?)?,
            Event::Waits { movement, reason } => {
                self.waits(&mut draft, self.movement(*movement)?, *reason)?
            }
            Event::Expire => self.give_up(&mut draft, TransferStatus::Expired)?,
            Event::Cancel if self.transfer.status != TransferStatus::AwaitingPayment => {
                return Err(Refusal::NotCancellable { status: self.transfer.status });
            }
            Event::Cancel => self.give_up(&mut draft, TransferStatus::Cancelled)?,
            Event::FeeLearned { movement, fee, available_at } => {
                self.learn_fee(&mut draft, self.movement(*movement)?, *fee, *available_at)?
            }
            Event::GiveBack { movement } => self.give_back(&mut draft, self.movement(*movement)?)?,
            Event::ReuseLate { movement } => self.reuse_late(&mut draft, self.movement(*movement)?)?,
            Event::Hold { cause, reason } => self.hold_back(&mut draft, *cause, reason)?,
            Event::Release => self.release(&mut draft)?,
            Event::Refuse { reason } => self.refuse(&mut draft, reason)?,
            Event::RefundAsked(ask) => self.refund_asked(&mut draft, ask)?,
            Event::Retry { what } => self.retry(&mut draft, what)?,
            Event::Revalue { today } => self.revalue(&mut draft, today)?,
        };
        Ok(changed.then_some(draft.step))
    }

    pub fn movement(&self, reference: Reference) -> Result<&Movement, Refusal> {
        self.movements
            .iter()
            .find(|movement| movement.reference == reference)
            .ok_or(Refusal::UnknownMovement { reference })
    }

    /// The collection that funded this transfer, if one of a provider did.
    pub fn funding(&self) -> Option<&Movement> {
        self.movements.iter().find(|movement| {
            movement.kind == MovementKind::Collection
                && matches!(movement.state, MovementState::Succeeded | MovementState::Disputed)
                && !movement.is_late()
        })
    }

    /// Whether any collection but `except` may still bring the money.
    pub(super) fn may_still_be_paid(&self, except: &Movement) -> bool {
        self.movements.iter().any(|movement| {
            movement.kind == MovementKind::Collection
                && movement.reference != except.reference
                && !movement.state.is_final()
        })
    }
}

/// Records an unknown outcome or an unfruitful question; the inquiry ladder runs in the outbox.
pub(super) fn not_known(
    draft: &mut Draft<'_>,
    movement: &Movement,
    not_found: i64,
    reason: &str,
) -> Result<Movement, Refusal> {
    let next = in_doubt(draft, movement, not_found, reason)?;
    draft.put(next.clone());
    Ok(next)
}

/// The same, to be put by whoever knows more about it.
fn in_doubt(
    draft: &mut Draft<'_>,
    movement: &Movement,
    not_found: i64,
    reason: &str,
) -> Result<Movement, Refusal> {
    let first = movement.state != MovementState::Uncertain;
    let mut next = draft.change(movement, MovementState::Uncertain)?;
    next.asked = movement.asked + i64::from(!first);
    next.not_found = not_found;
    if first {
        let due_at = next.next_inquiry(draft.now);
        next.submitted_at = next.submitted_at.or(Some(draft.now));
        draft.note_for_staff("outcome_unknown", &next, reason);
        if movement.state == MovementState::Intended {
            draft.promise_for(super::PromiseKind::Inquire, &next, due_at);
        }
    }
    Ok(next)
}

/// Records that the provider has it; the first time, polling starts.
pub(super) fn submitted(
    draft: &mut Draft<'_>,
    movement: &Movement,
    provider_ref: &Option<String>,
) -> Result<Movement, Refusal> {
    let mut next = draft.change(movement, MovementState::Submitted)?;
    next.provider_ref = provider_ref.clone().or(next.provider_ref);
    next.submitted_at = next.submitted_at.or(Some(draft.now));
    next.asked = 0;
    next.not_found = 0;
    if movement.state == MovementState::Intended {
        draft.promise_for(super::PromiseKind::Inquire, &next, next.next_inquiry(draft.now));
    }
    Ok(next)
}

/// Remembers a refusal that asking has to confirm. What the provider has is not refused by a second request.
pub(super) fn refused_unless_found(
    draft: &mut Draft<'_>,
    movement: &Movement,
    code: &str,
) -> Result<Option<Movement>, Refusal> {
    if movement.state == MovementState::Submitted || movement.refusal() == Some(code) {
        return Ok(None);
    }
    let mut next = in_doubt(draft, movement, 0, code)?;
    next.code = Some(code.to_owned());
    draft.put(next.clone());
    Ok(Some(next))
}

/// What an outgoing movement was refused with, once its not being there confirms it. An earlier request may have been
/// taken and be slow to show, and paying twice is dear: so not before the provider's settling time has passed.
pub(super) fn confirmed_refusal(movement: &Movement, settling: Duration, now: DateTime<Utc>) -> Option<&str> {
    let sent = movement.submitted_at.unwrap_or(movement.created_at);
    movement.refusal().filter(|_| now - sent >= settling)
}

/// "Not found" proves nothing until it was said three times across the provider's settling time.
pub(super) fn surely_not_there(movement: &Movement, settling: Duration, now: DateTime<Utc>) -> bool {
    let sent = movement.submitted_at.unwrap_or(movement.created_at);
    movement.not_found + 1 >= 3 && now - sent >= settling
}
