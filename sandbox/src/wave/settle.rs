//! What time alone brings about: sessions expire, payouts finish processing, events are given up.
//!
//! Run before every piece of work and by the courier, so nothing depends on somebody looking.

use super::{delivery, payout, payout_book, session};
use crate::app::Desk;

/// Does everything whose time has come.
pub fn all_due(desk: &Desk<'_>) -> rusqlite::Result<()> {
    session::expire_due(desk)?;
    delivery::give_up(desk)?;
    for payout in payout_book::due(desk.tx, desk.now)? {
        payout::settle(desk, payout)?;
    }
    Ok(())
}
