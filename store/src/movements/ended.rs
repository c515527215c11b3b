//! Movements by when they ended, for rails whose provider has no list of its own.

use chrono::{DateTime, Utc};
use domain::{Movement, Provider, Reference, Wallet};

use crate::db::on;
use crate::rows::MovementRow;
use crate::{Conn, StoreError};

/// When a movement changed last, and which it is.
pub type Place = (DateTime<Utc>, Reference);

/// A movement that moved money, also if it was undone since.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    pub movement: Movement,
    /// Who moved it.
    pub provider: Provider,
    /// When its timeline first said that it succeeded.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// When its timeline last said what it is now.
    pub undone_at: Option<DateTime<Utc>>,
    /// Whether it is a person's word that it moved.
    pub is_by_word: bool,
}

/// Movements of wallets of this name that changed after a place, at rails without a list, oldest first.
pub async fn after(
    conn: &mut Conn<'_>,
    wallet: &Wallet,
    place: Place,
    limit: i64,
) -> Result<Vec<Ended>, StoreError> {
    // States and rails are written as in the index, which is used for them by both databases.
    const SQL: &str = "SELECT m.*, \
         (SELECT MIN(t.at) FROM timeline t WHERE t.transfer_id = m.transfer_id AND t.movement = m.reference \
            AND t.state = 'succeeded') AS succeeded_at, \
         (SELECT MAX(t.at) FROM timeline t WHERE t.transfer_id = m.transfer_id AND t.movement = m.reference \
            AND t.state = m.state) AS undone_at, \
         (SELECT COUNT(*) FROM evidence e WHERE e.movement = m.reference AND e.outcome = 'succeeded') AS words \
         FROM movements m WHERE m.state IN ('succeeded', 'reversed', 'disputed', 'failed_later') \
         AND m.rail NOT IN ('wave', 'orange_sonatel', 'sepa_transfer', 'sepa_debit', 'balance') \
         AND m.wallet = $1 AND (m.updated_at, m.reference) > ($2, $3) ORDER BY m.updated_at, m.reference LIMIT $4";
    let (at, reference) = place;
    let rows: Vec<EndedRow> = on!(conn, |c| {
        let query = sqlx::query_as(SQL).bind(wallet.as_str()).bind(at).bind(reference.uuid()).bind(limit);
        query.fetch_all(&mut **c).await
    })?;
    let read = |row: EndedRow| {
        let movement = Movement::try_from(row.movement)?;
        let provider = movement.rail.provider();
        let provider = provider.ok_or_else(|| StoreError::corrupt("movement", movement.reference))?;
        let (succeeded_at, undone_at) = (row.succeeded_at, row.undone_at);
        Ok(Ended { movement, provider, succeeded_at, undone_at, is_by_word: row.words > 0 })
    };
    rows.into_iter().map(read).collect()
}

#[derive(sqlx::FromRow)]
struct EndedRow {
    #[sqlx(flatten)]
    movement: MovementRow,
    succeeded_at: Option<DateTime<Utc>>,
    undone_at: Option<DateTime<Utc>>,
    words: i64,
}
