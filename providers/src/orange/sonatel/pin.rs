//! The retailer's PIN, encrypted for Sonatel: RSA, PKCS#1 v1.5, in base64.
//!
//! Only the public half of a key is ever here, so the timing that is known of this library's private
//! operations (RUSTSEC-2023-0071) has nothing to tell. Chance comes from where TLS takes it.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::DecodePublicKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{Pkcs1v15Encrypt, RsaPublicKey};
use rustls::crypto::SecureRandom;

/// Whether `key` is a key as Sonatel publishes them: base64 of an SPKI without armour.
pub(super) fn is_key(key: &str) -> bool {
    read(key).is_some()
}

/// Other bytes each time. `None`: the key is none, or there is no chance to be had.
pub(super) fn encrypted(pin: &str, key: &str) -> Option<String> {
    let mut chance = Chance { source: rustls::crypto::ring::default_provider().secure_random, failed: false };
    let sealed = read(key)?.encrypt(&mut chance, Pkcs1v15Encrypt, pin.as_bytes()).ok()?;
    (!chance.failed).then(|| STANDARD.encode(sealed))
}

fn read(key: &str) -> Option<RsaPublicKey> {
    let bare: String = key.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    RsaPublicKey::from_public_key_der(&STANDARD.decode(bare).ok()?).ok()
}

struct Chance {
    source: &'static dyn SecureRandom,
    /// What was drawn is no chance: nothing of it may be used.
    failed: bool,
}

impl TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if self.source.fill(bytes).is_err() {
            self.failed = true;
            bytes.fill(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Chance {}
