//! The writer: a change is written whole or not at all, whatever else is in its batch.

use domain::{InboxId, LedgerError, PromiseId, TransferId};
use futures::future::join_all;
use store::testkit::scene::{Ending, Scene, Way, xof_account};
use store::testkit::{TestDb, on_each_database};
use store::writer::{Answer, Applied, Change, Claim, Kept, NewCallback, NewPromise, WriteError, Written};
use store::{Db, Writer, inbox, ledger, outbox};
use uuid::Uuid;

use super::{count, opened};

pub type Verdict = Result<Written, WriteError>;

/// A claim by a number, with an answer that tells who gave it.
pub fn claim(key: u32, fingerprint: u8, by: &str) -> Claim {
    let mut name = [7; 32];
    name[..4].copy_from_slice(&key.to_be_bytes());
    let answer = Answer { status: 201, location: Some(format!("/v1/x/{key}")), body: by.as_bytes().to_vec() };
    Claim { claim: name, fingerprint: [fingerprint; 32], answer }
}

/// Submits all of `changes` so that they meet in one batch: the writer is kept busy while they queue.
async fn together(db: &Db, writer: &Writer, changes: Vec<Change>) -> Vec<Verdict> {
    let turn = db.begin().await.unwrap();
    let first = writer.submit(Change::default());
    let rest = join_all(changes.into_iter().map(|change| writer.submit(change)));
    let release = async {
        tokio::task::yield_now().await;
        drop(turn);
    };
    let (first, rest, ()) = tokio::join!(first, rest, release);
    first.unwrap();
    rest
}

pub async fn balance(db: &Db, user: domain::UserId) -> i64 {
    let found = ledger::accounts::find(&mut db.read().await.unwrap().conn(), xof_account(user).id()).await;
    found.unwrap().map_or(0, |account| account.balance.minor())
}

fn promise(scene: &Scene, subject: Uuid) -> NewPromise {
    let due_at = store::testkit::instant();
    let id = store::writer::Moment::id(&*scene.clock);
    NewPromise { id, kind: "submit".into(), subject, lane: "wave".into(), payload: None, due_at }
}

fn callback(scene: &Scene, event_key: &str) -> Change {
    let received = NewCallback {
        id: InboxId::from_uuid(store::writer::Moment::id(&*scene.clock)),
        provider: "wave".into(),
        wallet: "sn".into(),
        event_key: event_key.into(),
        proven: true,
        movement: None,
        body: b"sealed".to_vec(),
    };
    Change { received: Some(received), ..Change::default() }
}

/// Dresses a change with one of everything else that commits with it.
fn dressed(scene: &mut Scene, key: u32, change: Change) -> Change {
    let promise = promise(scene, Uuid::from_u128(u128::from(key)));
    let audit = vec![scene.audit()];
    Change { claim: Some(claim(key, 1, "first")), promises: vec![promise], audit, ..change }
}

/// How many rows there are of everything that a refused change must leave no trace in.
async fn rows(db: &Db) -> Vec<i64> {
    let mut rows = Vec::new();
    for sql in [
        "SELECT COUNT(*) FROM transfers",
        "SELECT COUNT(*) FROM movements",
        "SELECT COUNT(*) FROM timeline",
        "SELECT COUNT(*) FROM entries",
        "SELECT COUNT(*) FROM postings",
        "SELECT COUNT(*) FROM holds",
        "SELECT COUNT(*) FROM outbox",
        "SELECT COUNT(*) FROM audit",
        "SELECT COUNT(*) FROM idempotency",
    ] {
        rows.push(count(db, sql).await);
    }
    rows
}

