//! What a provider answered, and what it means when it did not.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{LineKind, Money, Reference};
use sha2::{Digest, Sha256};

use crate::{Mandate, ProviderRef};

/// What the payer has to do next.
#[derive(Clone, PartialEq, Debug)]
pub enum NextAction {
    /// Open this page in the system browser, not inside an application's own view.
    Redirect { url: String, expires_at: Option<DateTime<Utc>> },
    /// Confirm with the wallet's PIN, on the phone.
    ApproveOnPhone { expires_at: Option<DateTime<Utc>> },
    /// Scan the code, or open the link in the operator's application.
    Qr { payload: String, deep_link: Option<String>, expires_at: Option<DateTime<Utc>> },
    /// Do as a person of ours says.
    Manual { instructions: String },
    /// Send a bank transfer. The same payer always gets the same account.
    BankTransfer {
        iban: String,
        bic: Option<String>,
        account_holder: String,
        /// What to write on the transfer, so that it finds its collection.
        reference: String,
        /// What is still missing: less than the collection after a first part came.
        amount: Money,
    },
}

/// Something the provider said, in a documented way, about one operation.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// Accepted, not final. Also what a failed *attempt* of a payer is while the collection stays open.
    Pending {
        provider_ref: Option<ProviderRef>,
        next: Option<NextAction>,
        /// The payer did their part and the provider works on it, possibly for days.
        executing: bool,
        /// The consent under which it is executed, where this answer tells.
        mandate: Option<Mandate>,
    },
    /// The money moved. `amount` is what the payer paid or the payee got, equal to what was asked.
    Succeeded {
        provider_ref: ProviderRef,
        amount: Money,
        /// What the provider charged us, where this answer tells; otherwise the statement will.
        fee: Option<Money>,
        /// When it happened, where this answer tells.
        at: Option<DateTime<Utc>>,
        /// The provider's id of the line in its statement, where this answer tells.
        transaction: Option<String>,
        /// The consent under which an account was debited, where this answer tells.
        mandate: Option<Mandate>,
    },
    /// A documented refusal: nothing moved, and the same request will not fare better.
    Declined {
        /// The provider's word, in its own dialect.
        code: String,
        /// For the log and for staff; never for a client.
        message: String,
    },
    /// A documented refusal of a request with effect, said in a way that failures are said in too. It is a
    /// [`Outcome::Declined`] when asking finds no such movement, and nothing at all when asking finds one.
    RefusedUnlessFound {
        /// The provider's word, in its own dialect.
        code: String,
        /// For the log and for staff; never for a client.
        message: String,
    },
    /// The time to pay ran out, or we closed the collection; it cannot be paid any more.
    Expired,
    /// Closed without payment.
    Cancelled,
    /// The movement that was asked about had succeeded and was undone since; amount and fee are back.
    Reversed { at: Option<DateTime<Utc>> },
    /// The payer's bank forced a collection back after it had succeeded. It may be told several
    /// times over, with the fee in a later telling only.
    Disputed {
        dispute: ProviderRef,
        /// What was taken back from us, positive.
        amount: Money,
        /// What the provider charges us for it.
        fee: Option<Money>,
    },
    /// A dispute ended in our favour; the money is back.
    DisputeWon,
    /// Failed although it may have succeeded before, as refunds and payouts can for days. For a movement
    /// that is still under way it means [`Outcome::Declined`].
    FailedLater {
        /// The provider's word, in its own dialect.
        code: String,
    },
    /// Answers an inquiry or a cancellation: unknown to the provider. One such answer proves nothing,
    /// several across [`crate::Capabilities::settling_time`] do.
    NotFound,
    /// Answers a registration: who the payer is at the provider from now on.
    Registered { customer: ProviderRef },
    /// What the wallet holds.
    Balance(Balance),
    /// One page of the statement.
    Transactions(StatementPage),
    /// Answers a recipient check.
    Recipient(Recipient),
}

impl Outcome {
    /// Lower case, as in logs and metric labels.
    pub fn as_str(&self) -> &'static str {
        match self {
            Outcome::Pending { .. } => "pending",
            Outcome::Succeeded { .. } => "succeeded",
            Outcome::Declined { .. } => "declined",
            Outcome::RefusedUnlessFound { .. } => "refused_unless_found",
            Outcome::Expired => "expired",
            Outcome::Cancelled => "cancelled",
            Outcome::Reversed { .. } => "reversed",
            Outcome::Disputed { .. } => "disputed",
            Outcome::DisputeWon => "dispute_won",
            Outcome::FailedLater { .. } => "failed_later",
            Outcome::NotFound => "not_found",
            Outcome::Registered { .. } => "registered",
            Outcome::Balance(_) => "balance",
            Outcome::Transactions(_) => "transactions",
            Outcome::Recipient(_) => "recipient",
        }
    }
}

impl Outcome {
    /// Not final, and nothing more to say about it than what is to be done next.
    pub fn pending(provider_ref: ProviderRef, next: Option<NextAction>) -> Outcome {
        Outcome::Pending { provider_ref: Some(provider_ref), next, executing: false, mandate: None }
    }

