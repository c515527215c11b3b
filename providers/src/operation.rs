//! What we ask of a provider, in the domain's own types. Nothing here is serialisable: each adapter
//! writes its own bytes.
//!
//! Names and reasons are people's data, so `Debug` leaves them out.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use domain::movement::MovementKind;
use domain::{Money, Msisdn, Rail, Reference};

use crate::{Debit, Unsupported};

/// The provider's own name for a movement, opaque to us: `cos-…`, `pt-…`, a Stripe id.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ProviderRef(pub String);

impl ProviderRef {
    /// The text as the provider gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A one-time code; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Otp(pub String);

impl fmt::Debug for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Otp")
    }
}

/// Take `amount` from a payer. Where the provider hosts the payment page, the answer is where to send them.
#[derive(Clone, PartialEq, Debug)]
pub struct Collect {
    pub reference: Reference,
    pub amount: Money,
    /// By which of the provider's rails.
    pub rail: Rail,
    /// Who is expected to pay; `None` lets anybody.
    pub payer: Option<Msisdn>,
    /// Whether anybody but `payer` is refused. A relative paying on someone's behalf is then refused too.
    pub restrict_payer: bool,
    pub success_url: String,
    pub failure_url: String,
    /// The payer as [`Operation::Register`] made them known; see [`crate::Capabilities::needs_customer`].
    pub customer: Option<ProviderRef>,
    /// What is debited, on rails that debit an account.
    pub debit: Option<Debit>,
    /// The one-time code that the payer got from their operator, where it is paid by code.
    pub otp: Option<Otp>,
    /// Where to tell us of it, for providers that are told with each request.
    pub callback_url: Option<String>,
}

/// Make a payer known to the provider, once, before the first collection from them.
#[derive(Clone, PartialEq)]
pub struct Register {
    /// Our own stable name for the payer: the provider keeps it, and the same key makes one customer only.
    pub key: String,
    pub name: Option<String>,
    pub email: Option<String>,
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Ask for the statement lines of one money movement, as the provider named it in
/// [`crate::Outcome::Succeeded`]'s `transaction`, or of a refund by its own name.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    pub source: ProviderRef,
    /// What the movement was worth; lines over another amount are no answer.
    pub amount: Money,
}

/// Pay from our balance at the provider to our own bank account, which the wallet's configuration names.
#[derive(Clone, PartialEq, Debug)]
pub struct Sweep {
    pub reference: Reference,
    pub amount: Money,
    /// Within minutes, for a higher fee.
    pub instant: bool,
}

/// Whom a disbursement reaches.
#[derive(Clone, PartialEq)]
pub enum Payee {
    /// A wallet of mobile money.
    Phone(Msisdn),
    /// What a person of ours is told: a bank, a counter, an account in somebody's words.
    Words(String),
}

impl Payee {
    /// The number, for providers that pay to nothing else.
    ///
    /// Errors: [`Unsupported`] when the payee has none.
    pub fn msisdn(&self) -> Result<&Msisdn, Unsupported> {
        match self {
            Payee::Phone(phone) => Ok(phone),
            Payee::Words(_) => Err(Unsupported::new("a payee without a phone number")),
        }
    }
}

impl fmt::Debug for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payee::Phone(phone) => phone.fmt(f),
            Payee::Words(_) => f.write_str("Words"),
        }
    }
}

/// Pay `amount` to a payee, net: the provider's fee comes on top, out of our float.
#[derive(Clone, PartialEq)]
pub struct Disburse {
    pub reference: Reference,
    pub amount: Money,
    pub payee: Payee,
    /// The payee's name as the provider may check or print it.
    pub name: Option<String>,
    /// Printed on the payee's receipt; adapters shorten it to what their provider takes.
    pub reason: Option<String>,
    /// Where to tell us of it, for providers that are told with each request.
    pub callback_url: Option<String>,
}

impl fmt::Debug for Disburse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disburse")
            .field("reference", &self.reference)
            .field("amount", &self.amount)
            .field("payee", &self.payee)
            .finish_non_exhaustive()
    }
}

/// Ask whether a payee could be paid, before paying. Moves nothing.
#[derive(Clone, PartialEq)]
pub struct VerifyRecipient {
    pub payee: Payee,
    /// Whom we believe to be paying; without a name only limits are looked at.
    pub name: Option<String>,
    /// What they would get.
    pub amount: Money,
}

impl fmt::Debug for VerifyRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyRecipient")
            .field("payee", &self.payee)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

/// Give a collection back to its payer.
#[derive(Clone, PartialEq, Debug)]
pub struct Refund {
    /// The refund movement's own reference.
    pub reference: Reference,
    /// The reference of the collection that is given back.
    pub original: Reference,
    pub original_ref: ProviderRef,
    pub amount: Money,
    /// Whether `amount` is all that was collected.
    pub whole: bool,
    /// By which rail it was collected.
    pub rail: Rail,
    /// Who paid, where the money goes back by a payment of its own.
    pub payer: Option<Msisdn>,
    /// Where to tell us of it, for providers that are told with each request.
    pub callback_url: Option<String>,
}

/// Ask the provider to undo a disbursement that succeeded.
#[derive(Clone, PartialEq, Debug)]
pub struct Reverse {
    /// The reversal movement's own reference.
    pub reference: Reference,
    pub original_ref: ProviderRef,
    /// What the payee got, which comes back.
    pub amount: Money,
    /// When the disbursement was submitted: reversals have a time limit.
    pub submitted_at: DateTime<Utc>,
}

