//! A line as a provider's adapter reads it becomes a line as it is kept.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use domain::{Learned, Provider, Wallet};
use providers::{ProviderError, StatementLine};
use store::provider_lines::ProviderLine;

use crate::app::App;

/// The longest name of a line that is kept, and the longest word.
const LONGEST: usize = 256;

/// Whose statement it is, and when it was read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub provider: Provider,
    pub wallet: &'a Wallet,
    pub fetched_at: DateTime<Utc>,
}

/// Lines of one page, of the day `day` or, without one, each of its own. A page with a line that cannot be kept is no
/// page: what is missing in it would not be seen.
pub(super) fn of_page(
    app: &App,
    source: Source<'_>,
    day: Option<NaiveDate>,
    lines: &[StatementLine],
) -> Result<Vec<ProviderLine>, ProviderError> {
    let wrong = |reason: &str| ProviderError::uncertain(format!("a statement line {reason}"));
    let keep = |line: &StatementLine| {
        if line.gross.checked_sub(line.fee).ok() != Some(line.net) {
            return Err(wrong("does not add up"));
        }
        if line.id.is_empty() || line.id.len() > LONGEST {
            return Err(wrong("has no name"));
        }
        Ok(ProviderLine {
            id: app.ids.next(),
            provider: source.provider,
            wallet: source.wallet.clone(),
            key: key(line),
            kind: line.kind,
            word: line.word.chars().take(LONGEST).collect(),
            gross: line.gross,
            fee: line.fee,
            net: line.net,
            reference: line.reference,
            provider_ref: line.provider_ref.as_ref().map(|named| named.0.clone()),
            // Both databases keep microseconds: a line has to compare equal with itself once it was kept.
            occurred_at: line.at.trunc_subsecs(6),
            available_at: line.available_at.map(|at| at.trunc_subsecs(6)),
            day: day.unwrap_or(line.at.date_naive()),
            learned: Learned::List,
            raw: line.raw,
            fetched_at: source.fetched_at,
        })
    };
    lines.iter().map(keep).collect()
}

/// What undoes a line may carry its name.
fn key(line: &StatementLine) -> String {
    if line.is_reversal { format!("{}:undone", line.id) } else { line.id.clone() }
}
