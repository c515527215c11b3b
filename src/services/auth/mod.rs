//! Signing in and staying signed in.
//!
//! A person proves a number by a one-time code, staff a second factor on top. A sign-in is a session: short access
//! tokens that say who and which session, and a line of refresh tokens of which one is live. Every request looks
//! its session up, so that what is revoked, frozen or granted counts at once, at every gateway.
//!
//! Failures are counted and logged, not chained into the audit log, which strangers could fill; grants of roles
//! are chained.
//!
//! Deliberately absent: passwords, and what a role may do (see `api::permissions`).

pub mod access;
pub mod breaker;
mod budgets;
mod callers;
pub mod devices;
mod hs256;
pub mod otp;
pub mod otp_sms;
pub mod phone;
mod resends;
pub mod second_factor;
mod sending;
pub mod sessions;
pub mod staff;
pub mod tokens;

pub use callers::{authenticate, claimed_user, stands};
pub use phone::rests;
pub use sessions::SignedIn;

use chrono::TimeDelta;
use store::crypto::Keyring;

use crate::app::App;
use crate::config::{Config, Mode};
use access::AccessTokens;
use resends::Resends;

/// What signing in keeps in memory.
#[derive(Debug)]
pub struct AuthParts {
    /// Makes and reads access tokens.
    pub tokens: AccessTokens,
    /// Who was sent a code a moment ago.
    pub(crate) resends: Resends,
}

impl AuthParts {
    /// Of these settings, with the book's keys where `keys.token` is not set.
    pub fn new(config: &Config, keyring: &Keyring) -> AuthParts {
        let audience = match config.mode {
            Mode::Sandbox => "moneybridge/sandbox",
            Mode::Live => "moneybridge/live",
        };
        let lifetime = TimeDelta::seconds(config.auth.access_token_s);
        let tokens = match &config.keys.token {
            Some(key) => AccessTokens::new(key.expose(), audience, lifetime),
            None => AccessTokens::new(&keyring.signing_key("access token"), audience, lifetime),
        };
        let wait = TimeDelta::seconds(config.auth.otp_resend_s);
        AuthParts { tokens, resends: Resends::new(wait) }
    }
}

/// Makes a sandbox's staff, unless they are there: see [`staff::seed`].
pub async fn seed_staff(app: &App) -> Result<(), staff::EnrolError> {
    staff::seed(&app.db, &app.people, app.clock.now()).await
}

/// Counts an attempt at one step of signing in, and tells the log how it went; never who or with what.
fn count(step: &'static str, outcome: &'static str) {
    metrics::counter!("sign_in_steps_total", "step" => step, "outcome" => outcome).increment(1);
    tracing::info!(sign_in.step = step, sign_in.outcome = outcome, "sign-in step");
}
