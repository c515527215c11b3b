//! Changing one's number: both ends, once, and money rests.

use reqwest::Method;
use serde_json::{Value, json};
use store::testkit::on_each_database;

use super::gateway::{Answer, TestGateway, Tokens};
use super::{AWA, BINTA, expect, me, other_than, refresh};
use crate::testkit::{self, Ask, ivorian};

const NEW: &str = "+221770009988";

/// Asks to change to `next` and reads both codes: the body of the proof.
async fn proof(gateway: &TestGateway, tokens: &Tokens, now: &str, next: &str) -> Value {
    let (seen_here, seen_there) = (gateway.messages(now).await.len(), gateway.messages(next).await.len());
    let asked = ask(gateway, tokens, next).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let (code, new_code) =
        (code_after(gateway, now, seen_here).await, code_after(gateway, next, seen_there).await);
    json!({
        "challenge_id": asked.text("challenge_id"), "code": code,
        "new_challenge_id": asked.text("new_challenge_id"), "new_code": new_code,
    })
}

async fn ask(gateway: &TestGateway, tokens: &Tokens, next: &str) -> Answer {
    let body = json!({ "phone": next });
    gateway.with(&tokens.access, Method::POST, "/v1/me/phone", Some(body)).await
}

async fn code_after(gateway: &TestGateway, phone: &str, seen: usize) -> String {
    let since = std::time::Instant::now();
    loop {
        let messages = gateway.messages(phone).await;
        if messages.len() > seen {
            return messages[0].chars().filter(char::is_ascii_digit).take(6).collect();
        }
        assert!(since.elapsed().as_secs() < 10, "no message came to {phone}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn show(gateway: &TestGateway, tokens: &Tokens, proof: &Value) -> Answer {
    gateway.with(&tokens.access, Method::POST, "/v1/me/phone/verify", Some(proof.clone())).await
}

fn with(proof: &Value, field: &str, value: &str) -> Value {
    let mut changed = proof.clone();
    changed[field] = json!(value);
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_changes_by_codes_at_both_ends() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let (awa, elsewhere) = (gateway.sign_in(AWA).await, gateway.sign_in(AWA).await);
        let good = proof(&gateway, &awa, AWA, NEW).await;
        let code = |field: &str| good[field].as_str().unwrap().to_owned();
        for wrong in [
            with(&good, "code", &other_than(&code("code"))),
            with(&good, "new_code", &other_than(&code("new_code"))),
            with(&with(&good, "code", &code("new_code")), "new_code", &code("code")),
        ] {
            if wrong != good {
                expect(&show(&gateway, &awa, &wrong).await, 401, "otp_invalid");
            }
        }
        let swapped = with(&good, "challenge_id", &code("new_challenge_id"));
        expect(&show(&gateway, &awa, &swapped).await, 401, "otp_expired");
        let binta = gateway.sign_in(BINTA).await;
        expect(&show(&gateway, &binta, &good).await, 401, "otp_expired");
        assert_eq!(me(&gateway, &awa).await.body["phone"], AWA, "nothing has changed");

        let changed = show(&gateway, &awa, &good).await;
        assert_eq!((changed.status.as_u16(), &changed.body["phone"]), (200, &json!(NEW)), "{}", changed.body);
        assert!(changed.body["rests_until"].is_string());
        expect(&show(&gateway, &awa, &good).await, 401, "otp_expired");
        assert_eq!(me(&gateway, &awa).await.status, 200, "this session goes on");
        expect(&me(&gateway, &elsewhere).await, 401, "unauthenticated");
        expect(&refresh(&gateway, &elsewhere.refresh).await, 401, "unauthenticated");
        gateway.is_told(AWA, "finit par 88").await;
        gateway.is_told(NEW, "sert maintenant").await;
        assert_eq!(gateway.sign_in(NEW).await.user, awa.user);
        assert_ne!(gateway.sign_in(AWA).await.user, awa.user, "the old number is free");
        gateway.advance(86_401).await;
        let later = gateway.sign_in(NEW).await;
        assert_eq!(me(&gateway, &later).await.body["rests_until"], Value::Null);
        let log =
            store::audit::list(&mut gateway.app().db.read().await.unwrap().conn(), None, 100).await.unwrap();
        let entry = log.iter().find(|line| line.action == "user.change_phone").unwrap();
        assert_eq!((&entry.actor, &entry.object), (&awa.user, &awa.user));
        assert!(!entry.detail.to_string().contains("770"), "no number is chained");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_number_is_taken_shows_to_who_holds_it_only() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let (awa, binta) = (gateway.sign_in(AWA).await, gateway.sign_in(BINTA).await);
        let (taken, free) = (ask(&gateway, &awa, BINTA).await, ask(&gateway, &binta, NEW).await);
        let shape = |answer: &Answer| {
            let fields: Vec<String> = answer.body.as_object().unwrap().keys().cloned().collect();
            let headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            (answer.status, fields, headers)
        };
        assert_eq!(shape(&taken), shape(&free));
        gateway.advance(61).await;
        let both = proof(&gateway, &awa, AWA, BINTA).await;
        let wrong = with(&both, "new_code", &other_than(both["new_code"].as_str().unwrap()));
        expect(&show(&gateway, &awa, &wrong).await, 401, "otp_invalid");
        expect(&show(&gateway, &awa, &both).await, 409, "phone_taken");
        expect(&show(&gateway, &awa, &both).await, 401, "otp_expired");
        assert_eq!(gateway.sign_in(BINTA).await.user, binta.user);
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_want_one_number_do_not_both_get_it() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let (awa, binta) = (gateway.sign_in(AWA).await, gateway.sign_in(BINTA).await);
        let first = proof(&gateway, &awa, AWA, NEW).await;
        let second = proof(&gateway, &binta, BINTA, NEW).await;
        let answers = futures::join!(show(&gateway, &awa, &first), show(&gateway, &binta, &second));
        let mut ends = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        ends.sort_unstable();
        assert_eq!(ends, [200, 409], "{answers:?}");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_is_limited_and_staff_show_their_second_factor_first() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        gateway.tomorrow_morning().await;
        let awa = gateway.sign_in(AWA).await;
        expect(&ask(&gateway, &awa, AWA).await, 422, "invalid_value");
        expect(&ask(&gateway, &awa, "12").await, 422, "invalid_phone");
        for n in 0..5 {
            assert_eq!(ask(&gateway, &awa, &format!("+22177000998{n}")).await.status, 202);
            expect(&ask(&gateway, &awa, NEW).await, 429, "rate_limited");
            gateway.advance(61).await;
        }
        let sixth = ask(&gateway, &awa, "+221770009989").await;
        expect(&sixth, 429, "rate_limited");
        let wait: u32 = sixth.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(wait > 3_600, "until tomorrow, not {wait} s");
        let operator = gateway.sign_in_staff(&gateway.staff().await[2]).await;
        assert_eq!(ask(&gateway, &operator, NEW).await.status, 202);
        gateway.advance(301).await;
        expect(&ask(&gateway, &operator, NEW).await, 403, "second_factor_required");
        assert_eq!(
            gateway.with(&operator.access, Method::GET, "/v1/admin/audit", None).await.status,
            200,
            "for looking it is recent enough"
        );
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_stays_in_the_house_for_a_day() {
    testkit::on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        awa.tops_up("20000").await;
        let change = json!({ "phone": NEW });
        let asked = awa.ask(Ask::post("/v1/me/phone", &change)).await.expect(202);
        app.quiet().await;
        let code = async |phone: &str| -> String {
            let message = app.messages(phone).await.pop().unwrap();
            message.chars().filter(char::is_ascii_digit).take(6).collect()
        };
        let proof = json!({
            "challenge_id": asked["challenge_id"], "code": code(&awa.phone).await,
            "new_challenge_id": asked["new_challenge_id"], "new_code": code(NEW).await,
        });
        awa.ask(Ask::post("/v1/me/phone/verify", &proof)).await.expect(200);

        let order = async |rails: (&str, &str), payee: Value| {
            let quote = awa.quote("1000", "send", rails).await;
            let body = awa.order_over(&quote, rails, &payee);
            awa.ask(Ask::post("/v1/transfers", &body).key(&awa.fresh_key())).await
        };
        let out = async || order(("balance", "wave"), json!({ "phone": ivorian("0001") })).await;
        out().await.refused(409, "resting");
        order(("balance", "balance"), json!({ "account": binta.id })).await.expect(201);
        order(("wave", "wave"), json!({ "phone": ivorian("0001") })).await.expect(201);
        app.pass(86_400 + 60).await;
        out().await.expect(201);
        app.quiet().await;
    })
    .await;
}
