//! Staff: who is given a role of the house, and the second factor that comes with it.
//!
//! A grant, its enrolment and its audit entry commit together, and end every session the person had. In a sandbox
//! there are two admins and one operator from the start, whose secrets everybody may know.
//!
//! Deliberately absent: grants over HTTP, which take two people.

use chrono::{DateTime, Utc};
use domain::{Msisdn, MsisdnError, UserId};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde_json::json;
use store::audit::{self, AuditEntry};
use store::users::{self, Role, Roles, User};
use store::{Db, PersonKeys, StoreError, Tx, sessions};
use totp_rs::{Builder, TotpError};
use zeroize::Zeroizing;

use super::second_factor::totp;

/// The staff of a sandbox: numbers of Senegal that no operator has given out.
const SANDBOX_STAFF: [(&str, Role); 3] =
    [("+221770000001", Role::Admin), ("+221770000002", Role::Admin), ("+221770000003", Role::Operator)];

/// Bytes of a fresh secret, as RFC 4226 recommends.
const SECRET: usize = 20;

/// Why nobody was enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Only operators and admins are enrolled.
    #[error("{0} is not a role of the house")]
    NotStaff(Role),
    /// The sandbox's own numbers are not numbers.
    #[error(transparent)]
    Phone(#[from] MsisdnError),
    /// The secret cannot be used.
    #[error("the secret cannot be used")]
    Secret(#[from] TotpError),
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system")]
    NoRandomness(#[from] rand::rand_core::OsError),
    /// The book.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A person who can show a second factor from now on.
#[derive(Debug)]
pub struct Enrolled {
    /// Who.
    pub user: UserId,
    /// For the authenticator app, in base32; shown once.
    pub secret: Zeroizing<String>,
    /// The same as a link, which a QR code may hold.
    pub otpauth: Zeroizing<String>,
}

/// Gives the person of `phone` a role of the house and a fresh second factor, which replaces an earlier one.
///
/// `actor` is who the audit log names. A number that was never here becomes a user.
pub async fn enrol(
    db: &Db,
    people: &PersonKeys,
    phone: &Msisdn,
    role: Role,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Enrolled, EnrolError> {
    let mut secret = Zeroizing::new([0_u8; SECRET]);
    OsRng.try_fill_bytes(secret.as_mut_slice())?;
    let mut tx = db.begin().await?;
    let (user, _) = users::ensure_customer(&mut tx, people, phone, now).await?;
    let roles = grant(&mut tx, &user, role, now).await?;
    users::set_totp_secret(&mut tx, people, user.id, Some(&*secret), now).await?;
    remember(&mut tx, &user, &roles, actor, now).await?;
    sessions::revoke_all(&mut tx, user.id, "second factor enrolled", now).await?;
    tx.commit().await?;
    let named = Builder::new().with_secret(secret.as_slice()).with_account_name(phone.as_str());
    let named = named.with_issuer(Some("MoneyBridge")).build()?;
    Ok(Enrolled {
        user: user.id,
        secret: Zeroizing::new(named.secret().to_base32()),
        otpauth: Zeroizing::new(named.to_url()?),
    })
}

/// One of a sandbox's staff, as anybody may know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxStaff {
    /// Their number.
    pub phone: String,
    /// What they are.
    pub role: Role,
    /// The secret of their second factor, in base32.
    pub totp_secret: String,
}

/// Makes a sandbox's two admins and one operator, unless they are there. For a sandbox's book only.
///
/// Steps that were used by a clock that had been moved ahead count no more.
pub async fn seed(db: &Db, people: &PersonKeys, now: DateTime<Utc>) -> Result<(), EnrolError> {
    for (phone, role) in SANDBOX_STAFF {
        let phone = Msisdn::parse(phone)?;
        let mut tx = db.begin().await?;
        let (user, _) = users::ensure_customer(&mut tx, people, &phone, now).await?;
        if !user.roles.contains(role) || !user.has_totp {
            let roles = grant(&mut tx, &user, role, now).await?;
            remember(&mut tx, &user, &roles, "sandbox", now).await?;
        }
        let known = known_secret(people, &phone);
        let given = users::totp_secret(&mut tx.conn(), people, user.id).await?;
        if given.is_none_or(|given| given == known) {
            users::set_totp_secret(&mut tx, people, user.id, Some(&known), now).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// A sandbox's staff with the secrets that are enrolled now.
pub async fn sandbox_staff(db: &Db, people: &PersonKeys) -> Result<Vec<SandboxStaff>, EnrolError> {
    let mut staff = Vec::new();
    let mut reader = db.read().await?;
    for (phone, role) in SANDBOX_STAFF {
        let user = users::find_by_phone(&mut reader.conn(), people, &Msisdn::parse(phone)?).await?;
        let Some(user) = user else { continue };
        let secret = users::totp_secret(&mut reader.conn(), people, user.id).await?;
        if let Some(secret) = secret {
            let totp_secret = totp(&secret)?.secret().to_base32();
            staff.push(SandboxStaff { phone: phone.to_owned(), role, totp_secret });
        }
    }
    Ok(staff)
}

/// Each sandbox's book has its own, the same at every start.
fn known_secret(people: &PersonKeys, phone: &Msisdn) -> Vec<u8> {
    people.keyring().token_hash("sandbox staff", phone.as_str().as_bytes())[..SECRET].to_vec()
}

/// The user's roles with this one of the house, which is theirs from now on.
async fn grant(tx: &mut Tx, user: &User, role: Role, now: DateTime<Utc>) -> Result<Roles, EnrolError> {
    if !Roles::from(role).is_staff() {
        return Err(EnrolError::NotStaff(role));
    }
    let roles: Roles = user.roles.iter().chain([role]).collect();
    users::set_roles(tx, user.id, roles.clone(), now).await?;
    Ok(roles)
}

/// One entry for a grant and the second factor that comes with it.
async fn remember(
    tx: &mut Tx,
    user: &User,
    roles: &Roles,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), EnrolError> {
    let detail = json!({
        "roles_before": user.roles.to_string(),
        "roles_after": roles.to_string(),
        "second_factor_replaced": user.has_totp,
    });
    let (actor, object) = (actor.to_owned(), user.id.to_string());
    audit::record(tx, AuditEntry { actor, action: "user.enrol", object, detail }, now).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use store::testkit::{instant, on_each_database, person_keys};

    #[tokio::test]
    async fn a_sandbox_has_two_admins_and_an_operator_however_often_it_starts() {
        on_each_database(async |db| {
            let people = person_keys();
            seed(&db, &people, instant()).await.unwrap();
            let first = sandbox_staff(&db, &people).await.unwrap();
            seed(&db, &people, instant() + TimeDelta::days(1)).await.unwrap();
            assert_eq!(sandbox_staff(&db, &people).await.unwrap(), first);
            let roles: Vec<Role> = first.iter().map(|one| one.role).collect();
            assert_eq!(roles, [Role::Admin, Role::Admin, Role::Operator]);
            assert!(first.iter().all(|one| one.totp_secret.len() == 32));
            let log = audit::list(&mut db.read().await.unwrap().conn(), None, 100).await.unwrap();
            assert_eq!(log.iter().filter(|line| line.action == "user.enrol").count(), 3, "granted once each");
        })
        .await;
    }

    #[tokio::test]
    async fn a_used_step_of_a_moved_clock_is_forgotten_at_the_next_start() {
        on_each_database(async |db| {
            let people = person_keys();
            seed(&db, &people, instant()).await.unwrap();
            let phone = Msisdn::parse(SANDBOX_STAFF[0].0).unwrap();
            let user =
                users::find_by_phone(&mut db.read().await.unwrap().conn(), &people, &phone).await.unwrap();
            let user = user.unwrap().id;
            let use_step = async |step| {
                let mut tx = db.begin().await.unwrap();
                let used = users::use_totp_step(&mut tx, user, step).await.unwrap();
                tx.commit().await.unwrap();
                used
            };
            assert!(use_step(1_000_000_000).await && !use_step(5).await);
            seed(&db, &people, instant()).await.unwrap();
            assert!(use_step(5).await);
        })
        .await;
    }

    #[tokio::test]
    async fn enrolment_grants_replaces_and_ends_sessions() {
        on_each_database(async |db| {
            let (people, now) = (person_keys(), instant());
            let phone = Msisdn::parse("+221770001122").unwrap();
            let mut tx = db.begin().await.unwrap();
            let (user, _) = users::ensure_customer(&mut tx, &people, &phone, now).await.unwrap();
            let session =
                sessions::open(&mut tx, user.id, sessions::Origin::default(), now, TimeDelta::days(1))
                    .await
                    .unwrap();
            tx.commit().await.unwrap();

            let first = enrol(&db, &people, &phone, Role::Operator, "command line", now).await.unwrap();
            let again = enrol(&db, &people, &phone, Role::Admin, "command line", now).await.unwrap();
            assert_eq!((first.user, again.user), (user.id, user.id));
            assert_ne!(*first.secret, *again.secret);
            assert!(again.otpauth.starts_with("otpauth://totp/MoneyBridge:"), "{}", *again.otpauth);
            assert!(again.otpauth.contains(again.secret.as_str()));

            let mut reader = db.read().await.unwrap();
            let stored = users::find(&mut reader.conn(), &people, user.id).await.unwrap().unwrap();
            assert_eq!(stored.roles.to_string(), "customer,operator,admin");
            let secret = users::totp_secret(&mut reader.conn(), &people, user.id).await.unwrap().unwrap();
            assert_eq!(totp(&secret).unwrap().secret().to_base32(), *again.secret);
            assert_eq!(sessions::live(&mut reader.conn(), session.id, now).await.unwrap(), None);
            let log = audit::list(&mut reader.conn(), None, 100).await.unwrap();
            assert!(
                log.iter()
                    .all(|line| line.actor == "command line" && !line.detail.to_string().contains("221"))
            );
            assert_eq!(log.len(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn a_customer_is_not_enrolled() {
        let (db, people) = (store::testkit::sqlite().await, person_keys());
        let phone = Msisdn::parse("+221770001122").unwrap();
        let refused = enrol(&db, &people, &phone, Role::Customer, "command line", instant()).await;
        assert!(matches!(refused, Err(EnrolError::NotStaff(Role::Customer))));
        let found =
            users::find_by_phone(&mut db.read().await.unwrap().conn(), &people, &phone).await.unwrap();
        assert_eq!(found, None, "nothing was written");
    }
}
