//! API users made by API, which only the sandbox has: a user, its key, and a look at it.
//!
//! The user belongs to the product of the subscription key that made it. Nothing changes its
//! callback host later. A second key takes the place of the first (*chosen*).

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use rand::Rng;
use serde_json::{Value, json};

use super::call::{subscription, text, uuid_v4};
use super::config::{MtnSubscriptionConfig, MtnUserConfig, SANDBOX};
use super::errors::{MtnError, shown};
use super::portal;
use crate::app::{Desk, Shared};
use crate::wave::errors::Reply;

/// `POST /v1_0/apiuser`: 201 and nothing else.
pub async fn create(
    State(app): State<Shared>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Reply, MtnError> {
    app.at_desk(|desk| {
        let key = open_key(desk, &headers)?;
        let id = text(&headers, "x-reference-id").and_then(|id| uuid_v4(&id));
        let id = id.ok_or_else(MtnError::bad_request)?;
        if portal::user(desk.tx, &id)?.is_some() {
            return Err(MtnError::duplicate());
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let host = body["providerCallbackHost"].as_str().filter(|host| is_host(host));
        let user = MtnUserConfig {
            user: id,
            api_key: None,
            product: key.product,
            environment: SANDBOX.to_owned(),
            callback_host: host.ok_or_else(MtnError::bad_request)?.to_owned(),
            may_write: true,
            blocked: false,
        };
        portal::put_user(desk.tx, &user)?;
        Ok(Reply { status: 201, body: Vec::new() })
    })
}

/// `POST /v1_0/apiuser/{id}/apikey`: 32 hexadecimal digits, shown once.
pub async fn create_key(
    State(app): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Reply, MtnError> {
    app.at_desk(|desk| {
        open_key(desk, &headers)?;
        let user = provisioned(desk, &id)?;
        let api_key = hex::encode(rand::rng().random::<[u8; 16]>());
        portal::put_user(desk.tx, &MtnUserConfig { api_key: Some(api_key.clone()), ..user })?;
        Ok(Reply { status: 201, body: json!({ "apiKey": api_key }).to_string().into_bytes() })
    })
}

/// `GET /v1_0/apiuser/{id}`: no token, only the subscription key.
pub async fn get(
    State(app): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Reply, MtnError> {
    app.at_desk(|desk| {
        open_key(desk, &headers)?;
        let user = provisioned(desk, &id)?;
        let body = json!({
            "providerCallbackHost": user.callback_host,
            "targetEnvironment": user.environment,
        });
        Ok(shown(&body))
    })
}

/// A subscription key of the sandbox, of whatever product.
fn open_key(desk: &Desk<'_>, headers: &HeaderMap) -> Result<MtnSubscriptionConfig, MtnError> {
    let key = subscription(desk.tx, headers, None)?;
    match key.environment == SANDBOX {
        true => Ok(key),
        false => Err(MtnError::gateway(404, "Resource not found")),
    }
}

fn provisioned(desk: &Desk<'_>, id: &str) -> Result<MtnUserConfig, MtnError> {
    let id = uuid_v4(id).ok_or_else(MtnError::bad_request)?;
    portal::user(desk.tx, &id)?.filter(|user| user.environment == SANDBOX).ok_or_else(MtnError::not_found)
}

/// Neither scheme nor port nor path.
fn is_host(text: &str) -> bool {
    let url = reqwest::Url::parse(&format!("http://{text}/"));
    url.is_ok_and(|url| url.host_str() == Some(text.to_ascii_lowercase().as_str()) && url.port().is_none())
}
