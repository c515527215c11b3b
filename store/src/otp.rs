//! One-time codes: a challenge that was sent to a number, and the guesses at it.
//!
//! A guess is counted before it is looked at, and a right code is used up by the statement that accepts it, so
//! a challenge takes at most so many guesses and one success however many race. Codes are stored as keyed
//! hashes bound to their challenge.
//!
//! A guess only counts once it is committed: the caller commits whatever the verdict.
//!
//! Deliberately absent: making codes, sending them, and how many may be sent (see [`crate::budgets`]).

use chrono::{DateTime, Utc};
use domain::{Msisdn, OtpId, UserId};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::crypto::{Aad, Keyring};
use crate::db::{Conn, Tx, on};
use crate::error::StoreError;
use crate::fresh_id;
use crate::sessions::Device;
use crate::users::phone_index;

/// What a challenge proves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// That somebody holds a number.
    SignIn,
    /// That a signed-in user holds the enrolled secret; such a challenge has no code of its own.
    SecondFactor,
    /// That a user who changes their number still holds the one they have.
    PhoneNow,
    /// That a user who changes their number holds the one they want.
    PhoneNext,
}

impl Purpose {
    const ALL: [Purpose; 4] = [Purpose::SignIn, Purpose::SecondFactor, Purpose::PhoneNow, Purpose::PhoneNext];

    /// The word used in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::SignIn => "sign_in",
            Purpose::SecondFactor => "second_factor",
            Purpose::PhoneNow => "phone_now",
            Purpose::PhoneNext => "phone_next",
        }
    }
}

/// What a new challenge is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewChallenge<'a> {
    pub purpose: Purpose,
    pub phone: &'a Msisdn,
    /// Who is known to be asking; nobody yet when signing in.
    pub user: Option<UserId>,
    /// What the client calls the device.
    pub device_name: Option<&'a str>,
    /// What the session will be bound to.
    pub device: Option<Device>,
    /// The code that was sent; none where an enrolled secret answers.
    pub code: Option<&'a str>,
    pub expires_at: DateTime<Utc>,
}

/// A challenge as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    pub id: OtpId,
    pub purpose: Purpose,
    pub phone: Msisdn,
    pub user: Option<UserId>,
    pub device_name: Option<String>,
    pub device: Option<Device>,
    pub attempts: i64,
    pub consumed_at: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// What a guess came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a guess is only counted when its transaction commits"]
pub enum Verdict {
    /// The code is right and used up: nobody else gets this verdict.
    Right,
    /// Another guess may be made, `left` times.
    Wrong {
        left: i64,
    },
    Expired,
    /// The challenge was met before.
    Spent,
    TooMany,
    Unknown,
}

/// Records a challenge and gives it its id.
pub async fn new_challenge(
    tx: &mut Tx,
    keyring: &Keyring,
    challenge: NewChallenge<'_>,
    now: DateTime<Utc>,
) -> Result<OtpId, StoreError> {
    const SQL: &str = "INSERT INTO otp_challenges (id, purpose, phone_index, phone, user_id, device_id, \
                       device_hash, device_proven, code_hash, attempts, expires_at, created_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)";
    let id = OtpId::from_uuid(fresh_id(now));
    let index = phone_index(keyring, challenge.phone);
    let phone = keyring.seal_book(phone_aad(id), challenge.phone.as_str().as_bytes());
    let is_proven = challenge.device.is_some_and(|device| device.is_proven);
    let name = challenge.device_name.filter(|_| !is_proven);
    let code = challenge.code.map(|code| code_hash(keyring, id, code).to_vec());
    on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(id.uuid()).bind(challenge.purpose.as_str()).bind(&index[..]);
        let query = query.bind(&phone).bind(challenge.user.map(UserId::uuid)).bind(name);
        let query = query.bind(challenge.device.map(|device| device.hash.to_vec())).bind(is_proven);
        let query = query.bind(&code).bind(challenge.expires_at).bind(now);
        query.execute(&mut **c).await.map(drop)
    })?;
    Ok(id)
}

/// The challenge, whatever became of it.
pub async fn find(
    conn: &mut Conn<'_>,
    keyring: &Keyring,
    id: OtpId,
) -> Result<Option<Challenge>, StoreError> {
    const SQL: &str = "SELECT id, purpose, phone, user_id, device_id, device_hash, device_proven, attempts, \
                       consumed_at, expires_at, created_at FROM otp_challenges WHERE id = $1";
    let row: Option<ChallengeRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    row.map(|row| row.open(keyring)).transpose()
}

/// Guesses the code of a challenge, of which `most` guesses may be made. Commit whatever the verdict.
pub async fn guess(
    tx: &mut Tx,
    keyring: &Keyring,
    id: OtpId,
    code: &str,
    most: i64,
    now: DateTime<Utc>,
) -> Result<Verdict, StoreError> {
    let attempt = match attempt(tx, id, most, now).await? {
        Ok(attempt) => attempt,
        Err(refusal) => return Ok(refusal),
    };
    let expected = attempt.code_hash.unwrap_or_default();
    let is_right = expected.ct_eq(&code_hash(keyring, id, code)).into();
    Ok(match is_right {
        false => Verdict::Wrong { left: attempt.left },
        true if consume(tx, id, now).await? => Verdict::Right,
        true => Verdict::Spent,
    })
}

