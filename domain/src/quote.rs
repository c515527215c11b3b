//! Quotes: an offer until a time.
//!
//! A quote freezes rate, fee and terms until `expires_at`, serves exactly one transfer, and is
//! honoured or refused as a whole. It is priced by one function of what was asked, the corridor's
//! terms, the rates and the instant.
//!
//! Deliberately absent: which corridors exist, and whether a quote was used; both are the store's.

mod error;

pub use error::QuoteError;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use crate::country::Country;
use crate::currency::Currency;
use crate::fee::FeeSchedule;
use crate::for_admins::ForAdmins;
use crate::fx::{Conversion, FxError, Route};
use crate::ids::{QuoteId, UserId};
use crate::money::Money;
use crate::rail::Rail;

words! {
    /// Which amount the customer fixed.
    pub enum Side as "side" {
        /// What is sent, the fee on top.
        Send = "send",
        /// What is received.
        Receive = "receive",
        /// What is paid in all.
        Total = "total",
    }
}

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRequest {
    /// A fresh id.
    pub id: QuoteId,
    /// Who asks.
    pub owner: UserId,
    /// Where the payer is.
    pub from_country: Country,
    /// Where the payee is.
    pub to_country: Country,
    /// How it will be paid.
    pub funding_rail: Rail,
    /// How it will be paid out.
    pub payout_rail: Rail,
    /// Which amount is fixed.
    pub side: Side,
    /// That amount: in the sent currency for send and total, in the received one for receive.
    pub amount: Money,
}

/// What a corridor offers to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorridorTerms {
    /// Billed on top of what is sent.
    pub fee: FeeSchedule,
    /// The least that may be sent.
    pub min: Money,
    /// The most that may be sent.
    pub max: Money,
    /// How long the offer stands.
    pub ttl: TimeDelta,
    /// How long a payer who took it at the last moment still has to pay.
    pub funding_window: TimeDelta,
    /// How long delivery usually takes once paid, in seconds.
    pub delivery_estimate_s: i64,
}

/// An offer, frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its identity.
    pub id: QuoteId,
    /// Whom it was made to.
    pub owner: UserId,
    /// Where the payer is.
    pub from_country: Country,
    /// Where the payee is.
    pub to_country: Country,
    /// How it will be paid.
    pub funding_rail: Rail,
    /// How it will be paid out.
    pub payout_rail: Rail,
    /// Which amount the customer fixed.
    pub side: Side,
    /// What is converted.
    pub send: Money,
    /// What the payee gets.
    pub receive: Money,
    /// What we bill on top of `send`.
    pub fee: Money,
    /// `send + fee`; never above what was asked for on side total.
    pub total_to_pay: Money,
    /// Received per unit sent.
    pub rate: Decimal,
    /// Sent per unit received.
    pub inverse: Decimal,
    /// What the conversion earns us. For admins only.
    pub margin: ForAdmins<Money>,
    /// When it was priced.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// Money that arrives later goes to suspense.
    pub funding_deadline: DateTime<Utc>,
    /// How long delivery usually takes once paid, in seconds.
    pub delivery_estimate_s: i64,
    /// SHA-256 of [`Quote::terms_text`].
    pub terms_digest: [u8; 32],
}

impl Quote {
    /// Prices what was asked, at `now`.
    ///
    /// Side send converts the amount and adds the fee; side receive finds what must be sent, rounded
    /// up; side total sends the most that fits with its fee, and leaves unbilled the minor unit that
    /// may remain. The corridor's limits are on what is sent.
    ///
    /// Errors: [`QuoteError`].
    pub fn price(
        asked: QuoteRequest,
        terms: &CorridorTerms,
        route: &Route,
        now: DateTime<Utc>,
    ) -> Result<Quote, QuoteError> {
        check_amount(&asked, route)?;
        terms.check(route.send())?;
        let conversion = terms.convert(asked.side, asked.amount, route)?;
        let fee = terms.fee.fee(conversion.send)?;
        let total_to_pay = conversion.send.checked_add(fee).map_err(|_| QuoteError::Overflow)?;
        let expires_at = later(now, terms.ttl)?;
        let funding_deadline = later(expires_at, terms.funding_window)?;
        let quote = Quote {
            id: asked.id,
            owner: asked.owner,
            from_country: asked.from_country,
            to_country: asked.to_country,
            funding_rail: asked.funding_rail,
            payout_rail: asked.payout_rail,
            side: asked.side,
            send: conversion.send,
            receive: conversion.receive,
            fee,
            total_to_pay,
            rate: conversion.rate.decimal(),
            inverse: conversion.inverse.decimal(),
            margin: ForAdmins::new(conversion.margin),
            created_at: now,
            expires_at,
            funding_deadline,
            delivery_estimate_s: terms.delivery_estimate_s,
            terms_digest: [0; 32],
        };
        Ok(Quote { terms_digest: quote.digest(), ..quote })
    }

