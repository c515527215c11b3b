//! What leaves, byte for byte.

use domain::Currency;
use domain::movement::MovementKind;
use secrecy::SecretString;

use super::*;
use crate::{OperationKind, Page, Refunds, Request, Unsupported};

fn sent(operation: &Operation) -> String {
    shown(&wave().request(operation, &Grants::none(), now()).unwrap())
}

fn shown(request: &Request) -> String {
    let query: Vec<String> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let mut text = format!("{} {}{mark}{}", request.method, request.url, query.join("&"));
    let mut headers: Vec<_> = request.headers.iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        text.push_str(&format!("\n{name}: {}", value.to_str().unwrap()));
    }
    if !request.body.is_empty() {
        text.push_str(&format!("\n{}", std::str::from_utf8(&request.body).unwrap()));
    }
    text
}

#[test]
fn a_collection_is_a_checkout_session() {
    assert_eq!(
        sent(&Operation::Collect(collect())),
        "POST https://wave.test/v1/checkout/sessions\n\
         authorization: Bearer wave_sn_prod_key\n\
         content-type: application/json\n\
         {\"amount\":\"12500\",\"currency\":\"XOF\",\"success_url\":\"https://shop.example/ok\",\
         \"error_url\":\"https://shop.example/ko\",\
         \"client_reference\":\"6f9619ff-8b86-4d01-b42d-00cf4fc964ff\"}"
    );
}

#[test]
fn a_payout_carries_its_reference_as_idempotency_key() {
    assert_eq!(
        sent(&Operation::Disburse(disburse())),
        "POST https://wave.test/v1/payout\n\
         authorization: Bearer wave_sn_prod_key\n\
         content-type: application/json\n\
         idempotency-key: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff\n\
         {\"currency\":\"XOF\",\"receive_amount\":\"15000\",\"mobile\":\"+221770003344\",\
         \"name\":\"Awa Exemple\",\"client_reference\":\"6f9619ff-8b86-4d01-b42d-00cf4fc964ff\",\
         \"payment_reason\":\"Reglement 42\"}"
    );
}

