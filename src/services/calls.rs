//! Movements as operations of a provider, with the people that they concern.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Country, Currency, Money, Movement, MovementKind, Msisdn, Rail};
use providers::{
    Cancel, Capabilities, Collect, Disburse, Inquire, Operation, OperationKind, Otp, Outcome, Payee,
    Provider, ProviderError, ProviderRef, Refund, Reverse, VerifyRecipient,
};

use super::bank::Payer;
use super::callback_doors;
use super::cases::OpenCase;
use super::people::Party;
use crate::app::App;

/// The adapter of the movement's wallet.
pub fn provider<'a>(app: &'a App, movement: &Movement) -> Option<&'a Arc<dyn Provider>> {
    app.providers.get(movement.rail.provider()?, &movement.wallet)
}

/// The wallet that carries out an operation of this rail, there and in this currency.
pub fn wallet(
    app: &App,
    rail: Rail,
    country: Country,
    currency: Currency,
    operation: OperationKind,
) -> Option<&Capabilities> {
    let serves = |wallet: &&Capabilities| {
        wallet.rails.contains(&rail)
            && wallet.countries.contains(&country)
            && wallet.currencies.contains(&currency)
            && wallet.supports(operation)
    };
    app.providers.wallets(rail.provider()?).map(|entry| entry.capabilities()).find(serves)
}

/// Whether the same submission twice moves money once at most.
fn is_idempotent(kind: MovementKind, capabilities: &Capabilities) -> bool {
    let idempotent = capabilities.idempotent_on_reference;
    match kind {
        MovementKind::Collection => idempotent.collect,
        MovementKind::Disbursement => idempotent.disburse,
        MovementKind::Refund => idempotent.refund,
        MovementKind::Reversal => idempotent.reverse,
        MovementKind::Treasury => idempotent.sweep,
    }
}

/// Whether this very movement may be sent again: the provider still knows the first sending by its reference.
pub fn may_repeat(movement: &Movement, capabilities: &Capabilities, now: DateTime<Utc>) -> bool {
    let sent = movement.submitted_at.unwrap_or(movement.created_at);
    let is_remembered = capabilities
        .idempotent_for
        .and_then(|remembered| TimeDelta::from_std(remembered).ok())
        .is_none_or(|remembered| now - sent < remembered);
    is_idempotent(movement.kind, capabilities) && is_remembered
}

/// What sends the movement; `None` when it names nobody or nothing to send it to.
pub fn submission(app: &App, open: &OpenCase, movement: &Movement, payer: Payer) -> Option<Operation> {
    match movement.kind {
        MovementKind::Collection => Some(Operation::Collect(collect(app, open, movement, payer))),
        MovementKind::Disbursement => disburse(app, open, movement).map(Operation::Disburse),
        MovementKind::Refund => refund(app, open, movement).map(Operation::Refund),
        MovementKind::Reversal => reverse(open, movement).map(Operation::Reverse),
        MovementKind::Treasury => None,
    }
}

/// What asks about it.
pub fn inquiry(open: &OpenCase, movement: &Movement, customer: Option<ProviderRef>) -> Operation {
    Operation::Inquire(Inquire {
        reference: movement.reference,
        kind: movement.kind,
        provider_ref: movement.provider_ref.clone().map(ProviderRef),
        amount: movement.amount,
        original: original(open, movement).and_then(|m| m.provider_ref.clone()).map(ProviderRef),
        since: movement.submitted_at.unwrap_or(movement.created_at),
        rail: movement.rail,
        customer,
    })
}

/// Puts a question. What only its name leads back to, and was lost before it had one, is known to nobody.
pub async fn ask(provider: &dyn Provider, question: &Operation) -> Result<Outcome, ProviderError> {
    match question {
        Operation::Inquire(Inquire { kind: MovementKind::Collection, provider_ref: None, .. })
            if provider.capabilities().hosted.needs_its_name =>
        {
            Ok(Outcome::NotFound)
        }
        _ => provider.call(question).await,
    }
}

