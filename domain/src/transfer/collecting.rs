//! What follows when something is heard of a collection, in time or late.

use chrono::{DateTime, Duration, Utc};

use super::case::{not_known, refused_unless_found, submitted, surely_not_there};
use super::draft::Draft;
use super::opening::new_movement;
use super::{Case, Fact, Lane, NextAction, NoticeKind, PromiseKind, Refusal, TransferStatus};
use crate::movement::Late;
use crate::{
    EntryKind, Money, Movement, MovementKind, MovementState, Nature, Rail, Wallet, calendar, recipes,
};

/// How long the sender of late money may take a new quote for it.
const LATE_MONEY_WAITS_H: i64 = 72;

/// How long a bank transfer that was given up may still arrive and find its transfer.
const LATE_TRANSFERS_D: i64 = 14;

/// When an expired collection is asked about a last time, where nothing else would tell that it was paid after all.
const LAST_LOOK_S: i64 = 600;

/// How many banking days a refund of a direct debit waits, since its payer could also take it back at the bank.
///
/// Source: Stripe's advice for SEPA refunds, docs.stripe.com, 2026.
const DEBIT_REFUND_WAITS_D: u32 = 7;

impl Case {
    pub(super) fn heard_of_collection(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fact: &Fact,
    ) -> Result<bool, Refusal> {
        match fact {
            Fact::Disputed { dispute, amount, fee } => self.disputed(draft, movement, dispute, *amount, *fee),
            Fact::DisputeWon => self.dispute_won(draft, movement),
            _ if matches!(movement.state, MovementState::Succeeded | MovementState::Disputed) => Ok(false),
            Fact::Succeeded { .. } => self.money_came(draft, movement, fact),
            _ if movement.state.is_final() => Ok(false),
            Fact::Pending { provider_ref, next_action, executing } => {
                self.pending(draft, movement, provider_ref, next_action, *executing)
            }
            Fact::Declined { code } => {
                self.no_money(draft, movement, MovementState::Declined, Some(code))?;
                Ok(true)
            }
            Fact::Expired | Fact::Reversed => {
                self.no_money(draft, movement, MovementState::Expired, None)?;
                Ok(true)
            }
            Fact::Cancelled => {
                self.no_money(draft, movement, MovementState::Cancelled, None)?;
                Ok(true)
            }
            Fact::RefusedUnlessFound { code } => Ok(refused_unless_found(draft, movement, code)?.is_some()),
            Fact::NotFound { resend, settling } => self.not_there(draft, movement, *resend, *settling),
            Fact::Unknown { reason } => {
                not_known(draft, movement, 0, reason)?;
                Ok(true)
            }
            Fact::FailedLater { .. } => Ok(false),
        }
    }

    /// The provider has it. News is what the payer has to do, or that they have done it.
    fn pending(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        provider_ref: &Option<String>,
        next_action: &Option<NextAction>,
        executing: bool,
    ) -> Result<bool, Refusal> {
        let (status, before) = (self.transfer.status, &self.transfer.next_action);
        let is_same = next_action.is_none() || before == next_action;
        let begins = executing && status == TransferStatus::AwaitingPayment;
        if movement.state == MovementState::Submitted && (!status.awaits_money() || is_same && !begins) {
            return Ok(false);
        }
        let next = submitted(draft, movement, provider_ref)?;
        if !status.awaits_money() {
            draft.note_for_staff("submitted", &next, "");
            draft.promise_for(PromiseKind::Close, &next, draft.now);
        } else if executing {
            draft.status(TransferStatus::Collecting)?;
            draft.step.transfer.next_action = None;
            draft.say("collecting", Some(&next), "");
        } else {
            draft.step.transfer.next_action = next_action.clone();
            let is_part = is_less(next_action.as_ref(), before.as_ref());
            draft.say(if is_part { "partly_paid" } else { "payment_requested" }, Some(&next), "");
        }
        draft.put(next);
        Ok(true)
    }

