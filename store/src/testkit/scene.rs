//! A small town whose transfers go every way and come to every end, as changes for the writer.
//!
//! What happens is decided by the domain and by a seed; providers are played by what is heard. A story is told step by
//! step, so that a test may stop anywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration, Utc};
use domain::transfer::{Case, Event, Fact, Fresh, Step, Wallets};
use domain::{
    Account, BusinessId, CorridorTerms, Country, Currency, CustomerRate, EntryId, EntryKind, FeeSchedule,
    JournalEntry, LedgerStep, Money, Movement, MovementKind, MovementState, Nature, Pair, PairRate, Posting,
    Provider, Quote, QuoteId, QuoteRequest, Rail, Rate, RateTable, Reference, Route, Side, Spread, Transfer,
    TransferId, TransferStatus, UserId, Wallet,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::Writer;
use crate::writer::{Change, Moment, NewAudit};

/// A clock that goes on by a millisecond whenever it is asked, and ids in its order.
pub struct Clockwork(AtomicI64);

impl Clockwork {
    /// Starts at `at`.
    pub fn at(at: DateTime<Utc>) -> Arc<Clockwork> {
        Arc::new(Clockwork(AtomicI64::new(at.timestamp_micros())))
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.0.fetch_add(time.num_microseconds().unwrap(), Ordering::Relaxed);
    }
}

impl Moment for Clockwork {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.fetch_add(1_000, Ordering::Relaxed)).unwrap()
    }

    fn id(&self) -> Uuid {
        crate::fresh_id(self.now())
    }
}

/// How a transfer is paid and paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    WaveToWave,
    WaveToBalance,
    BalanceToWave,
    BalanceToBalance,
    /// EUR to XOF: the base is sold, the margin is in what is received.
    EuroToFranc,
    /// GNF to CNY: the base is bought, the margin is in what is sent.
    GuineaToChina,
}

/// How a transfer comes out, as far as its way allows; else it completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Unpaid,
    Declined,
    Cancelled,
    Expired,
    LateWaits,
    LateReturned,
    LateRefused,
    Funded,
    Disbursing,
    Uncertain,
    Found,
    Completed,
    Refunding,
    Refunded,
    Attention,
    Reversed,
}

impl Way {
    pub const ALL: [Way; 6] = [
        Way::WaveToWave,
        Way::WaveToBalance,
        Way::BalanceToWave,
        Way::BalanceToBalance,
        Way::EuroToFranc,
        Way::GuineaToChina,
    ];

    fn rails(self) -> (Rail, Rail) {
        match self {
            Way::WaveToWave => (Rail::Wave, Rail::Wave),
            Way::WaveToBalance => (Rail::Wave, Rail::Balance),
            Way::BalanceToWave => (Rail::Balance, Rail::Wave),
            Way::BalanceToBalance => (Rail::Balance, Rail::Balance),
            Way::EuroToFranc => (Rail::SepaTransfer, Rail::Wave),
            Way::GuineaToChina => (Rail::OrangeWeb, Rail::Manual),
        }
    }

    fn currencies(self) -> (Currency, Currency) {
        match self {
            Way::EuroToFranc => (Currency::EUR, Currency::XOF),
            Way::GuineaToChina => (Currency::GNF, Currency::CNY),
            _ => (Currency::XOF, Currency::XOF),
        }
    }
}

impl Ending {
    pub const ALL: [Ending; 16] = [
        Ending::Completed,
        Ending::Refunded,
        Ending::LateReturned,
        Ending::Found,
        Ending::LateWaits,
        Ending::Expired,
        Ending::Reversed,
        Ending::Attention,
        Ending::Uncertain,
        Ending::Cancelled,
        Ending::LateRefused,
        Ending::Funded,
        Ending::Disbursing,
        Ending::Refunding,
        Ending::Declined,
        Ending::Unpaid,
    ];

