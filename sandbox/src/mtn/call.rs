//! Who is calling, and what the edge refuses before anybody looks.
//!
//! In this order: length (411) and firewall (200 with a page), subscription key (401 of the
//! gateway), bearer token (401), target environment (500 with a code), permission to write (403),
//! blocked account (500). What a creating call checks next is in [`ask`](super::ask).

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rusqlite::Transaction;
use serde_json::Value;
use uuid::{Uuid, Variant};

use super::config::{MtnSubscriptionConfig, MtnUserConfig, Product};
use super::errors::MtnError;
use super::{no_such_path, portal, token};
use crate::app::{Desk, Shared};

const MAX_BODY: usize = 1 << 20;
const USER_INFO: &str = "/oauth2/v1_0/userinfo";
const FORM: &str = "application/x-www-form-urlencoded";

/// What stands before every layer: a POST must say how long it is, and forms with something in
/// them are taken for an attack but for the two calls of the consent flow that are forms.
pub async fn edge(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let says_length =
        headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    if request.method() == Method::POST && !says_length {
        return MtnError::no_length().into_response();
    }
    let path = request.uri().path();
    let takes_forms = path.ends_with("/bc-authorize") || path.ends_with("/oauth2/token/");
    let is_form = text(headers, header::CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with(FORM));
    let is_empty = text(headers, header::CONTENT_LENGTH.as_str()).is_some_and(|length| length == "0");
    if is_form && !is_empty && !takes_forms {
        return MtnError::rejected().into_response();
    }
    next.run(request).await
}

/// An authenticated product call.
#[derive(Debug)]
pub struct Call {
    /// The simulators.
    pub app: Shared,
    /// The product of the path.
    pub product: Product,
    /// Whose token it brings.
    pub user: MtnUserConfig,
    /// The consent that the token stands for; `None` for an ordinary token.
    pub consent: Option<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl FromRequest<Shared> for Call {
    type Rejection = MtnError;

    async fn from_request(request: Request, app: &Shared) -> Result<Call, MtnError> {
        let (parts, body) = request.into_parts();
        let body = read(body).await?;
        let product = Product::of_path(parts.uri.path()).ok_or_else(|| no_such_path(&parts.uri))?;
        let headers = parts.headers;
        let (user, consent) = app.at_desk(|desk| authenticate(desk, &headers, product))?;
        // The token of a consent opens nothing but what was consented to.
        if consent.is_some() != parts.uri.path().ends_with(USER_INFO) {
            return Err(MtnError::unauthorized());
        }
        if parts.method != Method::GET {
            check_permission(&user)?;
        }
        Ok(Call { app: app.clone(), product, user, consent, headers, body })
    }
}

impl Call {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<String> {
        text(&self.headers, name)
    }

    /// The id that the caller gives to what it creates.
    pub fn reference(&self) -> Result<String, MtnError> {
        self.header("x-reference-id").and_then(|id| uuid_v4(&id)).ok_or_else(MtnError::bad_request)
    }

    /// The body as JSON; null when it is none, or is said to be something else. One client sends its transfers without
    /// a word on their kind, and was tested against the live sandbox.
    pub fn json(&self) -> Value {
        let kind = self.header(header::CONTENT_TYPE.as_str());
        match kind.is_none_or(|kind| kind.starts_with("application/json")) {
            true => serde_json::from_slice(&self.body).unwrap_or_default(),
            false => Value::Null,
        }
    }

    /// The environment that it works in.
    pub fn environment(&self, desk: &Desk<'_>) -> Result<portal::Environment, MtnError> {
        portal::environment(desk.tx, &self.user.environment)?
            .ok_or_else(|| MtnError::logical("NOT_ALLOWED_TARGET_ENVIRONMENT"))
    }

    /// Does `work` in one transaction.
    pub fn at_desk<T>(&self, work: impl FnOnce(&Desk<'_>) -> Result<T, MtnError>) -> Result<T, MtnError> {
        self.app.at_desk(work)
    }
}

/// Reads a body of at most a mebibyte.
pub async fn read(body: Body) -> Result<Bytes, MtnError> {
    to_bytes(body, MAX_BODY).await.map_err(|_| MtnError::gateway(413, "Request Entity Too Large"))
}

/// A header's text.
pub fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The lower-case form of a UUID v4 with hyphens; `None` for anything else.
pub fn uuid_v4(text: &str) -> Option<String> {
    let uuid = Uuid::parse_str(text).ok().filter(|_| text.len() == 36)?;
    let is_v4 = uuid.get_version_num() == 4 && uuid.get_variant() == Variant::RFC4122;
    is_v4.then(|| uuid.to_string())
}

/// The subscription key of a request: known, and of this product when there is one.
pub fn subscription(
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    product: Option<Product>,
) -> Result<MtnSubscriptionConfig, MtnError> {
    let refuse = |what: &str| {
        let message = format!("Access denied due to {what} subscription key.");
        MtnError::gateway(401, &message)
    };
    let key = text(headers, "ocp-apim-subscription-key").ok_or_else(|| refuse("missing"))?;
    portal::subscription(tx, &key)?
        .filter(|found| product.is_none_or(|product| product == found.product))
        .ok_or_else(|| refuse("invalid"))
}

fn authenticate(
    desk: &Desk<'_>,
    headers: &HeaderMap,
    product: Product,
) -> Result<(MtnUserConfig, Option<String>), MtnError> {
    let subscription = subscription(desk.tx, headers, Some(product))?;
    let given = text(headers, header::AUTHORIZATION.as_str()).unwrap_or_default();
    let bearer = given.strip_prefix("Bearer ").ok_or_else(MtnError::unauthorized)?;
    let token = token::find(desk, bearer, product)?.ok_or_else(MtnError::unauthorized)?;
    let user = portal::user(desk.tx, &token.user)?.ok_or_else(MtnError::unauthorized)?;
    let named = text(headers, "x-target-environment");
    let is_allowed = named.as_ref() == Some(&user.environment)
        && user.product == product
        && user.environment == subscription.environment;
    match is_allowed {
        true => Ok((user, token.consent)),
        false => Err(MtnError::logical("NOT_ALLOWED_TARGET_ENVIRONMENT")),
    }
}

fn check_permission(user: &MtnUserConfig) -> Result<(), MtnError> {
    match user {
        MtnUserConfig { may_write: false, .. } => Err(MtnError::gateway(403, "Forbidden")),
        MtnUserConfig { blocked: true, .. } => Err(MtnError::logical("NOT_ALLOWED")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_version_four_with_hyphens_is_a_reference() {
        let table = [
            ("3F2504E0-4F89-41D3-9A0C-0305E82C3301", Some("3f2504e0-4f89-41d3-9a0c-0305e82c3301")),
            ("3f2504e04f8941d39a0c0305e82c3301", None),
            ("{3f2504e0-4f89-41d3-9a0c-0305e82c3301}", None),
            ("3f2504e0-4f89-71d3-9a0c-0305e82c3301", None),
            ("3f2504e0-4f89-41d3-ca0c-0305e82c3301", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(uuid_v4(text).as_deref(), expected, "{text}");
        }
    }
}