    fn money_came(&self, draft: &mut Draft<'_>, movement: &Movement, fact: &Fact) -> Result<bool, Refusal> {
        let Fact::Succeeded { provider_ref, transaction_ref, amount, fee, at } = fact else {
            return Ok(false);
        };
        if *amount != movement.amount {
            let (reference, expected) = (movement.reference, movement.amount);
            return Err(Refusal::AmountDiffers { reference, said: *amount, expected });
        }
        let mut next = draft.change(movement, MovementState::Succeeded)?;
        next.provider_ref = provider_ref.clone().or(next.provider_ref);
        next.transaction_ref = transaction_ref.clone();
        // Who did their part in time is in time, however long the bank takes.
        let in_time = self.transfer.status == TransferStatus::Collecting
            || at.unwrap_or(draft.now) <= self.transfer.funding_deadline;
        if self.transfer.status.awaits_money() && in_time {
            self.book_collection(draft, &next)?;
            draft.say("payment_received", Some(&next), "");
            draft.tell(NoticeKind::PaymentReceived);
            self.fund(draft, Nature::Fact)?;
            self.close_others(draft, movement);
        } else {
            self.came_late(draft, &mut next)?;
        }
        if let Some(fee) = fee {
            self.book_fee(draft, &mut next, *fee)?;
        }
        if next.fee.is_none() || next.is_in_transit() {
            draft.promise_for(PromiseKind::LearnFee, &next, draft.now + Duration::seconds(2));
        }
        draft.put(next);
        Ok(true)
    }

    /// A payment request that was made anew leaves the old one open: nobody should pay twice.
    fn close_others(&self, draft: &mut Draft<'_>, paid: &Movement) {
        let is_open =
            |m: &&Movement| m.kind == MovementKind::Collection && m.state == MovementState::Submitted;
        for open in self.movements.iter().filter(is_open).filter(|m| m.reference != paid.reference) {
            draft.promise_for(PromiseKind::Close, open, draft.now);
        }
    }

    /// The money is at the provider; we owe it to the payer.
    pub(super) fn book_collection(
        &self,
        draft: &mut Draft<'_>,
        collection: &Movement,
    ) -> Result<(), Refusal> {
        let landing = collection.landing().ok_or(Refusal::NoFloat { rail: collection.rail })?;
        let postings = recipes::single(&landing, &self.transfer.payer_account(), collection.amount);
        draft.post(EntryKind::Collection, Nature::Fact, Some(collection), postings)
    }

    /// Belongs to nobody yet: kept apart, never converted silently, given back unless its sender asks otherwise.
    fn came_late(&self, draft: &mut Draft<'_>, collection: &mut Movement) -> Result<(), Refusal> {
        let rail = collection.rail;
        let landing = collection.landing().ok_or(Refusal::NoFloat { rail })?;
        let suspense = collection.suspense().ok_or(Refusal::NoFloat { rail })?;
        let postings = recipes::single(&landing, &suspense, collection.amount);
        draft.post(EntryKind::LateMoney, Nature::Fact, Some(collection), postings)?;
        collection.source = suspense;
        collection.mark_late(Late::Waiting);
        if self.transfer.status.awaits_money() {
            draft.status(TransferStatus::Expired)?;
        }
        draft.say("late_payment", Some(collection), "");
        draft.tell(NoticeKind::LateMoneyReceived);
        let due_at = draft.now + Duration::hours(LATE_MONEY_WAITS_H);
        draft.promise(PromiseKind::GiveBack, collection.reference.uuid(), Lane::Internal, due_at);
        Ok(())
    }

    /// This collection brings nothing; the transfer ends with it unless another may still be paid.
    fn no_money(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        state: MovementState,
        code: Option<&String>,
    ) -> Result<(), Refusal> {
        let mut next = draft.change(movement, state)?;
        next.code = code.cloned();
        if self.transfer.status.awaits_money() && !self.may_still_be_paid(movement) {
            let (status, event) = match state {
                MovementState::Declined => (TransferStatus::CollectionFailed, "payment_declined"),
                MovementState::Cancelled => (TransferStatus::Cancelled, "cancelled"),
                _ => (TransferStatus::Expired, "expired"),
            };
            draft.status(status)?;
            draft.say(event, Some(&next), code.map_or("", |code| code));
        } else {
            draft.note_for_staff("collection_closed", &next, "");
        }
        if state == MovementState::Expired && next.may_be_paid_unheard() {
            draft.promise_for(PromiseKind::Inquire, &next, draft.now + Duration::seconds(LAST_LOOK_S));
        }
        draft.put(next);
        Ok(())
    }

