//! Treasury movements as stored: written by the writer alone, read here.

use chrono::{DateTime, Utc};
use domain::{ApprovalId, HoldId, Provider, Reference, TreasuryKind, TreasuryMovement, Wallet};
use uuid::Uuid;

use crate::db::on;
use crate::read::{column, money, word};
use crate::rows::TreasuryRow;
use crate::{Conn, LAST_INSTANT, StoreError};

/// The movement with this reference.
pub async fn find(conn: &mut Conn<'_>, reference: Reference) -> Result<Option<TreasuryMovement>, StoreError> {
    const SQL: &str = "SELECT * FROM treasury_movements WHERE reference = $1";
    let row: Option<TreasuryRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(reference.uuid()).fetch_optional(&mut **c).await)?;
    row.map(TreasuryMovement::try_from).transpose()
}

/// Movements, newest first: at most `limit` of those before `before`, the last one of the page above.
pub async fn list(
    conn: &mut Conn<'_>,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<TreasuryMovement>, StoreError> {
    const SQL: &str = "SELECT * FROM treasury_movements WHERE (created_at, reference) < ($1, $2) \
                       ORDER BY created_at DESC, reference DESC LIMIT $3";
    let (at, id) = before.unwrap_or((LAST_INSTANT, Uuid::max()));
    let rows: Vec<TreasuryRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(at).bind(id).bind(limit).fetch_all(&mut **c).await)?;
    rows.into_iter().map(TreasuryMovement::try_from).collect()
}

/// What was booked on a wallet's float since an instant: kind and amount in minor units, oldest first.
pub async fn booked_since(
    conn: &mut Conn<'_>,
    provider: Provider,
    wallet: &Wallet,
    since: DateTime<Utc>,
) -> Result<Vec<(TreasuryKind, i64)>, StoreError> {
    const SQL: &str = "SELECT kind, amount_minor FROM treasury_movements WHERE provider = $1 AND wallet = $2 \
         AND state = 'succeeded' AND succeeded_at >= $3 ORDER BY succeeded_at, reference";
    let rows: Vec<(String, i64)> = on!(conn, |c| {
        let query = sqlx::query_as(SQL).bind(provider.as_str()).bind(wallet.as_str()).bind(since);
        query.fetch_all(&mut **c).await
    })?;
    let read = |(kind, minor): (String, i64)| Ok((word(("treasury movement", Uuid::nil()), &kind)?, minor));
    rows.into_iter().map(read).collect()
}

impl From<&TreasuryMovement> for TreasuryRow {
    fn from(m: &TreasuryMovement) -> TreasuryRow {
        TreasuryRow {
            reference: m.reference.uuid(),
            kind: m.kind.as_str().to_owned(),
            provider: m.provider.as_str().to_owned(),
            wallet: m.wallet.to_string(),
            bank: m.bank.clone(),
            state: m.state.as_str().to_owned(),
            amount_minor: m.amount.minor(),
            currency: m.amount.currency().code().to_owned(),
            provider_ref: m.provider_ref.clone(),
            hold: m.hold.map(HoldId::uuid),
            code: m.code.clone(),
            asked: m.asked,
            not_found: m.not_found,
            approval_id: m.approval.uuid(),
            submitted_at: m.submitted_at,
            succeeded_at: m.succeeded_at,
            version: m.version,
            created_at: m.created_at,
            updated_at: m.updated_at,
        }
    }
}

impl TryFrom<TreasuryRow> for TreasuryMovement {
    type Error = StoreError;

    fn try_from(row: TreasuryRow) -> Result<TreasuryMovement, StoreError> {
        let what = ("treasury movement", row.reference);
        Ok(TreasuryMovement {
            reference: Reference::from_uuid(row.reference),
            kind: word(what, &row.kind)?,
            provider: word(what, &row.provider)?,
            wallet: column(what, Wallet::parse(&row.wallet))?,
            bank: row.bank,
            state: word(what, &row.state)?,
            amount: money(what, row.amount_minor, &row.currency)?,
            provider_ref: row.provider_ref,
            hold: row.hold.map(HoldId::from_uuid),
            code: row.code,
            asked: row.asked,
            not_found: row.not_found,
            approval: ApprovalId::from_uuid(row.approval_id),
            submitted_at: row.submitted_at,
            succeeded_at: row.succeeded_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
