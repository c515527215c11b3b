//! How our wallets stand, one row per rail, wallet and direction; written only when something changes.
//!
//! Putting the next state in place is conditional on the version that it was decided over, so of any number who race,
//! on any gateway, one wins.
//!
//! Deliberately absent: when a breaker opens, and who may pause.

use chrono::{DateTime, Utc};
use domain::{Breaker, Pause, RailKey, RailState, Reference, Wallet};
use uuid::Uuid;

use crate::db::on;
use crate::{Conn, StoreError, Tx};

/// How this way stands; as nothing is known of it when it was never written.
pub async fn find(conn: &mut Conn<'_>, key: &RailKey) -> Result<RailState, StoreError> {
    const SQL: &str = "SELECT * FROM rails WHERE rail = $1 AND wallet = $2 AND direction = $3";
    let row: Option<RailRow> = on!(conn, |c| {
        let query = sqlx::query_as(SQL).bind(key.rail.as_str()).bind(key.wallet.as_str());
        query.bind(key.direction.as_str()).fetch_optional(&mut **c).await
    })?;
    row.map_or_else(|| Ok(RailState::new(key.clone())), RailState::try_from)
}

/// Every way that was ever written.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<RailState>, StoreError> {
    const SQL: &str = "SELECT * FROM rails ORDER BY rail, wallet, direction";
    let rows: Vec<RailRow> = on!(conn, |c| sqlx::query_as(SQL).fetch_all(&mut **c).await)?;
    rows.into_iter().map(RailState::try_from).collect()
}

/// Puts `next` in place, if `next.version` is the next one. `false`: another was quicker, nothing is written.
pub async fn put(tx: &mut Tx, next: &RailState, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const FIRST: &str = "INSERT INTO rails (rail, wallet, direction, breaker, opened_at, until, opens, silent, probe, \
         trouble, answered_at, failed_at, paused_by, paused_at, pause_reason, resume_at, resumed_at, version, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
         ON CONFLICT (rail, wallet, direction) DO NOTHING";
    const NEXT: &str = "UPDATE rails SET breaker = $4, opened_at = $5, until = $6, opens = $7, silent = $8, probe = $9, \
         trouble = $10, answered_at = $11, failed_at = $12, paused_by = $13, paused_at = $14, pause_reason = $15, \
         resume_at = $16, resumed_at = $17, version = $18, updated_at = $19 \
         WHERE rail = $1 AND wallet = $2 AND direction = $3 AND version = $18 - 1";
    let sql = if next.version == 1 { FIRST } else { NEXT };
    let (opens, silent, probe) = match next.breaker {
        Breaker::Closed => (0, false, None),
        Breaker::Open { opens, silent, .. } => (opens, silent, None),
        Breaker::HalfOpen { opens, probe, .. } => (opens, false, Some(probe.uuid())),
    };
    let pause = next.pause.as_ref();
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(sql).bind(next.key.rail.as_str()).bind(next.key.wallet.as_str());
        let query = query.bind(next.key.direction.as_str()).bind(next.breaker.as_str());
        let query = query.bind(next.breaker.since()).bind(next.breaker.until()).bind(opens).bind(silent);
        let query = query.bind(probe).bind(&next.trouble).bind(next.answered_at).bind(next.failed_at);
        let query = query.bind(pause.map(|pause| &pause.by)).bind(pause.map(|pause| pause.at));
        let query = query.bind(pause.map(|pause| &pause.reason)).bind(pause.and_then(|pause| pause.until));
        let query = query.bind(next.resumed_at).bind(next.version).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

#[derive(sqlx::FromRow)]
struct RailRow {
    rail: String,
    wallet: String,
    direction: String,
    breaker: String,
    opened_at: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    opens: i64,
    silent: bool,
    probe: Option<Uuid>,
    trouble: String,
    answered_at: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    paused_by: Option<String>,
    paused_at: Option<DateTime<Utc>>,
    pause_reason: Option<String>,
    resume_at: Option<DateTime<Utc>>,
    resumed_at: Option<DateTime<Utc>>,
    version: i64,
}

impl RailRow {
    fn breaker(&self) -> Option<Breaker> {
        let opens = self.opens;
        match (self.breaker.as_str(), self.opened_at, self.until, self.probe) {
            ("closed", None, None, None) => Some(Breaker::Closed),
            ("open", Some(since), Some(until), None) => {
                Some(Breaker::Open { since, until, opens, silent: self.silent })
            }
            ("half_open", Some(since), Some(until), Some(probe)) => {
                Some(Breaker::HalfOpen { since, until, opens, probe: Reference::from_uuid(probe) })
            }
            _ => None,
        }
    }
}

impl TryFrom<RailRow> for RailState {
    type Error = StoreError;

    fn try_from(row: RailRow) -> Result<RailState, StoreError> {
        let corrupt =
            || StoreError::corrupt("rail", format!("{}:{}:{}", row.rail, row.wallet, row.direction));
        let key = RailKey {
            rail: row.rail.parse().map_err(|_| corrupt())?,
            wallet: Wallet::parse(&row.wallet).map_err(|_| corrupt())?,
            direction: row.direction.parse().map_err(|_| corrupt())?,
        };
        let breaker = row.breaker().ok_or_else(corrupt)?;
        let pause = match (row.paused_by, row.paused_at, row.pause_reason) {
            (Some(by), Some(at), Some(reason)) => Some(Pause { by, at, reason, until: row.resume_at }),
            _ => None,
        };
        Ok(RailState {
            key,
            breaker,
            pause,
            resumed_at: row.resumed_at,
            trouble: row.trouble,
            answered_at: row.answered_at,
            failed_at: row.failed_at,
            version: row.version,
        })
    }
}
