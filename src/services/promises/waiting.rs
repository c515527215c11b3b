//! A movement that may not be sent yet: its promise is put back with the reason as its last word, and the transfer says
//! so once, however often it is tried.

use chrono::TimeDelta;
use domain::transfer::{Event, Step};
use domain::{MovementState, Wait, WaitReason};
use store::outbox;
use store::writer::{Change, Kept, WriteError};

use super::{End, KeepError, Leg};
use crate::services::cases::{self, With};
use crate::services::{alerts, rails};

/// A float that did not suffice is looked at again after so long.
const FLOAT: TimeDelta = TimeDelta::seconds(30);

impl Leg<'_> {
    /// `Some`: the way is paused or down, for what was not sent yet.
    pub(super) async fn held_up(&self) -> Result<Option<Wait>, KeepError> {
        Ok(rails::admit(self.app, self.movement).await?)
    }

    /// Whether this dispatch would reserve the float of a wallet, rather than do nothing.
    pub(super) fn is_to_be_reserved(&self) -> bool {
        self.movement.state == MovementState::Intended && self.movement.float_hold.is_none()
    }

    /// The float does not suffice: somebody is told, and it is tried again.
    pub(super) async fn wait_for_float(&self) -> Result<Option<End>, KeepError> {
        alerts::float_low(self.app, self.movement).await;
        let until = Some(self.app.clock.now() + FLOAT);
        self.wait(Wait { reason: WaitReason::FloatLow, until }).await
    }

    /// Puts the promise back, and tells the first time. What held it up may have changed between the look and the commit;
    /// then whoever changed it did not see this promise wait, so it is made due here.
    pub(super) async fn wait(&self, wait: Wait) -> Result<Option<End>, KeepError> {
        let again_at = wait.due(self.app.clock.now());
        let kept = Kept {
            id: self.promise.id,
            attempt: self.promise.attempt,
            again_at: Some(again_at),
            error: Some(wait.reason.as_str().to_owned()),
        };
        if self.promise.last_error.as_deref() == Some(wait.reason.as_str()) {
            match self.app.commit(Change { kept: Some(kept), ..Change::default() }).await {
                Ok(_) | Err(WriteError::LeaseLost) => {}
                Err(error) => return Err(cases::CaseError::from(error).into()),
            }
        } else {
            let event = Event::Waits { movement: self.movement.reference, reason: wait.reason };
            let keep = |_: Option<&Step>| kept.clone();
            let with = With { kept: Some(&keep), ..With::default() };
            cases::apply(self.app, self.movement.transfer, &event, with).await?;
        }
        if wait.reason == WaitReason::FloatLow {
            return Ok(None);
        }
        let now = self.app.clock.now();
        let due = rails::obstacle(self.app, self.movement).await?.map_or(now, |wait| wait.due(now));
        if due < again_at {
            let mut tx = self.app.db.begin().await?;
            outbox::hasten(&mut tx, &self.promise.kind, self.promise.subject, due).await?;
            tx.commit().await?;
            self.app.wakes.lane(&self.promise.lane).notify_one();
        }
        Ok(None)
    }
}
