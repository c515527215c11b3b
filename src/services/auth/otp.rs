//! One-time codes: asking for one, and proving a number with it.
//!
//! Asking never looks a user up, so known and unknown numbers get the same answer for the same work. The challenge,
//! what it spends and the promise of its message commit together. A code is good once, for its challenge only.
//!
//! Deliberately absent: sending; the outbox does that.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Msisdn, OtpId};
use store::Tx;
use store::otp::{self, NewChallenge, Purpose, Verdict};
use store::users::{self, Profile, User, phone_index};
use zeroize::Zeroizing;

use super::devices::DeviceClaim;
use super::sending::{self, Sending};
use super::{SignedIn, breaker, budgets, callers, otp_sms, sessions};
use crate::app::App;
use crate::services::{ServiceError, Visitor};

/// A challenge that was recorded; its code is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// To be shown with the code.
    pub challenge: OtpId,
    /// Until when the code is good.
    pub expires_at: DateTime<Utc>,
    /// From when on another one can be asked for.
    pub resend_at: DateTime<Utc>,
}

/// What proving a number leads to.
#[derive(Debug)]
pub enum Proven {
    /// A customer is signed in.
    SignedIn(Box<SignedIn>),
    /// Staff go on with their second factor, answering this challenge.
    SecondFactor(OtpId),
}

/// A guess at a code.
#[derive(Debug)]
pub struct Guess {
    /// Which challenge.
    pub challenge: OtpId,
    /// As it was typed.
    pub code: Zeroizing<String>,
    /// What the client says of its device.
    pub device: DeviceClaim,
}

/// Records a challenge for `phone` and promises the message with its code.
///
/// Errors: [`ServiceError::RateLimited`] while an unused code is on its way, and when the budget of the number, of
/// its range or of the day is spent; then nothing was recorded.
pub async fn ask(app: &App, phone: &Msisdn, visitor: &Visitor) -> Result<Asked, ServiceError> {
    let now = app.clock.now();
    let number = phone_index(&app.keyring, phone);
    app.auth.resends.ask(number, now).map_err(exhausted)?;
    let asked = record(app, phone, visitor, now).await;
    match &asked {
        Ok(_) => app.wakes.wake(&[otp_sms::LANE.to_owned()], false),
        Err(_) => app.auth.resends.forget(&number),
    }
    super::count("ask", if asked.is_ok() { "right" } else { "refused" });
    asked
}

async fn record(
    app: &App,
    phone: &Msisdn,
    visitor: &Visitor,
    now: DateTime<Utc>,
) -> Result<Asked, ServiceError> {
    let mut tx = sending::begin(app, &[phone], now).await?;
    let sending = Sending { purpose: Purpose::SignIn, phone, user: None, language: visitor.language };
    let challenge = sending::send(app, &mut tx, sending, now).await?;
    tx.commit().await?;
    let settings = &app.config.auth;
    let expires_at = now + TimeDelta::seconds(settings.otp_ttl_s);
    Ok(Asked { challenge, expires_at, resend_at: now + TimeDelta::seconds(settings.otp_resend_s) })
}

/// Proves a number by the code that was sent to it. A customer who was never here is made one.
///
/// Errors: `otp_invalid`; `otp_expired` for a challenge that is over, used or unknown; [`ServiceError::RateLimited`]
/// when it, or its number today, has taken all guesses; `account_frozen`; `second_factor_not_enrolled`.
pub async fn verify(app: &App, guess: &Guess, visitor: &Visitor) -> Result<Proven, ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let found = otp::find(&mut tx.conn(), &app.keyring, guess.challenge).await?;
    let Some(challenge) = found.filter(|challenge| challenge.purpose == Purpose::SignIn) else {
        super::count("otp", "unknown");
        return Err(EXPIRED);
    };
    let spent = budgets::of_guess(&app.keyring, &challenge.phone);
    budgets::spend(&mut tx, &spent, now).await?.map_err(exhausted)?;
    let most = app.config.auth.otp_attempts;
    let verdict = otp::guess(&mut tx, &app.keyring, challenge.id, &guess.code, most, now).await?;
    if verdict != Verdict::Right {
        tx.commit().await?;
        return Err(refusal("otp", verdict, challenge.expires_at, now));
    }
    breaker::count_used(&mut tx, &challenge).await?;
    let (user, is_new) = users::ensure_customer(&mut tx, &app.people, &challenge.phone, now).await?;
    let admitted = match admit(app, &mut tx, (user, is_new), guess, visitor, now).await {
        Err(error) if !matches!(error, ServiceError::Denied { .. }) => return Err(error),
        decided => decided,
    };
    tx.commit().await?;
    app.auth.resends.forget(&phone_index(&app.keyring, &challenge.phone));
    super::count("otp", if admitted.is_ok() { "right" } else { "refused" });
    admitted
}

/// Whoever holds the number is `user`: signs a customer in, sends staff on to the second factor.
async fn admit(
    app: &App,
    tx: &mut Tx,
    (user, is_new): (User, bool),
    guess: &Guess,
    visitor: &Visitor,
    now: DateTime<Utc>,
) -> Result<Proven, ServiceError> {
    let user = callers::active(Some(user))?;
    if user.roles.is_staff() {
        return second_factor(app, tx, &user, guess, now).await.map(Proven::SecondFactor);
    }
    if let (true, Some(language)) = (is_new, visitor.language) {
        let profile = Profile { name: None, language };
        users::update_profile(tx, &app.people, user.id, user.version, profile, now).await?;
    }
    let device = (guess.device.name.as_deref(), guess.device.device(&app.keyring));
    let (_, signed_in) = sessions::open(app, tx, user, device, visitor, now).await?;
    Ok(Proven::SignedIn(Box::new(signed_in)))
}

async fn second_factor(
    app: &App,
    tx: &mut Tx,
    user: &User,
    guess: &Guess,
    now: DateTime<Utc>,
) -> Result<OtpId, ServiceError> {
    if !user.has_totp {
        return Err(ServiceError::Denied { code: "second_factor_not_enrolled" });
    }
    let challenge = NewChallenge {
        purpose: Purpose::SecondFactor,
        phone: &user.phone,
        user: Some(user.id),
        device_name: guess.device.name.as_deref(),
        device: guess.device.device(&app.keyring),
        code: None,
        expires_at: now + TimeDelta::seconds(app.config.auth.otp_ttl_s),
    };
    Ok(otp::new_challenge(tx, &app.keyring, challenge, now).await?)
}

/// A challenge that cannot be answered any more; a made-up one is the same.
pub(super) const EXPIRED: ServiceError = ServiceError::Denied { code: "otp_expired" };

/// What a verdict other than `Right` means to whoever guessed, counted and logged.
pub(super) fn refusal(
    step: &'static str,
    verdict: Verdict,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> ServiceError {
    let (outcome, error) = match verdict {
        Verdict::Right | Verdict::Wrong { .. } => ("wrong", ServiceError::Denied { code: "otp_invalid" }),
        Verdict::Expired | Verdict::Spent | Verdict::Unknown => ("expired", EXPIRED),
        Verdict::TooMany => ("too_many", exhausted((expires_at - now).to_std().unwrap_or_default())),
    };
    super::count(step, outcome);
    error
}

pub(super) fn exhausted(left: Duration) -> ServiceError {
    ServiceError::RateLimited { retry_after: left.max(Duration::from_secs(1)) }
}
