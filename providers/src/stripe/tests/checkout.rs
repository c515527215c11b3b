//! Pages for what we bill: what leaves, and what is believed of what comes.

use std::num::NonZeroU32;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::requests::shown;
use super::*;
use crate::stripe::{checkout, session};
use crate::{
    CheckoutEvent, CheckoutItem, CheckoutLine, CheckoutMode, CheckoutOrder, CheckoutPayer, CheckoutProgress,
    CheckoutSession, Request, Trust, Unsupported,
};

pub(super) fn named_line(minor: i64, quantity: u32) -> CheckoutLine {
    let item = CheckoutItem::Named { name: "Standard plan".to_owned(), each: eur(minor) };
    CheckoutLine { item, quantity: NonZeroU32::new(quantity).unwrap() }
}

fn kept_line() -> CheckoutLine {
    CheckoutLine { item: CheckoutItem::Price(named("price_1Sx1")), quantity: NonZeroU32::MIN }
}

pub(super) fn order(mode: CheckoutMode, lines: Vec<CheckoutLine>) -> CheckoutOrder {
    CheckoutOrder {
        key: "bill-7".to_owned(),
        payer: CheckoutPayer::Email("awa@exemple.test".to_owned()),
        mode,
        lines,
        success_url: "https://shop.example/ok?s={CHECKOUT_SESSION_ID}".to_owned(),
        cancel_url: None,
        expires_at: None,
        client_reference: Some("merchant-7".to_owned()),
        metadata: [("bill".to_owned(), "7".to_owned())].into(),
    }
}

fn asked(order: &CheckoutOrder) -> Result<Request, Unsupported> {
    checkout::create(&config().check().unwrap(), order)
}

#[test]
fn a_payment_names_its_lines() {
    let mut order = order(CheckoutMode::Payment, vec![named_line(1500, 2), named_line(99, 1)]);
    order.cancel_url = Some("https://shop.example/ko".to_owned());
    order.expires_at = Some(at("2026-11-20T11:05:00Z"));
    let request = asked(&order).unwrap();
    assert_eq!(
        shown(&request),
        "POST https://stripe.test/v1/checkout/sessions\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: bill-7:checkout\n\
         allowed_payment_method_types[0]=sepa_debit\n\
         cancel_url=https://shop.example/ko\n\
         client_reference_id=merchant-7\n\
         customer_email=awa@exemple.test\n\
         expires_at=1795172700\n\
         line_items[0][price_data][currency]=eur\n\
         line_items[0][price_data][product_data][name]=Standard plan\n\
         line_items[0][price_data][unit_amount]=1500\n\
         line_items[0][quantity]=2\n\
         line_items[1][price_data][currency]=eur\n\
         line_items[1][price_data][product_data][name]=Standard plan\n\
         line_items[1][price_data][unit_amount]=99\n\
         line_items[1][quantity]=1\n\
         metadata[bill]=7\n\
         metadata[checkout_key]=bill-7\n\
         mode=payment\n\
         payment_intent_data[metadata][bill]=7\n\
         payment_intent_data[metadata][checkout_key]=bill-7\n\
         success_url=https://shop.example/ok?s={CHECKOUT_SESSION_ID}"
    );
    for _ in 0..16 {
        assert_eq!(asked(&order).unwrap(), request, "the same order gives the same bytes");
    }
}

