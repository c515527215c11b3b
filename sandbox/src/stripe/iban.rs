//! Bank account numbers: checking them, making them, and what Stripe's test numbers mean.

use rand::Rng;

/// How long an account number is in each country of the area.
const LENGTHS: [(&str, usize); 36] = [
    ("AD", 24),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GI", 23),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
];

/// Countries in which virtual accounts are handed out.
pub const VIRTUAL: [&str; 6] = ["BE", "DE", "ES", "FR", "IE", "NL"];

/// An account number that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iban(String);

impl Iban {
    /// Strips blanks and checks country, length and check digits.
    pub fn read(text: &str) -> Option<Iban> {
        let iban: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
        let length = LENGTHS.iter().find(|(country, _)| iban.get(..2) == Some(country))?.1;
        let is_plain = iban.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_plain && iban.len() == length && remainder(&iban) == 1).then_some(Iban(iban))
    }

    /// As a text without blanks.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// ISO 3166 alpha-2.
    pub fn country(&self) -> &str {
        &self.0[..2]
    }

    /// The last four characters.
    pub fn last4(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The bank's number: where countries differ, their first eight, five or four characters.
    pub fn bank_code(&self) -> &str {
        let length = match self.country() {
            "DE" => 8,
            "FR" | "AT" | "IT" | "MC" => 5,
            "BE" | "FI" => 3,
            _ => 4,
        };
        &self.0[4..4 + length]
    }

    /// The branch's number, where the country has one.
    pub fn branch_code(&self) -> Option<&str> {
        matches!(self.country(), "FR" | "MC").then(|| &self.0[9..14])
    }

    /// What Stripe's test mode makes of it.
    pub fn fate(&self) -> Fate {
        let ends = |tail| self.0.ends_with(tail);
        match self.0.as_str() {
            "DE08370400440532013003" | "FR3020041010050500013M02609" | "AT321904300235473204" => {
                Fate::PaidLate
            }
            "DE62370400440532013001" | "FR8420041010050500013M02607" | "AT861904300235473202" => {
                Fate::Fails("incorrect_account_holder_name")
            }
            "DE78370400440532013004" | "FR7920041010050500013M02600" | "AT051904300235473205" => {
                Fate::FailsLate
            }
            "DE35370400440532013002" | "FR5720041010050500013M02608" | "AT591904300235473203" => {
                Fate::Disputed
            }
            _ if ends("0000343434") => Fate::Fails("charge_exceeds_source_limit"),
            _ if ends("0000121212") => Fate::Fails("charge_exceeds_weekly_limit"),
            _ if ends("0002222227") => Fate::Fails("insufficient_funds"),
            _ if ends("0000055555") => Fate::Refused("sepa_debit_bank_not_supported"),
            _ if ends("0000066666") => Fate::Refused("sepa_debit_debits_not_supported"),
            _ => Fate::Paid,
        }
    }
}

/// What becomes of a debit from an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Processing, then succeeded.
    Paid,
    /// The same, at least three minutes later.
    PaidLate,
    /// Processing, then failed with this code.
    Fails(&'static str),
    /// The same, at least three minutes later.
    FailsLate,
    /// Succeeded, and disputed at once.
    Disputed,
    /// Refused before a debit exists, with this code.
    Refused(&'static str),
}

/// The number's remainder by 97, letters counting from ten on and the first four standing last.
fn remainder(iban: &str) -> u32 {
    let turned = iban[4..].bytes().chain(iban[..4].bytes());
    turned.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    })
}

/// A new virtual account number of one of [`VIRTUAL`]'s countries, with right check digits.
pub fn virtual_in(country: &str) -> Iban {
    let length = LENGTHS.iter().find(|(known, _)| *known == country).map_or(22, |(_, length)| *length);
    let bank = match country {
        "IE" => "CITI",
        "NL" => "CITI",
        _ => "",
    };
    let mut rng = rand::rng();
    let digits = (bank.len()..length - 4).map(|_| char::from(b'0' + rng.random_range(0..10)));
    let account: String = bank.chars().chain(digits).collect();
    let check = 98 - remainder(&format!("{country}00{account}"));
    Iban(format!("{country}{check:02}{account}"))
}

/// The bank that keeps virtual accounts in a country.
pub fn virtual_bic(country: &str) -> String {
    format!("SXPY{country}HHXXX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_number_is_well_formed_and_known() {
        let table = [
            (Fate::Paid, ["DE89370400440532013000", "FR1420041010050500013M02606", "AT611904300234573201"]),
            (
                Fate::PaidLate,
                ["DE08370400440532013003", "FR3020041010050500013M02609", "AT321904300235473204"],
            ),
            (
                Fate::Fails("incorrect_account_holder_name"),
                ["DE62370400440532013001", "FR8420041010050500013M02607", "AT861904300235473202"],
            ),
            (
                Fate::FailsLate,
                ["DE78370400440532013004", "FR7920041010050500013M02600", "AT051904300235473205"],
            ),
            (
                Fate::Disputed,
                ["DE35370400440532013002", "FR5720041010050500013M02608", "AT591904300235473203"],
            ),
            (
                Fate::Fails("charge_exceeds_source_limit"),
                ["DE65370400440000343434", "FR9720041010050000000343434", "AT981904300000343434"],
            ),
            (
                Fate::Fails("charge_exceeds_weekly_limit"),
                ["DE27370400440000121212", "FR5920041010050000000121212", "AT601904300000121212"],
            ),
            (
                Fate::Fails("insufficient_funds"),
                ["DE65370400440002222227", "FR9720041010050000002222227", "AT981904300002222227"],
            ),
            (
                Fate::Refused("sepa_debit_bank_not_supported"),
                ["DE91370400440000055555", "FR2620041010050000000055555", "AT271904300000055555"],
            ),
            (
                Fate::Refused("sepa_debit_debits_not_supported"),
                ["DE18370400440000066666", "FR5020041010050000000066666", "AT511904300000066666"],
            ),
        ];
        for (fate, numbers) in table {
            for number in numbers {
                let iban = Iban::read(number).unwrap_or_else(|| panic!("{number}"));
                assert_eq!(iban.fate(), fate, "{number}");
            }
        }
        assert_eq!(Iban::read("de89 3704 0044 0532 0130 00").unwrap().as_str(), "DE89370400440532013000");
        for wrong in
            ["", "DE", "DE88370400440532013000", "DE8937040044053201300", "ZZ89370400440532013000", "é"]
        {
            assert!(Iban::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn virtual_numbers_are_well_formed() {
        for country in VIRTUAL {
            for _ in 0..50 {
                let made = virtual_in(country);
                assert_eq!(Iban::read(made.as_str()).as_ref(), Some(&made));
                assert_eq!(made.country(), country);
            }
        }
    }
}
