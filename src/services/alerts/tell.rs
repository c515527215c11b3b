//! Telling: what is due becomes promises to the webhook and to each address of the mail, in one commit.
//!
//! Few are told one by one. Many at once, or more in an hour than the settings allow, leave together as a digest, and
//! of those no more than one in ten minutes. What there is no room for stays due and is told with the next digest.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::PromiseId;
use store::alerts::{self, Alert};
use store::crypto::Aad;
use store::writer::NewPromise;
use store::{StoreError, Tx, budgets, outbox};
use uuid::Uuid;

use super::wording::{self, Letter, Message};
use super::{MAIL, WEBHOOK};
use crate::app::App;

/// So many at once are told one by one.
const ONE_BY_ONE: usize = 5;
/// Alerts that one telling takes.
const MOST: i64 = 2_000;
/// Between two digests when the hour's messages are spent.
const DIGESTS_APART: TimeDelta = TimeDelta::minutes(10);

/// Promises to tell what is due now. `true`: something was promised.
pub async fn tell_due(app: &App) -> Result<bool, StoreError> {
    let now = app.clock.now();
    if app.alerts.is_silent() || !alerts::is_due(&mut app.db.read().await?.conn(), now).await? {
        return Ok(false);
    }
    let mut tx = app.db.begin().await?;
    let due = alerts::due(&mut tx, now, MOST).await?;
    let mut messages = Vec::new();
    let mut rest: &[Alert] = &due;
    while let [alert, others @ ..] = rest
        && due.len() <= ONE_BY_ONE
        && may_send(app, &mut tx, now).await?
    {
        messages.push(wording::one(alert));
        rest = others;
    }
    if !rest.is_empty()
        && (due.len() > ONE_BY_ONE && may_send(app, &mut tx, now).await? || may_digest(&mut tx, now).await?)
    {
        messages.push(wording::many(rest));
        rest = &[];
    }
    let told = due.get(..due.len() - rest.len()).unwrap_or_default();
    for alert in told {
        note(app, &mut tx, alert, now).await?;
    }
    for message in &messages {
        promise(app, &mut tx, message, now).await?;
    }
    tx.commit().await?;
    app.wakes.wake(&[WEBHOOK.to_owned(), MAIL.to_owned()], false);
    Ok(!messages.is_empty())
}

/// Takes one of the hour's messages.
async fn may_send(app: &App, tx: &mut Tx, now: DateTime<Utc>) -> Result<bool, StoreError> {
    budgets::spend(tx, "alerts", window(now, TimeDelta::hours(1)), app.config.alerts.max_per_hour).await
}

async fn may_digest(tx: &mut Tx, now: DateTime<Utc>) -> Result<bool, StoreError> {
    budgets::spend(tx, "alert_digests", window(now, DIGESTS_APART), 1).await
}

fn window(now: DateTime<Utc>, length: TimeDelta) -> DateTime<Utc> {
    now.duration_trunc(length).unwrap_or(now)
}

async fn note(app: &App, tx: &mut Tx, alert: &Alert, now: DateTime<Utc>) -> Result<(), StoreError> {
    match alert.resolved_at {
        Some(_) => alerts::told_over(tx, alert.id).await,
        None => {
            let again_at = now + TimeDelta::seconds(app.config.alerts.quiet_s);
            alerts::told(tx, alert.id, now, again_at).await
        }
    }
}

/// A promise for each way; the bytes are final, so that a repeat is the same message.
async fn promise(
    app: &App,
    tx: &mut Tx,
    message: &Message<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if app.alerts.webhook.is_some() {
        let body = message.body(&app.public_url, app.config.mode, now);
        add(app, tx, WEBHOOK, message, &body, now).await?;
    }
    if let Some(mailing) = &app.alerts.mail {
        for to in &mailing.to {
            let letter = Letter::new(message, to, app);
            let bytes = serde_json::to_vec(&letter).unwrap_or_default();
            add(app, tx, MAIL, message, &bytes, now).await?;
        }
    }
    Ok(())
}

async fn add(
    app: &App,
    tx: &mut Tx,
    kind: &str,
    message: &Message<'_>,
    bytes: &[u8],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let id = app.ids.next();
    let payload = Some(app.keyring.seal_book(aad(id), bytes));
    let (kind, lane) = (kind.to_owned(), kind.to_owned());
    let promise = NewPromise { id, kind, subject: message.subject(), lane, payload, due_at: now };
    outbox::add(tx, &promise, now).await
}

/// What a promise's payload is bound to.
pub(super) fn aad(id: Uuid) -> Aad {
    Aad { table: "outbox", column: "payload", row: id }
}

/// The message's name for whoever receives it, the same at each attempt.
pub(super) fn name(id: PromiseId) -> String {
    format!("msg_{}", id.uuid().simple())
}