#[test]
fn a_plan_names_a_kept_price_and_an_account_none() {
    let mut plan = order(CheckoutMode::Subscription, vec![kept_line()]);
    plan.payer = CheckoutPayer::Customer(named("cus_Qa7"));
    assert_eq!(
        shown(&asked(&plan).unwrap()),
        "POST https://stripe.test/v1/checkout/sessions\n\
         content-type: application/x-www-form-urlencoded\n\
         idempotency-key: bill-7:checkout\n\
         allowed_payment_method_types[0]=sepa_debit\n\
         client_reference_id=merchant-7\n\
         customer=cus_Qa7\n\
         line_items[0][price]=price_1Sx1\n\
         line_items[0][quantity]=1\n\
         metadata[bill]=7\n\
         metadata[checkout_key]=bill-7\n\
         mode=subscription\n\
         subscription_data[metadata][bill]=7\n\
         subscription_data[metadata][checkout_key]=bill-7\n\
         success_url=https://shop.example/ok?s={CHECKOUT_SESSION_ID}"
    );
    let account = shown(&asked(&order(CheckoutMode::Setup, vec![])).unwrap());
    for line in ["mode=setup", "currency=eur", "setup_intent_data[metadata][checkout_key]=bill-7"] {
        assert!(account.lines().any(|given| given == line), "{account}");
    }
    assert!(!account.contains("line_items"));
    let id = named("cs_test_1");
    let asked = checkout::retrieve(&config().check().unwrap(), &id).unwrap();
    let expected = "GET https://stripe.test/v1/checkout/sessions/cs_test_1?expand[0]=payment_intent";
    assert_eq!(shown(&asked), expected);
    assert!(checkout::retrieve(&config().check().unwrap(), &named("../balance")).is_err());
}

/// One way to spoil an order.
type Spoil = fn(&mut CheckoutOrder);

#[test]
fn what_cannot_be_asked_is_not_sent() {
    let spoils: [(&str, Spoil); 14] = [
        ("no line", |order| order.lines.clear()),
        ("lines for an account", |order| order.mode = CheckoutMode::Setup),
        ("a plan without a kept price", |order| order.mode = CheckoutMode::Subscription),
        ("too many lines", |order| order.lines = vec![named_line(1, 1); 21]),
        ("more than an amount holds", |order| order.lines = vec![named_line(i64::MAX, 2)]),
        ("nothing to pay", |order| order.lines = vec![named_line(0, 1)]),
        ("less than nothing", |order| order.lines = vec![named_line(-5, 1)]),
        ("other money", |order| {
            let each = Money::new(500, Currency::parse("XOF").unwrap());
            order.lines[0].item = CheckoutItem::Named { name: "Plan".to_owned(), each };
        }),
        ("a line without a name", |order| {
            order.lines[0].item = CheckoutItem::Named { name: " \n".to_owned(), each: eur(1) };
        }),
        ("a price that is a path", |order| order.lines[0].item = CheckoutItem::Price(named("a/b"))),
        ("a movement's reference", |order| {
            order.metadata.insert("movement_reference".to_owned(), REFERENCE.to_owned());
        }),
        ("a long reference", |order| order.client_reference = Some("x".repeat(201))),
        ("no way back", |order| order.success_url = "javascript:alert(1)".to_owned()),
        ("a key that no header carries", |order| order.key = "a b".to_owned()),
    ];
    assert!(asked(&order(CheckoutMode::Payment, vec![named_line(100, 1)])).is_ok());
    for (what, spoil) in spoils {
        let mut order = order(CheckoutMode::Payment, vec![named_line(100, 1)]);
        spoil(&mut order);
        assert!(asked(&order).is_err(), "{what}");
    }
}

#[test]
fn an_order_shows_no_address() {
    let order = order(CheckoutMode::Payment, vec![named_line(100, 1)]);
    assert!(!format!("{order:?}").contains("exemple.test"));
}

fn object(status: &str, payment_status: &str) -> Value {
    json!({
        "id": "cs_test_1", "object": "checkout.session", "amount_total": 3000, "currency": "eur",
        "client_reference_id": "merchant-7", "expires_at": 1_795_255_500, "livemode": false, "mode": "payment",
        "metadata": {"bill": "7", "checkout_key": "bill-7"}, "payment_intent": null, "setup_intent": null,
        "payment_status": payment_status, "status": status, "subscription": null,
        "url": "https://checkout.stripe.test/c/pay/cs_test_1",
    })
}

