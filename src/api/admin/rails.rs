//! Rails as staff sees them, and an admin's hand on them: pausing and resuming.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{Direction, Rail, RailState, Wallet};
use serde::{Deserialize, Serialize};
use store::waits::Total;
use utoipa::ToSchema;

use crate::api::extract::{Command, Id, Staff};
use crate::api::openapi::IdempotencyParams;
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{self, Fields, MoneyView, instant};
use crate::app::App;
use crate::services::rails::{self, Ask, FloatView, Overview, Side};
use crate::services::transfers::Stored;
use crate::services::{FieldError, ServiceError};

const LONGEST_REASON: usize = 280;

/// What is paused, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RailPause {
    /// For staff and for the audit trail. Nothing of it can be erased, so name nobody.
    #[schema(example = "Maintenance at MTN, ticket 4711", max_length = 280)]
    reason: String,
    /// One of the rail's wallets; all when absent.
    #[schema(example = "gn")]
    wallet: Option<String>,
    /// `collect`, `disburse` (refunds too) or `both`, which is the default.
    #[schema(example = "disburse")]
    direction: Option<String>,
    /// When the pause ends by itself, RFC 3339; until somebody resumes when absent.
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// What goes on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RailResume {
    /// For the audit trail.
    #[schema(example = "MTN is back", max_length = 280)]
    reason: Option<String>,
    /// One of the rail's wallets; all when absent.
    #[schema(example = "gn")]
    wallet: Option<String>,
    /// `collect`, `disburse` or `both`, which is the default.
    #[schema(example = "both")]
    direction: Option<String>,
}

/// A pause that is in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailPauseState)]
pub struct PauseView {
    /// The person, or `gateway` for the drift switch.
    by: String,
    #[schema(format = DateTime)]
    at: String,
    reason: String,
    /// When it ends by itself; null: until somebody resumes.
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// A breaker.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailBreaker)]
pub struct BreakerView {
    /// `closed`: everything is sent. `open`: nothing is. `half_open`: one movement is, to see.
    #[schema(example = "closed")]
    state: &'static str,
    #[schema(format = DateTime)]
    opened_at: Option<String>,
    /// When the next one is sent to see.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// What went wrong last; null when nothing ever did.
    reason: Option<String>,
}

/// How one way stands after a pause or a resumption.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailWay)]
pub struct WayView {
    #[schema(example = "mtn_momo")]
    rail: &'static str,
    #[schema(example = "gn")]
    wallet: String,
    /// `collect` or `disburse`.
    #[schema(example = "disburse")]
    direction: &'static str,
    /// Null when it is not paused.
    paused: Option<PauseView>,
    breaker: BreakerView,
}

/// A list without pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ways {
    data: Vec<WayView>,
}

/// What was sent and asked within the window, by this gateway.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailWindow)]
pub struct WindowView {
    /// How far it goes back.
    seconds: i64,
    /// Sent and answered, refusals included.
    answered: u64,
    /// Sent and not answered, or not in a way that can be read.
    unanswered: u64,
    /// Sent and turned away for our credentials or contract.
    misconfigured: u64,
    /// Sent and turned away for haste.
    rate_limited: u64,
    /// Asked and answered.
    asked: u64,
    /// Asked and not answered.
    asked_in_vain: u64,
    /// Failures since the last answer.
    failures_in_a_row: u32,
}

/// What waits to be sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailQueue)]
pub struct QueueView {
    count: i64,
    /// Since when the first of them does.
    #[schema(format = DateTime)]
    oldest_at: Option<String>,
    /// By currency.
    sums: Vec<MoneyView>,
}

/// One direction of a wallet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailSide)]
pub struct SideView {
    /// `operational`, `degraded` or `down`.
    #[schema(example = "operational")]
    health: &'static str,
    window: WindowView,
    breaker: BreakerView,
    /// Null when it is not paused.
    paused: Option<PauseView>,
    waiting: QueueView,
    /// As far as this gateway and the book know.
    #[schema(format = DateTime)]
    last_success_at: Option<String>,
    #[schema(format = DateTime)]
    last_failure_at: Option<String>,
}

/// Our account of a wallet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailFloat)]
pub struct FloatAccountView {
    #[schema(example = "float:mtn_momo:gn:GNF")]
    account: String,
    balance: MoneyView,
    held: MoneyView,
    /// Balance less what is held.
    available: MoneyView,
}

