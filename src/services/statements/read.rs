//! Reading one wallet: page after page until it is read, its turn is over, or something stands in the way.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::AlertKind;
use providers::{Operation, Outcome, Page, Provider, ProviderError, StatementPage, Statements};
use store::StoreError;
use store::statement_reads::{self, Pass, StatementRead};

use super::ended;
use super::lines::{self, Source};
use super::progress::{self, Pace};
use super::turn::Turn;
use crate::app::App;
use crate::services::alerts::{Seen, raise};

pub(super) fn pace(app: &App) -> Pace {
    let settings = &app.config.statements;
    Pace { every: TimeDelta::seconds(settings.every_s), lag: TimeDelta::seconds(settings.lag_s) }
}

/// Reads what is due of a wallet, at most as many pages as a turn may. `None`: another gateway has taken over.
pub(super) async fn wallet(
    turn: &Turn<'_>,
    provider: &dyn Provider,
) -> Result<Option<StatementRead>, StoreError> {
    let mut read = stands(turn.app, provider).await?;
    for _ in 0..turn.app.config.statements.pages_per_turn {
        let now = turn.app.clock.now();
        if read.due_at > now || turn.stop.is_cancelled() {
            break;
        }
        let kept = match provider.capabilities().statements {
            Statements::None => ended::page(turn, provider, &mut read).await?,
            Statements::Days | Statements::Newest { .. } => page(turn, provider, &mut read).await?,
        };
        if !kept {
            return Ok(None);
        }
    }
    Ok(Some(read))
}

/// Where the reading stands; it begins with the book, but not longer ago than the settings say.
async fn stands(app: &App, provider: &dyn Provider) -> Result<StatementRead, StoreError> {
    let (name, wallet) = (provider.capabilities().provider, &provider.capabilities().wallet);
    let mut reader = app.db.read().await?;
    if let Some(read) = statement_reads::find(&mut reader.conn(), name, wallet).await? {
        return Ok(read);
    }
    let now = app.clock.now();
    let born = store::book::created_at(&mut reader.conn()).await?.unwrap_or(now).date_naive();
    Ok(progress::new(name, wallet.clone(), first_day(app, born, now), now))
}

fn first_day(app: &App, born: NaiveDate, now: DateTime<Utc>) -> NaiveDate {
    let today = now.date_naive();
    let days = Days::new(app.config.statements.backfill_d.unsigned_abs());
    let earliest = today.checked_sub_days(days).unwrap_or(today);
    born.clamp(earliest, today)
}

/// Asks for one page and keeps it. `false`: another gateway has taken over.
async fn page(
    turn: &Turn<'_>,
    provider: &dyn Provider,
    read: &mut StatementRead,
) -> Result<bool, StoreError> {
    let pass = progress::pass(read, turn.app.clock.now());
    let asked = Operation::Transactions(Page { date: pass.day, cursor: pass.cursor.clone() });
    let answered = match provider.call(&asked).await {
        Ok(Outcome::Transactions(page)) => take(turn, provider, read, &pass, page).await?,
        Ok(_) => Err(ProviderError::uncertain("an answer to another question")),
        Err(error) => Err(error),
    };
    match answered {
        Ok(kept) => Ok(kept),
        Err(error) => refused(turn, read, &error).await,
    }
}

/// Keeps what a page says. The inner error is a page that cannot be taken.
async fn take(
    turn: &Turn<'_>,
    provider: &dyn Provider,
    read: &mut StatementRead,
    pass: &Pass,
    page: StatementPage,
) -> Result<Result<bool, ProviderError>, StoreError> {
    let now = turn.app.clock.now();
    let capabilities = provider.capabilities();
    let source = Source { provider: capabilities.provider, wallet: &capabilities.wallet, fetched_at: now };
    let by_days = capabilities.statements == Statements::Days;
    let lines = match lines::of_page(turn.app, source, by_days.then_some(pass.day), &page.lines) {
        Ok(lines) => lines,
        Err(error) => return Ok(Err(error)),
    };
    if by_days {
        if let Err(reason) = progress::turned(read, pass.clone(), page.next, pace(turn.app), now) {
            return Ok(Err(ProviderError::uncertain(reason)));
        }
    } else if let Some(since) = progress::seen_newest(read, pass, page.cut_at, pace(turn.app), now) {
        cut(turn.app, read, since, page.cut_at).await;
    }
    turn.keep(read, &lines).await.map(Ok)
}

/// The list did not reach back to what was seen before: what happened in between is not in it.
async fn cut(app: &App, read: &mut StatementRead, since: DateTime<Utc>, until: Option<DateTime<Utc>>) {
    let until = until.unwrap_or(since).to_rfc3339();
    read.error = Some(format!("lines between {} and {until} may be missing", since.to_rfc3339()));
    let seen = Seen::new(AlertKind::StatementCut, format!("{}:{}", read.provider, read.wallet));
    raise(app, seen.with("since", since.to_rfc3339()).with("until", until)).await;
}

/// Waits, and says why. `false` as in [`page`].
async fn refused(
    turn: &Turn<'_>,
    read: &mut StatementRead,
    error: &ProviderError,
) -> Result<bool, StoreError> {
    progress::failed(read, error, pace(turn.app), turn.app.clock.now());
    if let ProviderError::Misconfigured { reason } = error {
        let seen = Seen::new(AlertKind::Misconfigured, format!("{}:{}", read.provider, read.wallet));
        raise(turn.app, seen.with("operation", "transactions").with("reason", reason)).await;
    }
    turn.fail(read, &error.to_string()).await
}
