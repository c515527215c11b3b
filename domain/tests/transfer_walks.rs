//! Random walks through the life of transfers: anything may be heard, in any order, any number of times.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should stop it")]

mod support;

use chrono::{DateTime, Duration, Utc};
use domain::movement::Late;
use domain::transfer::{Again, Case, Event, Fact, HoldCause, RefundAsk, Refundable, Step};
use domain::{
    Account, LedgerError, Money, Movement, MovementKind, MovementState, Provider, Rail, Transfer,
    TransferStatus, Wallet,
};
use proptest::prelude::*;
use support::{
    Books, Counter, Exchange, FUNDING, Order, PAYOUT, Walked, customer, floats, friend, heard, owner,
    revalued, start, succeeded, transfer,
};

/// What a walker does next; numbers choose among what is there.
#[derive(Clone, Debug)]
enum Act {
    Hear {
        case: usize,
        movement: usize,
        word: Word,
    },
    Dispatch {
        case: usize,
        movement: usize,
    },
    Expire {
        case: usize,
    },
    Cancel {
        case: usize,
    },
    LearnFee {
        case: usize,
        movement: usize,
        fee: i64,
    },
    GiveBack {
        case: usize,
        movement: usize,
    },
    Reuse {
        case: usize,
        movement: usize,
    },
    Hold {
        case: usize,
    },
    Release {
        case: usize,
    },
    Refuse {
        case: usize,
    },
    Revalue {
        case: usize,
    },
    Retry {
        case: usize,
        what: usize,
    },
    /// Thousandths of what is left; all of it when absent.
    AskRefund {
        case: usize,
        part: Option<i64>,
        keeps_fee: bool,
        funding: Refundable,
        reversible: bool,
    },
    /// The payee spends thousandths of their balance.
    Spend {
        part: i64,
    },
    Wait {
        seconds: i64,
    },
    TopUp,
}

/// Whatever movement began last.
const LAST: usize = usize::MAX;

#[derive(Clone, Debug)]
enum Word {
    Pending { executing: bool },
    Disputed { fee: Option<i64> },
    DisputeWon,
    FailedLater,
    Succeeded { fee: Option<i64>, minutes_ago: i64 },
    WrongAmount,
    Declined,
    Expired,
    Cancelled,
    Reversed,
    NotFound { resend: bool },
    RefusedUnlessFound,
    Unknown,
}

fn order() -> impl Strategy<Value = Order> {
    let exchange = prop::sample::select(&Exchange::ALL[..]);
    let (funding, payout) = (prop::sample::select(&FUNDING[..]), prop::sample::select(&PAYOUT[..]));
    (exchange, funding, payout, 2_000..5_000_000_i64, any::<bool>()).prop_map(
        |(exchange, funding, payout, send, to_self)| Order { exchange, funding, payout, send, to_self },
    )
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        4 => any::<bool>().prop_map(|executing| Word::Pending { executing }),
        3 => prop::option::of(0..900_i64).prop_map(|fee| Word::Disputed { fee }),
        3 => Just(Word::DisputeWon),
        3 => Just(Word::FailedLater),
        8 => (prop::option::of(0..900_i64), 0..90_i64)
            .prop_map(|(fee, minutes_ago)| Word::Succeeded { fee, minutes_ago }),
        1 => Just(Word::WrongAmount),
        4 => Just(Word::Declined),
        2 => Just(Word::Expired),
        1 => Just(Word::Cancelled),
        2 => Just(Word::Reversed),
        3 => any::<bool>().prop_map(|resend| Word::NotFound { resend }),
        2 => Just(Word::RefusedUnlessFound),
        3 => Just(Word::Unknown),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let case = prop_oneof![2 => Just(0_usize), 1 => 0..3_usize];
    let movement = prop_oneof![2 => 0..8_usize, 1 => Just(LAST)];
    prop_oneof![
        12 => (case.clone(), movement.clone(), word())
            .prop_map(|(case, movement, word)| Act::Hear { case, movement, word }),
        6 => (case.clone(), movement.clone()).prop_map(|(case, movement)| Act::Dispatch { case, movement }),
        1 => case.clone().prop_map(|case| Act::Expire { case }),
        1 => case.clone().prop_map(|case| Act::Cancel { case }),
        2 => (case.clone(), movement.clone(), 0..900_i64)
            .prop_map(|(case, movement, fee)| Act::LearnFee { case, movement, fee }),
        2 => (case.clone(), movement.clone()).prop_map(|(case, movement)| Act::GiveBack { case, movement }),
        2 => (case.clone(), movement).prop_map(|(case, movement)| Act::Reuse { case, movement }),
        3 => case.clone().prop_map(|case| Act::Hold { case }),
        1 => case.clone().prop_map(|case| Act::Release { case }),
        1 => case.clone().prop_map(|case| Act::Refuse { case }),
        2 => case.clone().prop_map(|case| Act::Revalue { case }),
        6 => (case.clone(), 0..3_usize).prop_map(|(case, what)| Act::Retry { case, what }),
        6 => ask_refund(),
        1 => (1..=1_000_i64).prop_map(|part| Act::Spend { part }),
        2 => (1..4_000_i64).prop_map(|seconds| Act::Wait { seconds }),
        1 => Just(Act::TopUp),
    ]
}

