//! Consent of a wallet's holder to be known: asked for, given on the phone, and then shown.
//!
//! The flow of MTN's SDKs: `bc-authorize`, then `oauth2/token/` again and again, then `userinfo`.
//! *Chosen*: errors are those of CIBA; a request serves once and lasts an hour; in the sandbox
//! everybody agrees at once, but for `…450` (not found), `…451` (rejected), `…452` (pending) and
//! `…453` (expired); in a market people are asked. Deliberately absent: refreshing a token, the
//! callback of a consent, and the other test numbers.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

use super::call::{Call, text};
use super::config::Product;
use super::errors::{MtnError, shown};
use super::portal::Environment;
use super::{holder, no_such_path, script, token};
use crate::app::{Desk, Shared};
use crate::books::{instant, words};
use crate::clock::{Instant, micros};
use crate::ids;
use crate::wave::errors::Reply;

const GRANT: &str = "urn:openid:params:grant-type:ciba";
const LIFETIME: TimeDelta = TimeDelta::hours(1);
const INTERVAL_S: u32 = 5;

words! {
    /// Where a request for consent stands.
    pub enum Answer {
        /// Nobody has answered.
        Pending = "pending",
        /// The holder agrees.
        Given = "given",
        /// The holder refuses.
        Rejected = "rejected",
        /// It was exchanged for a token.
        Used = "used",
    }
}

/// A request for consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// `auth_req_id`.
    pub id: String,
    /// Who asked.
    pub user: String,
    /// Who is asked.
    pub msisdn: String,
    /// What is asked for, as `profile`.
    pub scope: String,
    /// Whether the asker wants to look again later.
    pub is_offline: bool,
    /// Where it stands.
    pub answer: Answer,
    /// Until when it serves.
    pub expires_at: Instant,
}

/// `POST /{product}/v1_0/bc-authorize`, a form.
pub async fn ask(call: Call) -> Result<Reply, MtnError> {
    let hint = field(&call.body, "login_hint").ok_or_else(MtnError::bad_request)?;
    let msisdn = hint.strip_prefix("ID:").and_then(|hint| hint.strip_suffix("/MSISDN"));
    let msisdn = msisdn.ok_or_else(MtnError::bad_request)?.to_owned();
    let scope = field(&call.body, "scope").ok_or_else(MtnError::bad_request)?;
    let is_offline = match field(&call.body, "access_type").as_deref() {
        Some("offline") => true,
        Some("online") => false,
        _ => return Err(MtnError::bad_request()),
    };
    call.at_desk(|desk| {
        let environment = call.environment(desk)?;
        let (answer, lasts) = course(desk, &environment, &msisdn)?;
        let consent = Consent {
            id: uuid::Uuid::new_v4().to_string(),
            user: call.user.user.clone(),
            msisdn,
            scope,
            is_offline,
            answer,
            expires_at: desk.now + lasts,
        };
        put(desk.tx, &consent)?;
        let body = json!({
            "auth_req_id": consent.id,
            "expires_in": LIFETIME.num_seconds(),
            "interval": INTERVAL_S,
        });
        Ok(shown(&body))
    })
}

/// What comes of a request when nobody interferes.
fn course(desk: &Desk<'_>, environment: &Environment, msisdn: &str) -> Result<(Answer, TimeDelta), MtnError> {
    if !environment.portal.is_sandbox() {
        let is_known = holder::is_number_active(desk, environment, msisdn)?;
        return is_known.then_some((Answer::Pending, LIFETIME)).ok_or_else(MtnError::not_found);
    }
    match script::test_value(msisdn) {
        Some(0) => Err(MtnError::not_found()),
        Some(1) => Ok((Answer::Rejected, LIFETIME)),
        Some(2) => Ok((Answer::Pending, LIFETIME)),
        Some(3) => Ok((Answer::Pending, TimeDelta::zero())),
        _ => Ok((Answer::Given, LIFETIME)),
    }
}

