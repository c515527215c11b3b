//! Changing one's number: a code to the one somebody has and a code to the one they want, shown together.
//!
//! Until both are proven nothing tells whether the wanted number is somebody's. The change, the end of every other
//! session, the audit entry and a notice to both numbers commit together; for a day nothing leaves the house from that
//! balance, so that a thief of both codes gains time and not money. Two people who want one number race at a unique
//! index. `docs/operations.md` says what to do for somebody who has lost their number.
//!
//! Deliberately absent: changing a number without holding the old one.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Msisdn, OtpId};
use serde_json::json;
use store::audit::{self, AuditEntry};
use store::otp::{self, Challenge, Purpose, Verdict};
use store::users::{self, PhoneChange, User};
use store::{StoreError, Tx, outbox, sessions};
use zeroize::Zeroizing;

use super::otp::{EXPIRED, exhausted, refusal};
use super::sending::{self, Sending};
use super::{breaker, budgets, callers, otp_sms};
use crate::app::App;
use crate::services::{Caller, ServiceError, Visitor, texts};

/// How long a notice about a changed number is worth sending.
const NOTICE_IS_GOOD_FOR: TimeDelta = TimeDelta::hours(24);

/// Two challenges that were recorded; their codes are on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneAsked {
    /// Answered by the code sent to the number that the caller has.
    pub now: OtpId,
    /// Answered by the code sent to the number that the caller wants.
    pub next: OtpId,
    /// Until when both are good.
    pub expires_at: DateTime<Utc>,
    /// From when on others can be asked for.
    pub resend_at: DateTime<Utc>,
}

/// A guess at both codes.
#[derive(Debug)]
pub struct PhoneGuess {
    pub now: OtpId,
    pub now_code: Zeroizing<String>,
    pub next: OtpId,
    pub next_code: Zeroizing<String>,
}

/// Until when nothing may leave the house from the balance of `user`; `None` when it may.
pub fn rests(app: &App, phone_changed_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let rest = TimeDelta::seconds(app.config.auth.rest_after_phone_change_s);
    phone_changed_at.map(|changed_at| changed_at + rest).filter(|until| *until > app.clock.now())
}

/// Sends a code to the caller's number and one to `next`, whoever's that is.
///
/// Errors: `second_factor_required` for staff whose second factor is not fresh; `invalid_value` for the number that the
/// caller has; [`ServiceError::RateLimited`] as for signing in, and when one person asks too often.
pub async fn ask(
    app: &App,
    caller: &Caller,
    next: &Msisdn,
    visitor: &Visitor,
) -> Result<PhoneAsked, ServiceError> {
    let now = app.clock.now();
    let user = fresh_owner(app, caller, now).await?;
    if user.phone == *next {
        return Err(ServiceError::field("/phone", "invalid_value"));
    }
    let turn = app.keyring.blind_index("phone change", user.id.to_string().as_bytes());
    app.auth.resends.ask(turn, now).map_err(exhausted)?;
    let asked = record(app, &user, next, visitor, now).await;
    match &asked {
        Ok(_) => app.wakes.wake(&[otp_sms::LANE.to_owned()], false),
        Err(_) => app.auth.resends.forget(&turn),
    }
    super::count("phone_ask", if asked.is_ok() { "right" } else { "refused" });
    asked
}

async fn record(
    app: &App,
    user: &User,
    next: &Msisdn,
    visitor: &Visitor,
    now: DateTime<Utc>,
) -> Result<PhoneAsked, ServiceError> {
    let mut tx = sending::begin(app, &[&user.phone, next], now).await?;
    budgets::spend(&mut tx, &budgets::of_phone_change(user.id), now).await?.map_err(exhausted)?;
    let language = Some(visitor.language.unwrap_or(user.language));
    let mut send = async |purpose, phone| {
        let sending = Sending { purpose, phone, user: Some(user.id), language };
        sending::send(app, &mut tx, sending, now).await
    };
    let (here, there) = (send(Purpose::PhoneNow, &user.phone).await?, send(Purpose::PhoneNext, next).await?);
    tx.commit().await?;
    let settings = &app.config.auth;
    Ok(PhoneAsked {
        now: here,
        next: there,
        expires_at: now + TimeDelta::seconds(settings.otp_ttl_s),
        resend_at: now + TimeDelta::seconds(settings.otp_resend_s),
    })
}

