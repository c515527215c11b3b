//! Paths for callbacks that prove nothing: one per movement, `/webhooks/{door}/{token}`.
//!
//! Where a provider signs nothing, whoever knows the path may speak; so the path holds a token that only the provider
//! was told, and even then it only makes us ask. The token is the wallet, a dot, and in base64url the reference with a
//! keyed hash of all three names: it is checked without a look into the book. At most 68 characters.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Provider, Reference, Wallet};
use providers::Capabilities;
use store::crypto::Keyring;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Bytes of a reference, and as many of the hash.
const HALF: usize = 16;

/// Where the provider tells of a movement; `None` when it has one path for all, or is not told.
pub fn url(
    public_url: &str,
    keyring: &Keyring,
    capabilities: &Capabilities,
    reference: Reference,
) -> Option<String> {
    let door = capabilities.callbacks.door?;
    let token = token(keyring, capabilities.provider, &capabilities.wallet, reference);
    Some(format!("{public_url}/webhooks/{door}/{token}"))
}

fn token(keyring: &Keyring, provider: Provider, wallet: &Wallet, reference: Reference) -> String {
    let bytes =
        [reference.uuid().as_bytes().as_slice(), &hash(keyring, provider, wallet, reference)].concat();
    format!("{wallet}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What a token of ours names; `None` for any other text.
pub fn open(keyring: &Keyring, provider: Provider, token: &str) -> Option<(Wallet, Reference)> {
    let (wallet, rest) = token.split_once('.')?;
    let wallet = Wallet::parse(wallet).ok()?;
    let bytes = URL_SAFE_NO_PAD.decode(rest).ok()?;
    let (reference, said) = bytes.split_first_chunk::<HALF>()?;
    let reference = Reference::from_uuid(Uuid::from_bytes(*reference));
    let is_ours = hash(keyring, provider, &wallet, reference).ct_eq(said);
    bool::from(is_ours).then_some((wallet, reference))
}

fn hash(keyring: &Keyring, provider: Provider, wallet: &Wallet, reference: Reference) -> [u8; HALF] {
    let named = format!("{provider}:{wallet}:{reference}");
    let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        keyring.token_hash("callback door", named.as_bytes());
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> Keyring {
        Keyring::new(&[7; 32])
    }

    fn reference() -> Reference {
        "f47ac10b-58cc-4372-a567-0e02b2c3d479".parse().unwrap()
    }

    #[test]
    fn a_token_names_its_movement_and_opens_no_other_door() {
        let wallet = Wallet::parse("gn").unwrap();
        let token = token(&keyring(), Provider::OrangeWeb, &wallet, reference());
        assert!(token.len() <= 68, "{token}");
        assert_eq!(open(&keyring(), Provider::OrangeWeb, &token), Some((wallet, reference())));
        assert_eq!(open(&keyring(), Provider::MtnMomo, &token), None);
        assert_eq!(open(&Keyring::new(&[8; 32]), Provider::OrangeWeb, &token), None);
    }

    #[test]
    fn whatever_is_changed_opens_nothing() {
        let wallet = Wallet::parse("gn").unwrap();
        let token = token(&keyring(), Provider::OrangeWeb, &wallet, reference());
        for at in 0..token.len() {
            for other in ["A", "z", "9", "-", ".", ""] {
                let forged = format!("{}{other}{}", &token[..at], &token[at + 1..]);
                if forged != token {
                    assert_eq!(open(&keyring(), Provider::OrangeWeb, &forged), None, "{forged}");
                }
            }
        }
        for odd in ["", ".", "gn", "gn.", "gn.AAAA", "é.x", &format!("gn.{}", "A".repeat(43))] {
            assert_eq!(open(&keyring(), Provider::OrangeWeb, odd), None, "{odd:?}");
        }
    }
}
