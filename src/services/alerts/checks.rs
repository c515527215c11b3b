//! Looking the book over: what is wrong now is raised, and what is not wrong any more is over.
//!
//! Each check is a job that one gateway at a time holds. What it writes is guarded by the job's token, so that one that
//! slept past its lease ends nothing that another has found since.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{AlertKind, Ends, MovementState, TransferStatus};
use store::balance_checks::Memory;
use store::jobs::{self, Job, Run};
use store::{StoreError, alerts, inbox, movements, outbox, transfers};

use super::raise::Seen;
use super::{balances, drift, rails as rail_alerts};
use crate::app::App;
use crate::services::rates;

/// Rows that a check reads; beyond, what is not among them is not taken for over.
const MOST: i64 = 500;
/// A check is done by then, or another gateway takes over.
const LEASE: TimeDelta = TimeDelta::minutes(3);
/// Every account is looked at so often.
const FLOORS: TimeDelta = TimeDelta::minutes(10);

/// A job that this gateway holds.
pub(super) struct Turn<'a> {
    pub app: &'a App,
    name: &'static str,
    token: i64,
}

/// What a check found of one kind.
pub(super) struct Found {
    pub kind: AlertKind,
    pub seen: Vec<Seen>,
    /// Whether that is all of it, so that what is open and not in it is over.
    pub is_whole: bool,
}

impl Found {
    pub fn all(kind: AlertKind, seen: Vec<Seen>) -> Found {
        Found { kind, seen, is_whole: true }
    }
}

/// Runs the checks that are due, of those that no other gateway holds.
pub async fn run_due(app: &App, holder: &str) -> Result<(), StoreError> {
    let settings = &app.config.alerts;
    let every = TimeDelta::seconds(settings.check_s);
    if let Some(turn) = Turn::take(app, "alerts.check", holder).await? {
        let looked = look_over(&turn).await;
        turn.end(every, looked).await?;
    }
    if let Some(turn) = Turn::take(app, "alerts.floors", holder).await? {
        let looked = balances::below_their_floor(&turn).await;
        turn.end(FLOORS, looked).await?;
    }
    if settings.drift_check_s > 0
        && let Some(turn) = Turn::take(app, "alerts.drift", holder).await?
    {
        let looked = drift::look(&turn).await;
        turn.end(TimeDelta::seconds(settings.drift_check_s), looked).await?;
    }
    Ok(())
}

impl<'a> Turn<'a> {
    /// `None` when the job is not due or another holds it.
    async fn take(app: &'a App, name: &'static str, holder: &str) -> Result<Option<Turn<'a>>, StoreError> {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let token = jobs::claim(&mut tx, name, holder, now, now + LEASE).await?;
        tx.commit().await?;
        Ok(token.map(|token| Turn { app, name, token }))
    }

    /// Raises what was found and ends what was not, in one commit; nothing when another has taken over.
    pub async fn settle(&self, found: Found) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        let mut tx = self.app.db.begin().await?;
        if !jobs::renew(&mut tx, self.name, self.token, now + LEASE).await? {
            return Ok(());
        }
        for seen in &found.seen {
            seen.keep(self.app, &mut tx).await?;
        }
        if found.is_whole {
            for alert in alerts::open(&mut tx.conn(), found.kind).await? {
                if !found.seen.iter().any(|seen| seen.subject() == alert.subject) {
                    end(&mut tx, &alert, now).await?;
                }
            }
        }
        tx.commit().await?;
        self.app.wakes.lane(super::TELL).notify_one();
        Ok(())
    }

    /// Raises it, or ends what is open of its kind and subject when it is `None`.
    pub async fn settle_one(
        &self,
        kind: AlertKind,
        subject: &str,
        seen: Option<Seen>,
    ) -> Result<(), StoreError> {
        match seen {
            Some(seen) => self.settle(Found { kind, seen: vec![seen], is_whole: false }).await,
            None => {
                let now = self.app.clock.now();
                let mut tx = self.app.db.begin().await?;
                if jobs::renew(&mut tx, self.name, self.token, now + LEASE).await?
                    && alerts::resolve(&mut tx, kind, subject, now).await?
                {
                    tx.commit().await?;
                    self.app.wakes.lane(super::TELL).notify_one();
                }
                Ok(())
            }
        }
    }

    /// Keeps what a balance check must know next time.
    pub async fn remember(&self, account: &str, memory: &Memory) -> Result<(), StoreError> {
        let mut tx = self.app.db.begin().await?;
        if jobs::renew(&mut tx, self.name, self.token, self.app.clock.now() + LEASE).await? {
            store::balance_checks::save(&mut tx, account, memory).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn end(self, every: TimeDelta, looked: Result<(), StoreError>) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        let outcome = if looked.is_ok() { "ok" } else { "failed" };
        let mut tx = self.app.db.begin().await?;
        let run = Run { ended_at: now, next_at: now + every, outcome };
        jobs::finish(&mut tx, self.name, self.token, run).await?;
        tx.commit().await?;
        looked
    }
}