    fn pays_late(self) -> bool {
        matches!(self, Ending::LateWaits | Ending::LateReturned | Ending::LateRefused)
    }
}

/// One transfer on its way.
#[derive(Clone, Debug)]
pub struct Story {
    pub case: Case,
    pub ending: Ending,
}

/// The town: chance, time and people.
pub struct Scene {
    pub clock: Arc<Clockwork>,
    chance: StdRng,
    people: Vec<UserId>,
}

impl Fresh for Scene {
    fn id(&mut self) -> Uuid {
        self.clock.id()
    }

    fn reference(&mut self) -> Reference {
        Reference::from_uuid(uuid::Builder::from_random_bytes(self.chance.random()).into_uuid())
    }
}

impl Scene {
    pub fn new(seed: u64) -> Scene {
        let mut chance = StdRng::seed_from_u64(seed);
        let person = |_| UserId::from_uuid(uuid::Builder::from_random_bytes(chance.random()).into_uuid());
        let people = (0..5).map(person).collect();
        Scene { clock: Clockwork::at(super::instant()), chance, people }
    }

    pub fn person(&self, nth: usize) -> UserId {
        self.people[nth % self.people.len()]
    }

    /// What everybody begins with: floats out of equity, and a balance for each person.
    pub fn opening(&mut self) -> Change {
        let floats = [
            float(Provider::Wave, "sn", Currency::XOF),
            float(Provider::Wave, "ci", Currency::XOF),
            float(Provider::Stripe, "main", Currency::EUR),
            float(Provider::OrangeWeb, "gn", Currency::GNF),
            float(Provider::Manual, "main", Currency::CNY),
        ];
        let mut postings: Vec<Posting> = floats.iter().map(|float| opened(float, 50_000_000_000)).collect();
        for user in &self.people {
            let customer = Account::Customer { user: *user, currency: Currency::XOF };
            postings.push(posting(&floats[0], &customer, 100_000_000));
        }
        let entry = self.entry(EntryKind::Opening, BusinessId::Opening, postings);
        Change { ledger: vec![LedgerStep::Post(entry)], ..Change::default() }
    }

    /// An entry of ours, of nature intent.
    pub fn entry(&mut self, kind: EntryKind, business: BusinessId, postings: Vec<Posting>) -> JournalEntry {
        JournalEntry {
            id: EntryId::from_uuid(self.id()),
            kind,
            nature: Nature::Intent,
            business,
            movement: None,
            at: self.clock.now(),
            postings,
        }
    }

    /// A change that moves `minor` XOF from a person's balance to another's.
    pub fn gift(&mut self, from: UserId, to: UserId, minor: i64) -> Change {
        let (from, to) = (xof_account(from), xof_account(to));
        let business = BusinessId::Treasury(self.reference());
        let entry = self.entry(EntryKind::Transfer, business, vec![posting(&from, &to, minor)]);
        Change { ledger: vec![LedgerStep::Post(entry)], ..Change::default() }
    }

    /// A line for the audit trail.
    pub fn audit(&mut self) -> NewAudit {
        let (id, object) = (self.id(), self.person(0).to_string());
        let detail = format!("{{\"tier\":{}}}", self.chance.random_range(0..4));
        NewAudit { id, actor: "user_of_a_test".into(), action: "user.tier", object, detail }
    }

    /// A new transfer and its first change.
    pub fn begin(&mut self, way: Way, ending: Ending) -> (Story, Change) {
        let (transfer, wallets) = (self.transfer(way), wallets(way));
        let now = self.clock.now();
        let step = Case::open(transfer.clone(), &wallets, now, self).unwrap();
        let story = Story { case: Case { transfer, movements: vec![], wallets }, ending };
        self.advanced(story, step)
    }

    /// The transfer's next step, or nothing when it has come where it was to come.
    pub fn proceed(&mut self, story: &mut Story) -> Option<Change> {
        let event = self.next_event(story)?;
        let now = self.clock.now();
        let step = story.case.advance(&event, now, self).unwrap().expect("an event that changes something");
        let (next, change) = self.advanced(story.clone(), step);
        *story = next;
        Some(change)
    }