/// What the provider said that it holds, at the last look at which nothing was under way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailBalance)]
pub struct ProviderBalanceView {
    balance: MoneyView,
    /// The provider's less ours, as both were then.
    drift: MoneyView,
    #[schema(format = DateTime)]
    checked_at: String,
}

/// One of our wallets, as a rail uses it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailWallet)]
pub struct RailWalletView {
    #[schema(example = "mtn_momo")]
    rail: &'static str,
    #[schema(example = "mtn_momo")]
    provider: &'static str,
    #[schema(example = "gn")]
    wallet: String,
    /// Null when it does not collect.
    collect: Option<SideView>,
    /// Null when it pays nothing.
    disburse: Option<SideView>,
    float: Option<FloatAccountView>,
    /// Null where there is no balance to ask for, or none was compared yet.
    provider_balance: Option<ProviderBalanceView>,
}

/// A list without pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct RailWallets {
    data: Vec<RailWalletView>,
}

impl PauseView {
    fn of(state: &RailState, is_paused: bool) -> Option<PauseView> {
        let pause = state.pause.as_ref().filter(|_| is_paused)?;
        Some(PauseView {
            by: pause.by.clone(),
            at: instant(pause.at),
            reason: pause.reason.clone(),
            until: pause.until.map(instant),
        })
    }
}

impl From<&RailState> for BreakerView {
    fn from(state: &RailState) -> BreakerView {
        BreakerView {
            state: state.breaker.as_str(),
            opened_at: state.breaker.since().map(instant),
            until: state.breaker.until().map(instant),
            reason: Some(state.trouble.clone()).filter(|trouble| !trouble.is_empty()),
        }
    }
}

impl WayView {
    fn bytes(states: &[RailState], now: DateTime<Utc>) -> Vec<u8> {
        let view = |state: &RailState| WayView {
            rail: state.key.rail.as_str(),
            wallet: state.key.wallet.to_string(),
            direction: state.key.direction.as_str(),
            paused: PauseView::of(state, state.paused(now).is_some()),
            breaker: state.into(),
        };
        serde_json::to_vec(&Ways { data: states.iter().map(view).collect() }).unwrap_or_default()
    }
}

impl From<&[Total]> for QueueView {
    fn from(totals: &[Total]) -> QueueView {
        let mut sums = BTreeMap::new();
        for total in totals {
            sums.insert(total.sum.currency().code(), total.sum.into());
        }
        QueueView {
            count: totals.iter().map(|total| total.count).sum(),
            oldest_at: totals.iter().map(|total| total.oldest).min().map(instant),
            sums: sums.into_values().collect(),
        }
    }
}

impl From<Side> for SideView {
    fn from(side: Side) -> SideView {
        let counts = side.counts;
        SideView {
            health: side.health.as_str(),
            window: WindowView {
                seconds: side.window_s,
                answered: counts.answered,
                unanswered: counts.unanswered,
                misconfigured: counts.misconfigured,
                rate_limited: counts.limited,
                asked: counts.asked,
                asked_in_vain: counts.asked_in_vain,
                failures_in_a_row: side.in_a_row,
            },
            breaker: (&side.state).into(),
            paused: PauseView::of(&side.state, side.is_paused),
            waiting: side.waiting.as_slice().into(),
            last_success_at: side.last_answered.map(instant),
            last_failure_at: side.last_failed.map(instant),
        }
    }
}

impl FloatView {
    fn shown(&self) -> FloatAccountView {
        FloatAccountView {
            account: self.account.to_string(),
            balance: self.balance.into(),
            held: self.held.into(),
            available: self.available.into(),
        }
    }

    fn provider_s(&self) -> Option<ProviderBalanceView> {
        let checked = self.checked.as_ref()?;
        let money = |minor| MoneyView::from(domain::Money::new(minor, self.account.currency()));
        Some(ProviderBalanceView {
            balance: money(checked.theirs),
            drift: money(checked.theirs.saturating_sub(checked.ours)),
            checked_at: instant(checked.checked_at),
        })
    }
}

impl From<Overview> for RailWalletView {
    fn from(one: Overview) -> RailWalletView {
        RailWalletView {
            rail: one.rail.as_str(),
            provider: one.provider.as_str(),
            wallet: one.wallet.to_string(),
            collect: one.collect.map(SideView::from),
            disburse: one.disburse.map(SideView::from),
            float: one.float.as_ref().map(FloatView::shown),
            provider_balance: one.float.as_ref().and_then(FloatView::provider_s),
        }
    }
}

