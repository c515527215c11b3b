//! Movements as stored: written by the writer alone, read here.

pub mod ended;

use chrono::{DateTime, Utc};
use domain::{HoldId, Money, Movement, MovementKind, MovementState, Rail, Reference, TransferId, Wallet};

use crate::db::on;
use crate::read::{column, money, word};
use crate::rows::{MovementRow, TimelineRow};
use crate::{Conn, StoreError};

/// All movements of a transfer, oldest first.
pub async fn of_transfer(conn: &mut Conn<'_>, transfer: TransferId) -> Result<Vec<Movement>, StoreError> {
    const SQL: &str = "SELECT * FROM movements WHERE transfer_id = $1 ORDER BY created_at, reference";
    let rows: Vec<MovementRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(transfer.uuid()).fetch_all(&mut **c).await)?;
    rows.into_iter().map(Movement::try_from).collect()
}

/// The movement with this reference.
pub async fn find(conn: &mut Conn<'_>, reference: Reference) -> Result<Option<Movement>, StoreError> {
    const SQL: &str = "SELECT * FROM movements WHERE reference = $1";
    let row: Option<MovementRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(reference.uuid()).fetch_optional(&mut **c).await)?;
    row.map(Movement::try_from).transpose()
}

/// The movement that a provider knows by its own id.
pub async fn find_by_provider_ref(
    conn: &mut Conn<'_>,
    rail: domain::Rail,
    provider_ref: &str,
) -> Result<Option<Movement>, StoreError> {
    const SQL: &str = "SELECT * FROM movements WHERE provider_ref = $1 AND rail = $2 \
         ORDER BY created_at DESC LIMIT 1";
    let row: Option<MovementRow> = on!(conn, |c| {
        sqlx::query_as(SQL).bind(provider_ref).bind(rail.as_str()).fetch_optional(&mut **c).await
    })?;
    row.map(Movement::try_from).transpose()
}

/// Movements whose outcome is not known, the longest unknown first, up to `limit`.
pub async fn uncertain(
    conn: &mut Conn<'_>,
    after: Option<(DateTime<Utc>, Reference)>,
    limit: i64,
) -> Result<Vec<Movement>, StoreError> {
    const SQL: &str = "SELECT * FROM movements WHERE state = 'uncertain' AND (updated_at, reference) > ($1, $2) \
         ORDER BY updated_at, reference LIMIT $3";
    let (at, reference) =
        after.map_or((DateTime::UNIX_EPOCH, uuid::Uuid::nil()), |(at, reference)| (at, reference.uuid()));
    let rows: Vec<MovementRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(at).bind(reference).bind(limit).fetch_all(&mut **c).await)?;
    rows.into_iter().map(Movement::try_from).collect()
}

/// Which of the movements that people carry out a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    pub state: Option<MovementState>,
    pub kind: Option<MovementKind>,
    pub wallet: Option<Wallet>,
}

/// Movements that people carry out, the oldest first, up to `limit` after a position.
pub async fn by_hand(
    conn: &mut Conn<'_>,
    filter: &ByHand,
    after: Option<(DateTime<Utc>, Reference)>,
    limit: i64,
) -> Result<Vec<Movement>, StoreError> {
    const SQL: &str = "SELECT * FROM movements WHERE rail = 'manual' AND (created_at, reference) > ($1, $2) \
         AND (CAST($3 AS TEXT) IS NULL OR state = $3) AND (CAST($4 AS TEXT) IS NULL OR kind = $4) \
         AND (CAST($5 AS TEXT) IS NULL OR wallet = $5) ORDER BY created_at, reference LIMIT $6";
    let (at, reference) =
        after.map_or((DateTime::UNIX_EPOCH, uuid::Uuid::nil()), |(at, reference)| (at, reference.uuid()));
    let state = filter.state.map(MovementState::as_str);
    let kind = filter.kind.map(MovementKind::as_str);
    let wallet = filter.wallet.as_ref().map(Wallet::as_str);
    let rows: Vec<MovementRow> = on!(conn, |c| {
        let query = sqlx::query_as(SQL).bind(at).bind(reference).bind(state).bind(kind);
        query.bind(wallet).bind(limit).fetch_all(&mut **c).await
    })?;
    rows.into_iter().map(Movement::try_from).collect()
}

/// Wallets at which something is under way that makes a provider's balance differ from ours for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnderWay {
    /// A movement is uncertain, or due to be sent.
    pub moving: Vec<(Rail, Wallet)>,
    /// A fee that the provider took is not learned yet.
    pub without_fee: Vec<(Rail, Wallet)>,
}

