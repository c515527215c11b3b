//! The ledger as stored: accounts and holds. Only the writer changes it.

mod rows;
