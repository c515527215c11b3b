//! Callbacks: verified over their raw bytes, stored before they are answered, applied later and once.
//!
//! A proven callback whose fields match is knowledge; any other only makes us ask now rather than later.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use domain::transfer::{Event, Fact, PromiseKind, Refusal};
use domain::{InboxId, Movement, Provider, Rail, Reference, Wallet};
use http::HeaderMap;
use providers::{Callback, News, Trust, Verified};
use store::crypto::Aad;
use store::inbox::{ClaimedCallback, StoredCallback};
use store::writer::{Applied, Change, NewCallback, NewPromise, WriteError};
use store::{StoreError, inbox, movements, outbox};

use super::cases::{self, CaseError, With};
use super::{callback_doors, facts, treasury};
use crate::app::App;

/// Why a callback was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// Nothing was stored; counted, and logged in samples.
    #[error("callback is not authentic: {0}")]
    Unauthentic(&'static str),
    /// No movement has this path. Nothing was stored.
    #[error("no movement has this path")]
    UnknownDoor,
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Stores an authentic callback, or finds that it is stored already: both are an answer of 200.
pub async fn receive(
    app: &App,
    provider: Provider,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), CallbackError> {
    let verified = app.providers.verify(provider, headers, body, app.clock.now());
    let (wallet, verified) = verified.map_err(|error| {
        refuse(provider, error.reason);
        CallbackError::Unauthentic(error.reason)
    })?;
    keep(app, (provider, &wallet), verified, None, body).await
}

/// The same for a callback that came to the path of one movement. It proves nothing, whatever it says.
pub async fn receive_at_door(
    app: &App,
    provider: Provider,
    token: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), CallbackError> {
    let behind = callback_doors::open(&app.keyring, provider, token);
    let entry = behind.and_then(|(wallet, reference)| {
        app.providers.get(provider, &wallet).map(|entry| (entry, wallet, reference))
    });
    let Some((entry, wallet, reference)) = entry else {
        refuse(provider, "no movement has this path");
        return Err(CallbackError::UnknownDoor);
    };
    let mut verified = entry.verify(headers, body, app.clock.now()).map_err(|error| {
        refuse(provider, error.reason);
        CallbackError::Unauthentic(error.reason)
    })?;
    // Two movements may be told of in the same bytes.
    verified.event_key = format!("{reference}:{}", verified.event_key);
    verified.trust = Trust::Hint;
    keep(app, (provider, &wallet), verified, Some(reference), body).await
}

async fn keep(
    app: &App,
    (provider, wallet): (Provider, &Wallet),
    verified: Verified,
    movement: Option<Reference>,
    body: &[u8],
) -> Result<(), CallbackError> {
    let id = InboxId::from_uuid(app.ids.next());
    let received = NewCallback {
        id,
        provider: provider.as_str().to_owned(),
        wallet: wallet.to_string(),
        event_key: verified.event_key,
        proven: verified.trust == Trust::Proven,
        movement,
        body: app.keyring.seal_book(body_aad(id), body),
    };
    app.commit(Change { received: Some(received), ..Change::default() }).await?;
    metrics::counter!("webhooks_received_total", "provider" => provider.as_str()).increment(1);
    Ok(())
}

/// Counts a refused callback and logs the 1st, 2nd, 4th, 8th …, so that strangers cannot fill the log.
fn refuse(provider: Provider, reason: &'static str) {
    static REFUSED: AtomicU64 = AtomicU64::new(0);
    metrics::counter!("webhooks_refused_total", "provider" => provider.as_str()).increment(1);
    let count = REFUSED.fetch_add(1, Ordering::Relaxed) + 1;
    if count.is_power_of_two() {
        tracing::warn!(webhook.provider = %provider, webhook.refused = count, reason, "a callback was not authentic");
    }
}

fn body_aad(id: InboxId) -> Aad {
    Aad { table: "inbox", column: "body", row: id.uuid() }
}

/// Why a stored callback could not be applied now; it stays and is tried again.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Case(#[from] CaseError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Applies a claimed callback and says in a word what became of it.
pub async fn apply(app: &App, claimed: &ClaimedCallback) -> Result<&'static str, ApplyError> {
    if let Some(reference) = claimed.movement {
        return knocked(app, claimed, reference).await;
    }
    let Some(callback) = translate(app, claimed)? else { return finish(app, claimed, "unreadable").await };
    if let Some(news) = &callback.news {
        return learn(app, claimed, news).await;
    }
    let Some(movement) = movement_of(app, claimed, &callback).await? else {
        return match treasury::of_callback(app, claimed, &callback).await? {
            Some(movement) => treasury::heard(app, claimed, &callback, &movement).await,
            None => finish(app, claimed, "unknown_reference").await,
        };
    };
    // Wallets may share secrets; a hint only makes us ask, so whose it is matters to what is proven.
    if movement.wallet.as_str() != claimed.wallet && callback.trust == Trust::Proven {
        tracing::error!(movement.reference = %movement.reference, "a callback came from another wallet than its movement");
        return finish(app, claimed, "other_wallet").await;
    }
    match (callback.outcome, callback.trust) {
        (Some(outcome), Trust::Proven) => match facts::of(&outcome) {
            Some(fact) => {
                tell(app, claimed, &movement, Event::Heard { movement: movement.reference, fact }).await
            }
            None => finish(app, claimed, "nothing_new").await,
        },
        _ => ask_now(app, claimed, &movement).await,
    }
}

