//! A rate, a spread, and their exact arithmetic.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_rational::BigRational;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// How many digits the computed side of a rate has.
const SIGNIFICANT_DIGITS: i64 = 12;

/// How many one unit costs: above zero, in major units of two currencies.
///
/// Compares and prints by value: trailing zeros are dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Rate(Decimal);

/// Why a number is not a rate or a spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not a plain decimal number.
    #[error("rate is not a plain decimal number")]
    Malformed,
    /// Zero or less.
    #[error("rate is not above zero")]
    NotPositive,
    /// More than 18 significant digits or 18 decimals.
    #[error("rate has more than 18 digits")]
    TooPrecise,
    /// A spread below 0, of 10,000 basis points or more, or with more than 4 decimals.
    #[error("spread is not within 0 and 10000 basis points, with 4 decimals")]
    SpreadOutOfRange,
}

impl Rate {
    /// What a currency costs in itself.
    pub const ONE: Rate = Rate(Decimal::ONE);

    /// A rate that somebody sets: up to 18 significant digits and 18 decimals, so that a spread over
    /// it is still exact.
    ///
    /// Errors: [`RateError::NotPositive`], [`RateError::TooPrecise`].
    pub fn new(value: Decimal) -> Result<Rate, RateError> {
        let value = value.normalize();
        if value <= Decimal::ZERO {
            return Err(RateError::NotPositive);
        }
        if value.scale() > 18 || value.mantissa() >= 10_i128.pow(18) {
            return Err(RateError::TooPrecise);
        }
        Ok(Rate(value))
    }

    /// Reads `2812.5`: digits and at most one point.
    ///
    /// Errors: [`RateError::Malformed`], and those of [`Rate::new`].
    pub fn parse(text: &str) -> Result<Rate, RateError> {
        Rate::new(parse_plain(text).ok_or(RateError::Malformed)?)
    }

    /// The number, without trailing zeros.
    pub const fn decimal(self) -> Decimal {
        self.0
    }

    /// The number as a fraction.
    pub(super) fn ratio(self) -> BigRational {
        fraction(self.0)
    }

    /// The rate nearest to a fraction that has 12 significant digits, halves to even.
    ///
    /// `None` outside of what a [`Decimal`] can write.
    pub(super) fn nearest(ratio: &BigRational) -> Option<Rate> {
        let (decimals, digits) = significant(ratio)?;
        let value = match u32::try_from(decimals) {
            Ok(scale) => Decimal::try_from_i128_with_scale(digits, scale).ok()?,
            Err(_) => {
                let zeros = 10_i128.checked_pow(decimals.unsigned_abs().try_into().ok()?)?;
                Decimal::try_from_i128_with_scale(digits.checked_mul(zeros)?, 0).ok()?
            }
        };
        (value > Decimal::ZERO).then(|| Rate(value.normalize()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Rate::parse(text)
    }
}

/// What we earn on a rate, in basis points over or under mid: 0 to less than 10,000, 4 decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spread(Decimal);

/// For admins only, so no figure of it.
impl fmt::Debug for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spread(for admins)")
    }
}

impl Spread {
    /// No spread: customers get the mid.
    pub const NONE: Spread = Spread(Decimal::ZERO);

    /// `bps` basis points. Errors: [`RateError::SpreadOutOfRange`].
    pub fn new(bps: Decimal) -> Result<Spread, RateError> {
        let bps = bps.normalize();
        let in_range = !bps.is_sign_negative() && bps < Decimal::from(10_000) && bps.scale() <= 4;
        if in_range { Ok(Spread(bps)) } else { Err(RateError::SpreadOutOfRange) }
    }

    /// Reads `1250` or `37.5`. Errors: [`RateError::Malformed`], [`RateError::SpreadOutOfRange`].
    pub fn parse(text: &str) -> Result<Spread, RateError> {
        Spread::new(parse_plain(text).ok_or(RateError::Malformed)?)
    }

    /// The basis points.
    pub const fn bps(self) -> Decimal {
        self.0
    }

    /// `mid × (1 + s)`, exact; `None` only if `mid` was itself computed from a spread.
    pub(super) fn above(self, mid: Rate) -> Option<Rate> {
        scaled(mid, Decimal::from(10_000).checked_add(self.0)?)
    }

