//! The Web Payment adapter as a table: operation in, request out; fixture in, outcome out.
//!
//! `fixtures/orange_web/` holds the payloads, each naming the page that its shape was read from.

mod answers;
mod requests;

use domain::movement::MovementKind;
use domain::{Country, Currency, Money, Msisdn, Rail, Reference, Wallet};
use http::HeaderMap;

use super::{Language, OrangeWeb, OrangeWebConfig};
use crate::orange::oauth::TOKEN;
use crate::testkit::shape;
use crate::{
    Collect, Grants, Inquire, Limits, Operation, Outcome, ProviderError, ProviderRef, Response, Wire,
};

const REFERENCE: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const PAY_TOKEN: &str = "v1k3d0ex4mpl3p4ytok3n7f2a";
const MERCHANT_KEY: &str = "m3rch4nt-k3y";

fn gnf(minor: i64) -> Money {
    Money::new(minor, Currency::GNF)
}

fn config() -> OrangeWebConfig {
    OrangeWebConfig {
        base_url: "https://orange.test".to_owned(),
        environment: "gn".to_owned(),
        client_id: "client".to_owned(),
        client_secret: "s3cret".into(),
        merchant_key: MERCHANT_KEY.into(),
        label: "MoneyBridge".to_owned(),
        language: Language::French,
        wallet: Wallet::parse("gn").unwrap(),
        country: Country::parse("GN").unwrap(),
        currency: Currency::GNF,
        limits: Limits { min: Some(gnf(1_000)), max: Some(gnf(30_000_000)) },
    }
}

fn orange() -> OrangeWeb {
    OrangeWeb::new(config()).unwrap()
}

fn reference() -> Reference {
    REFERENCE.parse().unwrap()
}

fn grants() -> Grants {
    Grants::none().with(TOKEN, "t0k".into())
}

fn collect() -> Collect {
    Collect {
        reference: reference(),
        amount: gnf(250_000),
        rail: Rail::OrangeWeb,
        payer: Some(Msisdn::parse("+224620001122").unwrap()),
        restrict_payer: false,
        success_url: "https://pay.example/return/transfer_1/paid".to_owned(),
        failure_url: "https://pay.example/return/transfer_1/not_paid".to_owned(),
        customer: None,
        debit: None,
        otp: None,
        callback_url: Some("https://pay.example/webhooks/orange-money/gn.t".to_owned()),
    }
}

fn inquire() -> Inquire {
    Inquire {
        reference: reference(),
        kind: MovementKind::Collection,
        provider_ref: Some(ProviderRef(PAY_TOKEN.to_owned())),
        amount: gnf(250_000),
        original: None,
        since: "2026-11-20T10:00:00Z".parse().unwrap(),
        rail: Rail::OrangeWeb,
        customer: None,
    }
}

fn fixture(name: &str) -> Response {
    crate::testkit::fixture("orange_web", name)
}

fn response(status: u16, body: &str) -> Response {
    crate::testkit::response(status, body.as_bytes())
}

fn read(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    orange().outcome(operation, response)
}
