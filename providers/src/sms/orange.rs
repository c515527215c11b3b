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
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{SmsError, SmsReceipt, SmsSender};
use crate::{Clock, HttpClient, ProviderError, Request, Response};

/// A token is renewed this long before its end, or a tenth of its life if that is shorter.
const RENEW_EARLY: Duration = Duration::from_secs(60);

/// The number or the text is at fault: input, address, length.
const REFUSALS: &[&str] = &["SVC0002", "SVC0003", "SVC0004", "SVC0280"];

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

#[derive(Deserialize)]
struct Minted {
    access_token: String,
    /// Seconds, as a string or a number; without it the token is used once.
    expires_in: Option<Value>,
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
        minted(&response)
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
        accepted(&response)
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

fn minted(response: &Response) -> Result<(HeaderValue, Option<Duration>), SmsError> {
    let not_sent = |reason: &str| SmsError::NotSent { reason: format!("no token: {reason}") };
    match response.status {
        200 | 201 => {}
        400 | 401 | 403 | 404 | 406 => return Err(misconfigured(response, "token")),
        status => return Err(not_sent(&format!("status {status}"))),
    }
    let minted: Minted = response.json().map_err(|_| not_sent("unreadable answer"))?;
    let bearer =
        sensitive(format!("Bearer {}", minted.access_token)).ok_or_else(|| not_sent("unusable token"))?;
    Ok((bearer, minted.expires_in.as_ref().and_then(lifetime)))
}

fn lifetime(expires_in: &Value) -> Option<Duration> {
    let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.parse().ok())?;
    // Longer than any token of Orange ever lived is kept no longer than that: 90 days.
    Some(Duration::from_secs(seconds.min(90 * 24 * 3600)))
}

/// 201 with a `resourceURL` is the documented success.
fn accepted(response: &Response) -> Result<SmsReceipt, SmsError> {
    match response.status {
        201 => receipt(response),
        401 | 403 | 404 | 406 => Err(misconfigured(response, "send")),
        429 => Err(SmsError::NotSent { reason: "too many requests".to_owned() }),
        400 => Err(refused(response)),
        status => Err(SmsError::Uncertain { reason: format!("status {status}") }),
    }
}

fn receipt(response: &Response) -> Result<SmsReceipt, SmsError> {
    let body: Value = response.json().map_err(|error| SmsError::Uncertain { reason: error.to_string() })?;
    let url = body.pointer("/outboundSMSMessageRequest/resourceURL").and_then(Value::as_str);
    let id = url.and_then(|url| url.rsplit('/').next()).filter(|id| !id.is_empty());
    match id {
        Some(id) => Ok(SmsReceipt { id: Some(id.chars().take(64).collect()) }),
        None => Err(SmsError::Uncertain { reason: "status 201 without a message id".to_owned() }),
    }
}

fn refused(response: &Response) -> SmsError {
    let code = code(response);
    match REFUSALS.contains(&code.as_str()) {
        true => SmsError::Refused { code },
        false => SmsError::Uncertain { reason: format!("status 400 with code {code:?}") },
    }
}

/// Credentials (codes 40 to 42), subscription, an empty bundle (`POL…`), or a wrong country path (60).
fn misconfigured(response: &Response, step: &str) -> SmsError {
    SmsError::Misconfigured {
        reason: format!("{step}: status {} with code {:?}", response.status, code(response)),
    }
}

/// The code of any of the envelopes in use: `requestError`, the portal's integer, OAuth's `error`. May be empty.
fn code(response: &Response) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else { return String::new() };
    let code = body
        .pointer("/requestError/serviceException/messageId")
        .or_else(|| body.pointer("/requestError/policyException/messageId"))
        .or_else(|| body.get("code"))
        .or_else(|| body.get("error"));
    let text =
        code.map_or_else(String::new, |code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
    text.chars().filter(char::is_ascii_graphic).take(48).collect()
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

fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