fn ask_refund() -> impl Strategy<Value = Act> {
    let part = prop_oneof![1 => Just(None), 4 => (1..=1_000_i64).prop_map(Some)];
    let funding = prop_oneof![4 => Just(Refundable::Parts), 2 => Just(Refundable::Whole), 1 => Just(Refundable::Nothing)];
    let case = prop_oneof![4 => Just(0_usize), 1 => 0..3_usize];
    (case, part, any::<bool>(), funding, prop::bool::weighted(0.9)).prop_map(
        |(case, part, keeps_fee, funding, reversible)| Act::AskRefund {
            case,
            part,
            keeps_fee,
            funding,
            reversible,
        },
    )
}

/// Those of the order's rails, and the pot that gives back by hand.
fn every_float(order: Order) -> Vec<Account> {
    let (provider, wallet) = (Provider::Manual, Wallet::parse("hand").unwrap());
    let currency = order.exchange.currencies().0;
    [floats(order), vec![Account::Float { provider, wallet, currency }]].concat()
}

/// The town during one walk.
struct Town {
    order: Order,
    books: Books,
    cases: Vec<Walked>,
    fresh: Counter,
    now: DateTime<Utc>,
    /// How often each kind of thing happened, to know that the walks go everywhere.
    endings: Vec<&'static str>,
    /// Every word of every timeline.
    told: Vec<&'static str>,
}

impl Town {
    /// A book with little in its floats, and a transfer just begun, if its payer can begin it.
    fn new(order: Order, float: i64, balance: i64) -> Town {
        let (mut books, mut fresh) = (Books::empty(), Counter::default());
        for account in every_float(order) {
            books.endow(&account, float, &mut fresh);
        }
        books.endow(&customer(owner(), order.exchange.currencies().0), balance, &mut fresh);
        let mut town =
            Town { order, books, cases: vec![], fresh, now: start(), endings: vec![], told: vec![] };
        let (transfer, wallets) = transfer(order, 1, town.now);
        let step = Case::open(transfer.clone(), &wallets, town.now, &mut town.fresh).unwrap();
        if town.commits(&step) {
            town.enter(Walked::new(transfer, wallets), &step);
        }
        town
    }

    /// What the writer would do: all of it or nothing.
    fn commits(&mut self, step: &Step) -> bool {
        match self.books.apply(&step.ledger) {
            Ok(()) => true,
            Err(LedgerError::InsufficientFunds { .. }) => false,
            Err(error) => panic!("the ledger refuses what the domain decided: {error}"),
        }
    }

