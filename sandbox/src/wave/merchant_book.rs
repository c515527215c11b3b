//! Aggregated merchants in the books, and as Wave shows them.
//!
//! A merchant that was deleted stays in the books, so that sessions and statement lines that named
//! it keep its name; its own name is free again at once.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};

use super::fee::FeeStructure;
use crate::books::{instant, words};
use crate::clock::{Instant, micros, to_the_second};

words! {
    /// What kind of business a merchant is.
    pub enum BusinessType {
        /// It handles money itself.
        Fintech = "fintech",
        /// Anything else.
        Other = "other",
    }
}

/// What an aggregator says about a merchant.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Shown to payers and payees; one of a kind within the wallet.
    pub name: String,
    /// What kind of business.
    pub business_type: BusinessType,
    /// In words.
    pub business_description: String,
    /// Free text, as `retail`.
    pub business_sector: Option<String>,
    /// Its number in a register.
    pub business_registration_identifier: Option<String>,
    /// Where it is found.
    pub website_url: Option<String>,
    /// Who runs it.
    pub manager_name: Option<String>,
}

/// One aggregated merchant.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// `am-…`.
    pub id: String,
    /// What the aggregator said.
    pub profile: Profile,
    /// What Wave keeps of its collections, once reviewed.
    pub checkout_fee: Option<FeeStructure>,
    /// What Wave adds to its payouts, once reviewed.
    pub payout_fee: Option<FeeStructure>,
    /// Reviewed, so it can be deleted but not changed.
    pub is_locked: bool,
    /// When it was created.
    pub created_at: Instant,
}

impl Merchant {
    /// The merchant object of the API: what was not said is null.
    pub fn view(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.profile.name,
            "business_type": self.profile.business_type,
            "business_description": self.profile.business_description,
            "business_sector": self.profile.business_sector,
            "business_registration_identifier": self.profile.business_registration_identifier,
            "website_url": self.profile.website_url,
            "manager_name": self.profile.manager_name,
            "checkout_fee_structure_name": self.checkout_fee,
            "payout_fee_structure_name": self.payout_fee,
            "is_locked": self.is_locked,
            "when_created": to_the_second(self.created_at),
        })
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Merchant> {
        Ok(Merchant {
            id: row.get("id")?,
            profile: Profile {
                name: row.get("name")?,
                business_type: row.get("business_type")?,
                business_description: row.get("business_description")?,
                business_sector: row.get("business_sector")?,
                business_registration_identifier: row.get("business_registration_identifier")?,
                website_url: row.get("website_url")?,
                manager_name: row.get("manager_name")?,
            },
            checkout_fee: row.get("checkout_fee")?,
            payout_fee: row.get("payout_fee")?,
            is_locked: row.get("is_locked")?,
            created_at: instant(row, "created_at")?,
        })
    }
}

/// Writes a new merchant; `false` when another of the wallet has its name.
pub fn insert(tx: &Transaction<'_>, wallet: &str, merchant: &Merchant) -> rusqlite::Result<bool> {
    let profile = &merchant.profile;
    let written = tx.execute(
        "INSERT OR IGNORE INTO merchants (id, wallet, name, business_type, business_description,
            business_sector, business_registration_identifier, website_url, manager_name, is_locked,
            by_portal, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10)",
        params![
            merchant.id,
            wallet,
            profile.name,
            profile.business_type,
            profile.business_description,
            profile.business_sector,
            profile.business_registration_identifier,
            profile.website_url,
            profile.manager_name,
            micros(merchant.created_at),
        ],
    )?;
    Ok(written == 1)
}

