//! Which rails reach a phone number, as far as its country and its series tell.
//!
//! A rail of an operator reaches that operator's numbers, others reach any. A series says whom a number was given to:
//! where numbers do not move between operators, another operator's number cannot be on the rail; where they do, it can
//! be, which only its owner knows. A number of which we keep no plan is believed.
//!
//! Deliberately absent: which wallets are configured, how they do, and whether the number has an account anywhere.

use crate::country::Country;
use crate::msisdn::{Msisdn, Operator, Series};
use crate::rail::Rail;

/// Whose numbers a rail reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nobody's: it goes by accounts.
    NoNumbers,
    /// Anybody's, of whatever operator.
    Any,
    /// Those of these operators.
    Of(&'static [Operator]),
}

/// How a number stands to a rail. What comes first is proposed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Its series was given to the rail's own operator.
    Own,
    /// Nothing speaks against it.
    Open,
    /// A person pays, whatever the number.
    ByHand,
    /// Another operator's series, in a country where numbers move: never proposed, and possible.
    OnlyIfMoved,
    /// Another operator's series, in a country where numbers stay.
    OtherOperator,
    /// A country that the rail does not serve.
    OtherCountry,
    /// The rail goes by accounts.
    NoNumbers,
}

impl Rail {
    /// Whose numbers it reaches.
    ///
    /// MTN's are those of its own series, and in Guinea those of what was MTN Guinea until it was sold on 30 December
    /// 2024 and is called Areeba again: the interface's market `mtnguineaconakry` has no others. Wave is no operator.
    pub const fn reach(self) -> Reach {
        match self {
            Rail::Wave | Rail::Manual => Reach::Any,
            Rail::OrangeWeb | Rail::OrangeSonatel => Reach::Of(&[Operator::Orange]),
            Rail::MtnMomo => Reach::Of(&[Operator::Mtn, Operator::Areeba]),
            Rail::SepaTransfer | Rail::SepaDebit | Rail::Balance => Reach::NoNumbers,
        }
    }
}

impl Fit {
    /// Of this number and this rail, whose wallets serve these countries.
    pub fn of(phone: &Msisdn, rail: Rail, countries: &[Country]) -> Fit {
        let operators = match rail.reach() {
            Reach::NoNumbers => return Fit::NoNumbers,
            _ if !phone.country().is_some_and(|country| countries.contains(&country)) => {
                return Fit::OtherCountry;
            }
            Reach::Any if rail == Rail::Manual => return Fit::ByHand,
            Reach::Any => return Fit::Open,
            Reach::Of(operators) => operators,
        };
        match phone.series() {
            Series::Unknown => Fit::Open,
            Series::Given { to: Some(operator), .. } if operators.contains(&operator) => Fit::Own,
            Series::Given { may_have_moved: true, .. } => Fit::OnlyIfMoved,
            Series::Given { .. } => Fit::OtherOperator,
        }
    }

    /// Whether the rail is worth proposing for the number.
    pub fn is_proposed(self) -> bool {
        matches!(self, Fit::Own | Fit::Open | Fit::ByHand)
    }

    /// Whether the number may be ordered by the rail; `moved`: its owner says that they changed their operator.
    pub fn is_possible(self, moved: bool) -> bool {
        self.is_proposed() || (moved && self == Fit::OnlyIfMoved)
    }
}

/// The rails that reach a number, best first; those that fit alike stay in the order given.
pub fn propose<'c>(phone: &Msisdn, rails: impl IntoIterator<Item = (Rail, &'c [Country])>) -> Vec<Rail> {
    let fits = rails.into_iter().map(|(rail, countries)| (Fit::of(phone, rail, countries), rail));
    let mut proposed: Vec<(Fit, Rail)> = fits.filter(|(fit, _)| fit.is_proposed()).collect();
    proposed.sort_by_key(|(fit, _)| *fit);
    proposed.into_iter().map(|(_, rail)| rail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> Msisdn {
        Msisdn::parse(text).unwrap()
    }

    /// Where each rail has wallets, for the tests.
    fn served(rail: Rail) -> &'static [Country] {
        match rail {
            Rail::Wave => &[Country::SN, Country::CI],
            Rail::OrangeSonatel => &[Country::SN],
            Rail::OrangeWeb => &[Country::GN, Country::CI, Country::ML],
            Rail::MtnMomo => &[Country::GN, Country::CI],
            _ => &[Country::SN, Country::CI, Country::ML, Country::GN],
        }
    }

    fn proposed(text: &str) -> String {
        let rails = Rail::ALL.iter().map(|rail| (*rail, served(*rail)));
        let words: Vec<_> = propose(&phone(text), rails).iter().map(|rail| rail.as_str()).collect();
        words.join(" ")
    }

    #[test]
    fn the_number_proposes_its_rails_best_first() {
        for (number, rails) in [
            ("+221770001122", "orange_sonatel wave manual"),
            ("+221760001122", "wave manual"),
            ("+221790123456", "wave manual"),
            ("+2250700000001", "orange_web wave manual"),
            ("+2250500000001", "mtn_momo wave manual"),
            ("+2250100000001", "wave manual"),
            ("+22370123456", "orange_web manual"),
            ("+22365012345", "manual"),
            ("+224620001122", "orange_web manual"),
            ("+224660001122", "mtn_momo manual"),
            ("+224651234567", "manual"),
            ("+33612345678", ""),
        ] {
            assert_eq!(proposed(number), rails, "{number}");
        }
    }

    #[test]
    fn where_numbers_move_their_owner_knows_better_and_elsewhere_nobody_does() {
        use Fit::{OnlyIfMoved, OtherCountry, OtherOperator, Own};
        for (number, rail, fit) in [
            ("+221770001122", Rail::OrangeSonatel, Own),
            ("+221760001122", Rail::OrangeSonatel, OnlyIfMoved),
            ("+221790123456", Rail::OrangeSonatel, OnlyIfMoved),
            ("+2250700000001", Rail::MtnMomo, OnlyIfMoved),
            ("+2250500000001", Rail::MtnMomo, Own),
            ("+224620001122", Rail::MtnMomo, OtherOperator),
            ("+224600001122", Rail::MtnMomo, OtherOperator),
            ("+224660001122", Rail::OrangeWeb, OtherOperator),
            ("+22365012345", Rail::OrangeWeb, OtherOperator),
            ("+224620001122", Rail::OrangeSonatel, OtherCountry),
            ("+33612345678", Rail::Wave, OtherCountry),
            ("+221770001122", Rail::SepaTransfer, Fit::NoNumbers),
            ("+221770001122", Rail::Balance, Fit::NoNumbers),
        ] {
            let found = Fit::of(&phone(number), rail, served(rail));
            assert_eq!(found, fit, "{number} {rail}");
            assert_eq!(found.is_possible(false), found.is_proposed(), "{number} {rail}");
            let moved = matches!(fit, Own | OnlyIfMoved);
            assert_eq!(found.is_possible(true), moved, "{number} {rail}");
        }
    }

    /// MTN is in many countries whose series we do not keep.
    #[test]
    fn a_number_without_a_plan_is_believed() {
        let uganda = [Country::parse("UG").unwrap()];
        assert_eq!(Fit::of(&phone("+256712345678"), Rail::MtnMomo, &uganda), Fit::Open);
        assert_eq!(Fit::of(&phone("+256712345678"), Rail::MtnMomo, &[Country::GN]), Fit::OtherCountry);
    }
}
