//! What leaves, byte for byte, but for what is encrypted anew each time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};
use serde_json::{Value, json};

use super::*;
use crate::orange::sonatel::OrangeSonatelConfigError;
use crate::{OperationKind, Refunds, Request, Unsupported};

fn sent(wire: &OrangeSonatel, operation: &Operation) -> Result<Request, Unsupported> {
    wire.request(operation, &granted(), now())
}

/// The body, with the PIN decrypted.
fn opened(request: &Request) -> Value {
    let mut body: Value = serde_json::from_slice(&request.body).unwrap();
    for at in ["/partner/encryptedPinCode", "/encryptedPinCode"] {
        let Some(sealed) = body.pointer_mut(at) else { continue };
        let text = sealed.as_str().unwrap();
        assert_eq!(text.len(), 344);
        let key: Value = serde_json::from_slice(&fixture("private_key").body).unwrap();
        let der = STANDARD.decode(key["pkcs8"].as_str().unwrap()).unwrap();
        let key = RsaPrivateKey::from_pkcs8_der(&der).unwrap();
        let pin = key.decrypt(Pkcs1v15Encrypt, &STANDARD.decode(text).unwrap()).unwrap();
        *sealed = json!(format!("sealed {}", String::from_utf8(pin).unwrap()));
    }
    body
}

#[test]
fn a_collection_is_a_code_for_one_payment() {
    let request = sent(&merchant(), &Operation::Collect(collect())).unwrap();
    assert_eq!(request.url, "https://sonatel.test/api/eWallet/v4/qrcode");
    assert_eq!(request.headers["x-callback-url"], "https://pay.example/webhooks/sonatel");
    assert_eq!(request.headers["authorization"], "Bearer t0k");
    assert_eq!(
        std::str::from_utf8(&request.body).unwrap(),
        "{\"code\":\"123456\",\"name\":\"MoneyBridge\",\"amount\":{\"value\":1500,\"unit\":\"XOF\"},\
         \"validity\":900,\"reference\":\"3fjrczz2w69m0v8b80sx7wjs7z\",\
         \"callbackSuccessUrl\":\"https://pay.example/ok\",\"callbackCancelUrl\":\"https://pay.example/ko\",\
         \"restrictions\":{\"isSingleUse\":true}}"
    );
}

#[test]
fn who_has_a_code_of_their_operator_pays_in_one_step() {
    let request = sent(&merchant(), &Operation::Collect(with_code())).unwrap();
    assert_eq!(request.url, "https://sonatel.test/api/eWallet/v1/payments/onestep");
    assert_eq!(
        std::str::from_utf8(&request.body).unwrap(),
        "{\"partner\":{\"idType\":\"CODE\",\"id\":\"123456\"},\
         \"customer\":{\"idType\":\"MSISDN\",\"id\":\"770001122\",\"otp\":\"123456\"},\
         \"amount\":{\"value\":1500,\"unit\":\"XOF\"},\"reference\":\"3fjrczz2w69m0v8b80sx7wjs7z\",\
         \"metadata\":{}}"
    );
    let nobody = Collect { payer: None, ..with_code() };
    assert!(sent(&merchant(), &Operation::Collect(nobody)).is_err());
}

#[test]
fn a_payout_is_a_cash_in_under_a_sealed_pin() {
    let request = sent(&retailer(), &Operation::Disburse(disburse())).unwrap();
    assert_eq!(request.url, "https://sonatel.test/api/eWallet/v1/cashins");
    let expected = json!({
        "partner": {"idType": "MSISDN", "id": "780009988", "encryptedPinCode": "sealed 2486"},
        "customer": {"idType": "MSISDN", "id": "770001122"},
        "amount": {"value": 1500, "unit": "XOF"},
        "reference": NAME,
        "receiveNotification": true,
        "metadata": {},
    });
    assert_eq!(opened(&request), expected);
    let again = sent(&retailer(), &Operation::Disburse(disburse())).unwrap();
    assert_ne!(request.body, again.body, "sealed anew");
}

#[test]
fn a_refund_is_a_cash_in_that_says_so() {
    let request = sent(&retailer(), &Operation::Refund(refund())).unwrap();
    assert_eq!(request.url, "https://sonatel.test/api/eWallet/v1/cashins");
    let body = opened(&request);
    assert_eq!(body["metadata"], json!({"kind": "refund", "of": "00000000000000000000000007"}));
    assert_eq!((&body["reference"], &body["customer"]["id"]), (&json!(NAME), &json!("770001122")));
    let wire = retailer();
    assert_eq!(wire.capabilities().refunds, Refunds::Anew);
    let nobody = Operation::Refund(Refund { payer: None, ..refund() });
    assert!(wire.capabilities().check(&nobody).is_err() && sent(&wire, &nobody).is_err());
    assert!(wire.capabilities().check(&Operation::Refund(refund())).is_ok());
}

#[test]
fn the_balance_is_asked_for_with_a_pin() {
    let request = sent(&retailer(), &Operation::Balance).unwrap();
    assert_eq!(request.url, "https://sonatel.test/api/eWallet/v1/account/retailer/balance");
    let expected = json!({
        "idType": "MSISDN", "id": "780009988", "encryptedPinCode": "sealed 2486", "wallet": "PRINCIPAL",
    });
    assert_eq!(opened(&request), expected);
}

