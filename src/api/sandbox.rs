//! The sandbox's own routes: where the simulators are, who the staff is, and the clock. Not there in live mode.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::ValidJson;
use super::problem::Problem;
use super::wire::instant;
use crate::app::App;
use crate::services::sandbox::{self, ClockMove};
use crate::services::{FieldError, ServiceError};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(describe)).routes(routes!(move_clock))
}

/// What there is to play with.
#[derive(Serialize, ToSchema)]
#[schema(as = Sandbox)]
struct SandboxView {
    /// Where the simulators listen.
    #[schema(example = "http://127.0.0.1:8081")]
    sandbox_url: String,
    /// The prefixes that they live under.
    #[schema(example = json!(["wave", "orange"]))]
    providers: Vec<&'static str>,
    /// Two admins and an operator, ready to use. A one-time code comes to the simulated phone.
    admins: Vec<StaffView>,
    /// What the gateway's clock shows.
    #[schema(format = DateTime)]
    now: String,
}

/// One of the staff.
#[derive(Serialize, ToSchema)]
#[schema(as = SandboxStaff)]
struct StaffView {
    #[schema(example = "+221770000001")]
    phone: String,
    /// In base32, for an authenticator: SHA-1, 6 digits, 30 seconds.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    totp_secret: String,
    /// `admin` or `operator`.
    #[schema(example = "admin")]
    role: &'static str,
}

/// What there is to play with.
#[utoipa::path(get, path = "/v1/sandbox", tag = "sandbox", responses((status = 200, body = SandboxView)),
    extensions(("x-problems" = json!(["not_found"]))))]
async fn describe(State(app): State<App>) -> Result<Json<SandboxView>, Problem> {
    let sandbox = sandbox::describe(&app).await?;
    let staff = sandbox.staff.into_iter().map(|one| StaffView {
        phone: one.phone,
        totp_secret: one.totp_secret,
        role: one.role.as_str(),
    });
    Ok(Json(SandboxView {
        sandbox_url: sandbox.url,
        providers: sandbox.providers,
        admins: staff.collect(),
        now: instant(app.clock.now()),
    }))
}

/// Where the clock goes: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClockAsk {
    /// Forward by this many seconds.
    #[schema(example = 3600, minimum = 0)]
    advance_seconds: Option<i64>,
    /// To this instant, which must not be in the clock's past.
    #[schema(value_type = Option<String>, format = DateTime)]
    set: Option<DateTime<Utc>>,
}

/// What the clock shows.
#[derive(Serialize, ToSchema)]
#[schema(as = Clock)]
struct ClockView {
    #[schema(format = DateTime)]
    now: String,
}

/// Move the clock.
///
/// Moves the gateway's clock forward, and the simulators' with it where they run in the same process. Whatever waits
/// for a time that has come is done at once.
#[utoipa::path(post, path = "/v1/sandbox/clock", tag = "sandbox", request_body = ClockAsk,
    responses((status = 200, body = ClockView)),
    extensions(("x-problems" = json!(["clock_refused", "not_found"]))))]
async fn move_clock(
    State(app): State<App>,
    ValidJson(asked): ValidJson<ClockAsk>,
) -> Result<Json<ClockView>, Problem> {
    let to = match (asked.advance_seconds, asked.set) {
        (Some(seconds), None) => TimeDelta::try_seconds(seconds).map(ClockMove::Advance),
        (None, Some(instant)) => Some(ClockMove::Set(instant)),
        (None, None) => return Err(missing()),
        (Some(_), Some(_)) => return Err(Problem::field(FieldError::new("/set", "invalid_value"))),
    };
    let to = to.ok_or(ServiceError::field("/advance_seconds", "clock_refused"))?;
    let now = sandbox::move_clock(&app, to)?;
    Ok(Json(ClockView { now: instant(now) }))
}

fn missing() -> Problem {
    Problem::field(FieldError::new("/advance_seconds", "missing_field").with("field", "advance_seconds"))
}