/// Guesses the codes of two challenges that are good together or not at all: both are counted, and used up only when
/// both are right, so that it does not show which one was wrong. Commit whatever the verdict.
pub async fn guess_both(
    tx: &mut Tx,
    keyring: &Keyring,
    guesses: [(OtpId, &str); 2],
    most: i64,
    now: DateTime<Utc>,
) -> Result<Verdict, StoreError> {
    let (mut are_right, mut fewest) = (true, most);
    for (id, code) in guesses {
        let attempt = match attempt(tx, id, most, now).await? {
            Ok(attempt) => attempt,
            Err(refusal) => return Ok(refusal),
        };
        let expected = attempt.code_hash.unwrap_or_default();
        are_right &= bool::from(expected.ct_eq(&code_hash(keyring, id, code)));
        fewest = fewest.min(attempt.left);
    }
    if !are_right {
        return Ok(Verdict::Wrong { left: fewest });
    }
    for (id, _) in guesses {
        if !consume(tx, id, now).await? {
            return Ok(Verdict::Spent);
        }
    }
    Ok(Verdict::Right)
}

/// An attempt that was counted and may now be looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// How many more may follow this one.
    pub left: i64,
    code_hash: Option<Vec<u8>>,
}

/// Counts one attempt at an open challenge, or says why none may be made. For a second factor, where the
/// caller checks the code against the enrolled secret and then calls [`consume`]. Commit in every case.
pub async fn attempt(
    tx: &mut Tx,
    id: OtpId,
    most: i64,
    now: DateTime<Utc>,
) -> Result<Result<Attempt, Verdict>, StoreError> {
    const SQL: &str = "UPDATE otp_challenges SET attempts = attempts + 1 \
                       WHERE id = $1 AND consumed_at IS NULL AND expires_at > $2 AND attempts < $3 \
                       RETURNING attempts, code_hash";
    let row: Option<(i64, Option<Vec<u8>>)> = on!(&mut tx.conn(), |c| {
        sqlx::query_as(SQL).bind(id.uuid()).bind(now).bind(most).fetch_optional(&mut **c).await
    })?;
    match row {
        Some((attempts, code_hash)) => Ok(Ok(Attempt { left: most - attempts, code_hash })),
        None => Ok(Err(why_closed(&mut tx.conn(), id, now).await?)),
    }
}

/// Uses a challenge up. Of any number that race, one gets `true`.
pub async fn consume(tx: &mut Tx, id: OtpId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE otp_challenges SET consumed_at = $2 \
                       WHERE id = $1 AND consumed_at IS NULL AND expires_at > $2";
    let done = on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(id.uuid()).bind(now).execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Deletes challenges that expired before `before`, and says how many there were.
pub async fn purge(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM otp_challenges WHERE expires_at < $1";
    Ok(on!(&mut tx.conn(), |c| {
        sqlx::query(SQL).bind(before).execute(&mut **c).await.map(|done| done.rows_affected())
    })?)
}

/// Deletes every challenge of a number, which is being erased.
pub(crate) async fn forget_phone(tx: &mut Tx, phone_index: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM otp_challenges WHERE phone_index = $1";
    Ok(on!(&mut tx.conn(), |c| sqlx::query(SQL).bind(phone_index).execute(&mut **c).await.map(drop))?)
}

async fn why_closed(conn: &mut Conn<'_>, id: OtpId, now: DateTime<Utc>) -> Result<Verdict, StoreError> {
    const SQL: &str = "SELECT consumed_at, expires_at FROM otp_challenges WHERE id = $1";
    let row: Option<(Option<DateTime<Utc>>, DateTime<Utc>)> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    Ok(match row {
        None => Verdict::Unknown,
        Some((Some(_), _)) => Verdict::Spent,
        Some((None, expires_at)) if expires_at <= now => Verdict::Expired,
        Some(_) => Verdict::TooMany,
    })
}

fn phone_aad(id: OtpId) -> Aad {
    Aad { table: "otp_challenges", column: "phone", row: id.uuid() }
}

/// Bound to its challenge: the same code is stored differently in each.
fn code_hash(keyring: &Keyring, id: OtpId, code: &str) -> [u8; 32] {
    keyring.token_hash("otp", &[id.uuid().as_bytes(), code.as_bytes()].concat())
}

#[derive(sqlx::FromRow)]
struct ChallengeRow {
    id: Uuid,
    purpose: String,
    phone: Vec<u8>,
    user_id: Option<Uuid>,
    device_id: Option<String>,
    device_hash: Option<Vec<u8>>,
    device_proven: bool,
    attempts: i64,
    consumed_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl ChallengeRow {
    fn open(self, keyring: &Keyring) -> Result<Challenge, StoreError> {
        let id = OtpId::from_uuid(self.id);
        let corrupt = || StoreError::corrupt("challenge", id);
        let phone = keyring.open_book(phone_aad(id), &self.phone)?;
        let phone = std::str::from_utf8(&phone).map_err(|_| corrupt())?;
        let mut purposes = Purpose::ALL.into_iter();
        Ok(Challenge {
            id,
            purpose: purposes.find(|p| p.as_str() == self.purpose).ok_or_else(corrupt)?,
            phone: Msisdn::parse(phone).map_err(|_| corrupt())?,
            user: self.user_id.map(UserId::from_uuid),
            device_name: self.device_id,
            device: Device::of(self.device_hash, self.device_proven),
            attempts: self.attempts,
            consumed_at: self.consumed_at,
            expires_at: self.expires_at,
            created_at: self.created_at,
        })
    }
}
