//! Countries by their ISO 3166-1 letters.
//!
//! Deliberately absent: names, borders and currencies; corridors say what is served where.

use std::fmt;
use std::str::FromStr;

/// Two upper-case letters of ISO 3166-1, `SN`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// The text is not a country's code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ISO 3166-1 country code")]
pub struct CountryError(pub String);

impl Country {
    /// Senegal.
    pub const SN: Country = Country(*b"SN");
    /// Côte d'Ivoire.
    pub const CI: Country = Country(*b"CI");
    /// Mali.
    pub const ML: Country = Country(*b"ML");
    /// Guinea.
    pub const GN: Country = Country(*b"GN");

    /// Reads two upper-case letters that ISO 3166-1 assigns.
    pub fn parse(code: &str) -> Result<Country, CountryError> {
        let refused = || CountryError(code.to_owned());
        let letters: [u8; 2] = code.as_bytes().try_into().map_err(|_| refused())?;
        let assigned =
            letters.iter().all(u8::is_ascii_uppercase) && iso_currency::Country::from_str(code).is_ok();
        if assigned { Ok(Country(letters)) } else { Err(refused()) }
    }

    /// The two letters.
    pub fn code(&self) -> &str {
        // Only ASCII letters get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.code())
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Country::parse(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_iso_3166_only() {
        for code in ["SN", "CI", "ML", "GN", "FR", "CN", "GM"] {
            assert_eq!(Country::parse(code).unwrap().code(), code);
        }
        assert_eq!("SN".parse(), Ok(Country::SN));
        for code in ["", "S", "sn", "SEN", "ZZ", "1N", "É"] {
            assert_eq!(Country::parse(code), Err(CountryError(code.to_owned())));
        }
    }
}
