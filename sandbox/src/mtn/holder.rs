//! Looking a wallet's holder up: whether it is active, and who it is.
//!
//! In the sandbox nearly everybody is active, which proves nothing; with `strict_holders`, and in
//! a market, only numbers that can exist there and whose wallet is not blocked. *Chosen*: names
//! are known of numbers that the control surface named, and everybody else is `Sand Box`.

use axum::extract::Path;
use serde_json::{Value, json};

use super::call::Call;
use super::errors::{MtnError, shown};
use super::portal::Environment;
use super::{people, script};
use crate::app::Desk;
use crate::wave::errors::Reply;

/// The words before the `@` of the sandbox's e-mail addresses, in the order of its numbers.
const EMAILS: [&str; 6] = [
    "notfound",
    "notactive",
    "notallowed",
    "notallowedtargetenvironment",
    "internalprocessingerror",
    "serviceunavailable",
];

/// `GET /{product}/v1_0/accountholder/{type}/{id}/active`, the type in lower case.
pub async fn active(Path((kind, id)): Path<(String, String)>, call: Call) -> Result<Reply, MtnError> {
    call.at_desk(|desk| {
        let environment = call.environment(desk)?;
        let is_active = match kind.as_str() {
            "msisdn" | "email" if environment.portal.is_sandbox() => told(&kind, &id)?,
            "msisdn" | "email" | "party_code" => None,
            _ => return Err(MtnError::bad_request()),
        };
        let is_active = match (is_active, kind.as_str()) {
            (Some(told), _) => told,
            (None, "msisdn") => is_number_active(desk, &environment, &id)?,
            (None, "email") => !environment.portal.strict_holders || id.contains('@'),
            (None, _) => true,
        };
        Ok(shown(&json!({ "result": is_active })))
    })
}

/// What the sandbox's test values say; `None` for anybody else.
fn told(kind: &str, id: &str) -> Result<Option<bool>, MtnError> {
    let place = match kind {
        "msisdn" => script::test_value(id),
        _ => id.strip_suffix("@email.com").and_then(|name| EMAILS.iter().position(|known| *known == name)),
    };
    match place {
        Some(0) => Err(MtnError::not_found()),
        Some(1) => Ok(Some(false)),
        Some(2) => Err(MtnError::logical("NOT_ALLOWED")),
        Some(3) => Err(MtnError::logical("NOT_ALLOWED_TARGET_ENVIRONMENT")),
        Some(4) => Err(MtnError::logical("INTERNAL_PROCESSING_ERROR")),
        Some(5) => Err(MtnError::wallet(503, "SERVICE_UNAVAILABLE")),
        _ => Ok(None),
    }
}

/// Whether the look-up finds an active wallet of this number.
pub fn is_number_active(desk: &Desk<'_>, environment: &Environment, id: &str) -> rusqlite::Result<bool> {
    if !environment.portal.strict_holders {
        return Ok(true);
    }
    let is_market = !environment.portal.is_sandbox();
    let is_active = !is_market || people::behaviour(desk.tx, id)?.is_active();
    Ok(environment.portal.can_have(id) && is_active)
}

/// `GET /{product}/v1_0/accountholder/msisdn/{msisdn}/basicuserinfo`.
pub async fn basic_info(Path((kind, id)): Path<(String, String)>, call: Call) -> Result<Reply, MtnError> {
    if kind != "msisdn" {
        return Err(MtnError::bad_request());
    }
    call.at_desk(|desk| {
        let environment = call.environment(desk)?;
        match is_number_active(desk, &environment, &id)? {
            true => Ok(shown(&info(desk, &id)?)),
            false => Err(MtnError::not_found()),
        }
    })
}

/// What is told of a person.
pub fn info(desk: &Desk<'_>, msisdn: &str) -> rusqlite::Result<Value> {
    let name = people::name(desk.tx, msisdn)?.unwrap_or("Sand Box".to_owned());
    let (given, family) = name.split_once(' ').unwrap_or((name.as_str(), ""));
    Ok(json!({
        "name": name,
        "given_name": given,
        "family_name": family,
        "birthdate": "1988-04-17",
        "locale": "fr_GN",
        "gender": "MALE",
        "status": "ACTIVE",
    }))
}
