//! Tokens: those of `api.orange.com`, which Web Payment and text messages share, and what every
//! token answer of Orange has in common.
//!
//! `expires_in` comes as a number or as a string, an hour on today's pages and 90 days on older
//! ones, so the answer's own word counts; a token without one is used once. `Accept:
//! application/json` is sent with every call, without which Orange answers 406.
//! Source: developer.orange.com, OAuth and error handling, read 2026-11.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::said::Said;
use crate::{Grant, Granter, Grants, Need, Operation, ProviderError, Request, Response};

/// The one thing that `api.orange.com` wants before a call.
pub(crate) const TOKEN: Need = Need("token");

/// No token of Orange ever lived longer: 90 days.
const LONGEST_LIFE_S: u64 = 90 * 24 * 3600;

/// One application at Orange's portal.
pub(crate) struct OAuth {
    url: String,
    basic: HeaderValue,
}

#[derive(Deserialize)]
struct Minted {
    access_token: String,
    expires_in: Option<Value>,
}

impl OAuth {
    /// `None` when id or secret is empty or does not fit in a header.
    pub(crate) fn new(base_url: &str, client_id: &str, secret: &SecretString) -> Option<OAuth> {
        let secret = secret.expose_secret();
        if client_id.is_empty() || secret.is_empty() {
            return None;
        }
        let basic = sensitive(&format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}"))))?;
        Some(OAuth { url: format!("{base_url}/oauth/v3/token"), basic })
    }
}

/// Every call needs the token and nothing else.
impl Granter for OAuth {
    fn needs(&self, _: &Operation) -> &'static [Need] {
        &[TOKEN]
    }

    fn fetch(&self, _: Need, _: &Grants) -> Request {
        accepting_json(Request::post(self.url.clone()))
            .header(header::AUTHORIZATION, self.basic.clone())
            .form(b"grant_type=client_credentials".to_vec())
    }

    fn granted(&self, _: Need, response: &Response) -> Result<Grant, ProviderError> {
        minted(response)
    }

    fn refused(&self, _: &Operation, response: &Response) -> Option<Need> {
        is_refused(response).then_some(TOKEN)
    }
}

/// Reads a token answer, of any of Orange's interfaces.
///
/// Errors: `Misconfigured` when the application is refused.
pub(crate) fn minted(response: &Response) -> Result<Grant, ProviderError> {
    match response.status {
        200 | 201 => {}
        400 | 401 | 403 | 404 | 406 => {
            return Err(ProviderError::misconfigured(Said::read(response).describe(response.status)));
        }
        429 => return Err(ProviderError::RateLimited { retry_after: None }),
        status => return Err(ProviderError::uncertain(format!("status {status}"))),
    }
    let minted: Minted = response.json()?;
    if minted.access_token.is_empty() || sensitive(&minted.access_token).is_none() {
        return Err(ProviderError::uncertain("a token that fits in no header"));
    }
    let lives_for = minted.expires_in.as_ref().and_then(lifetime);
    Ok(Grant { value: minted.access_token.into(), lives_for })
}

fn lifetime(expires_in: &Value) -> Option<Duration> {
    let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.parse().ok())?;
    Some(Duration::from_secs(seconds.min(LONGEST_LIFE_S)))
}

/// Whether the token was refused, which happens before the request is looked at: 401, whatever its code.
pub(crate) fn is_refused(response: &Response) -> bool {
    response.status == 401
}

/// The request with a token, asking for JSON.
pub(crate) fn authorised(request: Request, grants: &Grants, need: Need) -> Request {
    let bearer = sensitive(&format!("Bearer {}", grants.get(need)));
    let bearer = bearer.unwrap_or_else(|| HeaderValue::from_static("Bearer"));
    accepting_json(request).header(header::AUTHORIZATION, bearer)
}

fn accepting_json(request: Request) -> Request {
    request.header(header::ACCEPT, HeaderValue::from_static("application/json"))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn read(status: u16, body: &str) -> Result<Option<u64>, &'static str> {
        let answer = Response { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() };
        let grant = minted(&answer).map_err(|error| error.as_str())?;
        assert_eq!(grant.value.expose_secret(), "t0k");
        Ok(grant.lives_for.map(|lives_for| lives_for.as_secs()))
    }

    #[test]
    fn how_long_a_token_lives_is_the_answer_s_own_word() {
        for (expires_in, lives_for) in [
            (r#","expires_in":"3600""#, Some(3_600)),
            (r#","expires_in":3600"#, Some(3_600)),
            (r#","expires_in":"7776000""#, Some(7_776_000)),
            (r#","expires_in":299,"refresh_token":"r","refresh_expires_in":1800"#, Some(299)),
            (r#","expires_in":99999999999"#, Some(7_776_000)),
            (r#","expires_in":"0""#, Some(0)),
            ("", None),
            (r#","expires_in":null"#, None),
            (r#","expires_in":"soon""#, None),
            (r#","expires_in":-1"#, None),
            (r#","expires_in":3600.5"#, None),
        ] {
            let body = format!(r#"{{"token_type":"Bearer","access_token":"t0k"{expires_in}}}"#);
            assert_eq!(read(200, &body), Ok(lives_for), "{expires_in}");
        }
    }

    #[test]
    fn what_is_no_token_answer_is_no_token() {
        for (status, body, error) in [
            (401, r#"{"code":41,"message":"Invalid credentials","description":"revoked"}"#, "misconfigured"),
            (401, r#"{"error":"invalid_client"}"#, "misconfigured"),
            (401, r#"{"error":"unauthorized_client","error_description":"x"}"#, "misconfigured"),
            (400, r#"{"error":"invalid_request"}"#, "misconfigured"),
            (404, "", "misconfigured"),
            (406, "", "misconfigured"),
            (429, "", "rate_limited"),
            (500, "", "uncertain"),
            (302, "", "uncertain"),
            (200, "<html></html>", "uncertain"),
            (200, r#"{"access_token":""}"#, "uncertain"),
            (200, r#"{"access_token":"line\nbreak","expires_in":1}"#, "uncertain"),
            (200, r#"{"access_token":7}"#, "uncertain"),
        ] {
            assert_eq!(read(status, body), Err(error), "{status} {body}");
        }
    }

    #[test]
    fn a_token_is_asked_for_as_documented() {
        let oauth = OAuth::new("https://orange.test", "client", &"s3cret".into()).unwrap();
        let request = oauth.fetch(TOKEN, &Grants::none());
        assert_eq!(request.url, "https://orange.test/oauth/v3/token");
        assert_eq!(request.headers["authorization"], "Basic Y2xpZW50OnMzY3JldA==");
        assert_eq!(request.headers["accept"], "application/json");
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.body, b"grant_type=client_credentials");
        assert!(!format!("{:?}", request.headers).contains("Y2xp"));
        assert!(OAuth::new("https://orange.test", "", &"s".into()).is_none());
        assert!(OAuth::new("https://orange.test", "c", &"".into()).is_none());
    }
}
