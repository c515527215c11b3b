//! PINs: decrypted, compared, and counted until the account is blocked.
//!
//! The first wrong one is 2011, the second 2012, the third 2013, and from then on every one, the
//! right one included, until somebody unblocks the account by the control surface. A right one
//! starts the count anew.

use rusqlite::params;
use subtle::ConstantTimeEq;

use super::errors::SonatelError;
use super::fields::Fields;
use super::wallet::Wallet;
use super::{keys, people};
use crate::app::Desk;

/// The PIN of everybody who is not a wallet of the business.
pub const CUSTOMERS_PIN: &str = "0000";

/// Refuses anything but the wallet's own PIN in `encryptedPinCode`.
pub fn check_wallet(desk: &Desk<'_>, wallet: &Wallet, fields: &Fields<'_>) -> Result<(), SonatelError> {
    let wrong = compare(desk, fields, &wallet.pin, wallet.wrong_pins)?;
    let sql = "UPDATE sonatel_wallets SET wrong_pins = ?2 WHERE id = ?1";
    desk.tx.execute(sql, params![wallet.id, wrong])?;
    match refusal(wallet.wrong_pins, wrong) {
        Some(refusal) => Err(refusal),
        None if wallet.must_change_pin => Err(SonatelError::new("2010", "The PIN code must be changed")),
        None => Ok(()),
    }
}

/// Refuses anything but a customer's own PIN in `encryptedPinCode`.
pub fn check_customer(desk: &Desk<'_>, msisdn: &str, fields: &Fields<'_>) -> Result<(), SonatelError> {
    let person = people::find(desk.tx, msisdn)?;
    let wrong = compare(desk, fields, CUSTOMERS_PIN, person.wrong_pins)?;
    people::put_wrong_pins(desk.tx, msisdn, wrong)?;
    refusal(person.wrong_pins, wrong).map_or(Ok(()), Err)
}

/// How many wrong PINs there are after this one.
fn compare(desk: &Desk<'_>, fields: &Fields<'_>, pin: &str, wrong: u8) -> Result<u8, SonatelError> {
    let given = keys::decrypt(desk, fields.text("encryptedPinCode")?)?;
    match bool::from(given.as_bytes().ct_eq(pin.as_bytes())) {
        _ if wrong >= 3 => Ok(wrong),
        true => Ok(0),
        false => Ok(wrong + 1),
    }
}

fn refusal(before: u8, wrong: u8) -> Option<SonatelError> {
    let (code, detail) = match wrong {
        0 => return None,
        1 => ("2011", "Wrong PIN code: two attempts left"),
        2 => ("2012", "Wrong PIN code: one attempt left"),
        _ if before >= 3 => ("2013", "The account is blocked"),
        _ => ("2013", "Wrong PIN code: the account is blocked"),
    };
    Some(SonatelError::new(code, detail).committed())
}
