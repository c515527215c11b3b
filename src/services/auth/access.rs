//! Access tokens: JWTs of one algorithm, one type and one set of claims.
//!
//! What always holds: the header is byte for byte the one that we write, so no other algorithm, type or key hint
//! is ever looked at; every claim is there, of its type, and nothing else is; times are judged by the gateway's
//! clock. A token says who and which session; roles are read from the book.
//!
//! Deliberately absent: whether the session still stands, and refresh tokens.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{SessionId, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

const ISSUER: &str = "moneybridge";
/// RFC 9068: what keeps another kind of token from passing for an access token.
const TYPE: &str = "at+jwt";
/// `{"typ":"at+jwt","alg":"HS256"}` in base64url: the only header there is.
const HEADER: &str = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9";
/// Ours have about 330 bytes.
const LONGEST: usize = 1024;
/// No settings allow a longer life.
const LONGEST_LIFE_S: i64 = 86_400;
/// How far clocks of two gateways may be apart.
const LEEWAY_S: i64 = 5;

/// Makes and reads access tokens of one book.
pub struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    audience: &'static str,
    lifetime: TimeDelta,
}

/// What a token that we made says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who.
    pub user: UserId,
    /// Which sign-in.
    pub session: SessionId,
}

/// The text is not an access token of ours that is valid now. Why is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than ours ever are.
    #[error("access token too long")]
    TooLong,
    /// Another algorithm, type, or anything else in the header.
    #[error("access token with a foreign header")]
    Header,
    /// Another key, changed bytes, or claims that are missing, extra, repeated or of another type.
    #[error("access token with a wrong signature or claims")]
    Claims,
    /// Before its time, after it, or with times that do not fit together.
    #[error("access token out of its time")]
    Time,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl AccessTokens {
    /// Signs with `key`; tokens are good for `audience` alone and live for `lifetime`.
    pub fn new(key: &[u8; 32], audience: &'static str, lifetime: TimeDelta) -> AccessTokens {
        super::hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.algorithms = vec![Algorithm::HS256];
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[audience]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        AccessTokens {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation,
            audience,
            lifetime,
        }
    }

    /// How long a token lives.
    pub fn lifetime(&self) -> TimeDelta {
        self.lifetime
    }

    /// A token for `claims`, valid from `now`.
    ///
    /// Errors: only when the library cannot sign at all.
    pub fn issue(
        &self,
        claims: AccessClaims,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        let from = now.timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: self.audience.to_owned(),
            sub: claims.user.to_string(),
            sid: claims.session.to_string(),
            iat: from,
            nbf: from,
            exp: from + self.lifetime.num_seconds(),
        };
        jsonwebtoken::encode(&header, &claims, &self.encoding)
    }

    /// What `token` says, if we made it and `now` is within its life.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::TooLong);
        }
        if token.split('.').next() != Some(HEADER) {
            return Err(TokenError::Header);
        }
        let read = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = read.map_err(|_| TokenError::Claims)?.claims;
        check_times(&claims, now.timestamp())?;
        Ok(AccessClaims {
            user: claims.sub.parse().map_err(|_| TokenError::Claims)?,
            session: claims.sid.parse().map_err(|_| TokenError::Claims)?,
        })
    }
}

fn check_times(claims: &Claims, now: i64) -> Result<(), TokenError> {
    let life = claims.exp.checked_sub(claims.iat).ok_or(TokenError::Time)?;
    let is_sound = claims.iat >= 0 && claims.nbf >= claims.iat && (1..=LONGEST_LIFE_S).contains(&life);
    let has_begun = claims.nbf <= now + LEEWAY_S;
    if is_sound && has_begun && now < claims.exp { Ok(()) } else { Err(TokenError::Time) }
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessTokens").field("audience", &self.audience).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
