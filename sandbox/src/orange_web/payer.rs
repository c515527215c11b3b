//! Payers' numbers: with the country's prefix or without it, as people type them.

/// Per country: dialling prefix, digits behind it, what those begin with, and a typical number.
const PLANS: [(&str, &str, usize, &str, &str); 7] = [
    ("gn", "224", 9, "6", "+224620000042"),
    ("ci", "225", 10, "", "+2250700000042"),
    ("ml", "223", 8, "", "+22370000042"),
    ("bf", "226", 8, "", "+22670000042"),
    ("cm", "237", 9, "6", "+237690000042"),
    ("mg", "261", 9, "", "+261320000042"),
    ("sl", "232", 8, "", "+23276000042"),
];

/// The E.164 form with `+`, or `None` for what is no number of that country. In `dev` any number
/// of seven to fifteen digits will do.
pub fn normalised(country: &str, text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    let digits = text.strip_prefix('+').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let Some((_, prefix, length, first, _)) = PLANS.iter().find(|(code, ..)| *code == country) else {
        return (7..=15).contains(&digits.len()).then(|| format!("+{digits}"));
    };
    let local = match digits.strip_prefix(prefix) {
        Some(local) if local.len() == *length => local,
        _ => digits,
    };
    (local.len() == *length && local.starts_with(first)).then(|| format!("+{prefix}{local}"))
}

/// Somebody of that country.
pub fn typical(country: &str) -> &'static str {
    PLANS.iter().find(|(code, ..)| *code == country).map_or("+224620000042", |(.., typical)| typical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_understood_with_and_without_their_prefix() {
        let table = [
            ("gn", "620001122", Some("+224620001122")),
            ("gn", "+224 620 00 11 22", Some("+224620001122")),
            ("gn", "224620001122", Some("+224620001122")),
            ("gn", "720001122", None),
            ("gn", "+2250700000042", None),
            ("ci", "0700000042", Some("+2250700000042")),
            ("ml", "70000042", Some("+22370000042")),
            ("dev", "7701234", Some("+7701234")),
            ("dev", "77", None),
            ("gn", "", None),
            ("gn", "62000112a", None),
        ];
        for (country, text, expected) in table {
            assert_eq!(normalised(country, text).as_deref(), expected, "{country} {text}");
        }
    }

    #[test]
    fn whoever_is_typical_has_a_number_of_the_country() {
        for (country, .., number) in PLANS {
            assert_eq!(normalised(country, number).as_deref(), Some(number), "{country}");
        }
    }
}
