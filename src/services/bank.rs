//! Payers as banks know them: a customer at the provider, a consent to be debited, an account that we forget.
//!
//! An IBAN is kept, sealed, until the provider has it; from then on only what its owner recognises it by. The consent
//! that the provider made of it is kept as a mandate, for the next time.

use std::net::{IpAddr, Ipv4Addr};

use domain::{MandateId, Movement, MovementKind, TransferId, UserId};
use providers::{
    Consent, Debit, DebitSource, Mandate, Operation, Outcome, Provider, ProviderError, ProviderRef, Register,
};
use serde::{Deserialize, Serialize};
use store::StoreError;

use super::cases::OpenCase;
use super::people::{self, People, Sealer};
use crate::app::App;

/// Times that people are read again when their transfer was changed meanwhile.
const TRIES: usize = 16;

/// How a collection's payer is named to its provider.
#[derive(Clone, Default)]
pub struct Payer {
    pub customer: Option<ProviderRef>,
    pub debit: Option<Debit>,
}

/// Why the payer cannot be named; nothing that moves money was sent.
#[derive(Debug, thiserror::Error)]
pub enum BankError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The account is forgotten already, or the mandate ended since the order.
    #[error("there is nothing in force to debit")]
    NothingToDebit,
}

/// What a mandate's owner recognises the account by; sealed with their key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDetails {
    pub last4: String,
    pub country: Option<String>,
    pub bank_code: Option<String>,
}

/// The provider's name for the payer, where one was ever given.
pub async fn known_customer(
    app: &App,
    open: &OpenCase,
    movement: &Movement,
) -> Result<Option<ProviderRef>, StoreError> {
    let Some(provider) = movement.rail.provider() else { return Ok(None) };
    let mut reader = app.db.read().await?;
    let owner = open.case.transfer.owner;
    let found =
        store::provider_customers::find(&mut reader.conn(), provider, &movement.wallet, owner).await?;
    Ok(found.map(ProviderRef))
}

/// Names the payer of a collection, making them known to the provider first where it wants that.
pub async fn payer(
    app: &App,
    provider: &dyn Provider,
    open: &OpenCase,
    movement: &Movement,
) -> Result<Payer, BankError> {
    if movement.kind != MovementKind::Collection || !provider.capabilities().needs_customer {
        return Ok(Payer::default());
    }
    let customer = match known_customer(app, open, movement).await? {
        Some(customer) => customer,
        None => register(app, provider, open, movement).await?,
    };
    Ok(Payer { customer: Some(customer), debit: debit(app, open).await? })
}

/// Moves nothing: should the answer be lost, the same key gets the same customer again.
async fn register(
    app: &App,
    provider: &dyn Provider,
    open: &OpenCase,
    movement: &Movement,
) -> Result<ProviderRef, BankError> {
    let owner = open.case.transfer.owner;
    let party = &open.people.payer;
    let asked = Register { key: owner.to_string(), name: party.name.clone(), email: party.email.clone() };
    let Outcome::Registered { customer } = provider.call(&Operation::Register(asked)).await? else {
        return Err(ProviderError::uncertain("an answer to another question").into());
    };
    let Some(name) = movement.rail.provider() else { return Ok(customer) };
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let kept =
        store::provider_customers::keep(&mut tx, name, &movement.wallet, owner, customer.as_str(), now)
            .await?;
    tx.commit().await?;
    Ok(ProviderRef(kept))
}

async fn debit(app: &App, open: &OpenCase) -> Result<Option<Debit>, BankError> {
    let source = match &open.people.debit {
        None => return Ok(None),
        Some(people::Debit::Known { .. }) => return Err(BankError::NothingToDebit),
        Some(people::Debit::Account { iban, ip, user_agent }) => DebitSource::New {
            iban: iban.clone().into(),
            name: open.people.payer.name.clone().unwrap_or_default(),
            email: open.people.payer.email.clone(),
            consent: Consent {
                ip: ip.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
                user_agent: user_agent.clone(),
            },
        },
        Some(people::Debit::Mandate { id }) => {
            let id: MandateId = id.parse().map_err(|_| BankError::NothingToDebit)?;
            mandate(app, open.case.transfer.owner, id).await?
        }
    };
    Ok(Some(Debit { source }))
}

async fn mandate(app: &App, owner: UserId, id: MandateId) -> Result<DebitSource, BankError> {
    let mut reader = app.db.read().await?;
    let found = store::mandates::find(&mut reader.conn(), &app.people, owner, id).await?;
    let mandate = found.filter(|mandate| mandate.is_active).ok_or(BankError::NothingToDebit)?;
    Ok(DebitSource::Mandate {
        mandate: ProviderRef(mandate.mandate_ref),
        payment_method: ProviderRef(mandate.payment_method),
    })
}

/// Keeps the consent that an answer shows, and forgets the account that it was made of.
pub async fn remember(
    app: &App,
    open: &OpenCase,
    movement: &Movement,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    let (Outcome::Pending { mandate: Some(shown), .. } | Outcome::Succeeded { mandate: Some(shown), .. }) =
        outcome
    else {
        return Ok(());
    };
    let (Some(people::Debit::Account { .. }), Some(provider)) =
        (&open.people.debit, movement.rail.provider())
    else {
        return Ok(());
    };
    let transfer = &open.case.transfer;
    let kept = store::mandates::Mandate {
        id: MandateId::from_uuid(app.ids.next()),
        user: transfer.owner,
        provider,
        wallet: movement.wallet.clone(),
        mandate_ref: shown.mandate.0.clone(),
        payment_method: shown.payment_method.0.clone(),
        details: details(shown),
        is_active: true,
        created_at: app.clock.now(),
    };
    let mut tx = app.db.begin().await?;
    store::mandates::keep(&mut tx, &app.people, &kept).await?;
    tx.commit().await?;
    forget(app, transfer.id, without_account).await
}

/// Forgets the payer's one-time code: it was used, or may have been, and is good for nothing else.
pub async fn forget_code(app: &App, open: &OpenCase, movement: &Movement) -> Result<(), StoreError> {
    if movement.kind != MovementKind::Collection || open.people.otp.is_none() {
        return Ok(());
    }
    forget(app, open.case.transfer.id, |people| People { otp: None, ..people.clone() }).await
}

/// Puts what is left of a transfer's people in their place, over its version: whoever changed it first is read again.
async fn forget(app: &App, id: TransferId, left: impl Fn(&People) -> People) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let mut reader = app.db.read().await?;
        let Some(stored) = store::transfers::find(&mut reader.conn(), id).await? else { return Ok(()) };
        let sealer = Sealer::of(app, &mut reader.conn(), stored.transfer.owner, id).await?;
        drop(reader);
        let people = sealer.seal_people(&left(&sealer.open_people(&stored.people)?));
        let mut tx = app.db.begin().await?;
        let version = stored.transfer.version;
        if store::transfers::replace_people(&mut tx, id, version, &people).await? {
            return tx.commit().await;
        }
    }
    Err(StoreError::Conflict(format!("{id} does not stand still")))
}

fn details(shown: &Mandate) -> Vec<u8> {
    let details = AccountDetails {
        last4: shown.last4.clone().unwrap_or_default(),
        country: shown.country.clone(),
        bank_code: shown.bank_code.clone(),
    };
    serde_json::to_vec(&details).unwrap_or_default()
}

fn without_account(people: &People) -> People {
    let account = people.account().unwrap_or_default();
    People { debit: Some(people::Debit::Known { account }), ..people.clone() }
}
