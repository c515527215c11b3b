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
