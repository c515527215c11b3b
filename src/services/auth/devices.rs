//! The device that a sign-in belongs to: how it proves itself, and what happens when a new one turns up.
//!
//! A client makes an id of its own, once per installation, and keeps it as a secret. Sent as `X-Device-Id` it proves the
//! device: the book holds a keyed hash, and a renewal from another device, or from none, ends the session. A
//! `device_id` in the body alone binds more loosely, because clients that know no header must go on: another id ends
//! the session, silence does not until the header was seen once (or `auth.device_required` says so).
//!
//! Somebody with known devices who signs in with none of them is told by text message, and the instant is recorded.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use store::sessions::Device;
use store::users::{self, User};
use store::{Tx, crypto::Keyring, devices, outbox};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::otp_sms;
use crate::app::App;
use crate::services::{ServiceError, texts};

/// How long a notice about a new device is worth sending.
const NOTICE_IS_GOOD_FOR: TimeDelta = TimeDelta::hours(12);

/// What a device calls itself by the header: 8 to 128 visible ASCII characters. Never shown.
#[derive(Clone)]
pub struct DeviceId(Zeroizing<String>);

impl DeviceId {
    /// Reads the header's value.
    pub fn parse(text: &str) -> Option<DeviceId> {
        let is_sound = (8..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_sound.then(|| DeviceId(Zeroizing::new(text.to_owned())))
    }

    /// What the book holds of it.
    pub fn hash(&self, keyring: &Keyring) -> [u8; 32] {
        hash(keyring, &self.0)
    }

    fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceId(…)")
    }
}

/// What a sign-in says of its device.
#[derive(Clone, Debug, Default)]
pub struct DeviceClaim {
    /// `device_id` of the body.
    pub name: Option<String>,
    /// `X-Device-Id`.
    pub proof: Option<DeviceId>,
}

impl DeviceClaim {
    /// Do body and header name the same device, where both name one?
    pub fn is_consistent(&self) -> bool {
        match (&self.name, &self.proof) {
            (Some(name), Some(proof)) => proof.is(name),
            _ => true,
        }
    }

    /// What the session is bound to.
    pub(super) fn device(&self, keyring: &Keyring) -> Option<Device> {
        match (&self.proof, &self.name) {
            (Some(proof), _) => Some(Device { hash: proof.hash(keyring), is_proven: true }),
            (None, Some(name)) => Some(Device { hash: hash(keyring, name), is_proven: false }),
            (None, None) => None,
        }
    }
}

fn hash(keyring: &Keyring, id: &str) -> [u8; 32] {
    keyring.token_hash("device", id.as_bytes())
}

/// Notes the device of a sign-in, and tells the person when it is not one of those they have used.
pub(super) async fn greet(
    app: &App,
    tx: &mut Tx,
    user: &User,
    device: Option<Device>,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let known = devices::count(&mut tx.conn(), user.id).await?;
    let is_new = match device {
        Some(device) => devices::see(tx, user.id, &device.hash, now).await?,
        None => true,
    };
    if known == 0 || !is_new {
        return Ok(());
    }
    users::note_new_device(tx, user.id, now).await?;
    let text = texts::text(user.language, "sms-new-device", &[]);
    let until = now + NOTICE_IS_GOOD_FOR;
    let notice = otp_sms::notice(&app.keyring, app.ids.next(), user.id, &user.phone, text, (now, until));
    outbox::add(tx, &notice.map_err(ServiceError::internal)?, now).await?;
    super::count("device", "new");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_is_visible_ascii_and_never_shown() {
        let id = DeviceId::parse("0d9f3c52-6d5c").unwrap();
        assert_eq!(format!("{id:?}"), "DeviceId(…)");
        for odd in ["", "short", "with a space", "é-é-é-é-é", &"x".repeat(129)] {
            assert!(DeviceId::parse(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn header_and_body_name_one_device() {
        let keyring = Keyring::new(&[1; 32]);
        let claim = |name: Option<&str>, proof: Option<&str>| DeviceClaim {
            name: name.map(str::to_owned),
            proof: proof.and_then(DeviceId::parse),
        };
        let (loose, proven, both) = (
            claim(Some("device-1"), None),
            claim(None, Some("device-1")),
            claim(Some("device-1"), Some("device-1")),
        );
        let hashes = [&loose, &proven, &both].map(|claim| claim.device(&keyring).unwrap());
        assert!(hashes.iter().all(|device| device.hash == hashes[0].hash));
        assert_eq!(hashes.map(|device| device.is_proven), [false, true, true]);
        assert!(both.is_consistent() && loose.is_consistent() && proven.is_consistent());
        assert!(!claim(Some("device-1"), Some("device-2")).is_consistent());
        assert_eq!(claim(None, None).device(&keyring), None);
    }
}
