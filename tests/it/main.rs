//! One binary for all tests that look at the gateway from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod backup;
mod auth;
mod cli;
mod engine;
mod staff_command;
