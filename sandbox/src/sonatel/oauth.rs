//! `POST /oauth/v1/token`: credentials in the body, tokens of 299 seconds.
//!
//! An unknown client is `invalid_client`. A known one without the approval `oauth`, or with a
//! wrong secret (*chosen*, as the identity server does whose answers Sonatel's resemble), is
//! `unauthorized_client`. The path takes sixty calls a minute, by the simulators' clock, and then
//! answers 429. The refresh token can be used for nothing: what it is for is not documented.

use std::collections::HashMap;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use chrono::TimeDelta;
use rusqlite::{OptionalExtension, params};
use serde_json::json;
use subtle::ConstantTimeEq;

use super::config::Approval;
use super::errors::{Reply, SonatelError};
use super::http::unauthorized;
use crate::app::{Desk, Shared};
use crate::clock::{from_micros, micros};
use crate::ids;

/// `POST /oauth/v1/token`.
pub async fn token(
    State(app): State<Shared>,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Result<Reply, Reply> {
    let settings = app.sonatel.settings();
    let done = app.at_desk(|desk| match mint(desk, form) {
        // A refused call counts among those of its minute, so it commits what it counted.
        Err(error) => Ok::<_, SonatelError>(Err(error)),
        Ok(reply) => Ok(Ok(reply)),
    });
    done.and_then(|inner| inner).map_err(|error| error.reply(&settings))
}

fn mint(
    desk: &Desk<'_>,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Result<Reply, SonatelError> {
    count(desk)?;
    let form = form.map_err(|_| SonatelError::http(415, "Unsupported Media Type"))?.0;
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let client = &desk.app.config.sonatel;
    if given("client_id") != client.client_id {
        return Err(SonatelError::oauth(
            401,
            "invalid_client",
            "Invalid client or Invalid client credentials",
        ));
    }
    if !bool::from(given("client_secret").as_bytes().ct_eq(client.client_secret.as_bytes())) {
        return Err(SonatelError::oauth(401, "unauthorized_client", "Invalid client credentials"));
    }
    if !desk.app.sonatel.settings().approvals.contains(&Approval::OAuth) {
        return Err(unauthorized());
    }
    if given("grant_type") != "client_credentials" {
        return Err(SonatelError::oauth(400, "unsupported_grant_type", "Unsupported grant_type"));
    }
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.{}", ids::lower("eyJ", 40), ids::lower("", 43));
    let expires_at = micros(desk.now + client.token_lifetime);
    desk.tx.execute("INSERT INTO sonatel_tokens VALUES (?1, ?2)", params![token, expires_at])?;
    Ok(Reply::json(&json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": client.token_lifetime.as_secs(),
        "scope": "profile",
        "refresh_token": ids::lower("eyJ", 60),
        "refresh_expires_in": 1800,
    })))
}

fn count(desk: &Desk<'_>) -> Result<(), SonatelError> {
    let most = desk.app.sonatel.settings().token_calls_per_minute;
    let since = micros(desk.now - TimeDelta::minutes(1));
    desk.tx.execute("DELETE FROM sonatel_token_calls WHERE at <= ?1", [since])?;
    let calls: u32 = desk.tx.query_row("SELECT count(*) FROM sonatel_token_calls", [], |row| row.get(0))?;
    if most > 0 && calls >= most {
        return Err(SonatelError::http(429, "Too Many Requests"));
    }
    desk.tx.execute("INSERT INTO sonatel_token_calls VALUES (?1)", [micros(desk.now)])?;
    Ok(())
}

/// Refuses a token that is unknown or over, with code 10.
pub fn authenticate(desk: &Desk<'_>, token: Option<String>) -> Result<(), SonatelError> {
    let token = token.ok_or_else(|| SonatelError::new("10", "Missing credentials"))?;
    let expires_at = desk
        .tx
        .prepare_cached("SELECT expires_at FROM sonatel_tokens WHERE token = ?1")?
        .query_row([token], |row| row.get(0))
        .optional()?
        .map(from_micros);
    match expires_at {
        None => Err(SonatelError::new("10", "Invalid access token")),
        Some(expires_at) if expires_at <= desk.now => {
            Err(SonatelError::new("10", "The access token expired"))
        }
        Some(_) => Ok(()),
    }
}
