//! What goes wrong at a provider, around which request, and how it has to end.
//!
//! Everything that the simulators can do to one request or one callback is here once. How it ends follows from what is
//! known of the rail: whether what was lost can be found, whether it may be sent again.

use domain::{Currency, MovementKind, Rail};
use serde_json::{Value, json};

/// One thing that goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    ResetBefore,
    TimeoutBefore,
    ErrorBefore,
    /// Turned away for haste.
    TooMany,
    LoseReply,
    ResetAfter,
    TimeoutAfter,
    ErrorAfter,
    Html,
    Redirect,
    TruncatedJson,
    Empty,
    UnknownStatus,
    UnknownField,
    MissingFields,
    Slow,
    /// What was taken cannot be found for a while.
    Lag,
    CallbackLost,
    CallbackLate,
    CallbackReordered,
    CallbackTwice,
    CallbackUnknownField,
    CallbackUnknownType,
    /// A second callback says the opposite.
    CallbackContradicted,
    /// Before anybody paid.
    CallbackForged,
}

use Fault::*;

pub const ALL: [Fault; 25] = [
    ResetBefore,
    TimeoutBefore,
    ErrorBefore,
    TooMany,
    LoseReply,
    ResetAfter,
    TimeoutAfter,
    ErrorAfter,
    Html,
    Redirect,
    TruncatedJson,
    Empty,
    UnknownStatus,
    UnknownField,
    MissingFields,
    Slow,
    Lag,
    CallbackLost,
    CallbackLate,
    CallbackReordered,
    CallbackTwice,
    CallbackUnknownField,
    CallbackUnknownType,
    CallbackContradicted,
    CallbackForged,
];

/// How it ended. In all of these money moved as often as it should, which is once, or never where it was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As if nothing had been.
    Done,
    /// Nobody knew, somebody asked, it was there.
    Found,
    /// It was not there, and went again under its name.
    SentAgain,
    /// It was lost, and another one was made in its place.
    Replaced,
    /// Nobody could know: two people looked, it was not there, the sender has the money back.
    GivenBack,
}

/// A request that moves money.
#[derive(Debug)]
pub struct Target {
    pub rail: Rail,
    /// A collection or a disbursement.
    pub kind: MovementKind,
    /// A part of its path.
    pub path: &'static str,
    /// What its answer says.
    says: Says,
    /// How it ends when it was taken and no answer that can be read tells so.
    lost: End,
    /// … and when it never arrived.
    never_there: End,
}

/// What a good answer has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Nothing but its status code.
    Nothing,
    /// No word for how the movement stands.
    Fields,
    /// Such a word too.
    Status,
}

const fn target(rail: Rail, kind: MovementKind, path: &'static str, says: Says) -> Target {
    Target { rail, kind, path, says, lost: End::Found, never_there: End::SentAgain }
}

/// Every request by which money moves for a customer.
pub static TARGETS: [Target; 8] = {
    use MovementKind::{Collection, Disbursement};
    [
        Target {
            never_there: End::Replaced,
            ..target(Rail::Wave, Collection, "/checkout/sessions", Says::Status)
        },
        target(Rail::Wave, Disbursement, "/payout", Says::Status),
        Target {
            never_there: End::Replaced,
            ..target(Rail::SepaTransfer, Collection, "/payment_intents", Says::Status)
        },
        // Only the answer names the page, so that nobody can ask for one that was lost.
        Target {
            lost: End::Replaced,
            never_there: End::Replaced,
            ..target(Rail::OrangeWeb, Collection, "/webpayment", Says::Fields)
        },
        // A code that nobody paid is not there for anybody.
        Target {
            lost: End::Replaced,
            never_there: End::Replaced,
            ..target(Rail::OrangeSonatel, Collection, "/qrcode", Says::Fields)
        },
        // The same cash-in twice may pay twice.
        Target {
            never_there: End::GivenBack,
            ..target(Rail::OrangeSonatel, Disbursement, "/cashins", Says::Status)
        },
        target(Rail::MtnMomo, Collection, "/requesttopay", Says::Nothing),
        target(Rail::MtnMomo, Disbursement, "/transfer", Says::Nothing),
    ]
};

