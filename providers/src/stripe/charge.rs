//! The charge of an intent: what the money movement is called, why it failed, whose mandate it used.
//!
//! Answers to us carry it expanded, events name it only. Source: docs.stripe.com/api/charges, read 2026-11.

use serde::Deserialize;
use serde_json::Value;

use super::terms::{self, lenient};
use crate::Mandate;

/// A charge, as far as we read it.
#[derive(Deserialize, Default)]
pub(super) struct Charge {
    #[serde(default, deserialize_with = "lenient")]
    pub created: Option<i64>,
    #[serde(default)]
    payment_method: Value,
    #[serde(default, deserialize_with = "lenient")]
    payment_method_details: Option<Details>,
    #[serde(default, deserialize_with = "lenient")]
    pub failure_code: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub failure_message: Option<String>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default, deserialize_with = "lenient")]
    sepa_debit: Option<SepaDebit>,
}

#[derive(Deserialize)]
struct SepaDebit {
    #[serde(default)]
    mandate: Value,
    #[serde(default, deserialize_with = "lenient")]
    last4: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    country: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    bank_code: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    fingerprint: Option<String>,
}

/// Reads an expanded charge; one that is only named tells nothing.
pub(super) fn read(field: &Value) -> Charge {
    match field {
        Value::Object(_) => serde_json::from_value(field.clone()).unwrap_or_default(),
        _ => Charge::default(),
    }
}

impl Charge {
    /// The consent that was used. `payment_method` is the intent's own, should the charge name none.
    pub fn mandate(self, payment_method: &Value) -> Option<Mandate> {
        let debit = self.payment_method_details?.sepa_debit?;
        Some(Mandate {
            mandate: terms::id_of(&debit.mandate)?,
            payment_method: terms::id_of(&self.payment_method).or_else(|| terms::id_of(payment_method))?,
            last4: debit.last4,
            country: debit.country,
            bank_code: debit.bank_code,
            fingerprint: debit.fingerprint,
        })
    }
}
