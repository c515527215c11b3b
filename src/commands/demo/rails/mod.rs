//! Every rail: one scene for each corridor that a sandbox serves, the people who pay where no provider does, and every
//! fault around every request that moves money.

mod cast;
pub mod corridors;
pub mod counter;
pub mod fault;
pub mod faults;
mod judge;
pub mod trials;
