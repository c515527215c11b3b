//! Phone numbers that can hold a wallet: E.164, mobile where we know the plan.
//!
//! What always holds: a [`Msisdn`] begins with `+`, has only digits after it, is in the one
//! canonical form of its country, and never prints itself in full by accident.
//!
//! Everywhere `libphonenumber`'s metadata decides whether a number is valid. For Senegal, Côte
//! d'Ivoire, Mali and Guinea the tables in `plan.rs` decide instead, and they admit mobile numbers
//! only.
//!
//! Deliberately absent: national forms (`77 123 45 67`) and guessing a country; who asks for a
//! number asks for its country code. Wave is not an operator: any mobile number of a country it
//! serves may hold a Wave wallet.

mod plan;

use std::fmt;

use phonenumber::Mode;

use crate::country::Country;

/// A phone number in E.164 digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Msisdn {
    /// With the `+`.
    text: String,
    country: Option<Country>,
}

/// Why a text is not a number that we can pay or collect from.
///
/// The number itself is not repeated: errors travel to logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MsisdnError {
    /// Not `+` and 7 to 15 digits.
    #[error("a phone number is + and 7 to 15 digits")]
    Malformed,
    /// Of a country whose plan we keep, with the wrong number of digits.
    #[error("a phone number of {country} has {digits} digits after its country code")]
    WrongLength {
        /// The country of the number.
        country: Country,
        /// How many digits its plan has.
        digits: usize,
    },
    /// Of a country whose plan we keep, and not in a mobile series.
    #[error("not a mobile number of {country}")]
    NotMobile {
        /// The country of the number.
        country: Country,
    },
    /// No such number in its country's plan.
    #[error("no such phone number in its country's plan")]
    Invalid,
}

words! {
    /// The mobile operator that a number's series was given to.
    pub enum Operator as "operator" {
        /// Orange: Senegal (Sonatel), Côte d'Ivoire, Mali, Guinea.
        Orange = "orange",
        /// MTN: Côte d'Ivoire.
        Mtn = "mtn",
        /// The operator that was MTN Guinea until 30 December 2024; formerly Areeba.
        Areeba = "areeba",
        /// Moov Africa: Côte d'Ivoire.
        Moov = "moov",
        /// Free Senegal, now Yas; formerly Tigo.
        Free = "free",
        /// Expresso: Senegal.
        Expresso = "expresso",
        /// Promobile: Senegal, a virtual operator.
        Promobile = "promobile",
        /// Malitel (Sotelma), now Moov Africa Malitel.
        Malitel = "malitel",
        /// Telecel Mali (Atel).
        Telecel = "telecel",
        /// Cellcom: Guinea.
        Cellcom = "cellcom",
        /// Intercel: Guinea, out of service for years.
        Intercel = "intercel",
    }
}

/// What a number's first digits tell of who serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// Nothing: we keep no plan of its country.
    Unknown,
    /// It was given to this operator, or to one that we do not name.
    Given {
        /// Whom; `None` where it is none of [`Operator`].
        to: Option<Operator>,
        /// Whether people there keep their number when they change their operator.
        may_have_moved: bool,
    },
}

impl Msisdn {
    /// Reads `+221770001122`: a `+`, then digits only, valid in its country.
    ///
    /// Errors: [`MsisdnError`], in the order of its variants. Never panics, whatever the text.
    pub fn parse(text: &str) -> Result<Msisdn, MsisdnError> {
        let digits = text.strip_prefix('+').ok_or(MsisdnError::Malformed)?;
        let plausible = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if !plausible {
            return Err(MsisdnError::Malformed);
        }
        let country = match plan::of(digits) {
            Some((plan, national)) => Some(plan.check(national)?),
            None => check_elsewhere(text)?,
        };
        Ok(Msisdn { text: text.to_owned(), country })
    }

    /// With the `+`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Without the `+`, as some providers want it.
    pub fn digits(&self) -> &str {
        self.text.trim_start_matches('+')
    }

    /// The country whose plan it is in; `None` where the metadata names none (satellite numbers, and
    /// some fixed lines of countries that share a code).
    pub fn country(&self) -> Option<Country> {
        self.country
    }

    /// Whom its series was given to, in the countries whose plan we keep.
    ///
    /// A proposal only: where numbers are portable (Senegal, Côte d'Ivoire) it may have moved.
    pub fn operator(&self) -> Option<Operator> {
        plan::of(self.digits()).and_then(|(plan, national)| plan.operator(national))
    }

    /// What its series tells of its operator today.
    pub fn series(&self) -> Series {
        match plan::of(self.digits()) {
            None => Series::Unknown,
            Some((plan, national)) => {
                Series::Given { to: plan.operator(national), may_have_moved: plan.portable }
            }
        }
    }

    /// For eyes that need not know: `+22177•••••12`.
    pub fn masked(&self) -> String {
        let digits = self.digits();
        let tail = digits.len() - 2;
        let head = 5.min(tail.saturating_sub(4));
        format!("+{}{}{}", &digits[..head], "•".repeat(tail - head), &digits[tail..])
    }
}

impl fmt::Debug for Msisdn {
    /// Masked: what is debug-printed ends in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Msisdn({})", self.masked())
    }
}

