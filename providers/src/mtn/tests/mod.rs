//! The MTN adapter as a table: operation in, request out; fixture in, outcome out.
//!
//! `fixtures/mtn/` holds the payloads, each naming where its shape was read.

mod callbacks;
mod outcomes;
mod properties;
mod refusals;
mod requests;
mod settings;
mod sockets;
mod tokens;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use domain::{Country, Currency, Money, Msisdn, Rail, Reference, Wallet};
use http::HeaderMap;

use crate::testkit::response;

use super::{Mtn, MtnCallback, MtnConfig, MtnPayBy, MtnProduct, MtnTokenBody};
use crate::{
    Collect, Disburse, Grants, Inquire, Need, Operation, Outcome, Payee, ProviderError, Refund, Response,
    Wire,
};

const REFERENCE: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const ORIGINAL: &str = "0b1f6f0a-55b1-4a8e-9d55-0a52a2a6a4a1";

fn product(name: &str) -> MtnProduct {
    MtnProduct {
        subscription_key: format!("{name}-subscription").into(),
        api_user: "c72025f5-5cd1-4630-99e4-8ba4722fad56".to_owned(),
        api_key: format!("{name}-api-key").into(),
    }
}

fn config() -> MtnConfig {
    MtnConfig {
        base_url: "https://mtn.test".to_owned(),
        target_environment: "mtnguineaconakry".to_owned(),
        wallet: Wallet::parse("gn").unwrap(),
        country: Country::GN,
        currency: Currency::GNF,
        wire_currency: None,
        collection: Some(product("collection")),
        disbursement: Some(product("disbursement")),
        remittance: None,
        pay_by: MtnPayBy::Transfer,
        callback: MtnCallback::V1,
        token_body: MtnTokenBody::Empty,
        min: None,
        max: None,
        settling_time: Duration::from_secs(120),
    }
}

fn mtn() -> Mtn {
    Mtn::new(config()).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-20T10:05:00Z".parse().unwrap()
}

fn gnf(minor: i64) -> Money {
    Money::new(minor, Currency::GNF)
}

fn reference() -> Reference {
    REFERENCE.parse().unwrap()
}

fn collect() -> Collect {
    Collect {
        reference: reference(),
        amount: gnf(15_000),
        rail: Rail::MtnMomo,
        payer: Some(Msisdn::parse("+224660000001").unwrap()),
        restrict_payer: false,
        success_url: "https://shop.example/ok".to_owned(),
        failure_url: "https://shop.example/ko".to_owned(),
        otp: None,
        callback_url: Some("https://pay.example/webhooks/mtn-momo/gn.token".to_owned()),
        customer: None,
        debit: None,
    }
}

fn disburse() -> Disburse {
    Disburse {
        reference: reference(),
        amount: gnf(15_000),
        payee: Payee::Phone(Msisdn::parse("+224660000002").unwrap()),
        name: Some("Aïssatou Exemple".to_owned()),
        reason: Some("Réglement 42 & <suite>".to_owned()),
        callback_url: Some("https://pay.example/webhooks/mtn-momo/gn.token".to_owned()),
    }
}

fn refund() -> Refund {
    Refund {
        reference: reference(),
        original: ORIGINAL.parse().unwrap(),
        original_ref: crate::ProviderRef(ORIGINAL.to_owned()),
        amount: gnf(15_000),
        whole: true,
        rail: Rail::MtnMomo,
        payer: None,
        callback_url: None,
    }
}

fn effects() -> [Operation; 3] {
    [Operation::Collect(collect()), Operation::Disburse(disburse()), Operation::Refund(refund())]
}

fn inquire(kind: MovementKind) -> Inquire {
    Inquire {
        reference: reference(),
        kind,
        provider_ref: None,
        amount: gnf(15_000),
        original: None,
        since: now(),
        rail: Rail::MtnMomo,
        customer: None,
    }
}

fn ask(kind: MovementKind) -> Operation {
    Operation::Inquire(inquire(kind))
}

/// A token for every product, told apart by its name.
fn grants() -> Grants {
    ["collection token", "disbursement token", "remittance token"]
        .into_iter()
        .fold(Grants::none(), |grants, need| grants.with(Need(need), need.replace(' ', "-").into()))
}

fn fixture(name: &str) -> Response {
    crate::testkit::fixture("mtn", name)
}

/// A fixture with one string in it replaced by another.
fn altered(name: &str, from: &str, to: &str) -> Response {
    crate::testkit::altered(&fixture(name), from, to)
}

fn coded(status: u16, code: &str) -> Response {
    response(status, format!(r#"{{"code":"{code}","message":"as MTN says"}}"#).as_bytes())
}

fn read(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    mtn().outcome(operation, response)
}

/// The shape of an answer, for tables; a refusal that is still to be confirmed is `refused CODE`.
fn shape(answer: &Result<Outcome, ProviderError>) -> String {
    match answer {
        Ok(Outcome::RefusedUnlessFound { code, .. }) => format!("refused {code}"),
        other => crate::testkit::shape(other),
    }
}
