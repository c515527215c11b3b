//! What MTN's portal knows: environments with their wallets, subscription keys, API users.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::config::{MtnConfig, MtnEnvironmentConfig, MtnSubscriptionConfig, MtnUserConfig};
use crate::books::{json, to_json};

/// A target environment and what its wallet holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// As the portal has it.
    pub portal: MtnEnvironmentConfig,
    /// In minor units.
    pub balance: i64,
}

impl Environment {
    /// The value of `X-Target-Environment`.
    pub fn name(&self) -> &str {
        &self.portal.environment
    }

    /// The currency of the wallet.
    pub fn currency(&self) -> &str {
        &self.portal.currency
    }
}

/// Writes what the configuration has: environments that are not open yet, all keys and users.
pub fn furnish(tx: &Transaction<'_>, config: &MtnConfig) -> rusqlite::Result<()> {
    for portal in &config.environments {
        if environment(tx, &portal.environment)?.is_none() {
            put_environment(tx, portal)?;
        }
    }
    for subscription in &config.subscriptions {
        put_subscription(tx, subscription)?;
    }
    for user in &config.users {
        put_user(tx, user)?;
    }
    Ok(())
}

/// Opens an environment, or changes all of it but its balance.
pub fn put_environment(tx: &Transaction<'_>, portal: &MtnEnvironmentConfig) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO mtn_environments (environment, opening, balance, settings) VALUES (?1, ?2, ?2, ?3)
         ON CONFLICT (environment) DO UPDATE SET opening = excluded.opening, settings = excluded.settings",
        params![portal.environment, portal.opening_balance, to_json(portal)?],
    )?;
    Ok(())
}

/// One environment.
pub fn environment(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<Environment>> {
    tx.prepare_cached("SELECT * FROM mtn_environments WHERE environment = ?1")?
        .query_row([name], environment_of)
        .optional()
}

/// Every environment, by name.
pub fn environments(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Environment>> {
    tx.prepare_cached("SELECT * FROM mtn_environments ORDER BY environment")?
        .query_map([], environment_of)?
        .collect()
}

fn environment_of(row: &Row<'_>) -> rusqlite::Result<Environment> {
    Ok(Environment { portal: json(row, "settings")?, balance: row.get("balance")? })
}

/// Moves a wallet's balance by a signed amount.
pub fn move_balance(tx: &Transaction<'_>, environment: &str, effect: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE mtn_environments SET balance = balance + ?2 WHERE environment = ?1")?
        .execute(params![environment, effect])?;
    Ok(())
}

/// Writes a key over the one of the same text.
pub fn put_subscription(tx: &Transaction<'_>, key: &MtnSubscriptionConfig) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO mtn_subscriptions VALUES (?1, ?2, ?3)",
        params![key.key, key.product, key.environment],
    )?;
    Ok(())
}

/// One key.
pub fn subscription(tx: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<MtnSubscriptionConfig>> {
    tx.prepare_cached("SELECT * FROM mtn_subscriptions WHERE subscription_key = ?1")?
        .query_row([key], subscription_of)
        .optional()
}

/// Every key.
pub fn subscriptions(tx: &Transaction<'_>) -> rusqlite::Result<Vec<MtnSubscriptionConfig>> {
    tx.prepare_cached("SELECT * FROM mtn_subscriptions ORDER BY subscription_key")?
        .query_map([], subscription_of)?
        .collect()
}

fn subscription_of(row: &Row<'_>) -> rusqlite::Result<MtnSubscriptionConfig> {
    Ok(MtnSubscriptionConfig {
        key: row.get("subscription_key")?,
        product: row.get("product")?,
        environment: row.get("environment")?,
    })
}

/// Writes a user over the one of the same id.
pub fn put_user(tx: &Transaction<'_>, user: &MtnUserConfig) -> rusqlite::Result<()> {
    tx.execute("INSERT OR REPLACE INTO mtn_users VALUES (?1, ?2)", params![user.user, to_json(user)?])?;
    Ok(())
}

/// One user.
pub fn user(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<MtnUserConfig>> {
    tx.prepare_cached("SELECT settings FROM mtn_users WHERE user_id = ?1")?
        .query_row([id], |row| json(row, "settings"))
        .optional()
}

/// Every user, by id.
pub fn users(tx: &Transaction<'_>) -> rusqlite::Result<Vec<MtnUserConfig>> {
    tx.prepare_cached("SELECT settings FROM mtn_users ORDER BY user_id")?
        .query_map([], |row| json(row, "settings"))?
        .collect()
}
