//! The second factor: a time-based code (RFC 6238, SHA-1, 6 digits, 30 s) on top of a proven number.
//!
//! A code is taken one step early or late and every step once, also when raced. Each try spends a durable budget of
//! its user before it is looked at.
//!
//! Deliberately absent: enrolment (see [`super::staff`]).

use chrono::{DateTime, Utc};
use domain::{OtpId, UserId};
use store::otp::{self, Challenge, Purpose};
use store::sessions::Device;
use store::users::{self, User};
use store::{Tx, sessions as stored};
use subtle::ConstantTimeEq;
use totp_rs::{Builder, Totp, TotpError};
use zeroize::Zeroizing;

use super::devices::DeviceId;
use super::otp::{EXPIRED, exhausted, refusal};
use super::{SignedIn, budgets, callers, sessions};
use crate::app::App;
use crate::services::{Caller, ServiceError, Visitor};

/// Finishes a sign-in that was sent on to the second factor; `shown` is the device that does so, where it proves itself.
///
/// The device must be the one that proved the number, if that named itself.
///
/// Errors: `otp_invalid` also for a right code that was used before; `otp_expired`; [`ServiceError::RateLimited`];
/// `account_frozen`; `second_factor_not_enrolled`.
pub async fn sign_in(
    app: &App,
    challenge: OtpId,
    code: &str,
    shown: Option<&DeviceId>,
    visitor: &Visitor,
) -> Result<SignedIn, ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let found = otp::find(&mut tx.conn(), &app.keyring, challenge).await?;
    let Some((challenge, user)) = found.and_then(of_second_factor) else { return Err(EXPIRED) };
    if !is_same(challenge.device, shown.map(|id| id.hash(&app.keyring))) {
        return Err(EXPIRED);
    }
    let attempt = otp::attempt(&mut tx, challenge.id, app.config.auth.otp_attempts, now).await?;
    if let Err(verdict) = attempt {
        tx.commit().await?;
        return Err(refusal("totp", verdict, challenge.expires_at, now));
    }
    let user = match prove(app, &mut tx, user, code, now).await {
        Ok(user) if otp::consume(&mut tx, challenge.id, now).await? => user,
        Ok(_) => return Err(EXPIRED),
        Err(refused) => return commit_refusal(tx, refused).await,
    };
    let shown = shown.map(|id| Device { hash: id.hash(&app.keyring), is_proven: true });
    let device = (challenge.device_name.as_deref().filter(|_| shown.is_none()), shown.or(challenge.device));
    let (session, answer) = sessions::open(app, &mut tx, user, device, visitor, now).await?;
    stored::mark_second_factor(&mut tx, session.id, now).await?;
    tx.commit().await?;
    super::count("totp", "right");
    Ok(answer)
}

/// Shows the second factor again within a session that stands, and gives it further tokens.
///
/// Errors: as [`sign_in`].
pub async fn step_up(app: &App, caller: &Caller, code: &str) -> Result<SignedIn, ServiceError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user = match prove(app, &mut tx, caller.user, code, now).await {
        Ok(user) => user,
        Err(refused) => return commit_refusal(tx, refused).await,
    };
    if !stored::mark_second_factor(&mut tx, caller.session, now).await? {
        return Err(ServiceError::Unauthenticated);
    }
    let session = stored::live(&mut tx.conn(), caller.session, now).await?;
    let session = session.ok_or(ServiceError::Unauthenticated)?;
    let answer = sessions::further_tokens(app, &mut tx, &session, user, now).await?;
    tx.commit().await?;
    super::count("totp", "right");
    Ok(answer)
}

/// A challenge that a device asked for is answered by that device.
fn is_same(asked: Option<Device>, shown: Option<[u8; 32]>) -> bool {
    match (asked, shown) {
        (None, _) => true,
        (Some(asked), Some(shown)) => asked.hash.ct_eq(&shown).into(),
        (Some(asked), None) => !asked.is_proven,
    }
}

fn of_second_factor(challenge: Challenge) -> Option<(Challenge, UserId)> {
    match (challenge.purpose, challenge.user) {
        (Purpose::SecondFactor, Some(user)) => Some((challenge, user)),
        _ => None,
    }
}

/// A refused try has been spent all the same.
async fn commit_refusal<T>(tx: Tx, refused: ServiceError) -> Result<T, ServiceError> {
    tx.commit().await?;
    Err(refused)
}

/// The user, if `code` is right now and its step was not used before.
async fn prove(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    code: &str,
    now: DateTime<Utc>,
) -> Result<User, ServiceError> {
    budgets::spend(tx, &budgets::of_second_factor(user), now).await?.map_err(exhausted)?;
    let user = callers::active(users::find(&mut tx.conn(), &app.people, user).await?)?;
    let secret = users::totp_secret(&mut tx.conn(), &app.people, user.id).await?.map(Zeroizing::new);
    let secret = secret.ok_or(ServiceError::Denied { code: "second_factor_not_enrolled" })?;
    let step = matching_step(&secret, code, now).map_err(ServiceError::internal)?;
    match step {
        Some(step) if users::use_totp_step(tx, user.id, step).await? => Ok(user),
        _ => {
            super::count("totp", "wrong");
            Err(ServiceError::Denied { code: "otp_invalid" })
        }
    }
}

/// Which step of now, the one before or the one after has this code.
fn matching_step(secret: &[u8], code: &str, now: DateTime<Utc>) -> Result<Option<i64>, TotpError> {
    if code.len() != 6 || !code.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    Ok(totp(secret)?.check(code, seconds).and_then(|step| i64::try_from(step).ok()))
}

/// The generator of codes for `secret`, without a name.
pub(super) fn totp(secret: &[u8]) -> Result<Totp, TotpError> {
    Builder::new().with_secret(secret).with_account_name("staff").build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1, cut to 6 digits.
    #[test]
    fn codes_are_those_of_the_rfc_one_step_early_or_late() {
        let secret = b"12345678901234567890";
        let at = |s| DateTime::from_timestamp(s, 0).unwrap();
        for (time, code) in [(1_234_567_890, "005924"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            let step = time / 30;
            for (when, found) in
                [(time, true), (time - 30, true), (time + 30, true), (time - 90, false), (time + 60, false)]
            {
                let matched = matching_step(secret, code, at(when)).unwrap();
                assert_eq!(matched, found.then_some(step), "{code} at {when}");
            }
        }
        for code in
            ["", "28708", "2870820", "28708a", "２８７０８２", " 287082", "+287082", "-28708", "287083"]
        {
            assert_eq!(matching_step(secret, code, at(59)).unwrap(), None, "{code}");
        }
    }
}