    /// Late money that waits pays for a transfer of the same way: both in one change.
    pub fn reuse(&mut self, waiting: &mut Story, ending: Ending) -> (Story, Change) {
        let late = late_money(&waiting.case).expect("late money that waits").clone();
        let now = self.clock.now();
        let spent = Event::ReuseLate { movement: late.reference };
        let given = waiting.case.advance(&spent, now, self).unwrap().unwrap();
        let (next, giving) = self.advanced(waiting.clone(), given);
        *waiting = next;
        let old = &waiting.case.transfer;
        let (id, quote) = (TransferId::from_uuid(self.clock.id()), QuoteId::from_uuid(self.clock.id()));
        let fresh = Transfer { id, quote, version: 1, ..old.clone() };
        let transfer = Transfer { status: TransferStatus::AwaitingPayment, ..fresh };
        let wallets = waiting.case.wallets.clone();
        let step = Case::open_with_late(transfer.clone(), &late, &wallets, now, self).unwrap();
        let (story, taking) =
            self.advanced(Story { case: Case { transfer, movements: vec![], wallets }, ending }, step);
        (story, giving.and(taking))
    }

    /// Opens the book and plays `count` transfers through the writer, many at once; answers where each stands.
    pub async fn play(&mut self, writer: &Writer, count: usize) -> Vec<Story> {
        writer.submit(self.opening()).await.unwrap();
        self.play_on(writer, count).await
    }

    /// The same on a book that is open.
    pub async fn play_on(&mut self, writer: &Writer, count: usize) -> Vec<Story> {
        let mut stories = Vec::with_capacity(count);
        let mut changes = Vec::with_capacity(count);
        for nth in 0..count {
            let way = Way::ALL[nth % Way::ALL.len()];
            let ending = Ending::ALL[(nth / Way::ALL.len()) % Ending::ALL.len()];
            let (story, mut change) = self.begin(way, ending);
            change.audit.extend((nth % 3 == 0).then(|| self.audit()));
            stories.push(story);
            changes.push(change);
        }
        while !changes.is_empty() {
            submit_all(writer, changes).await;
            changes = stories.iter_mut().filter_map(|story| self.proceed(story)).collect();
        }
        self.reuse_some(writer, &mut stories).await;
        stories
    }

    async fn reuse_some(&mut self, writer: &Writer, stories: &mut Vec<Story>) {
        let waiting = stories.iter().position(|story| late_money(&story.case).is_some());
        let Some(waiting) = waiting else { return };
        let (mut story, change) = self.reuse(&mut stories[waiting], Ending::Completed);
        writer.submit(change).await.unwrap();
        while let Some(change) = self.proceed(&mut story) {
            writer.submit(change).await.unwrap();
        }
        stories.push(story);
    }

    fn advanced(&mut self, story: Story, step: Step) -> (Story, Change) {
        let is_new = step.transfer.version == 1;
        let movements = merged(story.case.movements, &step.movements);
        let case = Case { transfer: step.transfer.clone(), movements, wallets: story.case.wallets };
        let people = is_new.then(|| b"sealed".to_vec());
        let change = Change::of(step, people, None, || self.clock.id());
        (Story { case, ending: story.ending }, change)
    }

    fn transfer(&mut self, way: Way) -> Transfer {
        let now = self.clock.now();
        let (payer, payee) = (self.chance.random_range(0..5), self.chance.random_range(0..5));
        let owner = self.person(payer);
        let (funding_rail, payout_rail) = way.rails();
        let (send, receive) = way.currencies();
        let asked = QuoteRequest {
            id: QuoteId::from_uuid(self.clock.id()),
            owner,
            from_country: Country::SN,
            to_country: Country::CI,
            funding_rail,
            payout_rail,
            side: Side::Send,
            amount: Money::new(self.chance.random_range(10_000..500_000), send),
        };
        let quote = Quote::price(asked, &terms(send), &route(send, receive, now), now).unwrap();
        let payee = Account::Customer { user: self.person(payee), currency: receive };
        let payee_account = (payout_rail == Rail::Balance).then_some(payee);
        Transfer::new(TransferId::from_uuid(self.clock.id()), &quote, payee_account, None, now)
    }

