//! What an event proves, by its name and by the object in it.

use domain::Money;
use domain::movement::MovementKind;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::intent::Intent;
use super::payout::Payout;
use super::refund::Given;
use super::terms::{self, Terms};
use super::webhook::Envelope;
use crate::{News, Outcome};

/// What the event proves; nothing where its object contradicts its name, or where its name is a mere hint.
pub(super) fn outcome(event: &Envelope) -> Option<Outcome> {
    let object = &event.data.object;
    match event.kind.as_str() {
        "payment_intent.processing" => intent(object, "processing"),
        "payment_intent.succeeded" => dated(intent(object, "succeeded")?, event),
        "payment_intent.payment_failed" => intent(object, "requires_payment_method"),
        "payment_intent.canceled" => intent(object, "canceled"),
        "refund.updated" | "refund.failed" => refund(event),
        "payout.paid" | "payout.failed" | "payout.canceled" => payout(event),
        "charge.dispute.created" | "charge.dispute.funds_withdrawn" | "charge.dispute.closed" => {
            dispute(object)
        }
        "charge.dispute.funds_reinstated" => Some(Outcome::DisputeWon),
        _ => None,
    }
}

/// News about a customer or a mandate. Money is announced only when some is left after Stripe applied what came
/// to the customer's open intents (docs.stripe.com/api/events/types).
pub(super) fn news(event: &Envelope) -> Option<News> {
    let object = &event.data.object;
    match event.kind.as_str() {
        "mandate.updated" if terms::text(object, "status") == Some("inactive") => {
            Some(News::MandateEnded { mandate: terms::id_of(object)? })
        }
        "cash_balance.funds_available" => {
            let amount = terms::money(object["available"]["eur"].as_i64()?, "eur").ok()?;
            let customer = terms::id_of(&object["customer"])?;
            amount.is_positive().then_some(News::UnappliedFunds { customer, amount })
        }
        _ => None,
    }
}

/// The amount of the movement that the event is about; a dispute names what it takes back, not the movement's.
pub(super) fn amount(event: &Envelope) -> Option<Money> {
    let family = event.kind.split('.').next()?;
    let is_movement = matches!(family, "payment_intent" | "refund" | "payout");
    let object = &event.data.object;
    let money = || terms::money(object["amount"].as_i64()?, terms::text(object, "currency")?).ok();
    if is_movement { money() } else { None }
}

fn read<T: DeserializeOwned>(object: &Value) -> Option<T> {
    serde_json::from_value(object.clone()).ok()
}

/// An intent that stands as the event's name says. Whether it is ours, and for our amount, its reader checks.
fn intent(object: &Value, status: &str) -> Option<Outcome> {
    let intent: Intent = read(object)?;
    let amount = terms::money(object["amount"].as_i64()?, terms::text(object, "currency")?).ok()?;
    let reference = terms::reference_in(&intent.metadata)?;
    let terms = Terms::of(reference, MovementKind::Collection, amount);
    intent.outcome(&terms).ok().filter(|_| intent.status == status)
}

/// The event's time is when it happened; the intent itself does not say.
fn dated(outcome: Outcome, event: &Envelope) -> Option<Outcome> {
    Some(match outcome {
        Outcome::Succeeded { provider_ref, amount, fee, transaction, mandate, .. } => Outcome::Succeeded {
            provider_ref,
            amount,
            fee,
            at: terms::instant(event.created),
            transaction,
            mandate,
        },
        other => other,
    })
}

/// A refund that failed may have been believed to have succeeded; only one that was open until now was not.
fn refund(event: &Envelope) -> Option<Outcome> {
    let given: Given = read(&event.data.object)?;
    let status = given.status.as_deref()?;
    if event.kind == "refund.failed" && status != "failed" {
        return None;
    }
    let outcome = given.outcome(&given.terms()?, None).ok()?;
    match status == "failed" && !was(event, &["pending", "requires_action"]) {
        true => Some(Outcome::FailedLater { code: given.code() }),
        false => Some(outcome),
    }
}

/// The same for payouts, some of which are `paid` for days before they fail.
fn payout(event: &Envelope) -> Option<Outcome> {
    let payout: Payout = read(&event.data.object)?;
    let name = event.kind.split('.').nth(1)?;
    let outcome = payout.outcome(&payout.terms()?).ok().filter(|_| payout.status == name)?;
    match name == "failed" && !was(event, &["pending", "in_transit"]) {
        true => Some(Outcome::FailedLater { code: payout.code() }),
        false => Some(outcome),
    }
}

/// Whether the event tells that the object was in one of these states before.
fn was(event: &Envelope, states: &[&str]) -> bool {
    terms::text(&event.data.previous_attributes, "status").is_some_and(|before| states.contains(&before))
}

#[derive(Deserialize)]
struct Dispute {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    balance_transactions: Vec<Taken>,
}

#[derive(Deserialize)]
struct Taken {
    fee: i64,
    currency: String,
}

/// A dispute takes the money at once, whatever becomes of it later. Warnings and prevented ones take none.
fn dispute(object: &Value) -> Option<Outcome> {
    let dispute: Dispute = read(object)?;
    match dispute.status.as_str() {
        "won" => Some(Outcome::DisputeWon),
        "needs_response" | "under_review" | "lost" => Some(Outcome::Disputed {
            dispute: terms::provider_ref(&dispute.id).ok()?,
            amount: terms::money(dispute.amount, &dispute.currency)
                .ok()
                .filter(|amount| amount.is_positive())?,
            fee: fee(&dispute),
        }),
        _ => None,
    }
}

/// What the dispute costs us beside its amount, once Stripe has booked it.
fn fee(dispute: &Dispute) -> Option<Money> {
    let mut total: Option<Money> = None;
    for taken in &dispute.balance_transactions {
        let fee = terms::money(taken.fee, &taken.currency).ok()?;
        total = Some(total.unwrap_or(Money::zero(fee.currency())).checked_add(fee).ok()?);
    }
    total
}
