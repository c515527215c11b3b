//! Signing in over HTTP.

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
use super::extract::{Device, MaybeCaller, ValidJson};
use super::openapi::DeviceParams;
use super::problem::Problem;
use super::wire::{Fields, instant, phone, text, word};
use crate::app::App;
use crate::services::auth::devices::DeviceClaim;
use crate::services::auth::otp::{self, Guess, Proven};
use crate::services::auth::{SignedIn, second_factor, sessions};
use crate::services::{FieldError, ServiceError};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(verify))
        .routes(routes!(verify_second_factor))
        .routes(routes!(refresh))
        .routes(routes!(log_out))
}

/// A one-time code is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeRequest {
    /// E.164, with the plus.
    #[schema(example = "+221770001122")]
    phone: String,
    channel: Channel,
}

/// How a code reaches a person.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Channel {
    /// A text message.
    Sms,
}

/// A code is on its way.
#[derive(Serialize, ToSchema)]
#[schema(as = CodeRequested)]
struct CodeRequestedView {
    /// To be shown with the code.
    #[schema(example = "otp_01h2xcejqtf2nbrexx3vqjhp41")]
    challenge_id: String,
    /// Until when the code is good.
    #[schema(format = DateTime)]
    expires_at: String,
    /// From when on another code can be asked for, unless this one is used before.
    #[schema(format = DateTime)]
    resend_at: String,
}

/// Ask for a one-time code.
///
/// A code of six digits is sent to the phone. The answer is the same, for the same work, whether the number is known
/// or not. Messages are limited per number, per range of numbers and per day.
#[utoipa::path(post, path = "/v1/auth/otp", tag = "auth", request_body = CodeRequest,
    responses((status = 202, description = "A code is on its way.", body = CodeRequestedView)),
    extensions(("x-problems" = json!(["invalid_phone"]))))]
async fn ask(
    State(app): State<App>,
    context: RequestContext,
    ValidJson(asked): ValidJson<CodeRequest>,
) -> Result<Response, Problem> {
    let Channel::Sms = asked.channel;
    let mut fields = Fields::default();
    let to = fields.take(phone(&asked.phone, "/phone"));
    let sent = otp::ask(&app, &fields.finish(to)?, context.visitor()).await?;
    let view = CodeRequestedView {
        challenge_id: sent.challenge.to_string(),
        expires_at: instant(sent.expires_at),
        resend_at: instant(sent.resend_at),
    };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// A code is shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeProof {
    /// As `/v1/auth/otp` gave it.
    #[schema(example = "otp_01h2xcejqtf2nbrexx3vqjhp41")]
    challenge_id: String,
    /// As it came to the phone.
    #[schema(example = "123456")]
    code: String,
    /// What the client calls this device: it is shown in the list of sessions, and a renewal that names another one
    /// ends the session. A device proves itself by `X-Device-Id` instead; where both are sent they are the same.
    #[schema(example = "Pixel 9", max_length = 128)]
    device_id: Option<String>,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
struct SignedInView {
    /// For `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that the access token is good for.
    #[schema(example = 900)]
    expires_in: i64,
    /// Good for one renewal within seven days; shown twice, it ends the session.
    refresh_token: String,
    user: SignedInUser,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct SignedInUser {
    #[schema(example = "user_01h2xcejqtf2nbrexx3vqjhp41")]
    id: String,
    #[schema(example = "+221770001122")]
    phone: String,
    /// `customer`, `merchant`, `operator`, `admin`.
    #[schema(example = json!(["customer"]))]
    roles: Vec<&'static str>,
}

/// Operators and admins go on with their second factor.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactorNeeded)]
struct SecondFactorView {
    /// Always `totp`.
    #[schema(example = "totp")]
    second_factor: &'static str,
    /// To be shown with the code of the authenticator.
    #[schema(example = "otp_01h2xcejqtf2nbrexx3vqjhp41")]
    challenge_id: String,
}

/// What proving a number leads to.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = CodeProved)]
enum CodeProvedView {
    SignedIn(SignedInView),
    SecondFactor(SecondFactorView),
}

impl From<SignedIn> for SignedInView {
    fn from(signed_in: SignedIn) -> SignedInView {
        SignedInView {
            access_token: signed_in.access_token,
            token_type: "Bearer",
            expires_in: signed_in.expires_in_s,
            refresh_token: signed_in.refresh_token.to_string(),
            user: SignedInUser {
                id: signed_in.user.id.to_string(),
                phone: signed_in.user.phone.as_str().to_owned(),
                roles: signed_in.user.roles.iter().map(|role| role.as_str()).collect(),
            },
        }
    }
}

/// Sign in with a one-time code.
///
/// The first time makes a customer. Operators and admins get a challenge for their second factor instead of tokens.
/// A code is good once; five guesses may be made at it.
#[utoipa::path(post, path = "/v1/auth/otp/verify", tag = "auth", params(DeviceParams), request_body = CodeProof,
    responses((status = 200, description = "Signed in, or sent on to the second factor.", body = CodeProvedView)),
    extensions(("x-problems" = json!([
        "otp_invalid", "otp_expired", "account_frozen", "second_factor_not_enrolled", "invalid_text"
    ]))))]