impl Fault {
    /// Its name at the simulators and in the report; haste is an error there.
    pub fn word(self) -> &'static str {
        match self {
            ResetBefore => "reset_before",
            TimeoutBefore => "timeout_before",
            ErrorBefore => "error_before",
            TooMany => "too_many_requests",
            LoseReply => "lose_reply",
            ResetAfter => "reset_after",
            TimeoutAfter => "timeout_after",
            ErrorAfter => "error_after_success",
            Html => "html",
            Redirect => "redirect",
            TruncatedJson => "truncated_json",
            Empty => "empty_200",
            UnknownStatus => "unknown_status",
            UnknownField => "unknown_field",
            MissingFields => "missing_fields",
            Slow => "slow",
            Lag => "lag",
            CallbackLost => "callback_lost",
            CallbackLate => "callback_late",
            CallbackReordered => "callback_reorder",
            CallbackTwice => "callback_duplicate",
            CallbackUnknownField => "callback_unknown_field",
            CallbackUnknownType => "callback_unknown_type",
            CallbackContradicted => "callback_contradictory",
            CallbackForged => "callback_forged",
        }
    }

    /// As the simulators are told, but for what it meets.
    pub fn setting(self) -> Value {
        match self {
            TooMany => json!({ "fault": "error_before", "status": 429 }),
            TimeoutBefore | TimeoutAfter => json!({ "fault": self.word(), "delay_ms": 200 }),
            Slow => json!({ "fault": self.word(), "delay_ms": 400 }),
            _ => json!({ "fault": self.word() }),
        }
    }

    /// Whether it meets what the provider tells by itself.
    pub fn is_of_callbacks(self) -> bool {
        self.word().starts_with("callback_")
    }
}

impl End {
    /// In the report's table.
    pub fn word(self) -> &'static str {
        match self {
            End::Done => "done",
            End::Found => "found",
            End::SentAgain => "sent again",
            End::Replaced => "replaced",
            End::GivenBack => "given back",
        }
    }
}

impl Target {
    /// How `fault` has to end here; none where it cannot happen.
    pub fn end(&self, fault: Fault) -> Option<End> {
        let is_mtn = self.rail == Rail::MtnMomo;
        match fault {
            ResetBefore | TimeoutBefore | ErrorBefore => Some(self.never_there),
            LoseReply | ResetAfter | TimeoutAfter | ErrorAfter | Html | Redirect => Some(self.lost),
            TruncatedJson | Empty => (self.says != Says::Nothing).then_some(self.lost),
            UnknownStatus => (self.says == Says::Status).then_some(self.lost),
            UnknownField => (self.says != Says::Nothing).then_some(End::Done),
            // Wave's answer does not say then whose it is.
            MissingFields if self.rail == Rail::Wave => Some(self.lost),
            MissingFields => {
                (self.says != Says::Nothing && self.rail != Rail::OrangeWeb).then_some(End::Done)
            }
            TooMany | Slow => Some(End::Done),
            // Nobody asks about a collection before its payer has had time to approve it.
            Lag => is_mtn.then_some(if self.is_collection() { End::Done } else { self.lost }),
            CallbackContradicted => (is_mtn && self.is_collection()).then_some(End::Done),
            CallbackLost | CallbackLate | CallbackReordered | CallbackTwice | CallbackUnknownField
            | CallbackUnknownType | CallbackForged => self.is_collection().then_some(End::Done),
        }
    }

    pub fn is_collection(&self) -> bool {
        self.kind == MovementKind::Collection
    }

    /// What the request of this amount has in its body, and no other request.
    pub fn amount_in_body(&self, minor: i64, currency: Currency) -> String {
        match self.rail {
            Rail::SepaTransfer => format!("amount={minor}"),
            Rail::OrangeWeb => format!("\"amount\":{minor}"),
            Rail::OrangeSonatel => format!("\"value\":{minor}"),
            _ => format!("\"amount\":\"{}\"", domain::Money::new(minor, currency).major()),
        }
    }

    /// Above the table's column.
    pub fn title(&self) -> String {
        let does = if self.is_collection() { "collects" } else { "pays" };
        format!("{} {does}", self.rail.as_str().replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_that_a_simulator_can_set_is_played_somewhere() {
        for fault in ALL {
            let setting = serde_json::from_value::<sandbox::fault::Setting>(fault.setting());
            assert_eq!(setting.unwrap().fault.is_of_events(), fault.is_of_callbacks(), "{}", fault.word());
            assert!(TARGETS.iter().any(|target| target.end(fault).is_some()), "{}", fault.word());
        }
    }

    #[test]
    fn nothing_that_may_pay_twice_is_sent_again() {
        let of = |rail, kind| TARGETS.iter().find(|target| (target.rail, target.kind) == (rail, kind));
        let cash_in = of(Rail::OrangeSonatel, MovementKind::Disbursement).unwrap();
        assert!(ALL.iter().all(|fault| cash_in.end(*fault) != Some(End::SentAgain)));
        let transfer = of(Rail::MtnMomo, MovementKind::Disbursement).unwrap();
        assert_eq!(transfer.end(TruncatedJson), None, "its answers have no body");
    }
}
