//! Accepting a transfer: one commit of the claim, the order, its holds, its promises and its audit entry.

use domain::transfer::{Case, Step};
use domain::{Account, Country, Iban, MandateId, Msisdn, Quote, QuoteId, Rail, Transfer, TransferId, UserId};
use providers::OperationKind;
use store::crypto::Aad;
use store::writer::{Answer, Change, Claim, NewAudit, Written};
use store::{idempotency, users};
use uuid::Uuid;

use super::TransferError;
use super::read::Seen;
use crate::app::App;
use crate::services::IdempotencyKey as Key;
use crate::services::auth;
use crate::services::cases;
use crate::services::numbers;
use crate::services::people::{Debit, Party, People, Sealer};
use crate::services::{Caller, Visitor};

/// What a customer orders.
#[derive(Clone, Debug)]
pub struct Ask {
    pub quote: QuoteId,
    pub payer: PartyAsk,
    pub payee: PartyAsk,
    pub purpose: String,
    pub reference: Option<String>,
}

/// What a direct debit takes the money from.
#[derive(Clone, Debug)]
pub enum DebitAsk {
    /// This account, with a consent that is given by ordering.
    Account(Iban),
    /// What an earlier consent covers.
    Mandate(MandateId),
}

/// One end of an order, with its fields read.
#[derive(Clone, Debug)]
pub struct PartyAsk {
    pub rail: Rail,
    pub phone: Option<Msisdn>,
    /// Whether they took the number along from another operator, as they say.
    pub ported: bool,
    pub name: Option<String>,
    pub email: Option<String>,
    /// Where the money goes, on rails without a number.
    pub account: Option<AccountAsk>,
    pub country: Option<Country>,
    /// What is debited, by the rail `sepa_debit`.
    pub debit: Option<DebitAsk>,
    /// What the payer pays with at once, on rails that are paid by code.
    pub otp: Option<String>,
}

/// Where money goes that goes to no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountAsk {
    /// Somebody's balance with us.
    Balance(UserId),
    /// What a person of ours is told: a supplier's bank account, a counter.
    Words(String),
}

/// An answer as stored; a replay gives the same bytes.
#[derive(Clone, Debug)]
pub struct Stored {
    pub status: u16,
    pub location: Option<String>,
    pub body: Vec<u8>,
    pub replayed: bool,
}

/// Accepts the order of `caller`. `render` makes the answer's bytes from what is known at the commit.
///
/// A key that was answered before is answered the same again, whatever became of quote or balance since.
pub async fn create(
    app: &App,
    caller: &Caller,
    visitor: &Visitor,
    key: Key,
    ask: Ask,
    render: impl FnOnce(&Seen) -> Vec<u8>,
) -> Result<Stored, TransferError> {
    let refused = match plan(app, caller, visitor, &ask).await {
        Ok(plan) => match commit(app, caller.user, key, plan, render).await {
            Ok(stored) => return Ok(stored),
            Err(error) => error,
        },
        Err(error) => error,
    };
    replay(app, key).await?.ok_or(refused)
}

/// A decided order, not yet committed.
struct Plan {
    step: Step,
    people: People,
    sealer: Sealer,
}

async fn plan(app: &App, caller: &Caller, visitor: &Visitor, ask: &Ask) -> Result<Plan, TransferError> {
    let owner = caller.user;
    let quote = app.looks.quotes.get(ask.quote).await?.filter(|quote| quote.owner == owner);
    let quote = quote.ok_or(TransferError::NotFound)?;
    let now = app.clock.now();
    if quote.is_expired(now) {
        return Err(TransferError::QuoteExpired);
    }
    check_rails(&quote, ask)?;
    check_numbers(app, &quote, ask)?;
    check_ends(&quote, ask)?;
    check_names(app, &quote, ask)?;
    if quote.funding_rail == Rail::Balance && quote.payout_rail != Rail::Balance {
        may_leave(app, caller)?;
    }
    let payee = payee_account(app, &quote, ask).await?;
    let id = TransferId::from_uuid(app.ids.next());
    let transfer = Transfer::new(id, &quote, payee, ask.reference.clone(), now);
    let step = Case::open(transfer.clone(), &cases::wallets(app, &transfer), now, &mut &app.ids)?;
    let sealer = Sealer::known(app, owner, id).await?;
    let mut people = People::new(party(&ask.payer), party(&ask.payee), ask.purpose.clone());
    people.otp.clone_from(&ask.payer.otp);
    people.debit = debit(app, owner, visitor, &ask.payer).await?;
    Ok(Plan { step, people, sealer })
}

