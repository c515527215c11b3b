//! Keeping the promise to tell: one attempt by one way. What does not arrive is tried again for a day.

use chrono::TimeDelta;
use providers::notify::NotifyError;
use store::outbox::Claimed;

use super::wording::Letter;
use super::{MAIL, WEBHOOK, address, tell};
use crate::app::App;
use crate::services::promises::{End, backoff};

/// After this an alert is old news: the list of open alerts still has it.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::days(1);
/// A refusal is mended by a person, not by haste.
const AFTER_REFUSAL: TimeDelta = TimeDelta::minutes(5);

/// Tells what `promise` holds; `None` when it is no promise to tell an alert.
pub(in crate::services) async fn keep(app: &App, promise: &Claimed) -> Option<End> {
    let told = match promise.kind.as_str() {
        WEBHOOK => post(app, promise).await,
        MAIL => mail(app, promise).await,
        _ => return None,
    };
    Some(after(app, promise, told))
}

fn after(app: &App, promise: &Claimed, told: Result<(), NotifyError>) -> End {
    let way = promise.kind.clone();
    let Err(error) = told else {
        metrics::counter!("alerts_told_total", "way" => way).increment(1);
        return End::Done;
    };
    metrics::counter!("alerts_not_told_total", "way" => way).increment(1);
    if promise.created_at + GIVEN_UP_AFTER <= app.clock.now() {
        tracing::error!(promise.id = %promise.id, promise.kind, reason = %error, "an alert could not be told for a day and is given up");
        return End::Done;
    }
    tracing::warn!(promise.id = %promise.id, promise.kind, reason = %error, "an alert is not told yet");
    let wait = backoff(promise.attempt);
    let after = if matches!(error, NotifyError::Refused { .. }) { wait.max(AFTER_REFUSAL) } else { wait };
    End::Again { after, error: error.to_string() }
}

fn opened(app: &App, promise: &Claimed) -> Option<Vec<u8>> {
    let payload = promise.payload.as_deref().unwrap_or_default();
    app.keyring.open_book(tell::aad(promise.id.uuid()), payload).ok()
}

fn unreadable() -> NotifyError {
    NotifyError::Refused { reason: "the promise holds no message that this book sealed".into() }
}

/// Nothing to do for a way that is not set any more.
async fn post(app: &App, promise: &Claimed) -> Result<(), NotifyError> {
    let Some(webhook) = &app.alerts.webhook else { return Ok(()) };
    let body = opened(app, promise).ok_or_else(unreadable)?;
    webhook.send(&tell::name(promise.id), app.clock.now(), body).await
}

/// Nor for an address that is not among those of the settings any more.
async fn mail(app: &App, promise: &Claimed) -> Result<(), NotifyError> {
    let Some(mailing) = &app.alerts.mail else { return Ok(()) };
    let bytes = opened(app, promise).ok_or_else(unreadable)?;
    let letter: Letter = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    if !mailing.to.contains(&letter.to) {
        return Ok(());
    }
    let Some(to) = address(&letter.to) else { return Ok(()) };
    mailing.sender.send(&tell::name(promise.id), to, &letter.subject, letter.text).await
}