#[tokio::test]
async fn refused_changes_leave_no_trace_and_the_others_are_whole() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 21).await;
        writer.submit(scene.opening()).await.unwrap();
        let (poor, rich, other) = (scene.person(0), scene.person(1), scene.person(2));
        let (mut used, change) = scene.begin(Way::WaveToWave, Ending::Completed);
        writer.submit(change.clone()).await.unwrap();
        let mut same_quote = change.clone();
        same_quote.transfers[0].transfer.id = TransferId::from_uuid(Uuid::from_u128(99));
        let next = scene.proceed(&mut used).unwrap();
        let mut stale = next.clone();
        stale.transfers[0].transfer.version += 5;
        let kept = Kept { id: PromiseId::from_uuid(Uuid::nil()), attempt: 1, again_at: None, error: None };
        let lost = Change { kept: Some(kept), ..scene.gift(rich, other, 3) };
        let before = rows(&db).await;
        let good = [scene.gift(rich, other, 1), next, scene.gift(other, rich, 2), scene.gift(rich, other, 4)];
        let bad = [scene.gift(poor, other, 100_000_001), same_quote, stale, lost];
        let mut changes = Vec::new();
        for (key, change) in good.into_iter().zip(bad).flat_map(|(good, bad)| [good, bad]).enumerate() {
            changes.push(dressed(&mut scene, u32::try_from(key).unwrap(), change));
        }
        let verdicts = together(&db, &writer, changes).await;
        let told: Vec<String> = verdicts.iter().map(told).collect();
        assert_eq!(told, ["done", "no funds", "done", "quote used", "done", "stale", "done", "lease lost"]);
        // transfers, movements, timeline, entries, postings, holds, outbox, audit, answers
        let after = rows(&db).await;
        let grown: Vec<i64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        assert_eq!(grown, [0, 0, 1, 3, 3, 0, 4, 4, 4]);
        assert_eq!(balance(&db, rich).await, 99_999_997);
        assert_eq!(balance(&db, poor).await, 100_000_000);
    })
    .await;
}

pub fn told(verdict: &Verdict) -> String {
    match verdict {
        Ok(Written::Done) => "done".into(),
        Ok(Written::Replayed(answer)) => format!("replayed {}", String::from_utf8_lossy(&answer.body)),
        Ok(Written::Duplicate) => "duplicate".into(),
        Err(WriteError::Ledger(LedgerError::InsufficientFunds { .. })) => "no funds".into(),
        Err(WriteError::Stale { .. }) => "stale".into(),
        Err(WriteError::QuoteUsed { .. }) => "quote used".into(),
        Err(WriteError::KeyReused) => "key reused".into(),
        Err(WriteError::LeaseLost) => "lease lost".into(),
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn a_replay_gets_the_same_bytes_and_writes_nothing() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 22).await;
        writer.submit(scene.opening()).await.unwrap();
        let (from, to) = (scene.person(0), scene.person(1));
        let first = scene.gift(from, to, 10);
        let change = dressed(&mut scene, 1, first);
        assert_eq!(writer.submit(change.clone()).await.unwrap(), Written::Done);
        let before = rows(&db).await;
        let answer = change.claim.clone().unwrap().answer;
        // The very same change again, and the same request decided anew with another answer.
        let anew = scene.gift(from, to, 10);
        let anew = Change { claim: Some(claim(1, 1, "second")), ..dressed(&mut scene, 1, anew) };
        for again in [change.clone(), anew.clone()] {
            assert_eq!(writer.submit(again).await.unwrap(), Written::Replayed(answer.clone()));
        }
        let other = Change { claim: Some(claim(1, 2, "third")), ..anew };
        assert_eq!(told(&writer.submit(other).await), "key reused");
        assert_eq!(rows(&db).await, before);
        let found =
            store::idempotency::find(&mut db.read().await.unwrap().conn(), &claim(1, 1, "").claim).await;
        assert_eq!(found.unwrap(), Some(([1; 32], answer)));
    })
    .await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 23).await;
        writer.submit(scene.opening()).await.unwrap();
        let (from, to) = (scene.person(0), scene.person(1));
        let too_much = scene.gift(from, to, 100_000_001);
        let refused = dressed(&mut scene, 1, too_much);
        assert_eq!(told(&writer.submit(refused.clone()).await), "no funds");
        writer.submit(scene.gift(to, from, 1)).await.unwrap();
        assert_eq!(told(&writer.submit(refused).await), "done");
        assert_eq!(balance(&db, from).await, 0);
    })
    .await;
}

