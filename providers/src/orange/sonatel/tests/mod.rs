//! Sonatel's adapter as a table: operation in, request out; fixture in, outcome out.
//!
//! `fixtures/sonatel/` holds the payloads, each naming the source that its shape was read from.

mod answers;
mod grants;
mod list;
mod requests;
mod webhooks;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use domain::{Currency, Money, Msisdn, Rail, Reference, Wallet};
use http::HeaderMap;

use super::grants::KEY;
use super::{OrangeSonatel, OrangeSonatelConfig, SonatelProof, SonatelRole, SonatelWebhooks};
use crate::orange::oauth::TOKEN;
use crate::testkit::shape;
use crate::{
    Collect, Disburse, Grants, Inquire, Limits, Operation, Otp, Outcome, Payee, ProviderError, ProviderRef,
    Refund, Response, Wire,
};

const REFERENCE: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const NAME: &str = "3fjrczz2w69m0v8b80sx7wjs7z";
const PIN: &str = "2486";
const SECRET: &str = "sonatel-endpoint-secret";
const OLD_SECRET: &str = "sonatel-endpoint-older";
const API_KEY: &str = "our-registered-key";

fn xof(minor: i64) -> Money {
    Money::new(minor, Currency::XOF)
}

fn now() -> DateTime<Utc> {
    "2026-11-20T10:05:00Z".parse().unwrap()
}

fn webhooks(proof: SonatelProof) -> SonatelWebhooks {
    SonatelWebhooks {
        proof,
        signing: vec![OLD_SECRET.into(), SECRET.into()],
        keys: vec!["older-key".into(), API_KEY.into()],
    }
}

fn config(role: SonatelRole) -> OrangeSonatelConfig {
    OrangeSonatelConfig {
        base_url: "https://sonatel.test".to_owned(),
        client_id: "client".to_owned(),
        client_secret: "s3c&ret".into(),
        role,
        webhooks: webhooks(SonatelProof::Both),
        wallet: Wallet::parse("sn").unwrap(),
        limits: Limits::default(),
    }
}

fn merchant_role() -> SonatelRole {
    SonatelRole::Merchant {
        code: "123456".to_owned(),
        label: "MoneyBridge".to_owned(),
        validity: Duration::from_secs(900),
        notify_url: Some("https://pay.example/webhooks/sonatel".to_owned()),
    }
}

fn retailer_role() -> SonatelRole {
    SonatelRole::Retailer { number: "780009988".to_owned(), pin: PIN.into() }
}

fn merchant() -> OrangeSonatel {
    OrangeSonatel::new(config(merchant_role())).unwrap()
}

fn retailer() -> OrangeSonatel {
    OrangeSonatel::new(config(retailer_role())).unwrap()
}

fn public_key() -> String {
    let body: serde_json::Value = serde_json::from_slice(&fixture("public_key").body).unwrap();
    body["key"].as_str().unwrap().to_owned()
}

fn granted() -> Grants {
    Grants::none().with(TOKEN, "t0k".into()).with(KEY, public_key().into())
}

fn reference() -> Reference {
    REFERENCE.parse().unwrap()
}

fn phone() -> Msisdn {
    Msisdn::parse("+221770001122").unwrap()
}

fn collect() -> Collect {
    Collect {
        reference: reference(),
        amount: xof(1_500),
        rail: Rail::OrangeSonatel,
        payer: Some(phone()),
        restrict_payer: false,
        success_url: "https://pay.example/ok".to_owned(),
        failure_url: "https://pay.example/ko".to_owned(),
        customer: None,
        debit: None,
        otp: None,
        callback_url: None,
    }
}

fn with_code() -> Collect {
    Collect { otp: Some(Otp("123456".to_owned())), ..collect() }
}

fn disburse() -> Disburse {
    Disburse {
        reference: reference(),
        amount: xof(1_500),
        payee: Payee::Phone(phone()),
        name: Some("Awa Exemple".to_owned()),
        reason: None,
        callback_url: None,
    }
}

fn refund() -> Refund {
    Refund {
        reference: reference(),
        original: Reference::from_uuid(uuid::Uuid::from_u128(7)),
        original_ref: ProviderRef("MP261120.1147.K20518".to_owned()),
        amount: xof(1_500),
        whole: false,
        rail: Rail::OrangeSonatel,
        payer: Some(phone()),
        callback_url: None,
    }
}

fn inquire(kind: MovementKind, provider_ref: Option<&str>) -> Operation {
    Operation::Inquire(Inquire {
        reference: reference(),
        kind,
        provider_ref: provider_ref.map(|id| ProviderRef(id.to_owned())),
        amount: xof(1_500),
        original: None,
        since: now(),
        rail: Rail::OrangeSonatel,
        customer: None,
    })
}

fn fixture(name: &str) -> Response {
    crate::testkit::fixture("sonatel", name)
}

fn response(status: u16, body: &str) -> Response {
    crate::testkit::response(status, body.as_bytes())
}
