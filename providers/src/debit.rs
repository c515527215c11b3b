//! What a direct debit takes from: a bank account that the payer just named, or the mandate of an earlier debit.
//!
//! An account number is somebody's secret, so nothing here prints itself.

use std::fmt;
use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use crate::ProviderRef;

/// The account that a collection debits. `Debug` shows nothing of it.
#[derive(Clone, PartialEq)]
pub struct Debit {
    pub source: DebitSource,
}

/// How the account is known.
#[derive(Clone)]
pub enum DebitSource {
    /// Given by the payer just now, with their consent to be debited.
    New {
        /// Checked by the caller, upper case, without blanks. Never stored by us.
        iban: SecretString,
        /// The holder, as the bank knows them.
        name: String,
        /// Where the provider announces each debit.
        email: Option<String>,
        consent: Consent,
    },
    /// Kept by the provider since an earlier debit.
    Mandate { mandate: ProviderRef, payment_method: ProviderRef },
}

/// Where the payer was when they agreed; the provider keeps it as evidence.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    pub ip: IpAddr,
    pub user_agent: String,
}

/// The consent to be debited again, as the provider keeps it. It names no account number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mandate {
    pub mandate: ProviderRef,
    pub payment_method: ProviderRef,
    /// The last four characters of the account number.
    pub last4: Option<String>,
    /// Two letters, where the account is kept.
    pub country: Option<String>,
    pub bank_code: Option<String>,
    /// The same for the same account, whoever gave it.
    pub fingerprint: Option<String>,
}

impl PartialEq for DebitSource {
    fn eq(&self, other: &DebitSource) -> bool {
        match (self, other) {
            (
                DebitSource::New { iban, name, email, consent },
                DebitSource::New {
                    iban: other_iban,
                    name: other_name,
                    email: other_email,
                    consent: other_consent,
                },
            ) => {
                iban.expose_secret() == other_iban.expose_secret()
                    && (name, email, consent) == (other_name, other_email, other_consent)
            }
            (
                DebitSource::Mandate { mandate, payment_method },
                DebitSource::Mandate { mandate: other_mandate, payment_method: other_method },
            ) => (mandate, payment_method) == (other_mandate, other_method),
            _ => false,
        }
    }
}

impl fmt::Debug for Debit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debit").finish_non_exhaustive()
    }
}

impl fmt::Debug for DebitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DebitSource::New { .. } => f.write_str("New { .. }"),
            DebitSource::Mandate { .. } => f.write_str("Mandate { .. }"),
        }
    }
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consent { .. }")
    }
}
