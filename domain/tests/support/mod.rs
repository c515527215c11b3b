//! A town in which transfers are walked through by hand: books, cases, and what must hold after every step.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails in a test should stop it"
)]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use domain::movement::Late;
use domain::recipes::unwind_part;
use domain::transfer::{Case, Event, Fact, Fresh, PromiseKind, Step, Wallets};
use domain::{
    Account, Balance, Book, BusinessId, CorridorTerms, Country, Currency, CustomerRate, EntryId, EntryKind,
    FeeSchedule, HoldId, HoldState, JournalEntry, LedgerError, LedgerStep, Money, Movement, MovementKind,
    MovementState, Nature, Pair, PairRate, Posting, Provider, Quote, QuoteId, QuoteRequest, Rail, Rate,
    RateTable, Reference, Route, Side, Spread, Transfer, TransferId, TransferStatus, UserId, Wallet,
};
use rust_decimal::Decimal;
use uuid::Uuid;

/// Ids in order, references that look like chance.
#[derive(Default)]
pub struct Counter(u128);

impl Fresh for Counter {
    fn id(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }

    fn reference(&mut self) -> Reference {
        Reference::from_uuid(uuid::Builder::from_random_bytes(self.id().into_bytes()).into_uuid())
    }
}

pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub fn owner() -> UserId {
    UserId::from_uuid(Uuid::from_u128(7))
}

pub fn friend() -> UserId {
    UserId::from_uuid(Uuid::from_u128(8))
}

pub fn customer(user: UserId, currency: Currency) -> Account {
    Account::Customer { user, currency }
}

pub fn wallet(name: &str) -> Wallet {
    Wallet::parse(name).unwrap()
}

/// What is sent and what is received; the pair is sold, bought, or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    Francs,
    EurosToFrancs,
    GuineaToYuan,
}

impl Exchange {
    pub const ALL: [Exchange; 3] = [Exchange::Francs, Exchange::EurosToFrancs, Exchange::GuineaToYuan];

    pub fn currencies(self) -> (Currency, Currency) {
        match self {
            Exchange::Francs => (Currency::XOF, Currency::XOF),
            Exchange::EurosToFrancs => (Currency::EUR, Currency::XOF),
            Exchange::GuineaToYuan => (Currency::GNF, Currency::CNY),
        }
    }
}

/// Rails that can collect, and that can disburse.
pub const FUNDING: [Rail; 6] =
    [Rail::Wave, Rail::MtnMomo, Rail::SepaTransfer, Rail::SepaDebit, Rail::OrangeWeb, Rail::Balance];
pub const PAYOUT: [Rail; 3] = [Rail::Wave, Rail::Manual, Rail::Balance];

/// What a transfer is about.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub exchange: Exchange,
    pub funding: Rail,
    pub payout: Rail,
    pub send: i64,
    /// To the payer's own balance rather than to a friend's.
    pub to_self: bool,
}

pub fn quote(order: Order, number: u128, now: DateTime<Utc>) -> Quote {
    let (send, receive) = order.exchange.currencies();
    let asked = QuoteRequest {
        id: QuoteId::from_uuid(Uuid::from_u128(number)),
        owner: owner(),
        from_country: Country::SN,
        to_country: Country::CI,
        funding_rail: order.funding,
        payout_rail: order.payout,
        side: Side::Send,
        amount: Money::new(order.send, send),
    };
    let terms = CorridorTerms {
        fee: FeeSchedule { fixed: Money::new(7, send), bps: Decimal::from(150), min: None, max: None },
        min: Money::new(1, send),
        max: Money::new(i64::MAX / 1_000_000, send),
        ttl: Duration::minutes(10),
        funding_window: Duration::minutes(30),
        delivery_estimate_s: 60,
    };
    Quote::price(asked, &terms, &route(send, receive, now), now).unwrap()
}

fn route(send: Currency, receive: Currency, now: DateTime<Utc>) -> Route {
    if send == receive {
        return Route::same(send);
    }
    let spread = CustomerRate::Spread(Spread::new(Decimal::from(125)).unwrap());
    let yuan = PairRate {
        pair: Pair::new(Currency::CNY, Currency::GNF).unwrap(),
        mid: Rate::parse("1290.7").unwrap(),
        sell: spread,
        buy: spread,
        source: "a test".into(),
        as_of: now,
        max_age: None,
    };
    let euro = PairRate::eur_xof(spread, spread, now).unwrap();
    RateTable::new([yuan, euro], Currency::EUR).unwrap().route(send, receive, now).unwrap()
}

