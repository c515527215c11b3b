//! Fees: a fixed part and a part of what is sent, within bounds.
//!
//! What always holds: a fee rounds up, is never negative, and never falls when more is sent; so the
//! most that can be sent out of a total is well defined.
//!
//! Deliberately absent: tiers, promotions and taxes; a corridor chooses its schedule.

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::money::Money;

/// What we bill on top of what is sent, in its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeSchedule {
    /// Billed always; not negative.
    pub fixed: Money,
    /// Basis points of what is sent: 0 to 10,000, with at most 4 decimals.
    pub bps: Decimal,
    /// The least that is billed.
    pub min: Option<Money>,
    /// The most that is billed.
    pub max: Option<Money>,
}

/// Why a schedule gives no fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeeError {
    /// Parts of the schedule, or the amount, in different currencies.
    #[error("a fee in {expected} does not apply to {given}")]
    CurrencyMismatch { expected: Currency, given: Currency },
    /// A negative part, bounds that cross, or basis points outside 0 to 10,000 with 4 decimals.
    #[error("the fee schedule contradicts itself")]
    Contradictory,
    /// Beyond what can be counted.
    #[error("the fee is beyond what can be counted")]
    Overflow,
}

impl FeeSchedule {
    /// No fee.
    pub const fn free(currency: Currency) -> FeeSchedule {
        FeeSchedule { fixed: Money::zero(currency), bps: Decimal::ZERO, min: None, max: None }
    }

    /// The currency that is billed.
    pub const fn currency(&self) -> Currency {
        self.fixed.currency()
    }

    /// That the schedule can be billed at all.
    ///
    /// Errors: [`FeeError::CurrencyMismatch`], [`FeeError::Contradictory`].
    pub fn check(&self) -> Result<(), FeeError> {
        let bounds = [Some(self.fixed), self.min, self.max];
        for bound in bounds.into_iter().flatten() {
            self.same_currency(bound)?;
        }
        let negative = bounds.iter().flatten().any(|bound| bound.is_negative());
        let crossed = matches!((self.min, self.max), (Some(min), Some(max)) if min.minor() > max.minor());
        let bps = self.bps.normalize();
        let out_of_range = bps.is_sign_negative() || bps > Decimal::from(10_000) || bps.scale() > 4;
        if negative || crossed || out_of_range { Err(FeeError::Contradictory) } else { Ok(()) }
    }

    /// `fixed + send × bps / 10,000`, rounded up to the minor unit, within the bounds.
    ///
    /// Errors: [`FeeError`].
    pub fn fee(&self, send: Money) -> Result<Money, FeeError> {
        self.check()?;
        self.same_currency(send)?;
        self.within_bounds(send).ok_or(FeeError::Overflow)
    }

    /// The most that can be sent so that it and its fee are not above `total`; `None` if the fee
    /// leaves nothing to send.
    ///
    /// Since fees round up, one minor unit of `total` may be left over. It is not billed: what is
    /// paid is the sum of the two, never more than `total`.
    ///
    /// Errors: [`FeeError`].
    pub fn most_within(&self, total: Money) -> Result<Option<Money>, FeeError> {
        self.check()?;
        self.same_currency(total)?;
        let fits = |send: i64| {
            let send = Money::new(send, self.currency());
            let billed = self.within_bounds(send).and_then(|fee| send.checked_add(fee).ok());
            billed.is_some_and(|billed| billed.minor() <= total.minor())
        };
        let (mut most, mut too_much) = (0, i128::from(total.minor().max(0)) + 1);
        while most + 1 < too_much {
            let middle = (most + too_much) / 2;
            if i64::try_from(middle).is_ok_and(fits) { most = middle } else { too_much = middle }
        }
        let most = i64::try_from(most).map_err(|_| FeeError::Overflow)?;
        Ok((most > 0).then(|| Money::new(most, self.currency())))
    }

