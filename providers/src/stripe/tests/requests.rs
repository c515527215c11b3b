//! What leaves, byte for byte.

use domain::movement::MovementKind::{Collection, Disbursement, Refund, Reversal, Treasury};

use super::*;
use crate::stripe::StripeConfigError;
use crate::{Line, OperationKind, Page, Refunds, Request, Unsupported};

fn sent(operation: &Operation) -> String {
    shown(&stripe().request(operation, &Grants::none(), now()).unwrap())
}

/// Method, URL, key and form, each parameter on a line of its own.
pub(super) fn shown(request: &Request) -> String {
    let query: Vec<String> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let mut text = format!("{} {}{mark}{}", request.method, request.url, query.join("&"));
    for name in ["content-type", "idempotency-key"] {
        if let Some(value) = request.headers.get(name) {
            text.push_str(&format!("\n{name}: {}", value.to_str().unwrap()));
        }
    }
    let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&request.body).unwrap();
    for (key, value) in form {
        text.push_str(&format!("\n{key}={value}"));
    }
    text
}

#[test]
fn a_new_debit_brings_the_account_and_the_consent() {
    assert_eq!(
        sent(&by_debit()),
        "POST https://stripe.test/v1/payment_intents\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff:collect\n\
         allowed_payment_method_types[0]=sepa_debit\n\
         amount=10950\n\
         confirm=true\n\
         currency=eur\n\
         customer=cus_Qa7\n\
         expand[0]=latest_charge\n\
         mandate_data[customer_acceptance][online][ip_address]=192.0.2.7\n\
         mandate_data[customer_acceptance][online][user_agent]=Invented/1.0\n\
         mandate_data[customer_acceptance][type]=online\n\
         metadata[movement_kind]=collection\n\
         metadata[movement_reference]=6f9619ff-8b86-4d01-b42d-00cf4fc964ff\n\
         payment_method_data[billing_details][email]=awa@exemple.test\n\
         payment_method_data[billing_details][name]=Awa Exemple\n\
         payment_method_data[sepa_debit][iban]=DE89370400440532013000\n\
         payment_method_data[type]=sepa_debit\n\
         setup_future_usage=off_session"
    );
}

#[test]
fn a_later_debit_names_its_mandate_and_the_payer_is_away() {
    assert_eq!(
        sent(&Operation::Collect(collect(Rail::SepaDebit, Some(mandate())))),
        "POST https://stripe.test/v1/payment_intents\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff:collect\n\
         allowed_payment_method_types[0]=sepa_debit\n\
         amount=10950\n\
         confirm=true\n\
         currency=eur\n\
         customer=cus_Qa7\n\
         expand[0]=latest_charge\n\
         mandate=mandate_1Sx1\n\
         metadata[movement_kind]=collection\n\
         metadata[movement_reference]=6f9619ff-8b86-4d01-b42d-00cf4fc964ff\n\
         off_session=true\n\
         payment_method=pm_1Sx1"
    );
}

#[test]
fn a_transfer_goes_to_the_customers_own_account() {
    assert_eq!(
        sent(&by_transfer()),
        "POST https://stripe.test/v1/payment_intents\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff:collect\n\
         allowed_payment_method_types[0]=customer_balance\n\
         amount=10950\n\
         confirm=true\n\
         currency=eur\n\
         customer=cus_Qa7\n\
         expand[0]=latest_charge\n\
         metadata[movement_kind]=collection\n\
         metadata[movement_reference]=6f9619ff-8b86-4d01-b42d-00cf4fc964ff\n\
         payment_method_data[type]=customer_balance\n\
         payment_method_options[customer_balance][bank_transfer][eu_bank_transfer][country]=IE\n\
         payment_method_options[customer_balance][bank_transfer][type]=eu_bank_transfer\n\
         payment_method_options[customer_balance][funding_type]=bank_transfer"
    );
}

#[test]
fn what_else_is_posted() {
    assert_eq!(
        sent(&register()),
        "POST https://stripe.test/v1/customers\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: person-7:register\n\
         email=awa@exemple.test\n\
         metadata[customer_key]=person-7\n\
         name=Awa Exemple"
    );
    assert_eq!(
        sent(&refund()),
        "POST https://stripe.test/v1/refunds\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff:refund\n\
         amount=500\n\
         metadata[movement_kind]=refund\n\
         metadata[movement_reference]=6f9619ff-8b86-4d01-b42d-00cf4fc964ff\n\
         payment_intent=pi_3Sx1"
    );
    assert_eq!(
        sent(&sweep()),
        "POST https://stripe.test/v1/payouts\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff:sweep\n\
         amount=50000\n\
         currency=eur\n\
         destination=ba_1Own\n\
         metadata[movement_kind]=treasury\n\
         metadata[movement_reference]=6f9619ff-8b86-4d01-b42d-00cf4fc964ff\n\
         method=standard"
    );
    assert_eq!(
        sent(&cancel()),
        "POST https://stripe.test/v1/payment_intents/pi_3Sx1/cancel\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff:cancel"
    );
    let Operation::Sweep(slow) = sweep() else { unreachable!() };
    assert!(sent(&Operation::Sweep(Sweep { instant: true, ..slow })).ends_with("method=instant"));
}

