//! What time alone brings about: sessions expire, payouts finish processing.
//!
//! Run before every piece of work and by the courier, so nothing depends on somebody looking.

use super::{payout, payout_book, session};
use crate::app::Desk;

/// Does everything whose time has come.
pub fn all_due(desk: &Desk<'_>) -> rusqlite::Result<()> {
    session::expire_due(desk)?;
    for payout in payout_book::due(desk.tx, desk.now)? {
        payout::settle(desk, payout)?;
    }
    Ok(())
}
