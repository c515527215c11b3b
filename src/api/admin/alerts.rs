//! What a person should look at: the list of alerts, and taking note of one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::AlertId;
use serde::{Deserialize, Serialize};
use store::alerts::{Alert, Shown};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::extract::{Id, Listing, Page, Staff};
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::instant;
use crate::app::App;
use crate::services::{FieldError, alerts};

type At = (DateTime<Utc>, Uuid);

/// Which alerts a list shows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertsQuery {
    /// `open` or `resolved`; both when absent.
    status: Option<String>,
}

/// Something that a person should look at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub struct AlertView {
    #[schema(example = "alert_01h2xcejqtf2nbrexx3vqjhp41")]
    id: String,
    #[schema(example = "float_low")]
    kind: &'static str,
    /// What it is about; the same thing seen again is the same alert.
    #[schema(example = "float:wave:sn:XOF")]
    subject: String,
    /// `critical` is for now, `warning` for today.
    severity: &'static str,
    /// `open`, `acknowledged` or `resolved`.
    status: &'static str,
    /// What is known of it, as of the last sighting.
    facts: BTreeMap<String, String>,
    /// How often it was seen.
    count: i64,
    /// How often it was told.
    told: i64,
    #[schema(format = DateTime)]
    first_seen_at: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
    #[schema(format = DateTime)]
    last_told_at: Option<String>,
    #[schema(format = DateTime)]
    acknowledged_at: Option<String>,
    /// The person who took note.
    acknowledged_by: Option<String>,
    #[schema(format = DateTime)]
    resolved_at: Option<String>,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> AlertView {
        let status = match (alert.resolved_at, alert.acknowledged_at) {
            (Some(_), _) => "resolved",
            (None, Some(_)) => "acknowledged",
            (None, None) => "open",
        };
        AlertView {
            id: alert.id.to_string(),
            kind: alert.kind.as_str(),
            subject: alert.subject,
            severity: alert.severity.as_str(),
            status,
            facts: alert.facts,
            count: alert.count,
            told: alert.told,
            first_seen_at: instant(alert.first_seen_at),
            last_seen_at: instant(alert.last_seen_at),
            last_told_at: alert.last_told_at.map(instant),
            acknowledged_at: alert.acknowledged_at.map(instant),
            acknowledged_by: alert.acknowledged_by,
            resolved_at: alert.resolved_at.map(instant),
        }
    }
}

/// What a person should look at.
#[utoipa::path(
    get, path = "/v1/admin/alerts", tag = "admin", operation_id = "list_alerts",
    params(AlertsQuery, ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, description = "Newest first; `open` shows acknowledged ones too", body = Listing<AlertView>),
        (status = 422, description = "`invalid_query`", body = ProblemView),
    )
)]
pub async fn list(
    State(app): State<App>,
    _: Staff,
    page: Page<At, AlertsQuery>,
) -> Result<Listing<AlertView>, Problem> {
    let shown = match page.filter.status.as_deref() {
        None => Shown::All,
        Some("open") => Shown::Open,
        Some("resolved") => Shown::Resolved,
        Some(_) => {
            return Err(Problem::field(FieldError::new("/status", "invalid_query").with("field", "status")));
        }
    };
    let rows = alerts::list(&app, shown, page.before, page.rows()).await?;
    Ok(page.answer(rows, |row| (row.first_seen_at, row.id.uuid()), AlertView::from))
}

/// Take note of an alert: it is not told again. What only happened, as a dispute, is over with this; what lasts, as a
/// low float, stays open until it is mended.
#[utoipa::path(
    post, path = "/v1/admin/alerts/{id}/acknowledge", tag = "admin", operation_id = "acknowledge_alert",
    params(("id" = String, Path, description = "The alert")),
    responses(
        (status = 200, description = "As it is now; the same when it was acknowledged before", body = AlertView),
        (status = 404, description = "`not_found`", body = ProblemView),
    )
)]
pub async fn acknowledge(
    State(app): State<App>,
    Staff(caller): Staff,
    Id(id): Id<AlertId>,
) -> Result<Json<AlertView>, Problem> {
    Ok(Json(alerts::acknowledge(&app, &caller, id).await?.into()))
}