#[test]
fn questions_are_gets_without_a_key() {
    // 2026-11-20T09:05:00Z, an hour before the first sending.
    let since = "created[gte]=1795165500";
    let page = |cursor: Option<&str>| {
        Operation::Transactions(Page {
            date: "2026-11-19".parse().unwrap(),
            cursor: cursor.map(str::to_owned),
        })
    };
    let line = Operation::Line(Line { source: named("py_3Sx1"), amount: eur(10_950) });
    let lost = format!("/payment_intents?{since}&customer=cus_Qa7&expand[0]=data.latest_charge&limit=100");
    let payouts = format!("/payouts?{since}&limit=100");
    let day = "created[gte]=1795046400&created[lt]=1795132800&expand[0]=data.source&limit=100";
    let (first, later) =
        (format!("/balance_transactions?{day}"), format!("/balance_transactions?{day}&starting_after=txn_1"));
    let table = [
        (ask(Collection, Some(INTENT)), "/payment_intents/pi_3Sx1?expand[0]=latest_charge"),
        (ask(Collection, None), &lost),
        (ask(Refund, Some("re_3Sx1")), "/refunds/re_3Sx1"),
        (ask(Refund, None), "/refunds?limit=100&payment_intent=pi_3Sx1"),
        (ask(Treasury, Some("po_1Sw1")), "/payouts/po_1Sw1"),
        (ask(Treasury, None), &payouts),
        (Operation::Balance, "/balance"),
        (page(None), &first),
        (page(Some("txn_1")), &later),
        (line, "/balance_transactions?limit=100&source=py_3Sx1"),
    ];
    for (operation, path) in table {
        assert_eq!(sent(&operation), format!("GET https://stripe.test/v1{path}"));
    }
}

#[test]
fn every_request_names_key_and_version() {
    for operation in [by_debit(), by_transfer(), refund(), cancel(), sweep(), register(), Operation::Balance]
    {
        let headers = stripe().request(&operation, &Grants::none(), now()).unwrap().headers;
        assert_eq!(headers["authorization"], "Bearer sk_test_invented");
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(
            headers["stripe-version"], "2026-09-30.endive",
            "this adapter is written for that version"
        );
    }
}

#[test]
fn the_same_operation_gives_the_same_bytes_for_ever() {
    for operation in [by_debit(), by_transfer(), refund(), sweep(), register()] {
        let first = stripe().request(&operation, &Grants::none(), now()).unwrap();
        for _ in 0..16 {
            assert_eq!(
                stripe().request(&operation, &Grants::none(), at("2027-01-01T00:00:00Z")).unwrap(),
                first
            );
        }
    }
}

#[test]
fn what_people_typed_is_escaped_and_cut() {
    let name = "A&b=c [x]\r\n é%".to_owned();
    let Operation::Register(asked) = register() else { unreachable!() };
    let odd = Operation::Register(Register { name: Some(name), email: Some("  ".into()), ..asked.clone() });
    let request = stripe().request(&odd, &Grants::none(), now()).unwrap();
    let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&request.body).unwrap();
    let expected = [("metadata[customer_key]", "person-7"), ("name", "A&b=c [x] é%")];
    assert_eq!(form, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let long = Operation::Register(Register { name: Some("é".repeat(300)), ..asked });
    assert!(sent(&long).contains(&"é".repeat(255)) && !sent(&long).contains(&"é".repeat(256)));
}

#[test]
fn ids_and_keys_cannot_leave_their_place() {
    for id in ["", "..", "a/b", "a?b", "a#b", "a b", "a%2fb", "é", "a\r\nb", &"x".repeat(256)] {
        let operations = [
            Operation::Cancel(Cancel { reference: reference(), provider_ref: named(id) }),
            ask(Collection, Some(id)),
            Operation::Collect(Collect { customer: Some(named(id)), ..collect(Rail::SepaTransfer, None) }),
        ];
        for operation in operations {
            assert!(stripe().request(&operation, &Grants::none(), now()).is_err(), "{id:?}");
        }
    }
    for key in ["a b", "a\nb", "é", &"x".repeat(250)] {
        let operation = Operation::Register(Register { key: key.to_owned(), name: None, email: None });
        assert!(stripe().request(&operation, &Grants::none(), now()).is_err(), "{key:?}");
    }
}

