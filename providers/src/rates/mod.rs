//! Exchange rates from outside: one sheet at a time, over HTTP.
//!
//! Read is the JSON that public rate services share: a base, an instant or a day, and what one unit of the base is
//! worth in other currencies. Numbers are taken digit by digit from the text, never through a float.
//!
//! | Service | Base | As of |
//! |---|---|---|
//! | ExchangeRate-API, open access (`https://open.er-api.com/v6/latest/EUR`) | `base_code` | `time_last_update_unix` |
//! | Frankfurter v1 (`https://api.frankfurter.dev/v1/latest?base=EUR`) | `base` | `date`, a day |
//! | Fixer, Open Exchange Rates and kin | `base` | `timestamp` |
//!
//! Sources: <https://www.exchangerate-api.com/docs/free> and <https://frankfurter.dev/v1/>, read 2026-11.
//!
//! Deliberately absent: schedules, spreads, and whether a rate is believed.

mod sheet;

#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

pub use sheet::{RateSheet, SheetError};

use crate::{HttpClient, ProviderError, Request};

/// Why no sheet was read. None of it carries a rate or the address, which may hold a key.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RateSourceError {
    /// No answer, or not a whole one.
    #[error("no answer: {0}")]
    NoAnswer(ProviderError),
    /// An answer other than success.
    #[error("status {0}")]
    Status(u16),
    /// An answer that is not a sheet of rates.
    #[error(transparent)]
    Unreadable(#[from] SheetError),
}

/// Somebody who says what currencies are worth.
#[async_trait]
pub trait RateSource: Send + Sync {
    /// What they say now.
    async fn read(&self) -> Result<RateSheet, RateSourceError>;
}

/// A public rate service.
pub struct HttpRates {
    url: SecretString,
    client: HttpClient,
    deadline: Duration,
}

impl HttpRates {
    /// Reads from `url`, which may hold a key; each reading ends within `deadline`.
    pub fn new(url: SecretString, client: HttpClient, deadline: Duration) -> HttpRates {
        HttpRates { url, client, deadline }
    }
}

#[async_trait]
impl RateSource for HttpRates {
    async fn read(&self) -> Result<RateSheet, RateSourceError> {
        let request = Request::get(self.url.expose_secret().to_owned())
            .header(header::ACCEPT, HeaderValue::from_static("application/json"));
        let answer = self.client.send(&request, self.deadline).await.map_err(RateSourceError::NoAnswer)?;
        if !answer.is_success() {
            return Err(RateSourceError::Status(answer.status));
        }
        Ok(RateSheet::parse(&answer.body)?)
    }
}
