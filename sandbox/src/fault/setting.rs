//! One fault as it is asked for.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{EventFacts, RequestFacts};
use crate::books::words;
use crate::wave::errors::Shape;

words! {
    /// What can go wrong. "Before" is before the effect, "after" is once it is in the books.
    pub enum Kind {
        /// Connection reset before.
        ResetBefore = "reset_before",
        /// No answer for `delay_ms` (60 s), then the connection ends; nothing happened.
        TimeoutBefore = "timeout_before",
        /// An error of `status` (503) before.
        ErrorBefore = "error_before",
        /// An error laid out as `shape` says, of `status` (500), before.
        ErrorShape = "error_shape",
        /// After; the connection ends without an answer.
        LoseReply = "lose_reply",
        /// After; connection reset.
        ResetAfter = "reset_after",
        /// After; no answer for `delay_ms` (60 s), then the connection ends.
        TimeoutAfter = "timeout_after",
        /// A success is answered with an error of `status` (500).
        ErrorAfterSuccess = "error_after_success",
        /// After; the answer takes `delay_ms` (2 s) longer.
        Slow = "slow",
        /// After; a page of HTML with `status` (502).
        Html = "html",
        /// After; half of the JSON.
        TruncatedJson = "truncated_json",
        /// After; a success without its body.
        Empty200 = "empty_200",
        /// After; statuses are a word that no document knows.
        UnknownStatus = "unknown_status",
        /// After; fields that no document knows.
        UnknownField = "unknown_field",
        /// After; the optional fields of statement lines are left out.
        MissingFields = "missing_fields",
        /// After; what was created cannot be found for `delay_seconds` (2); only at MTN.
        Lag = "lag",
        /// After; a redirect to somewhere else.
        Redirect = "redirect",
        /// The event arrives `copies` (1) times more.
        CallbackDuplicate = "callback_duplicate",
        /// The event arrives after the next one, or after a minute.
        CallbackReorder = "callback_reorder",
        /// The event arrives `delay_seconds` (60) late.
        CallbackLate = "callback_late",
        /// The event never arrives.
        CallbackLost = "callback_lost",
        /// A forgery, as `variant` says, arrives beside the event.
        CallbackForged = "callback_forged",
        /// The event arrives once under each of two secrets.
        CallbackTwiceTwoSecrets = "callback_twice_two_secrets",
        /// The event arrives, and another that says the opposite; only at MTN.
        CallbackContradictory = "callback_contradictory",
        /// The event has a field that no document knows.
        CallbackUnknownField = "callback_unknown_field",
        /// The event's type is one that no document knows.
        CallbackUnknownType = "callback_unknown_type",
    }
}

impl Kind {
    /// Whether it concerns events rather than requests.
    pub fn is_of_events(self) -> bool {
        self.as_str().starts_with("callback_")
    }

    fn needs_effect(self) -> bool {
        use Kind::{ErrorAfterSuccess, Lag, LoseReply, ResetAfter, TimeoutAfter};
        matches!(self, LoseReply | ResetAfter | TimeoutAfter | ErrorAfterSuccess | Lag)
    }
}

/// How a forged event gives itself away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgery {
    /// Signed with a secret that the receiver never had.
    #[default]
    Signature,
    /// Ten times the amount under the genuine event's signature.
    Amount,
    /// Ten times the amount, well signed: only the receiver's own books can tell.
    AmountSigned,
    /// The genuine event, signed ten minutes ago.
    Stale,
    /// Not signed at all.
    Unsigned,
}

/// Which requests or events a fault waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Match {
    /// A part of `METHOD /path?query`, of an event's type, or of a reference or id.
    Text(String),
    /// All that is given must fit.
    Parts(Parts),
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The method, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A part of the path, or of an event's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A part of a reference or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The body of `POST /_control/{provider}/faults`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What goes wrong.
    pub fault: Kind,
    /// How often; once when absent, always when only a probability is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How likely at each occasion, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Decides the draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Which occasions; without one, faults about an effect wait for a request that has one.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matching: Option<Match>,
    /// HTTP status of an error or a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Code of an error, in place of the status's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Layout of an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// Real milliseconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Seconds of the simulators' clock to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u32>,
    /// Extra copies of an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<u32>,
    /// How a forgery is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Forgery>,
}