    /// A create whose answer was lost and which the provider never saw: the payer gets a new collection, with a
    /// reference of its own. Should the old one be paid after all, that money is booked like any other. Who is asked on
    /// their phone is asked under the same reference where `resend` is safe, so that they are never asked twice.
    ///
    /// One that was refused, and is not there, is refused: to be wrong about it costs a late payment that goes back.
    fn not_there(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        resend: bool,
        settling: Duration,
    ) -> Result<bool, Refusal> {
        if let Some(code) = movement.refusal() {
            self.no_money(draft, movement, MovementState::Declined, Some(&code.to_owned()))?;
            return Ok(true);
        }
        if !surely_not_there(movement, settling, draft.now) {
            not_known(draft, movement, movement.not_found + 1, "not found")?;
            return Ok(true);
        }
        if resend && movement.rail.asks_on_the_phone() && self.transfer.status.awaits_money() {
            let next = not_known(draft, movement, 0, "not found")?;
            draft.note_for_staff("sent_again", &next, "");
            draft.promise_for(PromiseKind::Submit, &next, draft.now);
            return Ok(true);
        }
        let next = draft.change(movement, MovementState::Expired)?;
        draft.note_for_staff("collection_never_arrived", &next, "");
        draft.put(next);
        if self.transfer.status.awaits_money() {
            self.ask_for_money(draft);
        }
        Ok(true)
    }

    /// Ends a transfer that no money came for; what is open at the provider is closed after the commit.
    pub(super) fn give_up(&self, draft: &mut Draft<'_>, status: TransferStatus) -> Result<bool, Refusal> {
        // What the payer's bank already carries out cannot be given up.
        if self.transfer.status != TransferStatus::AwaitingPayment {
            return Ok(false);
        }
        draft.status(status)?;
        for open in self.movements.iter().filter(|m| !m.state.is_final()) {
            if open.state == MovementState::Intended {
                let next = draft.change(open, MovementState::Cancelled)?;
                draft.put(next);
            } else {
                draft.promise_for(PromiseKind::Close, open, closing_at(open, draft.now));
            }
        }
        draft.say(if status == TransferStatus::Expired { "expired" } else { "cancelled" }, None, "");
        Ok(true)
    }

    pub(super) fn learn_fee(
        &self,
        draft: &mut Draft<'_>,
        movement: &Movement,
        fee: Money,
        available_at: Option<DateTime<Utc>>,
    ) -> Result<bool, Refusal> {
        let is_spendable = movement.is_in_transit() && available_at.is_some_and(|at| at <= draft.now);
        let is_known = movement.fee.is_some();
        if movement.late() == Some(Late::Reused) || is_known && !is_spendable {
            return Ok(false);
        }
        let mut next = draft.change(movement, movement.state)?;
        if !is_known {
            match self.was_given_back(movement) {
                true => next.fee = Some(fee),
                false => self.book_fee(draft, &mut next, fee)?,
            }
            draft.note_for_staff("fee_learned", &next, &fee.to_string());
        }
        if is_spendable {
            self.settle_transit(draft, &mut next, available_at)?;
        }
        draft.put(next);
        Ok(true)
    }

    /// What came, less the provider's fee, is spendable from now on.
    fn settle_transit(
        &self,
        draft: &mut Draft<'_>,
        collection: &mut Movement,
        available_at: Option<DateTime<Utc>>,
    ) -> Result<(), Refusal> {
        let no_float = Refusal::NoFloat { rail: collection.rail };
        let (transit, float) = collection.landing().zip(collection.float()).ok_or(no_float)?;
        let fee = collection.fee.unwrap_or(Money::zero(collection.amount.currency()));
        let postings = recipes::became_spendable(&float, &transit, collection.amount, fee);
        draft.post(EntryKind::Settlement, Nature::Fact, Some(collection), postings)?;
        collection.available_at = available_at;
        draft.note_for_staff("became_spendable", collection, "");
        Ok(())
    }

    /// The provider returned the fee with the refund before we had learned it: both cancel out.
    fn was_given_back(&self, collection: &Movement) -> bool {
        collection.rail.returns_fee_on_refund()
            && self.movements.iter().any(|movement| {
                movement.kind == MovementKind::Refund
                    && movement.rail == collection.rail
                    && movement.original == Some(collection.reference)
                    && movement.amount == collection.amount
                    && movement.state == MovementState::Succeeded
            })
    }

