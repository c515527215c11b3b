//! A small town whose transfers go every way and come to every end, as changes for the writer.
//!
//! What happens is decided by the domain and by a seed; providers are played by what is heard. A story is told step by
//! step, so that a test may stop anywhere.

mod script;
mod town;

use std::sync::Arc;

use domain::transfer::{Case, Event, Fresh, Step};
use domain::{
    Account, BusinessId, Country, Currency, EntryId, EntryKind, JournalEntry, LedgerStep, Money, Movement,
    Nature, Posting, Provider, Quote, QuoteId, QuoteRequest, Rail, Reference, Side, Transfer, TransferId,
    TransferStatus, UserId,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

pub use town::{Clockwork, Ending, Way, float, posting, xof_account};

use crate::Writer;
use crate::writer::{Change, Moment, NewAudit};
use town::{opened, route, terms, wallets};

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

async fn submit_all(writer: &Writer, changes: Vec<Change>) {
    let writing = changes.into_iter().map(|change| writer.submit(change));
    for written in futures::future::join_all(writing).await {
        written.unwrap();
    }
}
