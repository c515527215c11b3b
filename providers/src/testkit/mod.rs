//! What the tests of every adapter need: payloads, tables, forgeries, and what no input may bring about.
//!
//! `fixtures/<provider>/` holds payloads, each naming the page that its shape was read from.

mod forge;
mod never;

use http::HeaderMap;
use serde_json::Value;

pub(crate) use forge::{Forgery, Genuine, digest};
pub(crate) use never::{
    chance_proves_nothing, json_value, random_bytes_are_never_an_outcome, unknown_codes_never_end_a_movement,
    unknown_word,
};

use crate::{Outcome, ProviderError, Response};

/// A payload of `fixtures/` as the response that carries it.
pub(crate) fn fixture(provider: &str, name: &str) -> Response {
    let path = format!("{}/fixtures/{provider}/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let fixture: Value = serde_json::from_str(&text).unwrap();
    for key in ["page", "read", "note"] {
        assert!(fixture[key].is_string(), "{path} does not name its {key}");
    }
    let body = match &fixture["text"] {
        Value::String(text) => text.clone().into_bytes(),
        _ => serde_json::to_vec(&fixture["body"]).unwrap(),
    };
    let mut response = response(u16::try_from(fixture["status"].as_u64().unwrap()).unwrap(), &body);
    for (name, value) in fixture["headers"].as_object().into_iter().flatten() {
        let name: http::HeaderName = name.parse().unwrap();
        response.headers.insert(name, value.as_str().unwrap().parse().unwrap());
    }
    response
}

/// A response with one string in it replaced by another.
pub(crate) fn altered(original: &Response, from: &str, to: &str) -> Response {
    let text = std::str::from_utf8(&original.body).unwrap();
    assert!(text.contains(from), "the payload does not hold {from}");
    response(original.status, text.replace(from, to).as_bytes())
}

/// A response without headers.
pub(crate) fn response(status: u16, body: &[u8]) -> Response {
    Response { status, headers: HeaderMap::new(), body: body.to_vec() }
}

/// `succeeded`, `declined insufficient_funds`, `uncertain`: the shape of an answer, for tables.
pub(crate) fn shape(answer: &Result<Outcome, ProviderError>) -> String {
    match answer {
        Ok(Outcome::Declined { code, .. }) => format!("declined {code}"),
        Ok(Outcome::Pending { executing: true, .. }) => "executing".to_owned(),
        Ok(outcome) => outcome.as_str().to_owned(),
        Err(error) => error.as_str().to_owned(),
    }
}