    fn next_event(&mut self, story: &Story) -> Option<Event> {
        let (case, ending) = (&story.case, story.ending);
        match case.transfer.status {
            TransferStatus::AwaitingPayment => self.paid_or_not(case, ending),
            TransferStatus::Expired if ending.pays_late() => self.late(case, ending),
            TransferStatus::Funded if ending == Ending::Funded => None,
            TransferStatus::Funded => {
                Some(Event::Dispatch { movement: newest(case, MovementKind::Disbursement)?.reference })
            }
            TransferStatus::Disbursing => self.disbursed_or_not(case, ending),
            TransferStatus::InReconciliation if ending == Ending::Found => {
                Some(self.succeeded(newest(case, MovementKind::Disbursement)?))
            }
            TransferStatus::Refunding => self.refunded_or_not(case, ending),
            TransferStatus::Completed => self.after_completion(case, ending),
            _ => None,
        }
    }

    fn paid_or_not(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let collection = newest(case, MovementKind::Collection)?;
        if collection.state == MovementState::Intended {
            return Some(match ending {
                Ending::Cancelled => Event::Cancel,
                _ => {
                    heard(collection, Fact::Pending { provider_ref: Some("cos-1".into()), next_action: None })
                }
            });
        }
        match ending {
            Ending::Unpaid => None,
            Ending::Declined => Some(heard(collection, Fact::Declined { code: "no-funds".into() })),
            Ending::Expired => Some(Event::Expire),
            ending if ending.pays_late() => Some(Event::Expire),
            _ => Some(self.succeeded(collection)),
        }
    }

    fn late(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let collection = newest(case, MovementKind::Collection)?;
        if collection.state != MovementState::Succeeded {
            return Some(self.succeeded(collection));
        }
        if ending == Ending::LateWaits {
            return None;
        }
        match newest(case, MovementKind::Refund) {
            None => Some(Event::GiveBack { movement: collection.reference }),
            Some(refund) => self.sent_back(refund, ending == Ending::LateRefused),
        }
    }

    fn disbursed_or_not(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let disbursement = newest(case, MovementKind::Disbursement)?;
        match ending {
            Ending::Disbursing => None,
            Ending::Uncertain | Ending::Found => {
                Some(heard(disbursement, Fact::Unknown { reason: "timed out".into() }))
            }
            Ending::Refunding | Ending::Refunded | Ending::Attention => {
                Some(heard(disbursement, Fact::Declined { code: "no-wallet".into() }))
            }
            _ => Some(self.succeeded(disbursement)),
        }
    }

    fn refunded_or_not(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let refund = newest(case, MovementKind::Refund)?;
        match ending {
            Ending::Refunding => None,
            _ => self.sent_back(refund, ending == Ending::Attention),
        }
    }

    fn sent_back(&mut self, refund: &Movement, refused: bool) -> Option<Event> {
        match (refund.state, refund.float_hold) {
            (MovementState::Intended, None) => Some(Event::Dispatch { movement: refund.reference }),
            (MovementState::Intended, Some(_)) if refused => {
                Some(heard(refund, Fact::Declined { code: "too-old".into() }))
            }
            (MovementState::Intended, Some(_)) => Some(self.succeeded(refund)),
            _ => None,
        }
    }