#[tokio::test]
async fn one_key_sixty_four_times_at_once_has_one_effect() {
    on_each_database(async |db| {
        for identical in [false, true] {
            let (mut scene, writer) = (Scene::new(24), super::writer(&db, &Scene::new(24)));
            store::idempotency::rotate(&db, store::testkit::instant()).await.unwrap();
            writer.submit(scene.opening()).await.unwrap();
            let (from, to) = (scene.person(0), scene.person(1));
            let before = balance(&db, to).await;
            let key = u32::from(identical);
            let changes = (0..64).map(|nth| {
                let by = if identical { "all".into() } else { format!("try {nth}") };
                Change { claim: Some(claim(key, 1, &by)), ..scene.gift(from, to, 5) }
            });
            let changes: Vec<Change> = changes.collect();
            let verdicts = together(&db, &writer, changes.clone()).await;
            let winner = verdicts.iter().position(|verdict| told(verdict) == "done").unwrap();
            let answer = changes[winner].claim.clone().unwrap().answer;
            for (nth, verdict) in verdicts.into_iter().enumerate().filter(|(nth, _)| *nth != winner) {
                assert_eq!(verdict.unwrap(), Written::Replayed(answer.clone()), "try {nth}");
            }
            assert_eq!(balance(&db, to).await - before, 5);
        }
    })
    .await;
}

#[tokio::test]
async fn of_sixty_four_spends_of_all_there_is_one_succeeds() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 25).await;
        writer.submit(scene.opening()).await.unwrap();
        let from = scene.person(0);
        for round in 0..20 {
            let all = balance(&db, from).await;
            let to: Vec<_> = (0..64).map(|nth| scene.person(1 + nth % 4)).collect();
            let spends = to.iter().map(|to| scene.gift(from, *to, all)).collect();
            let verdicts = match round % 2 {
                0 => together(&db, &writer, spends).await,
                _ => join_all(spends.into_iter().map(|spend| writer.submit(spend))).await,
            };
            let done: Vec<usize> = (0..64).filter(|nth| told(&verdicts[*nth]) == "done").collect();
            assert_eq!(done.len(), 1);
            assert!(verdicts.iter().all(|verdict| ["done", "no funds"].contains(&told(verdict).as_str())));
            assert_eq!(balance(&db, from).await, 0);
            writer.submit(scene.gift(to[done[0]], from, all)).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn an_overdraft_within_a_batch_is_seen_although_the_batch_nets_out() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 26).await;
        writer.submit(scene.opening()).await.unwrap();
        let (a, b) = (scene.person(0), scene.person(1));
        let all = balance(&db, a).await;
        let changes = vec![
            scene.gift(a, b, all),
            scene.gift(a, b, all),
            scene.gift(b, a, all),
            scene.gift(a, b, all),
            scene.gift(a, b, 1),
        ];
        let verdicts = together(&db, &writer, changes).await;
        let told: Vec<String> = verdicts.iter().map(told).collect();
        assert_eq!(told, ["done", "no funds", "done", "done", "no funds"]);
        assert_eq!((balance(&db, a).await, balance(&db, b).await), (0, 2 * all));
    })
    .await;
}

#[tokio::test]
async fn twenty_copies_of_a_callback_at_once_are_stored_once() {
    on_each_database(async |db| {
        let (scene, writer) = opened(&db, 27).await;
        let copies: Vec<Change> =
            (0..20).flat_map(|_| ["evt-1", "evt-2"]).map(|key| callback(&scene, key)).collect();
        let verdicts = together(&db, &writer, copies.clone()).await;
        for parity in [0, 1] {
            let of_one = || verdicts.iter().map(told).skip(parity).step_by(2);
            assert_eq!(of_one().filter(|told| told == "done").count(), 1);
            assert_eq!(of_one().filter(|told| told == "duplicate").count(), 19);
        }
        let late = join_all(copies.into_iter().map(|copy| writer.submit(copy))).await;
        assert!(late.iter().all(|verdict| told(verdict) == "duplicate"));
        assert_eq!(count(&db, "SELECT COUNT(*) FROM inbox").await, 2);
    })
    .await;
}

