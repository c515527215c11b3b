//! The caller's mandates: standing consents to be debited, made with a first debit and taken back here.

use chrono::{DateTime, Utc};
use domain::{MandateId, Rail};
use serde_json::json;
use store::audit::{self, AuditEntry};
use store::mandates;

use super::bank::AccountDetails;
use super::{Caller, ServiceError};
use crate::app::App;

/// A mandate as its giver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub id: MandateId,
    pub rail: Rail,
    pub account: AccountDetails,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
}

/// Newest first, at most 100.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Given>, ServiceError> {
    let mut reader = app.db.read().await?;
    let found = mandates::of_user(&mut reader.conn(), &app.people, caller.user).await?;
    Ok(found.into_iter().map(given).collect())
}

/// Takes a consent back: nothing is debited under it from now on. What was submitted before goes on.
pub async fn revoke(app: &App, caller: &Caller, id: MandateId) -> Result<(), ServiceError> {
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    if !mandates::revoke(&mut tx, caller.user, id, now).await? {
        return Err(ServiceError::NotFound);
    }
    let (actor, object) = (caller.actor(), id.to_string());
    audit::record(&mut tx, AuditEntry { actor, action: "mandate.revoke", object, detail: json!({}) }, now)
        .await?;
    Ok(tx.commit().await?)
}

fn given(mandate: mandates::Mandate) -> Given {
    let unknown = || AccountDetails { last4: String::new(), country: None, bank_code: None };
    Given {
        id: mandate.id,
        rail: Rail::SepaDebit,
        account: serde_json::from_slice(&mandate.details).unwrap_or_else(|_| unknown()),
        is_active: mandate.is_active,
        created_at: mandate.created_at,
    }
}
