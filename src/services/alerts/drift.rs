//! Drift: what a provider says it holds for us, beside what our ledger says.
//!
//! A difference alone proves nothing. A payment that the provider has booked and we have not heard of yet, a payout
//! that has left and is not confirmed, a fee that its statement will name: each makes one, and each goes away. So a
//! look counts only when it is *calm*: nothing of the wallet is held, uncertain, being sent or without its fee, and
//! our account stood still while the provider was asked. And a difference is drift only when calm looks agree on it:
//! for `drift_confirm_s` while nothing moved at either side, or for four times as long while the wallet is busy. The
//! same difference to the last unit at every calm look is nothing that payments leave behind.
//!
//! Where much is missing, the wallet pays out no more ([`crate::services::rails`]).
//! Where a balance cannot be asked for and the provider has a list of its own, [`listed`] compares that.
//!
//! Deliberately absent: mending it. No entry is made; a person finds out what is missing.

mod listed;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Account, AlertKind, Currency, Money, Wallet};
use providers::{Balance, Operation, OperationKind, Outcome, Provider, ProviderError, Statements};
use store::StoreError;
use store::balance_checks::Memory;
use store::ledger::accounts::{self, StoredAccount};
use store::{balance_checks, movements};

use super::checks::Turn;
use super::raise::{Seen, raise};
use crate::app::App;
use crate::services::rails;

/// A busy wallet's difference has to last so many times as long.
const WHEN_BUSY: i32 = 4;

/// One look at both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    ours: i64,
    theirs: i64,
    /// How often our account had changed.
    version: i64,
    is_calm: bool,
    at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Both sides say the same.
    Agrees,
    /// Nothing can be said from this.
    Unknown,
    /// They differ, and nothing explains it.
    Drift { since: DateTime<Utc> },
}

/// Asks every provider for its balances and compares them with ours.
pub(super) async fn look(turn: &Turn<'_>) -> Result<(), StoreError> {
    for provider in turn.app.providers.iter() {
        if provider.capabilities().supports(OperationKind::Balance) {
            compare(turn, provider.as_ref()).await?;
        } else if provider.capabilities().statements != Statements::None {
            listed::compare(turn, provider.as_ref()).await?;
        }
    }
    Ok(())
}

/// Both accounts of one wallet. A provider that does not answer is not in drift.
async fn compare(turn: &Turn<'_>, provider: &dyn Provider) -> Result<(), StoreError> {
    let (name, wallet) = (provider.capabilities().provider, provider.capabilities().wallet.clone());
    let Some(currency) = provider.capabilities().currencies.first().copied() else { return Ok(()) };
    let before = Ours::read(turn.app, name, &wallet, currency).await?;
    let held = match provider.call(&Operation::Balance).await {
        Ok(Outcome::Balance(held)) => held,
        Ok(_) => return Ok(()),
        Err(error) => {
            not_answered(turn.app, name, &wallet, &error).await;
            return Ok(());
        }
    };
    let after = Ours::read(turn.app, name, &wallet, currency).await?;
    for (account, look) in looks(&before, &after, &held, turn.app.clock.now()) {
        show(&account, &look);
        settle(turn, &account, &look).await?;
    }
    Ok(())
}

async fn not_answered(app: &App, provider: domain::Provider, wallet: &Wallet, error: &ProviderError) {
    if let ProviderError::Misconfigured { reason } = error {
        let seen = Seen::new(AlertKind::Misconfigured, format!("{provider}:{wallet}"));
        raise(app, seen.with("operation", "balance").with("reason", reason)).await;
    }
    tracing::info!(call.provider = %provider, call.wallet = %wallet, error = %error, "a balance is not known");
}

/// What our book says of one wallet, and what of it is under way.
#[derive(Debug)]
struct Ours {
    float: Side,
    in_transit: Side,
    /// Something is uncertain or being sent.
    is_moving: bool,
    /// A provider's fee is not known yet.
    lacks_fee: bool,
}

/// One account as it stands; zeros when it was never touched.
#[derive(Debug)]
struct Side {
    account: Account,
    balance: i64,
    held: i64,
    version: i64,
}

impl Side {
    fn of(account: Account, stored: Option<StoredAccount>) -> Side {
        let (balance, held, version) =
            stored.map_or((0, 0, 0), |stored| (stored.balance.minor(), stored.held.minor(), stored.version));
        Side { account, balance, held, version }
    }
}

