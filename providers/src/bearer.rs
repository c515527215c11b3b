//! Secrets in headers, and the tokens that providers mint for them.
//!
//! What every token answer has in common is read here: `access_token`, and `expires_in` as a number or as text. The
//! answer's own word on its life counts; a token without one is used once.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::RETRY_AFTER;
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::Value;

use crate::{Grant, Grants, Need, ProviderError, Request, Response};

/// No token of anybody's ever lived longer: 90 days.
const LONGEST_LIFE_S: u64 = 90 * 24 * 3600;

#[derive(Deserialize)]
struct Minted {
    access_token: String,
    expires_in: Option<Value>,
}

/// Reads a token answer. A page with status 200, as firewalls send, is no token.
///
/// `refused` tells for the log what a refusal of credentials says. Errors: `Misconfigured` then, `RateLimited`, and
/// `Uncertain` for whatever else it is.
pub(crate) fn minted(response: &Response, refused: impl FnOnce() -> String) -> Result<Grant, ProviderError> {
    match response.status {
        200 | 201 => {}
        400 | 401 | 403 | 404 | 405 | 406 | 411 | 415 => {
            return Err(ProviderError::misconfigured(refused()));
        }
        429 => return Err(ProviderError::RateLimited { retry_after: retry_after(response) }),
        status => return Err(ProviderError::uncertain(format!("status {status}"))),
    }
    let minted: Minted = response.json()?;
    if word(&minted.access_token).is_none() {
        return Err(ProviderError::uncertain("a token that fits in no header"));
    }
    let lives_for = minted.expires_in.as_ref().and_then(lifetime);
    Ok(Grant { value: minted.access_token.into(), lives_for })
}

fn lifetime(expires_in: &Value) -> Option<Duration> {
    let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.parse().ok())?;
    Some(Duration::from_secs(seconds.min(LONGEST_LIFE_S)))
}

/// Seconds only; a date would need a clock.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers.get(RETRY_AFTER)?.to_str().ok()?;
    value.parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
}

/// The request with a token that was fetched; without one, with a header that every provider refuses.
pub(crate) fn authorised(request: Request, grants: &Grants, need: Need) -> Request {
    let bearer = bearer(grants.get(need)).unwrap_or_else(|| HeaderValue::from_static("Bearer"));
    request.header(header::AUTHORIZATION, bearer)
}

/// `Bearer key`, hidden from debug output; `None` when the key is not one printable word.
pub(crate) fn bearer(key: &str) -> Option<HeaderValue> {
    word(key).and_then(|_| sensitive(&format!("Bearer {key}")))
}

/// `Basic …` of a user and their secret; `None` when either is empty.
pub(crate) fn basic(user: &str, secret: &str) -> Option<HeaderValue> {
    let are_there = !user.is_empty() && !secret.is_empty();
    are_there.then(|| sensitive(&format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))))?
}

/// One printable word as a header.
pub(crate) fn word(text: &str) -> Option<HeaderValue> {
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    HeaderValue::from_str(text).ok().filter(|_| is_word)
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::testkit::response;

    fn read(status: u16, body: &str) -> Result<Option<u64>, &'static str> {
        let answer = response(status, body.as_bytes());
        let grant = minted(&answer, || "no".to_owned()).map_err(|error| error.as_str())?;
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
            (400, r#"{"error":"invalid_request"}"#, "misconfigured"),
            (404, "", "misconfigured"),
            (406, "", "misconfigured"),
            (411, "", "misconfigured"),
            (429, "", "rate_limited"),
            (500, "", "uncertain"),
            (302, "", "uncertain"),
            (202, "{}", "uncertain"),
            (200, "<html></html>", "uncertain"),
            (200, r#"{"access_token":""}"#, "uncertain"),
            (200, r#"{"access_token":"two words"}"#, "uncertain"),
            (200, r#"{"access_token":"line\nbreak","expires_in":1}"#, "uncertain"),
            (200, r#"{"access_token":7}"#, "uncertain"),
        ] {
            assert_eq!(read(status, body), Err(error), "{status} {body}");
        }
    }

    #[test]
    fn secrets_are_words_and_stay_hidden() {
        // printf 'client:s3cret' | base64
        assert_eq!(basic("client", "s3cret").unwrap(), "Basic Y2xpZW50OnMzY3JldA==");
        assert!(basic("", "s").is_none() && basic("c", "").is_none());
        assert_eq!(bearer("t0k").unwrap(), "Bearer t0k");
        for odd in ["", "two words", "line\n", "é"] {
            assert!(bearer(odd).is_none() && word(odd).is_none(), "{odd:?}");
        }
        for secret in [basic("c", "s"), bearer("t0k")] {
            assert_eq!(format!("{:?}", secret.unwrap()), "Sensitive");
        }
    }
}