async fn verify(
    State(app): State<App>,
    context: RequestContext,
    Device(shown): Device,
    ValidJson(proof): ValidJson<CodeProof>,
) -> Result<Json<CodeProvedView>, Problem> {
    let mut fields = Fields::default();
    let challenge = fields.take(word::<OtpId>(&proof.challenge_id, "/challenge_id"));
    let device = fields.take_some(proof.device_id.as_deref().map(|device| text(device, "/device_id", 128)));
    let device = DeviceClaim { name: device, proof: shown };
    if !device.is_consistent() {
        fields.take::<()>(Err(FieldError::new("/device_id", "invalid_value").with("field", "device_id")));
    }
    let guess = Guess { challenge: fields.finish(challenge)?, code: Zeroizing::new(proof.code), device };
    Ok(Json(match otp::verify(&app, &guess, context.visitor()).await? {
        Proven::SignedIn(signed_in) => CodeProvedView::SignedIn((*signed_in).into()),
        Proven::SecondFactor(challenge) => CodeProvedView::SecondFactor(SecondFactorView {
            second_factor: "totp",
            challenge_id: challenge.to_string(),
        }),
    }))
}

/// A code of an authenticator is shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecondFactorProof {
    /// As `/v1/auth/otp/verify` gave it; absent when a signed-in caller shows the second factor again.
    #[schema(example = "otp_01h2xcejqtf2nbrexx3vqjhp41")]
    challenge_id: Option<String>,
    /// As the authenticator shows it now.
    #[schema(example = "123456")]
    code: String,
}

/// Show the second factor.
///
/// Ends a sign-in of an operator or admin. With a live access token and without `challenge_id` it renews the second
/// factor of that session, and gives further tokens for it. Each code is good once.
#[utoipa::path(post, path = "/v1/auth/totp/verify", tag = "auth", params(DeviceParams), request_body = SecondFactorProof,
    responses((status = 200, description = "Signed in.", body = SignedInView)),
    extensions(("x-problems" = json!([
        "otp_invalid", "otp_expired", "account_frozen", "second_factor_not_enrolled", "unauthenticated"
    ]))))]
async fn verify_second_factor(
    State(app): State<App>,
    context: RequestContext,
    MaybeCaller(caller): MaybeCaller,
    Device(shown): Device,
    ValidJson(proof): ValidJson<SecondFactorProof>,
) -> Result<Json<SignedInView>, Problem> {
    let mut fields = Fields::default();
    let challenge = fields.take_some(proof.challenge_id.map(|id| word::<OtpId>(&id, "/challenge_id")));
    fields.check()?;
    let code = Zeroizing::new(proof.code);
    let signed_in = match (challenge, caller) {
        (Some(challenge), _) => {
            second_factor::sign_in(&app, challenge, &code, shown.as_ref(), context.visitor()).await?
        }
        (None, Some(caller)) => second_factor::step_up(&app, &caller, &code).await?,
        (None, None) => return Err(ServiceError::Unauthenticated.into()),
    };
    Ok(Json(signed_in.into()))
}

/// A refresh token is shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Renewal {
    /// The last one that was given.
    refresh_token: String,
}

/// Renew a session.
///
/// Gives a new access token and a new refresh token, and spends the one that was shown. One that was spent before
/// ends the session: somebody has a copy of it. Only within seconds, and while nobody has used what it was replaced by,
/// it gets the same refresh token again: the first answer may have been lost.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "auth", params(DeviceParams), request_body = Renewal,
    responses((status = 200, description = "Renewed.", body = SignedInView)),
    extensions(("x-problems" = json!(["unauthenticated", "token_reused", "account_frozen"]))))]
async fn refresh(
    State(app): State<App>,
    context: RequestContext,
    Device(shown): Device,
    ValidJson(renewal): ValidJson<Renewal>,
) -> Result<Json<SignedInView>, Problem> {
    let token = Zeroizing::new(renewal.refresh_token);
    Ok(Json(sessions::refresh(&app, &token, shown.as_ref(), context.visitor()).await?.into()))
}

/// A session is to end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogOut {
    /// For a client whose access token is over; not needed with an access token.
    refresh_token: Option<String>,
}

/// Sign out.
///
/// Ends the session of the access token, or of the refresh token where there is none. Every token of it is refused
/// from then on.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "auth", params(DeviceParams), request_body(content = Option<LogOut>),
    responses((status = 204, description = "The session is over.")),
    extensions(("x-problems" = json!(["unauthenticated", "token_reused"]))))]
async fn log_out(
    State(app): State<App>,
    MaybeCaller(caller): MaybeCaller,
    context: RequestContext,
    Device(shown): Device,
    ValidJson(asked): ValidJson<LogOut>,
) -> Result<StatusCode, Problem> {
    let token = asked.refresh_token.map(Zeroizing::new);
    match (caller, token) {
        (Some(caller), _) => sessions::log_out(&app, &caller).await?,
        (None, Some(token)) => {
            sessions::log_out_with(&app, &token, shown.as_ref(), context.visitor()).await?
        }
        (None, None) => return Err(ServiceError::Unauthenticated.into()),
    }
    Ok(StatusCode::NO_CONTENT)
}
