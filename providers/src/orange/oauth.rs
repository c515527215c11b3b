//! Tokens: those of `api.orange.com`, which Web Payment and text messages share, and what every
//! token answer of Orange has in common.
//!
//! `expires_in` comes as a number or as a string, an hour on today's pages and 90 days on older
//! ones. `Accept: application/json` is sent with every call, without which Orange answers 406.
//! Source: developer.orange.com, OAuth and error handling, read 2026-11.

use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use super::said::Said;
use crate::{Grant, Granter, Grants, Need, Operation, ProviderError, Request, Response, bearer};

/// The one thing that `api.orange.com` wants before a call.
pub(crate) const TOKEN: Need = Need("token");

/// One application at Orange's portal.
pub(crate) struct OAuth {
    url: String,
    basic: HeaderValue,
}

impl OAuth {
    /// `None` when id or secret is empty or does not fit in a header.
    pub(crate) fn new(base_url: &str, client_id: &str, secret: &SecretString) -> Option<OAuth> {
        let basic = bearer::basic(client_id, secret.expose_secret())?;
        Some(OAuth { url: format!("{base_url}/oauth/v3/token"), basic })
    }
}

/// Every call needs the token and nothing else.
impl Granter for OAuth {
    fn needs(&self, _: &Operation) -> &'static [Need] {
        &[TOKEN]
    }

    fn fetch(&self, _: Need, _: &Grants) -> Request {
        accepting_json(Request::post(self.url.clone()))
            .header(header::AUTHORIZATION, self.basic.clone())
            .form(b"grant_type=client_credentials".to_vec())
    }

    fn granted(&self, _: Need, response: &Response) -> Result<Grant, ProviderError> {
        minted(response)
    }

    fn refused(&self, _: &Operation, response: &Response) -> Option<Need> {
        is_refused(response).then_some(TOKEN)
    }
}

/// Reads a token answer, of any of Orange's interfaces.
///
/// Errors: `Misconfigured` when the application is refused.
pub(crate) fn minted(response: &Response) -> Result<Grant, ProviderError> {
    bearer::minted(response, || Said::read(response).describe(response.status))
}

/// Whether the token was refused, which happens before the request is looked at: 401, whatever its code.
pub(crate) fn is_refused(response: &Response) -> bool {
    response.status == 401
}

/// The request with a token, asking for JSON.
pub(crate) fn authorised(request: Request, grants: &Grants, need: Need) -> Request {
    accepting_json(bearer::authorised(request, grants, need))
}

fn accepting_json(request: Request) -> Request {
    request.header(header::ACCEPT, HeaderValue::from_static("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_as_documented() {
        let oauth = OAuth::new("https://orange.test", "client", &"s3cret".into()).unwrap();
        let request = oauth.fetch(TOKEN, &Grants::none());
        assert_eq!(request.url, "https://orange.test/oauth/v3/token");
        assert_eq!(request.headers["authorization"], "Basic Y2xpZW50OnMzY3JldA==");
        assert_eq!(request.headers["accept"], "application/json");
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.body, b"grant_type=client_credentials");
        assert!(!format!("{:?}", request.headers).contains("Y2xp"));
        assert!(OAuth::new("https://orange.test", "", &"s".into()).is_none());
        assert!(OAuth::new("https://orange.test", "c", &"".into()).is_none());
    }
}
