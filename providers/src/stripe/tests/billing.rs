//! Pages for what we bill, over HTTP, against the simulated account.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use sandbox::{Sandbox, SandboxConfig, StripeWebhookConfig};
use serde_json::{Value, json};

use super::checkout::{named_line, order};
use super::*;
use crate::{
    CallSettings, CheckoutAnswer, CheckoutEvent, CheckoutItem, CheckoutMode, CheckoutOrder, CheckoutProgress,
    CheckoutSession, HttpClient, StripeBilling,
};

type Heard = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

struct World {
    sandbox: Sandbox,
    billing: StripeBilling,
    wire: Stripe,
    heard: Heard,
    http: reqwest::Client,
}

impl World {
    /// A simulated account, a client of it, and an endpoint that hears its events.
    async fn new() -> World {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let heard = Heard::default();
        let notes = heard.clone();
        let hear = async move |headers: HeaderMap, body: Bytes| {
            notes.lock().unwrap().push((headers, body.to_vec()));
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(hear)).await });
        let endpoint = StripeWebhookConfig {
            name: "billing".to_owned(),
            url,
            secrets: vec![SECRET.to_owned()],
            events: Vec::new(),
            api_version: None,
        };
        sandbox.put_stripe_webhook(&endpoint).unwrap();
        let config = StripeConfig {
            base_url: format!("{}/stripe", sandbox.url()),
            api_key: "sk_test_sandbox_moneybridge".into(),
            ..config()
        };
        let client = HttpClient::new(Duration::from_secs(5)).unwrap();
        let billing = StripeBilling::new(config.clone(), client, CallSettings::default()).unwrap();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.build().unwrap();
        World { sandbox, billing, wire: Stripe::new(config).unwrap(), heard, http }
    }

    async fn made(&self, order: &CheckoutOrder) -> CheckoutSession {
        match self.billing.create(order).await {
            Ok(CheckoutAnswer::Made(session)) => session,
            other => panic!("{other:?}"),
        }
    }

    async fn progress(&self, session: &CheckoutSession) -> CheckoutProgress {
        self.billing.session(&session.id).await.unwrap().progress()
    }

    /// A person fills in the page; afterwards they are elsewhere.
    async fn agrees(&self, session: &CheckoutSession) {
        let url = session.url.as_ref().unwrap();
        let page = self.http.get(url).send().await.unwrap();
        assert_eq!(page.status(), 200, "the page is there");
        let form = [("iban", IBAN), ("name", "Awa Exemple"), ("email", "awa@exemple.test")];
        let left = self.http.post(format!("{url}/pay")).form(&form).send().await.unwrap();
        let back = format!("https://shop.example/ok?s={}", session.id);
        assert_eq!(left.headers()["location"], back);
    }

    async fn control(&self, path: &str, wish: Value) {
        let url = format!("{}/_control/stripe/{path}", self.sandbox.url());
        let answer = self.http.post(url).json(&wish).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    fn pass(&self, days: u64) {
        self.sandbox.clock().advance(Duration::from_secs(days * 86_400));
    }

    /// The first such event: as its signature proves it, and as nothing to any movement.
    async fn told(&self, progress: CheckoutProgress) -> CheckoutEvent {
        for _ in 0..2_000 {
            let heard = self.heard.lock().unwrap().clone();
            for (headers, body) in heard {
                let now = self.sandbox.clock().now();
                let Ok(verified) = self.wire.verify(&headers, &body, now) else { continue };
                let callback = self.wire.translate(&body, verified.trust).unwrap();
                assert!(callback.outcome.is_none() && callback.reference.is_none(), "{callback:?}");
                let event = self.billing.event(&body, verified.trust).unwrap();
                if let Some(event) = event.filter(|event| event.progress == progress) {
                    return event;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nobody told that a session is {progress:?}");
    }
}

fn bill() -> CheckoutOrder {
    order(CheckoutMode::Payment, vec![named_line(1500, 2)])
}

#[tokio::test]
async fn a_page_is_paid_days_after_it_was_completed() {
    let world = World::new().await;
    let session = world.made(&bill()).await;
    assert_eq!(session.progress(), CheckoutProgress::Open);
    world.agrees(&session).await;
    let event = world.told(CheckoutProgress::Processing).await;
    assert_eq!((&event.session.id, event.session.key.as_deref()), (&session.id, Some("bill-7")));
    assert_eq!(world.progress(&session).await, CheckoutProgress::Processing);
    world.pass(14);
    assert_eq!(world.told(CheckoutProgress::Paid).await.session.id, session.id);
    let paid = world.billing.session(&session.id).await.unwrap();
    assert_eq!(paid.progress(), CheckoutProgress::Paid);
    assert!(paid.payment_intent.is_some() && paid.url.is_none());
}

#[tokio::test]
async fn a_debit_that_fails_is_told_and_found() {
    let world = World::new().await;
    let session = world.made(&bill()).await;
    let wish = json!({"reference": session.id.as_str(), "outcome": "decline", "code": "insufficient_funds"});
    world.control("pay", wish).await;
    assert_eq!(world.told(CheckoutProgress::Failed).await.session.id, session.id);
    assert_eq!(world.progress(&session).await, CheckoutProgress::Failed, "also where the event was lost");
}

#[tokio::test]
async fn a_page_that_nobody_fills_in_expires() {
    let world = World::new().await;
    let expires_at = world.sandbox.clock().now() + chrono::TimeDelta::hours(1);
    let session = world.made(&CheckoutOrder { expires_at: Some(expires_at), ..bill() }).await;
    assert_eq!(session.expires_at.map(|at| at.timestamp()), Some(expires_at.timestamp()));
    world.pass(1);
    assert_eq!(world.told(CheckoutProgress::Expired).await.session.id, session.id);
    assert_eq!(world.progress(&session).await, CheckoutProgress::Expired);
    let too_soon = CheckoutOrder { key: "bill-8".to_owned(), expires_at: Some(expires_at), ..bill() };
    let refused = world.billing.create(&too_soon).await.unwrap();
    assert!(matches!(refused, CheckoutAnswer::Declined { .. }), "{refused:?}");
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_makes_one_page() {
    let world = World::new().await;
    world.control("faults", json!({"fault": "lose_reply", "match": "checkout/sessions"})).await;
    let lost = world.billing.create(&bill()).await.unwrap_err();
    assert!(matches!(lost, ProviderError::Uncertain { .. }), "{lost}");
    let session = world.made(&bill()).await;
    assert_eq!(world.made(&bill()).await, session);
    let list = format!("{}/stripe/v1/checkout/sessions", world.sandbox.url());
    let list = world.http.get(list).bearer_auth("sk_test_sandbox_moneybridge").send().await.unwrap();
    let list: Value = serde_json::from_str(&list.text().await.unwrap()).unwrap();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let other = CheckoutOrder { lines: vec![named_line(1500, 3)], ..bill() };
    assert!(world.billing.create(&other).await.is_err(), "a key is one order's for ever");
}

#[tokio::test]
async fn an_account_is_kept_for_later_without_money() {
    let world = World::new().await;
    let session = world.made(&order(CheckoutMode::Setup, vec![])).await;
    assert_eq!(session.progress(), CheckoutProgress::Open);
    world.agrees(&session).await;
    let event = world.told(CheckoutProgress::NothingToPay).await;
    assert!(event.session.setup_intent.is_some() && event.session.payment_intent.is_none());
}

#[tokio::test]
async fn refusals_and_strangers_are_told_apart() {
    let world = World::new().await;
    let mut order = bill();
    order.lines[0].item = CheckoutItem::Price(named("price_nobody_made"));
    match world.billing.create(&order).await.unwrap() {
        CheckoutAnswer::Declined { code, .. } => assert_eq!(code, "resource_missing"),
        other => panic!("{other:?}"),
    }
    let stranger = world.billing.session(&named("cs_test_nobody")).await.unwrap_err();
    assert!(matches!(stranger, ProviderError::Misconfigured { .. }), "{stranger}");
    world.control("faults", json!({"fault": "error_before", "status": 429})).await;
    let busy = world.billing.create(&CheckoutOrder { key: "bill-9".to_owned(), ..bill() }).await.unwrap_err();
    assert!(matches!(busy, ProviderError::RateLimited { .. }), "{busy}");
}