    fn after_completion(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let unlearned = case.funding().filter(|collection| collection.fee.is_none());
        if let Some(collection) = unlearned {
            let fee = Money::new(collection.amount.minor() / 100, collection.amount.currency());
            return Some(Event::FeeLearned { movement: collection.reference, fee });
        }
        let disbursement = newest(case, MovementKind::Disbursement)?;
        let can_reverse = ending == Ending::Reversed && disbursement.rail != Rail::Balance;
        can_reverse.then(|| heard(disbursement, Fact::Reversed))
    }

    fn succeeded(&mut self, movement: &Movement) -> Event {
        let amount = movement.amount;
        let fee = Money::new(amount.minor() / 100, amount.currency());
        let fact = Fact::Succeeded {
            provider_ref: Some("pt-1".into()),
            transaction_ref: None,
            amount,
            fee: self.chance.random_bool(0.5).then_some(fee),
            at: None,
        };
        heard(movement, fact)
    }
}

/// A posting of XOF or whatever the accounts hold.
pub fn posting(debit: &Account, credit: &Account, minor: i64) -> Posting {
    Posting::new(debit.clone(), credit.clone(), Money::new(minor, debit.currency())).unwrap()
}

/// Somebody's balance in XOF.
pub fn xof_account(user: UserId) -> Account {
    Account::Customer { user, currency: Currency::XOF }
}

/// A float by its name's parts.
pub fn float(provider: Provider, wallet: &str, currency: Currency) -> Account {
    Account::Float { provider, wallet: Wallet::parse(wallet).unwrap(), currency }
}

fn opened(float: &Account, minor: i64) -> Posting {
    posting(float, &Account::OpeningEquity { currency: float.currency() }, minor)
}

fn heard(movement: &Movement, fact: Fact) -> Event {
    Event::Heard { movement: movement.reference, fact }
}

fn newest(case: &Case, kind: MovementKind) -> Option<&Movement> {
    case.movements.iter().rev().find(|movement| movement.kind == kind)
}

fn late_money(case: &Case) -> Option<&Movement> {
    case.movements.iter().find(|movement| movement.late() == Some(domain::movement::Late::Waiting))
}

fn merged(mut stored: Vec<Movement>, changed: &[Movement]) -> Vec<Movement> {
    for movement in changed {
        match stored.iter_mut().find(|one| one.reference == movement.reference) {
            Some(one) => *one = movement.clone(),
            None => stored.push(movement.clone()),
        }
    }
    stored
}

fn wallets(way: Way) -> Wallets {
    let (funding, payout) = match way {
        Way::EuroToFranc => ("main", "ci"),
        Way::GuineaToChina => ("gn", "main"),
        _ => ("sn", "ci"),
    };
    Wallets { funding: Wallet::parse(funding).unwrap(), payout: Wallet::parse(payout).unwrap() }
}

fn terms(currency: Currency) -> CorridorTerms {
    CorridorTerms {
        fee: FeeSchedule { fixed: Money::new(100, currency), bps: Decimal::from(150), min: None, max: None },
        min: Money::new(1, currency),
        max: Money::new(1_000_000_000, currency),
        ttl: Duration::minutes(10),
        funding_window: Duration::minutes(30),
        delivery_estimate_s: 60,
    }
}

fn route(send: Currency, receive: Currency, now: DateTime<Utc>) -> Route {
    if send == receive {
        return Route::same(send);
    }
    let spread = CustomerRate::Spread(Spread::new(Decimal::from(150)).unwrap());
    let yuan = PairRate {
        pair: Pair::new(Currency::CNY, Currency::GNF).unwrap(),
        mid: Rate::parse("1290").unwrap(),
        sell: spread,
        buy: spread,
        source: "a test".into(),
        as_of: now,
        max_age: None,
    };
    let euro = PairRate::eur_xof(spread, spread, now).unwrap();
    RateTable::new([yuan, euro], Currency::EUR).unwrap().route(send, receive, now).unwrap()
}

async fn submit_all(writer: &Writer, changes: Vec<Change>) {
    let writing = changes.into_iter().map(|change| writer.submit(change));
    for written in futures::future::join_all(writing).await {
        written.unwrap();
    }
}
