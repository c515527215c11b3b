//! Encryption of fields at rest: what names a person, what opens a provider, and what we answered.
//!
//! A sealed value is XChaCha20-Poly1305 with a random nonce, bound to its table, column and row, so a
//! value moved anywhere else does not open. Keys come from one master key that never reaches the
//! database; each person has a key of their own, kept wrapped, and destroying it erases the person.
//!
//! Layout: one version byte, 24 bytes of nonce, the ciphertext with its 16-byte tag.
//!
//! Deliberately absent: SQL, and any key that prints.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

pub use crate::persons::PersonKeys;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Why a sealed value stays closed. None of these says what is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    #[error("a sealed value of {length} bytes is not one of ours")]
    Malformed { length: usize },
    #[error("sealed value {aad} does not open: another key, another place or changed bytes")]
    Refused { aad: Aad },
    #[error("person {person} is not known")]
    UnknownPerson { person: Uuid },
    #[error("person {person} was erased")]
    Erased { person: Uuid },
}

/// Where a sealed value lives. It opens there and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aad {
    pub table: &'static str,
    pub column: &'static str,
    pub row: Uuid,
}

impl Aad {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.table.len() + self.column.len() + 19);
        bytes.push(VERSION);
        bytes.extend_from_slice(self.table.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(self.column.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(self.row.as_bytes());
        bytes
    }
}

impl fmt::Display for Aad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} of {}", self.table, self.column, self.row)
    }
}

type Key = Zeroizing<[u8; 32]>;

/// The book's keys, derived from the master key: wrapping persons' keys, sealing what belongs to nobody,
/// blind indexes, and tokens. The master key itself is not kept.
pub struct Keyring {
    wrap: Key,
    book: Key,
    blind: Key,
    token: Key,
}

impl Keyring {
    /// Derives the four sub-keys (HKDF-SHA256, RFC 5869) from 32 uniformly random bytes.
    pub fn new(master: &[u8; 32]) -> Keyring {
        let root = Hkdf::<Sha256>::new(None, master);
        let derive = |label: &str| {
            let mut key = Zeroizing::new([0; 32]);
            if root.expand(format!("moneybridge/1/{label}").as_bytes(), &mut *key).is_err() {
                unreachable!("32 bytes are within what HKDF-SHA256 can give");
            }
            key
        };
        Keyring { wrap: derive("wrap"), book: derive("book"), blind: derive("blind"), token: derive("token") }
    }

    /// Seals what belongs to no person: credentials, callbacks, stored answers, unanswered challenges.
    pub fn seal_book(&self, aad: Aad, plain: &[u8]) -> Vec<u8> {
        seal(&self.book, aad, plain)
    }

    /// Opens what [`Keyring::seal_book`] sealed for the same place.
    pub fn open_book(&self, aad: Aad, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        open(&self.book, aad, sealed)
    }

    /// What a sealed value is looked up by: HMAC-SHA256 of `what:value`. Equal values of one kind are equal
    /// here, so it tells a reader of the database who is the same, and not who it is.
    pub fn blind_index(&self, what: &str, value: &[u8]) -> [u8; 32] {
        mac(&self.blind, what, value)
    }

    /// What is stored of a secret that its bearer presents (refresh token, one-time code): HMAC-SHA256 of
    /// `what:value` under a key that the database does not hold, so that short codes cannot be tried offline.
    pub fn token_hash(&self, what: &str, value: &[u8]) -> [u8; 32] {
        mac(&self.token, &format!("hash/{what}"), value)
    }

    /// A key of its own for one purpose of signing, such as access tokens.
    pub fn signing_key(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(mac(&self.token, "sign", purpose.as_bytes()))
    }

    /// A fresh key for one person.
    pub fn new_person_key(&self) -> PersonKey {
        let mut key = Zeroizing::new([0; 32]);
        fill_random(&mut *key);
        PersonKey(key)
    }

    /// Seals a person's key for the row of that person in `persons`.
    pub fn wrap(&self, person: Uuid, key: &PersonKey) -> Vec<u8> {
        seal(&self.wrap, wrapped_key_aad(person), &*key.0)
    }

    /// Opens what [`Keyring::wrap`] sealed for the same person.
    pub fn unwrap(&self, person: Uuid, wrapped: &[u8]) -> Result<PersonKey, CryptoError> {
        let plain = Zeroizing::new(open(&self.wrap, wrapped_key_aad(person), wrapped)?);
        let key = plain.as_slice().try_into().map_err(|_| CryptoError::Malformed { length: plain.len() })?;
        Ok(PersonKey(Zeroizing::new(key)))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}

/// One person's key: everything said of that person is sealed with it, and gone with it.
#[derive(Clone)]
pub struct PersonKey(Key);

impl PersonKey {
    /// Seals a value for one place.
    pub fn seal(&self, aad: Aad, plain: &[u8]) -> Vec<u8> {
        seal(&self.0, aad, plain)
    }

    /// Opens what [`PersonKey::seal`] sealed for the same person and place.
    pub fn open(&self, aad: Aad, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        open(&self.0, aad, sealed)
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(…)")
    }
}

/// Fills `bytes` from the operating system's generator.
///
/// # Panics
/// When the system has no randomness to give; a gateway without it must not go on.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    if let Err(error) = OsRng.try_fill_bytes(bytes) {
        unreachable!("the operating system gives no randomness: {error}");
    }
}

fn wrapped_key_aad(person: Uuid) -> Aad {
    Aad { table: "persons", column: "wrapped_key", row: person }
}

fn seal(key: &Key, aad: Aad, plain: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    fill_random(&mut nonce);
    let payload = Payload { msg: plain, aad: &aad.bytes() };
    let Ok(ciphertext) = cipher(key).encrypt(&XNonce::from(nonce), payload) else {
        unreachable!("only a value beyond 256 GiB cannot be sealed");
    };
    [&[VERSION], nonce.as_slice(), &ciphertext].concat()
}

fn open(key: &Key, aad: Aad, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let malformed = CryptoError::Malformed { length: sealed.len() };
    let (version, rest) = sealed.split_first().ok_or(malformed)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(malformed)?;
    if *version != VERSION || ciphertext.len() < TAG {
        return Err(malformed);
    }
    let payload = Payload { msg: ciphertext, aad: &aad.bytes() };
    cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| CryptoError::Refused { aad })
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

fn mac(key: &Key, what: &str, value: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&**key) else {
        unreachable!("HMAC takes a key of any length");
    };
    mac.update(what.as_bytes());
    mac.update(b":");
    mac.update(value);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
