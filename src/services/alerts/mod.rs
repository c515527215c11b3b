//! What a person should look at: logged, counted by kind, and kept as an alert that is told.
//!
//! Raising never fails the caller: what cannot be kept is in the log. The same thing seen again counts on the alert
//! that is open already (`docs/adr/0024-alerts.md` tells when it is told, and what ends it).
//!
//! Deliberately absent from every alert: what names a person, and rates and margins, since operators read them.

mod balances;
pub mod checks;
mod deliver;
mod drift;
mod rails;
mod raise;
pub mod tell;
mod wording;

use std::collections::BTreeSet;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use domain::{AlertId, Ends};
use providers::notify::{MailSender, WebhookSender, mailbox};
use serde_json::json;
use store::alerts::{self, Alert, Shown};
use store::audit::AuditEntry;
use uuid::Uuid;

pub(in crate::services) use deliver::keep;
pub(in crate::services) use rails::{rail_down, rail_paused};
pub(in crate::services) use raise::{Seen, raise};
pub use raise::{
    contradiction, dispute_opened, float_low, list_unreadable, misconfigured, not_screened,
    sms_conversion_low, treasury, treasury_failed, unapplied_funds,
};

use super::{Caller, ServiceError};
use crate::app::App;

/// What wakes whoever tells, and the lanes in which its promises wait: one each, so that a dead mail server does not
/// hold up the webhook.
pub(crate) const TELL: &str = "alerts";
pub(crate) const WEBHOOK: &str = "alert_webhook";
pub(crate) const MAIL: &str = "alert_mail";

/// The ways by which alerts leave.
#[derive(Debug, Default)]
pub struct AlertParts {
    /// To a program.
    pub webhook: Option<WebhookSender>,
    /// To people.
    pub mail: Option<Mailing>,
    /// What was late at the last look of this gateway.
    pub(crate) late: Mutex<BTreeSet<String>>,
}

/// Who is told by mail, and by which server.
#[derive(Debug)]
pub struct Mailing {
    /// The server.
    pub sender: MailSender,
    /// Mail addresses.
    pub to: Vec<String>,
}

impl AlertParts {
    /// Whether nobody is told.
    pub fn is_silent(&self) -> bool {
        self.webhook.is_none() && self.mail.is_none()
    }
}

/// Alerts for staff, newest first.
pub async fn list(
    app: &App,
    shown: Shown,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<Vec<Alert>, ServiceError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(alerts::list(&mut app.db.read().await?.conn(), shown, before, limit).await?)
}

/// The caller takes note of an alert: it is not told again, and one that only happened ends with this. Acknowledging
/// twice, or what is over, changes nothing.
pub async fn acknowledge(app: &App, caller: &Caller, id: AlertId) -> Result<Alert, ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let found = alerts::find(&mut tx.conn(), id).await?.ok_or(ServiceError::NotFound)?;
    let ends = found.kind.ends() == Ends::Acknowledged;
    if !alerts::acknowledge(&mut tx, id, &caller.actor(), ends, now).await? {
        return Ok(found);
    }
    let entry = AuditEntry {
        actor: caller.actor(),
        action: "alert.acknowledge",
        object: id.to_string(),
        detail: json!({ "kind": found.kind.as_str(), "subject": found.subject }),
    };
    store::audit::record(&mut tx, entry, now).await?;
    let noted = alerts::find(&mut tx.conn(), id).await?.ok_or(ServiceError::NotFound)?;
    tx.commit().await?;
    Ok(noted)
}

/// An address of the settings, which were checked; `None` for one that is none.
fn address(text: &str) -> Option<providers::notify::Mailbox> {
    mailbox(text).ok()
}
