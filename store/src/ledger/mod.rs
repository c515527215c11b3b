//! The ledger as stored: accounts, entries, holds, and the sealed chain over them. Only the writer appends.
//!
//! Entries commit unsealed, so that no two writers meet on a head. The [`sealer`] numbers them within a second, chains
//! them into blocks and builds what lists need; [`verify`] recomputes all of it from the rows.

mod block;
pub(crate) mod keys;
mod lines;
mod rows;
mod sheet;
mod snapshot;

pub mod accounts;
pub mod entries;
pub mod sealer;
pub mod since;
pub mod trial;
pub mod verify;