impl Ours {
    async fn read(
        app: &App,
        provider: domain::Provider,
        wallet: &Wallet,
        currency: Currency,
    ) -> Result<Ours, StoreError> {
        let float = Account::Float { provider, wallet: wallet.clone(), currency };
        let in_transit = Account::InTransit { provider, wallet: wallet.clone(), currency };
        let mut reader = app.db.read().await?;
        let stored = accounts::find(&mut reader.conn(), float.id()).await?;
        let stored_in_transit = accounts::find(&mut reader.conn(), in_transit.id()).await?;
        let under_way = movements::under_way(&mut reader.conn(), app.clock.now()).await?;
        let here = |(rail, at): &(domain::Rail, Wallet)| rail.provider() == Some(provider) && at == wallet;
        Ok(Ours {
            float: Side::of(float, stored),
            in_transit: Side::of(in_transit, stored_in_transit),
            is_moving: under_way.moving.iter().any(here),
            lacks_fee: under_way.without_fee.iter().any(here),
        })
    }
}

/// The looks at the wallet's accounts: at what it can pay out, and at what is on its way there, if anything ever was.
///
/// A fee that is not known yet is missing where the money lies: on its way, if it is, else in the float.
fn looks(before: &Ours, after: &Ours, held: &Balance, at: DateTime<Utc>) -> Vec<(Account, Look)> {
    let lacks_fee = before.lacks_fee || after.lacks_fee;
    let is_moving = before.is_moving || after.is_moving;
    let has_transit = after.in_transit.version > 0 || !held.pending.is_zero();
    let look = |before: &Side, after: &Side, theirs: Money, disturbed: bool| Look {
        ours: after.balance,
        theirs: theirs.minor(),
        version: after.version,
        is_calm: !is_moving && !disturbed && before.version == after.version && after.held == 0,
        at,
    };
    let float = look(&before.float, &after.float, held.available, lacks_fee && !has_transit);
    let mut looks = vec![(after.float.account.clone(), float)];
    if has_transit {
        let in_transit = look(&before.in_transit, &after.in_transit, held.pending, lacks_fee);
        looks.push((after.in_transit.account.clone(), in_transit));
    }
    looks
}

async fn settle(turn: &Turn<'_>, account: &Account, look: &Look) -> Result<(), StoreError> {
    let name = account.to_string();
    let last = balance_checks::find(&mut turn.app.db.read().await?.conn(), &name).await?;
    let confirm = TimeDelta::seconds(turn.app.config.alerts.drift_confirm_s);
    let (memory, verdict) = judge(last.as_ref(), look, confirm);
    if let Some(memory) = memory {
        turn.remember(&name, &memory).await?;
    }
    let money = |minor: i64| Money::new(minor, account.currency());
    match verdict {
        Verdict::Unknown => Ok(()),
        Verdict::Agrees => turn.settle_one(AlertKind::Drift, &name, None).await,
        Verdict::Drift { since } => {
            let seen = Seen::new(AlertKind::Drift, name.clone())
                .with("ledger", money(look.ours))
                .with("provider", money(look.theirs))
                .with("difference", money(look.theirs.saturating_sub(look.ours)))
                .with("since", since.to_rfc3339());
            turn.settle_one(AlertKind::Drift, &name, Some(seen)).await?;
            match account {
                Account::Float { provider, wallet, .. } => {
                    let shortage = money(look.ours.saturating_sub(look.theirs));
                    rails::stop_payouts(turn.app, *provider, wallet, shortage, since).await
                }
                _ => Ok(()),
            }
        }
    }
}

/// What follows from a look, given what is remembered of those before, and what to remember of it.
fn judge(last: Option<&Memory>, look: &Look, confirm: TimeDelta) -> (Option<Memory>, Verdict) {
    if !look.is_calm {
        return (None, Verdict::Unknown);
    }
    let difference = |ours: i64, theirs: i64| i128::from(theirs) - i128::from(ours);
    let now = difference(look.ours, look.theirs);
    let memory = |differs_since, still_since| {
        let Look { ours, theirs, version, at, .. } = *look;
        Some(Memory { ours, theirs, version, differs_since, still_since, checked_at: at })
    };
    if now == 0 {
        return (memory(None, None), Verdict::Agrees);
    }
    let same = last.filter(|last| difference(last.ours, last.theirs) == now);
    let still = same.filter(|last| last.version == look.version && last.theirs == look.theirs);
    let differs_since = same.and_then(|last| last.differs_since).unwrap_or(look.at);
    let still_since = still.and_then(|last| last.still_since).unwrap_or(look.at);
    let is_confirmed = look.at - still_since >= confirm || look.at - differs_since >= confirm * WHEN_BUSY;
    let verdict = if is_confirmed { Verdict::Drift { since: differs_since } } else { Verdict::Unknown };
    (memory(Some(differs_since), Some(still_since)), verdict)
}

/// Both sides for whoever watches the metrics, calm or not, in minor units.
fn show(account: &Account, look: &Look) {
    let gauge = |name: &'static str, minor: i64| {
        metrics::gauge!(name, "account" => account.to_string()).set(as_gauge(minor));
    };
    gauge("ledger_balance_minor", look.ours);
    gauge("provider_balance_minor", look.theirs);
    gauge("drift_minor", look.theirs.saturating_sub(look.ours));
}

