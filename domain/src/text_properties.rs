//! What is read from outside: it never panics, and it prints as it was read.

use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    Account, BusinessId, Country, Currency, HoldId, Money, Msisdn, Pair, Rate, Reference, Spread, TransferId,
    Wallet,
};

fn any_currency() -> impl Strategy<Value = Currency> {
    let codes = ["XOF", "EUR", "KWD", "CLF", "GNF", "CNY", "UYW", "JPY", "IQD"];
    prop::sample::select(codes.map(|code| Currency::parse(code).unwrap()).to_vec())
}

/// Anything at all, and things that are nearly right.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[-+]?[0-9]{0,25}(\\.[0-9]{0,8})?",
        "\\+[0-9]{0,17}",
        "\\+(221|225|223|224)[0-9]{6,11}",
        "[a-z_]{0,12}_[0-9a-z]{24,28}",
        "[a-z:_]{0,30}:[A-Z]{3}",
        "(float|suspense|in_transit|bank):[a-z0-9:é]{0,20}:XOF",
        "[0-9a-fA-F-]{30,40}",
        "[A-Z]{2,4}/[A-Z]{2,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn money_reads_what_it_prints(minor in any::<i64>(), currency in any_currency()) {
        let money = Money::new(minor, currency);
        prop_assert_eq!(Money::parse(&money.major(), currency), Ok(money));
        prop_assert_eq!(Money::floor(money.to_decimal(), currency), Ok(money));
        prop_assert_eq!(Money::ceil(money.to_decimal(), currency), Ok(money));
    }

    #[test]
    fn sums_are_those_of_wider_integers(a in any::<i64>(), b in any::<i64>()) {
        let (left, right) = (Money::new(a, Currency::EUR), Money::new(b, Currency::EUR));
        let minor = |wide: i128| i64::try_from(wide).ok();
        let (a, b) = (i128::from(a), i128::from(b));
        prop_assert_eq!(left.checked_add(right).ok().map(Money::minor), minor(a + b));
        prop_assert_eq!(left.checked_sub(right).ok().map(Money::minor), minor(a - b));
        prop_assert_eq!(left.checked_neg().ok().map(Money::minor), minor(-a));
    }

    #[test]
    fn ids_and_references_read_what_they_print(bits in any::<u128>()) {
        let uuid = Uuid::from_u128(bits);
        let (transfer, hold) = (TransferId::from_uuid(uuid), HoldId::from_uuid(uuid));
        prop_assert_eq!(transfer.to_string().parse(), Ok(transfer));
        prop_assert_eq!(hold.to_string().parse(), Ok(hold));
        prop_assert!(hold.to_string().parse::<TransferId>().is_err());
        let reference = Reference::from_uuid(uuid);
        prop_assert_eq!(reference.to_string().parse(), Ok(reference));
        prop_assert_eq!(reference.base32().parse(), Ok(reference));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in any_text(), currency in any_currency()) {
        if let Ok(money) = Money::parse(&text, currency) {
            prop_assert_eq!(Money::parse(&money.major(), currency), Ok(money));
        }
        if let Ok(account) = text.parse::<Account>() {
            prop_assert_eq!(account.to_string(), text.clone());
        }
        if let Ok(id) = text.parse::<TransferId>() {
            prop_assert_eq!(id.to_string(), text.clone());
        }
        if let Ok(business) = text.parse::<BusinessId>() {
            prop_assert_eq!(business.to_string().parse(), Ok(business));
        }
        if let Ok(rate) = Rate::parse(&text) {
            prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
        }
        let _ = (text.parse::<Reference>(), text.parse::<Pair>(), Spread::parse(&text));
        let _ = (Country::parse(&text), Currency::parse(&text), Wallet::parse(&text));
    }

    #[test]
    fn a_number_is_read_whole_or_not_at_all(text in any_text()) {
        if let Ok(msisdn) = Msisdn::parse(&text) {
            prop_assert_eq!(msisdn.as_str(), &text);
            let shown = msisdn.masked().chars().filter(char::is_ascii_digit).count();
            prop_assert!(msisdn.digits().len() >= shown + 4, "{}", msisdn.masked());
            let debugged = format!("{msisdn:?}");
            prop_assert!(!debugged.contains(msisdn.digits()));
        }
    }

    #[test]
    fn a_bank_may_have_any_name(name in ".{1,20}") {
        let account = Account::Bank { name, currency: Currency::XOF };
        prop_assert_eq!(account.to_string().parse(), Ok(account));
    }
}
