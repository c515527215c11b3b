//! Holds: money reserved until we know.
//!
//! A hold makes part of an account unavailable. It is settled in full or in part, voided or
//! expired, and that happens once. Resolving a hold only frees what it reserved; the value itself
//! moves by the posting that comes along.
//!
//! Deliberately absent: deadlines. Who expires a hold decides when.

use chrono::{DateTime, Utc};

use crate::account::Account;
use crate::ids::HoldId;
use crate::money::Money;
use crate::posting::BusinessId;

words! {
    /// Where a hold is in its life; every state but `Open` is final.
    pub enum HoldState as "hold state" {
        /// Reserves its amount.
        Open = "open",
        /// Made final, in full or in part.
        Settled = "settled",
        /// Released because nothing will come of it.
        Voided = "voided",
        /// Released by time.
        Expired = "expired",
    }
}

/// An amount reserved on one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its identity.
    pub id: HoldId,
    /// What it reserves on.
    pub account: Account,
    /// How much; above zero, in the account's currency.
    pub amount: Money,
    /// How much of it became final; zero unless settled.
    pub settled: Money,
    /// Where it is in its life.
    pub state: HoldState,
    /// What it is about.
    pub business: BusinessId,
    /// Since when, by the caller's clock.
    pub at: DateTime<Utc>,
}

impl Hold {
    /// An open hold.
    pub fn open(
        id: HoldId,
        account: Account,
        amount: Money,
        business: BusinessId,
        at: DateTime<Utc>,
    ) -> Hold {
        let settled = Money::zero(amount.currency());
        Hold { id, account, amount, settled, state: HoldState::Open, business, at }
    }
}