/// What is under way at `now`, each wallet once.
pub async fn under_way(conn: &mut Conn<'_>, now: DateTime<Utc>) -> Result<UnderWay, StoreError> {
    const MOVING: &str = "SELECT rail, wallet FROM movements WHERE state = 'uncertain' UNION \
         SELECT m.rail, m.wallet FROM outbox o JOIN movements m ON m.reference = o.subject \
         WHERE o.done_at IS NULL AND o.kind = 'submit' AND o.due_at <= $1";
    const WITHOUT_FEE: &str = "SELECT DISTINCT m.rail, m.wallet FROM outbox o \
         JOIN movements m ON m.reference = o.subject WHERE o.done_at IS NULL AND o.kind = 'learn_fee'";
    let moving: Vec<(String, String)> =
        on!(&mut *conn, |c| sqlx::query_as(MOVING).bind(now).fetch_all(&mut **c).await)?;
    let without_fee: Vec<(String, String)> =
        on!(conn, |c| sqlx::query_as(WITHOUT_FEE).fetch_all(&mut **c).await)?;
    let read = |rows: Vec<(String, String)>| {
        let what = ("movement", uuid::Uuid::nil());
        let pair = |(rail, wallet): (String, String)| {
            Ok((word(what, &rail)?, column(what, Wallet::parse(&wallet))?))
        };
        rows.into_iter().map(pair).collect::<Result<Vec<_>, StoreError>>()
    };
    Ok(UnderWay { moving: read(moving)?, without_fee: read(without_fee)? })
}

/// One line of a transfer's timeline, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHappening {
    pub at: DateTime<Utc>,
    pub event: String,
    pub staff_only: bool,
    pub movement: Option<(Reference, String, String)>,
    pub detail: String,
}

/// A transfer's timeline, oldest first.
pub async fn timeline(conn: &mut Conn<'_>, transfer: TransferId) -> Result<Vec<StoredHappening>, StoreError> {
    const SQL: &str = "SELECT * FROM timeline WHERE transfer_id = $1 ORDER BY version, ord";
    let rows: Vec<TimelineRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(transfer.uuid()).fetch_all(&mut **c).await)?;
    let line = |row: TimelineRow| StoredHappening {
        at: row.at,
        event: row.event,
        staff_only: row.staff_only,
        movement: row.movement.map(|id| {
            (Reference::from_uuid(id), row.kind.unwrap_or_default(), row.state.unwrap_or_default())
        }),
        detail: row.detail,
    };
    Ok(rows.into_iter().map(line).collect())
}

impl TimelineRow {
    pub(crate) fn of(
        transfer: TransferId,
        version: i64,
        ord: i64,
        line: &domain::transfer::Happening,
    ) -> TimelineRow {
        TimelineRow {
            transfer_id: transfer.uuid(),
            version,
            ord,
            at: line.at,
            event: line.event.to_owned(),
            staff_only: line.staff_only,
            movement: line.movement.map(|(reference, _, _)| reference.uuid()),
            kind: line.movement.map(|(_, kind, _)| kind.as_str().to_owned()),
            state: line.movement.map(|(_, _, state)| state.as_str().to_owned()),
            detail: line.detail.clone(),
        }
    }
}

impl From<&Movement> for MovementRow {
    fn from(m: &Movement) -> MovementRow {
        MovementRow {
            reference: m.reference.uuid(),
            transfer_id: m.transfer.uuid(),
            kind: m.kind.as_str().to_owned(),
            rail: m.rail.as_str().to_owned(),
            wallet: m.wallet.to_string(),
            state: m.state.as_str().to_owned(),
            amount_minor: m.amount.minor(),
            currency: m.amount.currency().code().to_owned(),
            fee_minor: m.fee.map(Money::minor),
            provider_ref: m.provider_ref.clone(),
            transaction_ref: m.transaction_ref.clone(),
            original: m.original.map(|reference| reference.uuid()),
            source: m.source.to_string(),
            value_hold: m.value_hold.map(|hold| hold.uuid()),
            float_hold: m.float_hold.map(|hold| hold.uuid()),
            code: m.code.clone(),
            asked: m.asked,
            not_found: m.not_found,
            submitted_at: m.submitted_at,
            available_at: m.available_at,
            dispute_fee_minor: m.dispute_fee.map(Money::minor),
            version: m.version,
            created_at: m.created_at,
            updated_at: m.updated_at,
        }
    }
}

impl TryFrom<MovementRow> for Movement {
    type Error = StoreError;

    fn try_from(row: MovementRow) -> Result<Movement, StoreError> {
        let what = ("movement", row.reference);
        let amount = money(what, row.amount_minor, &row.currency)?;
        Ok(Movement {
            reference: Reference::from_uuid(row.reference),
            transfer: TransferId::from_uuid(row.transfer_id),
            kind: word(what, &row.kind)?,
            rail: word(what, &row.rail)?,
            wallet: column(what, Wallet::parse(&row.wallet))?,
            state: word(what, &row.state)?,
            amount,
            fee: row.fee_minor.map(|minor| Money::new(minor, amount.currency())),
            provider_ref: row.provider_ref,
            transaction_ref: row.transaction_ref,
            original: row.original.map(Reference::from_uuid),
            source: word(what, &row.source)?,
            value_hold: row.value_hold.map(HoldId::from_uuid),
            float_hold: row.float_hold.map(HoldId::from_uuid),
            code: row.code,
            asked: row.asked,
            not_found: row.not_found,
            submitted_at: row.submitted_at,
            available_at: row.available_at,
            dispute_fee: row.dispute_fee_minor.map(|minor| Money::new(minor, amount.currency())),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