async fn end(tx: &mut store::Tx, alert: &alerts::Alert, now: DateTime<Utc>) -> Result<(), StoreError> {
    alerts::resolve(tx, alert.kind, &alert.subject, now).await?;
    tracing::info!(alert.kind = %alert.kind, alert.subject, "an alert is over");
    Ok(())
}

async fn look_over(turn: &Turn<'_>) -> Result<(), StoreError> {
    turn.settle(uncertain(turn.app).await?).await?;
    for (status, kind, after_s) in waiting_for_a_person(turn.app) {
        turn.settle(waiting(turn.app, status, kind, after_s).await?).await?;
    }
    turn.settle(by_hand(turn.app).await?).await?;
    turn.settle(Found::all(AlertKind::JobFailed, undone(turn.app).await?)).await?;
    for found in rail_alerts::found(turn.app).await? {
        turn.settle(found).await?;
    }
    if let Ok(pairs) = rates::stale_pairs(turn.app).await {
        turn.settle(Found::all(AlertKind::RateStale, pairs.iter().map(stale).collect())).await?;
    }
    for seen in balances::low_floats(turn.app).await? {
        turn.settle(Found { kind: AlertKind::FloatLow, seen: vec![seen], is_whole: false }).await?;
    }
    lapse(turn.app).await
}

/// Movements whose outcome was not known in time.
async fn uncertain(app: &App) -> Result<Found, StoreError> {
    let before = app.clock.now() - TimeDelta::seconds(app.config.alerts.uncertain_after_s);
    let rows = movements::uncertain(&mut app.db.read().await?.conn(), None, MOST).await?;
    let is_whole = rows.len() < usize::try_from(MOST).unwrap_or(usize::MAX);
    let since = |movement: &domain::Movement| movement.submitted_at.unwrap_or(movement.created_at);
    let seen = rows.iter().filter(|movement| since(movement) <= before).map(|movement| {
        Seen::about(AlertKind::Uncertain, movement.reference.to_string(), movement)
            .with("kind", movement.kind)
            .with("asked", movement.asked)
            .with("since", since(movement).to_rfc3339())
    });
    Ok(Found { kind: AlertKind::Uncertain, seen: seen.collect(), is_whole })
}

/// Movements that nobody has carried out, or seen, in time.
async fn by_hand(app: &App) -> Result<Found, StoreError> {
    let before = app.clock.now() - TimeDelta::seconds(app.config.alerts.by_hand_after_s);
    let filter = movements::ByHand { state: Some(MovementState::Submitted), kind: None, wallet: None };
    let rows = movements::by_hand(&mut app.db.read().await?.conn(), &filter, None, MOST).await?;
    let is_whole = rows.len() < usize::try_from(MOST).unwrap_or(usize::MAX);
    let since = |movement: &domain::Movement| movement.submitted_at.unwrap_or(movement.created_at);
    let seen = rows.iter().filter(|movement| since(movement) <= before).map(|movement| {
        Seen::about(AlertKind::ByHand, movement.reference.to_string(), movement)
            .with("kind", movement.kind)
            .with("amount", movement.amount)
            .with("since", since(movement).to_rfc3339())
    });
    Ok(Found { kind: AlertKind::ByHand, seen: seen.collect(), is_whole })
}

/// A pair that is not quoted, without any figure of its rate.
fn stale(pair: &rates::StalePair) -> Seen {
    let seen = Seen::new(AlertKind::RateStale, pair.pair.to_string()).with("pair", pair.pair);
    seen.with("as_of", pair.as_of.to_rfc3339()).with("since", pair.stale_since.to_rfc3339())
}

fn waiting_for_a_person(app: &App) -> [(TransferStatus, AlertKind, i64); 2] {
    let settings = &app.config.alerts;
    [
        (TransferStatus::NeedsAttention, AlertKind::NeedsAttention, settings.attention_after_s),
        (TransferStatus::OnHold, AlertKind::OnHold, settings.on_hold_after_s),
    ]
}

async fn waiting(
    app: &App,
    status: TransferStatus,
    kind: AlertKind,
    after_s: i64,
) -> Result<Found, StoreError> {
    let before = app.clock.now() - TimeDelta::seconds(after_s);
    let rows = transfers::waiting_for_a_person(&mut app.db.read().await?.conn(), MOST).await?;
    let is_whole = rows.len() < usize::try_from(MOST).unwrap_or(usize::MAX);
    let seen = rows.iter().filter(|row| row.status == status && row.since <= before).map(|row| {
        let seen = Seen::new(kind, row.id.to_string()).with("transfer", row.id);
        seen.with("since", row.since.to_rfc3339())
    });
    Ok(Found { kind, seen: seen.collect(), is_whole })
}

