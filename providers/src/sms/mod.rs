//! Text messages to people: one-time codes, and the steps of a transfer that matter to them.
//!
//! No operator known to us takes an idempotency key for messages, so what was lost may arrive all
//! the same, and sent again it may arrive and be billed twice. Texts have to bear that.
//!
//! Deliberately absent: budgets, retries and the choice of words, which belong to the caller.

mod answers;
mod console;
mod orange;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use domain::Msisdn;

pub use console::ConsoleSms;
pub use orange::{OrangeSms, OrangeSmsConfig, OrangeSmsConfigError};

/// What is known of a message that was accepted. Delivery is not known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SmsReceipt {
    /// The operator's id of the message, where it gives one.
    pub id: Option<String>,
}

/// Why a message was not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SmsError {
    /// The message never reached the operator, or was turned away for pace. Send again.
    #[error("sms not sent: {reason}")]
    NotSent { reason: String },
    /// It may have been sent. Send again only if twice does no harm.
    #[error("sms uncertain: {reason}")]
    Uncertain { reason: String },
    /// The operator refused this number or text; the same again will not fare better.
    #[error("sms refused: {code}")]
    Refused { code: String },
    /// Credentials, contract or prepaid bundle are wrong. Page a person.
    #[error("sms misconfigured: {reason}")]
    Misconfigured { reason: String },
}

impl SmsError {
    /// Lower case, as in logs and metric labels.
    pub fn as_str(&self) -> &'static str {
        match self {
            SmsError::NotSent { .. } => "not_sent",
            SmsError::Uncertain { .. } => "uncertain",
            SmsError::Refused { .. } => "refused",
            SmsError::Misconfigured { .. } => "misconfigured",
        }
    }
}

/// Sends one text to one number.
#[async_trait]
pub trait SmsSender: Send + Sync {
    /// `text` goes out as it is; beyond 160 GSM-7 characters operators bill several messages.
    async fn send(&self, to: &Msisdn, text: &str) -> Result<SmsReceipt, SmsError>;
}
