//! Wallets and API keys: what is managed by hand in Wave's portal.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::merchant_book;
use crate::books::{json, to_json};
use crate::config::{WaveKeyConfig, WaveWalletConfig};

/// A business wallet: one country, one currency, one balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// The portal as it stands; `opening_balance` is what the books began with.
    pub portal: WaveWalletConfig,
    /// The balance now, in minor units.
    pub balance: i64,
    /// The portal's currency, at hand.
    pub currency: String,
}

impl Wallet {
    /// The name by which the control surface calls it.
    pub fn name(&self) -> &str {
        &self.portal.wallet
    }

    /// How numbers of its country begin.
    pub fn dial_prefix(&self) -> &'static str {
        match self.portal.country.as_str() {
            "SN" => "+221",
            "CI" => "+225",
            "ML" => "+223",
            "BF" => "+226",
            "UG" => "+256",
            "GM" => "+220",
            _ => "+",
        }
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Wallet> {
        let currency: String = row.get("currency")?;
        let portal = WaveWalletConfig {
            wallet: row.get("wallet")?,
            country: row.get("country")?,
            currency: currency.clone(),
            business_name: row.get("business_name")?,
            opening_balance: row.get("opening")?,
            disabled: row.get("disabled")?,
            apis: json(row, "apis")?,
            aggregated_merchants: json(row, "aggregated_merchants")?,
            keys: Vec::new(),
        };
        Ok(Wallet { portal, balance: row.get("balance")?, currency })
    }
}

/// One wallet, without its keys.
pub fn find(tx: &Transaction<'_>, wallet: &str) -> rusqlite::Result<Option<Wallet>> {
    tx.prepare_cached("SELECT * FROM wallets WHERE wallet = ?1")?
        .query_row([wallet], Wallet::from_row)
        .optional()
}

/// Every wallet in the order of their names, with their keys.
pub fn all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Wallet>> {
    let mut wallets = tx
        .prepare_cached("SELECT * FROM wallets ORDER BY wallet")?
        .query_map([], Wallet::from_row)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for wallet in &mut wallets {
        wallet.portal.keys = keys(tx, wallet.name())?;
    }
    Ok(wallets)
}

/// A key and the wallet that it drives.
pub fn by_key(tx: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<(Wallet, WaveKeyConfig)>> {
    tx.prepare_cached("SELECT * FROM wallets JOIN api_keys USING (wallet) WHERE api_key = ?1")?
        .query_row([key], |row| Ok((Wallet::from_row(row)?, key_from_row(row)?)))
        .optional()
}

/// Writes a wallet as the portal has it. A new one opens with its opening balance; one that
/// exists keeps its balance. The keys given are added or changed, others stay.
pub fn put(tx: &Transaction<'_>, portal: &WaveWalletConfig) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO wallets VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)
         ON CONFLICT (wallet) DO UPDATE SET business_name = excluded.business_name,
            disabled = excluded.disabled, apis = excluded.apis,
            aggregated_merchants = excluded.aggregated_merchants",
        params![
            portal.wallet,
            portal.country,
            portal.currency,
            portal.business_name,
            portal.opening_balance,
            portal.disabled,
            to_json(&portal.apis)?,
            to_json(&portal.aggregated_merchants)?,
        ],
    )?;
    merchant_book::put_portal(tx, &portal.wallet, &to_json(&portal.aggregated_merchants)?)?;
    portal.keys.iter().try_for_each(|key| put_key(tx, &portal.wallet, key))
}

fn put_key(tx: &Transaction<'_>, wallet: &str, key: &WaveKeyConfig) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO api_keys VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            key.key,
            wallet,
            to_json(&key.scopes)?,
            key.revoked,
            to_json(&key.allowed_ips)?,
            key.signing_secret,
        ],
    )?;
    Ok(())
}

fn keys(tx: &Transaction<'_>, wallet: &str) -> rusqlite::Result<Vec<WaveKeyConfig>> {
    tx.prepare_cached("SELECT * FROM api_keys WHERE wallet = ?1 ORDER BY api_key")?
        .query_map([wallet], key_from_row)?
        .collect()
}

fn key_from_row(row: &Row<'_>) -> rusqlite::Result<WaveKeyConfig> {
    Ok(WaveKeyConfig {
        key: row.get("api_key")?,
        scopes: json(row, "scopes")?,
        revoked: row.get("revoked")?,
        allowed_ips: json(row, "allowed_ips")?,
        signing_secret: row.get("signing_secret")?,
    })
}

/// Adds to a wallet's balance, which may take it below zero, and returns the new balance.
pub fn move_balance(tx: &Transaction<'_>, wallet: &str, effect: i64) -> rusqlite::Result<i64> {
    tx.prepare_cached("UPDATE wallets SET balance = balance + ?2 WHERE wallet = ?1 RETURNING balance")?
        .query_row(params![wallet, effect], |row| row.get(0))
}
