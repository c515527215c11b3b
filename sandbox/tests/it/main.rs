//! The simulators over real HTTP, one promise of the providers' documents per test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod batches;
mod checkout;
mod control;
mod faults;
mod hosted_page;
mod kit;
mod merchants;
mod mtn;
mod orange_web;
mod payouts;
mod persistence;
mod rates;
mod sms;
mod sonatel;
mod statements;
mod stripe;
mod webhook_faults;
mod webhooks;