async fn commit(
    app: &App,
    owner: UserId,
    key: Key,
    plan: Plan,
    render: impl FnOnce(&Seen) -> Vec<u8>,
) -> Result<Stored, TransferError> {
    let Plan { step, people, sealer } = plan;
    let transfer = step.transfer.clone();
    let sealed = sealer.seal_people(&people);
    let location = format!("/v1/transfers/{}", transfer.id);
    let seen = Seen { transfer: transfer.clone(), people, movements: step.movements.clone(), waiting: None };
    let body = render(&seen);
    let mut change = Change::of(step, Some(sealed), None, || app.ids.next());
    change.claim = Some(claim(app, key, 201, Some(location.clone()), &body));
    change.audit.push(audit(app, owner, "transfer.create", transfer.id.to_string()));
    match app.commit(change).await? {
        Written::Replayed(answer) => stored(app, key, answer),
        _ => Ok(Stored { status: 201, location: Some(location), body, replayed: false }),
    }
}

/// The answer given before under this key, if any; another body under it is refused.
pub async fn replay(app: &App, key: Key) -> Result<Option<Stored>, TransferError> {
    let found = idempotency::find(&mut app.db.read().await?.conn(), &key.claim).await?;
    match found {
        Some((fingerprint, _)) if fingerprint != key.fingerprint => Err(TransferError::KeyReused),
        Some((_, answer)) => stored(app, key, answer).map(Some),
        None => Ok(None),
    }
}

pub fn claim(app: &App, key: Key, status: u16, location: Option<String>, body: &[u8]) -> Claim {
    let body = app.keyring.seal_book(answer_aad(key), body);
    Claim { claim: key.claim, fingerprint: key.fingerprint, answer: Answer { status, location, body } }
}

pub fn stored(app: &App, key: Key, answer: Answer) -> Result<Stored, TransferError> {
    let body = app.keyring.open_book(answer_aad(key), &answer.body).map_err(store::StoreError::from)?;
    Ok(Stored { status: answer.status, location: answer.location, body, replayed: true })
}

fn answer_aad(key: Key) -> Aad {
    let mut row = [0; 16];
    row.copy_from_slice(&key.claim[..16]);
    Aad { table: "idempotency", column: "body", row: Uuid::from_bytes(row) }
}

pub fn audit(app: &App, actor: UserId, action: &'static str, object: String) -> NewAudit {
    NewAudit { id: app.ids.next(), actor: actor.to_string(), action, object, detail: "{}".into() }
}

/// After a changed number money stays in the house for a while, whoever asks.
fn may_leave(app: &App, caller: &Caller) -> Result<(), TransferError> {
    match auth::rests(app, caller.phone_changed_at) {
        Some(until) => Err(TransferError::Resting { until }),
        None => Ok(()),
    }
}

/// Both ends are by the quote's rails.
fn check_rails(quote: &Quote, ask: &Ask) -> Result<(), TransferError> {
    if ask.payer.rail != quote.funding_rail {
        return Err(TransferError::invalid("/payer/rail", "rail_mismatch"));
    }
    if ask.payee.rail != quote.payout_rail {
        return Err(TransferError::invalid("/payee/rail", "rail_mismatch"));
    }
    Ok(())
}

/// The numbers that the rails have to reach can be on them: the payee's, and the payer's where it is what pays.
fn check_numbers(app: &App, quote: &Quote, ask: &Ask) -> Result<(), TransferError> {
    let (payer, payee) = (&ask.payer, &ask.payee);
    let pays = payer.rail.asks_on_the_phone() || payer.otp.is_some();
    let ends = [
        ("/payer/phone", OperationKind::Collect, payer, pays),
        ("/payee/phone", OperationKind::Disburse, payee, true),
    ];
    for (pointer, operation, party, is_reached) in ends {
        let Some(phone) = party.phone.as_ref().filter(|_| is_reached) else { continue };
        let end = numbers::End { pointer, operation, rail: party.rail, phone, moved: party.ported };
        numbers::check(app, quote, &end)?;
    }
    Ok(())
}

