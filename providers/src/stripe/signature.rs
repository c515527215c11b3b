//! `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>…][,v0=<hex>]`.
//!
//! A dot stands between time and body, and `whsec_` is part of the secret. `v0` is a test scheme
//! that proves nothing. Source: docs.stripe.com/webhooks/signature, read 2026-11.

use crate::signed::Scheme;

/// Five minutes, either way.
pub(super) const SCHEME: Scheme = Scheme { separator: ".", past_s: 300, future_s: 300 };
