//! Subscriptions, their invoices, and the clocks by which months pass.

mod catalogue;
mod checkout;
mod clocks;
mod dunning;
mod invoices;
mod kit;
mod renewals;
mod shapes;
mod walk;
