//! Treasury: our own money between a float at a provider and our bank, and what can become of it.
//!
//! A *sweep* is a payout from the float to our own bank account. It reserves the float, is sent once under one reference,
//! and moves `bank ← float` when the provider says that it is paid. A payout that was paid can still come back days
//! later, which moves the same amount the other way. A *top-up* fills the float from our bank, and an *opening* books what
//! a float or a bank held before we kept books: both have happened when two people say so, and are booked at once.
//! Nothing but the two accounts of a movement is ever touched.
//!
//! Deliberately absent: who agrees to it (`approval`), how it is sent, and what a provider takes for it.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use crate::ids::EntryId;
use crate::transfer::{Fact, Fresh, Refusal};
use crate::{
    Account, ApprovalId, BusinessId, EntryKind, Hold, HoldId, JournalEntry, LedgerStep, Money, MovementKind,
    MovementState, Nature, Provider, Reference, Wallet,
};

/// So long after a payout was paid it is asked about once more: it can come back within five business days, and the
/// provider's word about that may have been lost.
pub const WATCHED: Duration = Duration::days(9);

words! {
    /// What moves.
    pub enum TreasuryKind as "treasury kind" {
        /// From a float to our bank.
        Sweep = "sweep",
        /// From our bank to a float, as the bank's statement says.
        TopUp = "top_up",
        /// What a float held before its first posting.
        Opening = "opening",
        /// What our bank held before its first posting.
        OpeningBank = "opening_bank",
    }
}

impl TreasuryKind {
    /// Whether a provider is asked to do it; else people say that it was done.
    pub const fn is_sent(self) -> bool {
        matches!(self, TreasuryKind::Sweep)
    }
}

words! {
    /// What is promised for a treasury movement.
    pub enum TreasuryPromise as "treasury promise" {
        /// Send it.
        Submit = "treasury_submit",
        /// Ask what became of it.
        Inquire = "treasury_inquire",
    }
}

/// One movement of our own money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryMovement {
    /// Its identity, here and at the provider.
    pub reference: Reference,
    /// What moves.
    pub kind: TreasuryKind,
    /// At whom.
    pub provider: Provider,
    /// In which of our wallets there.
    pub wallet: Wallet,
    /// Our bank, as in `bank:{name}:{currency}`.
    pub bank: String,
    /// What we know of it.
    pub state: MovementState,
    /// How much; above zero.
    pub amount: Money,
    /// The provider's own id of it, once known.
    pub provider_ref: Option<String>,
    /// Reserves the float while it is under way; nothing where it has happened already.
    pub hold: Option<HoldId>,
    /// Why the provider refused it or gave it back, in its word.
    pub code: Option<String>,
    /// Questions asked since its outcome became unknown.
    pub asked: i64,
    /// Consecutive "not found" answers among them.
    pub not_found: i64,
    /// What two people agreed to.
    pub approval: ApprovalId,
    /// When it was first sent.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When we heard that it was paid.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// 1 when written first; each change adds one.
    pub version: i64,
    /// When it was agreed to.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// What two people agree to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryTerms {
    pub reference: Reference,
    pub kind: TreasuryKind,
    pub provider: Provider,
    pub wallet: Wallet,
    pub bank: String,
    pub amount: Money,
    pub approval: ApprovalId,
}

impl TreasuryTerms {
    /// The account that the value leaves.
    pub fn from(&self) -> Account {
        match self.kind {
            TreasuryKind::Sweep => self.float(),
            TreasuryKind::TopUp => self.bank_account(),
            TreasuryKind::Opening | TreasuryKind::OpeningBank => {
                Account::OpeningEquity { currency: self.amount.currency() }
            }
        }
    }

    /// The account that it comes to.
    pub fn to(&self) -> Account {
        match self.kind {
            TreasuryKind::TopUp | TreasuryKind::Opening => self.float(),
            TreasuryKind::Sweep | TreasuryKind::OpeningBank => self.bank_account(),
        }
    }

    /// The account that must not have been touched before; none for what may happen again.
    pub fn opens(&self) -> Option<Account> {
        matches!(self.kind, TreasuryKind::Opening | TreasuryKind::OpeningBank).then(|| self.to())
    }

    fn float(&self) -> Account {
        let (wallet, currency) = (self.wallet.clone(), self.amount.currency());
        Account::Float { provider: self.provider, wallet, currency }
    }

    fn bank_account(&self) -> Account {
        Account::Bank { name: self.bank.clone(), currency: self.amount.currency() }
    }
}

/// What commits together: the movement's next version, what it does to the ledger, what is promised from when on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryStep {
    pub movement: TreasuryMovement,
    pub ledger: Vec<LedgerStep>,
    pub promises: Vec<(TreasuryPromise, DateTime<Utc>)>,
}

impl TreasuryMovement {
    /// Begins a movement that was agreed to: the float is reserved, and it is to be sent at once.
    pub fn intend(terms: TreasuryTerms, now: DateTime<Utc>, fresh: &mut dyn Fresh) -> TreasuryStep {
        let id = HoldId::from_uuid(fresh.id());
        let movement = TreasuryMovement { hold: Some(id), ..TreasuryMovement::first(terms, now) };
        let hold = Hold::open(id, movement.float(), movement.amount, movement.business(), now);
        let promises = vec![(TreasuryPromise::Submit, now)];
        TreasuryStep { movement, ledger: vec![LedgerStep::Hold(hold)], promises }
    }

