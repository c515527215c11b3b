//! What time alone brings about: debits end, refunds arrive, payouts leave, sessions expire.
//!
//! Run before every piece of work and by the courier, so nothing depends on somebody looking.
//! When the clock leaps, each thing happens at its own instant, in order.

use super::book::{self, Due};
use super::scene::Scene;
use super::{balance, checkout, debit, dispute, payout, refund};
use crate::app::Desk;

/// Does everything whose time has come.
pub fn all_due(desk: &Desk<'_>) -> rusqlite::Result<()> {
    while let Some((at, what, target)) = book::take_due(desk.tx, desk.now)? {
        let then = desk.at(at);
        let scene = Scene::by_itself(&then);
        match what {
            Due::DebitSucceeds => debit::succeed(&scene, &target)?,
            Due::DebitFails => debit::fail(&scene, &target, None)?,
            Due::FundsAvailable => balance::mature(&scene)?,
            Due::RefundSucceeds => refund::succeed(&scene, &target)?,
            Due::RefundTriesAgain => refund::try_again(&scene, &target)?,
            Due::RefundExpires => refund::expire(&scene, &target)?,
            Due::DisputeOpens => {
                dispute::open(&scene, &target, &dispute::Wish::default())?;
            }
            Due::DisputeCloses => dispute::close(&scene, &target)?,
            Due::PayoutLeaves => payout::leave(&scene, &target)?,
            Due::PayoutArrives => payout::arrive(&scene, &target)?,
            Due::PayoutReturns => payout::come_back(&scene, &target)?,
            Due::SessionExpires => checkout::expire_by_itself(&scene, &target)?,
        }
    }
    Ok(())
}
