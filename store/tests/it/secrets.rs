//! What the database does not tell: numbers and names, and after an erasure nothing at all.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use chrono::TimeDelta;
use domain::Msisdn;
use store::crypto::{Aad, CryptoError, Keyring, PersonKeys};
use store::otp::{self, NewChallenge, Purpose};
use store::sessions;
use store::testkit::{TestDb, instant, keyring, on_each_database, person_keys};
use store::users::{self, Language, Profile};
use store::{Conn, Db, StoreError};
use uuid::Uuid;

use crate::phone;
use crate::users::{customer, find};

const NAME: &str = "Canary Ndiaye-Diop";
const SECRET: &[u8] = b"CANARY-TOTP-SECRET-0123456789";
const CODE: &str = "90731482650917";

/// A user with everything that may be known of one, and an open challenge and session.
async fn canary(db: &Db, keys: &PersonKeys, phone: &Msisdn) -> users::User {
    let user = customer(db, keys, phone).await;
    let mut tx = db.begin().await.unwrap();
    let profile = Profile { name: Some(NAME), language: Language::Fr };
    assert!(users::update_profile(&mut tx, keys, user.id, user.version, profile, instant()).await.unwrap());
    assert!(users::set_totp_secret(&mut tx, keys, user.id, Some(SECRET), instant()).await.unwrap());
    let expires_at = instant() + TimeDelta::minutes(5);
    let code = Some(CODE);
    let challenge = NewChallenge {
        purpose: Purpose::SignIn,
        phone,
        user: None,
        device_name: None,
        device: None,
        code,
        expires_at,
    };
    otp::new_challenge(&mut tx, keys.keyring(), challenge, instant()).await.unwrap();
    sessions::open(&mut tx, user.id, sessions::Origin::default(), instant(), TimeDelta::days(30))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    find(db, keys, user.id).await.unwrap()
}

fn needles(phone: &Msisdn) -> Vec<Vec<u8>> {
    let mut needles = vec![phone.digits().as_bytes().to_vec(), phone.digits().as_bytes()[3..].to_vec()];
    needles.push(NAME.as_bytes().to_vec());
    needles.push(SECRET.to_vec());
    needles.push(CODE.as_bytes().to_vec());
    needles.push([42; 32].to_vec()); // the master key
    needles
}

/// Everything that is stored, byte for byte: the SQLite files, or every row of PostgreSQL as text.
async fn everything_stored(db: &TestDb) -> Vec<u8> {
    match db.folder() {
        Some(folder) => files(folder),
        None => rows(&db.reopen().await).await,
    }
}

fn files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    bytes
}

/// `bytea` prints as hexadecimal digits, which are turned back into bytes.
async fn rows(db: &Db) -> Vec<u8> {
    const TABLES: &str = "SELECT relname::text FROM pg_class WHERE relkind = 'r' \
                          AND relnamespace = 'public'::regnamespace";
    let mut reader = db.read().await.unwrap();
    let Conn::Postgres(c) = reader.conn() else { panic!("rows are read from postgres") };
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut *c).await.unwrap();
    let mut bytes = Vec::new();
    for table in tables {
        let sql = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *c).await.unwrap();
        for row in rows {
            bytes.extend(row.split("\\x").flat_map(unhex));
        }
    }
    bytes
}

/// The bytes that `text` begins with as digits, and the rest of it as it is.
fn unhex(text: &str) -> Vec<u8> {
    let end = text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    let decoded = (0..end / 2).map(|nth| byte(nth * 2));
    decoded.chain(text[end..].bytes()).collect()
}

/// Which of `needles` are in `haystack`, in one pass: by their first six bytes, then whole.
fn found(haystack: &[u8], needles: &[Vec<u8>]) -> Vec<String> {
    let mut by_start: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
    for needle in needles {
        by_start.entry(&needle[..6]).or_default().push(needle);
    }
    let starts = (0..haystack.len() - 5).filter_map(|at| Some((at, by_start.get(&haystack[at..at + 6])?)));
    let hits = starts.flat_map(|(at, needles)| needles.iter().filter(move |n| haystack[at..].starts_with(n)));
    hits.map(|hit| String::from_utf8_lossy(hit).into_owned()).collect::<BTreeSet<_>>().into_iter().collect()
}

