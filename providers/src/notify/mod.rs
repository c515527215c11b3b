//! Telling people who watch the gateway: a signed webhook, and mail.
//!
//! What is told may arrive twice, when an answer is lost: a message keeps its id however often it is sent, so that
//! whoever receives it can tell.
//!
//! Deliberately absent: what is worth telling, in which words, and retries; those belong to the caller.

mod mail;
mod webhook;

pub use lettre::message::Mailbox;
pub use mail::{MailSender, MailSettings, MailSettingsError, Security, mailbox};
pub use webhook::{SecretError, WebhookSecret, WebhookSender};

/// Why a message was not accepted. What it says of the other side is status or class of failure, never content.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotifyError {
    /// It did not arrive, or nobody knows. Send the same again later.
    #[error("not delivered: {reason}")]
    NotDelivered { reason: String },
    /// The other side refuses it; somebody has to change a setting there or here.
    #[error("refused: {reason}")]
    Refused { reason: String },
}
