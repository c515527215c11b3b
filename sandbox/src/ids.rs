//! Names for what the simulators create: a provider's prefix and random letters.
//!
//! Random rather than counted, so that a simulator started on empty books never repeats a name
//! that a gateway with older books still remembers.

use rand::Rng;

const LOWER: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
const UPPER: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `prefix` and `length` lower-case letters and digits, five random bits each.
pub fn lower(prefix: &str, length: usize) -> String {
    random(prefix, LOWER, length)
}

/// `prefix` and `length` upper-case letters and digits, five random bits each.
pub fn upper(prefix: &str, length: usize) -> String {
    random(prefix, UPPER, length)
}

/// A random number below `bound`, which is at least one.
pub fn below(bound: u32) -> u32 {
    rand::rng().random_range(0..bound.max(1))
}

/// A random UUID, version 4.
pub fn uuid() -> String {
    let bits = rand::rng().random::<u128>() & !(0xF << 76 | 3 << 62) | 4 << 76 | 2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn random(prefix: &str, alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    let tail = (0..length).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())]));
    prefix.chars().chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_prefix_and_length_and_do_not_repeat() {
        let name = lower("pt-", 13);
        assert!(name.starts_with("pt-") && name.len() == 16, "{name}");
        assert_ne!(name, lower("pt-", 13));
        let uuid = uuid();
        assert!(uuid.len() == 36 && &uuid[14..15] == "4" && "89ab".contains(&uuid[19..20]), "{uuid}");
        assert!(upper("T_", 10).chars().skip(2).all(|c| LOWER.contains(&(c.to_ascii_lowercase() as u8))));
    }
}