#[tokio::test]
async fn only_the_last_claimer_keeps_a_promise() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 28).await;
        writer.submit(scene.opening()).await.unwrap();
        let (a, b) = (scene.person(0), scene.person(1));
        let subject = Uuid::from_u128(5);
        let promises = vec![promise(&scene, subject)];
        writer.submit(Change { promises, ..Change::default() }).await.unwrap();
        let (first, second) = (claimed(&db, 0).await, claimed(&db, 60).await);
        assert_eq!((first.attempt, second.attempt), (1, 2));
        let keep = |attempt, again_at| Kept { id: first.id, attempt, again_at, error: None };
        let mut kept = |kept| Change { kept: Some(kept), ..scene.gift(a, b, 1) };
        assert_eq!(told(&writer.submit(kept(keep(1, None))).await), "lease lost");
        let again = store::testkit::instant() + chrono::Duration::minutes(9);
        assert_eq!(told(&writer.submit(kept(keep(2, Some(again)))).await), "done");
        assert!(claim_due(&db, 120).await.is_empty());
        let third = claimed(&db, 600).await;
        let both = together(&db, &writer, vec![kept(keep(3, None)), kept(keep(3, None))]).await;
        assert_eq!(both.iter().map(told).collect::<Vec<_>>(), ["done", "lease lost"]);
        assert_eq!(third.attempt, 3);
        assert!(claim_due(&db, 100_000).await.is_empty());
        assert_eq!(balance(&db, b).await, 100_000_002);
    })
    .await;
}

async fn claim_due(db: &TestDb, after_s: i64) -> Vec<outbox::Claimed> {
    let now = store::testkit::instant() + chrono::Duration::seconds(after_s);
    let mut tx = db.begin().await.unwrap();
    let claimed = outbox::claim(&mut tx, "wave", now, 0, 9).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

async fn claimed(db: &TestDb, after_s: i64) -> outbox::Claimed {
    claim_due(db, after_s).await.pop().unwrap()
}

#[tokio::test]
async fn a_callback_is_applied_once_by_its_last_claimer() {
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 29).await;
        writer.submit(scene.opening()).await.unwrap();
        writer.submit(callback(&scene, "evt-1")).await.unwrap();
        let (a, b) = (scene.person(0), scene.person(1));
        let soon = scene.clock.clone();
        soon.pass(chrono::Duration::hours(1));
        let mut attempts = Vec::new();
        for minutes in [70, 80] {
            let now = store::testkit::instant() + chrono::Duration::minutes(minutes);
            let mut tx = db.begin().await.unwrap();
            attempts.extend(inbox::claim(&mut tx, now, 0, 9).await.unwrap());
            tx.commit().await.unwrap();
        }
        let id = attempts[0].id;
        let mut apply = |attempt| {
            let applied = Applied { id, attempt, outcome: "applied".into() };
            Change { applied: Some(applied), ..scene.gift(a, b, 1) }
        };
        assert_eq!(told(&writer.submit(apply(1)).await), "lease lost");
        let changes = vec![apply(2), apply(2)];
        let verdicts = together(&db, &writer, changes).await;
        assert_eq!(verdicts.iter().map(told).collect::<Vec<_>>(), ["done", "lease lost"]);
        assert_eq!(inbox::count_waiting(&mut db.read().await.unwrap().conn()).await.unwrap(), 0);
        assert_eq!(balance(&db, b).await, 100_000_001);
    })
    .await;
}

#[tokio::test]
async fn readers_never_see_half_a_change() {
    const SUM: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN kind IN ('asset', 'expense', 'position') \
         THEN balance ELSE -balance END), 0) AS BIGINT) FROM accounts WHERE currency = 'XOF'";
    on_each_database(async |db| {
        let (mut scene, writer) = opened(&db, 30).await;
        let reading = async {
            let mut reads = 0;
            while reads < 400 {
                assert_eq!(count(&db, SUM).await, 0);
                reads += 1;
            }
        };
        let playing = scene.play(&writer, 96);
        tokio::join!(reading, playing);
    })
    .await;
}
