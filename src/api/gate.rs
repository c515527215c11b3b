//! The gate: every route asks the permission table who may pass, and what is not in the table is closed.
//!
//! The gate reads the caller from the book, so a session that was ended, a role that was taken away or an account
//! that was frozen counts at this very request.

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;

use super::context::RequestContext;
use super::extract::bearer;
use super::permissions::{self, Access};
use super::problem::Problem;
use crate::app::App;
use crate::services::{Caller, ServiceError, auth};

/// Lets a request through to its handler, with its caller where one is needed.
pub async fn pass(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match admit(&app, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(app: &App, request: &mut Request) -> Result<(), Problem> {
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let Some(access) = permissions::of(method.as_str(), route) else {
        tracing::error!(http.method = %method, http.route = route, "a route is not in the permission table");
        return Err(ServiceError::Forbidden.into());
    };
    if access == Access::Open {
        return Ok(());
    }
    let token = bearer(request.headers()).ok_or(ServiceError::Unauthenticated)?;
    let caller = auth::authenticate(app, token).await?;
    if let Some(context) = request.extensions().get::<RequestContext>() {
        context.is_from(caller.user);
    }
    require(app, &caller, access)?;
    request.extensions_mut().insert(caller);
    Ok(())
}

/// Whether `caller` passes where this access is asked for, as the clock of the gateway shows now.
pub fn require(app: &App, caller: &Caller, access: Access) -> Result<(), ServiceError> {
    let is_of_the_house = if access.is_for_admins() { caller.is_admin() } else { caller.is_staff() };
    if !access.is_for_staff() {
        return Ok(());
    }
    if !is_of_the_house {
        return Err(ServiceError::Forbidden);
    }
    let settings = &app.config.auth;
    let fresh = settings.fresh_factor_s.min(settings.second_factor_s);
    let lifetime = if access.wants_fresh_factor() { fresh } else { settings.second_factor_s };
    if caller.has_second_factor(app.clock.now(), TimeDelta::seconds(lifetime)) {
        return Ok(());
    }
    Err(ServiceError::Denied { code: "second_factor_required" })
}
