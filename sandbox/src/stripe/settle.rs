//! What time alone brings about: debits end, refunds arrive, payouts leave, sessions expire.
//!
//! Run before every piece of work and by the courier, so nothing depends on somebody looking.
//! When the clock leaps, each thing happens at its own instant, in order.

use super::book::{self, Due};
use super::scene::Scene;
use super::{balance, billing, checkout, debit, dispute, payout, refund};
use crate::app::Desk;
use crate::clock::Instant;

/// Does everything whose time has come.
pub fn all_due(desk: &Desk<'_>) -> rusqlite::Result<()> {
    while let Some((at, what, target)) = book::take_due(desk.tx, desk.now)? {
        happen(&Scene::by_itself(&desk.at(at)), what, &target)?;
    }
    Ok(())
}

/// Does everything of a test clock whose time has come by `now`, which its clock may not show yet.
pub fn all_due_by(scene: &Scene<'_>, clock: &str, now: Instant) -> rusqlite::Result<()> {
    while let Some((at, what, target)) = book::take_due_by(scene.tx, clock, now)? {
        let then = scene.desk.at(at);
        happen(&Scene { desk: &then, cause: None, clock: Some(clock) }, what, &target)?;
    }
    Ok(())
}

fn happen(scene: &Scene<'_>, what: Due, target: &str) -> rusqlite::Result<()> {
    match what {
        Due::DebitSucceeds => debit::succeed(scene, target),
        Due::DebitFails => debit::fail(scene, target, None),
        Due::FundsAvailable => balance::mature(scene),
        Due::RefundSucceeds => refund::succeed(scene, target),
        Due::RefundTriesAgain => refund::try_again(scene, target),
        Due::RefundExpires => refund::expire(scene, target),
        Due::DisputeOpens => dispute::open(scene, target, &dispute::Wish::default()).map(|_| ()),
        Due::DisputeCloses => dispute::close(scene, target),
        Due::PayoutLeaves => payout::leave(scene, target),
        Due::PayoutArrives => payout::arrive(scene, target),
        Due::PayoutReturns => payout::come_back(scene, target),
        Due::SessionExpires => checkout::expire_by_itself(scene, target),
        _ => billing::happen(scene, what, target),
    }
}
