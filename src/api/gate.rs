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

fn require(app: &App, caller: &Caller, access: Access) -> Result<(), ServiceError> {
    match access {
        Access::Open | Access::SignedIn => Ok(()),
        Access::Staff => require_staff(app, caller),
        Access::Admin => require_admin(app, caller),
    }
}

/// Operators and admins, with a second factor that is not old.
pub fn require_staff(app: &App, caller: &Caller) -> Result<(), ServiceError> {
    if !caller.is_staff() {
        return Err(ServiceError::Forbidden);
    }
    let lifetime = TimeDelta::seconds(app.config.auth.second_factor_s);
    if caller.has_second_factor(app.clock.now(), lifetime) {
        return Ok(());
    }
    Err(ServiceError::Denied { code: "second_factor_required" })
}

/// Admins, with a second factor that is not old.
pub fn require_admin(app: &App, caller: &Caller) -> Result<(), ServiceError> {
    if !caller.is_admin() {
        return Err(ServiceError::Forbidden);
    }
    require_staff(app, caller)
}