fn translate(app: &App, claimed: &ClaimedCallback) -> Result<Option<Callback>, ApplyError> {
    let trust = if claimed.proven { Trust::Proven } else { Trust::Hint };
    Ok(read(app, claimed.id, (&claimed.provider, &claimed.wallet), &claimed.body, trust)?)
}

/// What a stored body says; nothing when its wallet is not configured any more, or cannot read it.
fn read(
    app: &App,
    id: InboxId,
    (provider, wallet): (&str, &str),
    body: &[u8],
    trust: Trust,
) -> Result<Option<Callback>, StoreError> {
    let body = app.keyring.open_book(body_aad(id), body)?;
    let named = provider.parse::<Provider>().ok().zip(Wallet::parse(wallet).ok());
    let provider = named.and_then(|(provider, wallet)| app.providers.get(provider, &wallet));
    Ok(provider.and_then(|provider| provider.translate(&body, trust).ok()))
}

/// What a callback names, for who wonders whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// A movement of ours, or what was taken for one.
    pub reference: Option<Reference>,
    /// The provider's own name.
    pub provider_ref: Option<String>,
}

/// Reads it from the stored bytes; nothing where they cannot be read.
pub fn named(app: &App, stored: &StoredCallback) -> Named {
    let said = read(app, stored.id, (&stored.provider, &stored.wallet), &stored.body, Trust::Hint);
    let said = said.ok().flatten();
    Named {
        reference: said.as_ref().and_then(|said| said.reference).or(stored.movement),
        provider_ref: said.and_then(|said| said.provider_ref).map(|name| name.as_str().to_owned()),
    }
}

async fn movement_of(
    app: &App,
    claimed: &ClaimedCallback,
    callback: &Callback,
) -> Result<Option<Movement>, ApplyError> {
    let mut reader = app.db.read().await?;
    if let Some(reference) = callback.reference {
        let found = movements::find(&mut reader.conn(), reference).await?;
        let matches = |m: &Movement| m.rail.provider().is_some_and(|p| p.as_str() == claimed.provider);
        if let Some(movement) = found.filter(matches) {
            return Ok(Some(movement));
        }
    }
    let Some(provider_ref) = &callback.provider_ref else { return Ok(None) };
    for rail in Rail::ALL {
        if rail.provider().is_some_and(|provider| provider.as_str() == claimed.provider) {
            let found =
                movements::find_by_provider_ref(&mut reader.conn(), *rail, provider_ref.as_str()).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
    }
    Ok(None)
}

/// News that concern no movement: a consent that ended, money that no collection took.
async fn learn(app: &App, claimed: &ClaimedCallback, news: &News) -> Result<&'static str, ApplyError> {
    let named = claimed.provider.parse::<Provider>().ok().zip(Wallet::parse(&claimed.wallet).ok());
    let Some((provider, wallet)) = named else { return finish(app, claimed, "unreadable").await };
    match news {
        News::MandateEnded { mandate } => {
            let mut tx = app.db.begin().await?;
            let now = app.clock.now();
            store::mandates::end(&mut tx, provider, &wallet, mandate.as_str(), now).await?;
            tx.commit().await?;
            finish(app, claimed, "mandate_ended").await
        }
        News::UnappliedFunds { customer, amount } => {
            super::alerts::unapplied_funds(app, provider, &wallet, customer.as_str(), *amount).await;
            finish(app, claimed, "unapplied_funds").await
        }
    }
}

