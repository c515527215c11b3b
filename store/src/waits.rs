//! Movements that wait before they are sent: the promises of the outbox whose last word is why.
//!
//! The word is one of [`domain::WaitReason`], written by whoever put the promise back, so nothing else has to be kept.

use chrono::{DateTime, Utc};
use domain::{Direction, Money, MovementKind, RailKey, Reference, TransferId, WaitReason, Wallet};
use uuid::Uuid;

use crate::db::on;
use crate::read::{column, money, word};
use crate::{Conn, StoreError, Tx};

/// Why a movement of a transfer waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub transfer: TransferId,
    pub movement: Reference,
    pub key: RailKey,
    pub reason: WaitReason,
    /// When it is tried next.
    pub due_at: DateTime<Utc>,
}

/// What waits for one of our wallets in one direction, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    pub key: RailKey,
    pub count: i64,
    pub oldest: DateTime<Utc>,
    pub sum: Money,
}

/// What waits of these transfers, in the order in which it was promised.
pub async fn of_transfers(conn: &mut Conn<'_>, transfers: &[TransferId]) -> Result<Vec<Waiting>, StoreError> {
    if transfers.is_empty() {
        return Ok(vec![]);
    }
    let places: Vec<String> = (1..=transfers.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT m.transfer_id, m.reference, m.rail, m.wallet, m.kind, o.last_error, o.due_at FROM movements m \
         JOIN outbox o ON o.subject = m.reference WHERE m.transfer_id IN ({}) AND o.done_at IS NULL \
         AND o.kind IN ('dispatch', 'submit') \
         AND o.last_error IN ('rail_down', 'rail_paused', 'float_low') ORDER BY o.created_at, o.id",
        places.join(", ")
    );
    type Row = (Uuid, Uuid, String, String, String, String, DateTime<Utc>);
    let rows: Vec<Row> = on!(conn, |c| {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        for transfer in transfers {
            query = query.bind(transfer.uuid());
        }
        query.fetch_all(&mut **c).await
    })?;
    let read = |(transfer, movement, rail, wallet, kind, reason, due_at): Row| {
        let what = ("movement", movement);
        let kind: MovementKind = word(what, &kind)?;
        Ok(Waiting {
            transfer: TransferId::from_uuid(transfer),
            movement: Reference::from_uuid(movement),
            key: RailKey {
                rail: word(what, &rail)?,
                wallet: column(what, Wallet::parse(&wallet))?,
                direction: kind.direction(),
            },
            reason: word(what, &reason)?,
            due_at,
        })
    };
    rows.into_iter().map(read).collect()
}

/// What waits at every wallet, for whatever reason.
pub async fn totals(conn: &mut Conn<'_>) -> Result<Vec<Total>, StoreError> {
    const SQL: &str = "SELECT m.rail, m.wallet, CASE WHEN m.kind = 'collection' THEN 'collect' ELSE 'disburse' END, \
         m.currency, COUNT(*), MIN(o.created_at), CAST(SUM(m.amount_minor) AS BIGINT) \
         FROM outbox o JOIN movements m ON m.reference = o.subject \
         WHERE o.done_at IS NULL AND o.kind IN ('dispatch', 'submit') \
         AND o.last_error IN ('rail_down', 'rail_paused', 'float_low') GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";
    type Row = (String, String, String, String, i64, DateTime<Utc>, i64);
    let rows: Vec<Row> = on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?;
    let read = |(rail, wallet, direction, currency, count, oldest, sum): Row| {
        let what = ("movement", Uuid::nil());
        let wallet = column(what, Wallet::parse(&wallet))?;
        let key = RailKey { rail: word(what, &rail)?, wallet, direction: word(what, &direction)? };
        Ok(Total { key, count, oldest, sum: money(what, sum, &currency)? })
    };
    rows.into_iter().map(read).collect()
}

/// Makes what waits for this way due at `due` at the latest, and says how much that changed. What waits for float goes on
/// waiting.
pub async fn hasten(tx: &mut Tx, key: &RailKey, due: DateTime<Utc>) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE outbox SET due_at = $4 WHERE done_at IS NULL AND due_at > $4 \
         AND kind IN ('dispatch', 'submit') AND last_error IN ('rail_down', 'rail_paused') \
         AND EXISTS (SELECT 1 FROM movements m WHERE m.reference = outbox.subject \
            AND m.rail = $1 AND m.wallet = $2 AND (m.kind = 'collection') = $3)";
    let is_collection = key.direction == Direction::Collect;
    Ok(on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(key.rail.as_str()).bind(key.wallet.as_str()).bind(is_collection);
        query.bind(due).execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}
