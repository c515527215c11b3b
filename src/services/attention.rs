//! What waits for a person, with since when and why: read from the transfer's own timeline.

use chrono::{DateTime, Utc};
use domain::TransferStatus;
use store::movements::StoredHappening;
use store::transfers::{Before, StoredTransfer};
use store::{StoreError, attention, movements};

use super::cases;
use super::people::Sealer;
use super::transfers::Seen;
use crate::app::App;

/// Statuses in which a transfer may wait for a person.
pub const STATUSES: [TransferStatus; 3] =
    [TransferStatus::OnHold, TransferStatus::NeedsAttention, TransferStatus::InReconciliation];

/// A transfer that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub seen: Seen,
    /// When it came to stand so.
    pub since: DateTime<Utc>,
    /// The word of the timeline that brought it there.
    pub event: String,
    /// A code, or entries of lists; empty where there is none.
    pub detail: String,
}

/// The oldest order first, up to `limit` after a position. Of all three statuses, or of one.
pub async fn list(
    app: &App,
    status: Option<TransferStatus>,
    after: Option<Before>,
    limit: usize,
) -> Result<Vec<Waiting>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut reader = app.db.read().await?;
    let rows = attention::list(&mut reader.conn(), status, after, limit).await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in rows {
        waiting.push(of(app, &mut reader.conn(), row).await?);
    }
    Ok(waiting)
}

async fn of(app: &App, conn: &mut store::Conn<'_>, row: StoredTransfer) -> Result<Waiting, StoreError> {
    let (owner, id) = (row.transfer.owner, row.transfer.id);
    let lines = movements::timeline(conn, id).await?;
    let sealer = Sealer::of(app, conn, owner, id).await?;
    let people = sealer.open_people(&row.people)?;
    let transfer = cases::opened(row, &sealer)?;
    let (since, event, detail) = why(&lines, transfer.status, transfer.updated_at);
    Ok(Waiting { seen: Seen { transfer, people, movements: vec![], waiting: None }, since, event, detail })
}

/// The line that brought the transfer to where it stands, and what was noted with it.
fn why(
    lines: &[StoredHappening],
    stands: TransferStatus,
    unknown: DateTime<Utc>,
) -> (DateTime<Utc>, String, String) {
    let mut status = TransferStatus::AwaitingPayment;
    let mut came = None;
    for line in lines {
        let kind = line.movement.as_ref().and_then(|(_, kind, _)| kind.parse().ok());
        let next = status.told(&line.event, kind);
        if next == stands && status != stands {
            came = Some(line);
        }
        status = next;
    }
    let Some(came) = came else { return (unknown, String::new(), String::new()) };
    let noted = lines.iter().find(|line| line.at == came.at && line.staff_only && !line.detail.is_empty());
    let said = noted.unwrap_or(came);
    (came.at, said.event.clone(), said.detail.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: i64, event: &str, staff_only: bool, detail: &str) -> StoredHappening {
        let at = DateTime::from_timestamp(at, 0).unwrap();
        StoredHappening { at, event: event.into(), staff_only, movement: None, detail: detail.into() }
    }

    #[test]
    fn since_when_and_why_is_told_by_the_last_time_that_it_came_there() {
        let lines = [
            line(1, "created", false, ""),
            line(2, "funded", false, ""),
            line(3, "on_hold", false, ""),
            line(3, "screening_hit", true, "payee un:1"),
            line(4, "fee_learned", true, "10 XOF"),
        ];
        let told = why(&lines, TransferStatus::OnHold, DateTime::UNIX_EPOCH);
        assert_eq!(told, (lines[2].at, "screening_hit".into(), "payee un:1".into()));
        let lines = [
            line(1, "created", false, ""),
            line(2, "funded", false, ""),
            line(3, "disbursement_started", false, ""),
            line(4, "outcome_unknown", true, "timeout"),
            line(4, "in_reconciliation", false, ""),
            line(5, "payee_refused", false, "no"),
            line(6, "refund_refused", false, "closed"),
        ];
        let told = why(&lines[..5], TransferStatus::InReconciliation, DateTime::UNIX_EPOCH);
        assert_eq!(told, (lines[4].at, "outcome_unknown".into(), "timeout".into()));
        let told = why(&lines, TransferStatus::NeedsAttention, DateTime::UNIX_EPOCH);
        assert_eq!(told, (lines[6].at, "refund_refused".into(), "closed".into()));
        let told = why(&lines, TransferStatus::Disputed, DateTime::UNIX_EPOCH);
        assert_eq!(told, (DateTime::UNIX_EPOCH, String::new(), String::new()));
    }
}
