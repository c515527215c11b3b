//! Consent and movement commit together or not at all, once, over the version that was read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use domain::transfer::{Fact, Fresh};
use domain::{
    Account, ApprovalId, ApprovalKind, ApprovalState, BusinessId, Currency, EntryId, EntryKind, JournalEntry,
    LedgerStep, Money, MovementState, Nature, Posting, Provider, Reference, TreasuryKind, TreasuryMovement,
    TreasuryTerms, UserId, Wallet,
};
use store::approvals::{self, Approval};
use store::testkit::{instant, on_each_database};
use store::treasury;
use store::writer::{Agreed, Change, Moment, WriteError};
use store::{Db, Writer};
use uuid::Uuid;

/// Time stands still; ids count.
struct Still(AtomicU64);

impl Moment for Still {
    fn now(&self) -> DateTime<Utc> {
        instant()
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(0x1000 + u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

struct Counter(u128);

impl Fresh for Counter {
    fn id(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }

    fn reference(&mut self) -> Reference {
        Reference::from_uuid(self.id())
    }
}

const DIGEST: [u8; 32] = [7; 32];

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

fn approval(n: u128) -> ApprovalId {
    ApprovalId::from_uuid(Uuid::from_u128(n))
}

fn asked(n: u128) -> Approval {
    Approval {
        id: approval(n),
        kind: ApprovalKind::Treasury,
        subject: format!("treasury:{n}"),
        payload: "{}".into(),
        digest: DIGEST,
        maker: Some(user(1)),
        made_by: user(1).to_string(),
        state: ApprovalState::Pending,
        decided_by: None,
        reason: None,
        created_at: instant(),
        decided_at: None,
    }
}

/// A sweep of `minor` that `by` agrees to.
fn agreed(n: u128, minor: i64, by: UserId, digest: [u8; 32]) -> (Change, TreasuryMovement) {
    let terms = TreasuryTerms {
        reference: Reference::from_uuid(Uuid::from_u128(100 + n)),
        kind: TreasuryKind::Sweep,
        provider: Provider::Stripe,
        wallet: Wallet::parse("main").unwrap(),
        bank: "main".into(),
        amount: euros(minor),
        approval: approval(n),
    };
    let step = TreasuryMovement::intend(terms, instant(), &mut Counter(n << 32));
    let change = Change {
        treasury: vec![step.movement.clone()],
        ledger: step.ledger,
        agreed: vec![Agreed { approval: approval(n), digest, by }],
        ..Change::default()
    };
    (change, step.movement)
}

/// A writer over a float of 10 euros, with these approvals waiting.
async fn begin(db: &Db, waiting: &[u128]) -> Writer {
    let writer = Writer::start(db, Arc::new(Still(AtomicU64::new(0)))).unwrap();
    let float: Account = "float:stripe:main:EUR".parse().unwrap();
    let equity = Account::OpeningEquity { currency: Currency::EUR };
    let opening = JournalEntry {
        id: EntryId::from_uuid(Uuid::from_u128(1)),
        kind: EntryKind::Opening,
        nature: Nature::Fact,
        business: BusinessId::Opening,
        movement: None,
        at: instant(),
        postings: vec![Posting::new(float, equity, euros(1000)).unwrap()],
    };
    let proposed = waiting.iter().map(|n| asked(*n)).collect();
    let change = Change { ledger: vec![LedgerStep::Post(opening)], proposed, ..Change::default() };
    writer.submit(change).await.unwrap();
    writer
}

async fn state(db: &Db, n: u128) -> ApprovalState {
    let mut reader = db.read().await.unwrap();
    approvals::find(&mut reader.conn(), approval(n)).await.unwrap().unwrap().state
}

async fn count(db: &Db) -> usize {
    treasury::list(&mut db.read().await.unwrap().conn(), None, 100).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_somebody_else_s_to_what_was_shown_and_counts_once() {
    on_each_database(async |db| {
        let writer = begin(&db, &[2, 3]).await;
        let refused = [
            agreed(2, 400, user(1), DIGEST).0,
            agreed(2, 400, user(2), [8; 32]).0,
            agreed(9, 400, user(2), DIGEST).0,
        ];
        for change in refused {
            assert!(matches!(writer.submit(change).await, Err(WriteError::NotAgreed { .. })));
        }
        let large = writer.submit(agreed(2, 1001, user(2), DIGEST).0).await;
        assert!(matches!(large, Err(WriteError::Ledger(_))), "{large:?}");
        assert_eq!((state(&db, 2).await, count(&db).await), (ApprovalState::Pending, 0), "nothing was done");

        let racing = (0..8).map(|_| writer.submit(agreed(2, 400, user(2), DIGEST).0));
        let done = futures::future::join_all(racing).await;
        assert_eq!(done.iter().filter(|written| written.is_ok()).count(), 1);
        assert_eq!((state(&db, 2).await, count(&db).await), (ApprovalState::Approved, 1));
        let second = writer.submit(agreed(3, 601, user(2), DIGEST).0).await;
        assert!(matches!(second, Err(WriteError::Ledger(_))), "the float is held: {second:?}");
        assert_eq!(state(&db, 3).await, ApprovalState::Pending);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_is_changed_over_the_version_that_was_read() {
    on_each_database(async |db| {
        let writer = begin(&db, &[2]).await;
        let (change, movement) = agreed(2, 400, user(2), DIGEST);
        writer.submit(change).await.unwrap();
        let pending = Fact::Pending { provider_ref: Some("po_1".into()), next_action: None, executing: true };
        let hear = |fact: &Fact, movement: &TreasuryMovement| {
            let step = movement.hear(fact, instant(), &mut Counter(5 << 64)).unwrap().unwrap();
            let change =
                Change { treasury: vec![step.movement.clone()], ledger: step.ledger, ..Change::default() };
            (change, step.movement)
        };
        let (first, submitted) = hear(&pending, &movement);
        let (late, _) = hear(&Fact::Cancelled, &movement);
        writer.submit(first).await.unwrap();
        let stale = writer.submit(late).await;
        assert!(matches!(stale, Err(WriteError::StaleTreasury { .. })), "{stale:?}");
        let paid = Fact::Succeeded {
            provider_ref: Some("po_1".into()),
            transaction_ref: None,
            amount: euros(400),
            fee: None,
            at: None,
        };
        let (change, succeeded) = hear(&paid, &submitted);
        writer.submit(change).await.unwrap();
        let mut reader = db.read().await.unwrap();
        let found = treasury::find(&mut reader.conn(), movement.reference).await.unwrap();
        assert_eq!(found.as_ref(), Some(&succeeded), "every field is read as it was written");
        assert_eq!(succeeded.state, MovementState::Succeeded);
    })
    .await;
}
