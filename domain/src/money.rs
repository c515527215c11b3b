//! Money: a count of minor units and the currency they are of.
//!
//! Arithmetic is checked: it refuses two currencies and it refuses to wrap. Amounts may be
//! negative, since balances and corrections are; what must be positive says so where it is used.
//!
//! Deliberately absent: `+`, `<` and floats. Operators could not say why they refused, and amounts
//! of two currencies have no order.

use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::currency::Currency;

/// An amount: `minor` units of `currency`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an amount could not be read or computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal number.
    #[error("amount is not a plain decimal number")]
    Malformed,
    /// More decimals than the currency has.
    #[error("{currency} has {} decimals, the amount has more", .currency.exponent())]
    TooManyDecimals {
        /// The currency the amount was to be in.
        currency: Currency,
    },
    /// Two currencies met in one sum.
    #[error("{left} and {right} cannot be combined")]
    CurrencyMismatch {
        /// Currency of the first operand.
        left: Currency,
        /// Currency of the second operand.
        right: Currency,
    },
    /// Beyond what 64-bit minor units can count.
    #[error("amount in {currency} is too large to count")]
    Overflow {
        /// The currency of the amount.
        currency: Currency,
    },
}

impl Money {
    /// `minor` units: `Money::new(1050, Currency::EUR)` is 10.50 euro.
    pub const fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Money {
        Money::new(0, currency)
    }

    /// The count of minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// What the units are of.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether the amount is above zero.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The sum. Errors: another currency, overflow.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.counted(self.minor.checked_add(other.minor))
    }

    /// The difference, which may be negative. Errors: another currency, overflow.
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.counted(self.minor.checked_sub(other.minor))
    }

    /// The opposite amount. Errors: overflow, for the one most negative count.
    pub fn checked_neg(self) -> Result<Money, MoneyError> {
        self.counted(self.minor.checked_neg())
    }

    /// How two amounts of one currency compare. Errors: another currency.
    pub fn checked_cmp(self, other: Money) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    /// Reads major units: `10000.50`, `-3`, `0.05`.
    ///
    /// The grammar is that of a JSON number without exponent: digits without a superfluous leading
    /// zero, an optional `-`, at most as many decimals as the currency has (fewer are fine). No `+`,
    /// no space, no separator, no bare point.
    ///
    /// Errors: [`MoneyError::Malformed`], [`MoneyError::TooManyDecimals`], [`MoneyError::Overflow`].
    pub fn parse(major: &str, currency: Currency) -> Result<Money, MoneyError> {
        let (negative, unsigned) = match major.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, major),
        };
        let (whole, decimals) = split_point(unsigned)?;
        let missing = (currency.exponent() as usize)
            .checked_sub(decimals.len())
            .ok_or(MoneyError::TooManyDecimals { currency })?;
        let digits = whole.bytes().chain(decimals.bytes()).chain(std::iter::repeat_n(b'0', missing));
        let minor = count(digits, negative).ok_or(MoneyError::Overflow { currency })?;
        Ok(Money::new(minor, currency))
    }

    /// Writes major units with exactly as many decimals as the currency has: `28125000`, `10000.00`.
    pub fn major(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let sign = if self.is_negative() { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, decimals) = digits.split_at(digits.len() - exponent);
        if decimals.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") }
    }

    /// The amount in major units, exact.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.exponent())
    }

    /// The least amount that is not below `major` units: how what is paid is rounded.
    ///
    /// Errors: [`MoneyError::Overflow`].
    pub fn ceil(major: Decimal, currency: Currency) -> Result<Money, MoneyError> {
        Money::rounded(major, currency, |minor| minor.ceil())
    }

    /// The greatest amount that is not above `major` units: how what is received is rounded.
    ///
    /// Errors: [`MoneyError::Overflow`].
    pub fn floor(major: Decimal, currency: Currency) -> Result<Money, MoneyError> {
        Money::rounded(major, currency, |minor| minor.floor())
    }

    /// Moves the point by the exponent, which is exact: the mantissa stays, the scale shrinks.
    fn rounded(
        major: Decimal,
        currency: Currency,
        round: fn(&Decimal) -> Decimal,
    ) -> Result<Money, MoneyError> {
        let exponent = currency.exponent();
        let minor = match major.scale().checked_sub(exponent) {
            Some(scale) => Decimal::try_from_i128_with_scale(major.mantissa(), scale).ok(),
            None => major.checked_mul(Decimal::from(10_u64.pow(exponent))),
        };
        minor
            .and_then(|minor| round(&minor).to_i64())
            .map(|minor| Money::new(minor, currency))
            .ok_or(MoneyError::Overflow { currency })
    }

    fn same_currency(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
    }

    fn counted(self, minor: Option<i64>) -> Result<Money, MoneyError> {
        let currency = self.currency;
        minor.map(|minor| Money::new(minor, currency)).ok_or(MoneyError::Overflow { currency })
    }
}

impl fmt::Display for Money {
    /// `2500 XOF`, `10000.00 CNY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major(), self.currency)
    }
}

