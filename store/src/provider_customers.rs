//! Who our users are to a provider that wants to know its payers before it takes money from them.
//!
//! One name per user and wallet, for ever: what a provider gives a customer (an IBAN to pay into) stays theirs.

use chrono::{DateTime, Utc};
use domain::{Provider, UserId, Wallet};

use crate::db::on;
use crate::{Conn, StoreError, Tx};

/// The provider's name for `user` at this wallet.
pub async fn find(
    conn: &mut Conn<'_>,
    provider: Provider,
    wallet: &Wallet,
    user: UserId,
) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT customer_ref FROM provider_customers \
         WHERE provider = $1 AND wallet = $2 AND user_id = $3";
    Ok(on!(conn, |c| {
        let query = sqlx::query_scalar(SQL).bind(provider.as_str()).bind(wallet.as_str());
        query.bind(user.uuid()).fetch_optional(&mut **c).await
    })?)
}

/// Keeps the name that the provider gave; of any number that race, the first stays. Returns the one that stands.
pub async fn keep(
    tx: &mut Tx,
    provider: Provider,
    wallet: &Wallet,
    user: UserId,
    customer: &str,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    const SQL: &str = "INSERT INTO provider_customers (provider, wallet, user_id, customer_ref, created_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (provider, wallet, user_id) DO NOTHING";
    on!(tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(provider.as_str()).bind(wallet.as_str()).bind(user.uuid());
        query.bind(customer).bind(now).execute(&mut *c).await.map(drop)
    })?;
    let kept = find(&mut tx.conn(), provider, wallet, user).await?;
    kept.ok_or_else(|| StoreError::corrupt("provider customer", user))
}
