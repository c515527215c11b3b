//! How a transfer begins: by asking a provider for the money, from a balance of ours, or with late money.

use chrono::{DateTime, Utc};

use super::draft::Draft;
use super::{Case, Fresh, Lane, PromiseKind, Refusal, Step, Transfer, TransferStatus, Wallets};
use crate::{EntryKind, Money, Movement, MovementKind, MovementState, Nature, Rail, Wallet, recipes};

impl Case {
    /// The first step of `transfer`.
    ///
    /// By a provider's rail the money is asked for and a deadline is promised. From the rail `balance` the value is
    /// converted and held in the same commit; the writer refuses it when the balance does not suffice.
    pub fn open(
        transfer: Transfer,
        wallets: &Wallets,
        now: DateTime<Utc>,
        fresh: &mut dyn Fresh,
    ) -> Result<Step, Refusal> {
        let case = Case { transfer: transfer.clone(), movements: vec![], wallets: wallets.clone() };
        let mut draft = Draft::first(transfer, now, fresh);
        draft.say("created", None, "");
        if case.transfer.funding_rail == Rail::Balance {
            case.fund(&mut draft, Nature::Intent)?;
        } else {
            case.ask_for_money(&mut draft);
            let (id, deadline) = (case.transfer.id.uuid(), case.transfer.funding_deadline);
            draft.promise(PromiseKind::Expire, id, Lane::Internal, deadline);
        }
        Ok(draft.step)
    }

    /// The first step of a transfer that late money pays for: `late` is the collection it came by.
    ///
    /// The collection is booked again under the new transfer, so that a refund finds it; the other transfer gives it
    /// up in the same commit ([`super::Event::ReuseLate`]). A fee that is not known yet is learned here and no more
    /// there.
    pub fn open_with_late(
        transfer: Transfer,
        late: &Movement,
        wallets: &Wallets,
        now: DateTime<Utc>,
        fresh: &mut dyn Fresh,
    ) -> Result<Step, Refusal> {
        if late.amount != transfer.total {
            let (said, expected) = (late.amount, transfer.total);
            return Err(Refusal::AmountDiffers { reference: late.reference, said, expected });
        }
        let case = Case { transfer: transfer.clone(), movements: vec![], wallets: wallets.clone() };
        let mut draft = Draft::first(transfer, now, fresh);
        draft.say("created", None, "");
        let mut collection = case.collection(&mut draft);
        collection.wallet = late.wallet.clone();
        collection.state = MovementState::Succeeded;
        collection.provider_ref = late.provider_ref.clone();
        collection.transaction_ref = late.transaction_ref.clone();
        collection.fee = late.fee;
        collection.original = Some(late.reference);
        collection.submitted_at = late.submitted_at;
        collection.available_at = late.available_at;
        case.book_collection(&mut draft, &collection)?;
        if collection.fee.is_none() || collection.is_in_transit() {
            draft.promise_for(PromiseKind::LearnFee, &collection, now);
        }
        draft.put(collection);
        case.fund(&mut draft, Nature::Fact)?;
        Ok(draft.step)
    }

    /// A new collection, to be sent at once.
    pub(super) fn ask_for_money(&self, draft: &mut Draft<'_>) {
        let collection = self.collection(draft);
        draft.promise_for(PromiseKind::Submit, &collection, draft.now);
        draft.put(collection);
    }

    /// Converts what came, reserves it for the payee and promises to send it.
    pub(super) fn fund(&self, draft: &mut Draft<'_>, nature: Nature) -> Result<(), Refusal> {
        draft.status(TransferStatus::Funded)?;
        draft.post(EntryKind::Conversion, nature, None, recipes::conversion(&self.transfer))?;
        let disbursement = self.disbursement(draft);
        draft.say("funded", None, "");
        draft.put(disbursement);
        Ok(())
    }

    /// A new disbursement, its value reserved and its dispatch promised.
    pub(super) fn disbursement(&self, draft: &mut Draft<'_>) -> Movement {
        let (rail, wallet) = (self.transfer.payout_rail, self.wallets.payout.clone());
        let (amount, source) = (self.transfer.receive, self.transfer.converted_account());
        let mut disbursement =
            new_movement(draft, MovementKind::Disbursement, rail, wallet, amount, source.clone());
        disbursement.value_hold = Some(draft.hold(source, amount));
        draft.promise_for(PromiseKind::Dispatch, &disbursement, draft.now);
        disbursement
    }

    fn collection(&self, draft: &mut Draft<'_>) -> Movement {
        let (rail, wallet) = (self.transfer.funding_rail, self.wallets.funding.clone());
        let (amount, source) = (self.transfer.total, self.transfer.payer_account());
        new_movement(draft, MovementKind::Collection, rail, wallet, amount, source)
    }
}

pub(super) fn new_movement(
    draft: &mut Draft<'_>,
    kind: MovementKind,
    rail: Rail,
    wallet: Wallet,
    amount: Money,
    source: crate::Account,
) -> Movement {
    Movement {
        reference: draft.fresh.reference(),
        transfer: draft.step.transfer.id,
        kind,
        rail,
        wallet,
        state: MovementState::Intended,
        amount,
        fee: None,
        provider_ref: None,
        transaction_ref: None,
        original: None,
        source,
        value_hold: None,
        float_hold: None,
        code: None,
        asked: 0,
        not_found: 0,
        submitted_at: None,
        available_at: None,
        dispute_fee: None,
        version: 1,
        created_at: draft.now,
        updated_at: draft.now,
    }
}
