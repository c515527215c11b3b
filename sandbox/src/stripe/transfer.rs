//! Bank transfers: a virtual account per customer, and how money in it finds its payment.
//!
//! A transfer pays the open intent whose reference it carries, else one whose missing amount it
//! is, else the oldest. Money beyond a match stays in the customer's cash balance; without one it
//! goes on to the next oldest. *Chosen*: the fee is half a percent and at most five euros, and
//! the money can be used from the next business day on.

use axum::extract::Path;
use serde_json::{Value, json};

use super::balance::{self, Entry};
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::Params;
use super::record::{self, Fact, Kind};
use super::scene::{Scene, int, text};
use super::{book, calendar, charge, checkout, customer, event, iban};
use crate::ids;

/// A transfer that arrives.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// In cents.
    pub amount: i64,
    /// What the payer wrote.
    pub reference: Option<String>,
    /// The account's holder; `None` when their bank does not tell whose money it is.
    pub sender: Option<String>,
}

/// `payment_method_options[customer_balance]` or the body of funding instructions: the country of
/// the virtual account.
pub fn read_country(params: &mut Params, prefix: &str) -> Result<Option<String>, StripeError> {
    let name = |path: &str| match (prefix, path.split_once('[')) {
        ("", _) => path.to_owned(),
        (_, Some((first, rest))) => format!("{prefix}[{first}][{rest}"),
        (_, None) => format!("{prefix}[{path}]"),
    };
    params.word(&name("funding_type"), &["bank_transfer"])?;
    params.word(&name("bank_transfer[type]"), &["eu_bank_transfer"])?;
    params.list(&name("bank_transfer[requested_address_types]"))?;
    params.ignore(&[&name("setup_future_usage")]);
    params.word(&name("bank_transfer[eu_bank_transfer][country]"), &iban::VIRTUAL)
}

/// Where a customer sends money: an account of their own in `country`, the same for ever.
pub fn address(scene: &Scene<'_>, customer: &mut Value, country: &str) -> rusqlite::Result<Value> {
    if customer["_ibans"][country].is_null() {
        customer["_ibans"][country] = json!(iban::virtual_in(country).as_str());
        book::update(scene, customer)?;
    }
    let place = json!({
        "city": null, "country": country, "line1": null, "line2": null, "postal_code": null, "state": null,
    });
    Ok(json!({
        "iban": {
            "account_holder_address": place,
            "account_holder_name": scene.account().business_name,
            "bank_address": place,
            "bic": iban::virtual_bic(country),
            "country": country,
            "iban": customer["_ibans"][country],
        },
        "supported_networks": ["sepa"],
        "type": "iban",
    }))
}

/// Asks for a transfer: paid at once when the cash balance suffices, else it waits for money.
pub fn ask(scene: &Scene<'_>, intent: &mut Value, country: &str) -> Result<(), StripeError> {
    let mut owner = customer::own(scene, text(intent, "customer"))?;
    intent["_funded"] = json!(0);
    intent["_reference"] = json!(ids::upper("", 12));
    intent["_country"] = json!(country);
    if int(&owner, "_cash") >= int(intent, "amount") && text(&owner, "_mode") != "manual" {
        let amount = int(intent, "amount");
        return Ok(apply(scene, &mut owner, intent, amount)?);
    }
    let address = address(scene, &mut owner, country)?;
    intent["status"] = json!("requires_action");
    intent["next_action"] = json!({
        "display_bank_transfer_instructions": {
            "amount_remaining": intent["amount"],
            "currency": "eur",
            "financial_addresses": [address],
            "hosted_instructions_url": format!("{}/stripe/t/{}", scene.app.public_url(), text(intent, "id")),
            "reference": intent["_reference"],
            "type": "eu_bank_transfer",
        },
        "type": "display_bank_transfer_instructions",
    });
    book::update(scene, intent)?;
    Ok(event::emit(scene, "payment_intent.requires_action", intent)?)
}

/// A transfer arrives in a customer's virtual account, and looks for what it pays.
pub fn arrive(scene: &Scene<'_>, customer: &str, arrival: &Arrival) -> Result<Value, StripeError> {
    let mut owner = customer::own(scene, customer)?;
    if let Some(sender) = &arrival.sender {
        owner["_sender"] = json!(sender);
    }
    let transfer = json!({
        "bank_transfer": {
            "eu_bank_transfer": {"bic": "COBADEFFXXX", "iban_last4": "3000", "sender_name": arrival.sender},
            "reference": arrival.reference,
            "type": "eu_bank_transfer",
        },
    });
    let entry = move_cash(scene, &mut owner, arrival.amount, "funded", &transfer)?;
    if text(&owner, "_mode") != "manual" {
        reconcile(scene, &mut owner, arrival)?;
    }
    // Told of what no intent took.
    if int(&owner, "_cash") > 0 {
        event::emit(scene, "cash_balance.funds_available", &customer::cash_balance(&owner))?;
    }
    Ok(entry)
}

fn reconcile(scene: &Scene<'_>, owner: &mut Value, arrival: &Arrival) -> rusqlite::Result<()> {
    let mut open =
        book::of(scene, "payment_intent", &[("customer", text(owner, "id")), ("status", "requires_action")])?;
    open.reverse();
    let squeezed =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    let written = arrival.reference.as_deref().map(squeezed).unwrap_or_default();
    let by_reference = open
        .iter()
        .position(|intent| !written.is_empty() && written.contains(&squeezed(text(intent, "_reference"))));
    let match_at = by_reference.or_else(|| open.iter().position(|intent| missing(intent) == arrival.amount));
    if let Some(at) = match_at {
        let amount = missing(&open[at]).min(int(owner, "_cash"));
        return apply(scene, owner, &mut open[at], amount);
    }
    for intent in &mut open {
        let amount = missing(intent).min(int(owner, "_cash"));
        if amount > 0 {
            apply(scene, owner, intent, amount)?;
        }
    }
    Ok(())
}

