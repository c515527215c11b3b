//! Orange's interfaces, which share a name and little else.
//!
//! [`OrangeWeb`] is the hosted payment page of `api.orange.com`, [`OrangeSonatel`] the wallet
//! interface of Senegal at `api.orange-sonatel.com`; text messages ([`crate::OrangeSms`]) share
//! the first one's token. Fields of one are never those of another.
//!
//! Source: developer.orange.com (error handling, OAuth, Web Payment developer guide), and what
//! clients of both interfaces agree upon, read 2026-11. Nothing here was ever compared with an
//! answer that Orange gave to us.

pub(crate) mod oauth;
pub(crate) mod said;
pub mod sonatel;
mod terms;
pub mod web;

pub use sonatel::{
    OrangeSonatel, OrangeSonatelConfig, OrangeSonatelConfigError, SonatelProof, SonatelRole, SonatelWebhooks,
};
pub use web::{OrangeWeb, OrangeWebConfig, OrangeWebConfigError};

/// A payload of `fixtures/` as the response that carries it.
#[cfg(test)]
fn fixture(folder: &str, name: &str) -> crate::Response {
    let path = format!("{}/fixtures/{folder}/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let fixture: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in ["page", "read", "note"] {
        assert!(fixture[key].is_string(), "{path} does not name its {key}");
    }
    let body = match &fixture["text"] {
        serde_json::Value::String(text) => text.clone().into_bytes(),
        _ => serde_json::to_vec(&fixture["body"]).unwrap(),
    };
    let status = u16::try_from(fixture["status"].as_u64().unwrap()).unwrap();
    crate::Response { status, headers: http::HeaderMap::new(), body }
}