impl RailPause {
    fn parse(self, rail: Rail) -> Result<Ask, Problem> {
        let mut fields = Fields::default();
        let reason = fields.take(wire::text(&self.reason, "/reason", LONGEST_REASON));
        let until = self.until.as_deref().map(|text| wire::word::<DateTime<Utc>>(text, "/until"));
        let until = fields.take_some(until);
        let (wallet, direction) = (wallet(&mut fields, self.wallet), direction(&mut fields, self.direction));
        let reason = fields.finish(reason)?;
        Ok(Ask { rail, wallet, direction, reason, until })
    }
}

impl RailResume {
    fn parse(self, rail: Rail) -> Result<Ask, Problem> {
        let mut fields = Fields::default();
        let reason = self.reason.map(|text| wire::text(&text, "/reason", LONGEST_REASON));
        let reason = fields.take_some(reason).unwrap_or_default();
        let (wallet, direction) = (wallet(&mut fields, self.wallet), direction(&mut fields, self.direction));
        fields.check()?;
        Ok(Ask { rail, wallet, direction, reason, until: None })
    }
}

fn wallet(fields: &mut Fields, name: Option<String>) -> Option<Wallet> {
    let read = |name: String| Wallet::parse(&name).map_err(|_| FieldError::new("/wallet", "invalid_value"));
    fields.take_some(name.map(read))
}

/// `None` for both.
fn direction(fields: &mut Fields, word: Option<String>) -> Option<Direction> {
    let word = word.filter(|word| word != "both")?;
    fields.take(word.parse().map_err(|_| FieldError::new("/direction", "invalid_value")))
}

/// Every wallet of every rail: how it does, what waits for it, what it holds here and at its provider.
#[utoipa::path(
    get, path = "/v1/admin/rails", tag = "admin",
    responses((status = 200, description = "In the order of rails and settings", body = RailWallets))
)]
pub async fn list(State(app): State<App>, _: Staff) -> Result<Json<RailWallets>, Problem> {
    let all = rails::overview(&app).await.map_err(ServiceError::from)?;
    Ok(Json(RailWallets { data: all.into_iter().map(RailWalletView::from).collect() }))
}

/// Pauses a rail: at every gateway, from the next movement on.
///
/// Nothing new is sent: what is to be paid waits and says so, nothing is quoted that it would collect. What was sent is
/// asked about, callbacks count. Pausing again says another reason and another end.
#[utoipa::path(
    post, path = "/v1/admin/rails/{rail}/pause", tag = "admin", request_body = RailPause,
    params(("rail" = String, Path, example = "mtn_momo"), IdempotencyParams),
    responses(
        (status = 200, description = "Paused; also the replay, with `Idempotency-Replayed: true`", body = Ways),
        (status = 404, description = "`not_found`: no such rail is configured", body = ProblemView),
        (status = 409, description = "`changed_meanwhile`", body = ProblemView),
        (status = 422, description = "`invalid_text`, `invalid_value`: a wallet or direction that it lacks, an end that \
            is past", body = ProblemView),
    )
)]
pub async fn pause(
    State(app): State<App>,
    Id(rail): Id<Rail>,
    command: Command<RailPause>,
) -> Result<Stored, Problem> {
    let ask = command.body.parse(rail)?;
    let now = app.clock.now();
    Ok(rails::pause(&app, &command.caller, command.key, ask, |states| WayView::bytes(states, now)).await?)
}

/// Ends a pause; what waited goes, one movement first where the rail is down besides.
#[utoipa::path(
    post, path = "/v1/admin/rails/{rail}/resume", tag = "admin", request_body = RailResume,
    params(("rail" = String, Path, example = "mtn_momo"), IdempotencyParams),
    responses(
        (status = 200, description = "Not paused any more; also the replay", body = Ways),
        (status = 404, description = "`not_found`: no such rail is configured", body = ProblemView),
        (status = 409, description = "`changed_meanwhile`", body = ProblemView),
        (status = 422, description = "`invalid_text`, `invalid_value`", body = ProblemView),
    )
)]
pub async fn resume(
    State(app): State<App>,
    Id(rail): Id<Rail>,
    command: Command<RailResume>,
) -> Result<Stored, Problem> {
    let ask = command.body.parse(rail)?;
    let now = app.clock.now();
    Ok(rails::resume(&app, &command.caller, command.key, ask, |states| WayView::bytes(states, now)).await?)
}