/// What asks about the payee of a disbursement; `None` where its wallet cannot be asked, or the payee is no number.
pub fn verification(app: &App, open: &OpenCase, movement: &Movement) -> Option<Operation> {
    let able = provider(app, movement)?.capabilities().supports(OperationKind::VerifyRecipient);
    let is_asked = able && movement.kind == MovementKind::Disbursement;
    let payee = payee(movement.rail, &open.people.payee).filter(|_| is_asked)?;
    let name = open.people.payee.name.clone();
    Some(Operation::VerifyRecipient(VerifyRecipient { payee, name, amount: movement.amount }))
}

/// Whether this refund can be put to its wallet at all. Where it cannot, only a person can give the money back.
pub fn can_give_back(app: &App, open: &OpenCase, refund: &Movement) -> bool {
    let operation = submission(app, open, refund, Payer::default());
    let capabilities = provider(app, refund).map(|provider| provider.capabilities());
    // A wallet that is not configured now may be again.
    capabilities.is_none_or(|able| operation.is_some_and(|operation| able.check(&operation).is_ok()))
}

/// What closes a hosted collection; `None` when the provider never named it.
pub fn closing(movement: &Movement) -> Option<Operation> {
    let provider_ref = ProviderRef(movement.provider_ref.clone()?);
    Some(Operation::Cancel(Cancel { reference: movement.reference, provider_ref }))
}

/// A relative may pay on somebody's behalf, so the payer is expected and not enforced.
fn collect(app: &App, open: &OpenCase, movement: &Movement, payer: Payer) -> Collect {
    let page = |end: &str| format!("{}/return/{}/{end}", app.public_url, open.case.transfer.id);
    Collect {
        reference: movement.reference,
        amount: movement.amount,
        rail: movement.rail,
        payer: msisdn(open.people.payer.phone.as_ref()),
        restrict_payer: false,
        success_url: page("paid"),
        failure_url: page("not_paid"),
        customer: payer.customer,
        debit: payer.debit,
        otp: open.people.otp.clone().map(Otp),
        callback_url: callback_url(app, movement),
    }
}

fn disburse(app: &App, open: &OpenCase, movement: &Movement) -> Option<Disburse> {
    Some(Disburse {
        reference: movement.reference,
        amount: movement.amount,
        payee: payee(movement.rail, &open.people.payee)?,
        name: open.people.payee.name.clone(),
        reason: Some(open.people.purpose.clone()).filter(|purpose| !purpose.is_empty()),
        callback_url: callback_url(app, movement),
    })
}

fn refund(app: &App, open: &OpenCase, movement: &Movement) -> Option<Refund> {
    let original = original(open, movement)?;
    Some(Refund {
        reference: movement.reference,
        original: original.reference,
        original_ref: ProviderRef(original.provider_ref.clone()?),
        amount: movement.amount,
        whole: movement.amount == original.amount,
        rail: original.rail,
        payer: msisdn(open.people.payer.phone.as_ref()),
        callback_url: callback_url(app, movement),
    })
}

fn reverse(open: &OpenCase, movement: &Movement) -> Option<Reverse> {
    let original = original(open, movement)?;
    let amount: Money = movement.amount;
    Some(Reverse {
        reference: movement.reference,
        original_ref: ProviderRef(original.provider_ref.clone()?),
        amount,
        submitted_at: original.submitted_at?,
    })
}

fn callback_url(app: &App, movement: &Movement) -> Option<String> {
    let capabilities = provider(app, movement)?.capabilities();
    callback_doors::url(&app.public_url, &app.keyring, capabilities, movement.reference)
}

fn original<'a>(open: &'a OpenCase, movement: &Movement) -> Option<&'a Movement> {
    open.case.movement(movement.original?).ok()
}

/// By hand one pays to whatever the words say, elsewhere to a number.
fn payee(rail: Rail, party: &Party) -> Option<Payee> {
    let words = party.account.clone().filter(|_| rail == Rail::Manual).map(Payee::Words);
    words.or_else(|| msisdn(party.phone.as_ref()).map(Payee::Phone))
}

fn msisdn(phone: Option<&String>) -> Option<Msisdn> {
    Msisdn::parse(phone?).ok()
}
