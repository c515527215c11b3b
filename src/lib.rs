//! MoneyBridge: a self-hosted gateway for mobile money.
//!
//! The rooms and what each has never heard of are in `docs/ARCHITECTURE.md`. This library is the
//! gateway without its `main`, so that tests can start it in their own process.

pub mod api;
pub mod app;
pub mod clock;
pub mod commands;
pub mod config;
pub mod services;
pub mod simulators;
pub mod telemetry;
pub mod workers;
