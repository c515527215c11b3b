//! Which bytes an operation becomes.

use domain::movement::MovementKind::{Collection, Disbursement, Refund as Refunding, Reversal, Treasury};
use serde_json::{Value, json};

use super::*;
use crate::{Cancel, ProviderRef, Request};

fn of(config: MtnConfig, operation: &Operation) -> Result<Request, String> {
    Mtn::new(config).unwrap().request(operation, &grants(), now()).map_err(|refused| refused.reason)
}

fn written(operation: &Operation) -> Request {
    of(config(), operation).unwrap()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers.get(name).map(|value| value.to_str().unwrap())
}

fn line(request: &Request) -> String {
    format!("{} {}", request.method, request.url)
}

#[test]
fn a_payer_is_asked_by_our_reference() {
    let request = written(&Operation::Collect(collect()));
    assert_eq!(line(&request), "POST https://mtn.test/collection/v1_0/requesttopay");
    assert_eq!(
        body(&request),
        json!({
            "amount": "15000", "currency": "GNF", "externalId": REFERENCE,
            "payer": { "partyIdType": "MSISDN", "partyId": "224660000001" },
            "payerMessage": REFERENCE, "payeeNote": REFERENCE,
        })
    );
    let expected = [
        ("authorization", Some("Bearer collection-token")),
        ("ocp-apim-subscription-key", Some("collection-subscription")),
        ("x-target-environment", Some("mtnguineaconakry")),
        ("x-reference-id", Some(REFERENCE)),
        ("x-callback-url", Some("https://pay.example/webhooks/mtn-momo/gn.token")),
        ("content-type", Some("application/json")),
    ];
    for (name, value) in expected {
        assert_eq!(header(&request, name), value, "{name}");
    }
    assert!(request.headers["authorization"].is_sensitive());
    assert!(request.headers["ocp-apim-subscription-key"].is_sensitive());
}

#[test]
fn a_payee_is_paid_with_a_plain_note() {
    let request = written(&Operation::Disburse(disburse()));
    assert_eq!(line(&request), "POST https://mtn.test/disbursement/v1_0/transfer");
    assert_eq!(
        body(&request),
        json!({
            "amount": "15000", "currency": "GNF", "externalId": REFERENCE,
            "payee": { "partyIdType": "MSISDN", "partyId": "224660000002" },
            "payerMessage": "Reglement 42 suite", "payeeNote": "Reglement 42 suite",
        })
    );
    assert_eq!(header(&request, "authorization"), Some("Bearer disbursement-token"));
    assert_eq!(header(&request, "ocp-apim-subscription-key"), Some("disbursement-subscription"));
}

#[test]
fn a_refund_names_the_request_that_it_gives_back_and_nobody() {
    let request = written(&Operation::Refund(refund()));
    assert_eq!(line(&request), "POST https://mtn.test/disbursement/v1_0/refund");
    assert_eq!(
        body(&request),
        json!({
            "amount": "15000", "currency": "GNF", "externalId": REFERENCE,
            "payerMessage": REFERENCE, "payeeNote": REFERENCE, "referenceIdToRefund": ORIGINAL,
        })
    );
    assert_eq!(header(&request, "x-callback-url"), None, "nobody gave a path");
}

#[test]
fn callbacks_and_payouts_are_as_configured() {
    let remittance = Some(product("remittance"));
    let table = [
        (MtnPayBy::Transfer, MtnCallback::V2, "disbursement/v1_0/transfer", "disbursement/v2_0/refund"),
        (MtnPayBy::Deposit, MtnCallback::V1, "disbursement/v1_0/deposit", "disbursement/v1_0/refund"),
        (MtnPayBy::Deposit, MtnCallback::V2, "disbursement/v2_0/deposit", "disbursement/v2_0/refund"),
        (MtnPayBy::Remittance, MtnCallback::Off, "remittance/v1_0/transfer", "disbursement/v1_0/refund"),
    ];
    for (pay_by, callback, pays, refunds) in table {
        let config = MtnConfig { pay_by, callback, remittance: remittance.clone(), ..config() };
        let [collected, paid, refunded] = effects().map(|effect| of(config.clone(), &effect).unwrap());
        assert_eq!(collected.url, "https://mtn.test/collection/v1_0/requesttopay");
        assert_eq!(paid.url, format!("https://mtn.test/{pays}"));
        assert_eq!(refunded.url, format!("https://mtn.test/{refunds}"));
        let tells = callback != MtnCallback::Off;
        assert_eq!(header(&collected, "x-callback-url").is_some(), tells);
        assert_eq!(header(&paid, "x-callback-url").is_some(), tells);
    }
}

