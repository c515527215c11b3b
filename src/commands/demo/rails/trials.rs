//! Trials: one transfer for each fault and request, between its sender's balance and the rail that is to fail.
//!
//! A fault waits for one amount or one payee's number, so that it meets no other transfer. Collections fill the balance
//! and payments drain it, so that each trial has one request that can fail and no other.

use domain::{Currency, Money, Reference};
use serde_json::{Value, json};

use super::fault::{self, End, Fault, TARGETS, Target};
use crate::commands::demo::way::{Ask, EURO_TRANSFER, GUINEA, Payee, Place, SENEGAL, Way};

/// Minor units of the first collection; each is larger than the one before.
const FIRST_AMOUNT: i64 = 20_000;
/// Major units of every payment.
const PAYMENT: &str = "2000";

/// One fault around one request.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub target: &'static Target,
    pub fault: Fault,
    /// How it has to end.
    pub end: End,
    number: i64,
}

/// Every fault around every request that it can happen to.
pub fn all() -> Vec<Trial> {
    let of = |target: &'static Target| {
        fault::ALL.iter().filter_map(move |fault| Some((target, *fault, target.end(*fault)?)))
    };
    let possible = TARGETS.iter().flat_map(of).zip(1..);
    possible.map(|((target, fault, end), number)| Trial { target, fault, end, number }).collect()
}

impl Trial {
    /// Where the rail is that may fail.
    pub fn place(&self) -> Place {
        let place =
            [EURO_TRANSFER, SENEGAL, GUINEA].into_iter().find(|place| place.currency == self.currency());
        place.unwrap_or(SENEGAL).by(self.target.rail)
    }

    /// What its sender has.
    pub fn currency(&self) -> Currency {
        use domain::Rail::{MtnMomo, OrangeWeb, SepaTransfer};
        match self.target.rail {
            SepaTransfer => Currency::EUR,
            OrangeWeb | MtnMomo => Currency::GNF,
            _ => Currency::XOF,
        }
    }

    fn way(&self) -> Way {
        let (place, balance) = (self.place(), self.place().by(domain::Rail::Balance));
        match self.target.is_collection() {
            true => Way { from: place, to: balance },
            false => Way { from: balance, to: place },
        }
    }

    fn minor(&self) -> i64 {
        FIRST_AMOUNT + self.number
    }

    /// What its quote is asked over, with `amount` as text for as long as the question lives.
    pub fn ask<'a>(&self, amount: &'a str) -> Ask<'a> {
        let side = if self.target.is_collection() { "total" } else { "send" };
        Ask { way: self.way(), amount, side }
    }

    /// Major units.
    pub fn amount(&self) -> String {
        match self.target.is_collection() {
            true => Money::new(self.minor(), self.currency()).major(),
            false => PAYMENT.to_owned(),
        }
    }

    /// The user `owner` for what fills a balance; else a number of its own, of Orange in Senegal and of MTN in Guinea.
    pub fn payee(&self, owner: &str) -> Payee {
        let to = match (self.target.is_collection(), self.currency()) {
            (true, _) => owner.to_owned(),
            (false, Currency::GNF) => format!("+224{}", self.digits()),
            (false, _) => format!("+221{}", self.digits()),
        };
        Payee { name: "Fatou Barry", to }
    }

    /// The payee's number without its country.
    fn digits(&self) -> String {
        let operator = if self.currency() == Currency::GNF { 66 } else { 78 };
        format!("{operator}001{:04}", self.number)
    }

    /// The fault as the simulator is told, where it meets the request; one of callbacks is set once its reference is known.
    pub fn request_fault(&self) -> Option<Value> {
        let reference = match self.target.is_collection() {
            true => self.target.amount_in_body(self.minor(), self.currency()),
            false => self.digits(),
        };
        let mut setting = self.fault.setting();
        setting["match"] = json!({ "method": "POST", "path": self.target.path, "reference": reference });
        (!self.fault.is_of_callbacks()).then_some(setting)
    }

    /// The fault of what the simulator tells about this collection, once it was paid; a forgery is nobody's fault.
    pub fn callback_fault(&self, collection: &str) -> Option<Value> {
        use domain::Rail::{OrangeSonatel, OrangeWeb};
        let reference: Option<Reference> = collection.parse().ok();
        let known_as = match self.target.rail {
            OrangeSonatel | OrangeWeb => reference.map(|reference| reference.base32()),
            _ => reference.map(|reference| reference.to_string()),
        };
        let mut setting = self.fault.setting();
        setting["match"] = json!({ "reference": known_as });
        let is_told = self.fault.is_of_callbacks() && self.fault != Fault::CallbackForged;
        is_told.then_some(setting)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_fault_meets_another_trial_s_request() {
        let trials = all();
        let faults: Vec<String> =
            trials.iter().filter_map(Trial::request_fault).map(|it| it["match"].to_string()).collect();
        let different: BTreeSet<&String> = faults.iter().collect();
        assert_eq!(different.len(), faults.len());
        for trial in &trials {
            assert!(trial.number < 9_000, "the number's end would choose how its payee behaves");
        }
    }
}
