//! One binary for all tests that look at the gateway from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod alerts;
mod auth;
mod backup;
mod bad_input;
mod canary;
mod cli;
mod demo;
mod fuzz;
mod lists;
mod numbers;
mod pair;
mod rates;
mod simulation;
mod staff;
mod staff_command;
mod statements;
mod stories;
mod testkit;
mod tidy;
mod treasury;
mod watching;
