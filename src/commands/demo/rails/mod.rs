//! Every rail: one scene for each corridor that a sandbox serves, and the people who pay where no provider does.

pub mod corridors;
pub mod counter;
