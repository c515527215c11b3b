//! The Orange Web Payment simulator over real HTTP.

mod control;
mod creation;
mod faults;
mod kit;
mod notifications;
mod page;
mod status;
mod tokens;
