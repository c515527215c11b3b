//! What becomes of the one-time codes that are sent, by country, and which countries nothing is sent to for now.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::Staff;
use crate::api::problem::Problem;
use crate::api::wire::instant;
use crate::app::App;
use crate::services::auth::breaker::{self, Messages};

/// Codes of one country.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SmsConversion)]
pub struct ConversionView {
    /// A country, or the first digits of numbers that are in none.
    #[schema(example = "SN")]
    prefix: String,
    /// Codes sent within the breaker's window.
    sent: i64,
    /// How many of those were used.
    used: i64,
    /// Nothing is sent there until then; null when it is.
    #[schema(format = DateTime)]
    paused_until: Option<String>,
    /// When sending was paused last.
    #[schema(format = DateTime)]
    last_paused_at: Option<String>,
}

/// Every country that counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SmsConversions)]
pub struct ConversionsView {
    data: Vec<ConversionView>,
}

/// One-time codes by country.
///
/// Where too few of the codes that are sent come back, sending stops for a while and an alert is raised.
#[utoipa::path(
    get, path = "/v1/admin/sms", tag = "admin",
    responses((status = 200, description = "In order of countries", body = ConversionsView))
)]
pub async fn conversions(State(app): State<App>, _: Staff) -> Result<Json<ConversionsView>, Problem> {
    let now = app.clock.now();
    let view = |messages: Messages| ConversionView {
        prefix: messages.prefix,
        sent: messages.sent,
        used: messages.used,
        paused_until: messages
            .pause
            .as_ref()
            .map(|pause| pause.until)
            .filter(|until| *until > now)
            .map(instant),
        last_paused_at: messages.pause.map(|pause| instant(pause.since)),
    };
    let data = breaker::overview(&app).await?.into_iter().map(view).collect();
    Ok(Json(ConversionsView { data }))
}