/// Changes the caller's number by both codes, ends their other sessions and tells both numbers.
///
/// Errors: `otp_invalid`, without telling which code; `otp_expired`; [`ServiceError::RateLimited`];
/// `second_factor_required`; `phone_taken` when both codes are right and the number is somebody's.
pub async fn confirm(app: &App, caller: &Caller, guess: &PhoneGuess) -> Result<User, ServiceError> {
    let now = app.clock.now();
    let user = fresh_owner(app, caller, now).await?;
    let mut tx = app.db.begin().await?;
    let here = own(app, &mut tx, guess.now, Purpose::PhoneNow, &user).await?;
    let there = own(app, &mut tx, guess.next, Purpose::PhoneNext, &user).await?;
    if here.phone != user.phone {
        return Err(EXPIRED);
    }
    budgets::spend(&mut tx, &budgets::of_phone_guess(user.id), now).await?.map_err(exhausted)?;
    let pair = [(here.id, guess.now_code.as_str()), (there.id, guess.next_code.as_str())];
    let verdict = otp::guess_both(&mut tx, &app.keyring, pair, app.config.auth.otp_attempts, now).await?;
    if verdict != Verdict::Right {
        tx.commit().await?;
        return Err(refusal("phone", verdict, here.expires_at.min(there.expires_at), now));
    }
    for challenge in [&here, &there] {
        breaker::count_used(&mut tx, challenge).await?;
    }
    let change = PhoneChange { from: &user.phone, to: &there.phone };
    match users::change_phone(&mut tx, &app.people, user.id, change, now).await {
        Ok(true) => {}
        Ok(false) => {
            tx.commit().await?;
            return Err(taken());
        }
        Err(StoreError::Conflict(_)) => return Err(taken()),
        Err(other) => return Err(other.into()),
    }
    follow(app, &mut tx, caller, (&user, &there.phone), now).await?;
    let changed = users::find(&mut tx.conn(), &app.people, user.id).await?;
    tx.commit().await?;
    app.wakes.wake(&[otp_sms::LANE.to_owned()], false);
    super::count("phone", "right");
    changed.ok_or(ServiceError::Unauthenticated)
}

/// What follows from a changed number, in the transaction that changes it.
async fn follow(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    (user, next): (&User, &Msisdn),
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let ended = sessions::revoke_others(tx, user.id, caller.session, "number changed", now).await?;
    let detail = json!({ "sessions_ended": ended });
    let (actor, object) = (caller.actor(), user.id.to_string());
    audit::record(tx, AuditEntry { actor, action: "user.change_phone", object, detail }, now).await?;
    let until = now + NOTICE_IS_GOOD_FOR;
    let last_digits: String = next.digits().chars().skip(next.digits().len() - 2).collect();
    for (phone, key) in [(&user.phone, "sms-phone-changed"), (next, "sms-phone-taken-up")] {
        let text = texts::text(user.language, key, &[("number", last_digits.clone())]);
        let notice = otp_sms::notice(&app.keyring, app.ids.next(), user.id, phone, text, (now, until));
        outbox::add(tx, &notice.map_err(ServiceError::internal)?, now).await?;
    }
    Ok(())
}

/// The caller as they are now; staff must have shown their second factor a moment ago.
async fn fresh_owner(app: &App, caller: &Caller, now: DateTime<Utc>) -> Result<User, ServiceError> {
    let fresh = TimeDelta::seconds(app.config.auth.fresh_factor_s);
    if caller.is_staff() && !caller.has_second_factor(now, fresh) {
        return Err(ServiceError::Denied { code: "second_factor_required" });
    }
    callers::active(users::find(&mut app.db.read().await?.conn(), &app.people, caller.user).await?)
}

/// The caller's own challenge of this kind; anybody else's is as if there were none.
async fn own(
    app: &App,
    tx: &mut Tx,
    id: OtpId,
    purpose: Purpose,
    user: &User,
) -> Result<Challenge, ServiceError> {
    let found = otp::find(&mut tx.conn(), &app.keyring, id).await?;
    found.filter(|found| found.purpose == purpose && found.user == Some(user.id)).ok_or(EXPIRED)
}

fn taken() -> ServiceError {
    super::count("phone", "taken");
    ServiceError::Conflict { code: "phone_taken" }
}