    fn enter(&mut self, mut walked: Walked, step: &Step) {
        walked.take(step);
        self.cases.push(walked);
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Wait { seconds } => self.now += Duration::seconds(*seconds),
            Act::TopUp => self.top_up(),
            Act::Hear { case, movement, word } => {
                let Some((nth, movement)) = self.chosen(*case, *movement) else { return };
                // Between balances there is nobody who could say anything.
                if movement.rail != Rail::Balance {
                    let event = self.said(&movement, word);
                    self.happen(nth, &event);
                }
            }
            Act::Expire { case } => self.happen_if_there(*case, &Event::Expire),
            Act::Cancel { case } => self.happen_if_there(*case, &Event::Cancel),
            Act::Hold { case } => self.happen_if_there(
                *case,
                &Event::Hold { cause: HoldCause::Screening, reason: "list:1".into() },
            ),
            Act::Release { case } => self.happen_if_there(*case, &Event::Release),
            Act::Refuse { case } => self.happen_if_there(*case, &Event::Refuse { reason: "no".into() }),
            Act::Revalue { case } if *case < self.cases.len() => self.revalue(*case),
            Act::Revalue { .. } => {}
            Act::Retry { case, what } => {
                let (rail, wallet) = (Rail::Manual, Wallet::parse("hand").unwrap());
                let what = [Again::Payout, Again::Refund, Again::RefundBy { rail, wallet }][*what].clone();
                self.happen_if_there(*case, &Event::Retry { what });
            }
            Act::AskRefund { case, .. } => {
                if let Some(event) = self.asked(*case, act) {
                    self.happen(*case, &event);
                }
            }
            Act::Spend { part } => self.spend(*part),
            Act::Reuse { case, movement } => {
                let Some((nth, movement)) = self.chosen(*case, *movement) else { return };
                self.reuse(nth, &movement);
            }
            Act::Dispatch { case, movement } => {
                self.about(*case, *movement, |m| {
                    (m.kind != MovementKind::Collection).then_some(Event::Dispatch { movement: m.reference })
                });
            }
            Act::LearnFee { case, movement, fee } => self.about(*case, *movement, |m| {
                let fee = Money::new(*fee, m.amount.currency());
                let came = matches!(m.state, MovementState::Succeeded | MovementState::Disputed);
                let available_at = (fee.minor() % 2 == 0).then_some(start());
                (m.kind == MovementKind::Collection && came).then_some(Event::FeeLearned {
                    movement: m.reference,
                    fee,
                    available_at,
                })
            }),
            Act::GiveBack { case, movement } => {
                self.about(*case, *movement, |m| Some(Event::GiveBack { movement: m.reference }));
            }
        }
    }

    fn chosen(&self, case: usize, movement: usize) -> Option<(usize, Movement)> {
        let movements = &self.cases.get(case)?.case.movements;
        let nth = if movement == LAST {
            movements.len().checked_sub(1)?
        } else {
            movement % movements.len().max(1)
        };
        Some((case, movements.get(nth)?.clone()))
    }

    fn about(&mut self, case: usize, movement: usize, event: impl Fn(&Movement) -> Option<Event>) {
        let Some((nth, movement)) = self.chosen(case, movement) else { return };
        if let Some(event) = event(&movement) {
            self.happen(nth, &event);
        }
    }

    fn said(&self, movement: &Movement, word: &Word) -> Event {
        let fact = match word {
            Word::Succeeded { fee, minutes_ago } => {
                return succeeded(movement, *fee, Some(self.now - Duration::minutes(*minutes_ago)));
            }
            Word::WrongAmount => Fact::Succeeded {
                provider_ref: None,
                transaction_ref: None,
                amount: Money::new(movement.amount.minor() + 1, movement.amount.currency()),
                fee: None,
                at: None,
            },
            Word::Pending { executing } => {
                Fact::Pending { provider_ref: Some("p".into()), next_action: None, executing: *executing }
            }
            Word::Disputed { fee } => Fact::Disputed {
                dispute: "du_1".into(),
                amount: movement.amount,
                fee: fee.map(|minor| Money::new(minor, movement.amount.currency())),
            },
            Word::DisputeWon => Fact::DisputeWon,
            Word::FailedLater => Fact::FailedLater { code: "account_closed".into() },
            Word::Declined => Fact::Declined { code: "no".into() },
            Word::Expired => Fact::Expired,
            Word::Cancelled => Fact::Cancelled,
            Word::Reversed => Fact::Reversed,
            Word::NotFound { resend } => Fact::NotFound { resend: *resend, settling: Duration::minutes(1) },
            Word::RefusedUnlessFound => Fact::RefusedUnlessFound { code: "not_allowed".into() },
            Word::Unknown => Fact::Unknown { reason: "timeout".into() },
        };
        heard(movement, fact)
    }

    fn asked(&self, nth: usize, act: &Act) -> Option<Event> {
        let Act::AskRefund { part, keeps_fee, funding, reversible, .. } = act else { return None };
        let t = &self.cases.get(nth)?.case.transfer;
        let left = t.total.minor() - t.unwound.minor();
        let amount = |part: i64| Money::new((left * part / 1_000).max(1), t.send.currency());
        Some(Event::RefundAsked(RefundAsk {
            amount: part.map(amount),
            undone_before: None,
            keeps_fee: *keeps_fee,
            reason: "a person asked".into(),
            funding: *funding,
            reverse_within: reversible.then(|| Duration::days(3)),
        }))
    }

    /// The payee takes money of theirs away, into our equity.
    fn spend(&mut self, part: i64) {
        let account = customer(friend(), self.order.exchange.currencies().1);
        let available = self.books.book.balance(&account).available().unwrap().minor();
        let minor = available * part / 1_000;
        if minor > 0 {
            self.books.take(&account, minor, &mut self.fresh);
        }
    }

    fn happen_if_there(&mut self, nth: usize, event: &Event) {
        if nth < self.cases.len() {
            self.happen(nth, event);
        }
    }

    /// An event comes, and then the same one again.
    fn happen(&mut self, nth: usize, event: &Event) {
        let (now, fresh) = (self.now, &mut self.fresh);
        let Ok(Some(step)) = self.cases[nth].case.advance(event, now, fresh) else { return };
        assert_eq!(step.transfer.version, self.cases[nth].case.transfer.version + 1);
        if !self.commits(&step) {
            let is_intent = matches!(event, Event::Dispatch { .. } | Event::RefundAsked(_));
            assert!(is_intent, "what happened was refused for want of funds: {event:?}");
            let is_refund = matches!(event, Event::RefundAsked(_));
            self.endings.push(if is_refund { "spent" } else { "shortage" });
            return;
        }
        self.cases[nth].take(&step);
        self.told.extend(step.timeline.iter().map(|line| line.event));
        self.endings.push(step.transfer.status.as_str());
        if let Event::Retry { what } = event {
            self.endings.push(match what {
                Again::Payout => "paid again",
                Again::Refund => "given back again",
                Again::RefundBy { .. } => "given back by hand",
            });
        }
        let counts = matches!(
            event,
            Event::Heard { fact: Fact::Unknown { .. } | Fact::NotFound { .. }, .. } | Event::RefundAsked(_)
        );
        let again = self.cases[nth].case.advance(event, self.now, &mut self.fresh);
        assert!(counts || !matches!(again, Ok(Some(_))), "{event:?} twice is {again:?}");
    }

    fn reuse(&mut self, nth: usize, movement: &Movement) {
        if movement.late() != Some(Late::Waiting) || self.cases.len() > 2 {
            return;
        }
        let event = Event::ReuseLate { movement: movement.reference };
        let given = self.cases[nth].case.advance(&event, self.now, &mut self.fresh).unwrap().unwrap();
        let (transfer, wallets) = transfer(self.order, 2 + self.cases.len() as u128, self.now);
        let taken =
            Case::open_with_late(transfer.clone(), movement, &wallets, self.now, &mut self.fresh).unwrap();
        let both: Vec<_> = given.ledger.iter().chain(&taken.ledger).cloned().collect();
        self.books.apply(&both).unwrap();
        self.cases[nth].take(&given);
        self.enter(Walked::new(Transfer { ..transfer }, wallets), &taken);
        self.endings.push("reused");
    }

    /// What an unwound conversion is worth at another mid, once.
    fn revalue(&mut self, nth: usize) {
        let (send, receive) = self.order.exchange.currencies();
        if send == receive {
            return;
        }
        let today = revalued(send, receive, self.now);
        self.happen(nth, &Event::Revalue { today });
    }

    fn top_up(&mut self) {
        for account in every_float(self.order) {
            self.books.endow(&account, 100_000_000_000, &mut self.fresh);
        }
    }

    fn check(&self) {
        self.books.check();
        for walked in &self.cases {
            walked.check_books(&self.books);
            walked.check_promises();
            walked.check_status();
        }
    }

    /// The town comes to rest: floats are filled, what waits is sent, and providers say how everything ended.
    fn settle(&mut self, words: &[bool]) {
        self.top_up();
        let mut words = words.iter().copied().cycle();
        for _ in 0..60 {
            let open = self.cases.iter().enumerate().find_map(|(nth, walked)| {
                let open = walked.case.movements.iter().find(|m| !m.state.is_final());
                let late = walked.case.movements.iter().find(|m| m.late() == Some(Late::Waiting));
                open.or(late).map(|m| (nth, m.clone()))
            });
            let Some((nth, movement)) = open else { return };
            let is_held = self.cases[nth].case.transfer.status == TransferStatus::OnHold
                && movement.kind == MovementKind::Disbursement;
            let event = match movement.state {
                _ if is_held && words.next() == Some(true) => Event::Release,
                _ if is_held => Event::Refuse { reason: "no".into() },
                MovementState::Intended
                    if matches!(movement.kind, MovementKind::Disbursement | MovementKind::Refund)
                        && movement.float_hold.is_none() =>
                {
                    Event::Dispatch { movement: movement.reference }
                }
                state if state.is_final() => Event::GiveBack { movement: movement.reference },
                _ if words.next() == Some(true) => succeeded(&movement, Some(3), None),
                _ => heard(&movement, Fact::Declined { code: "no".into() }),
            };
            self.happen(nth, &event);
            self.check();
        }
        panic!("the town never came to rest");
    }
}

