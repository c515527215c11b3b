//! The key pair under which PINs travel: RSA of 2048 bits, PKCS#1 v1.5.
//!
//! Made when somebody first asks for it, kept in the books, and replaced by a rotation, after
//! which what was encrypted for the old one is refused with code 4003. Decryption is not in
//! constant time (RUSTSEC-2023-0071), which matters to no one here: the PINs are simulated and
//! the documents name them.

use std::convert::Infallible;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand::RngCore;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey, RsaPublicKey};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Value, json};

use super::errors::{Reply, SonatelError};
use super::http::Call;
use crate::app::Desk;
use crate::books::{instant, instant_or_none};
use crate::clock::micros;
use crate::ids;

const BITS: usize = 2048;

/// The key that is in force.
struct Current {
    key_id: String,
    key: RsaPrivateKey,
}

impl Current {
    /// As `publicKeys` shows it: base64 of the SPKI, without armour.
    fn view(&self) -> Result<Value, SonatelError> {
        let spki = RsaPublicKey::from(&self.key).to_public_key_der().map_err(broken)?;
        Ok(json!({"keyId": self.key_id, "key": BASE64_STANDARD.encode(spki.as_bytes())}))
    }
}

/// `GET /api/account/v1/publicKeys`.
pub async fn public(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, _| {
        let view = current(desk)?.view()?;
        let in_array = desk.app.sonatel.settings().keys_in_array;
        Ok(Reply::json(&if in_array { json!([view]) } else { view }))
    })
}

/// The digits within an `encryptedPinCode`; 4003 when they are not for the key in force.
pub fn decrypt(desk: &Desk<'_>, encrypted: &str) -> Result<String, SonatelError> {
    let refused = || SonatelError::new("4003", "Cannot decrypt encryptedPinCode: unknown or revoked key");
    let bytes = BASE64_STANDARD.decode(encrypted).map_err(|_| refused())?;
    let pin = current(desk)?.key.decrypt(Pkcs1v15Encrypt, &bytes).map_err(|_| refused())?;
    String::from_utf8(pin).map_err(|_| refused())
}

/// Revokes the key in force and makes another; answers with the new one.
pub fn rotate(desk: &Desk<'_>) -> Result<Value, SonatelError> {
    desk.tx
        .execute("UPDATE sonatel_keys SET revoked_at = ?1 WHERE revoked_at IS NULL", [micros(desk.now)])?;
    current(desk)?.view()
}

/// Every key that there was, newest first, without what is secret.
pub fn all(desk: &Desk<'_>) -> rusqlite::Result<Vec<Value>> {
    let view = |row: &Row<'_>| {
        Ok(json!({
            "keyId": row.get::<_, String>("key_id")?,
            "created_at": instant(row, "created_at")?,
            "revoked_at": instant_or_none(row, "revoked_at")?,
        }))
    };
    desk.tx.prepare("SELECT * FROM sonatel_keys ORDER BY seq DESC")?.query_map([], view)?.collect()
}

fn current(desk: &Desk<'_>) -> Result<Current, SonatelError> {
    let kept: Option<(String, Vec<u8>)> = desk
        .tx
        .prepare_cached("SELECT key_id, pkcs8 FROM sonatel_keys WHERE revoked_at IS NULL")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((key_id, pkcs8)) = kept {
        let key = RsaPrivateKey::from_pkcs8_der(&pkcs8).map_err(broken)?;
        return Ok(Current { key_id, key });
    }
    let key = RsaPrivateKey::new(&mut Dice, BITS).map_err(broken)?;
    let key_id = ids::lower("", 12);
    let pkcs8 = key.to_pkcs8_der().map_err(broken)?;
    desk.tx.execute(
        "INSERT INTO sonatel_keys (key_id, pkcs8, created_at) VALUES (?1, ?2, ?3)",
        params![key_id, pkcs8.as_bytes(), micros(desk.now)],
    )?;
    Ok(Current { key_id, key })
}

fn broken(error: impl std::fmt::Display) -> SonatelError {
    tracing::error!(%error, "the key of the Sonatel simulator is unusable");
    SonatelError::new("50", "Internal error")
}

/// The generator of the simulators, as the crate for RSA wants it.
struct Dice;

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(rand::rng().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(rand::rng().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        rand::rng().fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Dice {}