fn made(object: &Value) -> Result<CheckoutSession, ProviderError> {
    let order = order(CheckoutMode::Payment, vec![named_line(1500, 2)]);
    session::made(&response(200, object.to_string().as_bytes()), &order)
}

#[test]
fn an_answer_is_read_where_it_is_about_the_order() {
    let session = made(&object("open", "unpaid")).unwrap();
    assert_eq!(session.id, named("cs_test_1"));
    assert_eq!(session.url.as_deref(), Some("https://checkout.stripe.test/c/pay/cs_test_1"));
    assert_eq!(session.expires_at, Some(at("2026-11-21T10:05:00Z")));
    assert_eq!(session.client_reference.as_deref(), Some("merchant-7"));
    assert_eq!(session.progress(), CheckoutProgress::Open);
    for (pointer, value) in [
        ("/metadata/checkout_key", json!("bill-8")),
        ("/metadata", Value::Null),
        ("/amount_total", json!(30_000)),
        ("/amount_total", Value::Null),
        ("/currency", json!("usd")),
        ("/object", json!("payment_intent")),
        ("/id", json!("../balance")),
    ] {
        let mut object = object("open", "unpaid");
        *object.pointer_mut(pointer).unwrap() = value;
        let error = made(&object).unwrap_err();
        assert!(matches!(error, ProviderError::Uncertain { .. }), "{pointer}: {error}");
    }
    let other =
        session::asked(&response(200, object("open", "unpaid").to_string().as_bytes()), &named("cs_2"));
    assert!(other.is_err(), "another session is no answer");
}

/// How a session stands, by its two words and by the status of its payment.
fn stands(status: &str, payment_status: &str, intent: Option<&str>) -> CheckoutProgress {
    let mut object = object(status, payment_status);
    if let Some(intent) = intent {
        object["payment_intent"] = json!({"id": "pi_1", "object": "payment_intent", "status": intent});
    }
    let answer = response(200, object.to_string().as_bytes());
    session::asked(&answer, &named("cs_test_1")).unwrap().progress()
}

#[test]
fn a_completed_page_is_paid_only_where_it_says_so() {
    use CheckoutProgress::{Expired, Failed, NothingToPay, Open, Paid, Processing, Unknown};
    for (status, payment_status, intent, expected) in [
        ("open", "unpaid", None, Open),
        ("open", "unpaid", Some("requires_payment_method"), Open),
        ("complete", "unpaid", None, Processing),
        ("complete", "unpaid", Some("processing"), Processing),
        ("complete", "unpaid", Some("a_new_word"), Processing),
        ("complete", "unpaid", Some("requires_payment_method"), Failed),
        ("complete", "unpaid", Some("canceled"), Failed),
        ("complete", "paid", Some("succeeded"), Paid),
        ("complete", "no_payment_required", None, NothingToPay),
        ("expired", "unpaid", None, Expired),
        ("expired", "no_payment_required", None, Expired),
        ("expired", "paid", None, Unknown),
        ("open", "paid", None, Unknown),
        ("finished", "paid", None, Unknown),
        ("complete", "settled", None, Unknown),
        ("complete", "", None, Unknown),
    ] {
        assert_eq!(stands(status, payment_status, intent), expected, "{status} {payment_status} {intent:?}");
    }
}

fn event_body(name: &str, object: &Value) -> Vec<u8> {
    json!({
        "id": "evt_1", "object": "event", "api_version": "2026-09-30.endive", "created": 1_795_169_100,
        "data": {"object": object}, "livemode": false, "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null}, "type": format!("checkout.session.{name}"),
    })
    .to_string()
    .into_bytes()
}

fn told(name: &str, object: &Value) -> Option<CheckoutEvent> {
    session::event(&event_body(name, object), Trust::Proven).unwrap()
}