/// The way between two currencies when every mid has moved.
pub fn revalued(send: Currency, receive: Currency, now: DateTime<Utc>) -> Route {
    let (base, quote, mid) = match send {
        Currency::EUR => (Currency::EUR, Currency::XOF, "700.1"),
        _ => (Currency::CNY, Currency::GNF, "1250"),
    };
    let spread = CustomerRate::Spread(Spread::new(Decimal::ZERO).unwrap());
    let rate = PairRate {
        pair: Pair::new(base, quote).unwrap(),
        mid: Rate::parse(mid).unwrap(),
        sell: spread,
        buy: spread,
        source: "a test".into(),
        as_of: now,
        max_age: None,
    };
    RateTable::new([rate], Currency::EUR).unwrap().route(send, receive, now).unwrap()
}

/// A transfer that awaits its money, and its wallets.
pub fn transfer(order: Order, number: u128, now: DateTime<Utc>) -> (Transfer, Wallets) {
    let quote = quote(order, number, now);
    let payee = if order.to_self { owner() } else { friend() };
    let payee = (order.payout == Rail::Balance).then(|| customer(payee, quote.receive.currency()));
    let id = TransferId::from_uuid(Uuid::from_u128(1_000_000 + number));
    let wallets = Wallets { funding: wallet("in"), payout: wallet("out"), refund: wallet("in") };
    (Transfer::new(id, &quote, payee, None, now), wallets)
}

/// The books of the town: the working set, and every entry that was committed.
pub struct Books {
    pub book: Book,
    pub entries: Vec<JournalEntry>,
    holds: BTreeSet<HoldId>,
    accounts: BTreeSet<Account>,
}

impl Books {
    pub fn empty() -> Books {
        Books {
            book: Book::new(Vec::<Balance>::new(), []),
            entries: vec![],
            holds: BTreeSet::new(),
            accounts: BTreeSet::new(),
        }
    }

