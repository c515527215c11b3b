//! Changing one's number over HTTP.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::OtpId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::context::RequestContext;
use super::extract::ValidJson;
use super::me::{ProfileView, view};
use super::problem::Problem;
use super::wire::{Fields, instant, phone, word};
use crate::app::App;
use crate::services::Caller;
use crate::services::auth::phone::{self as change, PhoneGuess};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(confirm))
}

/// Another number is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PhoneRequest {
    /// E.164, with the plus.
    #[schema(example = "+221770003344")]
    phone: String,
}

/// Two codes are on their way.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneChangeRequested)]
struct PhoneRequestedView {
    /// To be shown with the code that goes to the number you have.
    #[schema(example = "otp_01h2xcejqtf2nbrexx3vqjhp41")]
    challenge_id: String,
    /// To be shown with the code that goes to the number you want.
    #[schema(example = "otp_01h2xcejqtf2nbrexx3vqjhp42")]
    new_challenge_id: String,
    /// Until when both codes are good.
    #[schema(format = DateTime)]
    expires_at: String,
    /// From when on others can be asked for.
    #[schema(format = DateTime)]
    resend_at: String,
}

/// Ask to change your number.
///
/// A code is sent to the number you have and one to the number you want; `POST /v1/me/phone/verify` takes both. The
/// answer is the same whether the wanted number belongs to somebody or not. Operators and admins show their second
/// factor first. Messages are limited as for signing in, and to five changes asked for in a day.
#[utoipa::path(post, path = "/v1/me/phone", tag = "me", request_body = PhoneRequest,
    responses((status = 202, description = "Both codes are on their way.", body = PhoneRequestedView)),
    extensions(("x-problems" = json!(["invalid_phone", "second_factor_required"]))))]
async fn ask(
    State(app): State<App>,
    context: RequestContext,
    caller: Caller,
    ValidJson(asked): ValidJson<PhoneRequest>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let next = fields.take(phone(&asked.phone, "/phone"));
    let sent = change::ask(&app, &caller, &fields.finish(next)?, context.visitor()).await?;
    let view = PhoneRequestedView {
        challenge_id: sent.now.to_string(),
        new_challenge_id: sent.next.to_string(),
        expires_at: instant(sent.expires_at),
        resend_at: instant(sent.resend_at),
    };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// Both codes are shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PhoneProof {
    /// As `/v1/me/phone` gave it.
    #[schema(example = "otp_01h2xcejqtf2nbrexx3vqjhp41")]
    challenge_id: String,
    /// As it came to the number you have.
    #[schema(example = "123456")]
    code: String,
    /// As `/v1/me/phone` gave it.
    #[schema(example = "otp_01h2xcejqtf2nbrexx3vqjhp42")]
    new_challenge_id: String,
    /// As it came to the number you want.
    #[schema(example = "654321")]
    new_code: String,
}

/// Change your number.
///
/// From then on you sign in by the new number. Every other session ends, both numbers are told, and for a day nothing
/// leaves the house from your balance (`resting`). A wrong code is not told from the other; five guesses may be made.
#[utoipa::path(post, path = "/v1/me/phone/verify", tag = "me", request_body = PhoneProof,
    responses((status = 200, description = "Your profile, with the new number.", body = ProfileView)),
    extensions(("x-problems" = json!(["otp_invalid", "otp_expired", "phone_taken", "second_factor_required"]))))]
async fn confirm(
    State(app): State<App>,
    caller: Caller,
    ValidJson(proof): ValidJson<PhoneProof>,
) -> Result<Json<ProfileView>, Problem> {
    let mut fields = Fields::default();
    let now = fields.take(word::<OtpId>(&proof.challenge_id, "/challenge_id"));
    let next = fields.take(word::<OtpId>(&proof.new_challenge_id, "/new_challenge_id"));
    let (now_code, next_code) = (Zeroizing::new(proof.code), Zeroizing::new(proof.new_code));
    let (now, next) = fields.finish(now.zip(next))?;
    let user = change::confirm(&app, &caller, &PhoneGuess { now, now_code, next, next_code }).await?;
    Ok(Json(view(&app, user, &caller)))
}
