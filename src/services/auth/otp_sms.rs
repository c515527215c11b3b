//! Messages about signing in: a one-time code, promised with its challenge, or a notice to whoever holds an account.
//!
//! What is promised is sealed, for it holds the text and the number. A message that is no longer good is not sent. Sent
//! twice, it does no harm.

use chrono::{DateTime, Utc};
use domain::{Msisdn, OtpId, UserId};
use providers::{SmsError, SmsSender};
use serde::{Deserialize, Serialize};
use store::crypto::{Aad, Keyring};
use store::writer::NewPromise;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::app::App;

/// The kind of promises of a code.
pub const KIND: &str = "otp_sms";
/// The kind of promises of a notice about an account.
pub const NOTICE: &str = "account_sms";
/// The lane they wait in.
pub const LANE: &str = "sms";

#[derive(Serialize, Deserialize)]
struct Message {
    to: String,
    text: String,
    good_until: i64,
}

/// The promise to send `text` to `phone` while the code in it is good.
pub(super) fn promise(
    keyring: &Keyring,
    id: Uuid,
    challenge: OtpId,
    phone: &Msisdn,
    text: String,
    (now, good_until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<NewPromise, serde_json::Error> {
    let message = Message { to: phone.as_str().to_owned(), text, good_until: good_until.timestamp() };
    sealed(keyring, id, (KIND, challenge.uuid()), &message, now)
}

/// The promise to tell whoever holds `phone` something about the account of `user`.
pub(super) fn notice(
    keyring: &Keyring,
    id: Uuid,
    user: UserId,
    phone: &Msisdn,
    text: String,
    (now, good_until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<NewPromise, serde_json::Error> {
    let message = Message { to: phone.as_str().to_owned(), text, good_until: good_until.timestamp() };
    sealed(keyring, id, (NOTICE, user.uuid()), &message, now)
}

fn sealed(
    keyring: &Keyring,
    id: Uuid,
    (kind, subject): (&str, Uuid),
    message: &Message,
    now: DateTime<Utc>,
) -> Result<NewPromise, serde_json::Error> {
    let plain = Zeroizing::new(serde_json::to_vec(message)?);
    Ok(NewPromise {
        id,
        kind: kind.to_owned(),
        subject,
        lane: LANE.to_owned(),
        payload: Some(keyring.seal_book(aad(id), &plain)),
        due_at: now,
    })
}

/// Sends what the promise `id` holds.
///
/// Errors: the sender's; `Refused` when the code is no longer good; `Misconfigured` when the payload is not one
/// that this book sealed for this promise.
pub async fn deliver(app: &App, id: Uuid, payload: &[u8]) -> Result<(), SmsError> {
    deliver_by(&*app.sms, &app.keyring, id, payload, app.clock.now()).await
}

async fn deliver_by(
    sender: &dyn SmsSender,
    keyring: &Keyring,
    id: Uuid,
    payload: &[u8],
    now: DateTime<Utc>,
) -> Result<(), SmsError> {
    let (to, message) = open(keyring, id, payload).ok_or_else(|| SmsError::Misconfigured {
        reason: format!("promise {id} holds no message that this book sealed"),
    })?;
    if message.good_until <= now.timestamp() {
        return Err(SmsError::Refused { code: "code_expired".to_owned() });
    }
    sender.send(&to, &message.text).await.map(drop)
}

fn open(keyring: &Keyring, id: Uuid, payload: &[u8]) -> Option<(Msisdn, Message)> {
    let plain = Zeroizing::new(keyring.open_book(aad(id), payload).ok()?);
    let message: Message = serde_json::from_slice(&plain).ok()?;
    Some((Msisdn::parse(&message.to).ok()?, message))
}

fn aad(id: Uuid) -> Aad {
    Aad { table: "outbox", column: "payload", row: id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use chrono::TimeDelta;
    use providers::SmsReceipt;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Phone(Mutex<Vec<(String, String)>>);

    #[async_trait]
    impl SmsSender for Phone {
        async fn send(&self, to: &Msisdn, text: &str) -> Result<SmsReceipt, SmsError> {
            self.0.lock().unwrap().push((to.as_str().to_owned(), text.to_owned()));
            Ok(SmsReceipt { id: None })
        }
    }

    #[tokio::test]
    async fn a_promised_code_reaches_its_phone_while_it_is_good() {
        let (keyring, now) = (Keyring::new(&[1; 32]), DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let id = Uuid::from_u128(1);
        let challenge = OtpId::from_uuid(Uuid::from_u128(2));
        let to = Msisdn::parse("+221770001122").unwrap();
        let good_until = now + TimeDelta::minutes(5);
        let made = promise(&keyring, id, challenge, &to, "123456 is it".into(), (now, good_until)).unwrap();
        let payload = made.payload.clone().unwrap();
        assert_eq!((made.kind.as_str(), made.lane.as_str(), made.due_at), (KIND, LANE, now));
        assert_eq!(made.subject, challenge.uuid());
        let plain = String::from_utf8_lossy(&payload);
        assert!(!plain.contains("123456") && !plain.contains("221770001122"), "the payload is sealed");

        let phone = Phone::default();
        deliver_by(&phone, &keyring, id, &payload, now).await.unwrap();
        let late = deliver_by(&phone, &keyring, id, &payload, good_until).await;
        assert_eq!(late, Err(SmsError::Refused { code: "code_expired".into() }));
        let elsewhere = deliver_by(&phone, &keyring, Uuid::from_u128(3), &payload, now).await;
        assert!(matches!(elsewhere, Err(SmsError::Misconfigured { .. })));
        let sent = phone.0.into_inner().unwrap();
        assert_eq!(sent, [("+221770001122".to_owned(), "123456 is it".to_owned())]);
    }
}
