//! Lines of statements: kept once, never changed, found again; and how far each statement was read.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{Currency, Learned, LineKind, Money, Provider, Reference, Wallet};
use proptest::prelude::*;
use store::Db;
use store::provider_lines::{self, Kept, LineFilter, ProviderLine};
use store::statement_reads::{self, Pass, StatementRead};
use store::testkit::{TestDb, instant, on_each_database};
use uuid::Uuid;

use crate::race;

fn wallet(name: &str) -> Wallet {
    Wallet::parse(name).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    instant() + TimeDelta::seconds(seconds)
}

fn xof(minor: i64) -> Money {
    Money::new(minor, Currency::XOF)
}

/// The `nth` line of Wave's Senegalese wallet, a second after the one before.
fn line(nth: i64) -> ProviderLine {
    ProviderLine {
        id: Uuid::new_v4(),
        provider: Provider::Wave,
        wallet: wallet("sn"),
        key: format!("T_{nth}"),
        kind: LineKind::Collection,
        word: "api_checkout".into(),
        gross: xof(1_000 + nth),
        fee: xof(10),
        net: xof(990 + nth),
        reference: Some(Reference::from_uuid(Uuid::from_u128(nth.unsigned_abs().into()))),
        provider_ref: Some(format!("cos-{nth}")),
        occurred_at: at(nth),
        available_at: None,
        day: instant().date_naive(),
        learned: Learned::List,
        raw: [7; 32],
        fetched_at: at(0),
    }
}

async fn keep(db: &Db, lines: &[ProviderLine]) -> Kept {
    let mut tx = db.begin().await.unwrap();
    let kept = provider_lines::keep(&mut tx, lines).await.unwrap();
    tx.commit().await.unwrap();
    kept
}

async fn list(db: &Db, filter: &LineFilter) -> Vec<ProviderLine> {
    provider_lines::list(&mut db.read().await.unwrap().conn(), filter, None, 10_000).await.unwrap()
}

fn keys(lines: &[ProviderLine]) -> Vec<&str> {
    lines.iter().map(|line| line.key.as_str()).collect()
}

#[tokio::test]
async fn a_line_is_kept_once_and_reads_back_as_it_was() {
    on_each_database(async |db| {
        let full = line(1);
        let bare = ProviderLine {
            kind: LineKind::Other,
            word: String::new(),
            gross: xof(-5),
            fee: xof(0),
            net: xof(-5),
            reference: None,
            provider_ref: None,
            available_at: Some(at(86_400)),
            learned: Learned::Person,
            ..line(2)
        };
        assert_eq!(keep(&db, &[full.clone(), bare.clone()]).await.new, ["T_1", "T_2"]);
        let again = ProviderLine { id: Uuid::new_v4(), fetched_at: at(99), ..full.clone() };
        assert_eq!(keep(&db, &[again.clone(), again]).await, Kept::default(), "the same is nothing");
        let elsewhere = ProviderLine { id: Uuid::new_v4(), wallet: wallet("ci"), ..full.clone() };
        assert_eq!(
            keep(&db, std::slice::from_ref(&elsewhere)).await.new,
            ["T_1"],
            "another wallet's has its own names"
        );
        assert_eq!(
            list(&db, &LineFilter { wallet: Some(wallet("sn")), ..LineFilter::default() }).await,
            [bare, full]
        );
        let (sum, count) = provider_lines::sum(
            &mut db.read().await.unwrap().conn(),
            Provider::Wave,
            &wallet("sn"),
            Currency::XOF,
        )
        .await
        .unwrap();
        assert_eq!((sum, count), (xof(991 - 5), 2));
    })
    .await;
}

