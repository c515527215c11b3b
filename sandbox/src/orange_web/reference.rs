//! How a person may spell an order.
//!
//! An `order_id` has at most 30 characters, so callers that name things by UUID write its 16
//! bytes in base32. What is shown to people is often the hyphenated UUID; [`spellings`] leads from
//! it to the 26 characters: Crockford's alphabet in lower case (`0123456789abcdefghjkmnpqrstvwxyz`,
//! no `i`, `l`, `o`, `u`), most significant bits first, two zero bits in front, as TypeIDs do.
//! Upper case is understood too.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// What an order that a person calls `text` may be named: the text itself, the base32 form of a
/// UUID, and 26 upper-case characters in lower case.
pub fn spellings(text: &str) -> Vec<String> {
    let mut all = vec![text.to_owned()];
    all.extend(bytes_of_uuid(text).map(base32));
    if text.len() == 26 && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        all.push(text.to_ascii_lowercase());
    }
    all
}

/// The hyphenated UUID of 26 lower-case characters, so that faults can wait for it by that name.
pub fn uuid_of(order_id: &str) -> Option<String> {
    if order_id.len() != 26 || order_id.as_bytes()[0] > b'7' {
        return None;
    }
    let bytes = order_id.bytes().try_fold(0_u128, |bytes, letter| {
        let bits = ALPHABET.iter().position(|known| *known == letter)?;
        Some((bytes << 5) | u128::try_from(bits).ok()?)
    })?;
    let mut text = format!("{bytes:032x}");
    HYPHENS.iter().for_each(|at| text.insert(*at, '-'));
    Some(text)
}

/// The 16 bytes of a hyphenated UUID in either case.
fn bytes_of_uuid(text: &str) -> Option<u128> {
    let is_hyphen = |(at, byte): (usize, u8)| (byte == b'-') == HYPHENS.contains(&at);
    if text.len() != 36 || !text.bytes().enumerate().all(is_hyphen) {
        return None;
    }
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    match digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => u128::from_str_radix(&digits, 16).ok(),
        false => None,
    }
}

fn base32(bytes: u128) -> String {
    let letter = |place: u32| {
        let bits = usize::try_from((bytes >> (5 * place)) & 31).unwrap_or_default();
        char::from(ALPHABET[bits])
    };
    (0..26).rev().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_leads_to_its_base32_form() {
        let table = [
            ("0188bac7-4afa-78aa-bc3b-bd1eef28d881", "01h2xcejqtf2nbrexx3vqjhp41"),
            ("0188BAC7-4AFA-78AA-BC3B-BD1EEF28D881", "01h2xcejqtf2nbrexx3vqjhp41"),
            ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        ];
        for (uuid, expected) in table {
            assert_eq!(spellings(uuid), [uuid, expected]);
            assert_eq!(uuid_of(expected), Some(uuid.to_ascii_lowercase()));
        }
    }

    #[test]
    fn anything_else_is_only_itself() {
        for text in ["", "ORD-1", "0188bac74afa78aabc3bbd1eef28d881", "0188bac7-4afa-78aa-bc3b-bd1eef28d88+"]
        {
            assert_eq!(spellings(text), [text]);
        }
        let others = [
            "ORD-1",
            "8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "01h2xcejqtf2nbrexx3vqjhp4u",
            "é1h2xcejqtf2nbrexx3vqjhp4",
        ];
        assert!(others.iter().all(|text| uuid_of(text).is_none()));
        assert_eq!(spellings("01H2XCEJQTF2NBREXX3VQJHP41")[1], "01h2xcejqtf2nbrexx3vqjhp41");
    }
}
