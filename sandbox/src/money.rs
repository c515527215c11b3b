//! Amounts as Wave writes them: decimal strings outside, whole minor units inside.
//!
//! Never a float, never a number in JSON. XOF has no decimals; other currencies have as many as
//! ISO 4217 gives them, at most two. Fifteen digits of minor units are the most one amount may
//! have, so that no sum of amounts overflows the books.

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with at most one `.` between them, or with a leading zero too many.
    #[error("amount is not a plain decimal number")]
    Malformed,
    /// More decimals than the currency has.
    #[error("amount has more decimals than its currency allows")]
    TooManyDecimals,
    /// Zero.
    #[error("amount must be greater than zero")]
    NotPositive,
    /// More than fifteen digits of minor units.
    #[error("amount is too large")]
    TooLarge,
}

/// How many decimals `currency` has.
pub fn decimals(currency: &str) -> usize {
    match currency {
        "XOF" | "XAF" | "UGX" | "GNF" | "OUV" => 0,
        _ => 2,
    }
}

/// Reads an amount of a request: strictly positive, by Wave's rules.
pub fn parse(text: &str, currency: &str) -> Result<i64, AmountError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(AmountError::Malformed),
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return Err(AmountError::Malformed);
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(AmountError::Malformed);
    }
    if fraction.len() > decimals(currency) {
        return Err(AmountError::TooManyDecimals);
    }
    let minor = format!("{whole}{fraction:0<width$}", width = decimals(currency));
    if minor.len() > 15 {
        return Err(AmountError::TooLarge);
    }
    match minor.parse() {
        Ok(0) => Err(AmountError::NotPositive),
        Ok(minor) => Ok(minor),
        Err(_) => Err(AmountError::TooLarge),
    }
}

/// Writes minor units in major units, with every decimal that the currency has; negative ones
/// carry a leading `-`.
pub fn major(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let width = decimals(currency);
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = width + 1);
    let (whole, fraction) = digits.split_at(digits.len() - width);
    match fraction {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_the_rules_of_the_documents() {
        use AmountError::{Malformed, NotPositive, TooLarge, TooManyDecimals};
        let table = [
            ("12500", "XOF", Ok(12_500)),
            ("1", "XOF", Ok(1)),
            ("12500.0", "XOF", Err(TooManyDecimals)),
            ("012500", "XOF", Err(Malformed)),
            ("0", "XOF", Err(NotPositive)),
            ("-5", "XOF", Err(Malformed)),
            ("+5", "XOF", Err(Malformed)),
            ("", "XOF", Err(Malformed)),
            ("5.", "GMD", Err(Malformed)),
            (".5", "GMD", Err(Malformed)),
            ("0.5", "GMD", Ok(50)),
            ("0.05", "GMD", Ok(5)),
            ("12.50", "GMD", Ok(1_250)),
            ("12.505", "GMD", Err(TooManyDecimals)),
            ("0.00", "GMD", Err(NotPositive)),
            ("1e3", "XOF", Err(Malformed)),
            ("1 000", "XOF", Err(Malformed)),
            ("999999999999999", "XOF", Ok(999_999_999_999_999)),
            ("1000000000000000", "XOF", Err(TooLarge)),
        ];
        for (text, currency, expected) in table {
            assert_eq!(parse(text, currency), expected, "{text} {currency}");
        }
    }

    #[test]
    fn minor_units_are_written_in_major_units() {
        let table = [
            (12_500, "XOF", "12500"),
            (-125, "XOF", "-125"),
            (0, "XOF", "0"),
            (5, "GMD", "0.05"),
            (-1_250, "GMD", "-12.50"),
        ];
        for (minor, currency, expected) in table {
            assert_eq!(major(minor, currency), expected);
        }
    }
}