    /// The money moved, and the answer tells nothing more of it.
    pub fn succeeded(provider_ref: ProviderRef, amount: Money) -> Outcome {
        Outcome::Succeeded { provider_ref, amount, fee: None, at: None, transaction: None, mandate: None }
    }
}

/// What a provider knows of a payee before they are paid. An unclear answer is unknown, never a refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recipient {
    /// Whether the name that was asked is theirs.
    pub name: NameMatch,
    /// Whether they may receive the amount; `None` where the provider does not say.
    pub within_limits: Option<bool>,
    /// Whether they have a wallet; `None` where the provider does not say.
    pub registered: Option<bool>,
}

/// How far a name agrees with the one that the provider has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameMatch {
    Full,
    /// In part, at providers that tell.
    Partial,
    /// It is another's.
    None,
    Unknown,
}

/// What a wallet holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Balance {
    /// What can be paid out now: our float.
    pub available: Money,
    /// What is ours and cannot be used yet: collected and still on its way to `available`, net of fees. Zero
    /// where the provider knows no such thing. Negative while more is being taken back than comes in.
    pub pending: Money,
}

impl Balance {
    /// A balance of which everything can be used.
    pub fn available(available: Money) -> Balance {
        Balance { available, pending: Money::zero(available.currency()) }
    }
}

/// Lines of a statement, oldest first. The pages of a day may come newest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StatementPage {
    pub lines: Vec<StatementLine>,
    /// The cursor of the next page; `None` when this was the last.
    pub next: Option<String>,
    /// The oldest instant that the provider would show, where it shows no more than so much: what is older may be
    /// missing.
    pub cut_at: Option<DateTime<Utc>>,
}

/// One line of a provider's statement. Signs are as seen from our float: what comes in is positive.
///
/// `gross = net + fee`: a collection of 12500 with a fee of 125 has `net` 12375; a disbursement of
/// 15000 with a fee of 150 has `net` -15150 and `gross` -15000. A reversal gives its fee back, as a negative fee.
#[derive(Clone, PartialEq, Debug)]
pub struct StatementLine {
    /// The provider's id of the line; what undoes another line may carry the other's.
    pub id: String,
    pub at: DateTime<Utc>,
    /// What it is, as far as the provider's word tells.
    pub kind: LineKind,
    /// The provider's word for what it is, possibly empty; see [`StatementLine::is_reversal`].
    pub word: String,
    pub gross: Money,
    pub fee: Money,
    pub net: Money,
    /// Our reference, where the line carries one we could have written.
    pub reference: Option<Reference>,
    /// The provider's name of the movement, as answers to [`crate::Operation::Collect`] gave it.
    pub provider_ref: Option<ProviderRef>,
    pub is_reversal: bool,
    /// From when on the money can be used, where the statement tells; until then it is in transit.
    pub available_at: Option<DateTime<Utc>>,
    /// SHA-256 of what the provider sent of it, as compact JSON with sorted keys.
    pub raw: [u8; 32],
}

impl StatementLine {
    /// What [`StatementLine::raw`] is of a line that came as this.
    pub(crate) fn digest(sent: &serde_json::Value) -> [u8; 32] {
        Sha256::digest(sent.to_string()).into()
    }
}

/// Why there is no outcome, and what is safe to do. It speaks of this call only: an earlier call
/// under the same reference may have had its effect.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ProviderError {
    /// No byte of the request reached the provider. Send again with the same reference.
    #[error("not sent: {reason}")]
    NotSent { reason: String },
    /// It may have happened. Inquire; never resend blindly, never call it failed.
    #[error("uncertain: {reason}")]
    Uncertain { reason: String },
    /// Credentials or contract are wrong; this request had no effect. Stop and page a person.
    #[error("misconfigured: {reason}")]
    Misconfigured { reason: String },
    /// Refused for pace alone, without effect. Send again with the same reference, later.
    #[error("rate limited by the provider")]
    RateLimited { retry_after: Option<Duration> },
}

impl ProviderError {
    pub fn not_sent(reason: impl Into<String>) -> ProviderError {
        ProviderError::NotSent { reason: reason.into() }
    }

    pub fn uncertain(reason: impl Into<String>) -> ProviderError {
        ProviderError::Uncertain { reason: reason.into() }
    }

    pub fn misconfigured(reason: impl Into<String>) -> ProviderError {
        ProviderError::Misconfigured { reason: reason.into() }
    }

    /// Lower case, as in logs and metric labels.
    pub fn as_str(&self) -> &'static str {
        match self {
            ProviderError::NotSent { .. } => "not_sent",
            ProviderError::Uncertain { .. } => "uncertain",
            ProviderError::Misconfigured { .. } => "misconfigured",
            ProviderError::RateLimited { .. } => "rate_limited",
        }
    }

    /// Whether the very same request could succeed later without anybody's help.
    pub fn is_transient(&self) -> bool {
        matches!(self, ProviderError::NotSent { .. } | ProviderError::RateLimited { .. })
    }
}