/// How some walks begin: with a payee who was paid; or the first collection's answer was lost and the provider says three times that it does not
/// know it, so that the payer is asked again. Both may be paid.
fn beginning() -> impl Strategy<Value = Vec<Act>> {
    let not_found = Act::Hear { case: 0, movement: 0, word: Word::NotFound { resend: false } };
    let asked_again: Vec<Act> =
        (0..3).flat_map(|_| [Act::Wait { seconds: 100 }, not_found.clone()]).collect();
    let paid =
        |movement| Act::Hear { case: 0, movement, word: Word::Succeeded { fee: None, minutes_ago: 0 } };
    let paid_twice = [&asked_again[..], &[paid(1), paid(0)]].concat();
    let sent = [Act::Dispatch { case: 0, movement: LAST }, paid(LAST)];
    let completed = [&[Act::TopUp, paid(0)], &sent[..]].concat();
    let asked = Act::AskRefund {
        case: 0,
        part: Some(400),
        keeps_fee: false,
        funding: Refundable::Parts,
        reversible: true,
    };
    let partly_back = [&completed[..], &[asked], &sent].concat();
    let twice = [&partly_back[..], &partly_back[4..]].concat();
    let begun = vec![vec![], vec![], asked_again, paid_twice, completed, partly_back, twice.clone()];
    prop::sample::select([begun, vec![twice[..7].to_vec(), twice]].concat())
}