/// Both ends must be those of the quote, and name somebody whom the rail can reach.
fn check_ends(quote: &Quote, ask: &Ask) -> Result<(), TransferError> {
    if ask.payee.country.is_some_and(|country| country != quote.to_country) {
        return Err(TransferError::invalid("/payee/country", "country_mismatch"));
    }
    if let Some(phone) = &ask.payer.phone
        && phone.country() != Some(quote.from_country)
    {
        return Err(TransferError::invalid("/payer/phone", "country_mismatch"));
    }
    if ask.payer.rail.asks_on_the_phone() && ask.payer.phone.is_none() {
        return Err(TransferError::invalid("/payer/phone", "missing_field"));
    }
    match (&ask.payee.phone, ask.payee.rail) {
        (None, Rail::Balance) => Ok(()),
        (_, Rail::Manual) if ask.payee.account.is_none() => {
            Err(TransferError::invalid("/payee/account", "missing_field"))
        }
        (None, Rail::Manual) => Ok(()),
        (None, _) => Err(TransferError::invalid("/payee/phone", "missing_field")),
        (Some(phone), _) if phone.country() != Some(quote.to_country) => {
            Err(TransferError::invalid("/payee/phone", "country_mismatch"))
        }
        (Some(_), _) => Ok(()),
    }
}

/// The payer's name where policy asks for it: as the corridor says, else as screening does. The payee's always is there.
fn check_names(app: &App, quote: &Quote, ask: &Ask) -> Result<(), TransferError> {
    let ends = (quote.from_country, quote.to_country, quote.send.currency(), quote.receive.currency());
    let corridor = app.config.corridors.iter().find(|corridor| corridor.ends() == ends);
    let asked = corridor.and_then(|corridor| corridor.require_payer_name);
    let is_needed = asked.unwrap_or(app.config.screening.require_payer_name);
    match &ask.payer.name {
        None if is_needed => Err(TransferError::invalid("/payer/name", "missing_field")),
        _ => Ok(()),
    }
}

/// The payee's account with us, for the rail `balance`: by id, or by the phone they signed up with.
async fn payee_account(app: &App, quote: &Quote, ask: &Ask) -> Result<Option<Account>, TransferError> {
    if ask.payee.rail != Rail::Balance {
        return Ok(None);
    }
    let mut reader = app.db.read().await?;
    let conn = &mut reader.conn();
    let user = match (&ask.payee.account, &ask.payee.phone) {
        (Some(AccountAsk::Balance(user)), _) => users::find(conn, &app.people, *user).await?,
        (Some(AccountAsk::Words(_)), _) => None,
        (None, Some(phone)) => users::find_by_phone(conn, &app.people, phone).await?,
        (None, None) => return Err(TransferError::invalid("/payee/account", "missing_field")),
    };
    let user = user.ok_or(TransferError::invalid("/payee/account", "unknown_account"))?.id;
    if user == quote.owner
        && quote.funding_rail == Rail::Balance
        && quote.send.currency() == quote.receive.currency()
    {
        return Err(TransferError::invalid("/payee/account", "same_account"));
    }
    Ok(Some(Account::Customer { user, currency: quote.receive.currency() }))
}

/// What is debited, and how its owner consented: by ordering, from where they are, with what they use.
async fn debit(
    app: &App,
    owner: UserId,
    visitor: &Visitor,
    payer: &PartyAsk,
) -> Result<Option<Debit>, TransferError> {
    match &payer.debit {
        None => Ok(None),
        Some(DebitAsk::Account(iban)) => Ok(Some(Debit::Account {
            iban: iban.as_str().to_owned(),
            ip: visitor.address.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: visitor.user_agent.clone().unwrap_or_default(),
        })),
        Some(DebitAsk::Mandate(id)) => {
            let mut reader = app.db.read().await?;
            let found = store::mandates::find(&mut reader.conn(), &app.people, owner, *id).await?;
            let mandate = found.filter(|mandate| mandate.is_active);
            let mandate = mandate.ok_or(TransferError::invalid("/payer/mandate", "unknown_mandate"))?;
            Ok(Some(Debit::Mandate { id: mandate.id.to_string() }))
        }
    }
}

fn party(ask: &PartyAsk) -> Party {
    Party {
        rail: ask.rail.as_str().to_owned(),
        phone: ask.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        name: ask.name.clone(),
        email: ask.email.clone(),
        account: ask.account.as_ref().map(|account| match account {
            AccountAsk::Balance(user) => user.to_string(),
            AccountAsk::Words(words) => words.clone(),
        }),
        country: ask.country.map(|country| country.to_string()),
    }
}
