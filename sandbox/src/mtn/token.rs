//! Access tokens: one per product, an hour long by the simulators' clock.
//!
//! A user whose product is another one gets a token all the same; its calls fail later.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::call::{subscription, text};
use super::config::{MtnUserConfig, Product};
use super::errors::{MtnError, shown};
use super::{no_such_path, portal};
use crate::app::{Desk, Shared};
use crate::clock::micros;
use crate::ids;
use crate::wave::errors::Reply;

/// A token that is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is.
    pub user: String,
    /// The consent that it stands for; `None` for an ordinary one.
    pub consent: Option<String>,
}

/// `POST /{product}/token/`: an empty body, or the grant as JSON.
pub async fn create(
    State(app): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Reply, MtnError> {
    let product = Product::of_path(uri.path()).ok_or_else(|| no_such_path(&uri))?;
    app.at_desk(|desk| {
        let user = basic(desk, &headers, product)?;
        let grant: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !body.is_empty() && grant["grant_type"] != "client_credentials" {
            return Err(MtnError::bad_request());
        }
        let lifetime = desk.app.config.mtn.token_lifetime;
        let token = issue(desk, product, &user.user, None)?;
        Ok(shown(&json!({
            "access_token": token,
            "token_type": "access_token",
            "expires_in": lifetime.as_secs(),
        })))
    })
}

/// The user of Basic authentication, with a subscription key of this product and of the user's
/// environment.
pub fn basic(desk: &Desk<'_>, headers: &HeaderMap, product: Product) -> Result<MtnUserConfig, MtnError> {
    let subscription = subscription(desk.tx, headers, Some(product))?;
    let (id, key) = credentials(headers).ok_or_else(MtnError::bad_credentials)?;
    let user = portal::user(desk.tx, &id)?.ok_or_else(MtnError::bad_credentials)?;
    let expected = user.api_key.as_deref().unwrap_or_default();
    let is_right = !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(key.as_bytes()));
    match is_right && user.environment == subscription.environment {
        true => Ok(user),
        false => Err(MtnError::bad_credentials()),
    }
}

fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let given = text(headers, header::AUTHORIZATION.as_str())?;
    let decoded = STANDARD.decode(given.strip_prefix("Basic ")?).ok()?;
    let (id, key) =
        String::from_utf8(decoded).ok()?.split_once(':').map(|(id, key)| (id.to_owned(), key.to_owned()))?;
    Some((id, key))
}

/// Makes a token, an hour long.
pub fn issue(
    desk: &Desk<'_>,
    product: Product,
    user: &str,
    consent: Option<&str>,
) -> rusqlite::Result<String> {
    let expires_at = desk.now + desk.app.config.mtn.token_lifetime;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({"typ": "JWT", "alg": "R256"}));
    let claims = part(json!({"clientId": user, "expires": expires_at, "sessionId": ids::lower("", 24)}));
    let token = format!("{head}.{claims}.{}", ids::lower("", 43));
    desk.tx.execute(
        "INSERT INTO mtn_tokens (token, product, user_id, consent, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![token, product, user, consent, micros(expires_at)],
    )?;
    Ok(token)
}

/// A token of this product that has not expired.
pub fn find(desk: &Desk<'_>, token: &str, product: Product) -> rusqlite::Result<Option<Token>> {
    desk.tx
        .prepare_cached(
            "SELECT user_id, consent FROM mtn_tokens WHERE token = ?1 AND product = ?2 AND expires_at > ?3",
        )?
        .query_row(params![token, product, micros(desk.now)], |row| {
            Ok(Token { user: row.get("user_id")?, consent: row.get("consent")? })
        })
        .optional()
}
