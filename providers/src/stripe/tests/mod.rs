//! The Stripe adapter as a table: operation in, request out; fixture in, outcome out.
//!
//! `fixtures/stripe/` holds the payloads, each naming the page that its shape was read from.

mod billing;
mod checkout;
mod events;
mod forgeries;
mod outcomes;
mod properties;
mod refusals;
mod requests;
mod statements;
mod traps;
mod webhooks;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use domain::{Country, Currency, Money, Rail, Reference, Wallet};
use http::HeaderMap;

use super::{Stripe, StripeConfig};
use crate::testkit::{self, response, shape};
use crate::{
    Cancel, Collect, Consent, Debit, DebitSource, Grants, Inquire, Operation, Outcome, ProviderError,
    ProviderRef, Refund, Register, Response, Sweep, Wire,
};

const REFERENCE: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const INTENT: &str = "pi_3Sx1";
/// The endpoint's secret.
const SECRET: &str = "whsec_correct-horse";
/// The secret that it replaces.
const OLD_SECRET: &str = "whsec_battery-staple";
/// One of Stripe's published test accounts.
const IBAN: &str = "DE89370400440532013000";

fn config() -> StripeConfig {
    StripeConfig {
        base_url: "https://stripe.test".to_owned(),
        api_key: "sk_test_invented".into(),
        webhook_secrets: vec![OLD_SECRET.into(), SECRET.into()],
        wallet: Wallet::parse("main").unwrap(),
        countries: vec![Country::parse("FR").unwrap(), Country::parse("DE").unwrap()],
        iban_country: Country::parse("IE").unwrap(),
        bank_account: Some("ba_1Own".to_owned()),
        min: None,
        max: None,
        settling_time: Duration::from_secs(60),
    }
}

fn stripe() -> Stripe {
    Stripe::new(config()).unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-11-20T10:05:00Z")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn named(id: &str) -> ProviderRef {
    ProviderRef(id.to_owned())
}

fn reference() -> Reference {
    REFERENCE.parse().unwrap()
}

fn collect(rail: Rail, debit: Option<DebitSource>) -> Collect {
    Collect {
        reference: reference(),
        amount: eur(10_950),
        rail,
        payer: None,
        restrict_payer: false,
        success_url: "https://shop.example/ok".to_owned(),
        failure_url: "https://shop.example/ko".to_owned(),
        otp: None,
        callback_url: None,
        customer: Some(named("cus_Qa7")),
        debit: debit.map(|source| Debit { source }),
    }
}

fn new_account() -> DebitSource {
    DebitSource::New {
        iban: IBAN.into(),
        name: "Awa Exemple".to_owned(),
        email: Some("awa@exemple.test".to_owned()),
        consent: Consent { ip: "192.0.2.7".parse().unwrap(), user_agent: "Invented/1.0".to_owned() },
    }
}

fn mandate() -> DebitSource {
    DebitSource::Mandate { mandate: named("mandate_1Sx1"), payment_method: named("pm_1Sx1") }
}

fn by_transfer() -> Operation {
    Operation::Collect(collect(Rail::SepaTransfer, None))
}

fn by_debit() -> Operation {
    Operation::Collect(collect(Rail::SepaDebit, Some(new_account())))
}

fn refund() -> Operation {
    Operation::Refund(Refund {
        reference: reference(),
        original: Reference::from_uuid(uuid::Uuid::from_u128(7)),
        original_ref: named(INTENT),
        amount: eur(500),
        whole: false,
        rail: Rail::SepaDebit,
        payer: None,
        callback_url: None,
    })
}

fn cancel() -> Operation {
    Operation::Cancel(Cancel { reference: reference(), provider_ref: named(INTENT) })
}

fn sweep() -> Operation {
    Operation::Sweep(Sweep { reference: reference(), amount: eur(50_000), instant: false })
}

fn register() -> Operation {
    Operation::Register(Register {
        key: "person-7".to_owned(),
        name: Some("Awa Exemple".to_owned()),
        email: Some("awa@exemple.test".to_owned()),
    })
}

fn inquire(kind: MovementKind, rail: Rail, provider_ref: Option<&str>) -> Inquire {
    let minor = match kind {
        MovementKind::Refund => 500,
        MovementKind::Treasury => 50_000,
        _ => 10_950,
    };
    Inquire {
        reference: reference(),
        kind,
        provider_ref: provider_ref.map(named),
        amount: eur(minor),
        original: Some(named(INTENT)).filter(|_| kind == MovementKind::Refund),
        since: now(),
        rail,
        customer: Some(named("cus_Qa7")),
    }
}

fn ask(kind: MovementKind, provider_ref: Option<&str>) -> Operation {
    Operation::Inquire(inquire(kind, Rail::SepaDebit, provider_ref))
}

fn ask_transfer() -> Operation {
    Operation::Inquire(inquire(MovementKind::Collection, Rail::SepaTransfer, Some(INTENT)))
}

/// A payload of `fixtures/stripe/` as the response that carries it.
fn fixture(name: &str) -> Response {
    testkit::fixture("stripe", name)
}

/// A fixture with one string in it replaced by another.
fn altered(name: &str, from: &str, to: &str) -> Response {
    testkit::altered(&fixture(name), from, to)
}

/// A fixture with one field of its body set to another value; `null` removes it.
fn with(name: &str, pointer: &str, value: serde_json::Value) -> Response {
    let original = fixture(name);
    let mut body: serde_json::Value = serde_json::from_slice(&original.body).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    assert!(parent.contains_key(key), "{name} has no {pointer}");
    match value.is_null() {
        true => parent.remove(key),
        false => parent.insert(key.to_owned(), value),
    };
    response(original.status, body.to_string().as_bytes())
}

fn read(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    stripe().outcome(operation, response)
}
