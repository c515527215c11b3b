//! Stripe, for euros in the SEPA area: collections by bank transfer and by direct debit.
//!
//! Source: docs.stripe.com, read 2026-11, for the API version `2026-09-30.endive`.

mod config;

pub use config::{StripeConfig, StripeConfigError};
