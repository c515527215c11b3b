//! Approvals: what waits for a second person, and how it was decided.
//!
//! A decision is final: it is written over a pending row or not at all, whoever races. The person who asked is refused
//! by the same statement. At most one of a kind waits for each subject.
//!
//! Deliberately absent: what is done when somebody agrees, which the caller commits with the decision.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::{ApprovalId, ApprovalKind, ApprovalState, UserId};
use uuid::Uuid;

use crate::LAST_INSTANT;
use crate::db::{Conn, Tx, on};
use crate::error::StoreError;
use crate::read::{column, word};
use crate::rows::ApprovalRow;

/// Something that is asked for. No person may be named in it but by their id.
#[derive(Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its identity.
    pub id: ApprovalId,
    /// What is asked for.
    pub kind: ApprovalKind,
    /// What it is about.
    pub subject: String,
    /// JSON, as the text that the digest is over.
    pub payload: String,
    /// Of what is shown.
    pub digest: [u8; 32],
    /// The person who asks; nobody, when a part of the house does.
    pub maker: Option<UserId>,
    /// Who asks: the person's id, or the part of the house.
    pub made_by: String,
    /// How it stands.
    pub state: ApprovalState,
    /// Who decided: a user's id, or the part of the house that voided it.
    pub decided_by: Option<String>,
    /// Why it was rejected or voided.
    pub reason: Option<String>,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
}

/// Without what is asked for, which is for admins.
impl fmt::Debug for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Approval");
        shown.field("id", &self.id).field("kind", &self.kind).field("subject", &self.subject);
        shown.field("state", &self.state).finish_non_exhaustive()
    }
}

/// How a person decides.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'a> {
    /// Agrees to what this digest is of.
    Approve {
        /// What was shown to them.
        digest: [u8; 32],
    },
    /// Refuses. Whoever asked may do that too.
    Reject {
        /// Why.
        reason: &'a str,
    },
}

/// Which ones a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApprovalFilter {
    /// Of this kind only.
    pub kind: Option<ApprovalKind>,
    /// In this state only.
    pub state: Option<ApprovalState>,
}

/// Records something that is asked for. `false`: another of its kind waits for the same subject.
pub async fn insert(tx: &mut Tx, approval: &Approval) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO approvals (id, kind, subject, payload, digest, maker, made_by, state, created_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8) ON CONFLICT DO NOTHING";
    let a = approval;
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(a.id.uuid()).bind(a.kind.as_str()).bind(&a.subject);
        let query = query.bind(&a.payload).bind(&a.digest[..]).bind(a.maker.map(UserId::uuid));
        let query = query.bind(&a.made_by).bind(a.created_at);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// The approval of this id.
pub async fn find(conn: &mut Conn<'_>, id: ApprovalId) -> Result<Option<Approval>, StoreError> {
    const SQL: &str = "SELECT * FROM approvals WHERE id = $1";
    let row: Option<ApprovalRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    row.map(Approval::try_from).transpose()
}

/// The one that waits for `subject`.
pub async fn pending(
    conn: &mut Conn<'_>,
    kind: ApprovalKind,
    subject: &str,
) -> Result<Option<Approval>, StoreError> {
    const SQL: &str = "SELECT * FROM approvals WHERE kind = $1 AND subject = $2 AND state = 'pending'";
    let row: Option<ApprovalRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(kind.as_str()).bind(subject).fetch_optional(&mut **c).await)?;
    row.map(Approval::try_from).transpose()
}

/// Approvals, newest first: at most `limit` of those before `before`, the last one of the page above.
pub async fn list(
    conn: &mut Conn<'_>,
    filter: ApprovalFilter,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Approval>, StoreError> {
    const SQL: &str = "SELECT * FROM approvals WHERE (created_at, id) < ($1, $2) \
                       AND (CAST($3 AS TEXT) IS NULL OR kind = $3) AND (CAST($4 AS TEXT) IS NULL OR state = $4) \
                       ORDER BY created_at DESC, id DESC LIMIT $5";
    let (at, id) = before.unwrap_or((LAST_INSTANT, Uuid::max()));
    let (kind, state) = (filter.kind.map(ApprovalKind::as_str), filter.state.map(ApprovalState::as_str));
    let rows: Vec<ApprovalRow> = on!(conn, |c| {
        let query = sqlx::query_as(SQL).bind(at).bind(id).bind(kind).bind(state).bind(limit);
        query.fetch_all(&mut **c).await
    })?;
    rows.into_iter().map(Approval::try_from).collect()
}

/// Decides by a person, once. `false`: it does not wait any more; or they would agree to their own, or to something
/// else than what they were shown.
pub async fn decide(
    tx: &mut Tx,
    id: ApprovalId,
    by: UserId,
    decision: Decision<'_>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const APPROVE: &str = "UPDATE approvals SET state = 'approved', decided_by = $2, decided_at = $3 \
                           WHERE id = $1 AND state = 'pending' AND digest = $4 AND (maker IS NULL OR maker <> $5)";
    const REJECT: &str = "UPDATE approvals SET state = 'rejected', decided_by = $2, decided_at = $3, reason = $4 \
                          WHERE id = $1 AND state = 'pending'";
    let actor = by.to_string();
    let done = on!(&mut tx.conn(), |c| match decision {
        Decision::Approve { digest } => {
            let query = sqlx::query(APPROVE).bind(id.uuid()).bind(&actor).bind(now);
            query.bind(&digest[..]).bind(by.uuid()).execute(&mut **c).await.map(|done| done.rows_affected())
        }
        Decision::Reject { reason } => {
            let query = sqlx::query(REJECT).bind(id.uuid()).bind(&actor).bind(now).bind(reason);
            query.execute(&mut **c).await.map(|done| done.rows_affected())
        }
    })?;
    Ok(done == 1)
}

/// Voids whatever waits for `subject`, which has changed, and says how many that were.
pub async fn void(
    tx: &mut Tx,
    kind: ApprovalKind,
    subject: &str,
    by: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE approvals SET state = 'voided', decided_by = $3, reason = $4, decided_at = $5 \
                       WHERE kind = $1 AND subject = $2 AND state = 'pending'";
    Ok(on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(kind.as_str()).bind(subject).bind(by).bind(reason).bind(now);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}

impl From<&Approval> for ApprovalRow {
    fn from(a: &Approval) -> ApprovalRow {
        ApprovalRow {
            id: a.id.uuid(),
            kind: a.kind.as_str().to_owned(),
            subject: a.subject.clone(),
            payload: a.payload.clone(),
            digest: a.digest.to_vec(),
            maker: a.maker.map(UserId::uuid),
            made_by: a.made_by.clone(),
            state: a.state.as_str().to_owned(),
            decided_by: a.decided_by.clone(),
            reason: a.reason.clone(),
            created_at: a.created_at,
            decided_at: a.decided_at,
        }
    }
}

impl TryFrom<ApprovalRow> for Approval {
    type Error = StoreError;

    fn try_from(row: ApprovalRow) -> Result<Approval, StoreError> {
        let what = ("approval", row.id);
        Ok(Approval {
            id: ApprovalId::from_uuid(row.id),
            kind: word(what, &row.kind)?,
            subject: row.subject,
            payload: row.payload,
            digest: column(what, row.digest.try_into())?,
            maker: row.maker.map(UserId::from_uuid),
            made_by: row.made_by,
            state: word(what, &row.state)?,
            decided_by: row.decided_by,
            reason: row.reason,
            created_at: row.created_at,
            decided_at: row.decided_at,
        })
    }
}