/// Close a hosted collection that is still open.
#[derive(Clone, PartialEq, Debug)]
pub struct Cancel {
    pub reference: Reference,
    pub provider_ref: ProviderRef,
}

/// Ask what became of a movement. Moves nothing, so it may be sent as often as one likes.
#[derive(Clone, PartialEq, Debug)]
pub struct Inquire {
    pub reference: Reference,
    pub kind: MovementKind,
    /// The provider's name for the movement, when an answer ever brought one.
    pub provider_ref: Option<ProviderRef>,
    /// What we believe the movement is worth; another amount is no success.
    pub amount: Money,
    /// For refunds and reversals: the provider's name of the movement that is given back.
    pub original: Option<ProviderRef>,
    /// When the movement was first submitted; statements are read from that day on.
    pub since: DateTime<Utc>,
    /// By which rail the money moves, or moved.
    pub rail: Rail,
    /// Whose collection it is: what was lost before it was named is found among the customer's.
    pub customer: Option<ProviderRef>,
}

/// One page of the provider's statement of one UTC day.
#[derive(Clone, PartialEq, Debug)]
pub struct Page {
    pub date: NaiveDate,
    /// What the page before gave as [`crate::StatementPage::next`]; `None` for the first.
    pub cursor: Option<String>,
}

/// Everything that can be asked.
#[derive(Clone, PartialEq, Debug)]
pub enum Operation {
    Register(Register),
    Collect(Collect),
    Disburse(Disburse),
    Refund(Refund),
    Reverse(Reverse),
    Cancel(Cancel),
    Inquire(Inquire),
    Balance,
    Transactions(Page),
    Line(Line),
    Sweep(Sweep),
    VerifyRecipient(VerifyRecipient),
}

/// An operation without its content: for capabilities, logs and metrics.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum OperationKind {
    Register,
    Collect,
    Disburse,
    Refund,
    Reverse,
    Cancel,
    Inquire,
    Balance,
    Transactions,
    Line,
    Sweep,
    VerifyRecipient,
}

impl OperationKind {
    /// Lower case, as in logs and metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            OperationKind::Register => "register",
            OperationKind::Collect => "collect",
            OperationKind::Disburse => "disburse",
            OperationKind::Refund => "refund",
            OperationKind::Reverse => "reverse",
            OperationKind::Cancel => "cancel",
            OperationKind::Inquire => "inquire",
            OperationKind::Balance => "balance",
            OperationKind::Transactions => "transactions",
            OperationKind::Line => "line",
            OperationKind::Sweep => "sweep",
            OperationKind::VerifyRecipient => "verify_recipient",
        }
    }

    /// Whether the provider changes anything because of it.
    pub fn has_effect(self) -> bool {
        use OperationKind::{Balance, Inquire, Line, Transactions, VerifyRecipient};
        !matches!(self, Inquire | Balance | Transactions | Line | VerifyRecipient)
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Operation {
    pub fn kind(&self) -> OperationKind {
        match self {
            Operation::Register(_) => OperationKind::Register,
            Operation::Collect(_) => OperationKind::Collect,
            Operation::Disburse(_) => OperationKind::Disburse,
            Operation::Refund(_) => OperationKind::Refund,
            Operation::Reverse(_) => OperationKind::Reverse,
            Operation::Cancel(_) => OperationKind::Cancel,
            Operation::Inquire(_) => OperationKind::Inquire,
            Operation::Balance => OperationKind::Balance,
            Operation::Transactions(_) => OperationKind::Transactions,
            Operation::Line(_) => OperationKind::Line,
            Operation::Sweep(_) => OperationKind::Sweep,
            Operation::VerifyRecipient(_) => OperationKind::VerifyRecipient,
        }
    }

    /// The movement it is about; `None` for customers, balances and statements.
    pub fn reference(&self) -> Option<Reference> {
        match self {
            Operation::Collect(collect) => Some(collect.reference),
            Operation::Disburse(disburse) => Some(disburse.reference),
            Operation::Refund(refund) => Some(refund.reference),
            Operation::Reverse(reverse) => Some(reverse.reference),
            Operation::Cancel(cancel) => Some(cancel.reference),
            Operation::Inquire(inquire) => Some(inquire.reference),
            Operation::Sweep(sweep) => Some(sweep.reference),
            Operation::Register(_)
            | Operation::Balance
            | Operation::Transactions(_)
            | Operation::Line(_)
            | Operation::VerifyRecipient(_) => None,
        }
    }

    /// What it is worth, where it names an amount.
    pub fn amount(&self) -> Option<Money> {
        match self {
            Operation::Collect(collect) => Some(collect.amount),
            Operation::Disburse(disburse) => Some(disburse.amount),
            Operation::Refund(refund) => Some(refund.amount),
            Operation::Reverse(reverse) => Some(reverse.amount),
            Operation::Inquire(inquire) => Some(inquire.amount),
            Operation::Line(line) => Some(line.amount),
            Operation::Sweep(sweep) => Some(sweep.amount),
            Operation::VerifyRecipient(check) => Some(check.amount),
            Operation::Register(_)
            | Operation::Cancel(_)
            | Operation::Balance
            | Operation::Transactions(_) => None,
        }
    }

    /// The payer's or payee's number, where it names one.
    pub fn msisdn(&self) -> Option<&Msisdn> {
        match self {
            Operation::Collect(collect) => collect.payer.as_ref(),
            Operation::Disburse(disburse) => disburse.payee.msisdn().ok(),
            Operation::VerifyRecipient(check) => check.payee.msisdn().ok(),
            _ => None,
        }
    }
}
