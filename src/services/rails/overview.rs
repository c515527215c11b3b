//! Every wallet of every rail, for staff: how it does, what waits for it, and what it holds here and there.

use chrono::{DateTime, Utc};
use domain::{Account, Counts, Direction, Health, Money, Provider, Rail, RailState, Wallet};
use providers::Capabilities;
use store::balance_checks::{self, Memory};
use store::ledger::accounts;
use store::waits::{self, Total};
use store::{Conn, StoreError, rails};

use super::{health, ways};
use crate::app::App;

/// One wallet of one rail.
#[derive(Clone, Debug)]
pub struct Overview {
    pub rail: Rail,
    pub provider: Provider,
    pub wallet: Wallet,
    /// `None`: it does not collect.
    pub collect: Option<Side>,
    /// `None`: it pays nothing.
    pub disburse: Option<Side>,
    pub float: Option<FloatView>,
}

/// One direction of a wallet.
#[derive(Clone, Debug)]
pub struct Side {
    pub health: Health,
    /// What this gateway counted within `window_s`.
    pub counts: Counts,
    pub in_a_row: u32,
    pub window_s: i64,
    pub state: RailState,
    pub is_paused: bool,
    pub last_answered: Option<DateTime<Utc>>,
    pub last_failed: Option<DateTime<Utc>>,
    /// What waits to be sent, by currency.
    pub waiting: Vec<Total>,
}

/// Our account of a wallet, and what its provider said of it last.
#[derive(Clone, Debug)]
pub struct FloatView {
    pub account: Account,
    pub balance: Money,
    pub held: Money,
    pub available: Money,
    /// At the last look at which nothing was under way; `None` where there is nothing to ask, or was no such look.
    pub checked: Option<Memory>,
}

/// All of them, in the order of rails and settings.
pub async fn overview(app: &App) -> Result<Vec<Overview>, StoreError> {
    let mut reader = app.db.read().await?;
    let states = rails::all(&mut reader.conn()).await?;
    let waiting = waits::totals(&mut reader.conn()).await?;
    let mut all = Vec::new();
    for rail in Rail::ALL {
        let Some(provider) = rail.provider() else { continue };
        let entries = app.providers.wallets(provider).map(|entry| entry.capabilities());
        for able in entries.filter(|able| able.rails.contains(rail)) {
            let side = |direction| side(app, *rail, able, direction, (&states, &waiting));
            let (collect, disburse) = (side(Direction::Collect), side(Direction::Disburse));
            let float = float(&mut reader.conn(), able).await?;
            let wallet = able.wallet.clone();
            all.push(Overview { rail: *rail, provider, wallet, collect, disburse, float });
        }
    }
    Ok(all)
}

fn side(
    app: &App,
    rail: Rail,
    able: &Capabilities,
    direction: Direction,
    (states, waiting): (&[RailState], &[Total]),
) -> Option<Side> {
    let way = ways(app, rail, Some(&able.wallet)).into_iter().find(|way| way.direction == direction)?;
    let (now, terms) = (app.clock.now(), &app.config.rails.breaker);
    let known = states.iter().find(|state| state.key == way);
    let health = health::of(app, &way, known, now);
    let window = app.rails.of(&way).window;
    let waiting = waiting.iter().filter(|total| total.key == way).cloned().collect();
    let state = known.cloned().unwrap_or_else(|| RailState::new(way));
    Some(Side {
        health,
        counts: window.counts(now, terms),
        in_a_row: window.in_a_row(now, terms),
        window_s: terms.window.num_seconds(),
        is_paused: state.paused(now).is_some(),
        last_answered: window.last_answered.max(state.answered_at),
        last_failed: window.last_failed.max(state.failed_at),
        state,
        waiting,
    })
}

async fn float(conn: &mut Conn<'_>, able: &Capabilities) -> Result<Option<FloatView>, StoreError> {
    let Some(currency) = able.currencies.first().copied() else { return Ok(None) };
    let account = Account::Float { provider: able.provider, wallet: able.wallet.clone(), currency };
    let stored = accounts::find(conn, account.id()).await?;
    let (balance, held) = stored.map_or((0, 0), |stored| (stored.balance.minor(), stored.held.minor()));
    let checked = balance_checks::find(conn, &account.to_string()).await?;
    let money = |minor| Money::new(minor, currency);
    let available = money(balance.saturating_sub(held));
    Ok(Some(FloatView { account, balance: money(balance), held: money(held), available, checked }))
}
