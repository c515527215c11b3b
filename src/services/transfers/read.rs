//! Looking at transfers, waiting for their next change, and withdrawing one.

use std::time::Duration;

use domain::transfer::Event;
use domain::{Movement, Transfer, TransferId, UserId};
use store::movements::StoredHappening;
use store::transfers::{Before, StoredTransfer, TransferFilter};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use super::TransferError;
use super::create::{Stored, audit};
use super::decide::apply_once;
use crate::app::App;
use crate::services::IdempotencyKey as Key;
use crate::services::cases;
use crate::services::people::{People, Sealer};
use crate::services::rails::{self, Waiting};

/// How long a watcher trusts the feed of its own process before it looks at the book.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A transfer as its readers may see it; views choose what of it they show.
#[derive(Clone, Debug)]
pub struct Seen {
    pub transfer: Transfer,
    pub people: People,
    pub movements: Vec<Movement>,
    /// Why it does not go on for now; looked up for readers, never part of a stored answer.
    pub waiting: Option<Waiting>,
}

/// Who looks: an owner sees their own, staff see all.
#[derive(Clone, Copy, Debug)]
pub enum Viewer {
    Owner(UserId),
    Staff,
}

/// One transfer; another owner's is not found.
pub async fn find(app: &App, viewer: Viewer, id: TransferId) -> Result<Seen, TransferError> {
    let open = cases::open(app, id).await?;
    check(viewer, &open.case.transfer)?;
    let transfer = open.case.transfer;
    let waiting = rails::of_transfers(app, &mut app.db.read().await?.conn(), &[transfer.id]).await?;
    let waiting = waiting.get(&transfer.id).copied();
    Ok(Seen { transfer, people: open.people, movements: open.case.movements, waiting })
}

fn check(viewer: Viewer, transfer: &Transfer) -> Result<(), TransferError> {
    match viewer {
        Viewer::Owner(owner) if owner != transfer.owner => Err(TransferError::NotFound),
        _ => Ok(()),
    }
}

/// Newest first, up to `limit`. Movements are not part of a list.
pub async fn list(
    app: &App,
    viewer: Viewer,
    mut filter: TransferFilter,
    before: Option<Before>,
    limit: usize,
) -> Result<Vec<Seen>, TransferError> {
    if let Viewer::Owner(owner) = viewer {
        filter.owner = Some(owner);
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut reader = app.db.read().await?;
    let rows = store::transfers::list(&mut reader.conn(), &filter, before, limit).await?;
    let mut transfers = Vec::with_capacity(rows.len());
    for row in rows {
        transfers.push(seen(app, &mut reader.conn(), row).await?);
    }
    let listed: Vec<TransferId> = transfers.iter().map(|seen| seen.transfer.id).collect();
    let waiting = rails::of_transfers(app, &mut reader.conn(), &listed).await?;
    for seen in &mut transfers {
        seen.waiting = waiting.get(&seen.transfer.id).copied();
    }
    Ok(transfers)
}

async fn seen(app: &App, conn: &mut store::Conn<'_>, row: StoredTransfer) -> Result<Seen, TransferError> {
    let (owner, id) = (row.transfer.owner, row.transfer.id);
    let sealer = Sealer::of(app, conn, owner, id).await?;
    let people = sealer.open_people(&row.people)?;
    Ok(Seen { transfer: cases::opened(row, &sealer)?, people, movements: vec![], waiting: None })
}

/// What happened so far, oldest first, with the lines that are for staff left out for owners.
pub async fn timeline(
    app: &App,
    viewer: Viewer,
    id: TransferId,
) -> Result<Vec<StoredHappening>, TransferError> {
    let mut reader = app.db.read().await?;
    let stored = store::transfers::find(&mut reader.conn(), id).await?.ok_or(TransferError::NotFound)?;
    check(viewer, &stored.transfer)?;
    let mut lines = store::movements::timeline(&mut reader.conn(), id).await?;
    if let Viewer::Owner(_) = viewer {
        lines.retain(|line| !line.staff_only);
    }
    Ok(lines)
}

/// The transfer at its next change after `known` (its present version when absent), or as it is when `patience` ends.
///
/// A final transfer answers at once.
pub async fn wait(
    app: &App,
    viewer: Viewer,
    id: TransferId,
    known: Option<i64>,
    patience: Duration,
) -> Result<Seen, TransferError> {
    let deadline = Instant::now() + patience;
    let mut feed = app.feed.watch();
    let mut seen = find(app, viewer, id).await?;
    let known = known.unwrap_or(seen.transfer.version);
    while seen.transfer.version <= known && !seen.transfer.status.is_final() && Instant::now() < deadline {
        let look_again = deadline.min(Instant::now() + LOOK_AGAIN);
        let heard = async {
            loop {
                match feed.recv().await {
                    Ok((changed, _)) if changed == id => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = timeout_at(look_again, heard).await;
        seen = find(app, viewer, id).await?;
    }
    Ok(seen)
}

/// Withdraws a transfer that no money came for. What is open at the provider is closed after the commit.
pub async fn cancel(
    app: &App,
    owner: UserId,
    key: Key,
    id: TransferId,
    render: impl Fn(&Seen) -> Vec<u8> + Send + Sync,
) -> Result<Stored, TransferError> {
    find(app, Viewer::Owner(owner), id).await?;
    let audit = audit(app, owner, "transfer.cancel", id.to_string());
    apply_once(app, key, id, &Event::Cancel, audit, render).await
}