/// For the eye alone: beyond 2^53 the last digits are lost.
#[allow(clippy::cast_precision_loss, reason = "a gauge is a float, and nothing is reckoned with it")]
fn as_gauge(minor: i64) -> f64 {
    minor as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
    }

    /// Looks at (minute, ours, theirs, version, calm), and what each came to; confirmed after 15 minutes.
    fn verdicts(looks: &[(i64, i64, i64, i64, bool)]) -> Vec<&'static str> {
        let mut memory: Option<Memory> = None;
        let mut verdicts = Vec::new();
        for &(minute, ours, theirs, version, is_calm) in looks {
            let look = Look { ours, theirs, version, is_calm, at: at(minute) };
            let (kept, verdict) = judge(memory.as_ref(), &look, TimeDelta::minutes(15));
            memory = kept.or(memory);
            verdicts.push(match verdict {
                Verdict::Agrees => "agrees",
                Verdict::Unknown => "unknown",
                Verdict::Drift { .. } => "drift",
            });
        }
        verdicts
    }

    #[test]
    fn the_same_difference_for_long_enough_while_nothing_moves_is_drift() {
        let same = [(0, 100, 90, 1, true), (14, 100, 90, 1, true), (15, 100, 90, 1, true)];
        assert_eq!(verdicts(&same), ["unknown", "unknown", "drift"]);
        let gone = [(0, 100, 90, 1, true), (15, 100, 90, 1, true), (20, 100, 100, 2, true)];
        assert_eq!(verdicts(&gone), ["unknown", "drift", "agrees"]);
    }

    #[test]
    fn a_difference_that_changes_begins_anew() {
        let looks =
            [(0, 100, 90, 1, true), (14, 100, 80, 1, true), (28, 100, 80, 1, true), (29, 100, 80, 1, true)];
        assert_eq!(verdicts(&looks), ["unknown", "unknown", "unknown", "drift"]);
    }

    #[test]
    fn what_moved_in_between_takes_four_times_as_long() {
        let looks: Vec<_> = (0..=6).map(|n| (n * 10, 100 + n, 90 + n, n, true)).collect();
        let verdicts = verdicts(&looks);
        assert_eq!(verdicts.iter().position(|verdict| *verdict == "drift"), Some(6), "{verdicts:?}");
    }

    #[test]
    fn a_look_that_is_not_calm_says_nothing_and_changes_nothing() {
        let looks = [(0, 100, 90, 1, true), (10, 100, 50, 1, false), (15, 100, 90, 1, true)];
        assert_eq!(verdicts(&looks), ["unknown", "unknown", "drift"]);
        assert_eq!(
            verdicts(&[(0, 100, 90, 1, false), (15, 100, 90, 1, false), (99, 1, 9, 1, false)]),
            ["unknown"; 3]
        );
        let healed = [(0, 100, 90, 1, true), (8, 100, 100, 1, true), (15, 100, 90, 1, true)];
        assert_eq!(verdicts(&healed), ["unknown", "agrees", "unknown"]);
    }

    fn ours(held: i64, version: i64, is_moving: bool, lacks_fee: bool, transit: i64) -> Ours {
        let wallet = Wallet::parse("sn").unwrap();
        let currency = Currency::parse("XOF").unwrap();
        let provider = domain::Provider::ALL[0];
        let float = Account::Float { provider, wallet: wallet.clone(), currency };
        let in_transit = Account::InTransit { provider, wallet, currency };
        Ours {
            float: Side { account: float, balance: 100, held, version },
            in_transit: Side { account: in_transit, balance: 0, held: 0, version: transit },
            is_moving,
            lacks_fee,
        }
    }

    #[test]
    fn a_look_is_calm_when_nothing_is_under_way_and_nothing_changed_meanwhile() {
        let held = Balance::available(Money::new(100, Currency::parse("XOF").unwrap()));
        let calm = |before: Ours, after: Ours| -> Vec<bool> {
            looks(&before, &after, &held, at(0)).iter().map(|(_, look)| look.is_calm).collect()
        };
        let quiet = || ours(0, 1, false, false, 0);
        assert_eq!(calm(quiet(), quiet()), [true]);
        assert_eq!(calm(quiet(), ours(5, 1, false, false, 0)), [false], "something is held");
        assert_eq!(calm(quiet(), ours(0, 2, false, false, 0)), [false], "it changed meanwhile");
        assert_eq!(calm(ours(0, 1, true, false, 0), quiet()), [false], "something was on its way before");
        assert_eq!(calm(quiet(), ours(0, 1, false, true, 0)), [false], "a fee is not known");
        let in_transit = || ours(0, 1, false, true, 3);
        assert_eq!(
            calm(in_transit(), in_transit()),
            [true, false],
            "the fee is missing where the money lies"
        );
    }
}