    pub fn apply(&mut self, steps: &[LedgerStep]) -> Result<(), LedgerError> {
        self.book.apply(steps)?;
        for step in steps {
            match step {
                LedgerStep::Post(entry) => {
                    let touched = entry.postings.iter().flat_map(|p| [p.debit.clone(), p.credit.clone()]);
                    self.accounts.extend(touched);
                    self.entries.push(entry.clone());
                }
                LedgerStep::Hold(hold) => {
                    self.holds.insert(hold.id);
                    self.accounts.insert(hold.account.clone());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts `minor` into an account out of equity.
    pub fn endow(&mut self, account: &Account, minor: i64, fresh: &mut Counter) {
        let equity = Account::OpeningEquity { currency: account.currency() };
        let (debit, credit) = match account.kind().is_debit_normal() {
            true => (account.clone(), equity),
            false => (equity, account.clone()),
        };
        let posting = Posting::new(debit, credit, Money::new(minor, account.currency())).unwrap();
        let entry = JournalEntry {
            id: EntryId::from_uuid(fresh.id()),
            kind: EntryKind::Opening,
            nature: Nature::Fact,
            business: BusinessId::Opening,
            movement: None,
            at: start(),
            postings: vec![posting],
        };
        self.apply(&[LedgerStep::Post(entry)]).unwrap();
    }

    /// Takes `minor` out of a customer's account, into equity.
    pub fn take(&mut self, account: &Account, minor: i64, fresh: &mut Counter) {
        let equity = Account::OpeningEquity { currency: account.currency() };
        let amount = Money::new(minor, account.currency());
        let entry = JournalEntry {
            id: EntryId::from_uuid(fresh.id()),
            kind: EntryKind::Opening,
            nature: Nature::Intent,
            business: BusinessId::Opening,
            movement: None,
            at: start(),
            postings: vec![Posting::new(account.clone(), equity, amount).unwrap()],
        };
        self.apply(&[LedgerStep::Post(entry)]).unwrap();
    }

    /// What a business's entries came to on each account, by the account's kind; zeroes left out. Of the entries
    /// All but revaluations.
    pub fn sums(&self, business: BusinessId) -> BTreeMap<Account, i64> {
        let mut sums: BTreeMap<Account, i64> = BTreeMap::new();
        let own = |e: &&JournalEntry| e.business == business && e.kind != EntryKind::Revaluation;
        for posting in self.entries.iter().filter(own).flat_map(|e| &e.postings) {
            for (account, is_debit) in [(&posting.debit, true), (&posting.credit, false)] {
                let raises = account.kind().is_debit_normal() == is_debit;
                let minor = posting.amount.minor();
                *sums.entry(account.clone()).or_default() += if raises { minor } else { -minor };
            }
        }
        sums.retain(|_, minor| *minor != 0);
        sums
    }

    pub fn open_holds(&self, business: BusinessId) -> BTreeSet<HoldId> {
        let holds = self.holds.iter().filter_map(|id| self.book.hold(*id));
        holds.filter(|h| h.business == business && h.state == HoldState::Open).map(|h| h.id).collect()
    }

    /// Debits equal credits in every currency, and what is held is what the open holds say.
    pub fn check(&self) {
        let mut sides: BTreeMap<Currency, i128> = BTreeMap::new();
        for account in &self.accounts {
            let balance = self.book.balance(account);
            let minor = i128::from(balance.balance);
            let side = sides.entry(account.currency()).or_default();
            *side += if account.kind().is_debit_normal() { minor } else { -minor };
            let holds = self.holds.iter().filter_map(|id| self.book.hold(*id));
            let open = holds.filter(|h| h.account == *account && h.state == HoldState::Open);
            assert_eq!(balance.held, open.map(|h| h.amount.minor()).sum::<i64>(), "held on {account}");
        }
        assert!(sides.values().all(|side| *side == 0), "{sides:?}");
    }
}

/// One case with its history.
pub struct Walked {
    pub case: Case,
    /// Where the timeline's lines say that it stands.
    pub told: TransferStatus,
    promised: BTreeSet<(&'static str, Uuid)>,
}

impl Walked {
    pub fn new(transfer: Transfer, wallets: Wallets) -> Walked {
        let case = Case { transfer, movements: vec![], wallets };
        Walked { case, told: TransferStatus::AwaitingPayment, promised: BTreeSet::new() }
    }

    pub fn business(&self) -> BusinessId {
        BusinessId::Transfer(self.case.transfer.id)
    }

    /// Takes a committed step in, and checks that each of its changes was a declared one: a step may pass through
    /// several statuses, and its timeline tells them all.
    pub fn take(&mut self, step: &Step) {
        let is = step.transfer.status;
        for movement in &step.movements {
            self.take_movement(movement);
        }
        for promise in &step.promises {
            self.promised.insert((promise.kind.as_str(), promise.subject));
        }
        for line in &step.timeline {
            let next = self.told.told(line.event, line.movement.map(|(_, kind, _)| kind));
            assert!(
                self.told == next || self.told.allows(next),
                "{} tells {} to {next}",
                line.event,
                self.told
            );
            self.told = next;
        }
        self.case.transfer = step.transfer.clone();
        assert_eq!(self.told, is, "the timeline tells another status: {:?}", step.timeline);
    }

    fn take_movement(&mut self, movement: &Movement) {
        match self.case.movements.iter_mut().find(|one| one.reference == movement.reference) {
            Some(one) => {
                let legal = one.state == movement.state || one.state.allows(movement.state, one.kind);
                assert!(legal, "{} from {} to {}", one.kind, one.state, movement.state);
                assert!(movement.version > one.version && movement.amount == one.amount);
                *one = movement.clone();
            }
            None => {
                assert_eq!(movement.version, 1);
                self.case.movements.push(movement.clone());
            }
        }
    }

    /// Nothing that is open is forgotten: somebody has promised to see to it.
    pub fn check_promises(&self) {
        let promised = |kind: PromiseKind, subject| self.promised.contains(&(kind.as_str(), subject));
        for m in &self.case.movements {
            let subject = m.reference.uuid();
            let seen_to = match (m.state, m.kind, m.float_hold) {
                (MovementState::Intended, MovementKind::Collection | MovementKind::Reversal, _) => {
                    promised(PromiseKind::Submit, subject)
                }
                (MovementState::Intended, _, None) => promised(PromiseKind::Dispatch, subject),
                (MovementState::Intended, _, Some(_)) => promised(PromiseKind::Submit, subject),
                (MovementState::Submitted | MovementState::Uncertain, ..) => {
                    promised(PromiseKind::Inquire, subject)
                }
                _ if m.late() == Some(Late::Waiting) => promised(PromiseKind::GiveBack, subject),
                _ => true,
            };
            assert!(seen_to, "nobody sees to {} {} in state {}", m.kind, m.reference, m.state);
        }
        let t = &self.case.transfer;
        assert!(!t.status.awaits_money() || promised(PromiseKind::Expire, t.id.uuid()), "never expires");
    }

    /// The status says what is under way for the transfer itself; late money going back is another matter.
    pub fn check_status(&self) {
        let under_way = |kind, uncertain: bool| {
            self.case.movements.iter().any(|m| {
                let ours = m.kind == kind && !m.state.is_final() && !self.returns_late_money(m);
                ours && (m.state == MovementState::Uncertain || !uncertain)
            })
        };
        let disbursement = MovementKind::Disbursement;
        let goes_back = |uncertain| {
            under_way(MovementKind::Refund, uncertain) || under_way(MovementKind::Reversal, uncertain)
        };
        let says = match self.case.transfer.status {
            TransferStatus::Funded | TransferStatus::Disbursing => under_way(disbursement, false),
            TransferStatus::OnHold => self.case.undispatched().is_some() && !goes_back(false),
            TransferStatus::Refunding => goes_back(false),
            TransferStatus::InReconciliation => under_way(disbursement, true) || goes_back(true),
            TransferStatus::NeedsAttention => !under_way(disbursement, false) && !goes_back(false),
            _ => true,
        };
        assert!(says, "{} with {:?}", self.case.transfer.status, self.case.movements);
    }

    /// Holds are open for exactly the movements that are under way; when final, the closing rule holds.
    pub fn check_books(&self, books: &Books) {
        let open = self.case.movements.iter().filter(|m| !m.state.is_final());
        let held: BTreeSet<HoldId> = open.flat_map(|m| [m.value_hold, m.float_hold]).flatten().collect();
        assert_eq!(books.open_holds(self.business()), held, "open holds of {}", self.case.transfer.status);
        self.check_parts(books);
        let status = self.case.transfer.status;
        let is_settled = self.case.movements.iter().all(|m| m.state.is_final());
        if status.is_final() || status == TransferStatus::Disputed && is_settled {
            self.check_closed(books);
        }
    }

    fn check_closed(&self, books: &Books) {
        let t = &self.case.transfer;
        let sums = books.sums(self.business());
        let about =
            |account: &Account| matches!(account, Account::Customer { .. } | Account::Suspense { .. });
        let stands: BTreeMap<Account, i64> =
            sums.iter().filter(|(account, _)| about(account)).map(|(a, m)| (a.clone(), *m)).collect();
        let mut expected = self.late_money();
        let mut owed = |account: Account, minor: i64| *expected.entry(account).or_default() += minor;
        if t.funding_rail == Rail::Balance {
            owed(t.payer_account(), t.refunded.minor() - t.total.minor());
        }
        let paid_out = self
            .case
            .movements
            .iter()
            .any(|m| m.kind == MovementKind::Disbursement && m.state == MovementState::Succeeded);
        if let (Some(payee), true) = (&t.payee_account, paid_out) {
            owed(payee.clone(), t.receive.minor() - self.taken_back());
        }
        expected.retain(|_, minor| *minor != 0);
        assert_eq!(stands, expected, "closing rule of a transfer that is {}", t.status);
        if t.status == TransferStatus::Refunded {
            let earned = |account: &&Account| {
                matches!(
                    account,
                    Account::Fx { .. } | Account::MarginRevenue { .. } | Account::FeeRevenue { .. }
                )
            };
            let kept = t.keeps_fee().then_some(t.fee.minor());
            let left: Vec<i64> = sums.iter().filter(|(a, _)| earned(a)).map(|(_, minor)| *minor).collect();
            assert_eq!(left, kept.into_iter().collect::<Vec<_>>(), "what is left of the exchange");
            assert_eq!(t.refunded, t.refundable());
        }
        for m in self.case.movements.iter().filter(|m| !m.state.is_final()) {
            let legitimate = m.kind == MovementKind::Collection || self.returns_late_money(m);
            assert!(legitimate, "a {} is under way although the transfer is {}", m.kind, t.status);
        }
    }

    /// What a payee's balance gave back.
    fn taken_back(&self) -> i64 {
        let taken = |m: &&Movement| m.kind == MovementKind::Reversal && m.rail == Rail::Balance;
        self.case.movements.iter().filter(taken).map(|m| m.amount.minor()).sum()
    }

    /// Parts that were undone are undone at the original rate to the unit, and each is on its way, given back, or with
    /// its payer for a person to see to.
    fn check_parts(&self, books: &Books) {
        let t = &self.case.transfer;
        assert!(t.refunded.minor() >= 0 && t.refunded.minor() <= t.unwound.minor(), "{t:?}");
        assert!(t.revalued.minor() <= t.unwound.minor() && t.unwound.minor() <= t.refundable().minor());
        let unwound = books.entries.iter().filter(|e| e.kind == EntryKind::Unwind);
        let unwound = unwound.filter(|e| e.business == self.business()).flat_map(|e| &e.postings);
        let whole = unwind_part(t, Money::zero(t.send.currency()), t.unwound).unwrap();
        assert_eq!(net(unwound), net(&whole), "what was undone");
        let own = |state: fn(MovementState) -> bool| {
            let own = self.case.movements.iter().filter(|m| m.kind == MovementKind::Refund && state(m.state));
            own.filter(|m| !self.returns_late_money(m)).map(|m| m.amount.minor()).sum::<i64>()
        };
        if t.funding_rail == Rail::Balance {
            return;
        }
        assert_eq!(own(|state| state == MovementState::Succeeded), t.refunded.minor(), "what was given back");
        let stays = t.unwound.minor() - t.refunded.minor() - own(|state| !state.is_final());
        assert!(stays >= 0, "more is on its way than was undone");
        let with_payer = books.sums(self.business()).get(&t.payer_account()).copied().unwrap_or_default();
        if t.send.currency() != t.receive.currency() && t.status == TransferStatus::NeedsAttention {
            assert_eq!(with_payer, stays, "what is left for a person to give back");
        }
        let is_odd = t.status.is_final() && stays != 0;
        assert!(!is_odd, "{} has {stays} of the payer's", t.status);
    }

    /// Late money that was neither reused nor given back yet.
    fn late_money(&self) -> BTreeMap<Account, i64> {
        let mut waiting = BTreeMap::new();
        for m in &self.case.movements {
            let open = match m.late() {
                Some(Late::Waiting) => true,
                Some(Late::Returned) if m.state == MovementState::Disputed => {
                    let returns = |refund: &&Movement| refund.original == Some(m.reference);
                    self.case.movements.iter().filter(returns).any(|refund| !refund.state.is_final())
                }
                Some(Late::Returned) => !self.case.movements.iter().any(|refund| {
                    refund.original == Some(m.reference) && refund.state == MovementState::Succeeded
                }),
                _ => false,
            };
            if open {
                *waiting.entry(m.suspense().unwrap()).or_default() += m.amount.minor();
            }
        }
        waiting
    }

    fn returns_late_money(&self, refund: &Movement) -> bool {
        let original = self.case.movements.iter().find(|m| Some(m.reference) == refund.original);
        refund.kind == MovementKind::Refund && original.is_some_and(Movement::is_late)
    }
}

/// What postings come to on each account, debits less credits.
pub fn net<'a>(postings: impl IntoIterator<Item = &'a Posting>) -> BTreeMap<Account, i128> {
    let mut net: BTreeMap<Account, i128> = BTreeMap::new();
    for posting in postings {
        let minor = i128::from(posting.amount.minor());
        *net.entry(posting.debit.clone()).or_default() += minor;
        *net.entry(posting.credit.clone()).or_default() -= minor;
    }
    net.retain(|_, minor| *minor != 0);
    net
}

/// What the float of each leg is called in these books.
pub fn floats(order: Order) -> Vec<Account> {
    let (send, receive) = order.exchange.currencies();
    let float = |provider: Option<Provider>, name: &str, currency| {
        provider.map(|provider| Account::Float { provider, wallet: wallet(name), currency })
    };
    [float(order.funding.provider(), "in", send), float(order.payout.provider(), "out", receive)]
        .into_iter()
        .flatten()
        .collect()
}

pub fn heard(movement: &Movement, fact: Fact) -> Event {
    Event::Heard { movement: movement.reference, fact }
}

pub fn succeeded(movement: &Movement, fee: Option<i64>, at: Option<DateTime<Utc>>) -> Event {
    let fee = fee.map(|minor| Money::new(minor, movement.amount.currency()));
    let fact = Fact::Succeeded {
        provider_ref: Some("p".into()),
        transaction_ref: None,
        amount: movement.amount,
        fee,
        at,
    };
    heard(movement, fact)
}