#[test]
fn everything_else_has_no_body() {
    use MovementKind::{Collection, Disbursement, Refund, Reversal};
    let day = |cursor: Option<&str>| {
        Operation::Transactions(Page {
            date: "2026-11-19".parse().unwrap(),
            cursor: cursor.map(str::to_owned),
        })
    };
    let table = [
        (refund(), "POST /v1/checkout/sessions/cos-2f7k1m9xq100b/refund"),
        (reverse(), "POST /v1/payout/pt-3h8r2c5ne1004/reverse"),
        (cancel(), "POST /v1/checkout/sessions/cos-2f7k1m9xq100b/expire"),
        (ask_about(Collection, session_ref()), "GET /v1/checkout/sessions/cos-2f7k1m9xq100b"),
        (
            ask_about(Collection, ProviderRef("T_7QK2M4ZX9A".into())),
            "GET /v1/checkout/sessions?transaction_id=T_7QK2M4ZX9A",
        ),
        (
            ask(Collection),
            "GET /v1/checkout/sessions/search?client_reference=6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        ),
        (ask_about(Disbursement, payout_ref()), "GET /v1/payout/pt-3h8r2c5ne1004"),
        (ask(Disbursement), "GET /v1/payouts/search?client_reference=6f9619ff-8b86-4d01-b42d-00cf4fc964ff"),
        (ask(Refund), "GET /v1/transactions?date=2026-11-20"),
        (ask(Reversal), "GET /v1/payout/pt-3h8r2c5ne1004"),
        (Operation::Balance, "GET /v1/balance"),
        (day(None), "GET /v1/transactions?date=2026-11-19"),
        (day(Some("c2")), "GET /v1/transactions?date=2026-11-19&after=c2"),
    ];
    for (operation, line) in table {
        let expected = format!(
            "{}\nauthorization: Bearer wave_sn_prod_key",
            line.replacen(" /", " https://wave.test/", 1)
        );
        assert_eq!(sent(&operation), expected);
    }
}

#[test]
fn the_same_operation_gives_the_same_bytes_at_any_time() {
    let operation = Operation::Disburse(disburse());
    let first = wave().request(&operation, &Grants::none(), now()).unwrap();
    let later = wave().request(&operation, &Grants::none(), at("2027-01-01T00:00:00Z")).unwrap();
    assert_eq!(first, later);
}

#[test]
fn amounts_are_strings_with_the_decimals_of_their_currency() {
    for (money, written) in [
        (xof(5), "\"amount\":\"5\",\"currency\":\"XOF\""),
        (Money::new(5, Currency::GMD), "\"amount\":\"0.05\",\"currency\":\"GMD\""),
        (Money::new(123_450, Currency::GMD), "\"amount\":\"1234.50\",\"currency\":\"GMD\""),
        (Money::new(40_000, Currency::UGX), "\"amount\":\"40000\",\"currency\":\"UGX\""),
    ] {
        let request = sent(&Operation::Collect(Collect { amount: money, ..collect() }));
        assert!(request.contains(written), "{request}");
    }
}

#[test]
fn names_and_reasons_are_cut_to_what_wave_takes_by_characters() {
    let long = Disburse { name: Some("é".repeat(300)), reason: Some("à".repeat(41)), ..disburse() };
    let request = sent(&Operation::Disburse(long));
    assert!(request.contains(&format!("\"name\":\"{}\"", "é".repeat(255))));
    assert!(request.contains(&format!("\"payment_reason\":\"{}\"", "à".repeat(40))));
    let blank = Disburse { name: Some("  ".into()), reason: None, ..disburse() };
    let request = sent(&Operation::Disburse(blank));
    assert!(!request.contains("name") && !request.contains("payment_reason"), "{request}");
}

#[test]
fn ids_cannot_leave_their_segment_of_the_path() {
    let expire = |id: &str| {
        let operation =
            Operation::Cancel(Cancel { reference: reference(), provider_ref: ProviderRef(id.into()) });
        wave().request(&operation, &Grants::none(), now()).map(|request| request.url)
    };
    assert_eq!(
        expire("a/../b?c#d%2e").unwrap(),
        "https://wave.test/v1/checkout/sessions/a%2F%2E%2E%2Fb%3Fc%23d%252e/expire"
    );
    for id in ["", "..", "a b", "a\r\nb", "é", &"x".repeat(65)] {
        assert!(expire(id).is_err(), "{id:?}");
    }
}

#[test]
fn a_refund_or_reversal_without_its_original_cannot_be_asked_for() {
    for kind in [MovementKind::Refund, MovementKind::Reversal, MovementKind::Treasury] {
        let operation = Operation::Inquire(Inquire { original: None, ..inquire(kind) });
        assert!(wave().request(&operation, &Grants::none(), now()).is_err());
    }
}

#[test]
fn requests_are_signed_over_the_bytes_that_travel_when_the_key_demands_it() {
    let signing: Option<SecretString> = Some(AKS.into());
    let wave = Wave::new(WaveConfig { signing_secret: signing, ..config() }).unwrap();
    let request = wave.request(&Operation::Collect(collect()), &Grants::none(), now()).unwrap();
    let header = request.headers["wave-signature"].to_str().unwrap();
    // Computed with Python's hmac over b"1795169100" + the body of the snapshot above.
    assert_eq!(header, "t=1795169100,v1=88105468f2323d4f5d8d3df73afca6a4f6c8162b1ab06725d73edae030162ee3");
    let balance = wave.request(&Operation::Balance, &Grants::none(), now()).unwrap();
    assert_eq!(
        balance.headers["wave-signature"].to_str().unwrap(),
        "t=1795169100,v1=1fc1a035ce81d45aeb9d3904f5084a5137b540967b2e93b69695463b949b66fa"
    );
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let request = wave().request(&Operation::Disburse(disburse()), &Grants::none(), now()).unwrap();
    let shown =
        format!("{request:?} {:?} {:?} {:?}", request.headers, config(), Operation::Disburse(disburse()));
    for secret in ["wave_sn_prod_key", WHS, OLD_WHS, SHARED, "Awa", "770003344"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn what_wave_cannot_do_is_declared() {
    let wave = wave();
    let capabilities = wave.capabilities();
    assert_eq!(capabilities.refunds, Refunds::Full);
    assert!(!capabilities.idempotent_on_reference.collect);
    assert!(capabilities.idempotent_on_reference.disburse);
    assert!(!capabilities.callbacks.disbursements && !capabilities.callbacks.refunds);
    assert!(capabilities.supports(OperationKind::Reverse));
    let Operation::Refund(whole) = refund() else { unreachable!() };
    let part = Operation::Refund(Refund { whole: false, ..whole });
    assert_eq!(capabilities.check(&part), Err(Unsupported::new("only a whole collection can be refunded")));
    let euros = Collect { amount: Money::new(100, Currency::EUR), ..collect() };
    let nothing = Collect { amount: xof(0), ..collect() };
    for refused in [euros, nothing] {
        assert!(capabilities.check(&Operation::Collect(refused)).is_err());
    }
}

#[test]
fn limits_of_the_operator_bind_collections_and_disbursements() {
    let wave = Wave::new(WaveConfig { min: Some(xof(100)), max: Some(xof(1_000)), ..config() }).unwrap();
    let allowed = |minor| {
        let operation = Operation::Disburse(Disburse { amount: xof(minor), ..disburse() });
        wave.capabilities().check(&operation).is_ok()
    };
    assert_eq!([99, 100, 1_000, 1_001].map(allowed), [false, true, true, false]);
    assert!(wave.capabilities().check(&ask(MovementKind::Disbursement)).is_ok());
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    use crate::wave::WaveConfigError::{ApiKey, BaseUrl, EmptySecret};
    let refusal = |config: WaveConfig| Wave::new(config).err();
    for base_url in
        ["", "wave.test", "ftp://wave.test", "https://wave.test?x=1", "https://u:p@wave.test", "https:///v1"]
    {
        assert_eq!(
            refusal(WaveConfig { base_url: base_url.into(), ..config() }),
            Some(BaseUrl),
            "{base_url}"
        );
    }
    for api_key in ["", "two words", "line\nbreak"] {
        assert_eq!(refusal(WaveConfig { api_key: api_key.into(), ..config() }), Some(ApiKey));
    }
    let webhook = WebhookAuth { signing: vec!["".into()], shared: vec![] };
    assert_eq!(refusal(WaveConfig { webhook, ..config() }), Some(EmptySecret));
    assert_eq!(refusal(WaveConfig { signing_secret: Some("".into()), ..config() }), Some(EmptySecret));
    let prefixed = WaveConfig { base_url: "http://127.0.0.1:9/wave/".into(), ..config() };
    let request = Wave::new(prefixed).unwrap().request(&Operation::Balance, &Grants::none(), now()).unwrap();
    assert_eq!(request.url, "http://127.0.0.1:9/wave/v1/balance");
}
