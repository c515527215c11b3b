//! Sending a code: what it spends, its challenge and the promise of its message, in one transaction.
//!
//! Nothing here looks a user up by a number, so known and unknown numbers cost the same work.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Msisdn, OtpId, UserId};
use rand::TryRngCore;
use rand::rand_core::OsError;
use rand::rngs::OsRng;
use store::otp::{self, NewChallenge, Purpose};
use store::users::Language;
use store::{Tx, outbox};
use zeroize::Zeroizing;

use super::{breaker, budgets, otp::exhausted, otp_sms};
use crate::app::App;
use crate::services::{ServiceError, alerts, texts};

/// A code on its way to a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending<'a> {
    pub purpose: Purpose,
    pub phone: &'a Msisdn,
    /// Who asks, where that is known.
    pub user: Option<UserId>,
    pub language: Option<Language>,
}

/// A transaction to send codes to these numbers in.
///
/// Errors: [`ServiceError::RateLimited`] while nothing is sent to the country of one of them.
pub(super) async fn begin(app: &App, phones: &[&Msisdn], now: DateTime<Utc>) -> Result<Tx, ServiceError> {
    let mut tx = app.db.begin().await?;
    for phone in phones {
        if let Err(closed) = breaker::check(app, &mut tx, phone, now).await? {
            tx.commit().await?;
            super::count("send", "paused");
            if let Some(pause) = closed.begun {
                alerts::sms_conversion_low(app, &pause.prefix, pause.sent, pause.used).await;
            }
            return Err(exhausted(closed.left));
        }
    }
    Ok(tx)
}

/// Records a challenge and promises its message.
///
/// Errors: [`ServiceError::RateLimited`] when the budget of the number, of its range or of the day is spent; then
/// nothing of the transaction may be committed.
pub(super) async fn send(
    app: &App,
    tx: &mut Tx,
    sending: Sending<'_>,
    now: DateTime<Utc>,
) -> Result<OtpId, ServiceError> {
    let ttl_s = app.config.auth.otp_ttl_s;
    let expires_at = now + TimeDelta::seconds(ttl_s);
    let code = fresh_code().map_err(ServiceError::internal)?;
    let spent = budgets::of_message(&app.config.sms, &app.keyring, sending.phone);
    budgets::spend(tx, &spent, now).await?.map_err(exhausted)?;
    breaker::count_sent(tx, sending.phone, now).await?;
    let challenge = NewChallenge {
        purpose: sending.purpose,
        phone: sending.phone,
        user: sending.user,
        device_name: None,
        device: None,
        code: Some(code.as_str()),
        expires_at,
    };
    let id = otp::new_challenge(tx, &app.keyring, challenge, now).await?;
    let text = message(sending, &code, ttl_s);
    let promise = otp_sms::promise(&app.keyring, app.ids.next(), id, sending.phone, text, (now, expires_at));
    outbox::add(tx, &promise.map_err(ServiceError::internal)?, now).await?;
    Ok(id)
}

/// A code for another purpose than signing in says so, because it is asked for by whoever wants to take a number over.
fn message(sending: Sending<'_>, code: &str, ttl_s: i64) -> String {
    let args = [("code", code.to_owned()), ("minutes", (ttl_s / 60).max(1).to_string())];
    let key = match sending.purpose {
        Purpose::PhoneNow => "sms-phone-now",
        Purpose::PhoneNext => "sms-phone-next",
        Purpose::SignIn | Purpose::SecondFactor => "sms-otp",
    };
    texts::text(sending.language.unwrap_or(Language::Fr), key, &args)
}

/// Six digits, each as likely as any other.
fn fresh_code() -> Result<Zeroizing<String>, OsError> {
    const CODES: u32 = 1_000_000;
    const FAIR: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let drawn = OsRng.try_next_u32()?;
        if drawn < FAIR {
            return Ok(Zeroizing::new(format!("{:06}", drawn % CODES)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits_and_spread() {
        let mut first = [0_u32; 10];
        for _ in 0..10_000 {
            let code = fresh_code().unwrap();
            assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()));
            first[usize::from(code.as_bytes()[0] - b'0')] += 1;
        }
        assert!(first.iter().all(|count| (850..1150).contains(count)), "{first:?}");
    }

    #[test]
    fn every_message_is_one_sms_in_both_languages() {
        let phone = Msisdn::parse("+221770001122").unwrap();
        let gsm = |letter: char| letter.is_ascii() || "àéèùì".contains(letter);
        let is_one = |text: &str| text.len() <= 160 && text.chars().all(gsm);
        for purpose in [Purpose::SignIn, Purpose::PhoneNow, Purpose::PhoneNext] {
            for (language, begin) in
                [(None, "123456 est"), (Some(Language::Fr), "123456 est"), (Some(Language::En), "123456 is")]
            {
                let sending = Sending { purpose, phone: &phone, user: None, language };
                let text = message(sending, "123456", 300);
                assert!(text.starts_with(begin) && text.contains("5 minutes") && is_one(&text), "{text}");
            }
        }
        for key in ["sms-new-device", "sms-phone-changed", "sms-phone-taken-up"] {
            for language in [Language::Fr, Language::En] {
                let text = texts::text(language, key, &[("number", "1122".to_owned())]);
                assert!(is_one(&text) && text != key, "{text}");
            }
        }
    }
}
