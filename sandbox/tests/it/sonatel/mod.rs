//! The simulator of Orange Sonatel, one promise of its documents per test.

mod accounts;
mod bulks;
mod cashins;
mod collections;
mod faults;
pub mod kit;
mod notifications;
mod payments;
mod pins;
mod statuses;
mod tokens;