    /// Whether the offer is over; at `expires_at` it is.
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }

    /// What the digest is over: a line per term, in a fixed order, under a version.
    ///
    /// The id is within, so that a digest stands for one quote only. The margin is not: everything
    /// else is known to the customer, who could find it by trying.
    pub fn terms_text(&self) -> String {
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let terms: [(&str, String); 17] = [
            ("id", self.id.to_string()),
            ("owner", self.owner.to_string()),
            ("from_country", self.from_country.to_string()),
            ("to_country", self.to_country.to_string()),
            ("funding_rail", self.funding_rail.to_string()),
            ("payout_rail", self.payout_rail.to_string()),
            ("side", self.side.to_string()),
            ("send", self.send.to_string()),
            ("receive", self.receive.to_string()),
            ("fee", self.fee.to_string()),
            ("total_to_pay", self.total_to_pay.to_string()),
            ("rate", self.rate.normalize().to_string()),
            ("inverse", self.inverse.normalize().to_string()),
            ("created_at", instant(self.created_at)),
            ("expires_at", instant(self.expires_at)),
            ("funding_deadline", instant(self.funding_deadline)),
            ("delivery_estimate_s", self.delivery_estimate_s.to_string()),
        ];
        let lines = terms.map(|(name, value)| format!("{name}={value}\n"));
        format!("quote terms v1\n{}", lines.concat())
    }

    /// SHA-256 of [`Quote::terms_text`], computed afresh.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.terms_text()).into()
    }

    /// The frozen digest in 64 lower-case hexadecimal characters.
    pub fn terms_digest_hex(&self) -> String {
        self.terms_digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl CorridorTerms {
    fn check(&self, send: Currency) -> Result<(), QuoteError> {
        self.fee.check()?;
        let currencies = [self.fee.currency(), self.min.currency(), self.max.currency()];
        let negative = self.ttl <= TimeDelta::zero() || self.funding_window < TimeDelta::zero();
        if currencies != [send; 3] || self.min.minor() > self.max.minor() || negative {
            return Err(QuoteError::Contradictory);
        }
        Ok(())
    }

    fn convert(&self, side: Side, amount: Money, route: &Route) -> Result<Conversion, QuoteError> {
        let out_of_range = || QuoteError::AmountOutOfRange { min: self.min, max: self.max };
        let send = match side {
            Side::Send => amount,
            Side::Total => self.fee.most_within(amount)?.ok_or_else(out_of_range)?,
            Side::Receive => match route.convert_receive(amount) {
                // What cannot be counted is more than the corridor takes.
                Err(FxError::Overflow) => return Err(out_of_range()),
                converted => {
                    let converted = converted?;
                    return if self.takes(converted.send) { Ok(converted) } else { Err(out_of_range()) };
                }
            },
        };
        if self.takes(send) { Ok(route.convert_send(send)?) } else { Err(out_of_range()) }
    }

    fn takes(&self, send: Money) -> bool {
        (self.min.minor()..=self.max.minor()).contains(&send.minor())
    }
}

fn check_amount(asked: &QuoteRequest, route: &Route) -> Result<(), QuoteError> {
    let (amount, given) = (asked.amount, asked.amount.currency());
    if !amount.is_positive() {
        return Err(QuoteError::NotPositive { amount });
    }
    let expected = match asked.side {
        Side::Send | Side::Total => route.send(),
        Side::Receive => route.receive(),
    };
    if given == expected { Ok(()) } else { Err(QuoteError::CurrencyMismatch { expected, given }) }
}

fn later(at: DateTime<Utc>, by: TimeDelta) -> Result<DateTime<Utc>, QuoteError> {
    at.checked_add_signed(by).ok_or(QuoteError::Overflow)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