#[test]
fn movements_are_searched_for_by_reference_alone() {
    use MovementKind::{Collection, Disbursement, Refund, Reversal, Treasury};
    for (wire, kind) in [(merchant(), Collection), (retailer(), Disbursement), (retailer(), Refund)] {
        let request = sent(&wire, &inquire(kind, Some("q7Hk2Lm9"))).unwrap();
        assert_eq!(request.url, "https://sonatel.test/api/eWallet/v1/transactions");
        assert_eq!(request.query, [("reference".into(), NAME.to_owned())]);
        assert_eq!(request.headers["content-type"], "application/json", "without it: 415");
        assert_eq!(request.headers["accept"], "application/json");
    }
    for (wire, kind) in [(merchant(), Disbursement), (merchant(), Refund), (retailer(), Collection)] {
        assert!(sent(&wire, &inquire(kind, None)).is_err(), "{kind}");
    }
    for kind in [Reversal, Treasury] {
        assert!(sent(&merchant(), &inquire(kind, None)).is_err());
        assert!(sent(&retailer(), &inquire(kind, None)).is_err());
    }
}

#[test]
fn numbers_of_other_countries_are_refused_before_anything_leaves() {
    for number in ["+2250700000001", "+224620001122", "+33612345678"] {
        let payee = Payee::Phone(Msisdn::parse(number).unwrap());
        assert!(sent(&retailer(), &Operation::Disburse(Disburse { payee, ..disburse() })).is_err());
    }
    let payee = Payee::Words("the counter".to_owned());
    assert!(sent(&retailer(), &Operation::Disburse(Disburse { payee, ..disburse() })).is_err());
}

#[test]
fn each_wallet_does_its_half() {
    let (merchant, retailer) = (merchant(), retailer());
    for (wire, operation) in [
        (&merchant, Operation::Disburse(disburse())),
        (&merchant, Operation::Refund(refund())),
        (&merchant, Operation::Balance),
        (&retailer, Operation::Collect(collect())),
        (&retailer, Operation::Collect(with_code())),
    ] {
        assert!(wire.capabilities().check(&operation).is_err(), "{operation:?}");
        assert!(sent(wire, &operation).is_err(), "{operation:?}");
    }
    for wire in [&merchant, &retailer] {
        let idempotent = wire.capabilities().idempotent_on_reference;
        assert!(!idempotent.collect && !idempotent.disburse && !idempotent.refund);
    }
    assert!(merchant.capabilities().hosted.unseen_until_paid);
    assert_eq!(merchant.capabilities().hosted.lives_for, Some(Duration::from_secs(900)));
    assert!(!retailer.capabilities().hosted.unseen_until_paid);
    assert!(retailer.capabilities().supports(OperationKind::Balance));
    let least = |minor| {
        let operation = Operation::Collect(Collect { amount: xof(minor), ..collect() });
        merchant.capabilities().check(&operation).is_ok()
    };
    assert_eq!([1, 9, 10].map(least), [false, false, true]);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    use OrangeSonatelConfigError::{
        BaseUrl, Code, Credentials, Label, NotifyUrl, Number, Pin, Validity, Webhooks,
    };
    let refusal = |config: OrangeSonatelConfig| OrangeSonatel::new(config).err();
    let of = |role: SonatelRole| refusal(config(role));
    let base = || config(merchant_role());
    assert_eq!(refusal(OrangeSonatelConfig { base_url: "x".into(), ..base() }), Some(BaseUrl));
    assert_eq!(refusal(OrangeSonatelConfig { client_id: "".into(), ..base() }), Some(Credentials));
    assert_eq!(refusal(OrangeSonatelConfig { client_secret: "".into(), ..base() }), Some(Credentials));
    let role = |code: &str, label: &str, seconds: u64, url: &str| SonatelRole::Merchant {
        code: code.to_owned(),
        label: label.to_owned(),
        validity: Duration::from_secs(seconds),
        notify_url: Some(url.to_owned()),
    };
    for (role, error) in [
        (role("12345", "M", 900, "https://x"), Code),
        (role("12345a", "M", 900, "https://x"), Code),
        (role("123456", "", 900, "https://x"), Label),
        (role("123456", &"é".repeat(46), 900, "https://x"), Label),
        (role("123456", "M", 59, "https://x"), Validity),
        (role("123456", "M", 86_401, "https://x"), Validity),
        (role("123456", "M", 900, "https://x\n"), NotifyUrl),
        (SonatelRole::Retailer { number: "221780009988".into(), pin: PIN.into() }, Number),
        (SonatelRole::Retailer { number: "780009988".into(), pin: "12".into() }, Pin),
        (SonatelRole::Retailer { number: "780009988".into(), pin: "12a4".into() }, Pin),
    ] {
        assert_eq!(of(role), Some(error));
    }
    for (proof, signing, keys) in [
        (SonatelProof::Signature, vec![], vec!["k"]),
        (SonatelProof::Key, vec!["s"], vec![]),
        (SonatelProof::Both, vec!["s"], vec![]),
        (SonatelProof::Both, vec![], vec!["k"]),
        (SonatelProof::Key, vec![], vec!["k", ""]),
    ] {
        let secrets = |of: Vec<&str>| of.into_iter().map(|secret| secret.to_owned().into()).collect();
        let webhooks = SonatelWebhooks { proof, signing: secrets(signing), keys: secrets(keys) };
        assert_eq!(refusal(OrangeSonatelConfig { webhooks, ..base() }), Some(Webhooks));
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let request = sent(&merchant(), &Operation::Collect(with_code())).unwrap();
    let shown = format!(
        "{request:?} {:?} {:?} {:?} {:?}",
        request.headers,
        config(merchant_role()),
        config(retailer_role()),
        with_code()
    );
    for secret in ["s3c&ret", PIN, SECRET, API_KEY, "t0k", "123456\""] {
        let shown = shown.replace("code: \"123456\"", "");
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
