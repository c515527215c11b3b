//! Mail through an SMTP server, by `lettre`: plain text to one address at a time, so that one which is refused takes
//! nothing from the others.
//!
//! A server that was to speak TLS and does not gets nothing, neither message nor password. One connection per
//! message: alerts are rare.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::NotifyError;

/// How the connection to the server is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// TLS from the first byte, usually port 465.
    Tls,
    /// Plain until `STARTTLS`, which has to succeed; usually port 587.
    StartTls,
    /// No protection: for a server on this machine.
    None,
}

/// Where mail goes and how.
#[derive(Clone, Debug)]
pub struct MailSettings {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub credentials: Option<(String, SecretString)>,
    /// PEM of an authority to trust beside the machine's own.
    pub authority: Option<Vec<u8>>,
    pub from: Mailbox,
    /// For each step of the conversation.
    pub deadline: Duration,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("mail cannot be set up")]
pub struct MailSettingsError(#[from] lettre::transport::smtp::Error);

/// Reads an address as people write it: `Name <user@host>` or `user@host`.
///
/// Errors: what is wrong with it, in words.
pub fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|error: lettre::address::AddressError| format!("is no mail address ({error})"))
}

/// Sends mail.
#[derive(Clone, Debug)]
pub struct MailSender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl MailSender {
    /// Errors: the authority is no certificate, or the machine has no roots.
    pub fn new(settings: MailSettings) -> Result<MailSender, MailSettingsError> {
        let tls = match settings.security {
            Security::None => Tls::None,
            Security::StartTls => Tls::Required(tls(&settings)?),
            Security::Tls => Tls::Wrapper(tls(&settings)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.deadline));
        if let Some((user, password)) = &settings.credentials {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(MailSender { transport: builder.build(), from: settings.from })
    }

    /// Sends one message to one address. `id` becomes its `Message-ID`, so that a copy is recognised.
    pub async fn send(&self, id: &str, to: Mailbox, subject: &str, text: String) -> Result<(), NotifyError> {
        let message = self
            .message(id, to, subject, text)
            .map_err(|error| NotifyError::Refused { reason: error.to_string() })?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(NotifyError::Refused { reason: described(&error) }),
            Err(error) => Err(NotifyError::NotDelivered { reason: described(&error) }),
        }
    }

    fn message(
        &self,
        id: &str,
        to: Mailbox,
        subject: &str,
        text: String,
    ) -> Result<Message, lettre::error::Error> {
        let domain = self.from.email.domain();
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .message_id(Some(format!("<{id}@{domain}>")))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .raw_header(automatic)
            .body(text)
    }
}

fn tls(settings: &MailSettings) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.authority {
        builder = builder.add_root_certificate(Certificate::from_pem(pem)?);
    }
    builder.build_rustls()
}

/// The server's status without its words, which may repeat an address; else what failed, with its causes.
fn described(error: &lettre::transport::smtp::Error) -> String {
    if let Some(status) = error.status() {
        return format!("smtp status {status}");
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text.chars().take(300).collect()
}