#[tokio::test]
async fn what_a_line_says_another_time_is_kept_beside_it_once() {
    on_each_database(async |db| {
        let first = line(1);
        keep(&db, std::slice::from_ref(&first)).await;
        let changed =
            ProviderLine { id: Uuid::new_v4(), gross: xof(2_000), net: xof(1_990), ..first.clone() };
        assert_eq!(
            keep(&db, std::slice::from_ref(&changed)).await,
            Kept { new: vec![], changed: vec!["T_1".into()] }
        );
        assert_eq!(keep(&db, std::slice::from_ref(&changed)).await, Kept::default(), "it said so before");
        let variants = [
            ProviderLine { fee: xof(11), gross: xof(1_002), ..first.clone() },
            ProviderLine { reference: None, ..first.clone() },
            ProviderLine { provider_ref: None, ..first.clone() },
            ProviderLine { kind: LineKind::Refund, ..first.clone() },
            ProviderLine { occurred_at: at(77), ..first.clone() },
        ];
        for variant in variants {
            assert_eq!(keep(&db, std::slice::from_ref(&variant)).await.changed, ["T_1"], "{variant:?}");
        }
        let harmless = [
            ProviderLine { available_at: Some(at(9)), ..first.clone() },
            ProviderLine {
                word: "checkout".into(),
                raw: [8; 32],
                day: NaiveDate::from_ymd_opt(2030, 1, 1).unwrap(),
                ..first.clone()
            },
        ];
        assert_eq!(keep(&db, &harmless).await, Kept::default());
        let there = list(&db, &LineFilter::default()).await;
        assert_eq!(there, std::slice::from_ref(&first), "the line itself stays");
        let found =
            provider_lines::differences(&mut db.read().await.unwrap().conn(), &[first.id]).await.unwrap();
        assert_eq!(found.len(), 6);
        assert!(found.iter().any(|other| (other.gross, other.net) == (xof(2_000), xof(1_990))));
        let derived = ProviderLine { key: "d".into(), learned: Learned::Status, ..line(5) };
        keep(&db, std::slice::from_ref(&derived)).await;
        let later = ProviderLine { id: Uuid::new_v4(), occurred_at: at(400), ..derived };
        assert_eq!(
            keep(&db, &[later]).await,
            Kept::default(),
            "what was learned of one movement is not compared"
        );
    })
    .await;
}

/// Whether a statement of somebody with the database's password is refused by the database itself.
async fn is_refused(db: &TestDb, sql: &'static str) -> bool {
    let mut tx = db.begin().await.unwrap();
    match tx.conn() {
        store::Conn::Sqlite(c) => sqlx::query(sql).execute(c).await.is_err(),
        store::Conn::Postgres(c) => sqlx::query(sql).execute(c).await.is_err(),
    }
}

#[tokio::test]
async fn nobody_changes_or_removes_a_line() {
    on_each_database(async |db| {
        let first = line(1);
        keep(&db, std::slice::from_ref(&first)).await;
        keep(&db, &[ProviderLine { reference: None, ..first.clone() }]).await;
        for sql in [
            "UPDATE provider_lines SET net_minor = net_minor + 1, gross_minor = gross_minor + 1",
            "UPDATE provider_lines SET kind = 'other'",
            "DELETE FROM provider_lines",
            "UPDATE provider_line_differences SET fee_minor = 0",
            "DELETE FROM provider_line_differences",
        ] {
            assert!(is_refused(&db, sql).await, "{sql}");
        }
        assert_eq!(list(&db, &LineFilter::default()).await, [first]);
    })
    .await;
}

