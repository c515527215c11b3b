//! Callbacks: what a provider tells us unasked.
//!
//! A callback changes something only where a signature covers its very bytes. Everything else is a
//! hint to ask now rather than later, and carries no outcome.

use domain::{Money, Reference};

use crate::{Outcome, ProviderRef};

/// How far a callback may be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// A fresh signature over these bytes matched. Amount, currency and reference still have to match ours.
    Proven,
    /// The sender is known, the bytes are not protected: ask the provider.
    Hint,
}

impl Trust {
    /// `proven` or `hint`, as stored beside the bytes.
    pub fn as_str(self) -> &'static str {
        match self {
            Trust::Proven => "proven",
            Trust::Hint => "hint",
        }
    }
}

/// A callback that may be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// Unique per provider: its event id, or `sha256:…` of the body when that has none. At most 128 characters.
    pub event_key: String,
    pub trust: Trust,
}

/// The callback does not come from the provider, or comes too late to be believed. Store nothing, answer 401.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("callback is not authentic: {reason}")]
pub struct Unauthentic {
    /// One of a few fixed texts; safe to count and to log.
    pub reason: &'static str,
}

/// The callback is authentic, but we do not understand it. Keep it for a person.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("callback is not readable: {reason}")]
pub struct Unreadable {
    pub reason: String,
}

/// A callback in the house's words.
#[derive(Clone, PartialEq, Debug)]
pub struct Callback {
    pub event_id: String,
    /// The provider's word for the event, such as `checkout.session.completed`.
    pub kind: String,
    /// Our reference, where the provider repeats the one that we gave.
    pub reference: Option<Reference>,
    pub provider_ref: Option<ProviderRef>,
    /// What it proves. `None`: nothing to apply, or only a hint; inquire if the movement is known.
    pub outcome: Option<Outcome>,
    pub trust: Trust,
    /// The amount that it names, to be compared with ours.
    pub amount: Option<Money>,
    /// What it says about something else than a movement. Always `None` in a hint.
    pub news: Option<News>,
}

/// News that concern no movement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// The consent to debit ended: no further debit under it.
    MandateEnded { mandate: ProviderRef },
    /// The customer sent money that no collection took: `amount` is all of it that lay there when the event was
    /// made. It is not booked anywhere, and the customer's next collection by transfer may take it at once.
    UnappliedFunds { customer: ProviderRef, amount: Money },
}
