//! What a configured wallet can do, as data that quotes and workers obey.

use std::time::Duration;

use domain::{Country, Currency, Money, Provider, Rail, Wallet};

use crate::{Collect, Operation, OperationKind, Refund, Unsupported};

/// How much of a collection can be given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refunds {
    None,
    /// All of it, or nothing.
    Full,
    /// Any part, several times.
    Partial,
    /// Any part, several times, each by a payment of its own to the payer's number, which has to be known.
    Anew,
}

/// For which operations the same request sent twice moves money once at most.
///
/// `true` allows resending under the same reference after an uncertain answer; `false` never does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdempotentOnReference {
    pub collect: bool,
    pub disburse: bool,
    pub refund: bool,
    pub reverse: bool,
    pub cancel: bool,
    pub sweep: bool,
}

impl IdempotentOnReference {
    /// Nothing is ever put again.
    pub const NEVER: IdempotentOnReference = IdempotentOnReference {
        collect: false,
        disburse: false,
        refund: false,
        reverse: false,
        cancel: false,
        sweep: false,
    };
}

/// What the provider announces by itself. What it does not announce has to be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Callbacks {
    pub collections: bool,
    pub disbursements: bool,
    pub refunds: bool,
    /// Whether callbacks carry a signature over their bytes.
    pub signed: bool,
    /// Where callbacks that prove nothing come to: `/webhooks/{door}/{token}`, with a token that only the provider
    /// was told, one per movement. `None`: they come to one path for all.
    pub door: Option<&'static str>,
}

impl Callbacks {
    /// Nothing is announced.
    pub const NONE: Callbacks =
        Callbacks { collections: false, disbursements: false, refunds: false, signed: false, door: None };
}

/// The smallest and the largest amount, both included, in the wallet's currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    pub min: Option<Money>,
    pub max: Option<Money>,
}

impl Limits {
    /// Whether `amount` is within; limits bind amounts of their own currency only.
    ///
    /// Errors: which limit it is beyond.
    pub fn check(self, amount: Money) -> Result<(), Unsupported> {
        if is_beyond(self.min, amount, |limit, asked| asked < limit) {
            return Err(Unsupported::new(format!("{amount} is below the smallest amount")));
        }
        if is_beyond(self.max, amount, |limit, asked| asked > limit) {
            return Err(Unsupported::new(format!("{amount} is above the largest amount")));
        }
        Ok(())
    }
}

/// How collections behave that a payer pays on a page, or by a code, of the provider's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hosted {
    /// How long one can be paid after it was made, where answers do not tell.
    pub lives_for: Option<Duration>,
    /// Whether only the name that the create answer gave leads back to one. What was lost cannot be asked about.
    pub needs_its_name: bool,
    /// Whether look-ups know one only once its payer acted: "not found" means "not paid yet" while it lives.
    pub unseen_until_paid: bool,
}

/// What a provider shows of all that happened to a wallet, by [`crate::Operation::Transactions`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Statements {
    /// Nothing: what happened is known from the answers about single movements.
    None,
    /// Whole days, page by page, with the fees that it took.
    Days,
    /// What began since the day's first instant, the newest so many at most, without fees. What is older than these
    /// cannot be seen any more.
    Newest { most: usize },
}

/// The declared abilities of one wallet at one provider.
#[derive(Clone, PartialEq, Debug)]
pub struct Capabilities {
    pub provider: Provider,
    pub wallet: Wallet,
    /// By which rails it collects or pays.
    pub rails: Vec<Rail>,
    /// Where payers and payees may be; for mobile money, whose numbers it serves.
    pub countries: Vec<Country>,
    pub currencies: Vec<Currency>,
    pub operations: Vec<OperationKind>,
    /// What one collection may be worth.
    pub collect_limits: Limits,
    /// What one disbursement may be worth.
    pub disburse_limits: Limits,
    pub refunds: Refunds,
    /// Whether a refund brings back what the provider took for the collection.
    pub refund_returns_fee: bool,
    /// Whether [`crate::Operation::Register`] has to name the payer before a collection.
    pub needs_customer: bool,
    pub idempotent_on_reference: IdempotentOnReference,
    /// How long after its first sending a repeated request is still recognised; `None` for ever. Later, the same
    /// request moves money again: ask instead.
    pub idempotent_for: Option<Duration>,
    /// How long after its submission a disbursement can be reversed.
    pub reverse_within: Option<Duration>,
    /// How long the provider may need until a look-up shows what it accepted. "Not found" counts as
    /// proof only when it was repeated across this time.
    pub settling_time: Duration,
    /// Whether a hosted collection can only be paid through the page that its create answer named. If
    /// that answer was lost nobody holds the page, and what stays unpaid expires by itself.
    pub unseen_collection_expires: bool,
    pub hosted: Hosted,
    pub callbacks: Callbacks,
    pub statements: Statements,
}

impl Capabilities {
    /// Whether the operation may be sent at all.
    pub fn supports(&self, kind: OperationKind) -> bool {
        self.operations.contains(&kind)
    }

    /// Refuses what was not declared: operation, currency, amount, a part of a refund.
    pub fn check(&self, operation: &Operation) -> Result<(), Unsupported> {
        if !self.supports(operation.kind()) {
            return Err(Unsupported::new(format!("{} is not offered", operation.kind())));
        }
        if let Some(amount) = operation.amount() {
            self.check_amount(operation.kind(), amount)?;
        }
        match operation {
            Operation::Collect(collect) => self.check_collect(collect),
            Operation::Refund(refund) => self.check_refund(refund),
            _ => Ok(()),
        }
    }

    fn check_amount(&self, kind: OperationKind, amount: Money) -> Result<(), Unsupported> {
        if !self.currencies.contains(&amount.currency()) {
            return Err(Unsupported::new(format!("{} is not a currency of this wallet", amount.currency())));
        }
        if kind.has_effect() && !amount.is_positive() {
            return Err(Unsupported::new(format!("{amount} is not positive")));
        }
        match kind {
            OperationKind::Collect => self.collect_limits.check(amount),
            OperationKind::Disburse => self.disburse_limits.check(amount),
            _ => Ok(()),
        }
    }

    fn check_collect(&self, collect: &Collect) -> Result<(), Unsupported> {
        if !self.rails.contains(&collect.rail) {
            return Err(Unsupported::new(format!("{} is not a rail of this wallet", collect.rail)));
        }
        match self.needs_customer && collect.customer.is_none() {
            true => Err(Unsupported::new("a collection needs a registered customer")),
            false => Ok(()),
        }
    }

    fn check_refund(&self, refund: &Refund) -> Result<(), Unsupported> {
        match (self.refunds, refund.whole) {
            (Refunds::Partial, _) | (Refunds::Full, true) => Ok(()),
            (Refunds::Anew, _) if refund.payer.is_some() => Ok(()),
            (Refunds::Anew, _) => Err(Unsupported::new("the payer's number is not known")),
            (Refunds::Full, false) => Err(Unsupported::new("only a whole collection can be refunded")),
            (Refunds::None, _) => Err(Unsupported::new("refunds are not offered")),
        }
    }
}

fn is_beyond(limit: Option<Money>, amount: Money, beyond: impl Fn(i64, i64) -> bool) -> bool {
    limit.is_some_and(|limit| limit.currency() == amount.currency() && beyond(limit.minor(), amount.minor()))
}
