//! Merchants in the books, and the balance that payments credit.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::config::OrangeMerchantConfig;
use crate::books::{json, to_json};

/// A merchant and what it holds.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// Its portal.
    pub portal: OrangeMerchantConfig,
    /// Minor units.
    pub balance: i64,
}

impl Merchant {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Merchant> {
        Ok(Merchant { portal: json(row, "settings")?, balance: row.get("balance")? })
    }
}

/// Writes a merchant over the one of that name; its balance stays.
pub fn put(tx: &Transaction<'_>, portal: &OrangeMerchantConfig) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO orange_merchants (merchant, merchant_key, country, opening, balance, settings)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5)
         ON CONFLICT (merchant) DO UPDATE SET merchant_key = excluded.merchant_key,
            country = excluded.country, opening = excluded.opening, settings = excluded.settings",
        params![
            portal.merchant,
            portal.merchant_key,
            portal.country,
            portal.opening_balance,
            to_json(portal)?,
        ],
    )?;
    Ok(())
}

/// A merchant by its name.
pub fn find(tx: &Transaction<'_>, merchant: &str) -> rusqlite::Result<Option<Merchant>> {
    tx.prepare_cached("SELECT * FROM orange_merchants WHERE merchant = ?1")?
        .query_row([merchant], Merchant::from_row)
        .optional()
}

/// The merchant that a key belongs to.
pub fn by_key(tx: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<Merchant>> {
    tx.prepare_cached("SELECT * FROM orange_merchants WHERE merchant_key = ?1")?
        .query_row([key], Merchant::from_row)
        .optional()
}

/// Every merchant in the order of their names.
pub fn all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Merchant>> {
    tx.prepare_cached("SELECT * FROM orange_merchants ORDER BY merchant")?
        .query_map([], Merchant::from_row)?
        .collect()
}

/// Whether anybody may use a country's path.
pub fn is_active(tx: &Transaction<'_>, country: &str) -> rusqlite::Result<bool> {
    let merchants = all(tx)?;
    Ok(merchants.iter().any(|merchant| merchant.portal.active && merchant.portal.country == country))
}

/// Adds `effect` minor units, which may be negative.
pub fn move_balance(tx: &Transaction<'_>, merchant: &str, effect: i64) -> rusqlite::Result<()> {
    let changed = tx
        .prepare_cached("UPDATE orange_merchants SET balance = balance + ?2 WHERE merchant = ?1")?
        .execute(params![merchant, effect])?;
    match changed {
        1 => Ok(()),
        _ => Err(rusqlite::Error::QueryReturnedNoRows),
    }
}
