//! Refresh tokens: 256 random bits that a client keeps and shows once.
//!
//! The book holds a keyed hash. The text begins with a mark, so that one found in a log or a repository tells what
//! it is.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rand_core::OsError;
use rand::rngs::OsRng;
use store::crypto::Keyring;
use zeroize::Zeroizing;

const MARK: &str = "mbr_";

/// A fresh token, as it is handed to the client.
///
/// Errors: the operating system has no randomness to give.
pub fn fresh() -> Result<Zeroizing<String>, OsError> {
    let mut bits = Zeroizing::new([0_u8; 32]);
    OsRng.try_fill_bytes(bits.as_mut_slice())?;
    Ok(Zeroizing::new(format!("{MARK}{}", BASE64_URL_SAFE_NO_PAD.encode(*bits))))
}

/// The only token that can follow `token`. Whoever holds the book's key can make it again, so that an answer that was
/// lost can be repeated without being kept.
pub fn successor(keyring: &Keyring, token: &str) -> Zeroizing<String> {
    let bits = Zeroizing::new(keyring.token_hash("refresh successor", token.as_bytes()));
    Zeroizing::new(format!("{MARK}{}", BASE64_URL_SAFE_NO_PAD.encode(*bits)))
}

/// What the book holds of `token`.
pub fn hash(keyring: &Keyring, token: &str) -> [u8; 32] {
    keyring.token_hash("refresh", token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_marked_long_and_never_the_same() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert!(one.starts_with(MARK) && one.len() == MARK.len() + 43);
        assert_ne!(one, other);
        let keyring = Keyring::new(&[1; 32]);
        assert_eq!(hash(&keyring, &one), hash(&keyring, &one));
        assert_ne!(hash(&keyring, &one), hash(&keyring, &other));
        assert_ne!(hash(&keyring, &one), hash(&Keyring::new(&[2; 32]), &one));
        let next = successor(&keyring, &one);
        assert!(next.starts_with(MARK) && next.len() == one.len() && next != one);
        assert_eq!(successor(&keyring, &one), next);
        assert_ne!(successor(&keyring, &other), next);
        assert_ne!(successor(&Keyring::new(&[2; 32]), &one), next);
    }
}
