//! Callbacks: the status body again, once, unsigned, to the address that the request named, at the
//! end of a movement; of a pre-approval also when it is `CREATED`.
//!
//! The host of that address must be the API user's; ports are not compared. *Chosen*: a scheme
//! that the environment does not take is a 400, an empty header an invalid host.

use axum::http::Method;
use serde_json::{Value, json};

use super::call::Call;
use super::config::{CallbackRetry, CallbackScheme};
use super::errors::MtnError;
use super::kind::{Status, Verb};
use super::movement::Movement;
use super::portal::Environment;
use super::sender::{LADDER, NAME};
use super::settle;
use crate::app::Desk;
use crate::books::words;
use crate::courier::Proof;
use crate::courier::queue::{self, Message, To};
use crate::fault::{EventFacts, Forgery, Mischief};
use crate::ids;

/// Where the end of a new movement is to be told, if anywhere.
pub fn address(call: &Call, environment: &Environment) -> Result<Option<String>, MtnError> {
    if !call.headers.contains_key("x-callback-url") {
        return Ok(None);
    }
    let invalid = || MtnError::logical("INVALID_CALLBACK_URL_HOST");
    let text = call.header("x-callback-url").ok_or_else(invalid)?;
    let url = reqwest::Url::parse(&text).map_err(|_| invalid())?;
    if !url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(&call.user.callback_host)) {
        return Err(invalid());
    }
    let is_taken = match environment.portal.callback_scheme {
        CallbackScheme::Any => ["http", "https"].contains(&url.scheme()),
        CallbackScheme::Http => url.scheme() == "http",
        CallbackScheme::Https => url.scheme() == "https",
    };
    is_taken.then_some(Some(text)).ok_or_else(MtnError::bad_request)
}

/// Promises to tell where a movement stands.
pub fn promise(desk: &Desk<'_>, environment: &Environment, movement: &Movement) -> rusqlite::Result<()> {
    let Some(url) = &movement.callback_url else { return Ok(()) };
    let mischief = desk.app.faults.on_event(NAME, &facts(movement));
    for forgery in &mischief.forgeries {
        let lie = match forgery {
            Forgery::Amount | Forgery::AmountSigned => Lie::Amount,
            _ => Lie::Successful,
        };
        forge(desk, environment, movement, lie, url)?;
    }
    let mut body = movement.view(environment);
    if mischief.has_unknown_field {
        body["loyalty"] = json!({"points": 12, "tier": null});
    }
    if mischief.has_unknown_type {
        body["status"] = json!("SOMEWHERE_BETWEEN");
    }
    queue::promise(desk, &message(environment, movement, url, &body), &mischief, &[])?;
    if mischief.is_contradicted {
        let body = contrary(movement).view(environment);
        queue::promise(desk, &message(environment, movement, url, &body), &Mischief::default(), &[])?;
    }
    Ok(())
}

fn facts(movement: &Movement) -> EventFacts {
    let reference = movement.reference.clone();
    EventFacts {
        kind: movement.kind.as_str().to_owned(),
        references: movement.external_id.clone().into_iter().chain([reference]).collect(),
    }
}

fn message<'a>(
    environment: &'a Environment,
    movement: &'a Movement,
    url: &'a str,
    body: &Value,
) -> Message<'a> {
    let provider = match environment.portal.callback_retry {
        CallbackRetry::Once => NAME,
        CallbackRetry::Ladder => LADDER,
    };
    let method = match movement.verb {
        Verb::Post => &Method::POST,
        Verb::Put => &Method::PUT,
    };
    Message {
        provider,
        account: Some(environment.name()),
        event_id: &movement.reference,
        event_type: movement.kind.as_str(),
        to: To::Address { url, method, headers: &[] },
        body: body.to_string(),
    }
}

/// The same movement with the opposite end.
fn contrary(movement: &Movement) -> Movement {
    let mut other = movement.clone();
    match movement.status {
        Status::Successful => {
            (other.status, other.transaction) = (Status::Failed, None);
            other.reason = Some("INTERNAL_PROCESSING_ERROR".to_owned());
        }
        _ => succeed(&mut other),
    }
    other
}

fn succeed(movement: &mut Movement) {
    (movement.status, movement.reason) = (Status::Successful, None);
    movement.transaction.get_or_insert_with(settle::transaction_id);
}

words! {
    /// What a forged callback says.
    pub enum Lie {
        /// That it succeeded, though nobody paid.
        Successful = "successful",
        /// That it succeeded, with ten times the amount.
        Amount = "amount",
        /// That something succeeded of which nobody ever heard.
        Unknown = "unknown",
    }
}

/// Sends what MTN never said. Nothing is signed, so it looks like anything else.
pub fn forge(
    desk: &Desk<'_>,
    environment: &Environment,
    movement: &Movement,
    lie: Lie,
    url: &str,
) -> rusqlite::Result<()> {
    let mut forged = movement.clone();
    succeed(&mut forged);
    match lie {
        Lie::Successful => {}
        Lie::Amount => forged.amount = forged.amount.saturating_mul(10),
        Lie::Unknown => forged.external_id = Some(ids::lower("nobody-", 8)),
    }
    let body = forged.view(environment);
    queue::forge(desk, &message(environment, movement, url, &body), &Proof::Nothing)
}
