//! Drift of wallets whose balance cannot be asked for: what the provider's list adds up to, beside our ledger.
//!
//! The lines since the first day that was read, on top of what our float held then and of our own money put in or taken
//! out since, are what the wallet should hold. Such a look is calm when the list was read whole after our float last
//! changed; all else is as for a balance. Sound only where the list is the provider's own: lines that follow from our
//! movements would be compared with themselves.

use chrono::TimeDelta;
use domain::{Account, TreasuryKind};
use providers::Provider;
use store::ledger::since::since;
use store::{StoreError, statement_reads, treasury};

use super::{Look, Ours, settle, show};
use crate::services::alerts::checks::Turn;

/// How long after a movement began its line may be missing in the list.
const GRACE: TimeDelta = TimeDelta::minutes(2);

/// Compares one wallet, once its list was read whole.
pub(super) async fn compare(turn: &Turn<'_>, provider: &dyn Provider) -> Result<(), StoreError> {
    let (name, wallet) = (provider.capabilities().provider, provider.capabilities().wallet.clone());
    let Some(currency) = provider.capabilities().currencies.first().copied() else { return Ok(()) };
    let float = Account::Float { provider: name, wallet: wallet.clone(), currency };
    let before = Ours::read(turn.app, name, &wallet, currency).await?;
    let mut reader = turn.app.db.read().await?;
    let Some(read) = statement_reads::find(&mut reader.conn(), name, &wallet).await? else { return Ok(()) };
    let Some(whole_at) = read.whole_at else { return Ok(()) };
    let begun = read.first_day.and_time(chrono::NaiveTime::MIN).and_utc();
    let booked = since(&mut reader.conn(), &float, begun).await?;
    let own = treasury::booked_since(&mut reader.conn(), name, &wallet, begun).await?;
    drop(reader);
    let after = Ours::read(turn.app, name, &wallet, currency).await?;
    let opening = booked.map_or(after.float.balance, |booked| booked.opening);
    let moved: i128 = own.iter().map(|(kind, minor)| i128::from(*minor) * sign(*kind)).sum();
    let theirs = i128::from(opening) + moved + i128::from(read.net_minor);
    let Ok(theirs) = i64::try_from(theirs) else { return Ok(()) };
    let is_read = booked.and_then(|booked| booked.last_at).is_none_or(|last| last + GRACE <= whole_at);
    let is_still = before.float.version == after.float.version && after.float.held == 0;
    let is_moving = before.is_moving || after.is_moving;
    let look = Look {
        ours: after.float.balance,
        theirs,
        version: after.float.version,
        is_calm: is_read && is_still && !is_moving && read.pass.is_none() && read.error.is_none(),
        at: turn.app.clock.now(),
    };
    show(&float, &look);
    settle(turn, &float, &look).await
}

/// Which way our own money goes, as seen from the float.
fn sign(kind: TreasuryKind) -> i128 {
    match kind {
        TreasuryKind::TopUp | TreasuryKind::Opening => 1,
        TreasuryKind::Sweep => -1,
        TreasuryKind::OpeningBank => 0,
    }
}
