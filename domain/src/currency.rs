//! Currencies: ISO 4217 codes and the number of decimals each one really has.
//!
//! A [`Currency`] always has an exponent. Codes without one (metals, `XXX`, `XTS`, the special
//! drawing right) are refused, because no amount can be counted in their minor unit.
//!
//! Deliberately absent: symbols, names, and which countries use what.

use std::fmt;
use std::str::FromStr;

use iso_currency::Currency as Iso;

/// One ISO 4217 currency with a minor unit.
///
/// Withdrawn codes that the table still lists (`HRK`) can be named, since old books may hold them;
/// whether one is served is decided by the corridors.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Currency(Iso);

/// Why a text is not a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// Not three upper-case letters, or not in ISO 4217.
    #[error("{0:?} is not an ISO 4217 currency code")]
    Unknown(String),
    /// In ISO 4217, but nothing that is paid with.
    #[error("{0} has no minor unit")]
    NoMinorUnit(&'static str),
}

impl Currency {
    /// CFA franc of West Africa, no decimals.
    pub const XOF: Currency = Currency(Iso::XOF);
    /// CFA franc of Central Africa, no decimals.
    pub const XAF: Currency = Currency(Iso::XAF);
    /// Guinean franc, no decimals.
    pub const GNF: Currency = Currency(Iso::GNF);
    /// Ugandan shilling, no decimals.
    pub const UGX: Currency = Currency(Iso::UGX);
    /// Gambian dalasi, two decimals.
    pub const GMD: Currency = Currency(Iso::GMD);
    /// Chinese renminbi, two decimals.
    pub const CNY: Currency = Currency(Iso::CNY);
    /// Euro, two decimals.
    pub const EUR: Currency = Currency(Iso::EUR);
    /// United States dollar, two decimals.
    pub const USD: Currency = Currency(Iso::USD);

    /// Reads a code of three upper-case letters.
    ///
    /// Errors: [`CurrencyError::Unknown`], and [`CurrencyError::NoMinorUnit`] for `XAU`, `XXX` …
    pub fn parse(code: &str) -> Result<Currency, CurrencyError> {
        let iso = Iso::from_code(code).ok_or_else(|| CurrencyError::Unknown(code.to_owned()))?;
        match iso.exponent() {
            Some(_) => Ok(Currency(iso)),
            None => Err(CurrencyError::NoMinorUnit(iso.code())),
        }
    }

    /// The ISO 4217 letters, `XOF`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals the minor unit is away from the major one: CNY 2, XOF 0, KWD 3, CLF 4.
    pub fn exponent(self) -> u32 {
        // Construction refused what has none.
        self.0.exponent().map_or(0, u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Currency::parse(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO 4217 list one: every code whose minor unit is not two decimals.
    const NOT_TWO: &[(&str, u32)] = &[
        ("BHD", 3),
        ("BIF", 0),
        ("CLF", 4),
        ("CLP", 0),
        ("DJF", 0),
        ("GNF", 0),
        ("IQD", 3),
        ("ISK", 0),
        ("JOD", 3),
        ("JPY", 0),
        ("KMF", 0),
        ("KRW", 0),
        ("KWD", 3),
        ("LYD", 3),
        ("OMR", 3),
        ("PYG", 0),
        ("RWF", 0),
        ("TND", 3),
        ("UGX", 0),
        ("UYI", 0),
        ("UYW", 4),
        ("VND", 0),
        ("VUV", 0),
        ("XAF", 0),
        ("XOF", 0),
        ("XPF", 0),
    ];
    const NONE: &[&str] =
        &["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"];

    fn every_code() -> impl Iterator<Item = String> {
        let letters = || 'A'..='Z';
        letters().flat_map(move |a| {
            letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c])))
        })
    }

    #[test]
    fn exponents_are_those_of_iso_4217() {
        let mut known = 0;
        for code in every_code() {
            let Ok(currency) = Currency::parse(&code) else { continue };
            let listed = NOT_TWO.iter().find(|(other, _)| *other == code);
            assert_eq!(currency.exponent(), listed.map_or(2, |(_, exponent)| *exponent), "{code}");
            assert_eq!(currency.code(), code);
            known += 1;
        }
        assert!(known > 155, "only {known} currencies are known");
        for (code, _) in NOT_TWO {
            assert!(Currency::parse(code).is_ok(), "{code} is missing");
        }
    }

    #[test]
    fn the_currencies_of_our_corridors() {
        let table = [
            (Currency::CNY, "CNY", 2),
            (Currency::EUR, "EUR", 2),
            (Currency::USD, "USD", 2),
            (Currency::GMD, "GMD", 2),
            (Currency::GNF, "GNF", 0),
            (Currency::XOF, "XOF", 0),
            (Currency::XAF, "XAF", 0),
            (Currency::UGX, "UGX", 0),
        ];
        for (currency, code, exponent) in table {
            assert_eq!((currency.code(), currency.exponent()), (code, exponent));
            assert_eq!(code.parse(), Ok(currency));
        }
    }

    #[test]
    fn what_has_no_minor_unit_is_refused() {
        for code in NONE {
            assert_eq!(Currency::parse(code), Err(CurrencyError::NoMinorUnit(code)));
        }
    }

    #[test]
    fn only_three_upper_case_letters_of_the_list() {
        for code in ["", "xof", "Xof", "XO", "XOFF", " XOF", "ZZZ", "978", "ⅩOF"] {
            assert_eq!(Currency::parse(code), Err(CurrencyError::Unknown(code.to_owned())));
        }
    }
}