async fn tell(
    app: &App,
    claimed: &ClaimedCallback,
    movement: &Movement,
    event: Event,
) -> Result<&'static str, ApplyError> {
    let outcome = "applied".to_owned();
    let applied = Applied { id: claimed.id, attempt: claimed.attempt, outcome };
    let with = With { applied: Some(applied), ..With::default() };
    match cases::apply(app, movement.transfer, &event, with).await {
        Ok(step) => {
            if let (Some(_), Event::Heard { fact: Fact::Disputed { dispute, amount, .. }, .. }) =
                (&step, &event)
            {
                super::alerts::dispute_opened(app, movement, dispute, *amount).await;
            }
            Ok("applied")
        }
        // It overtook what comes first: ask for that, and take this up again.
        Err(error @ CaseError::Refused(Refusal::TooEarly { .. })) => {
            hasten(app, claimed, movement).await?;
            Err(error.into())
        }
        Err(CaseError::Refused(refusal)) => {
            super::alerts::contradiction(app, movement, &refusal).await;
            let word = match refusal {
                Refusal::AmountDiffers { .. } => "amount_differs",
                _ => "contradicts",
            };
            finish(app, claimed, word).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Something came to the path of this movement: whatever it said, the provider is asked.
async fn knocked(
    app: &App,
    claimed: &ClaimedCallback,
    reference: Reference,
) -> Result<&'static str, ApplyError> {
    let found = movements::find(&mut app.db.read().await?.conn(), reference).await?;
    match found {
        Some(movement) => ask_now(app, claimed, &movement).await,
        None => finish(app, claimed, "unknown_reference").await,
    }
}

/// A hint: the question that is planned for later is asked now.
async fn ask_now(
    app: &App,
    claimed: &ClaimedCallback,
    movement: &Movement,
) -> Result<&'static str, ApplyError> {
    let is_planned = hasten(app, claimed, movement).await?;
    match !is_planned && movement.may_be_paid_unheard() {
        true => ask_once_more(app, claimed, movement).await,
        false => finish(app, claimed, "asked").await,
    }
}

/// No question is planned about a collection that is over: one is, together with the end of the callback.
async fn ask_once_more(
    app: &App,
    claimed: &ClaimedCallback,
    movement: &Movement,
) -> Result<&'static str, ApplyError> {
    let promise = NewPromise {
        id: app.ids.next(),
        kind: PromiseKind::Inquire.as_str().to_owned(),
        subject: movement.reference.uuid(),
        lane: claimed.provider.clone(),
        payload: None,
        due_at: app.clock.now(),
    };
    let applied = Applied { id: claimed.id, attempt: claimed.attempt, outcome: "asked".to_owned() };
    let change = Change { applied: Some(applied), promises: vec![promise], ..Change::default() };
    match app.commit(change).await {
        Ok(_) | Err(WriteError::LeaseLost) => Ok("asked"),
        Err(error) => Err(CaseError::from(error).into()),
    }
}

/// Whether a question was planned for later.
async fn hasten(app: &App, claimed: &ClaimedCallback, movement: &Movement) -> Result<bool, StoreError> {
    let mut tx = app.db.begin().await?;
    let is_planned = outbox::hasten(&mut tx, "inquire", movement.reference.uuid(), app.clock.now()).await?;
    tx.commit().await?;
    app.wakes.wake(std::slice::from_ref(&claimed.provider), false);
    Ok(is_planned)
}

pub(super) async fn finish(
    app: &App,
    claimed: &ClaimedCallback,
    word: &'static str,
) -> Result<&'static str, ApplyError> {
    let applied = Applied { id: claimed.id, attempt: claimed.attempt, outcome: word.to_owned() };
    match app.commit(Change { applied: Some(applied), ..Change::default() }).await {
        Ok(_) | Err(WriteError::LeaseLost) => Ok(word),
        Err(error) => Err(CaseError::from(error).into()),
    }
}

/// Puts a callback back that could not be applied, for longer each time.
pub async fn defer(app: &App, claimed: &ClaimedCallback, error: &ApplyError) -> Result<(), StoreError> {
    let wait = TimeDelta::seconds(1 << claimed.attempt.clamp(0, 10));
    let mut tx = app.db.begin().await?;
    inbox::defer(&mut tx, claimed.id, claimed.attempt, app.clock.now() + wait, &error.to_string()).await?;
    tx.commit().await
}
