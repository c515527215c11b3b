//! The business's wallets: merchants, where collections arrive, and retailers, who pay cash-ins.
//!
//! They are two wallets with two balances at Sonatel, and no call of the API moves money between
//! them: people do, by the control surface.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::config::{SonatelWalletConfig, WalletKind};
use super::errors::SonatelError;

/// A wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// The merchant code or the retailer's number.
    pub id: String,
    /// Which side it serves.
    pub kind: WalletKind,
    /// Shown to payers and in profiles.
    pub name: String,
    /// Whole francs.
    pub balance: i64,
    /// Its PIN.
    pub pin: String,
    /// Whether the PIN must be changed before anything else.
    pub must_change_pin: bool,
    /// Wrong PINs in a row; three block it.
    pub wrong_pins: u8,
}

impl Wallet {
    /// How an actor names it.
    pub fn id_type(&self) -> &'static str {
        match self.kind {
            WalletKind::Merchant => "CODE",
            WalletKind::Retailer => "MSISDN",
        }
    }
}

/// Opens a wallet that the books do not have yet.
pub fn open(tx: &Transaction<'_>, wallet: &SonatelWalletConfig) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR IGNORE INTO sonatel_wallets (id, kind, name, pin, must_change_pin, opening, balance)
         VALUES (?1, ?2, ?3, ?4, 0, ?5, ?5)",
        params![wallet.id, wallet.kind, wallet.name, wallet.pin, wallet.opening_balance],
    )?;
    Ok(())
}

/// A wallet by its code or number.
pub fn find(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Wallet>> {
    tx.prepare_cached("SELECT * FROM sonatel_wallets WHERE id = ?1")?.query_row([id], from_row).optional()
}

/// The first wallet of a kind.
pub fn first(tx: &Transaction<'_>, kind: WalletKind) -> rusqlite::Result<Option<Wallet>> {
    tx.prepare_cached("SELECT * FROM sonatel_wallets WHERE kind = ?1 ORDER BY rowid LIMIT 1")?
        .query_row([kind], from_row)
        .optional()
}

/// Every wallet.
pub fn all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Wallet>> {
    tx.prepare_cached("SELECT * FROM sonatel_wallets ORDER BY rowid")?.query_map([], from_row)?.collect()
}

/// The merchant of a code, for an API call; 2042 when there is none (*chosen*).
pub fn merchant(tx: &Transaction<'_>, code: &str) -> Result<Wallet, SonatelError> {
    named(tx, code, WalletKind::Merchant, "No merchant has this code")
}

/// The retailer of a number, for an API call; 2042 when there is none (*chosen*).
pub fn retailer(tx: &Transaction<'_>, msisdn: &str) -> Result<Wallet, SonatelError> {
    named(tx, msisdn, WalletKind::Retailer, "No retailer has this number")
}

fn named(tx: &Transaction<'_>, id: &str, kind: WalletKind, why: &str) -> Result<Wallet, SonatelError> {
    let found = find(tx, id)?.filter(|wallet| wallet.kind == kind);
    found.ok_or_else(|| SonatelError::new("2042", why))
}

/// Moves a balance, which may not fall below zero; false when it would.
pub fn shift(tx: &Transaction<'_>, id: &str, by: i64) -> rusqlite::Result<bool> {
    let sql = "UPDATE sonatel_wallets SET balance = balance + ?2 WHERE id = ?1 AND balance + ?2 >= 0";
    Ok(tx.prepare_cached(sql)?.execute(params![id, by])? == 1)
}

/// Writes another PIN, or that it must be changed, and unblocks the wallet; false when there is none.
pub fn put_pin(
    tx: &Transaction<'_>,
    id: &str,
    pin: Option<&str>,
    must_change: bool,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE sonatel_wallets SET pin = coalesce(?2, pin), must_change_pin = ?3, wrong_pins = 0
        WHERE id = ?1";
    Ok(tx.execute(sql, params![id, pin, must_change])? == 1)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Wallet> {
    Ok(Wallet {
        id: row.get("id")?,
        kind: row.get("kind")?,
        name: row.get("name")?,
        balance: row.get("balance")?,
        pin: row.get("pin")?,
        must_change_pin: row.get("must_change_pin")?,
        wrong_pins: row.get("wrong_pins")?,
    })
}