/// Why a fault cannot be set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// Not a probability.
    #[error("probability {0} is not between 0 and 1")]
    Probability(f64),
    /// Not an HTTP status that an answer can have.
    #[error("status {0} is not between 200 and 599")]
    Status(u16),
    /// Not every provider fails in every way.
    #[error("{fault} cannot happen at {provider}")]
    Elsewhere {
        /// The provider asked for.
        provider: String,
        /// The fault asked for.
        fault: &'static str,
    },
    /// Not every provider sends events.
    #[error("{provider} sends no callbacks, so {fault} cannot happen there")]
    NoCallbacks {
        /// The provider asked for.
        provider: String,
        /// The fault asked for.
        fault: &'static str,
    },
}

impl Setting {
    /// Refuses what could never fire as asked.
    pub fn check(&self, provider: &str) -> Result<(), SettingError> {
        if let Some(odds) = self.probability.filter(|odds| !(0.0..=1.0).contains(odds)) {
            return Err(SettingError::Probability(odds));
        }
        if let Some(status) = self.status.filter(|status| !(200..600).contains(status)) {
            return Err(SettingError::Status(status));
        }
        if matches!(self.fault, Kind::Lag | Kind::CallbackContradictory) && provider != "mtn" {
            let (provider, fault) = (provider.to_owned(), self.fault.as_str());
            return Err(SettingError::Elsewhere { provider, fault });
        }
        if self.fault.is_of_events() && provider == "sms" {
            let (provider, fault) = (provider.to_owned(), self.fault.as_str());
            return Err(SettingError::NoCallbacks { provider, fault });
        }
        Ok(())
    }

    /// How often it may fire; `None` is always.
    pub fn times(&self) -> Option<u32> {
        match self.probability {
            Some(_) => self.times,
            None => Some(self.times.unwrap_or(1)),
        }
    }

    /// How late a late event is.
    pub fn callback_delay(&self) -> TimeDelta {
        TimeDelta::seconds(self.delay_seconds.unwrap_or(60).into())
    }

    /// How long a reader lags behind.
    pub fn lag(&self) -> TimeDelta {
        TimeDelta::seconds(self.delay_seconds.unwrap_or(2).into())
    }

    /// Whether it waits for this request.
    pub fn matches_request(&self, facts: &RequestFacts) -> bool {
        match &self.matching {
            _ if self.fault.is_of_events() => false,
            None => facts.has_effect || !self.fault.needs_effect(),
            Some(Match::Text(text)) => facts.line.contains(text) || facts.haystack.contains(text),
            Some(Match::Parts(parts)) => {
                let method = facts.line.split(' ').next().unwrap_or_default();
                let is = |wanted: &String| method.eq_ignore_ascii_case(wanted);
                parts.method.as_ref().is_none_or(is)
                    && parts.path.as_ref().is_none_or(|path| facts.line.contains(path))
                    && parts.reference.as_ref().is_none_or(|name| facts.haystack.contains(name))
            }
        }
    }

    /// Whether it waits for this event.
    pub fn matches_event(&self, facts: &EventFacts) -> bool {
        let has = |name: &String| facts.references.iter().any(|reference| reference.contains(name));
        match &self.matching {
            _ if !self.fault.is_of_events() => false,
            None => true,
            Some(Match::Text(text)) => facts.kind.contains(text) || has(text),
            Some(Match::Parts(parts)) => {
                parts.path.as_ref().is_none_or(|path| facts.kind.contains(path))
                    && parts.reference.as_ref().is_none_or(has)
            }
        }
    }
}
