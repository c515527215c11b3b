//! What the writer is asked to commit: one decided change, with everything that belongs to it.
//!
//! A change is data. It was decided outside, against versions that were read before; the writer commits it whole when
//! those versions still stand and the ledger allows it, and otherwise refuses it without a trace, so that whoever
//! decided can look again.

use chrono::{DateTime, Utc};
use domain::transfer::{Happening, Promise, Step};
use domain::{
    ApprovalId, InboxId, LedgerError, LedgerStep, Movement, PromiseId, QuoteId, Reference, Transfer,
    TransferId, TreasuryMovement, UserId,
};
use uuid::Uuid;

use crate::StoreError;
use crate::approvals::Approval;
use crate::evidence::Evidence;

/// One change of the books. Empty parts cost nothing.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The caller's name for this request, with the answer that a replay will get.
    pub claim: Option<Claim>,
    pub transfers: Vec<TransferWrite>,
    pub movements: Vec<Movement>,
    /// Our own money: version 1 inserts it, more replaces the version before.
    pub treasury: Vec<TreasuryMovement>,
    pub ledger: Vec<LedgerStep>,
    pub promises: Vec<NewPromise>,
    /// The promise that is kept by this change.
    pub kept: Option<Kept>,
    pub received: Option<NewCallback>,
    /// The callback that is applied by this change.
    pub applied: Option<Applied>,
    pub audit: Vec<NewAudit>,
    /// What is asked of a second person.
    pub proposed: Vec<Approval>,
    /// What a second person agrees to by this change.
    pub agreed: Vec<Agreed>,
    /// What people said that led to this change.
    pub evidence: Vec<Evidence>,
}

/// The consent of a second person: to something that waits, as it was shown, and to nobody's own.
#[derive(Clone, Copy, Debug)]
pub struct Agreed {
    pub approval: ApprovalId,
    /// Of what they were shown.
    pub digest: [u8; 32],
    pub by: UserId,
}

/// A transfer's next version: 1 inserts it, more replaces the version before.
#[derive(Clone, Debug)]
pub struct TransferWrite {
    pub transfer: Transfer,
    /// Who pays and who is paid, sealed. `None`: as they were; a new transfer has to name them.
    pub people: Option<Vec<u8>>,
    /// What the payer has to do next, sealed.
    pub next_action: Option<Vec<u8>>,
    pub timeline: Vec<Happening>,
}

/// An idempotency claim: `claim` names caller, route and key; `fingerprint` the request's body.
#[derive(Clone, Debug)]
pub struct Claim {
    pub claim: [u8; 32],
    pub fingerprint: [u8; 32],
    pub answer: Answer,
}

/// A stored answer. The body is sealed by whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// A promise with its own id, and a sealed payload where the subject does not say everything.
#[derive(Clone, Debug)]
pub struct NewPromise {
    pub id: Uuid,
    pub kind: String,
    pub subject: Uuid,
    pub lane: String,
    pub payload: Option<Vec<u8>>,
    pub due_at: DateTime<Utc>,
}

impl NewPromise {
    pub fn of(id: Uuid, promise: &Promise) -> NewPromise {
        NewPromise {
            id,
            kind: promise.kind.as_str().to_owned(),
            subject: promise.subject,
            lane: promise.lane.as_str().to_owned(),
            payload: None,
            due_at: promise.due_at,
        }
    }
}

/// What becomes of a claimed promise. `attempt` is the fencing token: only the last claimer's word counts.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: PromiseId,
    pub attempt: i64,
    /// `None` when done; else when to try again.
    pub again_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
}

/// A verified callback, its raw bytes sealed.
#[derive(Clone, Debug)]
pub struct NewCallback {
    pub id: InboxId,
    pub provider: String,
    pub wallet: String,
    pub event_key: String,
    pub proven: bool,
    /// The movement that the path named, when each has a path of its own.
    pub movement: Option<Reference>,
    pub body: Vec<u8>,
}

/// What became of a stored callback.
#[derive(Clone, Debug)]
pub struct Applied {
    pub id: InboxId,
    pub attempt: i64,
    pub outcome: String,
}

/// Who did what to which object; no personal data, for it is chained for ever.
#[derive(Clone, Debug)]
pub struct NewAudit {
    pub id: Uuid,
    pub actor: String,
    pub action: &'static str,
    pub object: String,
    pub detail: String,
}

/// The writer's yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    Done,
    /// The same request was answered before: this is that answer, and nothing was written.
    Replayed(Answer),
    /// The callback is stored already.
    Duplicate,
}

/// The writer's no. Nothing of the change was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Read again and decide again.
    #[error("transfer {transfer} was changed by somebody else")]
    Stale { transfer: TransferId },
    #[error("treasury movement {reference} was changed by somebody else")]
    StaleTreasury { reference: Reference },
    /// It was decided before, is their own, or is not what they were shown.
    #[error("{approval} does not wait for this person's consent to this")]
    NotAgreed { approval: ApprovalId },
    #[error("{account} has been posted to, so it cannot be opened")]
    Opened { account: String },
    /// It confirmed another movement, or this one before.
    #[error("the receipt given for movement {movement} has served already")]
    ReceiptUsed { movement: Reference },
    #[error("quote {quote} serves another transfer")]
    QuoteUsed { quote: QuoteId },
    #[error("the key was used for another request")]
    KeyReused,
    /// Somebody else has claimed the promise or callback since.
    #[error("the lease was lost")]
    LeaseLost,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue is full; nothing was accepted.
    #[error("too much is waiting to be written")]
    Overloaded,
    /// The writer has stopped; whether the change was written is not known.
    #[error("the writer has stopped")]
    Stopped,
    #[error(transparent)]
    Store(#[from] std::sync::Arc<StoreError>),
}

impl Change {
    /// The parts of a decided step; sealing and ids are the caller's.
    pub fn of(
        step: Step,
        people: Option<Vec<u8>>,
        next_action: Option<Vec<u8>>,
        mut id: impl FnMut() -> Uuid,
    ) -> Change {
        let promises = step.promises.iter().map(|promise| NewPromise::of(id(), promise)).collect();
        let write = TransferWrite { transfer: step.transfer, people, next_action, timeline: step.timeline };
        Change {
            transfers: vec![write],
            movements: step.movements,
            ledger: step.ledger,
            promises,
            ..Change::default()
        }
    }

    /// Adds the parts of another change that must commit with this one.
    pub fn and(mut self, other: Change) -> Change {
        self.transfers.extend(other.transfers);
        self.movements.extend(other.movements);
        self.treasury.extend(other.treasury);
        self.ledger.extend(other.ledger);
        self.promises.extend(other.promises);
        self.audit.extend(other.audit);
        self.proposed.extend(other.proposed);
        self.agreed.extend(other.agreed);
        self.evidence.extend(other.evidence);
        self.kept = self.kept.or(other.kept);
        self.applied = self.applied.or(other.applied);
        self
    }
}
