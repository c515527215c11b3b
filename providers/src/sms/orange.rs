//! Orange SMS for Africa and the Middle East, one prepaid bundle per country.
//!
//! Source: <https://developer.orange.com/apis/sms/getting-started> (version 2.0) and its API
//! reference, read 2026-11; the error envelope after the portal's error-handling page.
//!
//! The token is the one of Orange's payment pages ([`crate::orange::oauth`]), kept as theirs is: minted by
//! one caller while the others wait, renewed before it ends, and minted once more when it is refused.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::Msisdn;
use secrecy::SecretString;
use serde::Serialize;

use super::{SmsError, SmsReceipt, SmsSender, answers};
use crate::http::{Purse, Refused};
use crate::orange::oauth::{self, OAuth, TOKEN};
use crate::{Clock, Grants, HttpClient, ProviderError, Request, Response};

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
    oauth: OAuth,
    client: HttpClient,
    clock: Clock,
    purse: Purse,
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
        let oauth = OAuth::new(&config.base_url, &config.client_id, &config.client_secret)
            .ok_or(OrangeSmsConfigError::Credentials)?;
        Ok(OrangeSms { config, oauth, client, clock, purse: Purse::default() })
    }

    /// A token that is not `refused`. Without one no message can have left, whatever became of asking for it.
    async fn token(&self, refused: Option<Refused<'_>>) -> Result<Grants, SmsError> {
        let by = (&self.client, &self.clock);
        let deadline = Instant::now() + self.config.deadline;
        self.purse.grants(&self.oauth, &[TOKEN], refused, by, deadline).await.map_err(|error| match error {
            ProviderError::Misconfigured { reason } => SmsError::Misconfigured { reason },
            ProviderError::NotSent { reason } => SmsError::NotSent { reason },
            other => SmsError::NotSent { reason: format!("no token: {other}") },
        })
    }

    async fn post(&self, grants: &Grants, body: &[u8]) -> Result<Response, SmsError> {
        let sender = self.config.sender.trim_start_matches('+');
        let url = format!("{}/smsmessaging/v1/outbound/tel%3A%2B{sender}/requests", self.config.base_url);
        let request = oauth::authorised(Request::post(url), grants, TOKEN).json(body.to_vec());
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
        let grants = self.token(None).await?;
        let mut response = self.post(&grants, &body).await?;
        if oauth::is_refused(&response) {
            let fresh = self.token(Some(Refused { need: TOKEN, grants: &grants })).await?;
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
