//! A webhook of ours by the Standard Webhooks scheme: id, time and an HMAC over both and the body.
//!
//! Source: the Standard Webhooks specification 1.0.0 (github.com/standard-webhooks/standard-webhooks): headers
//! `webhook-id`, `webhook-timestamp`, `webhook-signature`; the signed content is `id.timestamp.body`; several secrets
//! give several signatures, apart by a space, so that one can replace the other.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use super::NotifyError;
use crate::{HttpClient, ProviderError, Request};

/// The prefix by which a secret is recognised.
const PREFIX: &str = "whsec_";
/// Of a secret's bytes, as the specification bounds them.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// The text is no secret of the scheme.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("is not whsec_ and 24 to 64 bytes in base64")]
pub struct SecretError;

/// A key that both sides know. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct WebhookSecret(SecretSlice<u8>);

impl WebhookSecret {
    /// Reads `whsec_` and base64.
    pub fn parse(text: &str) -> Result<WebhookSecret, SecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if !LENGTHS.contains(&bytes.len()) {
            return Err(SecretError);
        }
        Ok(WebhookSecret(SecretSlice::from(bytes)))
    }

    /// `v1,` and the signature of one message.
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// Posts messages to one address.
#[derive(Clone, Debug)]
pub struct WebhookSender {
    client: HttpClient,
    url: String,
    secrets: Vec<WebhookSecret>,
    deadline: Duration,
}

impl WebhookSender {
    /// To `url`, signed by each of `secrets`. An answer has to come within `deadline`; a redirect is no answer.
    pub fn new(
        client: HttpClient,
        url: String,
        secrets: Vec<WebhookSecret>,
        deadline: Duration,
    ) -> WebhookSender {
        WebhookSender { client, url, secrets, deadline }
    }

    /// Posts `body`, which is JSON, as the message `id` at `now`. Any 2xx is an acceptance.
    pub async fn send(&self, id: &str, now: DateTime<Utc>, body: Vec<u8>) -> Result<(), NotifyError> {
        let request = self.request(id, now, body).ok_or_else(|| NotifyError::Refused {
            reason: "the message cannot be written as headers".into(),
        })?;
        let response = self.client.send(&request, self.deadline).await.map_err(failed)?;
        let reason = format!("status {}", response.status);
        match response.status {
            200..=299 => Ok(()),
            408 | 429 | 500..=599 => Err(NotifyError::NotDelivered { reason }),
            _ => Err(NotifyError::Refused { reason }),
        }
    }

    fn request(&self, id: &str, now: DateTime<Utc>, body: Vec<u8>) -> Option<Request> {
        let timestamp = now.timestamp();
        let signatures: Option<Vec<String>> =
            self.secrets.iter().map(|secret| secret.sign(id, timestamp, &body)).collect();
        let header = |name: &'static str| HeaderName::from_static(name);
        let request = Request::post(self.url.clone())
            .header(header("webhook-id"), HeaderValue::from_str(id).ok()?)
            .header(header("webhook-timestamp"), HeaderValue::from(timestamp))
            .header(header("webhook-signature"), HeaderValue::from_str(&signatures?.join(" ")).ok()?);
        Some(request.json(body))
    }
}

fn failed(error: ProviderError) -> NotifyError {
    match error {
        ProviderError::Misconfigured { reason } => NotifyError::Refused { reason },
        other => NotifyError::NotDelivered { reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signed by Svix's own library, as its documentation shows.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn a_message_is_signed_as_the_scheme_says() {
        let secret = WebhookSecret::parse(SECRET).unwrap();
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn each_secret_signs() {
        let secrets = [SECRET, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="];
        let secrets = secrets.map(|text| WebhookSecret::parse(text).unwrap());
        let client = HttpClient::new(Duration::from_secs(1)).unwrap();
        let url = "https://ops.example.com/".to_owned();
        let sender = WebhookSender::new(client, url, secrets.to_vec(), Duration::from_secs(1));
        let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let request = sender.request("msg_1", now, b"{}".to_vec()).unwrap();
        let signatures = request.headers["webhook-signature"].to_str().unwrap();
        let each: Vec<String> =
            secrets.iter().filter_map(|s| s.sign("msg_1", 1_614_265_330, b"{}")).collect();
        assert_eq!(signatures, each.join(" "));
        assert!(sender.request("two\nlines", now, vec![]).is_none());
    }

    #[test]
    fn a_secret_has_its_form_and_is_not_shown() {
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_%%%%"] {
            assert!(WebhookSecret::parse(text).is_err(), "{text}");
        }
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        assert!(WebhookSecret::parse(&long).is_err());
        let shown = format!("{:?}", WebhookSecret::parse(SECRET).unwrap());
        assert!(!shown.contains("MfKQ") && !shown.contains("49"), "{shown}");
    }
}
