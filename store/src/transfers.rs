//! Transfers as stored: written by the writer alone, read here. Another owner's transfer is not found.

use chrono::{DateTime, Utc};
use domain::{Account, Money, Transfer, TransferId, TransferStatus, UserId};
use uuid::Uuid;

use crate::db::on;
use crate::read::{column, currency, decimal, money, word};
use crate::rows::TransferRow;
use crate::writer::TransferWrite;
use crate::{Conn, StoreError, Tx};

/// A transfer with its sealed parts, to be opened with the owner's key.
#[derive(Clone, Debug)]
pub struct StoredTransfer {
    /// `next_action` is left empty here; it is sealed below.
    pub transfer: Transfer,
    pub people: Vec<u8>,
    pub next_action: Option<Vec<u8>>,
}

/// What a list shows. Empty parts match everything.
#[derive(Clone, Debug, Default)]
pub struct TransferFilter {
    pub owner: Option<UserId>,
    pub status: Option<TransferStatus>,
    pub created_after: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
    pub reference: Option<String>,
}

/// A place in a list: everything older than this follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    pub created_at: DateTime<Utc>,
    pub id: Uuid,
}

/// The transfer, whoever owns it: for workers and staff.
pub async fn find(conn: &mut Conn<'_>, id: TransferId) -> Result<Option<StoredTransfer>, StoreError> {
    const SQL: &str = "SELECT * FROM transfers WHERE id = $1";
    let row: Option<TransferRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    row.map(StoredTransfer::try_from).transpose()
}

/// Puts other people, sealed, in the place of those of a transfer that is still at `version`, which grows by one.
/// `false`: it was changed meanwhile, and nothing was done. For forgetting.
pub async fn replace_people(
    tx: &mut Tx,
    id: TransferId,
    version: i64,
    people: &[u8],
) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE transfers SET people = $3, version = version + 1 WHERE id = $1 AND version = $2";
    let changed = on!(tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(version).bind(people);
        query.execute(&mut *c).await.map(|done| done.rows_affected())
    })?;
    Ok(changed == 1)
}

/// Newest first, up to `limit`.
pub async fn list(
    conn: &mut Conn<'_>,
    filter: &TransferFilter,
    before: Option<Before>,
    limit: i64,
) -> Result<Vec<StoredTransfer>, StoreError> {
    const OWNED: &str = "SELECT * FROM transfers WHERE owner_id = $1 \
         AND (CAST($2 AS TEXT) IS NULL OR status = $2) AND (CAST($3 AS TEXT) IS NULL OR reference = $3) \
         AND created_at >= $4 AND created_at < $5 AND (created_at, id) < ($6, $7) \
         ORDER BY created_at DESC, id DESC LIMIT $8";
    // Ids carry the instant of creation, so the primary key is the order of everybody's transfers.
    const ALL: &str = "SELECT * FROM transfers WHERE (CAST($1 AS TEXT) IS NULL OR status = $1) \
         AND (CAST($2 AS TEXT) IS NULL OR reference = $2) AND created_at >= $3 AND created_at < $4 AND id < $5 \
         ORDER BY id DESC LIMIT $6";
    let status = filter.status.map(TransferStatus::as_str);
    let reference = filter.reference.as_deref();
    let after = filter.created_after.unwrap_or(DateTime::UNIX_EPOCH);
    let until = filter.created_before.unwrap_or(crate::read::FAR_FUTURE);
    let (at, id) =
        before.map_or((crate::read::FAR_FUTURE, Uuid::max()), |before| (before.created_at, before.id));
    let rows: Vec<TransferRow> = match filter.owner {
        Some(owner) => on!(conn, |c| {
            let query = sqlx::query_as(OWNED).bind(owner.uuid()).bind(status).bind(reference).bind(after);
            query.bind(until).bind(at).bind(id).bind(limit).fetch_all(&mut **c).await
        })?,
        None => on!(conn, |c| {
            let query = sqlx::query_as(ALL).bind(status).bind(reference).bind(after);
            query.bind(until).bind(id).bind(limit).fetch_all(&mut **c).await
        })?,
    };
    rows.into_iter().map(StoredTransfer::try_from).collect()
}

/// A transfer that a person has to do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub id: TransferId,
    pub status: TransferStatus,
    /// Its last change.
    pub since: DateTime<Utc>,
}

