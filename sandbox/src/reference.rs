//! The two spellings of one caller's reference.
//!
//! A gateway may name the same 128 bits as a hyphenated UUID or as 26 characters of lower-case
//! Crockford base32, whichever a provider takes. People and tests may use either on the control
//! surface, whatever was sent to the provider. Any other reference has only the spelling it has.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Where the hyphens of a UUID stand, in characters.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The text itself and, when it is one of the two spellings, the other one.
pub fn spellings(text: &str) -> Vec<String> {
    let other = match text.len() {
        36 => from_uuid(text).map(to_base32),
        26 => from_base32(text).map(to_uuid),
        _ => None,
    };
    [text.to_owned()].into_iter().chain(other).collect()
}

fn from_uuid(text: &str) -> Option<u128> {
    let is_placed = |(at, c): (usize, char)| (c == '-') == HYPHENS.contains(&at);
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex && text.char_indices().all(is_placed)).then(|| u128::from_str_radix(&digits, 16).ok())?
}

fn from_base32(text: &str) -> Option<u128> {
    // 130 bits are written, of which the first two are always zero.
    if !matches!(text.as_bytes().first(), Some(b'0'..=b'7')) {
        return None;
    }
    text.bytes().try_fold(0_u128, |bits, byte| {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        Some(bits << 5 | u128::try_from(digit).ok()?)
    })
}

fn to_uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn to_base32(bits: u128) -> String {
    let digit = |place: u32| ALPHABET[usize::try_from(bits >> (5 * place) & 31).unwrap_or_default()];
    (0..26).rev().map(|place| char::from(digit(place))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_spelling_leads_to_the_other() {
        let uuid = "0188bac7-4afa-78aa-bc3b-bd1eef28d881";
        let base32 = "01h2xcejqtf2nbrexx3vqjhp41";
        assert_eq!(spellings(uuid), [uuid, base32]);
        assert_eq!(spellings(base32), [base32, uuid]);
        let highest = "ffffffff-ffff-ffff-ffff-ffffffffffff";
        assert_eq!(spellings(highest), [highest, "7zzzzzzzzzzzzzzzzzzzzzzzzz"]);
        assert_eq!(spellings("7zzzzzzzzzzzzzzzzzzzzzzzzz")[1], highest);
        assert_eq!(spellings("00000000000000000000000000")[1], "00000000-0000-0000-0000-000000000000");
    }

    #[test]
    fn other_references_are_what_they_are() {
        let plain = [
            "ORD7F2A91",
            "",
            "01H2XCEJQTF2NBREXX3VQJHP41",
            "81h2xcejqtf2nbrexx3vqjhp41",
            "0188bac7-4afa-78aa-bc3b-bd1eef28d88z",
            "0188bac74-afa-78aa-bc3b-bd1eef28d881",
            "é1h2xcejqtf2nbrexx3vqjhp4",
        ];
        for text in plain {
            assert_eq!(spellings(text), [text]);
        }
    }
}
