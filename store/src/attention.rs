//! Transfers that wait for a person, the oldest order first.

use chrono::DateTime;
use domain::TransferStatus;
use uuid::Uuid;

use crate::db::on;
use crate::rows::TransferRow;
use crate::transfers::{Before, StoredTransfer};
use crate::{Conn, StoreError};

/// Those on hold, in need of attention or in reconciliation, or of one of these statuses; up to `limit` of them after
/// a position.
pub async fn list(
    conn: &mut Conn<'_>,
    status: Option<TransferStatus>,
    after: Option<Before>,
    limit: i64,
) -> Result<Vec<StoredTransfer>, StoreError> {
    // The statuses that are left out are those of the index, which is used for it by both databases.
    const SQL: &str = "SELECT * FROM transfers \
         WHERE status IN ('on_hold', 'needs_attention', 'in_reconciliation') \
         AND status NOT IN ('completed', 'expired', 'cancelled', 'collection_failed', 'refunded') \
         AND (CAST($1 AS TEXT) IS NULL OR status = $1) AND (created_at, id) > ($2, $3) \
         ORDER BY created_at, id LIMIT $4";
    let status = status.map(TransferStatus::as_str);
    let (at, id) = after.map_or((DateTime::UNIX_EPOCH, Uuid::nil()), |after| (after.created_at, after.id));
    let rows: Vec<TransferRow> = on!(conn, |c| {
        sqlx::query_as(SQL).bind(status).bind(at).bind(id).bind(limit).fetch_all(&mut **c).await
    })?;
    rows.into_iter().map(StoredTransfer::try_from).collect()
}
