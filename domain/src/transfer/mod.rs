//! A transfer: a customer's order, made of a collection, a conversion and a disbursement.
//!
//! [`Transfer`] is its state; [`Case`] is the transfer with its movements, and the only place where what happened is
//! turned into what follows: next states, postings, holds, promises and words for the timeline. A status is left only
//! as [`TransferStatus::allows`] declares; nothing is refunded, failed or sent again while an outcome is unknown.
//!
//! Deliberately absent: clocks, fresh ids and people. Callers pass the instant and the ids in; names and numbers live
//! encrypted beside the transfer and no rule needs them.

mod case;
mod collecting;
mod disputing;
mod draft;
mod history;
mod holding;
mod opening;
mod plan;
mod refunding;
mod retrying;
mod revaluing;
mod reversing;
mod sending;
mod waiting;

pub use case::{Again, Case, Event, Fact, HoldCause, Refusal};
pub use plan::{Audience, Fresh, Happening, Lane, NoticeKind, Promise, PromiseKind, Step};
pub use refunding::{NotRefundable, RefundAsk, Refundable};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{Account, Country, ForAdmins, Money, Quote, QuoteId, Rail, TransferId, UserId, Wallet};

words! {
    /// Where a transfer stands; the words of the API.
    pub enum TransferStatus as "transfer status" {
        AwaitingPayment = "awaiting_payment",
        Collecting = "collecting",
        Funded = "funded",
        Disbursing = "disbursing",
        Completed = "completed",
        Expired = "expired",
        Cancelled = "cancelled",
        CollectionFailed = "collection_failed",
        /// The outcome of an outgoing movement is not known yet; we are asking.
        InReconciliation = "in_reconciliation",
        /// Screening or limits wait for a person.
        OnHold = "on_hold",
        Refunding = "refunding",
        Refunded = "refunded",
        /// A person must act.
        NeedsAttention = "needs_attention",
        Disputed = "disputed",
    }
}

impl TransferStatus {
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Expired | Self::Cancelled | Self::CollectionFailed | Self::Refunded
        )
    }

    /// Whether the payer's money has not come yet, so that it may still come.
    pub const fn awaits_money(self) -> bool {
        matches!(self, Self::AwaitingPayment | Self::Collecting)
    }

    /// The declared steps from here; staying is not a step.
    pub const fn steps(self) -> &'static [TransferStatus] {
        use TransferStatus::*;
        match self {
            AwaitingPayment => &[Collecting, Funded, Expired, Cancelled, CollectionFailed, OnHold],
            Collecting => &[Funded, Expired, CollectionFailed, OnHold, InReconciliation],
            Funded => &[Disbursing, Completed, OnHold, Refunding, NeedsAttention, Disputed],
            OnHold => &[Funded, Disbursing, Refunding, NeedsAttention, Disputed],
            Disbursing => &[Completed, InReconciliation, Refunding, Refunded, NeedsAttention, Disputed],
            InReconciliation => &[Disbursing, Completed, Refunding, Refunded, NeedsAttention, Disputed],
            Refunding => &[Refunded, Completed, InReconciliation, NeedsAttention, Disputed],
            NeedsAttention => &[Completed, Refunding, Refunded, Disbursing, Disputed],
            Completed => &[Refunding, NeedsAttention, Disputed],
            Refunded => &[NeedsAttention, Disputed],
            Disputed => &[Completed, Refunded, NeedsAttention, Disbursing, Refunding],
            Expired | Cancelled | CollectionFailed => &[],
        }
    }

    /// Whether `self → next` is a declared step.
    pub fn allows(self, next: TransferStatus) -> bool {
        self.steps().contains(&next)
    }
}

/// A customer's order, as everybody may know it; `margin` is for admins alone and never leaves by another view.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    pub id: TransferId,
    pub quote: QuoteId,
    pub owner: UserId,
    pub status: TransferStatus,
    pub from_country: Country,
    pub to_country: Country,
    pub funding_rail: Rail,
    pub payout_rail: Rail,
    pub send: Money,
    pub receive: Money,
    pub fee: Money,
    /// What the payer pays: send + fee.
    pub total: Money,
    /// Given back so far, in the send currency.
    pub refunded: Money,
    /// Of what is refundable, how much was undone so far: given back, on its way, or owed to the payer.
    pub unwound: Money,
    /// Of what was undone, how much was valued at a mid of its day.
    pub revalued: Money,
    /// Whether what people ask to be given back is without our fee: chosen by the first refund, for all of them.
    pub refund_keeps_fee: Option<bool>,
    pub rate: Decimal,
    pub inverse: Decimal,
    /// What the conversion earns, in the send or the receive currency; zero within one currency.
    pub margin: ForAdmins<Money>,
    /// The payee's own account with us, for the rail `balance`.
    pub payee_account: Option<Account>,
    /// The caller's own word for it.
    pub reference: Option<String>,
    pub next_action: Option<NextAction>,
    pub funding_deadline: DateTime<Utc>,
    /// 1 when written first; each change adds one, movements included.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What the payer has to do next, as the provider asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextAction {
    /// Open this page in the system browser.
    Redirect { url: String, expires_at: Option<DateTime<Utc>> },
    /// Confirm on the phone.
    ApproveOnPhone { expires_at: Option<DateTime<Utc>> },
    /// Scan or open.
    Qr { payload: String, deep_link: Option<String>, expires_at: Option<DateTime<Utc>> },
    /// Do as these words of ours say: an address, a counter, hours.
    Manual { instructions: String },
    /// Send `amount` (what is still missing) to this account, naming the reference.
    BankTransfer {
        iban: String,
        bic: Option<String>,
        account_holder: String,
        reference: String,
        amount: Money,
    },
}

impl Transfer {
    /// The transfer that consumes `quote`, awaiting its money.
    pub fn new(
        id: TransferId,
        quote: &Quote,
        payee_account: Option<Account>,
        reference: Option<String>,
        now: DateTime<Utc>,
    ) -> Transfer {
        Transfer {
            id,
            quote: quote.id,
            owner: quote.owner,
            status: TransferStatus::AwaitingPayment,
            from_country: quote.from_country,
            to_country: quote.to_country,
            funding_rail: quote.funding_rail,
            payout_rail: quote.payout_rail,
            send: quote.send,
            receive: quote.receive,
            fee: quote.fee,
            total: quote.total_to_pay,
            refunded: Money::zero(quote.send.currency()),
            unwound: Money::zero(quote.send.currency()),
            revalued: Money::zero(quote.send.currency()),
            refund_keeps_fee: None,
            rate: quote.rate,
            inverse: quote.inverse,
            margin: quote.margin,
            payee_account,
            reference,
            next_action: None,
            funding_deadline: quote.funding_deadline,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether refunds leave us our fee.
    pub fn keeps_fee(&self) -> bool {
        self.refund_keeps_fee == Some(true)
    }

    /// What can be given back in all: what was paid, or that without our fee.
    pub fn refundable(&self) -> Money {
        if self.keeps_fee() { self.send } else { self.total }
    }

    /// What we owe the owner in the currency they pay with.
    pub fn payer_account(&self) -> Account {
        Account::Customer { user: self.owner, currency: self.send.currency() }
    }

    /// What we owe the owner in the currency the payee receives.
    pub fn converted_account(&self) -> Account {
        Account::Customer { user: self.owner, currency: self.receive.currency() }
    }
}

/// Which of our wallets each leg that does not exist yet will go through; a movement keeps the one it was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallets {
    pub funding: Wallet,
    pub payout: Wallet,
    /// Gives back what came into `funding`: another one where a wallet that collects cannot pay.
    pub refund: Wallet,
}