/// Asks the public metadata, and admits only the canonical spelling of a valid number.
fn check_elsewhere(text: &str) -> Result<Option<Country>, MsisdnError> {
    let number = phonenumber::parse(None, text).map_err(|_| MsisdnError::Invalid)?;
    let canonical = number.format().mode(Mode::E164).to_string();
    if canonical != text || !number.is_valid() {
        return Err(MsisdnError::Invalid);
    }
    let region = number.country().id();
    Ok(region.and_then(|id| Country::parse(id.as_ref()).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> MsisdnError {
        Msisdn::parse(text).unwrap_err()
    }

    #[test]
    fn mobile_numbers_of_the_four_countries() {
        use Operator::*;
        let table = [
            ("+221701234567", "SN", Some(Expresso)),
            ("+221711234567", "SN", Some(Orange)),
            ("+221721123456", "SN", None),
            ("+221751234567", "SN", Some(Promobile)),
            ("+221761234567", "SN", Some(Free)),
            ("+221770001122", "SN", Some(Orange)),
            ("+221781234567", "SN", Some(Orange)),
            ("+221790123456", "SN", None),
            ("+2250102030405", "CI", Some(Moov)),
            ("+2250500000000", "CI", Some(Mtn)),
            ("+2250700000000", "CI", Some(Orange)),
            ("+22350123456", "ML", Some(Telecel)),
            ("+22365012345", "ML", Some(Malitel)),
            ("+22370123456", "ML", Some(Orange)),
            ("+22383123456", "ML", Some(Orange)),
            ("+22389123456", "ML", Some(Malitel)),
            ("+22391123456", "ML", Some(Orange)),
            ("+22399123456", "ML", Some(Malitel)),
            ("+224610123456", "GN", Some(Orange)),
            ("+224620123456", "GN", Some(Orange)),
            ("+224630123456", "GN", Some(Intercel)),
            ("+224651234567", "GN", Some(Cellcom)),
            ("+224661234567", "GN", Some(Areeba)),
        ];
        for (text, country, operator) in table {
            let msisdn = Msisdn::parse(text).unwrap();
            assert_eq!(msisdn.as_str(), text);
            assert_eq!(format!("+{}", msisdn.digits()), text);
            assert_eq!(msisdn.country(), Some(Country::parse(country).unwrap()), "{text}");
            assert_eq!(msisdn.operator(), operator, "{text}");
        }
    }

    #[test]
    fn fixed_lines_of_the_four_countries_are_refused() {
        for (text, country) in [
            ("+221338219903", Country::SN),
            ("+221801234567", Country::SN),
            ("+2252123456789", Country::CI),
            ("+2252720212223", Country::CI),
            ("+2250912345678", Country::CI),
            ("+22320212345", Country::ML),
            ("+22344901234", Country::ML),
            ("+224722123456", Country::GN),
            ("+224302412345", Country::GN),
        ] {
            assert_eq!(refusal(text), MsisdnError::NotMobile { country }, "{text}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_plan() {
        let table = [("+221", 9, "77"), ("+225", 10, "07"), ("+223", 8, "70"), ("+224", 9, "62")];
        for (code, digits, prefix) in table {
            for length in 5..=11 {
                let text = format!("{code}{prefix}{}", "1".repeat(length - 2));
                let refused = Msisdn::parse(&text).err();
                let wrong =
                    matches!(refused, Some(MsisdnError::WrongLength { digits: d, .. }) if d == digits);
                assert_eq!(wrong, length != digits, "{text}");
                assert_eq!(refused.is_none(), length == digits, "{text}");
            }
        }
    }

    #[test]
    fn elsewhere_the_public_metadata_decides() {
        for (text, country) in [
            ("+33612345678", "FR"),
            ("+33142685300", "FR"),
            ("+393123456789", "IT"),
            ("+8613812345678", "CN"),
            ("+2203012345", "GM"),
            ("+256712345678", "UG"),
            ("+12125550123", "US"),
            ("+447400123456", "GB"),
        ] {
            let msisdn = Msisdn::parse(text).unwrap();
            assert_eq!(msisdn.country(), Some(Country::parse(country).unwrap()), "{text}");
            assert_eq!(msisdn.operator(), None);
        }
        for text in ["+3361234567", "+330612345678", "+33012345678", "+99912345678", "+12005550123"] {
            assert_eq!(refusal(text), MsisdnError::Invalid, "{text}");
        }
    }

    #[test]
    fn no_country_code_makes_it_panic() {
        let mut valid = 0;
        for code in 1..1000 {
            for (filler, length) in [("1", 6), ("2", 8), ("5", 9), ("6", 8), ("7", 9), ("9", 10), ("0", 7)] {
                valid += i32::from(Msisdn::parse(&format!("+{code}{}", filler.repeat(length))).is_ok());
            }
        }
        assert!(valid > 100, "only {valid} are valid");
    }

    #[test]
    fn only_a_plus_and_digits_is_a_number() {
        let bad = [
            "",
            "+",
            "221770001122",
            "00221770001122",
            "+221 77 000 11 22",
            "+221-770001122",
            "+221770001122 ",
            " +221770001122",
            "++221770001122",
            "+22177000112a",
            "+221770001122;ext=1",
            "tel:+221770001122",
            "+٢٢١٧٧٠٠٠١١٢٢",
            "+0221770001122",
            "+123456",
            "+1234567890123456",
            "＋221770001122",
        ];
        for text in bad {
            assert_eq!(refusal(text), MsisdnError::Malformed, "{text}");
        }
    }

    #[test]
    fn it_prints_masked() {
        let table = [
            ("+221770001122", "+22177•••••22"),
            ("+2250700000000", "+22507••••••00"),
            ("+22370123456", "+22370••••56"),
        ];
        for (text, masked) in table {
            let msisdn = Msisdn::parse(text).unwrap();
            assert_eq!(msisdn.masked(), masked);
            assert_eq!(format!("{msisdn:?}"), format!("Msisdn({masked})"));
        }
        let short = Msisdn::parse("+2903123").map(|msisdn| msisdn.masked());
        assert!(short.is_err() || short == Ok("+2••••23".to_owned()), "{short:?}");
    }
}
