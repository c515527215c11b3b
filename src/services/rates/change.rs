//! Changing a rate: judged against those before it, then put in force or proposed to a second person.
//!
//! What was read decides which version the change is over, and the book takes it only over that one: of two who read
//! the same, one wins. Whatever is newer voids what waited for the pair.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ApprovalId, ApprovalKind, Consent, CustomerRate, FxError, Pair, PairRate, Rate, RateRefusal, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Tx;
use store::approvals::{self as stored_approvals, Approval};
use store::audit::{self, AuditEntry};
use store::rates::{self, RateVersion};

use super::{Terms, admins_only, treaty};
use crate::app::App;
use crate::services::approvals::{self, Maker, Proposal};
use crate::services::{Caller, ServiceError};

/// Steps are measured from the rate of so long ago too, so that many small ones are seen as a large one.
const ANCHOR: TimeDelta = TimeDelta::days(1);
/// A clock that is ahead of ours by so much is not wrong.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// What somebody wants in force.
#[derive(Clone)]
pub struct NewRate {
    /// Which pair, in the direction that it is stored in.
    pub pair: Pair,
    /// What its base costs us.
    pub mid: Rate,
    /// What customers pay for it.
    pub sell: CustomerRate,
    /// What customers get for it.
    pub buy: CustomerRate,
    /// Who says so.
    pub source: String,
    /// When they said so; now when absent.
    pub as_of: Option<DateTime<Utc>>,
    /// How long it is quoted; as the settings say when absent.
    pub max_age: Option<TimeDelta>,
    /// The version that they looked at, if they say so.
    pub version: Option<i64>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is in force.
    InForce(RateVersion),
    /// It waits for a second person.
    Waits(Approval),
}

/// What an approval of a rate keeps.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    pair: String,
    /// The version that it was asked over; 0 when there was none.
    version: i64,
    before: Option<Terms>,
    after: Terms,
}

/// The rates that a change is judged against.
pub(super) struct Seen {
    pub head: Option<RateVersion>,
    anchor: Option<RateVersion>,
}

impl Seen {
    /// What is in force of `pair`, and what was.
    pub(super) async fn read(app: &App, pair: Pair) -> Result<Seen, ServiceError> {
        let mut reader = app.db.read().await?;
        let head = rates::find(&mut reader.conn(), pair).await?;
        let anchor = rates::anchor(&mut reader.conn(), pair, app.clock.now() - ANCHOR).await?;
        let treaty = treaty(app)?;
        let head = head.or_else(|| (treaty.rate.pair == pair).then_some(treaty));
        Ok(Seen { head, anchor })
    }

    /// The version in force; 0 when none was set.
    pub(super) fn version(&self) -> i64 {
        self.head.as_ref().map_or(0, |head| head.version)
    }

    fn earlier(&self) -> Vec<&PairRate> {
        self.head.iter().chain(&self.anchor).map(|kept| &kept.rate).collect()
    }
}

/// Sets a rate, or asks for it where it takes two. For admins only.
///
/// Errors: `pair_reversed`, `rate_fixed`, `invalid_rate`, `rate_out_of_bounds`, `rate_outdated`, and
/// `changed_meanwhile` when another was quicker.
pub async fn set(app: &App, caller: &Caller, new: NewRate) -> Result<Outcome, ServiceError> {
    admins_only(caller)?;
    let (pair, now) = (new.pair, app.clock.now());
    if pair.flipped().fixed_mid().is_some() {
        return Err(ServiceError::Refused { code: "pair_reversed" });
    }
    let ages = pair.fixed_mid().is_none();
    let default = TimeDelta::seconds(app.config.rates.max_age_s);
    let rate = PairRate {
        pair,
        mid: new.mid,
        sell: new.sell,
        buy: new.buy,
        source: new.source,
        as_of: new.as_of.unwrap_or(now),
        max_age: ages.then(|| new.max_age.unwrap_or(default)),
    };
    let seen = Seen::read(app, pair).await?;
    if new.version.is_some_and(|version| version != seen.version()) {
        return Err(ServiceError::Conflict { code: "changed_meanwhile" });
    }
    change(app, Maker::Person(caller.user), rate, seen).await
}

/// Puts `rate` in force over what was `seen`, or proposes it.
pub(super) async fn change(
    app: &App,
    maker: Maker,
    rate: PairRate,
    seen: Seen,
) -> Result<Outcome, ServiceError> {
    if seen.head.as_ref().is_some_and(|head| head.rate.pair != rate.pair) {
        return Err(ServiceError::Refused { code: "pair_reversed" });
    }
    let now = app.clock.now();
    check_age(&rate, now)?;
    let judged = app.config.rates.limits.judge(&rate, &seen.earlier());
    let mut tx = app.db.begin().await?;
    let outcome = match judged.map_err(|refusal| refused(&refusal))? {
        Consent::NotNeeded => {
            let by = Author { set_by: maker.actor(), consent: None };
            let kept = put(&mut tx, rate, seen.version() + 1, by, now).await?;
            let (pair, actor) = (kept.rate.pair.to_string(), &kept.set_by);
            let reason = "a newer rate is in force";
            stored_approvals::void(&mut tx, ApprovalKind::RateChange, &pair, actor, reason, now).await?;
            Outcome::InForce(kept)
        }
        Consent::SecondPerson => Outcome::Waits(propose(app, &mut tx, maker, &rate, &seen, now).await?),
    };
    tx.commit().await?;
    app.rates.forget().await;
    Ok(outcome)
}

