//! A debit on its way: submitted, and after six business days paid, or sent back before.
//!
//! *Chosen*: a debit that comes back does so after three business days, one above a limit after
//! one, and the slow test numbers take three minutes longer. The fee is 35 cents of each paid one.

use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::balance::{self, Entry};
use super::billing::collect;
use super::book::{self, Due};
use super::errors::StripeError;
use super::iban::Fate;
use super::record::{self, Fact, Kind};
use super::scene::{Scene, int, text};
use super::{calendar, charge, checkout, dispute, event, mandate, method};
use crate::clock::Instant;

/// What Stripe keeps of a paid debit, in cents.
pub const FEE: i64 = 35;

/// The most that one debit may take, in cents.
const LIMIT: i64 = 1_000_000;

/// Refuses what no debit may take.
pub fn check(amount: i64) -> Result<(), StripeError> {
    match amount <= LIMIT {
        true => Ok(()),
        false => {
            let message = "Amount must be no more than €10,000.00 for SEPA Direct Debit";
            Err(StripeError::invalid("amount_too_large", message).about("amount"))
        }
    }
}

/// `target_date`: three to fifteen calendar days ahead.
pub fn target(scene: &Scene<'_>, text: Option<String>) -> Result<Option<NaiveDate>, StripeError> {
    let Some(text) = text else { return Ok(None) };
    let name = "payment_method_options[sepa_debit][target_date]";
    let today = scene.now.date_naive();
    match text.parse::<NaiveDate>() {
        Ok(day) if day >= today + Days::new(3) && day <= today + Days::new(15) => Ok(Some(day)),
        _ => {
            let message = "target_date must be between 3 and 15 calendar days from now";
            Err(StripeError::invalid("", message).about(name))
        }
    }
}

/// Submits a debit of an intent: it is processing from now on.
pub fn submit(
    scene: &Scene<'_>,
    intent: &mut Value,
    method: &Value,
    mandate: &Value,
    target: Option<NaiveDate>,
) -> rusqlite::Result<()> {
    let schedule = Schedule::of(scene.now, target);
    let account = &method["sepa_debit"];
    let details = json!({
        "sepa_debit": {
            "bank_code": account["bank_code"],
            "branch_code": account["branch_code"],
            "country": account["country"],
            "expected_debit_date": schedule.debit.to_string(),
            "fingerprint": account["fingerprint"],
            "last4": account["last4"],
            "mandate": mandate["id"],
        },
        "type": "sepa_debit",
    });
    let mut charge = charge::begin(scene, intent, method, &details)?;
    if scene.account().debit_lines_at_submission {
        let line = balance::post(scene, &line(&charge, schedule.paid))?;
        charge["balance_transaction"] = json!(line);
        book::update(scene, &charge)?;
        note(scene, intent, &charge, net(&charge), "pending")?;
    }
    intent["status"] = json!("processing");
    intent["latest_charge"] = charge["id"].clone();
    intent["last_payment_error"] = Value::Null;
    book::update(scene, intent)?;
    event::emit(scene, "payment_intent.processing", intent)?;
    event::emit(scene, "charge.pending", &charge)?;
    let late = TimeDelta::minutes(3);
    let (at, what) = match method::fate(method) {
        Fate::Paid | Fate::Disputed | Fate::Refused(_) => (schedule.paid, Due::DebitSucceeds),
        Fate::PaidLate => (schedule.paid + late, Due::DebitSucceeds),
        Fate::Fails("charge_exceeds_source_limit" | "charge_exceeds_weekly_limit") => {
            (schedule.limited, Due::DebitFails)
        }
        Fate::Fails(_) => (schedule.returned, Due::DebitFails),
        Fate::FailsLate => (schedule.returned + late, Due::DebitFails),
    };
    book::plan(scene, at, what, text(&charge, "id"))?;
    collect::begun(scene, intent)
}

/// When what happens to a debit.
struct Schedule {
    debit: NaiveDate,
    limited: Instant,
    returned: Instant,
    paid: Instant,
}

impl Schedule {
    fn of(now: Instant, target: Option<NaiveDate>) -> Schedule {
        let debit = calendar::after(calendar::submission(now), 1);
        // A target date takes the place of the first possible day.
        let debit = target.map_or(debit, |day| calendar::on_or_after(day).max(debit));
        let after = |count| calendar::midnight(calendar::after(debit, count));
        Schedule { debit, limited: after(0), returned: after(2), paid: after(5) }
    }
}