/// What an intent still waits for.
pub fn missing(intent: &Value) -> i64 {
    int(intent, "amount") - int(intent, "_funded")
}

/// Takes money from the cash balance for an intent, which is paid when nothing is missing.
pub fn apply(scene: &Scene<'_>, owner: &mut Value, intent: &mut Value, amount: i64) -> rusqlite::Result<()> {
    intent["_funded"] = json!(int(intent, "_funded") + amount);
    let applied = json!({"payment_intent": intent["id"]});
    move_cash(scene, owner, -amount, "applied_to_payment", &applied)?;
    if missing(intent) > 0 {
        intent["next_action"]["display_bank_transfer_instructions"]["amount_remaining"] =
            json!(missing(intent));
        book::update(scene, intent)?;
        return event::emit(scene, "payment_intent.partially_funded", intent);
    }
    paid(scene, intent)
}

fn paid(scene: &Scene<'_>, intent: &mut Value) -> rusqlite::Result<()> {
    let method = book::named(scene, &intent["payment_method"])?;
    let details = json!({"customer_balance": {}, "type": "customer_balance"});
    let mut charge = charge::begin(scene, intent, &method, &details)?;
    let amount = int(intent, "amount");
    let fee = fee_of(amount);
    let entry = Entry {
        source: text(&charge, "id"),
        kind: "payment",
        category: "charge",
        amount,
        fee,
        available_on: calendar::midnight(calendar::after(scene.now.date_naive(), 1)),
    };
    let transaction = balance::post(scene, &entry)?;
    charge::paid(scene, &mut charge, &transaction)?;
    intent["status"] = json!("succeeded");
    intent["amount_received"] = json!(amount);
    intent["latest_charge"] = charge["id"].clone();
    intent["next_action"] = Value::Null;
    book::update(scene, intent)?;
    event::emit(scene, "payment_intent.succeeded", intent)?;
    let fact = Fact {
        of: intent,
        kind: Kind::Collection,
        amount,
        fee,
        effect: amount - fee,
        status: "succeeded",
        transaction: charge["id"].as_str(),
    };
    record::note(scene, &fact)?;
    checkout::decided(scene, ("payment_intent", text(intent, "id")), true)
}

/// Half a percent, rounded up, and at most five euros.
fn fee_of(amount: i64) -> i64 {
    (amount / 200 + i64::from(amount % 200 != 0)).min(500)
}

/// Gives back to the cash balance what an intent had of it.
pub fn release(scene: &Scene<'_>, intent: &mut Value) -> rusqlite::Result<()> {
    let funded = int(intent, "_funded");
    if funded > 0 {
        intent["_funded"] = json!(0);
        let mut owner = book::named(scene, &intent["customer"])?;
        let unapplied = json!({"payment_intent": intent["id"]});
        move_cash(scene, &mut owner, funded, "unapplied_from_payment", &unapplied)?;
        event::emit(scene, "cash_balance.funds_available", &customer::cash_balance(&owner))?;
    }
    Ok(())
}

/// Moves a customer's cash balance and tells so.
pub fn move_cash(
    scene: &Scene<'_>,
    owner: &mut Value,
    amount: i64,
    kind: &str,
    details: &Value,
) -> rusqlite::Result<Value> {
    owner["_cash"] = json!(int(owner, "_cash") + amount);
    book::update(scene, owner)?;
    let mut entry = json!({
        "id": ids::lower("ccsbtxn_", 24),
        "object": "customer_cash_balance_transaction",
        "created": scene.seconds(),
        "currency": "eur",
        "customer": owner["id"],
        "ending_balance": owner["_cash"],
        "livemode": false,
        "net_amount": amount,
        "type": kind,
    });
    entry[kind] = details.clone();
    book::insert(scene, &entry)?;
    event::emit(scene, "customer_cash_balance_transaction.created", &entry)?;
    Ok(entry)
}

/// `POST /v1/customers/{id}/funding_instructions`.
pub async fn instructions(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut owner = customer::own(scene, &id)?;
        if params.required("currency")? != "eur" {
            return Err(StripeError::invalid("", "Invalid currency: must be eur").about("currency"));
        }
        for name in ["funding_type", "bank_transfer[type]", "bank_transfer[eu_bank_transfer][country]"] {
            if !params.has(name) {
                return Err(StripeError::missing(name));
            }
        }
        let country = read_country(params, "")?.unwrap_or_default();
        params.finish()?;
        let address = address(scene, &mut owner, &country)?;
        Ok(json!({
            "object": "funding_instructions",
            "bank_transfer": {"country": country, "financial_addresses": [address], "type": "eu_bank_transfer"},
            "currency": "eur",
            "funding_type": "bank_transfer",
            "livemode": false,
        }))
    })
}

/// `POST /v1/test_helpers/customers/{id}/fund_cash_balance`.
pub async fn fund(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let amount = params.integer("amount")?.ok_or_else(|| StripeError::missing("amount"))?;
        let currency = params.required("currency")?;
        let reference = params.text("reference")?;
        params.finish()?;
        if amount < 1 || currency != "eur" {
            let param = if amount < 1 { "amount" } else { "currency" };
            return Err(StripeError::invalid("", "Only a positive amount of eur can arrive").about(param));
        }
        let sender = Some("Jenny Rosen".to_owned());
        arrive(scene, &id, &Arrival { amount, reference, sender })
    })
}
