//! The drift switch: a wallet whose provider holds much less than we think pays out no more, until a person resumes it.

use chrono::{DateTime, Utc};
use domain::{Direction, Money, Pause, Provider, Rail, RailState, Wallet};
use serde_json::json;
use store::audit::AuditEntry;
use store::{StoreError, rails};

use super::{pause, ways};
use crate::app::App;

/// Who paused it, in the row and in the audit trail.
const GATEWAY: &str = "gateway";

/// Pauses what leaves the wallet, when so much less there stops it. `since` tells when the difference was first seen: of
/// one that a person has resumed over, nothing is stopped again.
pub(in crate::services) async fn stop_payouts(
    app: &App,
    provider: Provider,
    wallet: &Wallet,
    shortage: Money,
    since: DateTime<Utc>,
) -> Result<(), StoreError> {
    if !app.config.rails.stops_payouts(shortage) {
        return Ok(());
    }
    let rails_of = Rail::ALL.iter().filter(|rail| rail.provider() == Some(provider));
    let all = rails_of.flat_map(|rail| ways(app, *rail, Some(wallet)));
    let now = app.clock.now();
    for way in all.filter(|way| way.direction == Direction::Disburse) {
        let state = rails::find(&mut app.db.read().await?.conn(), &way).await?;
        if state.paused(now).is_some() || state.resumed_at.is_some_and(|resumed| resumed >= since) {
            continue;
        }
        let reason = format!("the provider holds {shortage} less than the ledger says");
        let pause = Pause { by: GATEWAY.to_owned(), at: now, reason: reason.clone(), until: None };
        let next = RailState { pause: Some(pause), version: state.version + 1, ..state };
        let mut tx = app.db.begin().await?;
        // Who was quicker changed what this was decided over; the next look decides again.
        if pause::put(app, &mut tx, &next, now).await? {
            let detail = json!({ "ways": [way.to_string()], "reason": reason });
            let entry = AuditEntry {
                actor: GATEWAY.to_owned(),
                action: "rail.pause",
                object: way.rail.to_string(),
                detail,
            };
            store::audit::record(&mut tx, entry, now).await?;
            tx.commit().await?;
            pause::told(app, &[next], now).await;
        }
    }
    Ok(())
}