    /// `mid × (1 − s)`, exact, above zero.
    pub(super) fn below(self, mid: Rate) -> Option<Rate> {
        scaled(mid, Decimal::from(10_000).checked_sub(self.0)?)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// `mid × parts / 10,000`: at most 18 + 9 digits and 18 + 8 decimals, which a [`Decimal`] holds.
fn scaled(mid: Rate, parts: Decimal) -> Option<Rate> {
    let mantissa = mid.0.mantissa().checked_mul(parts.mantissa())?;
    let scale = mid.0.scale() + parts.scale() + 4;
    Decimal::try_from_i128_with_scale(mantissa, scale).ok().map(|value| Rate(value.normalize()))
}

fn parse_plain(text: &str) -> Option<Decimal> {
    let plain = text.starts_with(|first: char| first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { Decimal::from_str_exact(text).ok() } else { None }
}

/// A decimal number as a fraction.
pub(super) fn fraction(value: Decimal) -> BigRational {
    BigRational::new(value.mantissa().into(), power_of_ten(value.scale()))
}

/// What a whole is in basis points.
pub(super) fn ten_thousand() -> BigRational {
    BigRational::from_integer(power_of_ten(4))
}

pub(super) fn power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

/// Twelve digits `d` and the decimals `s` for which `d / 10^s` is nearest to the fraction.
fn significant(ratio: &BigRational) -> Option<(i64, i128)> {
    let length = |number: &BigInt| i64::try_from(number.to_string().len()).ok();
    let magnitude = length(ratio.numer())? - length(ratio.denom())?;
    // The value lies between 10^(magnitude - 1) and 10^(magnitude + 1): 12 or 13 digits at first.
    let decimals = SIGNIFICANT_DIGITS - magnitude;
    let digits = rounded(ratio, decimals)?;
    if digits < 10_i128.pow(12) {
        Some((decimals, digits))
    } else {
        Some((decimals - 1, rounded(ratio, decimals - 1)?))
    }
}

/// `ratio × 10^decimals`, rounded to the nearest integer, halves to even.
fn rounded(ratio: &BigRational, decimals: i64) -> Option<i128> {
    let power = power_of_ten(decimals.unsigned_abs().try_into().ok()?);
    let shifted = if decimals < 0 { ratio / power } else { ratio * power };
    let (below, half) = (shifted.floor(), BigRational::new(1.into(), 2.into()));
    let rest = &shifted - &below;
    let below = below.to_integer().to_i128()?;
    let rounds_up = rest > half || (rest == half && below % 2 == 1);
    below.checked_add(i128::from(rounds_up))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        Rate::parse(text).unwrap()
    }

    fn nearest(numerator: i64, denominator: i64) -> String {
        Rate::nearest(&BigRational::new(numerator.into(), denominator.into())).unwrap().to_string()
    }

    #[test]
    fn rates_are_plain_positive_numbers_of_18_digits() {
        for (text, printed) in [
            ("2812.5", "2812.5"),
            ("655.9570", "655.957"),
            ("0.000000000000000001", "0.000000000000000001"),
            ("999999999999999999", "999999999999999999"),
        ] {
            assert_eq!(rate(text).to_string(), printed);
        }
        for text in ["", "-1", "+1", "1e3", "1_000", ".5", "5.", "1.2.3", " 1", "NaN"] {
            assert_eq!(Rate::parse(text), Err(RateError::Malformed), "{text}");
        }
        assert_eq!(Rate::parse("0.00"), Err(RateError::NotPositive));
        assert_eq!(Rate::new(Decimal::NEGATIVE_ONE), Err(RateError::NotPositive));
        for text in ["1234567890.123456789", "0.0000000000000000001", "1000000000000000000"] {
            assert_eq!(Rate::parse(text), Err(RateError::TooPrecise), "{text}");
        }
    }

    #[test]
    fn spreads_are_exact_even_over_the_longest_rate() {
        let spread = |text| Spread::parse(text).unwrap();
        assert_eq!(spread("1250").above(rate("2500")), Some(rate("2812.5")));
        assert_eq!(spread("150").below(rate("9400")), Some(rate("9259")));
        assert_eq!(spread("0").below(rate("9400")), Some(rate("9400")));
        let longest = spread("9999.9999").above(rate("0.999999999999999999")).unwrap();
        assert_eq!(longest.to_string(), "1.99999998999999999800000001");
        let least = spread("9999.9999").below(rate("0.000000000000000001")).unwrap();
        assert_eq!(least.to_string(), "0.00000000000000000000000001");
    }

    #[test]
    fn spreads_stay_between_nothing_and_everything() {
        for text in ["10000", "10001", "0.00001", "123456789012345"] {
            assert_eq!(Spread::parse(text), Err(RateError::SpreadOutOfRange), "{text}");
        }
        assert_eq!(Spread::new(Decimal::NEGATIVE_ONE), Err(RateError::SpreadOutOfRange));
        assert_eq!(Spread::parse("-1"), Err(RateError::Malformed));
        assert_eq!(Spread::parse("37.50").unwrap().to_string(), "37.5");
    }

    #[test]
    fn the_computed_side_has_twelve_significant_digits() {
        assert_eq!(nearest(10, 28_125), "0.000355555555556");
        assert_eq!(nearest(1, 3), "0.333333333333");
        assert_eq!(nearest(2, 3), "0.666666666667");
        assert_eq!(nearest(1, 1), "1");
        assert_eq!(nearest(1, 1000), "0.001");
        assert_eq!(nearest(1000, 655_957), "0.00152449017237");
        assert_eq!(nearest(9_999_999_999_999, 10), "1000000000000");
        assert_eq!(nearest(1_234_567_890_123_456_789, 1), "1234567890120000000");
    }

    #[test]
    fn halves_go_to_the_even_digit() {
        assert_eq!(nearest(1_000_000_000_005, 1_000_000_000_000), "1");
        assert_eq!(nearest(1_000_000_000_015, 1_000_000_000_000), "1.00000000002");
        assert_eq!(nearest(1_000_000_000_025, 1_000_000_000_000), "1.00000000002");
    }

    #[test]
    fn what_no_decimal_can_write_is_refused() {
        let huge = BigRational::from_integer(power_of_ten(30));
        assert_eq!(Rate::nearest(&huge), None);
        assert_eq!(Rate::nearest(&huge.recip()), None);
    }
}
