//! Checkout sessions, read: how one stands, by an answer or by an event.
//!
//! A page that was completed is not paid: a debit takes days, and says so by an event of its own. What is
//! said in a word that we do not know is [`CheckoutProgress::Unknown`], never success.
//! Source: docs.stripe.com/api/checkout/sessions/object, /payments/checkout/fulfill-orders, read 2026-11.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::checkout::{CHECKOUT_KEY, CheckoutOrder};
use super::terms;
use super::webhook::Envelope;
use crate::{ProviderError, ProviderRef, Response, Trust, Unreadable};

/// One session, as it stood when it was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckoutSession {
    /// `cs_…`.
    pub id: ProviderRef,
    /// The order that it was made for.
    pub key: Option<String>,
    /// Where the person goes while the session is open.
    pub url: Option<String>,
    pub status: CheckoutStatus,
    pub payment_status: CheckoutPayment,
    /// What the session made, each where its mode makes one.
    pub payment_intent: Option<ProviderRef>,
    pub subscription: Option<ProviderRef>,
    pub setup_intent: Option<ProviderRef>,
    pub expires_at: Option<DateTime<Utc>>,
    pub client_reference: Option<String>,
    /// Whether the payment came to nothing; told only where the payment itself was asked for.
    payment_failed: bool,
}

/// Whether the person has been there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckoutStatus {
    Open,
    Complete,
    Expired,
    /// A word that no document has.
    Unknown,
}

/// Whether the money has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckoutPayment {
    Unpaid,
    Paid,
    NoPaymentRequired,
    /// A word that no document has.
    Unknown,
}

/// Both together: what to do about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckoutProgress {
    /// The person has not finished. Show them the page.
    Open,
    /// The person agreed, the money is under way. Wait for an event, or ask again.
    Processing,
    /// Paid. A debit may still be disputed.
    Paid,
    /// Completed, and there was nothing to pay.
    NothingToPay,
    /// The person agreed, and the money did not come. Final.
    Failed,
    /// The person did not finish in time. Final.
    Expired,
    /// Nothing that we understand: ask again, then a person.
    Unknown,
}

impl CheckoutSession {
    /// How it stands. After a debit that failed, a session that is read without its payment stays
    /// [`CheckoutProgress::Processing`] for ever.
    pub fn progress(&self) -> CheckoutProgress {
        use {CheckoutPayment as Payment, CheckoutStatus as Status};
        match (self.status, self.payment_status) {
            (Status::Open, Payment::Unpaid | Payment::NoPaymentRequired) => CheckoutProgress::Open,
            (Status::Complete, Payment::Unpaid) if self.payment_failed => CheckoutProgress::Failed,
            (Status::Complete, Payment::Unpaid) => CheckoutProgress::Processing,
            (Status::Complete, Payment::Paid) => CheckoutProgress::Paid,
            (Status::Complete, Payment::NoPaymentRequired) => CheckoutProgress::NothingToPay,
            (Status::Expired, Payment::Unpaid | Payment::NoPaymentRequired) => CheckoutProgress::Expired,
            _ => CheckoutProgress::Unknown,
        }
    }
}

/// What happened to a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckoutEvent {
    /// `evt_…`, the same when it is told again.
    pub id: String,
    pub at: Option<DateTime<Utc>>,
    /// The session as it stood then.
    pub session: CheckoutSession,
    /// What the event proves: by its name, where its session agrees, and nothing where not. Events come in
    /// any order, so [`CheckoutProgress::Processing`] may come after the end.
    pub progress: CheckoutProgress,
}

#[derive(Deserialize)]
struct Given {
    id: String,
    object: String,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    payment_status: Option<String>,
    #[serde(default)]
    payment_intent: Value,
    #[serde(default)]
    subscription: Value,
    #[serde(default)]
    setup_intent: Value,
    #[serde(default, deserialize_with = "terms::lenient")]
    expires_at: Option<i64>,
    #[serde(default, deserialize_with = "terms::lenient")]
    client_reference_id: Option<String>,
    #[serde(default, deserialize_with = "terms::lenient")]
    amount_total: Option<i64>,
    #[serde(default, deserialize_with = "terms::lenient")]
    currency: Option<String>,
}

