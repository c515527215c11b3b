//! What a decided step consists of; written in one transaction or not at all.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Transfer;
use crate::{LedgerStep, Movement, Provider, Reference};

/// Everything that follows from one event.
#[derive(Clone, Debug)]
pub struct Step {
    /// The transfer as it will be; its version is the loaded one plus one (1 for a new one).
    pub transfer: Transfer,
    /// New and changed movements; version 1 means new.
    pub movements: Vec<Movement>,
    pub ledger: Vec<LedgerStep>,
    pub promises: Vec<Promise>,
    pub timeline: Vec<Happening>,
}

/// Ids that the caller makes: ordered ones for rows, a random v4 for references.
pub trait Fresh {
    fn id(&mut self) -> Uuid;
    fn reference(&mut self) -> Reference;
}

/// Work that must happen after the commit, at least once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    pub kind: PromiseKind,
    /// The movement's reference or the transfer's id, by kind.
    pub subject: Uuid,
    pub lane: Lane,
    pub due_at: DateTime<Utc>,
}

/// The bulkhead a promise waits in: one per provider, so that a dead one slows nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    Provider(Provider),
    Sms,
    Internal,
}

impl Lane {
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Provider(provider) => provider.as_str(),
            Lane::Sms => "sms",
            Lane::Internal => "internal",
        }
    }
}

/// What is promised. The subject is a movement where not said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PromiseKind {
    /// Send the movement to its provider.
    Submit,
    /// Ask the provider what became of it.
    Inquire,
    /// Close a hosted collection that is no longer wanted.
    Close,
    /// Learn what the provider took for a collection.
    LearnFee,
    /// Give late money back to its sender.
    GiveBack,
    /// Reserve the float for an outgoing movement, then have it sent.
    Dispatch,
    /// End a transfer whose money did not come in time (subject: transfer).
    Expire,
    /// Book what today's mid-rate makes of a conversion that was undone (subject: transfer).
    Revalue,
    /// Tell the payer or payee (subject: transfer).
    Notify(NoticeKind),
}

words! {
    /// What people are told by SMS.
    pub enum NoticeKind as "notice" {
        PaymentReceived = "payment_received",
        TransferCompleted = "transfer_completed",
        MoneyReceived = "money_received",
        RefundStarted = "refund_started",
        RefundCompleted = "refund_completed",
        /// A person gives them back what a payee had.
        RefundGranted = "refund_granted",
        /// They have it, and it is not everything that they paid.
        PartRefunded = "part_refunded",
        LateMoneyReceived = "late_money_received",
        TransferOnHold = "transfer_on_hold",
    }
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    Payer,
    Payee,
}

impl NoticeKind {
    pub const fn audience(self) -> Audience {
        match self {
            NoticeKind::MoneyReceived => Audience::Payee,
            _ => Audience::Payer,
        }
    }
}

impl PromiseKind {
    /// The word used in storage and in the admin's list.
    pub fn as_str(self) -> &'static str {
        match self {
            PromiseKind::Submit => "submit",
            PromiseKind::Inquire => "inquire",
            PromiseKind::Close => "close",
            PromiseKind::LearnFee => "learn_fee",
            PromiseKind::GiveBack => "give_back",
            PromiseKind::Dispatch => "dispatch",
            PromiseKind::Expire => "expire",
            PromiseKind::Revalue => "revalue",
            PromiseKind::Notify(notice) => notice.as_str(),
        }
    }

    /// Reads the word back; `None` for a word of another age of the software.
    pub fn parse(word: &str) -> Option<PromiseKind> {
        let plain = [
            PromiseKind::Submit,
            PromiseKind::Inquire,
            PromiseKind::Close,
            PromiseKind::LearnFee,
            PromiseKind::GiveBack,
            PromiseKind::Dispatch,
            PromiseKind::Expire,
            PromiseKind::Revalue,
        ];
        plain
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .or_else(|| word.parse().ok().map(PromiseKind::Notify))
    }
}

/// One line of a transfer's timeline. `event` is a stable word; texts are made of it in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    pub at: DateTime<Utc>,
    pub event: &'static str,
    /// Provider calls and callbacks: for operators and admins.
    pub staff_only: bool,
    pub movement: Option<(Reference, crate::MovementKind, crate::MovementState)>,
    /// A code or reason; no personal data.
    pub detail: String,
}
