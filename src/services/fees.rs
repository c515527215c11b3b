//! Learning what a provider took for a collection, and from when on the rest can be spent: only its statement tells.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::Movement;
use domain::transfer::{Event, Step};
use providers::{
    Line, Operation, OperationKind, Outcome, Page, Provider, ProviderRef, StatementLine, Statements,
};
use store::outbox::Claimed;
use store::writer::Kept;

use super::calls;
use super::cases::{self, With};
use super::promises::{End, KeepError, backoff};
use crate::app::App;

/// Pages of one day that are read at most.
const PAGES: usize = 64;

/// Reads the line of the collection, and books what it shows. Money in transit is asked about again when it should
/// have become spendable.
pub(super) async fn learn(
    app: &App,
    promise: &Claimed,
    movement: &Movement,
) -> Result<Option<End>, KeepError> {
    if movement.fee.is_some() && !movement.is_in_transit() {
        return Ok(Some(End::Done));
    }
    let Some(provider) = calls::provider(app, movement) else {
        return Ok(Some(End::Again {
            after: TimeDelta::minutes(1),
            error: "this wallet is not configured".into(),
        }));
    };
    if !tells(provider.as_ref()) {
        return Ok(Some(End::Done));
    }
    match line(app, provider.as_ref(), movement).await {
        Ok(Some(line)) => book(app, promise, movement, &line).await,
        Ok(None) => {
            let error = "not in the statement yet".to_owned();
            Ok(Some(End::Again { after: backoff(promise.attempt) + TimeDelta::seconds(5), error }))
        }
        Err(error) => Ok(Some(End::Again { after: backoff(promise.attempt), error })),
    }
}

/// Whether the provider has a statement that names fees. Where it has none, they are never known here.
fn tells(provider: &dyn Provider) -> bool {
    let capabilities = provider.capabilities();
    capabilities.supports(OperationKind::Line) || capabilities.statements == Statements::Days
}

/// By its own name where the provider can be asked so; else from the days on which it can have been written.
async fn line(
    app: &App,
    provider: &dyn Provider,
    movement: &Movement,
) -> Result<Option<StatementLine>, String> {
    let named = movement.transaction_ref.clone().map(ProviderRef);
    if let (Some(source), true) = (named, provider.capabilities().supports(OperationKind::Line)) {
        let asked = Operation::Line(Line { source, amount: movement.amount });
        let page = transactions(provider, &asked).await?;
        return Ok(page.lines.into_iter().find(|line| !line.is_reversal && line.gross == movement.amount));
    }
    let day = movement.submitted_at.unwrap_or(movement.created_at).date_naive();
    for date in [day, day.checked_add_days(Days::new(1)).unwrap_or(day)] {
        if date <= app.clock.now().date_naive()
            && let Some(line) = find(provider, movement, date).await?
        {
            return Ok(Some(line));
        }
    }
    Ok(None)
}

async fn transactions(
    provider: &dyn Provider,
    asked: &Operation,
) -> Result<providers::StatementPage, String> {
    match provider.call(asked).await.map_err(|error| error.to_string())? {
        Outcome::Transactions(page) => Ok(page),
        _ => Err("an answer to another question".into()),
    }
}

async fn find(
    provider: &dyn Provider,
    movement: &Movement,
    date: NaiveDate,
) -> Result<Option<StatementLine>, String> {
    let mut cursor = None;
    for _ in 0..PAGES {
        let page = transactions(provider, &Operation::Transactions(Page { date, cursor })).await?;
        if let Some(line) = page.lines.into_iter().find(|line| is_of(line, movement)) {
            return Ok(Some(line));
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(None);
        }
    }
    Err("the statement does not end".into())
}

fn is_of(line: &StatementLine, movement: &Movement) -> bool {
    let named = line.provider_ref.as_ref().map(|reference| &reference.0) == movement.provider_ref.as_ref()
        && movement.provider_ref.is_some();
    (named || line.reference == Some(movement.reference))
        && !line.is_reversal
        && line.gross == movement.amount
}

async fn book(
    app: &App,
    promise: &Claimed,
    movement: &Movement,
    line: &StatementLine,
) -> Result<Option<End>, KeepError> {
    let now = app.clock.now();
    let again_at = still_in_transit(movement, line.available_at, now);
    let kept = |_: Option<&Step>| Kept { id: promise.id, attempt: promise.attempt, again_at, error: None };
    let (fee, available_at) = (line.fee, line.available_at);
    let event = Event::FeeLearned { movement: movement.reference, fee, available_at };
    cases::apply(app, movement.transfer, &event, With { kept: Some(&kept), ..With::default() }).await?;
    Ok(None)
}

/// When to look again; `None` when nothing is in transit, or no more from now on.
fn still_in_transit(
    movement: &Movement,
    available_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    match available_at {
        _ if !movement.is_in_transit() => None,
        Some(at) if at <= now => None,
        Some(at) => Some(at),
        None => Some(now + TimeDelta::hours(1)),
    }
}
