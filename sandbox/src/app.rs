//! What every handler shares, and the desk at which a provider does its work.

use std::cell::Cell;
use std::sync::Arc;

use rusqlite::Transaction;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::books::Books;
use crate::clock::{Clock, Instant};
use crate::config::SandboxConfig;
use crate::fault::Faults;
use crate::{courier, sonatel, stripe};

/// The state of the running simulators.
pub type Shared = Arc<App>;

/// Everything that lives as long as the simulators.
#[derive(Debug)]
pub struct App {
    /// What they were started with.
    pub config: SandboxConfig,
    /// Their one address, as `http://127.0.0.1:41234`.
    pub base_url: String,
    /// The books of every provider.
    pub books: Books,
    /// The clock of every provider.
    pub clock: Clock,
    /// What is set to go wrong.
    pub faults: Faults,
    /// Sends callbacks.
    pub http: reqwest::Client,
    /// Rung when a callback is owed.
    pub bell: Notify,
    /// What the Stripe simulator keeps outside the books.
    pub stripe: stripe::Loose,
    /// What the Sonatel simulator keeps outside the books.
    pub sonatel: sonatel::Loose,
    /// Cancelled when the simulators stop.
    pub stop: CancellationToken,
}

/// One piece of work in one transaction at one instant.
#[derive(Debug)]
pub struct Desk<'t> {
    /// The open transaction.
    pub tx: &'t Transaction<'t>,
    /// The simulators around it.
    pub app: &'t App,
    /// When it happens.
    pub now: Instant,
    owes_callbacks: &'t Cell<bool>,
}

impl<'t> Desk<'t> {
    /// The same work as if it were `now`: for what fell due while the clock leapt.
    pub fn at(&self, now: Instant) -> Desk<'t> {
        Desk { tx: self.tx, app: self.app, now, owes_callbacks: self.owes_callbacks }
    }

    /// Rings the bell after the commit.
    pub fn owe_callbacks(&self) {
        self.owes_callbacks.set(true);
    }
}

impl App {
    /// The address by which browsers reach the hosted pages.
    pub fn public_url(&self) -> &str {
        self.config.public_url.as_deref().unwrap_or(&self.base_url).trim_end_matches('/')
    }

    /// Does `work` in one transaction, after everything whose time has come.
    pub fn at_desk<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Desk<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let now = self.clock.now();
        let owes = Cell::new(false);
        let result = self.books.write(|tx| {
            let desk = Desk { tx, app: self, now, owes_callbacks: &owes };
            courier::settle(&desk)?;
            work(&desk)
        });
        if owes.get() && result.is_ok() {
            self.bell.notify_one();
        }
        result
    }
}