/// At least this many walks; more when `PROPTEST_CASES` asks for them.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(8_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_heard_the_books_close(
        order in order(),
        float in prop_oneof![Just(1_i64), 1_000..10_000_000_i64, Just(1_000_000_000_000)],
        balance in prop_oneof![Just(1_i64), Just(1_000_000_000)],
        beginning in beginning(),
        acts in prop::collection::vec(act(), 0..60),
        late in prop::sample::select(vec![0_i64, 7_200]),
        words in prop::collection::vec(any::<bool>(), 7),
    ) {
        let mut town = Town::new(order, float, balance);
        town.check();
        for act in beginning.iter().chain(&acts) {
            town.act(act);
            town.check();
        }
        town.now += Duration::seconds(late);
        town.settle(&words);
        for walked in &town.cases {
            let status = walked.case.transfer.status;
            let left = [TransferStatus::NeedsAttention, TransferStatus::Disputed];
            let at_rest = status.is_final() || left.contains(&status);
            prop_assert!(at_rest, "it rests at {}", status);
        }
    }
}

/// The walks are worth nothing if they stay at home: together they meet every status that the rails can lead to.
#[test]
fn the_walks_go_everywhere() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut met = std::collections::BTreeMap::<&str, usize>::new();
    let mut told = std::collections::BTreeMap::<&str, usize>::new();
    let walk = (order(), beginning(), prop::collection::vec(act(), 0..60));
    for _ in 0..3_000 {
        let (order, beginning, acts) = walk.new_tree(&mut runner).unwrap().current();
        let mut town = Town::new(order, 3_000_000, 1_000_000_000);
        beginning.iter().chain(&acts).for_each(|act| town.act(act));
        town.settle(&[true, true, false]);
        town.endings.iter().for_each(|ending| *met.entry(ending).or_default() += 1);
        town.told.iter().for_each(|word| *told.entry(word).or_default() += 1);
    }
    for ending in [
        "paid again",
        "given back again",
        "given back by hand",
        "awaiting_payment",
        "funded",
        "disbursing",
        "completed",
        "expired",
        "cancelled",
        "collection_failed",
        "in_reconciliation",
        "refunding",
        "refunded",
        "needs_attention",
        "on_hold",
        "shortage",
        "reused",
        "collecting",
        "disputed",
        "spent",
    ] {
        assert!(met.get(ending).copied().unwrap_or_default() >= 10, "{ending} is hardly ever met: {met:?}");
    }
    for word in [
        "refund_asked",
        "partly_refunded",
        "payee_share_taken_back",
        "reversal_started",
        "reversal_refused",
        "payout_taken_back",
        "refund_came_back",
        "earlier_refund_came_back",
        "refund_left_over",
        "stopped_by_dispute",
        "dispute_covered",
        "dispute_won_attention",
        "dispute_won_completed",
    ] {
        assert!(told.get(word).copied().unwrap_or_default() >= 3, "{word} is hardly ever told: {told:?}");
    }
}

/// All rails, both directions of exchange, by the shortest way to each of the two good ends.
#[test]
fn every_pair_of_rails_completes_and_refunds() {
    for exchange in Exchange::ALL {
        for funding in FUNDING {
            for payout in PAYOUT {
                for refused in [false, true] {
                    let order = Order { exchange, funding, payout, send: 123_457, to_self: false };
                    let mut town = Town::new(order, 1_000_000_000_000, 1_000_000_000);
                    town.settle(&[true, !refused, true]);
                    let status = town.cases[0].case.transfer.status;
                    let by_provider = funding != Rail::Balance;
                    let expected = match refused && payout != Rail::Balance {
                        true if by_provider => "refunded",
                        _ => "completed",
                    };
                    // From a balance the first word is the disbursement's, which is then a yes.
                    assert_eq!(status.as_str(), expected, "{order:?}");
                    assert_eq!(town.cases.len(), 1);
                }
            }
        }
    }
}