#[test]
fn what_lacks_a_part_is_not_sent() {
    let nobody = DebitSource::New {
        iban: IBAN.into(),
        name: " ".to_owned(),
        email: None,
        consent: Consent { ip: "192.0.2.7".parse().unwrap(), user_agent: String::new() },
    };
    let francs = Money::new(100, Currency::XOF);
    let transfer = || collect(Rail::SepaTransfer, None);
    let collections = [
        collect(Rail::SepaDebit, None),
        collect(Rail::SepaDebit, Some(nobody)),
        collect(Rail::SepaTransfer, Some(mandate())),
        collect(Rail::Wave, None),
        Collect { customer: None, ..transfer() },
        Collect { amount: francs, ..transfer() },
    ];
    for collection in collections {
        assert!(
            stripe().request(&Operation::Collect(collection.clone()), &Grants::none(), now()).is_err(),
            "{collection:?}"
        );
    }
    let lost = inquire(Collection, Rail::SepaDebit, None);
    let unasked = [
        Inquire { customer: None, ..lost.clone() },
        Inquire { original: None, ..inquire(Refund, Rail::SepaDebit, None) },
        Inquire { kind: Disbursement, ..lost.clone() },
        Inquire { kind: Reversal, ..lost },
    ];
    for inquire in unasked {
        assert!(stripe().request(&Operation::Inquire(inquire), &Grants::none(), now()).is_err());
    }
    let nowhere = Stripe::new(StripeConfig { bank_account: None, ..config() }).unwrap();
    assert!(nowhere.request(&sweep(), &Grants::none(), now()).is_err());
    assert!(!nowhere.capabilities().supports(OperationKind::Sweep));
}

#[test]
fn secrets_and_accounts_do_not_show_in_debug_output() {
    let request = stripe().request(&by_debit(), &Grants::none(), now()).unwrap();
    let shown = format!("{request:?} {:?} {:?} {:?} {:?}", request.headers, config(), by_debit(), register());
    for secret in ["sk_test_invented", SECRET, OLD_SECRET, IBAN, "Awa", "awa@", "192.0.2.7", "Invented/"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(!format!("{:?} {:?}", new_account(), mandate()).contains("_1Sx1"));
}

#[test]
fn what_stripe_can_do_is_declared() {
    let stripe = stripe();
    let capabilities = stripe.capabilities();
    assert_eq!(capabilities.refunds, Refunds::Partial);
    assert_eq!(capabilities.rails, [Rail::SepaTransfer, Rail::SepaDebit]);
    assert!(capabilities.needs_customer && !capabilities.refund_returns_fee);
    assert!(
        !capabilities.supports(OperationKind::Disburse) && !capabilities.supports(OperationKind::Reverse)
    );
    assert!(capabilities.idempotent_for.unwrap() < Duration::from_secs(24 * 3600));
    let on = |rail| capabilities.check(&Operation::Collect(collect(rail, None)));
    assert_eq!(on(Rail::SepaTransfer), Ok(()));
    assert_eq!(on(Rail::Wave), Err(Unsupported::new("wave is not a rail of this wallet")));
    let stranger = Collect { customer: None, ..collect(Rail::SepaTransfer, None) };
    assert!(capabilities.check(&Operation::Collect(stranger)).is_err());
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    use StripeConfigError::{ApiKey, BankAccount, BaseUrl, EmptySecret, IbanCountry};
    let refusal = |config: StripeConfig| Stripe::new(config).err();
    for base_url in
        ["", "stripe.test", "ftp://stripe.test", "https://stripe.test?x=1", "https://u:p@stripe.test"]
    {
        assert_eq!(
            refusal(StripeConfig { base_url: base_url.into(), ..config() }),
            Some(BaseUrl),
            "{base_url}"
        );
    }
    for api_key in ["", "two words", "line\nbreak"] {
        assert_eq!(refusal(StripeConfig { api_key: api_key.into(), ..config() }), Some(ApiKey));
    }
    assert_eq!(refusal(StripeConfig { webhook_secrets: vec!["".into()], ..config() }), Some(EmptySecret));
    let senegal = StripeConfig { iban_country: Country::SN, ..config() };
    assert_eq!(refusal(senegal), Some(IbanCountry));
    for account in ["", "ba 1", "ba/1"] {
        let config = StripeConfig { bank_account: Some(account.to_owned()), ..config() };
        assert_eq!(refusal(config), Some(BankAccount));
    }
    let prefixed = StripeConfig { base_url: "http://127.0.0.1:9/stripe/".into(), ..config() };
    let request =
        Stripe::new(prefixed).unwrap().request(&Operation::Balance, &Grants::none(), now()).unwrap();
    assert_eq!(request.url, "http://127.0.0.1:9/stripe/v1/balance");
}
