//! Rails: the ways money comes in and goes out, and where our floats for them live.
//!
//! A rail is what a customer chooses; a provider is the company behind one or more rails, and a
//! wallet is one of our pots at that provider. A Senegal key cannot pay from the Ivorian wallet, so
//! floats are kept apart by wallet.
//!
//! Deliberately absent: what each rail can do, which is data, and how it is spoken to.

use std::fmt;
use std::str::FromStr;

words! {
    /// A way to collect or disburse, by its name in the API.
    pub enum Rail as "rail" {
        /// Wave wallets.
        Wave = "wave",
        /// Orange Money's hosted payment page.
        OrangeWeb = "orange_web",
        /// Orange Money through Sonatel's interface, Senegal.
        OrangeSonatel = "orange_sonatel",
        /// MTN Mobile Money.
        MtnMomo = "mtn_momo",
        /// A bank transfer in the SEPA area.
        SepaTransfer = "sepa_transfer",
        /// A direct debit in the SEPA area.
        SepaDebit = "sepa_debit",
        /// Done by a person, evidence attached.
        Manual = "manual",
        /// From or to a balance that we keep.
        Balance = "balance",
    }
}

words! {
    /// The company that moves the money, by its name in account names.
    pub enum Provider as "provider" {
        /// Wave.
        Wave = "wave",
        /// Orange, Web Payment contract.
        OrangeWeb = "orange_web",
        /// Orange, Sonatel contract.
        OrangeSonatel = "orange_sonatel",
        /// MTN.
        MtnMomo = "mtn_momo",
        /// Stripe, for both SEPA rails.
        Stripe = "stripe",
        /// A person.
        Manual = "manual",
    }
}

impl Rail {
    /// Who moves the money; nobody for [`Rail::Balance`], which never leaves our books.
    pub const fn provider(self) -> Option<Provider> {
        Some(match self {
            Rail::Wave => Provider::Wave,
            Rail::OrangeWeb => Provider::OrangeWeb,
            Rail::OrangeSonatel => Provider::OrangeSonatel,
            Rail::MtnMomo => Provider::MtnMomo,
            Rail::SepaTransfer | Rail::SepaDebit => Provider::Stripe,
            Rail::Manual => Provider::Manual,
            Rail::Balance => return None,
        })
    }

    /// Whether money that came is in transit at first: the provider has it, and we may spend it some days later.
    pub const fn settles_later(self) -> bool {
        matches!(self, Rail::SepaTransfer | Rail::SepaDebit)
    }

    /// Whether a payer can still pay after we gave up waiting: nobody can close a bank account to one payment.
    pub const fn outlives_its_deadline(self) -> bool {
        matches!(self, Rail::SepaTransfer)
    }

    /// Whether a payer is asked on their phone, unasked: a second request under another name would ask them twice.
    pub const fn asks_on_the_phone(self) -> bool {
        matches!(self, Rail::MtnMomo)
    }

    /// Whether nothing that the provider sends by itself is proof, so that money that comes after a collection was
    /// given up is found by asking once more only.
    pub const fn is_heard_by_asking(self) -> bool {
        matches!(self, Rail::OrangeWeb | Rail::OrangeSonatel | Rail::MtnMomo)
    }

    /// Whether the provider gives its fee back when a collection is refunded.
    pub const fn returns_fee_on_refund(self) -> bool {
        matches!(self, Rail::Wave)
    }
}

/// One of our wallets at a provider: `sn`, `ci`, `main`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Wallet(String);

/// The text cannot name a wallet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a wallet name: 1 to 24 of a-z, 0-9, _ and -")]
pub struct WalletError(pub String);

impl Wallet {
    /// Reads 1 to 24 of `a-z`, `0-9`, `_`, `-`.
    pub fn parse(name: &str) -> Result<Wallet, WalletError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if (1..=24).contains(&name.len()) && name.bytes().all(allowed) {
            return Ok(Wallet(name.to_owned()));
        }
        Err(WalletError(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Wallet {
    type Err = WalletError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Wallet::parse(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::UnknownWord;

    #[test]
    fn rails_keep_their_names_in_the_api() {
        let names: Vec<_> = Rail::ALL.iter().map(|rail| rail.as_str()).collect();
        let expected = "wave orange_web orange_sonatel mtn_momo sepa_transfer sepa_debit manual balance";
        assert_eq!(names.join(" "), expected);
        for rail in Rail::ALL {
            assert_eq!(rail.to_string().parse(), Ok(*rail));
        }
        let unknown = UnknownWord { kind: "rail", word: "Wave".to_owned() };
        assert_eq!("Wave".parse::<Rail>(), Err(unknown));
    }

    #[test]
    fn only_a_balance_needs_no_provider() {
        for rail in Rail::ALL {
            assert_eq!(rail.provider().is_none(), *rail == Rail::Balance, "{rail}");
        }
        assert_eq!(Rail::SepaDebit.provider(), Rail::SepaTransfer.provider());
    }

    #[test]
    fn wallet_names_fit_in_an_account_name() {
        for name in ["sn", "main", "a_b-9", &"x".repeat(24)] {
            assert_eq!(Wallet::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "SN", "a:b", "é", "a b", &"x".repeat(25)] {
            assert_eq!(Wallet::parse(name), Err(WalletError(name.to_owned())));
        }
    }
}
