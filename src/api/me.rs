//! What people see and change of themselves.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::extract::{Id, Listing, Page, Query, ValidJson};
use super::problem::Problem;
use super::wire::{Fields, instant, nullable, text};
use crate::app::App;
use crate::services::auth::{
    self,
    sessions::{self, Session},
};
use crate::services::me::{self, ProfileChange};
use crate::services::{Caller, Language, User};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(profile, change_profile))
        .routes(routes!(list_sessions, end_sessions))
        .routes(routes!(end_session))
}

/// The caller's own profile.
#[derive(Serialize, ToSchema)]
#[schema(as = Profile)]
pub(super) struct ProfileView {
    #[schema(example = "user_01h2xcejqtf2nbrexx3vqjhp41")]
    id: String,
    #[schema(example = "+221770001122")]
    phone: String,
    #[schema(example = "Awa Diop")]
    name: Option<String>,
    /// `fr` or `en`: what messages are written in.
    #[schema(example = "fr")]
    language: &'static str,
    #[schema(example = json!(["customer"]))]
    roles: Vec<&'static str>,
    /// How much is known of the person; 0 is a confirmed number and nothing else.
    #[schema(example = 0)]
    kyc_tier: i64,
    /// Limits of this tier and what is left of them; null while no policy sets any.
    limits: Option<Vec<LimitView>>,
    /// When the second factor was last shown in this session.
    #[schema(format = DateTime)]
    second_factor_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// Until then nothing leaves the house from the balance: the number was changed. Null when it may.
    #[schema(format = DateTime)]
    rests_until: Option<String>,
}

/// A limit and what is left of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Limit)]
struct LimitView {
    /// What it binds, as `sent_per_day`.
    name: String,
    limit: super::wire::MoneyView,
    left: super::wire::MoneyView,
}

pub(super) fn view(app: &App, user: User, caller: &Caller) -> ProfileView {
    let rests_until = auth::rests(app, user.phone_changed_at);
    ProfileView {
        id: user.id.to_string(),
        phone: user.phone.as_str().to_owned(),
        name: user.name,
        language: user.language.as_str(),
        roles: user.roles.iter().map(|role| role.as_str()).collect(),
        kyc_tier: user.kyc_tier,
        limits: None,
        second_factor_at: caller.second_factor_at.map(instant),
        created_at: instant(user.created_at),
        updated_at: instant(user.updated_at),
        rests_until: rests_until.map(instant),
    }
}

/// Your profile.
#[utoipa::path(get, path = "/v1/me", tag = "me", responses((status = 200, body = ProfileView)))]
async fn profile(State(app): State<App>, caller: Caller) -> Result<Json<ProfileView>, Problem> {
    let user = me::profile(&app, &caller).await?;
    Ok(Json(view(&app, user, &caller)))
}

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProfilePatch {
    /// Up to 80 characters; null takes it away.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "Awa Diop", max_length = 80)]
    name: Option<Option<String>>,
    language: Option<LanguageWord>,
}

/// A language of ours.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LanguageWord {
    Fr,
    En,
}

impl From<LanguageWord> for Language {
    fn from(word: LanguageWord) -> Language {
        match word {
            LanguageWord::Fr => Language::Fr,
            LanguageWord::En => Language::En,
        }
    }
}

/// Change your profile.
#[utoipa::path(patch, path = "/v1/me", tag = "me",
    request_body(content = Option<ProfilePatch>, description = "Absent, nothing changes."),
    responses((status = 200, description = "As it is now.", body = ProfileView)),
    extensions(("x-problems" = json!(["invalid_text", "changed_meanwhile"]))))]
async fn change_profile(
    State(app): State<App>,
    caller: Caller,
    ValidJson(patch): ValidJson<ProfilePatch>,
) -> Result<Json<ProfileView>, Problem> {
    let mut fields = Fields::default();
    let name = patch.name.map(|name| fields.take_some(name.map(|name| text(&name, "/name", 80))));
    fields.check()?;
    let change = ProfileChange { name, language: patch.language.map(Language::from) };
    let user = me::change_profile(&app, &caller, change).await?;
    Ok(Json(view(&app, user, &caller)))
}

/// A sign-in that stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView {
    #[schema(example = "session_01h2xcejqtf2nbrexx3vqjhp41")]
    id: String,
    /// What the client called the device; null for one that proves itself, whose id is a secret.
    #[schema(example = "Pixel 9")]
    device_id: Option<String>,
    /// The same for sessions of one device, and nothing to sign in with; null where none was named.
    #[schema(example = "5f2b0c9ae13d")]
    device: Option<String>,
    /// The network it was last renewed from, not the address.
    #[schema(example = "203.0.113.0/24")]
    network: Option<String>,
    /// What the program called itself.
    user_agent: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_used_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// Whether this request belongs to it.
    is_current: bool,
}

/// Your sessions.
#[utoipa::path(get, path = "/v1/me/sessions", tag = "me", params(super::openapi::PageParams),
    responses((status = 200, body = Listing<SessionView>)))]
async fn list_sessions(
    State(app): State<App>,
    caller: Caller,
    page: Page<(DateTime<Utc>, Uuid)>,
) -> Result<Listing<SessionView>, Problem> {
    let before = page.before.map(|(at, id)| (at, SessionId::from_uuid(id)));
    let rows = sessions::list(&app, &caller, before, page.rows()).await?;
    let position = |session: &Session| (session.created_at, session.id.uuid());
    Ok(page.answer(rows, position, |session| SessionView {
        is_current: session.id == caller.session,
        id: session.id.to_string(),
        device_id: session.device_name,
        device: session.device.map(|device| short(&device.hash)),
        network: session.network,
        user_agent: session.user_agent,
        created_at: instant(session.created_at),
        last_used_at: instant(session.last_used_at),
        expires_at: instant(session.expires_at),
    }))
}

/// The beginning of a hash: enough to tell a person's devices apart.
fn short(hash: &[u8; 32]) -> String {
    hash[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which sessions stay.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EndQuery {
    /// `current`: the session of this request goes on.
    #[param(inline)]
    keep: Option<Keep>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Keep {
    Current,
}

/// Sign out everywhere.
///
/// Ends all of your sessions, this one too, or with `keep=current` all others; at once, at every gateway.
#[utoipa::path(delete, path = "/v1/me/sessions", tag = "me", params(EndQuery),
    responses((status = 204, description = "The sessions are over.")),
    extensions(("x-problems" = json!(["invalid_query"]))))]
async fn end_sessions(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<EndQuery>,
) -> Result<StatusCode, Problem> {
    match asked.keep {
        None => sessions::end_all(&app, &caller).await?,
        Some(Keep::Current) => sessions::end_others(&app, &caller).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// End one of your sessions.
#[utoipa::path(delete, path = "/v1/me/sessions/{id}", tag = "me",
    params(("id" = String, Path, description = "A session's id.", example = "session_01h2xcejqtf2nbrexx3vqjhp41")),
    responses((status = 204, description = "The session is over.")),
    extensions(("x-problems" = json!(["not_found"]))))]
async fn end_session(
    State(app): State<App>,
    caller: Caller,
    Id(session): Id<SessionId>,
) -> Result<StatusCode, Problem> {
    sessions::end(&app, &caller, session).await?;
    Ok(StatusCode::NO_CONTENT)
}
