//! What leaves, byte for byte.

use super::*;
use crate::orange::web::OrangeWebConfigError;
use crate::{Cancel, OperationKind, Page, Refunds, Request, Unsupported};

fn sent(orange: &OrangeWeb, operation: &Operation) -> Result<String, Unsupported> {
    let request = orange.request(operation, &grants(), "2026-11-20T10:05:00Z".parse().unwrap())?;
    Ok(shown(&request))
}

fn shown(request: &Request) -> String {
    assert!(request.query.is_empty());
    let mut text = format!("{} {}", request.method, request.url);
    let mut headers: Vec<_> = request.headers.iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        text.push_str(&format!("\n{name}: {}", value.to_str().unwrap()));
    }
    text.push_str(&format!("\n{}", std::str::from_utf8(&request.body).unwrap()));
    text
}

#[test]
fn a_collection_is_a_web_payment() {
    assert_eq!(
        sent(&orange(), &Operation::Collect(collect())).unwrap(),
        "POST https://orange.test/orange-money-webpay/gn/v1/webpayment\n\
         accept: application/json\n\
         authorization: Bearer t0k\n\
         content-type: application/json\n\
         {\"merchant_key\":\"m3rch4nt-k3y\",\"currency\":\"GNF\",\"order_id\":\"3fjrczz2w69m0v8b80sx7wjs7z\",\
         \"amount\":250000,\"return_url\":\"https://pay.example/return/transfer_1/paid\",\
         \"cancel_url\":\"https://pay.example/return/transfer_1/not_paid\",\
         \"notif_url\":\"https://pay.example/webhooks/orange-money/gn.t\",\"lang\":\"fr\",\
         \"reference\":\"MoneyBridge\"}"
    );
}

#[test]
fn a_question_repeats_order_amount_and_token() {
    assert_eq!(
        sent(&orange(), &Operation::Inquire(inquire())).unwrap(),
        "POST https://orange.test/orange-money-webpay/gn/v1/transactionstatus\n\
         accept: application/json\n\
         authorization: Bearer t0k\n\
         content-type: application/json\n\
         {\"order_id\":\"3fjrczz2w69m0v8b80sx7wjs7z\",\"amount\":250000,\
         \"pay_token\":\"v1k3d0ex4mpl3p4ytok3n7f2a\"}"
    );
}

#[test]
fn orange_s_sandbox_has_a_path_and_a_currency_of_its_own() {
    let dev = OrangeWeb::new(OrangeWebConfig { environment: "dev".into(), ..config() }).unwrap();
    let request = sent(&dev, &Operation::Collect(collect())).unwrap();
    assert!(request.contains("/orange-money-webpay/dev/v1/webpayment"), "{request}");
    assert!(request.contains("\"currency\":\"OUV\"") && request.contains("\"amount\":250000"), "{request}");
}

#[test]
fn the_order_fits_whatever_the_reference_is() {
    for bits in [0, 1, u128::MAX, 7 << 100] {
        let order = crate::orange::web::requests::order_id(Reference::from_uuid(uuid::Uuid::from_u128(bits)));
        assert_eq!(order.len(), 26);
        assert_eq!(order.parse::<Reference>().unwrap().uuid().as_u128(), bits);
    }
}

#[test]
fn only_whole_units_can_be_asked_for() {
    let sierra_leone = OrangeWebConfig {
        environment: "sl".into(),
        currency: Currency::parse("SLE").unwrap(),
        limits: Limits::default(),
        ..config()
    };
    let orange = OrangeWeb::new(sierra_leone).unwrap();
    let of = |minor| {
        let amount = Money::new(minor, Currency::parse("SLE").unwrap());
        sent(&orange, &Operation::Collect(Collect { amount, ..collect() }))
    };
    assert!(
        of(12_300)
            .unwrap()
            .contains("\"currency\":\"SLE\",\"order_id\":\"3fjrczz2w69m0v8b80sx7wjs7z\",\"amount\":123,")
    );
    for minor in [12_345, 1, 99] {
        assert!(of(minor).is_err(), "{minor}");
    }
}

