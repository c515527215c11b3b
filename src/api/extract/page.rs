//! Pages of lists, newest first.
//!
//! A cursor is the position of the last row of a page, with a seal over it and over the list, the caller and the
//! filter that it was made for: changed, made up, or shown to another list, it is refused. It says nothing that the
//! page did not say.

use axum::Json;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use uuid::Uuid;

use super::query::{NoFilter, pairs, read, refused};
use crate::api::problem::Problem;
use crate::app::App;
use crate::services::{Caller, FieldError};

/// Rows of a page when nobody says how many.
const USUAL: usize = 20;
const MOST: usize = 100;
/// Of the seal's 32 bytes, as many as a cursor carries.
const SEAL: usize = 16;
/// Cursors of another form are refused.
const VERSION: u8 = 1;

/// The page that is asked for: `Page<(DateTime<Utc>, Uuid), Filter>`.
///
/// Ask the store for [`Page::rows`] rows before [`Page::before`], and give them to [`Page::answer`].
#[derive(Clone)]
pub struct Page<P, F = NoFilter> {
    /// The parameters that are the list's own.
    pub filter: F,
    /// The last row of the page above; none at the top.
    pub before: Option<P>,
    limit: usize,
    app: App,
    /// What the cursor is bound to.
    scope: Vec<u8>,
}

/// Where a row stands in its list.
pub trait Position: Sized {
    /// The same position always gives the same bytes.
    fn to_bytes(&self) -> Vec<u8>;
    /// Reads them back; `None` when they are of another list.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

/// A page as it is answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<V> {
    /// Newest first.
    pub data: Vec<V>,
    /// Shown as `cursor`, it gives the next page; null at the end.
    pub next_cursor: Option<String>,
}

impl<V: Serialize> IntoResponse for Listing<V> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl<P: Position, F> Page<P, F> {
    /// How many rows to fetch: one more than the page shows, which tells whether another follows.
    pub fn rows(&self) -> usize {
        self.limit + 1
    }

    /// The page of what was fetched.
    pub fn answer<R, V>(
        &self,
        mut rows: Vec<R>,
        position: impl Fn(&R) -> P,
        view: impl FnMut(R) -> V,
    ) -> Listing<V> {
        let is_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next_cursor = rows.last().filter(|_| is_more).map(|last| self.cursor(&position(last)));
        Listing { data: rows.into_iter().map(view).collect(), next_cursor }
    }

    fn cursor(&self, position: &P) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(position.to_bytes());
        let seal = seal(&self.app, &self.scope, &bytes);
        bytes.extend_from_slice(&seal);
        BASE64.encode(bytes)
    }
}

impl<P: Position, F: DeserializeOwned> FromRequestParts<App> for Page<P, F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Page<P, F>, Problem> {
        let mut own = pairs(parts)?;
        let limit = take(&mut own, "limit").map_or(Ok(USUAL), |text| limit(&text))?;
        let cursor = take(&mut own, "cursor");
        let scope = scope(parts, &own);
        let before = cursor.map(|cursor| open(app, &scope, &cursor)).transpose()?;
        Ok(Page { filter: read(own)?, before, limit, app: app.clone(), scope })
    }
}

fn take(pairs: &mut Vec<(String, String)>, name: &str) -> Option<String> {
    let at = pairs.iter().position(|(known, _)| known == name)?;
    Some(pairs.remove(at).1)
}

fn limit(text: &str) -> Result<usize, Problem> {
    let is_plain = text.bytes().all(|digit| digit.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| is_plain && (1..=MOST).contains(limit));
    limit.ok_or_else(|| refused("limit"))
}

/// The list, whose it is, and the filter in an order of its own.
fn scope(parts: &Parts, filter: &[(String, String)]) -> Vec<u8> {
    let route = parts.extensions.get::<MatchedPath>().map_or(parts.uri.path(), MatchedPath::as_str);
    let caller = parts.extensions.get::<Caller>().map(|caller| caller.user.to_string());
    let mut filter: Vec<&(String, String)> = filter.iter().collect();
    filter.sort();
    let parts = [route, parts.uri.path(), caller.as_deref().unwrap_or_default()].into_iter();
    let parts = parts.chain(filter.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
    parts.flat_map(|part| [part.as_bytes(), b"\0"].concat()).collect()
}

fn open<P: Position>(app: &App, scope: &[u8], cursor: &str) -> Result<P, Problem> {
    let refused = || Problem::field(FieldError::new("/cursor", "invalid_cursor"));
    let bytes = BASE64.decode(cursor).map_err(|_| refused())?;
    let (said, shown) = bytes.split_last_chunk::<SEAL>().ok_or_else(refused)?;
    let is_ours: bool = seal(app, scope, said).ct_eq(shown).into();
    match said.split_first() {
        Some((&VERSION, position)) if is_ours => P::from_bytes(position).ok_or_else(refused),
        _ => Err(refused()),
    }
}

fn seal(app: &App, scope: &[u8], said: &[u8]) -> [u8; SEAL] {
    let mut sealed = u64::try_from(scope.len()).unwrap_or(u64::MAX).to_be_bytes().to_vec();
    sealed.extend_from_slice(scope);
    sealed.extend_from_slice(said);
    let full = app.keyring.token_hash("cursor", &sealed);
    let mut seal = [0; SEAL];
    seal.copy_from_slice(&full[..SEAL]);
    seal
}

impl Position for i64 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<i64> {
        bytes.try_into().ok().map(i64::from_be_bytes)
    }
}

impl Position for String {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<String> {
        String::from_utf8(bytes.to_vec()).ok()
    }
}

impl Position for Uuid {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Uuid> {
        Uuid::from_slice(bytes).ok()
    }
}

/// To the microsecond, as both databases keep it.
impl Position for DateTime<Utc> {
    fn to_bytes(&self) -> Vec<u8> {
        self.timestamp_micros().to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(i64::from_bytes(bytes)?)
    }
}

/// Two fields of fixed length; the first is of eight or sixteen bytes.
impl<A: Position, B: Position> Position for (A, B) {
    fn to_bytes(&self) -> Vec<u8> {
        let (first, second) = (self.0.to_bytes(), self.1.to_bytes());
        let length = u8::try_from(first.len()).unwrap_or(u8::MAX);
        [vec![length], first, second].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<(A, B)> {
        let (&length, rest) = bytes.split_first()?;
        let (first, second) = rest.split_at_checked(usize::from(length))?;
        Some((A::from_bytes(first)?, B::from_bytes(second)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same<P: Position + PartialEq + std::fmt::Debug>(position: P) {
        assert_eq!(P::from_bytes(&position.to_bytes()), Some(position));
    }

    #[test]
    fn positions_read_back() {
        let at = DateTime::from_timestamp_micros(1_768_467_600_123_456).unwrap();
        let id = Uuid::from_u128(7);
        same(-1_i64);
        same(id);
        same((at, id));
        same((id, 3_i64));
        for bytes in [&[][..], &[9], &[8, 1, 2], &[200; 30]] {
            assert_eq!(<(DateTime<Utc>, Uuid)>::from_bytes(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_limit_is_a_small_number() {
        for (text, expected) in [("1", Some(1)), ("100", Some(100)), ("020", Some(20))] {
            assert_eq!(limit(text).ok(), expected);
        }
        for text in ["", "0", "101", "-1", "+5", "1.0", "ten", "99999999999999999999"] {
            assert_eq!(limit(text).unwrap_err().code(), "invalid_query", "{text}");
        }
    }
}