#[tokio::test]
async fn the_database_tells_no_number_name_or_secret() {
    on_each_database(async |db| {
        let keys = person_keys();
        for n in 0..100 {
            canary(&db, &keys, &phone(n)).await;
        }
        let stored = everything_stored(&db).await;
        assert!(found(&stored, &[b"sign_in".to_vec(), b"active".to_vec()]).len() == 2, "the search sees");
        let needles: Vec<_> = (0..100).flat_map(|n| needles(&phone(n))).collect();
        assert_eq!(needles.len(), 600);
        assert_eq!(found(&stored, &needles), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_value_moved_to_another_row_or_column_does_not_open() {
    const MOVES: [&str; 5] = [
        "UPDATE users SET phone = (SELECT phone FROM users o WHERE o.id <> $1) WHERE id = $1",
        "UPDATE users SET name = (SELECT name FROM users o WHERE o.id <> $1) WHERE id = $1",
        "UPDATE users SET phone = name WHERE id = $1",
        "UPDATE users SET name = totp_secret WHERE id = $1",
        "UPDATE persons SET wrapped_key = (SELECT wrapped_key FROM persons o WHERE o.id <> $1) WHERE id = $1",
    ];
    const SECRET: &str =
        "UPDATE users SET totp_secret = (SELECT totp_secret FROM users o WHERE o.id <> $1) WHERE id = $1";
    on_each_database(async |db| {
        let keys = person_keys();
        for person in [canary(&db, &keys, &phone(1)).await.id, canary(&db, &keys, &phone(2)).await.id] {
            for sql in MOVES {
                let mut tx = db.begin().await.unwrap();
                run(&mut tx, sql, person.uuid()).await;
                let opened = users::find(&mut tx.conn(), &person_keys(), person).await;
                assert!(matches!(opened, Err(StoreError::Crypto(CryptoError::Refused { .. }))), "{sql}");
            }
            let mut tx = db.begin().await.unwrap();
            run(&mut tx, SECRET, person.uuid()).await;
            assert!(users::totp_secret(&mut tx.conn(), &keys, person).await.is_err());
        }
    })
    .await;
}

async fn run(tx: &mut store::Tx, sql: &'static str, person: Uuid) {
    match tx.conn() {
        Conn::Sqlite(c) => drop(sqlx::query(sql).bind(person).execute(c).await.unwrap()),
        Conn::Postgres(c) => drop(sqlx::query(sql).bind(person).execute(c).await.unwrap()),
    }
}

#[tokio::test]
async fn another_master_key_opens_nobody() {
    on_each_database(async |db| {
        let user = canary(&db, &person_keys(), &phone(1)).await;
        let other = PersonKeys::new(Keyring::new(&[43; 32]).into());
        let mut reader = db.read().await.unwrap();
        let opened = users::find(&mut reader.conn(), &other, user.id).await;
        assert!(matches!(opened, Err(StoreError::Crypto(CryptoError::Refused { .. }))));
        assert!(other.key(&mut reader.conn(), user.id.uuid()).await.is_err());
        assert_eq!(users::find_by_phone(&mut reader.conn(), &other, &phone(1)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_erased_person_opens_no_more() {
    on_each_database(async |db| {
        let keys = person_keys();
        let (user, other) = (canary(&db, &keys, &phone(1)).await, canary(&db, &keys, &phone(2)).await);
        let person = user.id.uuid();
        let place = Aad { table: "transfers", column: "people", row: person };
        let key = keys.key(&mut db.read().await.unwrap().conn(), person).await.unwrap();
        let elsewhere = key.seal(place, b"a payee's name");
        assert_eq!(key.open(place, &elsewhere).unwrap(), b"a payee's name");

        let mut tx = db.begin().await.unwrap();
        assert!(users::erase(&mut tx, user.id, instant()).await.unwrap());
        assert!(!users::erase(&mut tx, user.id, instant()).await.unwrap());
        tx.commit().await.unwrap();
        keys.forget(person);

        let mut reader = db.read().await.unwrap();
        let gone = keys.key(&mut reader.conn(), person).await.unwrap_err();
        assert!(matches!(gone, StoreError::Crypto(CryptoError::Erased { .. })));
        assert_eq!(users::find(&mut reader.conn(), &keys, user.id).await.unwrap(), None);
        assert_eq!(users::find_by_phone(&mut reader.conn(), &keys, &phone(1)).await.unwrap(), None);
        assert_eq!(users::totp_secret(&mut reader.conn(), &keys, user.id).await.unwrap(), None);
        assert_eq!(sessions::list(&mut reader.conn(), user.id, instant()).await.unwrap(), vec![]);
        let listed = users::list(&mut reader.conn(), &keys, None, 10).await.unwrap();
        assert_eq!(listed.iter().map(|user| user.id).collect::<Vec<_>>(), [other.id]);
        drop(reader);

        let again = customer(&db, &keys, &phone(1)).await;
        assert_ne!(again.id, user.id, "the number is free for a new person");
    })
    .await;
}

#[tokio::test]
async fn nothing_that_leads_to_an_erased_person_stays_in_the_database() {
    on_each_database(async |db| {
        let keys = person_keys();
        let user = canary(&db, &keys, &phone(1)).await;
        let leads = [wrapped_key(&db).await, users::phone_index(&keyring(), &phone(1)).to_vec()];
        assert_eq!(found(&everything_stored(&db).await, &leads).len(), 2, "the search sees what is stored");

        let mut tx = db.begin().await.unwrap();
        assert!(users::erase(&mut tx, user.id, instant()).await.unwrap());
        tx.commit().await.unwrap();
        db.close().await;
        assert_eq!(found(&everything_stored(&db).await, &leads), Vec::<String>::new());
    })
    .await;
}

async fn wrapped_key(db: &Db) -> Vec<u8> {
    const SQL: &str = "SELECT wrapped_key FROM persons";
    match db.read().await.unwrap().conn() {
        Conn::Sqlite(c) => sqlx::query_scalar(SQL).fetch_one(c).await.unwrap(),
        Conn::Postgres(c) => sqlx::query_scalar(SQL).fetch_one(c).await.unwrap(),
    }
}

#[tokio::test]
async fn keys_are_kept_for_a_while_and_forgotten_on_request() {
    on_each_database(async |db| {
        let keys = person_keys();
        let person = customer(&db, &keys, &phone(1)).await.id.uuid();
        let mut tx = db.begin().await.unwrap();
        keys.key(&mut tx.conn(), person).await.unwrap();
        run(&mut tx, "UPDATE persons SET wrapped_key = NULL WHERE id = $1", person).await;
        assert!(keys.clone().key(&mut tx.conn(), person).await.is_ok(), "clones share what is unwrapped");
        keys.forget(person);
        assert!(keys.key(&mut tx.conn(), person).await.is_err());
        let nobody = Uuid::nil();
        let unknown = keys.key(&mut tx.conn(), nobody).await.unwrap_err();
        assert!(
            matches!(unknown, StoreError::Crypto(CryptoError::UnknownPerson { person }) if person == nobody)
        );
    })
    .await;
}