    fn within_bounds(&self, send: Money) -> Option<Money> {
        let bps = self.bps.normalize();
        let parts = i128::from(send.minor()).checked_mul(bps.mantissa())?;
        let whole = 10_000_i128.checked_mul(10_i128.checked_pow(bps.scale())?)?;
        let share = parts.div_euclid(whole) + i128::from(parts.rem_euclid(whole) != 0);
        let fee = i64::try_from(share).ok()?.checked_add(self.fixed.minor())?;
        let fee = self.min.map_or(fee, |min| fee.max(min.minor()));
        let fee = self.max.map_or(fee, |max| fee.min(max.minor()));
        Some(Money::new(fee, self.currency()))
    }

    fn same_currency(&self, other: Money) -> Result<(), FeeError> {
        let (expected, given) = (self.currency(), other.currency());
        if expected == given { Ok(()) } else { Err(FeeError::CurrencyMismatch { expected, given }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xof(minor: i64) -> Money {
        Money::new(minor, Currency::XOF)
    }

    fn schedule(fixed: i64, bps: &str, min: Option<i64>, max: Option<i64>) -> FeeSchedule {
        FeeSchedule { fixed: xof(fixed), bps: bps.parse().unwrap(), min: min.map(xof), max: max.map(xof) }
    }

    #[test]
    fn a_fee_rounds_up_and_keeps_within_its_bounds() {
        let fees = schedule(100, "150", Some(200), Some(5000));
        for (send, fee) in [
            (1, 200),
            (6666, 200),
            (6667, 201),
            (10_000, 250),
            (10_001, 251),
            (326_666, 5000),
            (1_000_000, 5000),
        ] {
            assert_eq!(fees.fee(xof(send)), Ok(xof(fee)), "{send}");
        }
        assert_eq!(schedule(0, "0.0001", None, None).fee(xof(1)), Ok(xof(1)));
        assert_eq!(FeeSchedule::free(Currency::XOF).fee(xof(i64::MAX)), Ok(xof(0)));
        let doubled = schedule(0, "10000", None, None);
        assert_eq!(doubled.fee(xof(i64::MAX)), Ok(xof(i64::MAX)));
        assert_eq!(schedule(1, "10000", None, None).fee(xof(i64::MAX)), Err(FeeError::Overflow));
    }

    #[test]
    fn out_of_a_total_the_most_is_sent() {
        let fees = schedule(100, "150", Some(200), Some(5000));
        for (total, send) in
            [(10_250, 10_000), (10_251, 10_000), (10_252, 10_001), (201, 1), (1_005_000, 1_000_000)]
        {
            assert_eq!(fees.most_within(xof(total)), Ok(Some(xof(send))), "{total}");
        }
        for total in [200, 1, 0, -5, i64::MIN] {
            assert_eq!(fees.most_within(xof(total)), Ok(None), "{total}");
        }
        let free = FeeSchedule::free(Currency::XOF);
        assert_eq!(free.most_within(xof(i64::MAX)), Ok(Some(xof(i64::MAX))));
    }

    #[test]
    fn a_schedule_must_make_sense() {
        let mixed = FeeSchedule { min: Some(Money::zero(Currency::EUR)), ..schedule(1, "1", None, None) };
        let mismatch = FeeError::CurrencyMismatch { expected: Currency::XOF, given: Currency::EUR };
        assert_eq!(mixed.check(), Err(mismatch));
        assert_eq!(schedule(1, "1", None, None).fee(Money::new(1, Currency::EUR)), Err(mismatch));
        for bad in [
            schedule(-1, "1", None, None),
            schedule(1, "-1", None, None),
            schedule(1, "10000.1", None, None),
            schedule(1, "0.00001", None, None),
            schedule(1, "1", Some(5), Some(4)),
            schedule(1, "1", None, Some(-4)),
        ] {
            assert_eq!(bad.fee(xof(1)), Err(FeeError::Contradictory), "{bad:?}");
            assert_eq!(bad.most_within(xof(1)), Err(FeeError::Contradictory));
        }
    }
}
