//! What the settings say about refunds that people ask for: up to what size one person may, and whose our fee is.

use std::collections::BTreeMap;

use domain::{Currency, Money};

use super::reader::Reader;

/// The policy of refunds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundPolicy {
    /// What one person may give back of a transfer in all; of a currency that is not there, nothing.
    pub max_alone: BTreeMap<Currency, Money>,
    /// Whether our fee stays ours.
    pub keeps_fee: bool,
}

impl RefundPolicy {
    /// Whether one person may, when `refunded` is given back with it in all.
    pub fn one_person_may(&self, refunded: Money) -> bool {
        self.max_alone.get(&refunded.currency()).is_some_and(|most| refunded.minor() <= most.minor())
    }
}

/// Reads the table.
pub fn refunds(r: &mut Reader) -> RefundPolicy {
    let limits = r.parsed_list("refunds.max_alone", limit, "as [\"EUR 500\", \"XOF 300000\"]");
    let mut max_alone = BTreeMap::new();
    for limit in limits {
        if max_alone.insert(limit.currency(), limit).is_some() {
            r.refuse("refunds.max_alone", "names a currency twice", "name each currency once");
        }
    }
    let fee = |text: &str| match text {
        "returned" => Ok(false),
        "kept" => Ok(true),
        _ => Err("is neither"),
    };
    let keeps_fee = r.needed("refunds.fee", fee, "\"returned\" or \"kept\"").unwrap_or(false);
    RefundPolicy { max_alone, keeps_fee }
}

/// `EUR 500`: a currency and an amount of it.
pub(super) fn limit(text: &str) -> Result<Money, &'static str> {
    const SHAPE: &str = "is not a currency and an amount";
    let (currency, amount) = text.split_once(' ').ok_or(SHAPE)?;
    let currency = Currency::parse(currency).map_err(|_| SHAPE)?;
    let amount = Money::parse(amount.trim(), currency).map_err(|_| SHAPE)?;
    if amount.is_negative() { Err(SHAPE) } else { Ok(amount) }
}
