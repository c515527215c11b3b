//! Keys of requests on PostgreSQL: all gateways put theirs into the one bucket that `idempotency_rotation` names, under a
//! shared lock that a rotation must wait for, so that clocks do not matter. Everybody locks the table before that row.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::StoreError;
use crate::rows::AnswerRow;
use crate::writer::change::{Answer, Change};
use crate::writer::decide::{Loaded, Verdict};
use crate::writer::effects::answer_row;

/// The batch's claims that it holds itself, and the bucket they are in.
pub(super) struct Claimed {
    pub bucket: i64,
    pub ours: HashSet<Vec<u8>>,
}

/// Inserts the batch's claims into the open bucket; a claim that is taken in any bucket is left alone.
pub(super) async fn claim(
    tx: &mut PgConnection,
    changes: &[Change],
    at: DateTime<Utc>,
) -> Result<Option<Claimed>, StoreError> {
    let claims: Vec<_> = changes.iter().filter_map(|change| change.claim.as_ref()).collect();
    if claims.is_empty() {
        return Ok(None);
    }
    const TABLE: &str = "LOCK TABLE idempotency IN ROW EXCLUSIVE MODE";
    const BUCKET: &str = "SELECT bucket FROM idempotency_rotation WHERE id = 1 FOR SHARE";
    const TAKEN: &str = "SELECT claim FROM idempotency WHERE claim = ANY($1) \
         AND bucket IN (SELECT bucket FROM idempotency_buckets)";
    sqlx::query(TABLE).execute(&mut *tx).await?;
    let bucket: i64 = sqlx::query_scalar(BUCKET).fetch_one(&mut *tx).await?;
    let keys: Vec<Vec<u8>> = claims.iter().map(|claim| claim.claim.to_vec()).collect();
    let taken: Vec<Vec<u8>> = sqlx::query_scalar(TAKEN).bind(&keys).fetch_all(&mut *tx).await?;
    let taken: HashSet<Vec<u8>> = taken.into_iter().collect();
    let free = claims.into_iter().filter(|claim| !taken.contains(claim.claim.as_slice()));
    let mut rows: Vec<AnswerRow> = free.map(|claim| answer_row(claim, bucket, at)).collect();
    rows.sort_by(|a, b| a.claim.cmp(&b.claim));
    let (sql, arguments) = AnswerRow::insert_all(&rows, "ON CONFLICT DO NOTHING RETURNING claim");
    let ours: Vec<PgRow> = sqlx::query_with(sql, arguments).fetch_all(&mut *tx).await?;
    let ours = ours.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    Ok(Some(Claimed { bucket, ours }))
}

/// The answers that stand under these claims.
pub(super) async fn load_answers(
    connection: &mut PgConnection,
    claims: &[Vec<u8>],
    loaded: &mut Loaded,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT claim, fingerprint, status, location, body FROM idempotency WHERE claim = ANY($1) \
         AND bucket IN (SELECT bucket FROM idempotency_buckets)";
    if claims.is_empty() {
        return Ok(());
    }
    let rows: Vec<PgRow> = sqlx::query(SQL).bind(claims).fetch_all(connection).await?;
    for row in rows {
        let (claim, fingerprint) = (key(&row, 0)?, key(&row, 1)?);
        let status = u16::try_from(row.try_get::<i64, _>(2)?).unwrap_or(500);
        let answer = Answer { status, location: row.try_get(3)?, body: row.try_get(4)? };
        loaded.answers.insert(claim, (fingerprint, answer));
    }
    Ok(())
}

fn key(row: &PgRow, column: usize) -> Result<[u8; 32], StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| StoreError::corrupt("idempotency claim", "of another length"))
}

/// A refused request leaves its key free; a key that somebody else holds is not touched.
pub(super) async fn release_refused(
    tx: &mut PgConnection,
    claimed: &Claimed,
    changes: &[Change],
    verdicts: &[Verdict],
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM idempotency WHERE bucket = $1 AND claim = ANY($2)";
    let refused = changes.iter().zip(verdicts).filter(|(_, verdict)| verdict.is_err());
    let keys = refused.filter_map(|(change, _)| change.claim.as_ref()).map(|claim| claim.claim.to_vec());
    let keys: Vec<Vec<u8>> = keys.filter(|key| claimed.ours.contains(key)).collect();
    if !keys.is_empty() {
        sqlx::query(SQL).bind(claimed.bucket).bind(keys).execute(&mut *tx).await?;
    }
    Ok(())
}
