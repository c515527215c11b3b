//! Bank account numbers of the SEPA area.
//!
//! Read once and passed on: an IBAN is a person's datum, so neither `Debug` nor `Display` shows more of it than country
//! and last four. Its check digits and its country's structure are verified by `iban_validate`, from SWIFT's registry.

use std::fmt;

use crate::country::Country;

/// Countries and territories whose accounts take SEPA payments, by the country code that their IBANs begin with.
///
/// Source: European Payments Council, EPC409-09, list of SEPA scheme countries, 2025.
const SEPA: [&str; 41] = [
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR",
    "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL",
    "PT", "RO", "RS", "SE", "SI", "SK", "SM",
];

/// An account that SEPA reaches: upper case, without blanks, checked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Iban(String);

/// Why a text is no IBAN that SEPA reaches; never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IbanError {
    /// Not two letters, two digits and then letters and digits.
    #[error("this is not written like an IBAN")]
    Malformed,
    /// The check digits do not fit: something was mistyped.
    #[error("the check digits of this IBAN are wrong")]
    WrongChecksum,
    /// A real IBAN, of an account that SEPA does not reach.
    #[error("this account is outside the SEPA area")]
    OutsideSepa,
    /// Its length or structure is not that of its country.
    #[error("this IBAN does not have the structure of its country")]
    WrongStructure,
}

impl Iban {
    /// Reads an IBAN in either case, with or without blanks.
    ///
    /// Errors: [`IbanError`], in the order of its variants.
    pub fn parse(text: &str) -> Result<Iban, IbanError> {
        use iban::{BaseIban, Iban as Checked, IbanLike, ParseBaseIbanError, ParseIbanError};
        let compact: String =
            text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        let base: BaseIban = compact.parse().map_err(|error| match error {
            ParseBaseIbanError::InvalidChecksum => IbanError::WrongChecksum,
            _ => IbanError::Malformed,
        })?;
        if !SEPA.contains(&base.country_code()) {
            return Err(IbanError::OutsideSepa);
        }
        Checked::try_from(base).map_err(|error| match error {
            ParseIbanError::InvalidBaseIban { .. } => IbanError::Malformed,
            _ => IbanError::WrongStructure,
        })?;
        Ok(Iban(compact))
    }

    /// The whole number, for the one request that needs it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country that it begins with, where this house knows it.
    pub fn country(&self) -> Option<Country> {
        Country::parse(self.0.get(..2)?).ok()
    }

    /// `FR…2606`: enough for its owner to recognise.
    pub fn masked(&self) -> String {
        let last = self.0.len().saturating_sub(4);
        format!("{}…{}", self.0.get(..2).unwrap_or_default(), self.0.get(last..).unwrap_or_default())
    }
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iban({})", self.masked())
    }
}

impl IbanError {
    /// The word in answers.
    pub const fn code(self) -> &'static str {
        match self {
            IbanError::Malformed | IbanError::WrongChecksum | IbanError::WrongStructure => "invalid_iban",
            IbanError::OutsideSepa => "iban_outside_sepa",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_test_accounts_are_read_in_any_spelling() {
        let good = [
            "DE89370400440532013000",
            "FR1420041010050500013M02606",
            "AT611904300234573201",
            "GB33BUKB20201555555555",
        ];
        for text in good {
            assert_eq!(Iban::parse(text).unwrap().as_str(), text);
        }
        let spelled = Iban::parse(" fr14 2004 1010 0505 0001 3m02 606 ").unwrap();
        assert_eq!(spelled.as_str(), "FR1420041010050500013M02606");
        assert_eq!(spelled.masked(), "FR…2606");
        assert_eq!(format!("{spelled:?}"), "Iban(FR…2606)");
    }

    #[test]
    fn what_is_refused_says_why() {
        let bad = [
            ("", IbanError::Malformed),
            ("FR", IbanError::Malformed),
            ("not an iban", IbanError::Malformed),
            ("DE89 3704 0044 0532 0130 0é", IbanError::Malformed),
            ("DE88370400440532013000", IbanError::WrongChecksum),
            ("DE8937040044053201300", IbanError::WrongChecksum),
            ("SA0380000000608010167519", IbanError::OutsideSepa),
            ("SN08SN0100152000048500003035", IbanError::OutsideSepa),
        ];
        for (text, error) in bad {
            assert_eq!(Iban::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn every_single_mistyped_digit_is_found() {
        let good = "FR1420041010050500013M02606";
        for at in 4..good.len() {
            let typed = good.as_bytes()[at];
            let wrong = if typed == b'7' { '8' } else { '7' };
            let mut text = good.to_owned();
            text.replace_range(at..=at, &wrong.to_string());
            assert_eq!(Iban::parse(&text).unwrap_err().code(), "invalid_iban", "{text}");
        }
    }
}
