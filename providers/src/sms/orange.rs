//! Orange SMS for Africa and the Middle East, one prepaid bundle per country.
//!
//! Source: <https://developer.orange.com/apis/sms/getting-started> (version 2.0) and its API
//! reference, read 2026-11; the error envelope after the portal's error-handling page.
//!
//! A token lives for an hour, is minted by one caller while the others wait, renewed before it
//! expires, and minted once more when the operator refuses it. `Accept: application/json` is sent
//! with every call, without which Orange answers 406.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::Msisdn;
use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::sync::Mutex;

use super::{SmsError, SmsReceipt, SmsSender, answers};
use crate::{Clock, HttpClient, ProviderError, Request, Response};

/// A token is renewed this long before its end, or a tenth of its life if that is shorter.
const RENEW_EARLY: Duration = Duration::from_secs(60);

/// One application at Orange's portal.
#[derive(Clone, Debug)]
pub struct OrangeSmsConfig {
    /// `https://api.orange.com`, or where a simulator listens; a path prefix is kept.
    pub base_url: String,
    pub client_id: String,
    pub client_secret: SecretString,
    /// The country's sender number as Orange publishes it, `+2210000`; not a number of ours.
    pub sender: String,
    /// A name that Orange's local team has approved.
    pub sender_name: Option<String>,
    /// For each call, from the connection to the last byte.
    pub deadline: Duration,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OrangeSmsConfigError {
    #[error("base url is not an absolute http or https url without query")]
    BaseUrl,
    #[error("client id or secret is empty")]
    Credentials,
    #[error("sender is not a + and 4 to 15 digits")]
    Sender,
}

/// Sends by Orange.
pub struct OrangeSms {
    config: OrangeSmsConfig,
    basic: HeaderValue,
    client: HttpClient,
    clock: Clock,
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    bearer: HeaderValue,
    renew_at: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outbound<'a> {
    #[serde(rename = "outboundSMSMessageRequest")]
    message: Message<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    address: String,
    sender_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_name: Option<&'a str>,
    #[serde(rename = "outboundSMSTextMessage")]
    text: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    message: &'a str,
}

impl OrangeSms {
    /// Errors: a base URL, credential or sender number that cannot be used.
    pub fn new(
        mut config: OrangeSmsConfig,
        client: HttpClient,
        clock: Clock,
    ) -> Result<OrangeSms, OrangeSmsConfigError> {
        let base_url = crate::http::base_url(&config.base_url).ok_or(OrangeSmsConfigError::BaseUrl)?;
        config.base_url = base_url;
        check_sender(&config.sender)?;
        let basic = basic(&config)?;
        Ok(OrangeSms { config, basic, client, clock, token: Mutex::new(None) })
    }

    /// A token that is not `refused`: the kept one, or a new one. Whoever mints holds the lock, so
    /// a hundred senders mint one token.
    async fn token(&self, refused: Option<&HeaderValue>) -> Result<HeaderValue, SmsError> {
        let mut kept = self.token.lock().await;
        let now = (self.clock)();
        if let Some(token) =
            kept.as_ref().filter(|token| token.renew_at > now && Some(&token.bearer) != refused)
        {
            return Ok(token.bearer.clone());
        }
        *kept = None;
        let (bearer, lifetime) = self.mint().await?;
        if let Some(lifetime) = lifetime {
            let early = RENEW_EARLY.min(lifetime / 10);
            *kept = Some(Token { bearer: bearer.clone(), renew_at: now + (lifetime - early) });
        }
        Ok(bearer)
    }

    async fn mint(&self) -> Result<(HeaderValue, Option<Duration>), SmsError> {
        let mut request = Request::post(format!("{}/oauth/v3/token", self.config.base_url))
            .header(header::AUTHORIZATION, self.basic.clone())
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        request.body = b"grant_type=client_credentials".to_vec();
        // Without a token no message can have left, whatever became of this call.
        let response =
            self.client.send(&request, self.config.deadline).await.map_err(|error| match error {
                ProviderError::Misconfigured { reason } => SmsError::Misconfigured { reason },
                other => SmsError::NotSent { reason: format!("no token: {other}") },
            })?;
        answers::minted(&response)
    }

    async fn post(&self, bearer: &HeaderValue, body: &[u8]) -> Result<Response, SmsError> {
        let sender = self.config.sender.trim_start_matches('+');
        let url = format!("{}/smsmessaging/v1/outbound/tel%3A%2B{sender}/requests", self.config.base_url);
        let request = Request::post(url)
            .header(header::AUTHORIZATION, bearer.clone())
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .json(body.to_vec());
        self.client.send(&request, self.config.deadline).await.map_err(|error| match error {
            ProviderError::NotSent { reason } => SmsError::NotSent { reason },
            ProviderError::Misconfigured { reason } => SmsError::Misconfigured { reason },
            other => SmsError::Uncertain { reason: other.to_string() },
        })
    }

    fn body(&self, to: &Msisdn, text: &str) -> Result<Vec<u8>, SmsError> {
        let outbound = Outbound {
            message: Message {
                address: format!("tel:{}", to.as_str()),
                sender_address: format!("tel:{}", self.config.sender),
                sender_name: self.config.sender_name.as_deref(),
                text: Text { message: text },
            },
        };
        serde_json::to_vec(&outbound).map_err(|error| SmsError::Misconfigured { reason: error.to_string() })
    }

    async fn deliver(&self, to: &Msisdn, text: &str) -> Result<SmsReceipt, SmsError> {
        let body = self.body(to, text)?;
        let bearer = self.token(None).await?;
        let mut response = self.post(&bearer, &body).await?;
        if response.status == 401 {
            let fresh = self.token(Some(&bearer)).await?;
            response = self.post(&fresh, &body).await?;
        }
        answers::accepted(&response)
    }
}

#[async_trait]
impl SmsSender for OrangeSms {
    async fn send(&self, to: &Msisdn, text: &str) -> Result<SmsReceipt, SmsError> {
        let started = Instant::now();
        let answer = self.deliver(to, text).await;
        record(to, started.elapsed(), &answer);
        answer
    }
}

/// One line and one measurement per message; never the text.
fn record(to: &Msisdn, took: Duration, answer: &Result<SmsReceipt, SmsError>) {
    let outcome = answer.as_ref().map_or_else(SmsError::as_str, |_| "accepted");
    metrics::histogram!(
        "provider_call_duration_seconds",
        "provider" => "orange_sms",
        "operation" => "send",
        "outcome" => outcome,
    )
    .record(took.as_secs_f64());
    tracing::info!(
        call.provider = "orange_sms",
        call.operation = "send",
        call.outcome = outcome,
        call.duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        call.msisdn = to.masked(),
        call.error = answer.as_ref().err().map(ToString::to_string),
        "provider call"
    );
}

fn check_sender(sender: &str) -> Result<(), OrangeSmsConfigError> {
    let digits = sender.strip_prefix('+').ok_or(OrangeSmsConfigError::Sender)?;
    match (4..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(()),
        false => Err(OrangeSmsConfigError::Sender),
    }
}

fn basic(config: &OrangeSmsConfig) -> Result<HeaderValue, OrangeSmsConfigError> {
    let secret = config.client_secret.expose_secret();
    if config.client_id.is_empty() || secret.is_empty() {
        return Err(OrangeSmsConfigError::Credentials);
    }
    sensitive(format!("Basic {}", STANDARD.encode(format!("{}:{secret}", config.client_id))))
        .ok_or(OrangeSmsConfigError::Credentials)
}

pub(super) fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