/// Jobs that failed, and what was late at the last look and still is: who was asleep has had time to catch up.
async fn undone(app: &App) -> Result<Vec<Seen>, StoreError> {
    let mut reader = app.db.read().await?;
    let jobs = jobs::list(&mut reader.conn()).await?;
    let open = alerts::open(&mut reader.conn(), AlertKind::JobFailed).await?;
    let late = late(app, &mut reader, &jobs).await?;
    let now: BTreeSet<String> = late.iter().map(|seen| seen.subject().to_owned()).collect();
    let mut last = app.alerts.late.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let last = std::mem::replace(&mut *last, now);
    let lasts = |seen: &Seen| {
        last.contains(seen.subject()) || open.iter().any(|alert| alert.subject == seen.subject())
    };
    Ok(jobs.iter().filter_map(failed).chain(late.into_iter().filter(lasts)).collect())
}

/// Jobs that do not run, and work that nobody takes.
async fn late(app: &App, reader: &mut store::Reader, jobs: &[Job]) -> Result<Vec<Seen>, StoreError> {
    let before = app.clock.now() - TimeDelta::seconds(app.config.alerts.overdue_s);
    let mut seen: Vec<Seen> = jobs.iter().filter_map(|job| does_not_run(job, before)).collect();
    for late in outbox::overdue(&mut reader.conn(), before).await? {
        let subject = format!("outbox:{}", late.lane);
        let lane = Seen::new(AlertKind::JobFailed, subject).with("waiting", late.count);
        seen.push(lane.with("since", late.since.to_rfc3339()));
    }
    if let Some((count, since)) = inbox::overdue(&mut reader.conn(), before).await? {
        let inbox = Seen::new(AlertKind::JobFailed, "inbox").with("waiting", count);
        seen.push(inbox.with("since", since.to_rfc3339()));
    }
    Ok(seen)
}

/// The last run went wrong.
fn failed(job: &Job) -> Option<Seen> {
    let outcome = job.last_outcome.as_deref().filter(|outcome| *outcome != "ok")?;
    Some(about(job).with("reason", outcome))
}

/// The next run is overdue, or its holder is gone and nobody took over. One that failed is told as that.
fn does_not_run(job: &Job, before: DateTime<Utc>) -> Option<Seen> {
    if failed(job).is_some() {
        return None;
    }
    let is_overdue = job.leased_until.is_none()
        && job.next_run_at.is_some_and(|next| next > DateTime::UNIX_EPOCH && next < before);
    let is_abandoned = job.leased_until.is_some_and(|until| until < before);
    match (is_overdue, is_abandoned) {
        (true, _) => Some(about(job).with("reason", "overdue")),
        (_, true) => Some(about(job).with("reason", "abandoned")),
        _ => None,
    }
}

fn about(job: &Job) -> Seen {
    let seen = Seen::new(AlertKind::JobFailed, format!("job:{}", job.name));
    match job.last_run_at {
        Some(at) => seen.with("last_run", at.to_rfc3339()),
        None => seen,
    }
}

/// Ends what would have been seen again by now.
async fn lapse(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let before = now - TimeDelta::seconds(app.config.alerts.lapse_s);
    for kind in AlertKind::ALL.iter().filter(|kind| kind.ends() == Ends::Lapses) {
        let mut tx = app.db.begin().await?;
        for alert in alerts::open(&mut tx.conn(), *kind).await? {
            if alert.last_seen_at < before {
                end(&mut tx, &alert, now).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
    }

    fn job() -> Job {
        Job {
            name: "seal".into(),
            token: 7,
            holder: None,
            leased_until: None,
            last_run_at: Some(at(0)),
            next_run_at: None,
            last_outcome: Some("ok".into()),
        }
    }

    #[test]
    fn a_job_is_an_alert_when_it_failed_or_does_not_run() {
        let never = DateTime::UNIX_EPOCH;
        let cases = [
            (job(), false),
            (Job { last_outcome: None, ..job() }, false),
            (Job { last_outcome: Some("failed".into()), ..job() }, true),
            (Job { next_run_at: Some(at(9)), ..job() }, true),
            (Job { next_run_at: Some(at(11)), ..job() }, false),
            (Job { next_run_at: Some(never), ..job() }, false),
            (Job { next_run_at: Some(at(9)), leased_until: Some(at(12)), ..job() }, false),
            (Job { leased_until: Some(at(9)), ..job() }, true),
        ];
        for (job, is_alert) in cases {
            let found = failed(&job).or_else(|| does_not_run(&job, at(10)));
            assert_eq!(found.is_some(), is_alert, "{job:?}");
        }
    }
}