/// Writes a merchant's profile anew; `false` when another of the wallet has its name.
pub fn update(tx: &Transaction<'_>, wallet: &str, id: &str, profile: &Profile) -> rusqlite::Result<bool> {
    let written = tx.execute(
        "UPDATE OR IGNORE merchants SET name = ?3, business_type = ?4, business_description = ?5,
            business_sector = ?6, business_registration_identifier = ?7, website_url = ?8,
            manager_name = ?9
         WHERE wallet = ?1 AND id = ?2 AND deleted_at IS NULL",
        params![
            wallet,
            id,
            profile.name,
            profile.business_type,
            profile.business_description,
            profile.business_sector,
            profile.business_registration_identifier,
            profile.website_url,
            profile.manager_name,
        ],
    )?;
    Ok(written == 1)
}

/// Deletes a merchant, locked or not; `false` when there is none.
pub fn delete(tx: &Transaction<'_>, wallet: &str, id: &str, now: Instant) -> rusqlite::Result<bool> {
    let sql = "UPDATE merchants SET deleted_at = ?3 WHERE wallet = ?1 AND id = ?2 AND deleted_at IS NULL";
    Ok(tx.execute(sql, params![wallet, id, micros(now)])? == 1)
}

/// Writes what Wave decided about a merchant: it is locked from then on, or open to change again.
pub fn review(
    tx: &Transaction<'_>,
    wallet: &str,
    id: &str,
    (checkout, payout): (Option<FeeStructure>, Option<FeeStructure>),
    is_locked: bool,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE merchants SET checkout_fee = ?3, payout_fee = ?4, is_locked = ?5
        WHERE wallet = ?1 AND id = ?2 AND deleted_at IS NULL";
    Ok(tx.execute(sql, params![wallet, id, checkout, payout, is_locked])? == 1)
}

/// A merchant of a wallet that may be used.
pub fn find(tx: &Transaction<'_>, wallet: &str, id: &str) -> rusqlite::Result<Option<Merchant>> {
    tx.prepare_cached("SELECT * FROM merchants WHERE wallet = ?1 AND id = ?2 AND deleted_at IS NULL")?
        .query_row([wallet, id], Merchant::from_row)
        .optional()
}

/// What a merchant is, or was, called.
pub fn name_of(tx: &Transaction<'_>, wallet: &str, id: &str) -> rusqlite::Result<Option<String>> {
    tx.prepare_cached("SELECT name FROM merchants WHERE wallet = ?1 AND id = ?2")?
        .query_row([wallet, id], |row| row.get(0))
        .optional()
}

/// A wallet's merchants after one of them, deleted or not, oldest first; `None` when it had no such one.
pub fn after(
    tx: &Transaction<'_>,
    wallet: &str,
    after: Option<&str>,
    limit: i64,
) -> rusqlite::Result<Option<Vec<Merchant>>> {
    let place = match after {
        None => Some(0),
        Some(id) => tx
            .prepare_cached("SELECT seq FROM merchants WHERE wallet = ?1 AND id = ?2")?
            .query_row([wallet, id], |row| row.get::<_, i64>(0))
            .optional()?,
    };
    let Some(place) = place else { return Ok(None) };
    tx.prepare_cached(
        "SELECT * FROM merchants WHERE wallet = ?1 AND seq > ?2 AND deleted_at IS NULL
         ORDER BY seq LIMIT ?3",
    )?
    .query_map(params![wallet, place, limit], Merchant::from_row)?
    .collect::<rusqlite::Result<Vec<_>>>()
    .map(Some)
}

/// Opens the merchants that the portal lists, reviewed already, and forgets those that it lists no more.
pub fn put_portal(tx: &Transaction<'_>, wallet: &str, listed: &str) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM merchants WHERE wallet = ?1 AND by_portal
            AND id NOT IN (SELECT value FROM json_each(?2))",
        [wallet, listed],
    )?;
    tx.execute(
        "INSERT OR IGNORE INTO merchants (id, wallet, name, business_type, business_description,
            checkout_fee, payout_fee, is_locked, by_portal, created_at)
         SELECT value, ?1, value, 'other', value, 'one_percent', 'one_percent', 1, 1, 0
         FROM json_each(?2)",
        [wallet, listed],
    )?;
    Ok(())
}
