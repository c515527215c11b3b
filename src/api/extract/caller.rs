//! Who sends a request: taken from where the gate left them, or asked for where signing in is up to them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::api::context::{RequestContext, text};
use crate::api::gate;
use crate::api::permissions::Access;
use crate::api::problem::Problem;
use crate::app::App;
use crate::services::{Caller, ServiceError, auth};

/// The token of `Authorization: Bearer …`, if that is the only such header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Caller, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| ServiceError::Unauthenticated.into())
    }
}

/// A caller on a route that is open: nobody without the header, and a problem when what is in it is not good.
#[derive(Clone, Debug)]
pub struct MaybeCaller(pub Option<Caller>);

impl FromRequestParts<App> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<MaybeCaller, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(MaybeCaller(None));
        }
        let token = bearer(&parts.headers).ok_or(ServiceError::Unauthenticated)?;
        let caller = auth::authenticate(app, token).await?;
        if let Some(context) = parts.extensions.get::<RequestContext>() {
            context.is_from(caller.user);
        }
        Ok(MaybeCaller(Some(caller)))
    }
}

/// A caller who works for the house and has shown the second factor lately.
#[derive(Clone, Debug)]
pub struct Staff(pub Caller);

impl FromRequestParts<App> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Staff, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        gate::require(app, &caller, Access::Staff)?;
        Ok(Staff(caller))
    }
}

/// An admin who has shown the second factor lately.
#[derive(Clone, Debug)]
pub struct Admin(pub Caller);

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Admin, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        gate::require(app, &caller, Access::Admin)?;
        Ok(Admin(caller))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn one_bearer_token_and_nothing_else() {
        let headers = |values: &[&'static str]| -> HeaderMap {
            values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value))).collect()
        };
        assert_eq!(bearer(&headers(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer(&headers(&["bearer abc"])), Some("abc"));
        for bad in
            [&[][..], &["abc"], &["Basic abc"], &["Bearer"], &["Bearer abc", "Bearer abc"], &["Bearerabc"]]
        {
            assert_eq!(bearer(&headers(bad)), None, "{bad:?}");
        }
    }
}