/// Transfers that wait for a person, those created first, up to `limit`.
pub async fn waiting_for_a_person(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Waiting>, StoreError> {
    // The second condition is that of the index `transfers_open`, word by word, so that it is used.
    const SQL: &str = "SELECT id, status, updated_at FROM transfers \
         WHERE status IN ('needs_attention', 'on_hold') \
         AND status NOT IN ('completed', 'expired', 'cancelled', 'collection_failed', 'refunded') \
         ORDER BY status, created_at, id LIMIT $1";
    let rows: Vec<(Uuid, String, DateTime<Utc>)> =
        on!(conn, |c| sqlx::query_as(SQL).bind(limit).fetch_all(&mut **c).await)?;
    let read = |(id, status, since): (Uuid, String, DateTime<Utc>)| {
        Ok(Waiting { id: TransferId::from_uuid(id), status: word(("transfer", id), &status)?, since })
    };
    rows.into_iter().map(read).collect()
}

/// How many transfers stand in each status.
pub async fn count_by_status(conn: &mut Conn<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    const SQL: &str = "SELECT status, COUNT(*) FROM transfers GROUP BY status ORDER BY status";
    Ok(on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?)
}

impl TransferWrite {
    pub(crate) fn row(&self) -> TransferRow {
        let t = &self.transfer;
        TransferRow {
            id: t.id.uuid(),
            quote_id: t.quote.uuid(),
            owner_id: t.owner.uuid(),
            status: t.status.as_str().to_owned(),
            funding_rail: t.funding_rail.as_str().to_owned(),
            payout_rail: t.payout_rail.as_str().to_owned(),
            from_country: t.from_country.to_string(),
            to_country: t.to_country.to_string(),
            send_minor: t.send.minor(),
            send_currency: t.send.currency().code().to_owned(),
            receive_minor: t.receive.minor(),
            receive_currency: t.receive.currency().code().to_owned(),
            fee_minor: t.fee.minor(),
            total_minor: t.total.minor(),
            refunded_minor: t.refunded.minor(),
            unwound_minor: t.unwound.minor(),
            revalued_minor: t.revalued.minor(),
            refund_keeps_fee: t.refund_keeps_fee,
            rate: t.rate.to_string(),
            inverse: t.inverse.to_string(),
            margin_minor: t.margin.reveal().minor(),
            margin_currency: t.margin.reveal().currency().code().to_owned(),
            payee_account: t.payee_account.as_ref().map(Account::to_string),
            reference: t.reference.clone(),
            people: self.people.clone().unwrap_or_default(),
            next_action: self.next_action.clone(),
            funding_deadline: t.funding_deadline,
            version: t.version,
            created_at: t.created_at,
            updated_at: t.updated_at,
        }
    }
}

impl TryFrom<TransferRow> for StoredTransfer {
    type Error = StoreError;

    fn try_from(row: TransferRow) -> Result<StoredTransfer, StoreError> {
        let what = ("transfer", row.id);
        let send = currency(what, &row.send_currency)?;
        let transfer = Transfer {
            id: TransferId::from_uuid(row.id),
            quote: domain::QuoteId::from_uuid(row.quote_id),
            owner: UserId::from_uuid(row.owner_id),
            status: word(what, &row.status)?,
            from_country: column(what, domain::Country::parse(&row.from_country))?,
            to_country: column(what, domain::Country::parse(&row.to_country))?,
            funding_rail: word(what, &row.funding_rail)?,
            payout_rail: word(what, &row.payout_rail)?,
            send: Money::new(row.send_minor, send),
            receive: money(what, row.receive_minor, &row.receive_currency)?,
            fee: Money::new(row.fee_minor, send),
            total: Money::new(row.total_minor, send),
            refunded: Money::new(row.refunded_minor, send),
            unwound: Money::new(row.unwound_minor, send),
            revalued: Money::new(row.revalued_minor, send),
            refund_keeps_fee: row.refund_keeps_fee,
            rate: decimal(what, &row.rate)?,
            inverse: decimal(what, &row.inverse)?,
            margin: domain::ForAdmins::new(money(what, row.margin_minor, &row.margin_currency)?),
            payee_account: row.payee_account.as_deref().map(|name| word(what, name)).transpose()?,
            reference: row.reference,
            next_action: None,
            funding_deadline: row.funding_deadline,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Ok(StoredTransfer { transfer, people: row.people, next_action: row.next_action })
    }
}