impl Given {
    fn session(self) -> Result<CheckoutSession, ProviderError> {
        if self.object != "checkout.session" {
            return Err(ProviderError::uncertain(format!("the answer is a {}", terms::word(&self.object))));
        }
        // A payment that may be tried again by other means is over here: the page that could is closed.
        let intent = terms::text(&self.payment_intent, "status");
        Ok(CheckoutSession {
            id: terms::provider_ref(&self.id)?,
            key: terms::text(&self.metadata, CHECKOUT_KEY).map(str::to_owned),
            url: self.url,
            status: match self.status.as_deref() {
                Some("open") => CheckoutStatus::Open,
                Some("complete") => CheckoutStatus::Complete,
                Some("expired") => CheckoutStatus::Expired,
                _ => CheckoutStatus::Unknown,
            },
            payment_status: match self.payment_status.as_deref() {
                Some("unpaid") => CheckoutPayment::Unpaid,
                Some("paid") => CheckoutPayment::Paid,
                Some("no_payment_required") => CheckoutPayment::NoPaymentRequired,
                _ => CheckoutPayment::Unknown,
            },
            payment_failed: matches!(intent, Some("requires_payment_method" | "canceled")),
            payment_intent: terms::id_of(&self.payment_intent),
            subscription: terms::id_of(&self.subscription),
            setup_intent: terms::id_of(&self.setup_intent),
            expires_at: terms::instant(self.expires_at),
            client_reference: self.client_reference_id,
        })
    }
}

/// The session that an order made; a session of another order or over another sum is uncertain.
pub(super) fn made(response: &Response, order: &CheckoutOrder) -> Result<CheckoutSession, ProviderError> {
    let given: Given = response.json()?;
    let total = order.total().map_err(|error| ProviderError::misconfigured(error.to_string()))?;
    let agrees = total
        .is_none_or(|total| given.amount_total == Some(total) && given.currency.as_deref() == Some("eur"));
    let session = given.session()?;
    match (session.key.as_deref() == Some(order.key.as_str()), agrees) {
        (true, true) => Ok(session),
        (false, _) => Err(ProviderError::uncertain("the session is of another order")),
        (true, false) => Err(ProviderError::uncertain("the session is over another sum")),
    }
}

/// The session that was asked for.
pub(super) fn asked(response: &Response, id: &ProviderRef) -> Result<CheckoutSession, ProviderError> {
    let session = response.json::<Given>()?.session()?;
    match session.id == *id {
        true => Ok(session),
        false => Err(ProviderError::uncertain("the answer is about another session")),
    }
}

/// Reads an event about a session of an order of ours; `None` for any other event, and for hints.
pub(super) fn event(body: &[u8], trust: Trust) -> Result<Option<CheckoutEvent>, Unreadable> {
    let event = Envelope::read(body)?;
    let Some(name) = event.kind.strip_prefix("checkout.session.") else { return Ok(None) };
    if trust != Trust::Proven || event.account.is_some() {
        return Ok(None);
    }
    let given = serde_json::from_value::<Given>(event.data.object.clone()).ok();
    let Some(session) = given.and_then(|given| given.session().ok()) else {
        return Err(Unreadable { reason: "the event is about no session".to_owned() });
    };
    let progress = proven(name, &session);
    let is_ours = session.key.is_some();
    let (id, at) = (event.id, terms::instant(event.created));
    Ok(is_ours.then_some(CheckoutEvent { id, at, session, progress }))
}

/// What the event's name says, where the session in it says the same.
fn proven(name: &str, session: &CheckoutSession) -> CheckoutProgress {
    use CheckoutProgress::{Expired, Failed, NothingToPay, Paid, Processing, Unknown};
    match (name, session.progress()) {
        ("completed", progress @ (Paid | Processing | NothingToPay)) => progress,
        ("async_payment_succeeded", Paid) => Paid,
        ("async_payment_failed", Processing | Failed) => Failed,
        ("expired", Expired) => Expired,
        _ => Unknown,
    }
}
