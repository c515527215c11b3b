//! The Stripe simulator over real HTTP.

mod billing;
mod checkout;
mod debits;
mod events;
mod faults;
mod kit;
mod payouts;
mod refunds;
mod transfers;
mod transport;
mod walk;