#[test]
fn addresses_beyond_120_characters_are_refused_before_anything_leaves() {
    let long = |length: usize| format!("https://pay.example/{}", "x".repeat(length - 20));
    let of = |collect| sent(&orange(), &Operation::Collect(collect));
    assert!(of(Collect { callback_url: Some(long(120)), ..collect() }).is_ok());
    for refused in [
        Collect { success_url: long(121), ..collect() },
        Collect { failure_url: long(121), ..collect() },
        Collect { callback_url: Some(long(121)), ..collect() },
        Collect { callback_url: None, ..collect() },
    ] {
        assert!(of(refused).is_err());
    }
}

#[test]
fn a_payment_without_token_cannot_be_asked_about() {
    for provider_ref in [None, Some(ProviderRef(String::new())), Some(ProviderRef("a b".into()))] {
        let operation = Operation::Inquire(Inquire { provider_ref, ..inquire() });
        assert!(sent(&orange(), &operation).is_err());
    }
    let other = Inquire { kind: MovementKind::Refund, ..inquire() };
    assert!(sent(&orange(), &Operation::Inquire(other)).is_err());
}

#[test]
fn what_web_payment_cannot_do_is_declared() {
    let orange = orange();
    let capabilities = orange.capabilities();
    assert_eq!(capabilities.operations, [OperationKind::Collect, OperationKind::Inquire]);
    assert_eq!(capabilities.refunds, Refunds::None);
    assert!(capabilities.hosted.needs_its_name && capabilities.unseen_collection_expires);
    assert!(!capabilities.idempotent_on_reference.collect && !capabilities.callbacks.signed);
    let reference = reference();
    let closing = Operation::Cancel(Cancel { reference, provider_ref: ProviderRef(PAY_TOKEN.to_owned()) });
    let page = Operation::Transactions(Page { date: "2026-11-20".parse().unwrap(), cursor: None });
    for operation in [closing, page, Operation::Balance] {
        assert!(capabilities.check(&operation).is_err());
        assert!(sent(&orange, &operation).is_err());
    }
    let allowed = |minor| {
        let operation = Operation::Collect(Collect { amount: gnf(minor), ..collect() });
        capabilities.check(&operation).is_ok()
    };
    assert_eq!([999, 1_000, 30_000_000, 30_000_001].map(allowed), [false, true, true, false]);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    use OrangeWebConfigError::{BaseUrl, Credentials, Environment, Label};
    let refusal = |config: OrangeWebConfig| OrangeWeb::new(config).err();
    assert_eq!(refusal(OrangeWebConfig { base_url: "orange.test".into(), ..config() }), Some(BaseUrl));
    for environment in ["", "GN", "gin", "g/", "..", "production"] {
        let config = OrangeWebConfig { environment: environment.into(), ..config() };
        assert_eq!(refusal(config), Some(Environment), "{environment}");
    }
    assert_eq!(refusal(OrangeWebConfig { client_id: "".into(), ..config() }), Some(Credentials));
    assert_eq!(refusal(OrangeWebConfig { client_secret: "".into(), ..config() }), Some(Credentials));
    assert_eq!(refusal(OrangeWebConfig { merchant_key: "".into(), ..config() }), Some(Credentials));
    assert_eq!(refusal(OrangeWebConfig { label: "".into(), ..config() }), Some(Label));
    assert_eq!(refusal(OrangeWebConfig { label: "é".repeat(31), ..config() }), Some(Label));
    assert_eq!(refusal(OrangeWebConfig { label: "é".repeat(30), ..config() }), None);
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let now = "2026-11-20T10:05:00Z".parse().unwrap();
    let request = orange().request(&Operation::Collect(collect()), &grants(), now).unwrap();
    let shown = format!("{request:?} {:?} {:?}", request.headers, config());
    for secret in [MERCHANT_KEY, "s3cret", "t0k"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
