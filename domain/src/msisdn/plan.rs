//! The numbering plans of Senegal, Côte d'Ivoire, Mali and Guinea: mobile series and operators.
//!
//! Source: the carrier and metadata tables of libphonenumber 9.0.33; for Côte d'Ivoire also the
//! regulator ARTCI (ten digits since 31 January 2021: 01 Moov, 05 MTN, 07 Orange).
//!
//! Doubts. A series says whom it was given to, not who serves the number today: numbers move between
//! operators in Senegal (the regulator ARTP, since 2015) and in Côte d'Ivoire (ARTCI, since 3 September
//! 2018); of Mali and Guinea we know of no service that is open. Senegal's 72 and 79 belong to small virtual operators that we do not
//! name. Guinea's 66 was MTN's until the sale of 30 December 2024; under which brand its wallets go
//! on is not known. Guinea's 60 (Sotelgui) and 63 (Intercel) are assigned but out of service. Mali's
//! mobile numbers in fixed series (2001, 2079, 217) are left out, since no wallet is known there.

use crate::country::Country;
use crate::msisdn::{MsisdnError, Operator};

/// One country's mobile numbers.
pub(super) struct Plan {
    country: Country,
    code: &'static str,
    /// Digits after the country code.
    digits: usize,
    /// Whether people keep their number when they change their operator.
    pub(super) portable: bool,
    /// Prefixes of mobile series and whom they were given to.
    series: &'static [(&'static str, Option<Operator>)],
}

const PLANS: [Plan; 4] = [
    Plan {
        country: Country::SN,
        code: "221",
        digits: 9,
        portable: true,
        series: &[
            ("70", Some(Operator::Expresso)),
            ("71", Some(Operator::Orange)),
            ("721", None),
            ("75", Some(Operator::Promobile)),
            ("76", Some(Operator::Free)),
            ("77", Some(Operator::Orange)),
            ("78", Some(Operator::Orange)),
            ("790", None),
        ],
    },
    Plan {
        country: Country::CI,
        code: "225",
        digits: 10,
        portable: true,
        series: &[("01", Some(Operator::Moov)), ("05", Some(Operator::Mtn)), ("07", Some(Operator::Orange))],
    },
    Plan {
        country: Country::ML,
        code: "223",
        digits: 8,
        portable: false,
        series: &[
            ("5", Some(Operator::Telecel)),
            ("6", Some(Operator::Malitel)),
            ("7", Some(Operator::Orange)),
            ("82", Some(Operator::Orange)),
            ("83", Some(Operator::Orange)),
            ("84", Some(Operator::Orange)),
            ("85", Some(Operator::Orange)),
            ("89", Some(Operator::Malitel)),
            ("90", Some(Operator::Orange)),
            ("91", Some(Operator::Orange)),
            ("92", Some(Operator::Orange)),
            ("93", Some(Operator::Orange)),
            ("94", Some(Operator::Orange)),
            ("95", Some(Operator::Malitel)),
            ("96", Some(Operator::Malitel)),
            ("97", Some(Operator::Malitel)),
            ("98", Some(Operator::Malitel)),
            ("99", Some(Operator::Malitel)),
        ],
    },
    Plan {
        country: Country::GN,
        code: "224",
        digits: 9,
        portable: false,
        series: &[
            ("60", None),
            ("61", Some(Operator::Orange)),
            ("62", Some(Operator::Orange)),
            ("63", Some(Operator::Intercel)),
            ("65", Some(Operator::Cellcom)),
            ("66", Some(Operator::Areeba)),
        ],
    },
];

/// The plan that E.164 digits are in, and the digits after its country code.
pub(super) fn of(digits: &str) -> Option<(&'static Plan, &str)> {
    PLANS.iter().find_map(|plan| digits.strip_prefix(plan.code).map(|national| (plan, national)))
}

impl Plan {
    /// Admits mobile numbers of the right length.
    pub(super) fn check(&self, national: &str) -> Result<Country, MsisdnError> {
        let country = self.country;
        if national.len() != self.digits {
            return Err(MsisdnError::WrongLength { country, digits: self.digits });
        }
        self.series_of(national).map(|_| country).ok_or(MsisdnError::NotMobile { country })
    }

    /// Whom the number's series was given to.
    pub(super) fn operator(&self, national: &str) -> Option<Operator> {
        self.series_of(national).and_then(|(_, operator)| *operator)
    }

    fn series_of(&self, national: &str) -> Option<&(&'static str, Option<Operator>)> {
        self.series.iter().find(|(prefix, _)| national.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_metadata_knows_every_series_of_ours() {
        let mut unknown = Vec::new();
        for plan in &PLANS {
            for (prefix, _) in plan.series {
                let text = format!("+{}{prefix}{}", plan.code, "1".repeat(plan.digits - prefix.len()));
                let valid = phonenumber::parse(None, &text).is_ok_and(|number| number.is_valid());
                if !valid {
                    unknown.push(text);
                }
            }
        }
        assert_eq!(unknown, Vec::<String>::new());
    }

    #[test]
    fn no_series_hides_another() {
        for plan in &PLANS {
            for (index, (prefix, _)) in plan.series.iter().enumerate() {
                let others = plan.series.iter().enumerate().filter(|(other, _)| *other != index);
                for (_, (other, _)) in others {
                    assert!(!prefix.starts_with(other), "{prefix} is within {other}");
                }
            }
        }
    }
}