    /// Books one that has happened, as `receipt` shows and two people say. Nothing is sent, and nothing asked.
    pub fn record(
        terms: TreasuryTerms,
        receipt: Option<String>,
        now: DateTime<Utc>,
        fresh: &mut dyn Fresh,
    ) -> Result<TreasuryStep, Refusal> {
        let movement = TreasuryMovement {
            state: MovementState::Succeeded,
            provider_ref: receipt,
            submitted_at: Some(now),
            succeeded_at: Some(now),
            ..TreasuryMovement::first(terms, now)
        };
        let entry = movement.entry(&movement.to(), &movement.from(), now, fresh.id())?;
        Ok(TreasuryStep { movement, ledger: vec![LedgerStep::Post(entry)], promises: vec![] })
    }

    fn first(terms: TreasuryTerms, now: DateTime<Utc>) -> TreasuryMovement {
        let TreasuryTerms { reference, kind, provider, wallet, bank, amount, approval } = terms;
        TreasuryMovement {
            reference,
            kind,
            provider,
            wallet,
            bank,
            state: MovementState::Intended,
            amount,
            provider_ref: None,
            hold: None,
            code: None,
            asked: 0,
            not_found: 0,
            approval,
            submitted_at: None,
            succeeded_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// What was agreed to.
    pub fn terms(&self) -> TreasuryTerms {
        let TreasuryMovement { reference, kind, provider, wallet, bank, amount, approval, .. } = self.clone();
        TreasuryTerms { reference, kind, provider, wallet, bank, amount, approval }
    }

    /// The account that the value leaves.
    pub fn from(&self) -> Account {
        self.terms().from()
    }

    /// The account that it comes to.
    pub fn to(&self) -> Account {
        self.terms().to()
    }

    /// The account that must not have been touched before; none for what may happen again.
    pub fn opens(&self) -> Option<Account> {
        self.terms().opens()
    }

    /// The float that it drains or fills.
    pub fn float(&self) -> Account {
        self.terms().float()
    }

    /// The bank that it fills or drains.
    pub fn bank_account(&self) -> Account {
        self.terms().bank_account()
    }

    /// What its entries and its hold are about.
    pub fn business(&self) -> BusinessId {
        BusinessId::Treasury(self.reference)
    }

    /// When somebody has to ask again after this; `None`: never. `ladder` is when an open one is asked about next.
    pub fn asked_again(&self, now: DateTime<Utc>, ladder: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match (self.state, self.succeeded_at) {
            (MovementState::Succeeded, Some(at)) => Some(at + WATCHED).filter(|end| *end > now),
            (state, _) if state.is_final() => None,
            _ => Some(ladder),
        }
    }

    /// What follows from what the provider said, or `None` when it tells nothing new.
    ///
    /// A refusal of one that was paid is its coming back; a coming back of one that we never heard to be paid is a
    /// refusal. Errors: [`Refusal::AmountDiffers`], and [`Refusal::IllegalState`] for what contradicts the book.
    pub fn hear(
        &self,
        fact: &Fact,
        now: DateTime<Utc>,
        fresh: &mut dyn Fresh,
    ) -> Result<Option<TreasuryStep>, Refusal> {
        use MovementState::{Cancelled, Declined, Expired, FailedLater, Reversed, Submitted, Succeeded};
        match fact {
            Fact::Pending { provider_ref, .. } => self.pending(provider_ref.as_ref(), now),
            Fact::Succeeded { provider_ref, amount, .. } => {
                if *amount != self.amount {
                    let (reference, said, expected) = (self.reference, *amount, self.amount);
                    return Err(Refusal::AmountDiffers { reference, said, expected });
                }
                let is_old_news = matches!(self.state, Succeeded | FailedLater)
                    || (self.state.is_final()
                        && provider_ref.is_some()
                        && *provider_ref == self.provider_ref);
                if is_old_news {
                    return Ok(None);
                }
                self.paid(provider_ref.clone(), now, fresh).map(Some)
            }
            Fact::Declined { code } | Fact::FailedLater { code } => match self.state {
                Succeeded => self.came_back(code, now, fresh).map(Some),
                state if state.is_final() => Ok(None),
                _ => self.ended(Declined, Some(code), now).map(Some),
            },
            Fact::Expired | Fact::Cancelled if self.state.is_final() && self.state != Succeeded => Ok(None),
            Fact::Expired => self.ended(Expired, None, now).map(Some),
            Fact::Cancelled => self.ended(Cancelled, None, now).map(Some),
            Fact::Reversed | Fact::Disputed { .. } | Fact::DisputeWon => Err(self.illegal(Reversed)),
            Fact::NotFound { .. } | Fact::Unknown { .. } | Fact::RefusedUnlessFound { .. }
                if self.state.is_final() =>
            {
                Ok(None)
            }
            Fact::NotFound { resend, settling } => {
                let sent = self.submitted_at.unwrap_or(self.created_at);
                let is_lost = self.not_found + 1 >= 3 && now - sent >= *settling && *resend;
                let not_found = if is_lost { 0 } else { self.not_found + 1 };
                let mut step = self.unknown(not_found, now)?;
                step.promises.extend(is_lost.then_some((TreasuryPromise::Submit, now)));
                Ok(Some(step))
            }
            // A question about one that is on its way and was not answered changes nothing.
            Fact::Unknown { .. } | Fact::RefusedUnlessFound { .. } if self.state == Submitted => Ok(None),
            Fact::Unknown { .. } | Fact::RefusedUnlessFound { .. } => {
                self.unknown(self.not_found, now).map(Some)
            }
        }
    }

    fn pending(
        &self,
        provider_ref: Option<&String>,
        now: DateTime<Utc>,
    ) -> Result<Option<TreasuryStep>, Refusal> {
        let is_known = provider_ref.is_none() || provider_ref == self.provider_ref.as_ref();
        if self.state.is_final() || (self.state == MovementState::Submitted && is_known) {
            return Ok(None);
        }
        let mut step = match self.state {
            MovementState::Submitted => self.next(now),
            _ => self.stepped(MovementState::Submitted, now)?,
        };
        step.movement.provider_ref = provider_ref.cloned().or(step.movement.provider_ref);
        (step.movement.asked, step.movement.not_found) = (0, 0);
        Ok(Some(step))
    }

    fn paid(
        &self,
        provider_ref: Option<String>,
        now: DateTime<Utc>,
        fresh: &mut dyn Fresh,
    ) -> Result<TreasuryStep, Refusal> {
        let mut step = self.stepped(MovementState::Succeeded, now)?;
        step.movement.provider_ref = provider_ref.or(step.movement.provider_ref);
        step.movement.succeeded_at = Some(now);
        let entry = self.entry(&self.to(), &self.from(), now, fresh.id())?;
        step.ledger.extend(self.hold.map(|hold| LedgerStep::Settle { hold, amount: self.amount }));
        step.ledger.push(LedgerStep::Post(entry));
        Ok(step)
    }

    fn came_back(
        &self,
        code: &str,
        now: DateTime<Utc>,
        fresh: &mut dyn Fresh,
    ) -> Result<TreasuryStep, Refusal> {
        let mut step = self.stepped(MovementState::FailedLater, now)?;
        step.movement.code = Some(code.to_owned());
        let entry = self.entry(&self.from(), &self.to(), now, fresh.id())?;
        step.ledger = vec![LedgerStep::Post(entry)];
        Ok(step)
    }

    fn ended(
        &self,
        state: MovementState,
        code: Option<&String>,
        now: DateTime<Utc>,
    ) -> Result<TreasuryStep, Refusal> {
        let mut step = self.stepped(state, now)?;
        step.movement.code = code.cloned();
        step.ledger.extend(self.hold.map(|hold| LedgerStep::Void { hold }));
        Ok(step)
    }

    fn unknown(&self, not_found: i64, now: DateTime<Utc>) -> Result<TreasuryStep, Refusal> {
        let mut step = match self.state {
            MovementState::Uncertain => self.next(now),
            _ => self.stepped(MovementState::Uncertain, now)?,
        };
        (step.movement.asked, step.movement.not_found) = (self.asked + 1, not_found);
        Ok(step)
    }

    /// The next version in another state. One that leaves us is asked about from then on.
    fn stepped(&self, state: MovementState, now: DateTime<Utc>) -> Result<TreasuryStep, Refusal> {
        if !self.state.allows(state, MovementKind::Treasury) {
            return Err(self.illegal(state));
        }
        let mut step = self.next(now);
        step.movement.state = state;
        step.movement.submitted_at = self.submitted_at.or(Some(now));
        let first = now + Duration::seconds(crate::movement::LADDER_S[0]);
        let is_asked_about =
            self.state == MovementState::Intended && (!state.is_final() || state == MovementState::Succeeded);
        step.promises.extend(is_asked_about.then_some((TreasuryPromise::Inquire, first)));
        Ok(step)
    }

    fn next(&self, now: DateTime<Utc>) -> TreasuryStep {
        let movement = TreasuryMovement { version: self.version + 1, updated_at: now, ..self.clone() };
        TreasuryStep { movement, ledger: vec![], promises: vec![] }
    }

    fn illegal(&self, to: MovementState) -> Refusal {
        Refusal::IllegalState { reference: self.reference, from: self.state, to }
    }

    fn entry(
        &self,
        debit: &Account,
        credit: &Account,
        at: DateTime<Utc>,
        id: Uuid,
    ) -> Result<JournalEntry, Refusal> {
        let postings = crate::recipes::single(debit, credit, self.amount)?;
        Ok(JournalEntry {
            id: EntryId::from_uuid(id),
            kind: EntryKind::Treasury,
            nature: Nature::Fact,
            business: self.business(),
            movement: Some(self.reference),
            at,
            postings,
        })
    }
}

#[cfg(test)]
mod tests;
