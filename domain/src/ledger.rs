//! What is asked of the ledger, what it keeps, and why it refuses.
//!
//! A [`LedgerStep`] either posts an entry or opens or resolves a hold. Applied to a
//! [`crate::book::Book`], steps change [`Balance`]s: postings the balance, holds the held part.
//! What is available is the one minus the other, and floors are about what is available.
//!
//! Both sides of a payment may be held: on what we owe somebody (they are spending it) and on the
//! float that will pay. Either way the account has that much less to give.

use crate::account::Account;
use crate::currency::Currency;
use crate::hold::{Hold, HoldState};
use crate::ids::{EntryId, HoldId};
use crate::money::Money;
use crate::posting::JournalEntry;

/// One thing done to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerStep {
    /// Commits an entry.
    Post(JournalEntry),
    /// Opens a hold; floors bind.
    Hold(Hold),
    /// Makes `amount` of an open hold final and frees all of it; post after, in the same steps.
    Settle {
        /// Which hold.
        hold: HoldId,
        /// How much became final: above zero, at most what is held.
        amount: Money,
    },
    /// Releases an open hold, because nothing will come of it.
    Void {
        /// Which hold.
        hold: HoldId,
    },
    /// Releases an open hold, because its time is over.
    Expire {
        /// Which hold.
        hold: HoldId,
    },
}

/// What one account has, in minor units of its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Whose it is.
    pub account: Account,
    /// Debits − credits, or credits − debits, as its kind says.
    pub balance: i64,
    /// The sum of its open holds.
    pub held: i64,
    /// How many times a set of steps touched it, even if in sum nothing changed.
    pub version: i64,
}

impl Balance {
    /// The balance of an account that nobody touched.
    pub const fn zero(account: Account) -> Balance {
        Balance { account, balance: 0, held: 0, version: 0 }
    }

    /// What may still be spent: `balance − held`. Errors: [`LedgerError::Overflow`].
    pub fn available(&self) -> Result<Money, LedgerError> {
        self.balance
            .checked_sub(self.held)
            .map(|minor| Money::new(minor, self.account.currency()))
            .ok_or_else(|| LedgerError::Overflow { account: self.account.clone() })
    }
}

/// A fact left an account with less available than its floor; somebody should look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloorAlert {
    /// Which account.
    pub account: Account,
    /// Its balance after the steps.
    pub balance: Money,
    /// What is available after the steps.
    pub available: Money,
    /// What should have been.
    pub floor: Money,
}

/// Why steps were refused; in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// An entry moves nothing.
    #[error("entry {entry} has no postings")]
    EmptyEntry { entry: EntryId },
    /// An amount in a currency that the account is not kept in.
    #[error("account {account} does not keep {currency}")]
    CurrencyMismatch { account: Account, currency: Currency },
    /// Zero or less.
    #[error("{amount} is not above zero")]
    NotPositive { amount: Money },
    /// From an account to itself.
    #[error("a posting on account {account} leads back to it")]
    SameAccount { account: Account },
    /// The id was used before.
    #[error("hold {hold} exists already")]
    DuplicateHold { hold: HoldId },
    /// Nobody opened it.
    #[error("hold {hold} is not known")]
    UnknownHold { hold: HoldId },
    /// It was settled, voided or expired before.
    #[error("hold {hold} is already {state}")]
    HoldAlreadyResolved { hold: HoldId, state: HoldState },
    /// More became final than was reserved.
    #[error("hold {hold} reserves {held}, {requested} was to be settled")]
    SettleExceedsHold { hold: HoldId, held: Money, requested: Money },
    /// A floor binds.
    #[error("account {account} has {available} available, {requested} was requested")]
    InsufficientFunds { account: Account, available: Money, requested: Money },
    /// Beyond what 64 bits can count.
    #[error("account {account} is beyond what can be counted")]
    Overflow { account: Account },
}

impl LedgerError {
    /// Whether the very same steps could succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, LedgerError::InsufficientFunds { .. })
    }
}