#[tokio::test]
async fn a_line_that_does_not_add_up_is_refused() {
    on_each_database(async |db| {
        let wrong = ProviderLine { net: xof(1), ..line(1) };
        let mut tx = db.begin().await.unwrap();
        assert!(provider_lines::keep(&mut tx, &[wrong]).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn lines_are_found_by_what_they_are_and_in_pages() {
    on_each_database(async |db| {
        let mut lines: Vec<ProviderLine> = (0..30).map(line).collect();
        lines[3].kind = LineKind::Refund;
        lines[4].provider = Provider::Stripe;
        lines[5].wallet = wallet("ci");
        lines[7].occurred_at = lines[6].occurred_at;
        keep(&db, &lines).await;
        let of = |filter: LineFilter| {
            let db = (*db).clone();
            async move {
                let found = list(&db, &filter).await;
                keys(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
            }
        };
        let none = LineFilter::default;
        assert_eq!(of(LineFilter { kind: Some(LineKind::Refund), ..none() }).await, ["T_3"]);
        assert_eq!(of(LineFilter { provider: Some(Provider::Stripe), ..none() }).await, ["T_4"]);
        assert_eq!(of(LineFilter { wallet: Some(wallet("ci")), ..none() }).await, ["T_5"]);
        assert_eq!(of(LineFilter { reference: lines[9].reference, ..none() }).await, ["T_9"]);
        let both = LineFilter { reference: lines[9].reference, wallet: Some(wallet("ci")), ..none() };
        assert!(of(both).await.is_empty());
        let within = LineFilter { from: Some(at(10)), to: Some(at(12)), ..none() };
        assert_eq!(of(within).await, ["T_11", "T_10"]);
        let mut paged = Vec::new();
        let mut before = None;
        loop {
            let page =
                provider_lines::list(&mut db.read().await.unwrap().conn(), &none(), before, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some((last.occurred_at, last.id));
            paged.extend(page.into_iter().map(|line| line.key));
        }
        assert_eq!(paged, of(none()).await);
        assert_eq!(paged.len(), 30);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_that_keep_the_same_page_at_once_keep_each_line_once() {
    on_each_database(async |db| {
        let kept = race(8, |_| {
            let db = (*db).clone();
            async move { keep(&db, &(0..40).map(line).collect::<Vec<_>>()).await }
        })
        .await;
        assert_eq!(kept.iter().map(|kept| kept.new.len()).sum::<usize>(), 40);
        assert!(kept.iter().all(|kept| kept.changed.is_empty()));
        assert_eq!(list(&db, &LineFilter::default()).await.len(), 40);
    })
    .await;
}

/// Any order and any repetition of pages comes to the same rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_in_any_order_and_number_come_to_the_same_lines() {
    on_each_database(async |db| {
        let runtime = tokio::runtime::Handle::current();
        let shuffles = prop::collection::vec(0_usize..9, 0..24);
        let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
        tokio::task::block_in_place(|| {
            proptest!(config, |(order in shuffles, nth in 0_u32..1_000_000)| {
                let name = wallet(&format!("w{nth}-{}", Uuid::new_v4().as_fields().0 % 1_000));
                let page = |page: usize| -> Vec<ProviderLine> {
                    // Pages overlap by two lines, as when a list grows while it is read.
                    let first = i64::try_from(page).unwrap() * 5;
                    (first..first + 7).map(|nth| ProviderLine { wallet: name.clone(), ..line(nth) }).collect()
                };
                let expected: std::collections::BTreeSet<String> = order
                    .iter()
                    .flat_map(|nth| page(*nth))
                    .map(|line| line.key)
                    .collect();
                runtime.block_on(async {
                    let mut new = 0;
                    for nth in &order {
                        let kept = keep(&db, &page(*nth)).await;
                        assert!(kept.changed.is_empty());
                        new += kept.new.len();
                    }
                    let filter = LineFilter { wallet: Some(name.clone()), ..LineFilter::default() };
                    let found: Vec<String> = list(&db, &filter).await.into_iter().map(|line| line.key).collect();
                    assert_eq!(new, found.len());
                    assert_eq!(found.into_iter().collect::<std::collections::BTreeSet<_>>(), expected);
                });
            });
        });
    })
    .await;
}

async fn find(db: &Db, provider: Provider) -> Option<StatementRead> {
    let mut reader = db.read().await.unwrap();
    statement_reads::find(&mut reader.conn(), provider, &wallet("sn")).await.unwrap()
}

#[tokio::test]
async fn how_far_a_statement_was_read_reads_back() {
    on_each_database(async |db| {
        let day = instant().date_naive();
        let first = StatementRead {
            provider: Provider::Wave,
            wallet: wallet("sn"),
            first_day: day,
            open_day: day,
            pass: Some(Pass { day, cursor: Some("c".into()), begun_at: at(1) }),
            round_at: Some(at(1)),
            whole_at: None,
            due_at: at(2),
            lines: 3,
            differences: 1,
            net_minor: -4,
            last_line_at: Some(at(0)),
            failures: 2,
            error: Some("rate limited".into()),
            updated_at: at(2),
        };
        let done =
            StatementRead { pass: None, whole_at: Some(at(1)), failures: 0, error: None, ..first.clone() };
        for read in [&first, &done] {
            let mut tx = db.begin().await.unwrap();
            statement_reads::save(&mut tx, read).await.unwrap();
            tx.commit().await.unwrap();
            let found = find(&db, Provider::Wave).await;
            assert_eq!(found.as_ref(), Some(read));
        }
        assert_eq!(statement_reads::list(&mut db.read().await.unwrap().conn()).await.unwrap(), [done]);
        assert_eq!(find(&db, Provider::Stripe).await, None);
    })
    .await;
}