    pub(super) fn book_fee(
        &self,
        draft: &mut Draft<'_>,
        movement: &mut Movement,
        fee: Money,
    ) -> Result<(), Refusal> {
        let from = movement.landing().ok_or(Refusal::NoFloat { rail: movement.rail })?;
        movement.fee = Some(fee);
        draft.post(EntryKind::ProviderFee, Nature::Fact, Some(movement), recipes::provider_fee(&from, fee))
    }

    /// Sends late money back to where it came from.
    pub(super) fn give_back(&self, draft: &mut Draft<'_>, collection: &Movement) -> Result<bool, Refusal> {
        if collection.late() != Some(Late::Waiting) {
            return Ok(false);
        }
        let mut spent = draft.change(collection, collection.state)?;
        spent.mark_late(Late::Returned);
        draft.put(spent);
        self.start_refund(draft, collection, collection.amount)?;
        Ok(true)
    }

    /// Lets late money go to another transfer, which books it in the same commit.
    pub(super) fn reuse_late(&self, draft: &mut Draft<'_>, collection: &Movement) -> Result<bool, Refusal> {
        if collection.late() != Some(Late::Waiting) {
            return Err(Refusal::NotLate { reference: collection.reference });
        }
        let landing = collection.landing().ok_or(Refusal::NoFloat { rail: collection.rail })?;
        let postings = recipes::single(&collection.source, &landing, collection.amount);
        draft.post(EntryKind::Release, Nature::Fact, Some(collection), postings)?;
        let mut spent = draft.change(collection, collection.state)?;
        spent.mark_late(Late::Reused);
        draft.say("late_payment_reused", Some(&spent), "");
        draft.put(spent);
        Ok(true)
    }

    /// A refund of `amount` by the way that `collection` came, with its value reserved; the float is reserved when it
    /// is dispatched.
    pub(super) fn start_refund(
        &self,
        draft: &mut Draft<'_>,
        collection: &Movement,
        amount: Money,
    ) -> Result<(), Refusal> {
        let rail = collection.rail;
        let wallet = match collection.wallet == self.wallets.funding && rail == self.transfer.funding_rail {
            true => self.wallets.refund.clone(),
            false => collection.wallet.clone(),
        };
        self.start_refund_by(draft, collection, amount, (rail, wallet))
    }

    /// The same by another rail than it came by.
    pub(super) fn start_refund_by(
        &self,
        draft: &mut Draft<'_>,
        collection: &Movement,
        amount: Money,
        (rail, wallet): (Rail, Wallet),
    ) -> Result<(), Refusal> {
        let source = collection.source.clone();
        let mut refund = new_movement(draft, MovementKind::Refund, rail, wallet, amount, source.clone());
        refund.original = Some(collection.reference);
        refund.value_hold = Some(draft.hold(source, amount));
        let due_at = refundable_at(collection, draft.now);
        draft.promise(PromiseKind::Dispatch, refund.reference.uuid(), Lane::Internal, due_at);
        draft.say("refund_started", Some(&refund), "");
        draft.put(refund);
        Ok(())
    }
}

/// When a collection that nobody waits for any more is closed at its provider.
fn closing_at(open: &Movement, now: DateTime<Utc>) -> DateTime<Utc> {
    match open.rail.outlives_its_deadline() {
        true => now + Duration::days(LATE_TRANSFERS_D),
        false => now,
    }
}

fn refundable_at(collection: &Movement, now: DateTime<Utc>) -> DateTime<Utc> {
    match collection.rail {
        Rail::SepaDebit => calendar::banking_days_after(now, DEBIT_REFUND_WAITS_D),
        _ => now,
    }
}

/// Whether less is asked for than before: a part has come.
fn is_less(next: Option<&NextAction>, before: Option<&NextAction>) -> bool {
    match (next, before) {
        (
            Some(NextAction::BankTransfer { amount: next, .. }),
            Some(NextAction::BankTransfer { amount: before, .. }),
        ) => next.minor() < before.minor(),
        _ => false,
    }
}
