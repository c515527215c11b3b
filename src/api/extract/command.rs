//! A request that does something once: its caller, their name for it, and its body.
//!
//! The claim names caller, route and key; the fingerprint is what must be the same when the key comes again: method,
//! path and the bytes of the body.

use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::body::{parse_json, read_body};
use crate::api::problem::Problem;
use crate::app::App;
use crate::services::{Caller, IdempotencyKey};

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

/// What a handler of a route with `Idempotency-Key` takes.
#[derive(Debug)]
pub struct Command<T> {
    /// Who asks.
    pub caller: Caller,
    /// Their name for it.
    pub key: IdempotencyKey,
    /// What they ask for.
    pub body: T,
}

/// The body of an action that says everything by its address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

impl<T: DeserializeOwned> FromRequest<App> for Command<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Command<T>, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, app).await?;
        let key = key(&parts.headers)?.to_owned();
        let bytes = read_body(&parts.headers, body, app.config.limits.body_bytes).await?;
        let body = parse_json(&parts.headers, &bytes)?;
        Ok(Command { key: named(&parts, &caller, &key, &bytes), caller, body })
    }
}

fn is_key(key: &str) -> bool {
    (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The name of one item of a bulk request, which carries its key in its body; `item` is all of it.
pub fn item_key(caller: &Caller, route: &str, key: &str, item: &[u8]) -> Result<IdempotencyKey, Problem> {
    if !is_key(key) {
        return Err(Problem::new("idempotency_key_invalid"));
    }
    let user = caller.user.to_string();
    let claim = digest(&[user.as_bytes(), b"POST", route.as_bytes(), key.as_bytes()]);
    Ok(IdempotencyKey { claim, fingerprint: digest(&[item]) })
}

fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let only = values.next().ok_or_else(|| Problem::new("idempotency_key_missing"))?;
    let key = only.to_str().ok().filter(|key| is_key(key));
    match values.next() {
        None => key.ok_or_else(|| Problem::new("idempotency_key_invalid")),
        Some(_) => Err(Problem::new("idempotency_key_invalid")),
    }
}

fn named(parts: &Parts, caller: &Caller, key: &str, body: &[u8]) -> IdempotencyKey {
    let method = parts.method.as_str();
    let route = parts.extensions.get::<MatchedPath>().map_or(parts.uri.path(), MatchedPath::as_str);
    let user = caller.user.to_string();
    let claim = digest(&[user.as_bytes(), method.as_bytes(), route.as_bytes(), key.as_bytes()]);
    let fingerprint = digest(&[method.as_bytes(), parts.uri.path().as_bytes(), body]);
    IdempotencyKey { claim, fingerprint }
}

/// SHA-256 over parts, each with its length before it, so that no two lists of parts look alike.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use domain::{SessionId, UserId};
    use uuid::Uuid;

    fn headers(keys: &[&[u8]]) -> HeaderMap {
        let name = axum::http::HeaderName::from_static(HEADER);
        keys.iter().map(|key| (name.clone(), HeaderValue::from_bytes(key).unwrap())).collect()
    }

    #[test]
    fn a_key_is_one_header_of_visible_ascii() {
        let long = [b'k'; 255];
        for good in [&b"a"[..], b"9f1c-\"!~", &long] {
            assert_eq!(key(&headers(&[good])).map(str::as_bytes).unwrap(), good);
        }
        assert_eq!(key(&headers(&[])).unwrap_err().code(), "idempotency_key_missing");
        let longer = [b'k'; 256];
        for bad in [&b""[..], b"a b", b"a\tb", "clé".as_bytes(), b"\xff", &longer] {
            assert_eq!(key(&headers(&[bad])).unwrap_err().code(), "idempotency_key_invalid", "{bad:?}");
        }
        assert_eq!(key(&headers(&[b"a", b"a"])).unwrap_err().code(), "idempotency_key_invalid");
    }

    #[test]
    fn a_claim_is_of_caller_route_and_key_and_a_fingerprint_of_the_request() {
        let caller = |number| Caller {
            user: UserId::from_uuid(Uuid::from_u128(number)),
            roles: crate::services::Role::Customer.into(),
            session: SessionId::from_uuid(Uuid::from_u128(9)),
            second_factor_at: None,
            language: crate::services::Language::Fr,
            phone_changed_at: None,
        };
        let make = |who: u128, method: &str, path: &str, key: &str, body: &[u8]| {
            let request = Request::builder().method(method).uri(path).body(()).unwrap();
            named(&request.into_parts().0, &caller(who), key, body)
        };
        let one = make(1, "POST", "/v1/transfers", "k", b"{}");
        assert_eq!(make(1, "POST", "/v1/transfers", "k", b"{}"), one);
        for (other, claim, fingerprint) in [
            (make(1, "POST", "/v1/transfers", "k", b"{ }"), true, false),
            (make(2, "POST", "/v1/transfers", "k", b"{}"), false, true),
            (make(1, "POST", "/v1/transfers", "l", b"{}"), false, true),
            (make(1, "POST", "/v1/quotes", "k", b"{}"), false, false),
            (make(1, "PUT", "/v1/transfers", "k", b"{}"), false, false),
        ] {
            assert_eq!(
                (other.claim == one.claim, other.fingerprint == one.fingerprint),
                (claim, fingerprint)
            );
        }
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
