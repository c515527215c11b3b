//! What the gateway can be asked to do: a function per use-case.
//!
//! A service plans with the domain, writes through the store and answers in the house's words. What only reads,
//! or writes no value, opens its own transaction; no provider is called while one is open.
//!
//! Deliberately absent: HTTP, SQL text, and any provider by name.

pub mod alerts;
pub mod approvals;
pub mod attention;
pub mod auth;
pub mod bank;
pub mod books;
pub mod callback_doors;
pub mod callbacks;
pub mod caller;
mod calls;
pub mod cases;
pub mod error;
pub mod evidence;
mod facts;
pub mod feed;
mod fees;
pub mod mandates;
pub mod me;
mod notices;
pub mod numbers;
pub mod offer;
pub mod opening;
pub mod people;
pub mod promises;
pub mod quotes;
pub mod rails;
pub mod rates;
pub mod readiness;
mod recipients;
mod revaluations;
pub mod sandbox;
pub mod screening;
pub mod statements;
pub mod texts;
pub mod transfers;
pub mod treasury;

pub use caller::{Caller, IdempotencyKey, Visitor};
pub use error::{FieldError, ServiceError};
pub use store::users::{Language, Role, Roles, User, UserStatus};
