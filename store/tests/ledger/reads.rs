//! What staff read of the books, and that it equals a replay.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{Account, Book, BusinessId, Currency, LedgerStep};
use store::ledger::{accounts, entries, trial};
use store::testkit::on_each_database;
use store::testkit::scene::{Ending, Scene, Way};
use store::writer::Change;

use super::{opened, seal_all};

/// Everything a scene commits, kept aside, so that it can be replayed.
async fn recorded(scene: &mut Scene, writer: &store::Writer) -> Vec<LedgerStep> {
    let mut changes: Vec<Change> = vec![scene.opening()];
    for (nth, way) in Way::ALL.into_iter().cycle().take(24).enumerate() {
        let (mut story, change) = scene.begin(way, Ending::ALL[nth % Ending::ALL.len()]);
        changes.push(change);
        while let Some(change) = scene.proceed(&mut story) {
            changes.push(change);
        }
    }
    let steps = changes.iter().flat_map(|change| change.ledger.clone()).collect();
    for change in changes {
        writer.submit(change).await.unwrap();
    }
    steps
}

fn replayed(steps: &[LedgerStep], until: DateTime<Utc>) -> BTreeMap<String, i64> {
    let posts: Vec<LedgerStep> = steps
        .iter()
        .filter(|step| matches!(step, LedgerStep::Post(entry) if entry.at <= until))
        .cloned()
        .collect();
    let mut book = Book::default();
    book.apply(&posts).unwrap();
    let changed = book.changed_balances();
    changed.map(|one| (one.account.to_string(), one.balance)).filter(|(_, minor)| *minor != 0).collect()
}

fn told(trial: &trial::TrialBalance) -> BTreeMap<String, i64> {
    let lines = trial.lines.iter().map(|line| (line.account.to_string(), line.balance.minor()));
    lines.filter(|(_, minor)| *minor != 0).collect()
}

#[tokio::test]
async fn the_trial_balance_equals_a_replay_at_any_instant_sealed_or_not() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 11).await;
        let steps = recorded(&mut scene, &writer).await;
        let instants: Vec<DateTime<Utc>> = steps
            .iter()
            .filter_map(|step| if let LedgerStep::Post(entry) = step { Some(entry.at) } else { None })
            .collect();
        for round in ["waiting", "sealed"] {
            for at in instants.iter().step_by(17).chain(instants.last()) {
                let trial = trial::trial_balance(&db, Some(*at)).await.unwrap();
                assert_eq!(told(&trial), replayed(&steps, *at), "{round} at {at}");
                assert!(trial.is_balanced());
            }
            let now = trial::trial_balance(&db, None).await.unwrap();
            assert_eq!(told(&now), replayed(&steps, DateTime::<Utc>::MAX_UTC), "{round}");
            assert!(now.is_balanced() && now.totals().len() == 4, "{:?}", now.totals());
            seal_all(&db, &scene).await;
        }
        let before = trial::trial_balance(&db, Some(DateTime::UNIX_EPOCH)).await.unwrap();
        assert_eq!(told(&before), BTreeMap::new());
    })
    .await;
}

#[tokio::test]
async fn accounts_are_found_by_prefix_currency_and_page() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 12).await;
        recorded(&mut scene, &writer).await;
        let mut reader = db.read().await.unwrap();
        let all = accounts::list(&mut reader.conn(), &Default::default(), None, 1000).await.unwrap();
        let names: Vec<String> = all.iter().map(|one| one.account.to_string()).collect();
        assert!(names.is_sorted() && names.len() > 15, "{names:?}");
        let mut paged = Vec::new();
        while let Some(page) = {
            let after = paged.last().cloned();
            let page =
                accounts::list(&mut reader.conn(), &Default::default(), after.as_deref(), 4).await.unwrap();
            (!page.is_empty()).then_some(page)
        } {
            paged.extend(page.iter().map(|one| one.account.to_string()));
        }
        assert_eq!(paged, names);
        let filter = accounts::AccountFilter { prefix: Some("float:wave:".into()), currency: None };
        let floats = accounts::list(&mut reader.conn(), &filter, None, 9).await.unwrap();
        let floats: Vec<String> = floats.iter().map(|one| one.account.to_string()).collect();
        assert_eq!(floats, ["float:wave:ci:XOF", "float:wave:sn:XOF"]);
        let filter = accounts::AccountFilter { prefix: None, currency: Some(Currency::CNY) };
        let yuan = accounts::list(&mut reader.conn(), &filter, None, 99).await.unwrap();
        assert!(!yuan.is_empty() && yuan.iter().all(|one| one.balance.currency() == Currency::CNY));
        assert!(yuan.iter().any(|one| one.account.is_admin_only()));
        for stored in &all {
            let found = accounts::find(&mut reader.conn(), stored.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(stored));
        }
        let nobody = Account::Bank { name: "nobody".into(), currency: Currency::XOF };
        assert_eq!(accounts::find(&mut reader.conn(), nobody.id()).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_business_is_told_whole_before_and_after_sealing() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 13).await;
        writer.submit(scene.opening()).await.unwrap();
        let (mut story, change) = scene.begin(Way::EuroToFranc, Ending::Refunded);
        let business = BusinessId::Transfer(story.case.transfer.id);
        let mut written = change.ledger.clone();
        writer.submit(change).await.unwrap();
        let mut rounds = 0;
        while let Some(change) = scene.proceed(&mut story) {
            written.extend(change.ledger.clone());
            writer.submit(change).await.unwrap();
            if rounds == 1 {
                seal_all(&db, &scene).await;
            }
            rounds += 1;
        }
        let expected: Vec<_> = written
            .into_iter()
            .filter_map(|step| if let LedgerStep::Post(entry) = step { Some(entry) } else { None })
            .collect();
        for sealed in [false, true] {
            let mut reader = db.read().await.unwrap();
            let told = entries::of_business(&mut reader.conn(), business).await.unwrap();
            assert_eq!(told.iter().all(|one| one.number.is_some()), sealed);
            assert!(told[0].number.is_some());
            let told: Vec<_> = told.into_iter().map(|one| one.entry).collect();
            assert_eq!(told, expected);
            drop(reader);
            seal_all(&db, &scene).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_statement_is_paged_by_number_and_says_how_far_it_goes() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 14).await;
        recorded(&mut scene, &writer).await;
        let account: Account = "float:wave:sn:XOF".parse().unwrap();
        let mut reader = db.read().await.unwrap();
        assert_eq!(entries::of_account(&mut reader.conn(), &account, None, 9).await.unwrap(), vec![]);
        assert!(entries::sealing(&mut reader.conn()).await.unwrap().waiting > 0);
        seal_all(&db, &scene).await;
        let all = entries::of_account(&mut reader.conn(), &account, None, 1000).await.unwrap();
        assert!(all.len() > 8 && all.is_sorted_by(|a, b| a.number > b.number));
        for pair in all.windows(2) {
            assert_eq!(pair[0].balance.minor(), pair[1].balance.minor() + pair[0].delta.minor());
        }
        let mut paged = Vec::new();
        loop {
            let before = paged.last().map(|line: &entries::StatementLine| line.number);
            let page = entries::of_account(&mut reader.conn(), &account, before, 3).await.unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, all);
    })
    .await;
}
