//! The Stripe simulator over real HTTP.

mod kit;
mod transfers;
mod transport;