/// `POST /{product}/oauth2/token/`, a form with Basic credentials.
pub async fn exchange(
    State(app): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Reply, MtnError> {
    let product = Product::of_path(uri.path()).ok_or_else(|| no_such_path(&uri))?;
    app.at_desk(|desk| {
        let user = token::basic(desk, &headers, product)?;
        if text(&headers, "x-target-environment").as_ref() != Some(&user.environment) {
            return Err(MtnError::logical("NOT_ALLOWED_TARGET_ENVIRONMENT"));
        }
        if field(&body, "grant_type").as_deref() != Some(GRANT) {
            return Err(MtnError::consent("unsupported_grant_type"));
        }
        let id = field(&body, "auth_req_id").unwrap_or_default();
        let consent = find(desk.tx, &id)?.filter(|consent| consent.id == id && consent.user == user.user);
        let mut consent = consent.ok_or_else(|| MtnError::consent("invalid_grant"))?;
        match consent.answer {
            Answer::Used => return Err(MtnError::consent("invalid_grant")),
            Answer::Rejected => return Err(MtnError::consent("access_denied")),
            _ if consent.expires_at <= desk.now => return Err(MtnError::consent("expired_token")),
            Answer::Pending => return Err(MtnError::consent("authorization_pending")),
            Answer::Given => consent.answer = Answer::Used,
        }
        put(desk.tx, &consent)?;
        let access_token = token::issue(desk, product, &user.user, Some(&consent.id))?;
        let mut body = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": desk.app.config.mtn.token_lifetime.as_secs(),
            "scope": consent.scope,
        });
        if consent.is_offline {
            body["refresh_token"] = json!(ids::lower("", 32));
        }
        Ok(shown(&body))
    })
}

/// `GET /{product}/oauth2/v1_0/userinfo`, with the token of a consent.
pub async fn user_info(call: Call) -> Result<Reply, MtnError> {
    call.at_desk(|desk| {
        let consent = find(desk.tx, call.consent.as_deref().unwrap_or_default())?;
        let consent = consent.ok_or_else(MtnError::unauthorized)?;
        let mut info = holder::info(desk, &consent.msisdn)?;
        info["sub"] = json!(consent.id);
        info["phone_number"] = json!(consent.msisdn);
        Ok(shown(&info))
    })
}

/// The holder answers; one who has answered is not asked again.
pub fn answer(tx: &Transaction<'_>, id: &str, answer: Answer) -> rusqlite::Result<Option<Consent>> {
    let Some(mut consent) = find(tx, id)?.filter(|consent| consent.answer == Answer::Pending) else {
        return Ok(None);
    };
    consent.answer = answer;
    put(tx, &consent)?;
    Ok(Some(consent))
}

fn put(tx: &Transaction<'_>, consent: &Consent) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO mtn_consents (id, user_id, msisdn, scope, is_offline, answer, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            consent.id,
            consent.user,
            consent.msisdn,
            consent.scope,
            consent.is_offline,
            consent.answer,
            micros(consent.expires_at),
        ],
    )?;
    Ok(())
}

/// By `auth_req_id`, or by the number of whoever is asked, the newest.
pub fn find(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<Consent>> {
    tx.prepare_cached("SELECT * FROM mtn_consents WHERE id = ?1 OR msisdn = ?1 ORDER BY rowid DESC LIMIT 1")?
        .query_row([name], from_row)
        .optional()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Consent> {
    Ok(Consent {
        id: row.get("id")?,
        user: row.get("user_id")?,
        msisdn: row.get("msisdn")?,
        scope: row.get("scope")?,
        is_offline: row.get("is_offline")?,
        answer: row.get("answer")?,
        expires_at: instant(row, "expires_at")?,
    })
}

/// A field of a form.
fn field(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let url = reqwest::Url::parse(&format!("http://form/?{text}")).ok()?;
    let value = url.query_pairs().find(|(key, _)| key == name)?.1.into_owned();
    Some(value)
}
