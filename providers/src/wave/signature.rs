//! `Wave-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>…]`, the same for requests and webhooks.
//!
//! Time is directly followed by the body: no dot, no separator. Much public sample code has a dot,
//! or signs the body alone; both are wrong. Source: docs.wave.com/webhook and /business, read 2026-11.

use crate::signed::Scheme;

/// Five minutes back, half a minute ahead.
pub(super) const SCHEME: Scheme = Scheme { separator: "", past_s: 300, future_s: 30 };