fn line(charge: &Value, available_on: Instant) -> Entry<'_> {
    Entry {
        source: text(charge, "id"),
        kind: "payment",
        category: "charge",
        amount: int(charge, "amount"),
        fee: FEE,
        available_on,
    }
}

/// The debit was paid: money, and what it was for. What is no longer pending stays as it is.
pub fn succeed(scene: &Scene<'_>, charge: &str) -> rusqlite::Result<()> {
    let Some((mut charge, mut intent)) = pending(scene, charge)? else { return Ok(()) };
    let (transaction, effect) = match charge["balance_transaction"].as_str() {
        Some(early) => {
            balance::make_available(scene, early)?;
            (early.to_owned(), 0)
        }
        None => (balance::post(scene, &line(&charge, scene.now))?, net(&charge)),
    };
    charge::paid(scene, &mut charge, &transaction)?;
    intent["status"] = json!("succeeded");
    intent["amount_received"] = intent["amount"].clone();
    book::update(scene, &intent)?;
    event::emit(scene, "payment_intent.succeeded", &intent)?;
    note(scene, &intent, &charge, effect, "succeeded")?;
    checkout::decided(scene, ("payment_intent", text(&intent, "id")), true)?;
    collect::decided(scene, &intent, true)?;
    let method = book::named(scene, &charge["payment_method"])?;
    if method::fate(&method) == Fate::Disputed {
        dispute::open(scene, text(&charge, "id"), &dispute::Wish::default())?;
    }
    Ok(())
}

/// The debit came back. What is no longer pending stays as it is.
pub fn fail(scene: &Scene<'_>, charge: &str, code: Option<&str>) -> rusqlite::Result<()> {
    let Some((mut charge, mut intent)) = pending(scene, charge)? else { return Ok(()) };
    let method = book::named(scene, &charge["payment_method"])?;
    let code = match (code, method::fate(&method)) {
        (Some(code), _) => code.to_owned(),
        (None, Fate::Fails(code)) => code.to_owned(),
        (None, _) => "incorrect_account_holder_name".to_owned(),
    };
    let mut effect = 0;
    if let Some(early) = charge["balance_transaction"].as_str() {
        effect = -net(&charge);
        balance::make_available(scene, early)?;
        let entry = line(&charge, scene.now);
        let back = Entry {
            kind: "payment_failure_refund",
            category: "charge_failure",
            amount: -entry.amount,
            fee: -entry.fee,
            ..entry
        };
        charge["failure_balance_transaction"] = json!(balance::post(scene, &back)?);
    }
    charge::failed(scene, &mut charge, &code)?;
    intent["status"] = json!("requires_payment_method");
    intent["payment_method"] = Value::Null;
    intent["last_payment_error"] = json!({
        "charge": charge["id"],
        "code": "payment_intent_payment_attempt_failed",
        "decline_code": "generic_decline",
        "message": charge::message_of(&code),
        "payment_method": method,
        "type": "card_error",
    });
    book::update(scene, &intent)?;
    event::emit(scene, "payment_intent.payment_failed", &intent)?;
    note(scene, &intent, &charge, effect, "failed")?;
    mandate::end_after(scene, &charge, &code)?;
    checkout::decided(scene, ("payment_intent", text(&intent, "id")), false)?;
    collect::decided(scene, &intent, false)
}

/// What a paid debit leaves of its amount.
fn net(charge: &Value) -> i64 {
    int(charge, "amount") - FEE
}

fn note(
    scene: &Scene<'_>,
    intent: &Value,
    charge: &Value,
    effect: i64,
    status: &str,
) -> rusqlite::Result<()> {
    let fact = Fact {
        of: intent,
        kind: Kind::Collection,
        amount: int(charge, "amount"),
        fee: if status == "failed" { 0 } else { FEE },
        effect,
        status,
        transaction: charge["id"].as_str(),
    };
    record::note(scene, &fact)
}

fn pending(scene: &Scene<'_>, charge: &str) -> rusqlite::Result<Option<(Value, Value)>> {
    let Some(doc) = book::find(scene.tx, charge)? else { return Ok(None) };
    book::unplan(scene, charge)?;
    let intent = book::named(scene, &doc["payment_intent"])?;
    Ok((text(&doc, "status") == "pending").then_some((doc, intent)))
}
