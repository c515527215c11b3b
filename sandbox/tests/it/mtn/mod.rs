//! The MTN simulator over real HTTP.

mod access;
mod callbacks;
mod collecting;
mod consents;
mod faults;
mod holders;
mod kit;
mod others;
mod paying_out;
mod provisioning;