/// Checks the grammar of an unsigned decimal and splits it at its point.
fn split_point(unsigned: &str) -> Result<(&str, &str), MoneyError> {
    let (whole, decimals) = match unsigned.split_once('.') {
        Some((_, "")) => return Err(MoneyError::Malformed),
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let only_digits = whole.bytes().chain(decimals.bytes()).all(|byte| byte.is_ascii_digit());
    let superfluous_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || !only_digits || superfluous_zero {
        return Err(MoneyError::Malformed);
    }
    Ok((whole, decimals))
}

/// Counts on the side of the sign, so that the most negative amount can be read back too.
fn count(digits: impl Iterator<Item = u8>, negative: bool) -> Option<i64> {
    let mut minor = 0_i64;
    for digit in digits {
        let digit = i64::from(digit - b'0');
        minor = minor.checked_mul(10)?;
        minor = if negative { minor.checked_sub(digit) } else { minor.checked_add(digit) }?;
    }
    Some(minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    #[test]
    fn amounts_read_and_print_as_people_write_them() {
        let kwd = Currency::parse("KWD").unwrap();
        let table = [
            ("10000.50", Currency::EUR, 1_000_050, "10000.50"),
            ("10000.5", Currency::EUR, 1_000_050, "10000.50"),
            ("10000", Currency::CNY, 1_000_000, "10000.00"),
            ("28125000", Currency::GNF, 28_125_000, "28125000"),
            ("0", Currency::XOF, 0, "0"),
            ("0.05", Currency::EUR, 5, "0.05"),
            ("-0.05", Currency::EUR, -5, "-0.05"),
            ("-3", Currency::XOF, -3, "-3"),
            ("1.005", kwd, 1005, "1.005"),
            ("9223372036854775807", Currency::XOF, i64::MAX, "9223372036854775807"),
            ("-92233720368547758.08", Currency::EUR, i64::MIN, "-92233720368547758.08"),
        ];
        for (text, currency, minor, printed) in table {
            let money = Money::parse(text, currency).unwrap();
            assert_eq!(money.minor(), minor, "{text}");
            assert_eq!(money.major(), printed);
        }
        assert_eq!(Money::new(2500, Currency::XOF).to_string(), "2500 XOF");
    }

    #[test]
    fn what_is_not_a_plain_decimal_is_refused() {
        let bad = [
            "",
            "-",
            "+1",
            "1e3",
            "1E3",
            " 1",
            "1 ",
            "1,5",
            "1_000",
            ".5",
            "5.",
            ".",
            "--1",
            "1.2.3",
            "0x10",
            "NaN",
            "inf",
            "٣",
            "1\u{a0}000",
            "007",
            "00",
            "-01",
            "1\n",
            "1.-5",
        ];
        for text in bad {
            assert_eq!(Money::parse(text, Currency::EUR), Err(MoneyError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn more_decimals_than_the_currency_has_are_refused() {
        for (text, currency) in [("1.0", Currency::XOF), ("1.000", Currency::EUR)] {
            assert_eq!(Money::parse(text, currency), Err(MoneyError::TooManyDecimals { currency }));
        }
    }

    #[test]
    fn beyond_64_bits_is_refused_not_wrapped() {
        let overflow = Err(MoneyError::Overflow { currency: Currency::EUR });
        assert_eq!(Money::parse("92233720368547758.08", Currency::EUR), overflow);
        assert_eq!(Money::parse(&"9".repeat(400), Currency::EUR), overflow);
        assert_eq!(eur(i64::MAX).checked_add(eur(1)), overflow);
        assert_eq!(eur(i64::MIN).checked_sub(eur(1)), overflow);
        assert_eq!(eur(i64::MIN).checked_neg(), overflow);
        assert_eq!(Money::ceil(Decimal::MAX, Currency::EUR), overflow);
        assert!(Money::floor(Decimal::MIN, Currency::XOF).is_err());
    }

    #[test]
    fn two_currencies_never_meet_in_a_sum() {
        let xof = Money::new(1, Currency::XOF);
        let refused = MoneyError::CurrencyMismatch { left: Currency::EUR, right: Currency::XOF };
        assert_eq!(eur(1).checked_add(xof), Err(refused));
        assert_eq!(eur(1).checked_sub(xof), Err(refused));
        assert_eq!(eur(1).checked_cmp(xof), Err(refused));
        assert_eq!(eur(1).checked_cmp(eur(2)), Ok(Ordering::Less));
    }

    #[test]
    fn rounding_goes_the_way_it_says_on_both_sides_of_zero() {
        let third = Decimal::new(10_333, 3); // 10.333
        assert_eq!(Money::floor(third, Currency::EUR), Ok(eur(1033)));
        assert_eq!(Money::ceil(third, Currency::EUR), Ok(eur(1034)));
        assert_eq!(Money::floor(-third, Currency::EUR), Ok(eur(-1034)));
        assert_eq!(Money::ceil(-third, Currency::EUR), Ok(eur(-1033)));
        assert_eq!(Money::floor(Decimal::from(7), Currency::EUR), Ok(eur(700)));
        let fine = Decimal::new(1, 28);
        assert_eq!(Money::ceil(fine, Currency::XOF), Ok(Money::new(1, Currency::XOF)));
    }
}