#[test]
fn an_event_proves_what_its_session_agrees_with() {
    use CheckoutProgress::{Expired, Failed, NothingToPay, Paid, Processing, Unknown};
    for (name, status, payment_status, expected) in [
        ("completed", "complete", "unpaid", Processing),
        ("completed", "complete", "paid", Paid),
        ("completed", "complete", "no_payment_required", NothingToPay),
        ("completed", "open", "unpaid", Unknown),
        ("completed", "complete", "settled", Unknown),
        ("async_payment_succeeded", "complete", "paid", Paid),
        ("async_payment_succeeded", "complete", "unpaid", Unknown),
        ("async_payment_failed", "complete", "unpaid", Failed),
        ("async_payment_failed", "complete", "paid", Unknown),
        ("expired", "expired", "unpaid", Expired),
        ("expired", "complete", "paid", Unknown),
        ("a_new_word", "complete", "paid", Unknown),
    ] {
        let event = told(name, &object(status, payment_status)).unwrap();
        assert_eq!(event.progress, expected, "{name} {status} {payment_status}");
        assert_eq!((event.id.as_str(), event.at), ("evt_1", Some(at("2026-11-20T10:05:00Z"))));
    }
}

#[test]
fn hints_and_what_is_not_ours_prove_nothing() {
    let paid = object("complete", "paid");
    let body = event_body("async_payment_succeeded", &paid);
    assert_eq!(session::event(&body, Trust::Hint), Ok(None));
    let mut stranger = paid.clone();
    stranger["metadata"] = json!({});
    assert_eq!(told("async_payment_succeeded", &stranger), None);
    let mut connected: Value = serde_json::from_slice(&body).unwrap();
    connected["account"] = json!("acct_other");
    assert_eq!(session::event(connected.to_string().as_bytes(), Trust::Proven), Ok(None));
    let mut other: Value = serde_json::from_slice(&body).unwrap();
    other["type"] = json!("payment_intent.succeeded");
    assert_eq!(session::event(other.to_string().as_bytes(), Trust::Proven), Ok(None));
    assert!(session::event(&event_body("completed", &json!({"id": "cs_1"})), Trust::Proven).is_err());
    assert!(session::event(b"{}", Trust::Proven).is_err());
}

#[test]
fn the_callbacks_of_movements_do_not_notice() {
    let mut object = object("complete", "paid");
    object["payment_intent"] = json!(INTENT);
    for name in ["completed", "async_payment_succeeded", "async_payment_failed", "expired"] {
        let callback = stripe().translate(&event_body(name, &object), Trust::Proven).unwrap();
        let untouched = callback.reference.is_none() && callback.provider_ref.is_none();
        assert!(untouched && callback.outcome.is_none() && callback.news.is_none(), "{callback:?}");
    }
}

proptest! {
    /// Only the one pair of words is paid, whatever the others are.
    #[test]
    fn no_other_words_are_success(status in "[a-z_]{0,12}", payment in "[a-z_]{0,20}", name in "[a-z_]{0,24}") {
        let progress = stands(&status, &payment, None);
        let is_success = matches!(progress, CheckoutProgress::Paid | CheckoutProgress::NothingToPay);
        prop_assert!(!is_success || status == "complete" && matches!(payment.as_str(), "paid" | "no_payment_required"));
        let event = told(&name, &object(&status, &payment)).unwrap();
        let known = matches!(name.as_str(), "completed" | "async_payment_succeeded" | "async_payment_failed" | "expired");
        prop_assert!(known || event.progress == CheckoutProgress::Unknown);
    }

    /// Bytes of anybody's make no session and no event, and no panic.
    #[test]
    fn random_bytes_are_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let order = order(CheckoutMode::Payment, vec![named_line(1500, 2)]);
        prop_assert!(session::made(&response(200, &bytes), &order).is_err());
        prop_assert!(!matches!(session::event(&bytes, Trust::Proven), Ok(Some(_))));
    }
}