#[test]
fn each_movement_is_asked_about_where_it_was_made() {
    let remittance = Some(product("remittance"));
    let table = [
        (MtnPayBy::Transfer, Collection, "collection/v1_0/requesttopay", "collection"),
        (MtnPayBy::Transfer, Disbursement, "disbursement/v1_0/transfer", "disbursement"),
        (MtnPayBy::Deposit, Disbursement, "disbursement/v1_0/deposit", "disbursement"),
        (MtnPayBy::Remittance, Disbursement, "remittance/v1_0/transfer", "remittance"),
        (MtnPayBy::Remittance, Refunding, "disbursement/v1_0/refund", "disbursement"),
    ];
    for (pay_by, kind, path, product) in table {
        for callback in [MtnCallback::V1, MtnCallback::V2] {
            let config = MtnConfig { pay_by, callback, remittance: remittance.clone(), ..config() };
            let request = of(config, &ask(kind)).unwrap();
            assert_eq!(line(&request), format!("GET https://mtn.test/{path}/{REFERENCE}"));
            assert_eq!(header(&request, "authorization"), Some(format!("Bearer {product}-token").as_str()));
            assert!(request.body.is_empty() && header(&request, "x-reference-id").is_none());
        }
    }
}

#[test]
fn the_float_is_that_of_the_product_that_pays() {
    let request = written(&Operation::Balance);
    assert_eq!(line(&request), "GET https://mtn.test/disbursement/v1_0/account/balance");
    let request = of(MtnConfig { disbursement: None, ..config() }, &Operation::Balance).unwrap();
    assert_eq!(line(&request), "GET https://mtn.test/collection/v1_0/account/balance");
}

#[test]
fn amounts_keep_their_decimals_under_another_name() {
    let table = [
        (Currency::GNF, 15_000, "15000"),
        (Currency::GMD, 1_250, "12.50"),
        (Currency::parse("TND").unwrap(), 12_345, "12.345"),
    ];
    for (currency, minor, text) in table {
        let config = MtnConfig { currency, wire_currency: Some(Currency::EUR), ..config() };
        let amount = Money::new(minor, currency);
        let request = of(config, &Operation::Collect(Collect { amount, ..collect() })).unwrap();
        assert_eq!(body(&request)["amount"], text);
        assert_eq!(body(&request)["currency"], "EUR");
    }
}

#[test]
fn one_operation_is_the_same_bytes_for_ever() {
    for operation in effects() {
        assert_eq!(written(&operation), written(&operation));
    }
}

#[test]
fn what_mtn_would_take_and_then_fail_is_not_sent() {
    let abroad = Msisdn::parse("+221770001122").unwrap();
    let old = Reference::from_uuid(uuid::Uuid::from_u128(7));
    let refused = [
        Operation::Collect(Collect { payer: None, ..collect() }),
        Operation::Collect(Collect { payer: Some(abroad.clone()), ..collect() }),
        Operation::Disburse(Disburse { payee: Payee::Phone(abroad), ..disburse() }),
        Operation::Disburse(Disburse { payee: Payee::Words("the shop".to_owned()), ..disburse() }),
        Operation::Disburse(Disburse { reference: old, ..disburse() }),
        Operation::Cancel(Cancel { reference: reference(), provider_ref: ProviderRef(REFERENCE.into()) }),
        ask(Reversal),
        ask(Treasury),
    ];
    for operation in refused {
        assert!(of(config(), &operation).is_err(), "{operation:?}");
    }
    let no_payouts = MtnConfig { disbursement: None, ..config() };
    assert!(of(no_payouts.clone(), &Operation::Disburse(disburse())).is_err());
    assert!(of(no_payouts, &Operation::Refund(refund())).is_err());
}

#[test]
fn texts_are_plain_and_short() {
    let plain = crate::mtn::texts::plain;
    let table = [
        ("Loyer d'août, 2e partie", Some("Loyer d aout 2e partie")),
        ("a & b < c > d", Some("a b c d")),
        ("v1.2-rc", Some("v1.2-rc")),
        ("  ' \" ", None),
        ("", None),
        ("Спасибо", Some("Spasibo")),
        ("line\nbreak\ttab\u{0}", Some("line break tab")),
    ];
    for (text, expected) in table {
        assert_eq!(plain(text).as_deref(), expected, "{text:?}");
    }
    assert_eq!(plain(&"é".repeat(400)).unwrap().len(), 160);
}
