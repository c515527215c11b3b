//! Mandates: users' standing consents to be debited. What names a bank account is sealed with its owner's key.

use chrono::{DateTime, Utc};
use domain::{MandateId, Provider, UserId, Wallet};
use uuid::Uuid;

use crate::crypto::{Aad, PersonKeys};
use crate::db::on;
use crate::read::{column, word};
use crate::{Conn, StoreError, Tx};

/// A consent that the provider keeps, and what its giver may see of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mandate {
    pub id: MandateId,
    pub user: UserId,
    pub provider: Provider,
    pub wallet: Wallet,
    /// The provider's names of the mandate and of what it debits.
    pub mandate_ref: String,
    pub payment_method: String,
    /// What the owner recognises the account by, in the caller's own form.
    pub details: Vec<u8>,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct MandateRow {
    id: Uuid,
    user_id: Uuid,
    provider: String,
    wallet: String,
    mandate_ref: String,
    payment_method: String,
    details: Vec<u8>,
    state: String,
    created_at: DateTime<Utc>,
}

/// Keeps a mandate that an answer showed; one that is there already stays as it is.
pub async fn keep(tx: &mut Tx, keys: &PersonKeys, mandate: &Mandate) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO mandates \
         (id, user_id, provider, wallet, mandate_ref, payment_method, details, state, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8) ON CONFLICT (provider, wallet, mandate_ref) DO NOTHING";
    let m = mandate;
    let key = keys.key(&mut tx.conn(), m.user.uuid()).await?;
    let details = key.seal(aad(m.id), &m.details);
    on!(tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(m.id.uuid()).bind(m.user.uuid()).bind(m.provider.as_str());
        let query = query.bind(m.wallet.as_str()).bind(&m.mandate_ref).bind(&m.payment_method);
        query.bind(details).bind(m.created_at).execute(&mut *c).await.map(drop)
    })?;
    Ok(())
}

/// The user's mandates, newest first, at most 100.
pub async fn of_user(
    conn: &mut Conn<'_>,
    keys: &PersonKeys,
    user: UserId,
) -> Result<Vec<Mandate>, StoreError> {
    const SQL: &str = "SELECT id, user_id, provider, wallet, mandate_ref, payment_method, details, state, created_at \
         FROM mandates WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100";
    let rows: Vec<MandateRow> =
        on!(&mut *conn, |c| sqlx::query_as(SQL).bind(user.uuid()).fetch_all(&mut **c).await)?;
    let mut mandates = Vec::with_capacity(rows.len());
    for row in rows {
        mandates.push(open(conn, keys, row).await?);
    }
    Ok(mandates)
}

/// The user's mandate; another's is not found.
pub async fn find(
    conn: &mut Conn<'_>,
    keys: &PersonKeys,
    user: UserId,
    id: MandateId,
) -> Result<Option<Mandate>, StoreError> {
    const SQL: &str = "SELECT id, user_id, provider, wallet, mandate_ref, payment_method, details, state, created_at \
         FROM mandates WHERE id = $1 AND user_id = $2";
    let row: Option<MandateRow> = on!(&mut *conn, |c| {
        sqlx::query_as(SQL).bind(id.uuid()).bind(user.uuid()).fetch_optional(&mut **c).await
    })?;
    match row {
        Some(row) => open(conn, keys, row).await.map(Some),
        None => Ok(None),
    }
}

/// Its giver takes the consent back. `false`: there is none, or it was over already.
pub async fn revoke(
    tx: &mut Tx,
    user: UserId,
    id: MandateId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE mandates SET state = 'revoked', ended_at = $3 \
         WHERE id = $1 AND user_id = $2 AND state = 'active'";
    let done = on!(tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(user.uuid()).bind(now);
        query.execute(&mut *c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// The provider says that a consent is over.
pub async fn end(
    tx: &mut Tx,
    provider: Provider,
    wallet: &Wallet,
    mandate_ref: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE mandates SET state = 'ended', ended_at = $4 \
         WHERE provider = $1 AND wallet = $2 AND mandate_ref = $3 AND state = 'active'";
    let done = on!(tx.conn(), |c| {
        let query =
            sqlx::query(SQL).bind(provider.as_str()).bind(wallet.as_str()).bind(mandate_ref).bind(now);
        query.execute(&mut *c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

async fn open(conn: &mut Conn<'_>, keys: &PersonKeys, row: MandateRow) -> Result<Mandate, StoreError> {
    let (what, id) = (("mandate", row.id), MandateId::from_uuid(row.id));
    let key = keys.key(conn, row.user_id).await?;
    Ok(Mandate {
        id,
        user: UserId::from_uuid(row.user_id),
        provider: word(what, &row.provider)?,
        wallet: column(what, Wallet::parse(&row.wallet))?,
        mandate_ref: row.mandate_ref,
        payment_method: row.payment_method,
        details: key.open(aad(id), &row.details)?,
        is_active: row.state == "active",
        created_at: row.created_at,
    })
}

fn aad(id: MandateId) -> Aad {
    Aad { table: "mandates", column: "details", row: id.uuid() }
}
