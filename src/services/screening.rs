//! Screening the people of a transfer before its money leaves, and keeping the lists current.
//!
//! Both ends are screened by every name that we know of them: the one given with the order, and the one of their
//! profile. What is found is told by ids of lists' entries, never by names. A screening that cannot answer clears
//! nobody: the payment waits.

use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use domain::{Account, Country, Transfer, UserId};
use providers::screening::{FilesConfig, ListFiles, Nobody, Refreshed, Screening, ScreeningError};
use providers::{Subject, Verdict};
use store::users;

use super::alerts;
use super::cases::OpenCase;
use crate::app::App;
use crate::config::Config;

/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 600;

/// What the settings ask for. Errors: a list that cannot be used, with what is wrong with it.
pub fn of_settings(config: &Config) -> anyhow::Result<Arc<dyn Screening>> {
    let settings = &config.screening;
    if settings.lists.is_empty() {
        tracing::warn!("nobody is screened: screening.lists names no list");
        return Ok(Arc::new(Nobody));
    }
    let files = ListFiles::open(FilesConfig {
        paths: settings.lists.clone(),
        threshold: settings.threshold_percent,
        stale_after: TimeDelta::seconds(settings.stale_after_s),
    })
    .context("screening cannot start\nhint: mend the list, or take it out of screening.lists")?;
    for list in files.lists() {
        tracing::info!(list.name = list.name, list.entries = list.entries, "screening by this list");
    }
    Ok(Arc::new(files))
}

/// Why a transfer could not be screened.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotScreened {
    #[error(transparent)]
    Screening(#[from] ScreeningError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

/// Why somebody should look at this transfer before it goes on; nothing when its people are clear.
pub(super) async fn reason_to_hold(app: &App, open: &OpenCase) -> Result<Option<String>, NotScreened> {
    let (people, transfer) = (&open.people, &open.case.transfer);
    let payee = match &transfer.payee_account {
        Some(Account::Customer { user, .. }) => profile_name(app, *user).await?,
        _ => None,
    };
    let ends = [
        (
            "payer",
            transfer.from_country,
            [people.payer.name.clone(), profile_name(app, transfer.owner).await?],
        ),
        ("payee", transfer.to_country, [people.payee.name.clone(), payee]),
    ];
    let mut reasons = Vec::new();
    for (end, country, names) in ends {
        reasons.extend(hits(app, end, country, &names)?);
    }
    let verdict = if reasons.is_empty() { "clear" } else { "hit" };
    metrics::counter!("screened_total", "verdict" => verdict).increment(1);
    if reasons.is_empty() {
        return Ok(None);
    }
    held(transfer);
    Ok(Some(reasons.join("; ").chars().take(LONGEST_REASON).collect()))
}

fn held(transfer: &Transfer) {
    tracing::warn!(transfer.id = %transfer.id, "screening holds a transfer, a person decides");
}

/// What the lists have on one end, once for names that are the same.
fn hits(
    app: &App,
    end: &str,
    country: Country,
    names: &[Option<String>; 2],
) -> Result<Vec<String>, ScreeningError> {
    let mut told: Vec<String> = Vec::new();
    for name in names.iter().flatten() {
        let subject = Subject { name, country: Some(country) };
        let Verdict::Hit(hits) = app.screening.screen(&subject, app.clock.now())? else { continue };
        let words = hits.iter().map(|hit| format!("{end} {hit}"));
        words.for_each(|words| {
            if !told.contains(&words) {
                told.push(words);
            }
        });
    }
    Ok(told)
}

/// What the lists have on somebody who is named in a transfer's course: ids of entries, never the name.
pub(super) fn on_lists(app: &App, country: Country, name: &str) -> Result<Option<String>, ScreeningError> {
    let reasons = hits(app, "holder", country, &[Some(name.to_owned()), None])?;
    Ok((!reasons.is_empty()).then(|| reasons.join("; ").chars().take(LONGEST_REASON).collect()))
}

async fn profile_name(app: &App, user: UserId) -> Result<Option<String>, store::StoreError> {
    let mut reader = app.db.read().await?;
    let found = users::find(&mut reader.conn(), &app.people, user).await?;
    Ok(found.and_then(|user| user.name))
}

/// Looks whether the lists have changed. What cannot be read leaves the old ones in use, and somebody is told.
pub async fn refresh(app: &App) {
    let (screening, now) = (app.screening.clone(), app.clock.now());
    let refreshed = tokio::task::spawn_blocking(move || screening.refresh(now)).await;
    match refreshed {
        Ok(Ok(Refreshed::Unchanged)) => {}
        Ok(Ok(Refreshed::Loaded(lists))) => {
            for list in lists {
                tracing::info!(list.name = list.name, list.entries = list.entries, "screening by a new list");
            }
        }
        Ok(Err(error)) => alerts::list_unreadable(app, &error).await,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the lists were not looked at")
        }
    }
}
