//! Double entry: every movement of value, and nothing else.
//!
//! A [`Posting`] takes one [`Money`] from one account to another, so debits equal credits by
//! construction. A [`JournalEntry`] is a set of postings that commit together and carry the id of
//! the business they belong to.
//!
//! Deliberately absent: fresh ids and "now", which callers pass in, and free text.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::account::Account;
use crate::ids::{EntryId, TransferId};
use crate::ledger::LedgerError;
use crate::money::Money;
use crate::reference::Reference;
use crate::words::UnknownWord;

/// One amount from one account to another: `A → B` debits A and credits B.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account that is debited.
    pub debit: Account,
    /// The account that is credited.
    pub credit: Account,
    /// How much; above zero, in the currency of both accounts.
    pub amount: Money,
}

impl Posting {
    /// `debit → credit`, checked.
    ///
    /// Errors: [`LedgerError::NotPositive`], [`LedgerError::CurrencyMismatch`],
    /// [`LedgerError::SameAccount`].
    pub fn new(debit: Account, credit: Account, amount: Money) -> Result<Posting, LedgerError> {
        let posting = Posting { debit, credit, amount };
        posting.check()?;
        Ok(posting)
    }

    /// What [`Posting::new`] promises, for postings that were put together by hand.
    pub fn check(&self) -> Result<(), LedgerError> {
        check_amount(&self.debit, self.amount)?;
        check_amount(&self.credit, self.amount)?;
        if self.debit == self.credit {
            return Err(LedgerError::SameAccount { account: self.debit.clone() });
        }
        Ok(())
    }
}

/// An amount fits an account when it is above zero and in the account's currency.
pub(crate) fn check_amount(account: &Account, amount: Money) -> Result<(), LedgerError> {
    if account.currency() != amount.currency() {
        return Err(LedgerError::CurrencyMismatch { account: account.clone(), currency: amount.currency() });
    }
    if !amount.is_positive() {
        return Err(LedgerError::NotPositive { amount });
    }
    Ok(())
}

words! {
    /// What happened, as statements and timelines group it.
    pub enum EntryKind as "entry kind" {
        /// Opening balances.
        Opening = "opening",
        /// Money came from a payer.
        Collection = "collection",
        /// One currency became another.
        Conversion = "conversion",
        /// We billed our fee.
        Fee = "fee",
        /// Money went to a payee.
        Disbursement = "disbursement",
        /// A provider took its fee.
        ProviderFee = "provider_fee",
        /// Money went back to its payer.
        Refund = "refund",
        /// A conversion and its fee were undone, at the rate of the original.
        Unwind = "unwind",
        /// A provider undid what it had confirmed.
        Reversal = "reversal",
        /// Money came after its transfer ended.
        LateMoney = "late_money",
        /// Money in suspense found its owner.
        Release = "release",
        /// Money in transit became spendable.
        Settlement = "settlement",
        /// From one balance to another, inside our books.
        Transfer = "transfer",
        /// Between our own banks and floats.
        Treasury = "treasury",
        /// A position was valued at a new rate.
        Revaluation = "revaluation",
        /// A payer's side took money back by force.
        Dispute = "dispute",
    }
}

words! {
    /// Whether an entry is ours to refuse.
    pub enum Nature as "nature" {
        /// We mean to do it: floors bind.
        Intent = "intent",
        /// It happened: it always posts, and raises an alert below a floor.
        Fact = "fact",
    }
}

/// What an entry or a hold is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum BusinessId {
    /// A customer's transfer.
    Transfer(TransferId),
    /// A treasury movement, by its reference.
    Treasury(Reference),
    /// The opening of the book.
    Opening,
}

impl fmt::Display for BusinessId {
    /// `transfer_…`, `treasury:<uuid>`, `opening`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BusinessId::Transfer(id) => write!(f, "{id}"),
            BusinessId::Treasury(reference) => write!(f, "treasury:{reference}"),
            BusinessId::Opening => f.write_str("opening"),
        }
    }
}

impl FromStr for BusinessId {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownWord { kind: "business id", word: text.to_owned() };
        if text == "opening" {
            return Ok(BusinessId::Opening);
        }
        match text.strip_prefix("treasury:") {
            Some(reference) => reference.parse().map(BusinessId::Treasury).map_err(|_| unknown()),
            None => text.parse().map(BusinessId::Transfer).map_err(|_| unknown()),
        }
    }
}

/// Postings that commit together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its identity.
    pub id: EntryId,
    /// What happened.
    pub kind: EntryKind,
    /// Whether floors bind.
    pub nature: Nature,
    /// What it is about.
    pub business: BusinessId,
    /// The movement at a provider that caused it, if one did.
    pub movement: Option<Reference>,
    /// When, by the caller's clock.
    pub at: DateTime<Utc>,
    /// What moved; at least one posting.
    pub postings: Vec<Posting>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;

    fn account(name: &str) -> Account {
        name.parse().unwrap()
    }

    #[test]
    fn a_posting_is_positive_between_two_accounts_of_its_currency() {
        let (float, equity) = (account("float:wave:sn:XOF"), account("equity:opening:XOF"));
        let xof = |minor| Money::new(minor, Currency::XOF);
        assert!(Posting::new(float.clone(), equity.clone(), xof(1)).is_ok());
        for minor in [0, -1] {
            let refused = Posting::new(float.clone(), equity.clone(), xof(minor));
            assert_eq!(refused, Err(LedgerError::NotPositive { amount: xof(minor) }));
        }
        let euros = account("fx:EUR");
        assert_eq!(
            Posting::new(float.clone(), euros.clone(), xof(1)),
            Err(LedgerError::CurrencyMismatch { account: euros, currency: Currency::XOF }),
        );
        let same = Posting::new(float.clone(), float.clone(), xof(1));
        assert_eq!(same, Err(LedgerError::SameAccount { account: float }));
    }

    #[test]
    fn business_ids_read_as_they_print() {
        for text in [
            "opening",
            "transfer_01h2xcejqtf2nbrexx3vqjhp41",
            "treasury:f47ac10b-58cc-4372-a567-0e02b2c3d479",
        ] {
            assert_eq!(text.parse::<BusinessId>().unwrap().to_string(), text);
        }
        for text in ["", "treasury:", "quote_01h2xcejqtf2nbrexx3vqjhp41", "Opening"] {
            assert!(text.parse::<BusinessId>().is_err(), "{text}");
        }
    }
}
