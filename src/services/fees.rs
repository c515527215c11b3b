//! Learning what a provider took for a collection: only its statement tells.

use chrono::{Days, NaiveDate, TimeDelta};
use domain::transfer::{Event, Step};
use domain::{Money, Movement};
use providers::{Operation, Outcome, Page, Provider, StatementLine};
use store::outbox::Claimed;
use store::writer::Kept;

use super::calls;
use super::cases::{self, With};
use super::promises::{End, KeepError, backoff};
use crate::app::App;

/// Pages of one day that are read at most.
const PAGES: usize = 64;

/// Reads the statement of the day on which the payer was asked and of the next, and books the fee it shows.
pub(super) async fn learn(
    app: &App,
    promise: &Claimed,
    movement: &Movement,
) -> Result<Option<End>, KeepError> {
    if movement.fee.is_some() {
        return Ok(Some(End::Done));
    }
    let Some(provider) = calls::provider(app, movement) else {
        return Ok(Some(End::Again {
            after: TimeDelta::minutes(1),
            error: "this wallet is not configured".into(),
        }));
    };
    let day = movement.submitted_at.unwrap_or(movement.created_at).date_naive();
    for date in [day, day.checked_add_days(Days::new(1)).unwrap_or(day)] {
        if date > app.clock.now().date_naive() {
            continue;
        }
        match find(provider.as_ref(), movement, date).await {
            Ok(Some(fee)) => return book(app, promise, movement, fee).await,
            Ok(None) => {}
            Err(error) => return Ok(Some(End::Again { after: backoff(promise.attempt), error })),
        }
    }
    let error = "not in the statement yet".to_owned();
    Ok(Some(End::Again { after: backoff(promise.attempt) + TimeDelta::seconds(5), error }))
}

async fn find(
    provider: &dyn Provider,
    movement: &Movement,
    date: NaiveDate,
) -> Result<Option<Money>, String> {
    let mut cursor = None;
    for _ in 0..PAGES {
        let page = Operation::Transactions(Page { date, cursor });
        let Outcome::Transactions(page) = provider.call(&page).await.map_err(|error| error.to_string())?
        else {
            return Err("an answer to another question".into());
        };
        if let Some(line) = page.lines.iter().find(|line| is_of(line, movement)) {
            return Ok(Some(line.fee));
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
    fee: Money,
) -> Result<Option<End>, KeepError> {
    let kept =
        |_: Option<&Step>| Kept { id: promise.id, attempt: promise.attempt, again_at: None, error: None };
    let event = Event::FeeLearned { movement: movement.reference, fee };
    cases::apply(app, movement.transfer, &event, With { kept: Some(&kept), ..With::default() }).await?;
    Ok(None)
}
