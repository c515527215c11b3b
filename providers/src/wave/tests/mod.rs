//! The Wave adapter as a table: operation in, request out; fixture in, outcome out.
//!
//! `fixtures/wave/` holds the payloads, each naming the page that its shape was read from.

mod forgeries;
mod outcomes;
mod properties;
mod recipients;
mod requests;
mod traps;
mod webhooks;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use domain::{Country, Currency, Money, Msisdn, Rail, Reference, Wallet};
use http::HeaderMap;

use super::{Wave, WaveConfig, WebhookAuth};
use crate::testkit::{self, response, shape};
use crate::{
    Cancel, Collect, Disburse, Grants, Inquire, Operation, Outcome, Payee, ProviderError, ProviderRef,
    Refund, Response, Reverse, Wire,
};

const REFERENCE: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const SESSION: &str = "cos-2f7k1m9xq100b";
const PAYOUT: &str = "pt-3h8r2c5ne1004";
/// The webhooks' secret.
const WHS: &str = "wave_sn_WHS_correct-horse";
/// The secret of an older webhook that is being replaced.
const OLD_WHS: &str = "wave_sn_WHS_battery-staple";
/// The secret of signed requests.
const AKS: &str = "wave_sn_AKS_request-signing";
const SHARED: &str = "a-shared-bearer-secret";

fn config() -> WaveConfig {
    WaveConfig {
        base_url: "https://wave.test".to_owned(),
        api_key: "wave_sn_prod_key".into(),
        signing_secret: None,
        webhook: WebhookAuth { signing: vec![OLD_WHS.into(), WHS.into()], shared: vec![SHARED.into()] },
        wallet: Wallet::parse("sn").unwrap(),
        country: Country::SN,
        currency: Currency::XOF,
        aggregated_merchant_id: None,
        min: None,
        max: None,
        settling_time: Duration::from_secs(120),
    }
}

fn wave() -> Wave {
    Wave::new(config()).unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-11-20T10:05:00Z")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn xof(minor: i64) -> Money {
    Money::new(minor, Currency::XOF)
}

fn reference() -> Reference {
    REFERENCE.parse().unwrap()
}

fn session_ref() -> ProviderRef {
    ProviderRef(SESSION.to_owned())
}

fn payout_ref() -> ProviderRef {
    ProviderRef(PAYOUT.to_owned())
}

fn collect() -> Collect {
    Collect {
        reference: reference(),
        amount: xof(12_500),
        rail: Rail::Wave,
        payer: Some(Msisdn::parse("+221770001122").unwrap()),
        restrict_payer: false,
        success_url: "https://shop.example/ok".to_owned(),
        failure_url: "https://shop.example/ko".to_owned(),
        otp: None,
        callback_url: None,
        customer: None,
        debit: None,
    }
}

fn disburse() -> Disburse {
    Disburse {
        reference: reference(),
        amount: xof(15_000),
        payee: Payee::Phone(Msisdn::parse("+221770003344").unwrap()),
        name: Some("Awa Exemple".to_owned()),
        reason: Some("Reglement 42".to_owned()),
        callback_url: None,
    }
}

fn refund() -> Operation {
    Operation::Refund(Refund {
        reference: Reference::from_uuid(uuid::Uuid::from_u128(7)),
        original: reference(),
        original_ref: session_ref(),
        amount: xof(12_500),
        whole: true,
        rail: Rail::Wave,
        payer: None,
        callback_url: None,
    })
}

fn reverse() -> Operation {
    Operation::Reverse(Reverse {
        reference: Reference::from_uuid(uuid::Uuid::from_u128(8)),
        original_ref: payout_ref(),
        amount: xof(15_000),
        submitted_at: now(),
    })
}

fn cancel() -> Operation {
    Operation::Cancel(Cancel { reference: reference(), provider_ref: session_ref() })
}

fn inquire(kind: MovementKind) -> Inquire {
    let amount = match kind {
        MovementKind::Collection | MovementKind::Refund => xof(12_500),
        _ => xof(15_000),
    };
    let original = match kind {
        MovementKind::Refund => Some(session_ref()),
        MovementKind::Reversal => Some(payout_ref()),
        _ => None,
    };
    Inquire {
        reference: reference(),
        kind,
        provider_ref: None,
        amount,
        original,
        since: now(),
        rail: Rail::Wave,
        customer: None,
    }
}

fn ask(kind: MovementKind) -> Operation {
    Operation::Inquire(inquire(kind))
}

fn ask_about(kind: MovementKind, provider_ref: ProviderRef) -> Operation {
    Operation::Inquire(Inquire { provider_ref: Some(provider_ref), ..inquire(kind) })
}

/// A payload of `fixtures/wave/` as the response that carries it.
fn fixture(name: &str) -> Response {
    testkit::fixture("wave", name)
}

/// A fixture with one string in it replaced by another.
fn altered(name: &str, from: &str, to: &str) -> Response {
    testkit::altered(&fixture(name), from, to)
}

fn read(operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
    wave().outcome(operation, response)
}