/// Not of the future, and still quoted.
fn check_age(rate: &PairRate, now: DateTime<Utc>) -> Result<(), ServiceError> {
    if rate.is_stale(now) || rate.as_of > now + AHEAD {
        return Err(ServiceError::Refused { code: "rate_outdated" });
    }
    Ok(())
}

async fn propose(
    app: &App,
    tx: &mut Tx,
    maker: Maker,
    rate: &PairRate,
    seen: &Seen,
    now: DateTime<Utc>,
) -> Result<Approval, ServiceError> {
    if !rates::hold(tx, rate.pair, seen.version()).await? {
        return Err(ServiceError::Conflict { code: "changed_meanwhile" });
    }
    let terms = |rate: &PairRate| Terms::of(rate).map_err(ServiceError::internal);
    let payload = Payload {
        pair: rate.pair.to_string(),
        version: seen.version(),
        before: seen.head.as_ref().map(|head| terms(&head.rate)).transpose()?,
        after: terms(rate)?,
    };
    let payload = serde_json::to_value(payload).map_err(ServiceError::internal)?;
    let (kind, subject) = (ApprovalKind::RateChange, rate.pair.to_string());
    approvals::propose(app, tx, Proposal { kind, subject, payload, maker }, now).await
}

/// Puts in force what `approval` asks for, with the consent of `by`, as part of `tx`.
///
/// Errors: `changed_meanwhile` when another rate came into force since it was asked for; `rate_outdated`, and those of
/// the settings, which may have changed.
pub async fn apply(
    app: &App,
    tx: &mut Tx,
    approval: &Approval,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let unreadable = || ServiceError::internal(format!("{} does not read", approval.id));
    let payload: Payload = serde_json::from_str(&approval.payload).map_err(|_| unreadable())?;
    let pair: Pair = payload.pair.parse().map_err(|_| unreadable())?;
    let rate = payload.after.read(pair).ok_or_else(unreadable)?;
    let before = payload.before.and_then(|before| before.read(pair));
    check_age(&rate, now)?;
    let earlier: Vec<&PairRate> = before.iter().collect();
    app.config.rates.limits.judge(&rate, &earlier).map_err(|refusal| refused(&refusal))?;
    let author = Author { set_by: approval.made_by.clone(), consent: Some((approval.id, by)) };
    put(tx, rate, payload.version + 1, author, now).await.map(drop)
}

/// The mid that waits for a second person at the asking of `maker`, if any.
pub(super) fn waiting_mid(approval: &Approval, maker: Maker) -> Option<(String, String)> {
    let payload: Payload = serde_json::from_str(&approval.payload).ok()?;
    (approval.made_by == maker.actor()).then_some((payload.after.mid, payload.after.as_of))
}

struct Author {
    set_by: String,
    consent: Option<(ApprovalId, UserId)>,
}

async fn put(
    tx: &mut Tx,
    rate: PairRate,
    version: i64,
    by: Author,
    now: DateTime<Utc>,
) -> Result<RateVersion, ServiceError> {
    let Author { set_by, consent } = by;
    let kept = RateVersion { rate, version, set_by, consent, created_at: now };
    if !rates::put(tx, &kept).await? {
        return Err(ServiceError::Conflict { code: "changed_meanwhile" });
    }
    // Operators read the audit log too: no figure is in it.
    let detail = json!({
        "version": kept.version,
        "source": kept.rate.source,
        "approval": kept.consent.map(|(approval, _)| approval.to_string()),
        "approved_by": kept.consent.map(|(_, user)| user.to_string()),
    });
    let (actor, object) = (kept.set_by.clone(), kept.rate.pair.to_string());
    audit::record(tx, AuditEntry { actor, action: "rate.set", object, detail }, now).await?;
    Ok(kept)
}

fn refused(refusal: &RateRefusal) -> ServiceError {
    match refusal {
        RateRefusal::Fixed { .. } => ServiceError::field("/mid", "rate_fixed"),
        RateRefusal::OutOfBounds { .. } => ServiceError::field("/mid", "rate_out_of_bounds"),
        RateRefusal::SpreadTooWide { .. } => ServiceError::Refused { code: "rate_out_of_bounds" },
        RateRefusal::Fx(FxError::SellBelowMid { .. }) => ServiceError::field("/sell_rate", "invalid_rate"),
        RateRefusal::Fx(FxError::BuyAboveMid { .. }) => ServiceError::field("/buy_rate", "invalid_rate"),
        RateRefusal::Fx(_) => ServiceError::field("/mid", "invalid_rate"),
    }
}
