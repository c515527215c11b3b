//! How one reference of a caller may be spelt.
//!
//! A caller may name the same 128 bits as a hyphenated UUID or, where a provider takes fewer
//! characters, as 26 of Crockford's base32 in lower case (`0123456789abcdefghjkmnpqrstvwxyz`, no
//! `i`, `l`, `o`, `u`), most significant bits first, two zero bits in front, as TypeIDs do. People
//! and tests may use either on the control surface, whatever was sent to the provider. Any other
//! reference has only the spelling that it has.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Where the hyphens of a UUID stand, in characters.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// What something that a person calls `text` may be named: the text itself, its lower case, and
/// the other spelling.
pub fn spellings(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let (is_uuid, bits) = match text.len() {
        36 => (true, from_uuid(&lower)),
        26 => (false, from_base32(&lower)),
        _ => (false, None),
    };
    let Some(bits) = bits else { return vec![text.to_owned()] };
    let other = if is_uuid { to_base32(bits) } else { to_uuid(bits) };
    let mut all = vec![text.to_owned(), lower, other];
    all.dedup();
    all
}

/// The hyphenated UUID of 26 lower-case characters.
pub fn uuid_of(text: &str) -> Option<String> {
    from_base32(text).map(to_uuid)
}

fn from_uuid(text: &str) -> Option<u128> {
    let is_placed = |(at, byte): (usize, u8)| (byte == b'-') == HYPHENS.contains(&at);
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex && text.bytes().enumerate().all(is_placed)).then(|| u128::from_str_radix(&digits, 16).ok())?
}

fn from_base32(text: &str) -> Option<u128> {
    // 130 bits are written, of which the first two are always zero.
    if text.len() != 26 || !matches!(text.as_bytes().first(), Some(b'0'..=b'7')) {
        return None;
    }
    text.bytes().try_fold(0_u128, |bits, byte| {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        Some((bits << 5) | u128::try_from(digit).ok()?)
    })
}

fn to_uuid(bits: u128) -> String {
    let mut text = format!("{bits:032x}");
    HYPHENS.iter().for_each(|at| text.insert(*at, '-'));
    text
}

fn to_base32(bits: u128) -> String {
    let digit = |place: u32| ALPHABET[usize::try_from((bits >> (5 * place)) & 31).unwrap_or_default()];
    (0..26).rev().map(|place| char::from(digit(place))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_spelling_leads_to_the_other() {
        let table = [
            ("0188bac7-4afa-78aa-bc3b-bd1eef28d881", "01h2xcejqtf2nbrexx3vqjhp41"),
            ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        ];
        for (uuid, base32) in table {
            assert_eq!(spellings(uuid), [uuid, base32]);
            assert_eq!(spellings(base32), [base32, uuid]);
            assert_eq!(uuid_of(base32).as_deref(), Some(uuid));
        }
        for (uuid, base32) in &table[..1] {
            let upper = uuid.to_ascii_uppercase();
            assert_eq!(spellings(&upper), [upper.as_str(), uuid, base32]);
            let upper = base32.to_ascii_uppercase();
            assert_eq!(spellings(&upper), [upper.as_str(), base32, uuid]);
        }
    }

    #[test]
    fn other_references_are_what_they_are() {
        let plain = [
            "ORD7F2A91",
            "",
            "81h2xcejqtf2nbrexx3vqjhp41",
            "01h2xcejqtf2nbrexx3vqjhp4u",
            "é1h2xcejqtf2nbrexx3vqjhp4",
            "0188bac74afa78aabc3bbd1eef28d881",
            "0188bac7-4afa-78aa-bc3b-bd1eef28d88z",
            "0188bac7-4afa-78aa-bc3b-bd1eef28d88+",
            "0188bac74-afa-78aa-bc3b-bd1eef28d881",
        ];
        for text in plain {
            assert_eq!(spellings(text), [text]);
            assert_eq!(uuid_of(text), None);
        }
    }
}
