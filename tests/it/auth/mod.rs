//! Signing in, staying signed in and signing out, over HTTP and on both databases.

mod devices;
mod doors;
mod enumeration;
mod forged;
mod gateway;
mod messages;
mod phone;

use std::collections::BTreeSet;

use domain::UserId;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use store::testkit::on_each_database;
use store::users::{self, UserStatus};

use gateway::{Answer, TestGateway, Tokens};

const AWA: &str = "+221770001122";
const BINTA: &str = "+2250700000001";

fn expect(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.problem(), (status, code.to_owned()), "{}", answer.body);
}

async fn refresh(gateway: &TestGateway, token: &str) -> Answer {
    gateway.open(Method::POST, "/v1/auth/refresh", Some(json!({ "refresh_token": token }))).await
}

async fn me(gateway: &TestGateway, tokens: &Tokens) -> Answer {
    gateway.with(&tokens.access, Method::GET, "/v1/me", None).await
}

/// A code that is not `code`.
fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_signs_in_is_known_and_signs_out() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let (challenge, code) = gateway.code_for(AWA).await;
        let proof = json!({ "challenge_id": challenge, "code": code, "device_id": "Pixel 9" });
        let answer = gateway.open(Method::POST, "/v1/auth/otp/verify", Some(proof)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!((&answer.body["expires_in"], &answer.body["user"]["phone"]), (&json!(900), &json!(AWA)));
        assert_eq!(answer.body["user"]["roles"], json!(["customer"]));
        let tokens = answer.tokens();

        let profile = me(&gateway, &tokens).await;
        assert_eq!(profile.status, 200);
        for (field, value) in [
            ("id", json!(tokens.user)),
            ("phone", json!(AWA)),
            ("name", Value::Null),
            ("language", json!("fr")),
            ("kyc_tier", json!(0)),
            ("limits", Value::Null),
            ("second_factor_at", Value::Null),
        ] {
            assert_eq!(profile.body[field], value, "{field}");
        }
        let patch = json!({ "name": "Awa Diop", "language": "en" });
        let changed = gateway.with(&tokens.access, Method::PATCH, "/v1/me", Some(patch)).await;
        assert_eq!((&changed.body["name"], &changed.body["language"]), (&json!("Awa Diop"), &json!("en")));
        let cleared =
            gateway.with(&tokens.access, Method::PATCH, "/v1/me", Some(json!({ "name": null }))).await;
        assert_eq!((&cleared.body["name"], &cleared.body["language"]), (&Value::Null, &json!("en")));

        assert_eq!(gateway.sign_in(AWA).await.user, tokens.user, "the same number is the same person");
        let out = gateway.with(&tokens.access, Method::POST, "/v1/auth/logout", None).await;
        assert_eq!(out.status, 204);
        expect(&me(&gateway, &tokens).await, 401, "unauthenticated");
        expect(&refresh(&gateway, &tokens.refresh).await, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_and_unknown_numbers_are_answered_alike() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        gateway.sign_in(AWA).await;
        gateway.staff().await;
        let ask = async |phone: &str| {
            let body = json!({ "phone": phone, "channel": "sms" });
            let answer = gateway.open(Method::POST, "/v1/auth/otp", Some(body)).await;
            let fields: BTreeSet<String> = answer.body.as_object().unwrap().keys().cloned().collect();
            let headers: BTreeSet<String> = answer.headers.keys().map(ToString::to_string).collect();
            (answer.status, fields, headers)
        };
        let (known, unknown, staff) = (ask(AWA).await, ask(BINTA).await, ask("+221770000001").await);
        assert_eq!(known, unknown);
        assert_eq!(staff, unknown);
        assert_eq!(known.0, 202);
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_guesses_and_no_more() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let (challenge, code) = gateway.code_for(AWA).await;
        for _ in 0..5 {
            expect(&gateway.show_code(&challenge, &other_than(&code)).await, 401, "otp_invalid");
        }
        let refused = gateway.show_code(&challenge, &code).await;
        expect(&refused, 429, "rate_limited");
        assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);

        gateway.advance(61).await;
        let (next, code) = gateway.code_for(AWA).await;
        for _ in 0..4 {
            expect(&gateway.show_code(&next, "abc").await, 401, "otp_invalid");
        }
        assert_eq!(gateway.show_code(&next, &code).await.status, 200, "the fifth guess counts");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_one_number_are_counted_over_all_its_challenges() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        gateway.tomorrow_morning().await;
        let mut wrong = 0;
        let mut last = (String::new(), String::new());
        for _ in 0..5 {
            last = gateway.code_for(AWA).await;
            for _ in 0..4 {
                expect(&gateway.show_code(&last.0, &other_than(&last.1)).await, 401, "otp_invalid");
                wrong += 1;
            }
            gateway.advance(61).await;
        }
        assert_eq!(wrong, 20);
        expect(&gateway.show_code(&last.0, &last.1).await, 429, "rate_limited");
        assert!(gateway.sign_in(BINTA).await.access.len() > 100, "another number has its own");
        gateway.advance(86_400).await;
        gateway.sign_in(AWA).await;
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_for_its_challenge_and_its_time() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let (awa, code) = gateway.code_for(AWA).await;
        let (binta, other) = gateway.code_for(BINTA).await;
        if code != other {
            expect(&gateway.show_code(&binta, &code).await, 401, "otp_invalid");
        }
        assert_eq!(gateway.show_code(&awa, &code).await.status, 200);
        expect(&gateway.show_code(&awa, &code).await, 401, "otp_expired");
        gateway.advance(300).await;
        expect(&gateway.show_code(&binta, &other).await, 401, "otp_expired");
        let unknown = "otp_01h2xcejqtf2nbrexx3vqjhp41";
        expect(&gateway.show_code(unknown, &code).await, 401, "otp_expired");
        expect(&gateway.second_factor(&awa, "123456").await, 401, "otp_expired");
        for odd in ["", "otp_", "user_01h2xcejqtf2nbrexx3vqjhp41", "'; --"] {
            expect(&gateway.show_code(odd, &code).await, 422, "invalid_value");
        }
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_code_that_is_raced_signs_in_once() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        for round in 0..5 {
            let phone = format!("+22177000110{round}");
            let (challenge, code) = gateway.code_for(&phone).await;
            let answers = join_all((0..16).map(|_| gateway.show_code(&challenge, &code))).await;
            let tokens: Vec<Tokens> =
                answers.iter().filter(|answer| answer.status == 200).map(Answer::tokens).collect();
            assert_eq!(tokens.len(), 1, "round {round}");
            for lost in answers.iter().filter(|answer| answer.status != 200) {
                assert!(matches!(lost.status.as_u16(), 401 | 429), "{}", lost.body);
            }
            let sessions = gateway.with(&tokens[0].access, Method::GET, "/v1/me/sessions", None).await;
            assert_eq!(sessions.body["data"].as_array().unwrap().len(), 1);
        }
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_spent_sparingly() {
    on_each_database(async |db| {
        let settings = [("sms.budget_per_number_hour", "3"), ("sms.budget_per_day", "5")];
        let gateway = TestGateway::start_with(&db, &settings).await;
        gateway.tomorrow_morning().await;
        let ask = async |phone: &str| {
            let body = json!({ "phone": phone, "channel": "sms" });
            gateway.open(Method::POST, "/v1/auth/otp", Some(body)).await
        };
        let first = ask(AWA).await;
        assert_eq!(first.status, 202);
        let again = ask(AWA).await;
        expect(&again, 429, "rate_limited");
        let wait: i64 = again.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "until resend_at");

        gateway.advance(3_600).await;
        let mut sent = 0;
        for _ in 0..6 {
            sent += i32::from(ask(AWA).await.status == 202);
            gateway.advance(61).await;
        }
        assert_eq!(sent, 3, "three an hour to one number");
        assert_eq!(ask(BINTA).await.status, 202);
        expect(&ask("+22370123456").await, 429, "rate_limited");
        assert!(gateway.messages(AWA).await.len() <= 4, "what was refused was not sent");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_speaks_the_language_that_was_asked_for() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        gateway.code_for(AWA).await;
        let text = gateway.messages(AWA).await.remove(0);
        assert!(text.contains("est votre code MoneyBridge") && text.len() <= 160, "{text}");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_are_good_once_and_a_copy_ends_the_session() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let first = gateway.sign_in(AWA).await;
        let second = refresh(&gateway, &first.refresh).await.tokens();
        assert_ne!((&first.access, &first.refresh), (&second.access, &second.refresh));
        assert_eq!(me(&gateway, &second).await.status, 200);
        let third = refresh(&gateway, &second.refresh).await.tokens();

        expect(&refresh(&gateway, &first.refresh).await, 401, "token_reused");
        expect(&me(&gateway, &third).await, 401, "unauthenticated");
        expect(&refresh(&gateway, &third.refresh).await, 401, "unauthenticated");
        for odd in ["", "mbr_", &third.access, &"x".repeat(10_000)] {
            expect(&refresh(&gateway, odd).await, 401, "unauthenticated");
        }
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_renewals_that_race_one_wins_and_nobody_is_signed_out() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        for round in 0..3 {
            let tokens = gateway.sign_in(&format!("+22177000120{round}")).await;
            let answers = join_all((0..16).map(|_| refresh(&gateway, &tokens.refresh))).await;
            assert!(answers.iter().all(|answer| answer.status == 200), "round {round}: {answers:?}");
            let next: BTreeSet<String> = answers.iter().map(|answer| answer.tokens().refresh).collect();
            assert_eq!(next.len(), 1, "one line goes on");
            let won = answers[0].tokens();
            assert_eq!(me(&gateway, &won).await.status, 200);
            let third = refresh(&gateway, &won.refresh).await.tokens();
            expect(&refresh(&gateway, &tokens.refresh).await, 401, "token_reused");
            expect(&me(&gateway, &third).await, 401, "unauthenticated");
        }
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_given_again_for_seconds_only() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let first = gateway.sign_in(AWA).await;
        let lost = refresh(&gateway, &first.refresh).await.tokens();
        gateway.advance(5).await;
        assert_eq!(refresh(&gateway, &first.refresh).await.tokens().refresh, lost.refresh);
        gateway.advance(6).await;
        expect(&refresh(&gateway, &first.refresh).await, 401, "token_reused");
        expect(&me(&gateway, &lost).await, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_grace_a_race_ends_the_session() {
    on_each_database(async |db| {
        let gateway = TestGateway::start_with(&db, &[("auth.refresh_grace_s", "0")]).await;
        let tokens = gateway.sign_in(AWA).await;
        let answers = join_all((0..8).map(|_| refresh(&gateway, &tokens.refresh))).await;
        let won: Vec<Tokens> =
            answers.iter().filter(|answer| answer.status == 200).map(Answer::tokens).collect();
        assert_eq!(won.len(), 1);
        expect(&me(&gateway, &won[0]).await, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_for_good_however_often_it_is_renewed() {
    on_each_database(async |db| {
        let settings = [("auth.session_s", "7200"), ("auth.refresh_token_s", "3600")];
        let gateway = TestGateway::start_with(&db, &settings).await;
        let mut tokens = gateway.sign_in(AWA).await;
        for _ in 0..3 {
            gateway.advance(2_300).await;
            tokens = refresh(&gateway, &tokens.refresh).await.tokens();
        }
        gateway.advance(301).await;
        expect(&me(&gateway, &tokens).await, 401, "unauthenticated");
        expect(&refresh(&gateway, &tokens.refresh).await, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_who_rest_too_long_are_signed_out_and_others_are_not() {
    on_each_database(async |db| {
        let gateway = TestGateway::start_with(&db, &[("auth.staff_idle_s", "600")]).await;
        let (customer, admin) = (gateway.sign_in(AWA).await, gateway.staff().await.remove(0));
        let busy = gateway.sign_in_staff(&admin).await;
        for _ in 0..3 {
            gateway.advance(290).await;
            assert_eq!(me(&gateway, &busy).await.status, 200, "every request counts, not only renewals");
        }
        gateway.advance(600).await;
        let renewed = refresh(&gateway, &busy.refresh).await;
        expect(&renewed, 401, "unauthenticated");
        expect(&refresh(&gateway, &busy.refresh).await, 401, "unauthenticated");
        let customer = refresh(&gateway, &customer.refresh).await.tokens();
        let again = gateway.sign_in_staff(&admin).await;
        gateway.advance(600).await;
        expect(&me(&gateway, &again).await, 401, "unauthenticated");
        gateway.advance(1).await;
        expect(&refresh(&gateway, &again.refresh).await, 401, "unauthenticated");
        assert_eq!(me(&gateway, &customer).await.status, 200);
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_by_the_clock() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let tokens = gateway.sign_in(AWA).await;
        gateway.advance(890).await;
        assert_eq!(me(&gateway, &tokens).await.status, 200);
        gateway.advance(11).await;
        expect(&me(&gateway, &tokens).await, 401, "unauthenticated");
        let next = refresh(&gateway, &tokens.refresh).await.tokens();
        assert_eq!(me(&gateway, &next).await.status, 200);
        gateway.advance(7 * 86_400 + 1).await;
        expect(&refresh(&gateway, &next.refresh).await, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_by_pages_and_ended() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let mut tokens = Vec::new();
        for _ in 0..3 {
            tokens.push(gateway.sign_in(AWA).await);
        }
        let other = gateway.sign_in(BINTA).await;
        let list = async |path: &str| gateway.with(&tokens[2].access, Method::GET, path, None).await;
        let first = list("/v1/me/sessions?limit=2").await;
        let cursor = first.text("next_cursor");
        let last = list(&format!("/v1/me/sessions?limit=2&cursor={cursor}")).await;
        assert_eq!(
            (first.body["data"].as_array().unwrap().len(), &last.body["next_cursor"]),
            (2, &Value::Null)
        );
        let all: Vec<Value> =
            [&first, &last].iter().flat_map(|page| page.body["data"].as_array().unwrap().clone()).collect();
        let ids: BTreeSet<String> = all.iter().map(|session| session["id"].to_string()).collect();
        assert_eq!((all.len(), ids.len()), (3, 3));
        assert_eq!(all.iter().map(|one| one["is_current"] == true).collect::<Vec<_>>(), [true, false, false]);
        assert!(all.iter().all(|one| one["network"] == "127.0.0.0/24"), "{all:?}");

        let other_end = if cursor.ends_with('A') { 'B' } else { 'A' };
        let changed = format!("{}{other_end}", &cursor[..cursor.len() - 1]);
        for bad in ["x", "", "AAAA", &changed, &cursor[1..]] {
            expect(&list(&format!("/v1/me/sessions?cursor={bad}")).await, 422, "invalid_cursor");
        }
        let path = format!("/v1/me/sessions?cursor={cursor}");
        expect(&gateway.with(&other.access, Method::GET, &path, None).await, 422, "invalid_cursor");
        expect(&list("/v1/me/sessions?limit=0").await, 422, "invalid_query");
        expect(&list("/v1/me/sessions?page=2").await, 422, "invalid_query");

        let oldest = format!("/v1/me/sessions/{}", all[2]["id"].as_str().unwrap());
        expect(&gateway.with(&other.access, Method::DELETE, &oldest, None).await, 404, "not_found");
        let end = async || gateway.with(&tokens[2].access, Method::DELETE, &oldest, None).await;
        assert_eq!(end().await.status, 204);
        expect(&end().await, 404, "not_found");
        expect(&me(&gateway, &tokens[0]).await, 401, "unauthenticated");
        assert_eq!(me(&gateway, &tokens[1]).await.status, 200);
        let fourth = gateway.sign_in(AWA).await;
        let but_this = "/v1/me/sessions?keep=current";
        assert_eq!(gateway.with(&tokens[2].access, Method::DELETE, but_this, None).await.status, 204);
        for ended in [&tokens[1], &fourth] {
            expect(&me(&gateway, ended).await, 401, "unauthenticated");
            expect(&refresh(&gateway, &ended.refresh).await, 401, "unauthenticated");
        }
        assert_eq!(me(&gateway, &tokens[2]).await.status, 200, "this one goes on");
        let odd = gateway.with(&tokens[2].access, Method::DELETE, "/v1/me/sessions?keep=all", None).await;
        expect(&odd, 422, "invalid_query");
        let everywhere = gateway.with(&tokens[2].access, Method::DELETE, "/v1/me/sessions", None).await;
        assert_eq!(everywhere.status, 204);
        for ended in &tokens {
            expect(&me(&gateway, ended).await, 401, "unauthenticated");
        }
        assert_eq!(me(&gateway, &other).await.status, 200);
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_can_be_left_without_an_access_token() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let tokens = gateway.sign_in(AWA).await;
        let leave = async |token: &str| {
            let body = json!({ "refresh_token": token });
            gateway.open(Method::POST, "/v1/auth/logout", Some(body)).await
        };
        expect(&leave("mbr_made_up").await, 401, "unauthenticated");
        expect(&gateway.open(Method::POST, "/v1/auth/logout", None).await, 401, "unauthenticated");
        assert_eq!(leave(&tokens.refresh).await.status, 204);
        expect(&me(&gateway, &tokens).await, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_account_is_refused_at_once() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let tokens = gateway.sign_in(AWA).await;
        let user: UserId = tokens.user.parse().unwrap();
        let set = async |status| {
            let mut tx = gateway.app().db.begin().await.unwrap();
            assert!(users::set_status(&mut tx, user, status, gateway.now()).await.unwrap());
            tx.commit().await.unwrap();
        };
        set(UserStatus::Frozen).await;
        expect(&me(&gateway, &tokens).await, 403, "account_frozen");
        expect(&refresh(&gateway, &tokens.refresh).await, 403, "account_frozen");
        let (challenge, code) = gateway.code_for(AWA).await;
        expect(&gateway.show_code(&challenge, &code).await, 403, "account_frozen");
        expect(&gateway.show_code(&challenge, &code).await, 401, "otp_expired");
        set(UserStatus::Active).await;
        assert_eq!(me(&gateway, &tokens).await.status, 200);
        assert_eq!(refresh(&gateway, &tokens.refresh).await.status, 200, "freezing did not spend it");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_add_a_second_factor_and_each_code_is_good_once() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let staff = gateway.staff().await;
        assert_eq!(staff.len(), 3);
        let admin = &staff[0];
        let challenge = gateway.first_factor(admin).await;
        let (right, early, late) =
            (admin.code(gateway.now(), 0), admin.code(gateway.now(), -3), admin.code(gateway.now(), 3));
        for wrong in [&early, &late, &other_than(&right), &staff[1].code(gateway.now(), 0)] {
            expect(&gateway.second_factor(&challenge, wrong).await, 401, "otp_invalid");
        }
        let tokens = gateway.second_factor(&challenge, &right).await.tokens();
        expect(&gateway.second_factor(&challenge, &right).await, 401, "otp_expired");
        let again = gateway.first_factor(admin).await;
        expect(&gateway.second_factor(&again, &right).await, 401, "otp_invalid");
        assert_eq!(gateway.second_factor(&again, &admin.code(gateway.now(), 1)).await.status, 200);
        let profile = me(&gateway, &tokens).await;
        assert_eq!(profile.body["roles"], json!(["customer", "admin"]));
        assert!(profile.body["second_factor_at"].is_string());
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_that_is_raced_signs_in_once() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let admin = gateway.staff().await.remove(0);
        let challenges = [gateway.first_factor(&admin).await, gateway.first_factor(&admin).await];
        let code = admin.code(gateway.now(), 0);
        let tries =
            (0..4).flat_map(|_| challenges.iter()).map(|challenge| gateway.second_factor(challenge, &code));
        let answers = join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_show_the_second_factor_again_after_an_hour() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let operator = gateway.staff().await.remove(2);
        let mut tokens = gateway.sign_in_staff(&operator).await;
        let audit =
            async |tokens: &Tokens| gateway.with(&tokens.access, Method::GET, "/v1/admin/audit", None).await;
        assert_eq!(audit(&tokens).await.status, 200);
        for _ in 0..5 {
            gateway.advance(720).await;
            tokens = refresh(&gateway, &tokens.refresh).await.tokens();
        }
        expect(&audit(&tokens).await, 403, "second_factor_required");
        assert_eq!(me(&gateway, &tokens).await.status, 200, "what is their own stays open");

        let step_up = async |code: &str| {
            let body = json!({ "code": code });
            gateway.with(&tokens.access, Method::POST, "/v1/auth/totp/verify", Some(body)).await
        };
        let code = operator.code(gateway.now(), 0);
        expect(&step_up(&other_than(&code)).await, 401, "otp_invalid");
        let renewed = step_up(&code).await.tokens();
        expect(&step_up(&code).await, 401, "otp_invalid");
        assert_eq!(audit(&renewed).await.status, 200);
        assert_eq!(audit(&tokens).await.status, 200, "the session has it, whichever token is shown");
        assert_eq!(refresh(&gateway, &renewed.refresh).await.status, 200);
        let nobody = gateway.open(Method::POST, "/v1/auth/totp/verify", Some(json!({ "code": code }))).await;
        expect(&nobody, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn second_factors_cannot_be_tried_without_end() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        gateway.tomorrow_morning().await;
        let admin = gateway.staff().await.remove(0);
        let tokens = gateway.sign_in_staff(&admin).await;
        let wrong = json!({ "code": "000000" });
        let mut refused = 0;
        for _ in 0..40 {
            let answer =
                gateway.with(&tokens.access, Method::POST, "/v1/auth/totp/verify", Some(wrong.clone())).await;
            refused += i32::from(answer.status == 429);
        }
        assert!(refused >= 20, "{refused} of 40");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_do_not_reach_the_staff_s_routes() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let customer = gateway.sign_in(AWA).await;
        for (method, path, access) in moneybridge::api::permissions::TABLE {
            let path = path.replace("{id}", "acc_01h2xcejqtf2nbrexx3vqjhp41");
            if path.starts_with("/v1/admin/") {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let answer = gateway.with(&customer.access, method.clone(), &path, None).await;
                expect(&answer, 403, "forbidden");
                expect(&gateway.open(method, &path, None).await, 401, "unauthenticated");
            } else {
                assert!(!format!("{access:?}").contains("Admin"), "{path}");
            }
        }
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_s_clock_goes_forward_only() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let clock = async |body: Value| gateway.open(Method::POST, "/v1/sandbox/clock", Some(body)).await;
        let before = gateway.now();
        let moved = clock(json!({ "advance_seconds": 86_400 })).await;
        let shown: chrono::DateTime<chrono::Utc> = moved.text("now").parse().unwrap();
        assert!(shown - before >= chrono::TimeDelta::days(1) && gateway.now() >= shown);
        assert_eq!(clock(json!({ "set": "2099-01-01T00:00:00Z" })).await.text("now"), "2099-01-01T00:00:00Z");
        for (body, code) in [
            (json!({ "advance_seconds": -1 }), "clock_refused"),
            (json!({ "advance_seconds": i64::MAX }), "clock_refused"),
            (json!({ "set": "2001-01-01T00:00:00Z" }), "clock_refused"),
            (json!({ "set": "tomorrow" }), "invalid_value"),
            (json!({ "set": 7 }), "invalid_type"),
            (json!({}), "missing_field"),
            (json!({ "advance_seconds": 1, "set": "2100-01-01T00:00:00Z" }), "invalid_value"),
            (json!({ "advance_seconds": 1.5 }), "invalid_type"),
        ] {
            expect(&clock(body).await, 422, code);
        }
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_lies_open_in_the_book() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let tokens = gateway.sign_in(AWA).await;
        let (_, code) = gateway.code_for(BINTA).await;
        let patch = json!({ "name": "Canari Unique" });
        gateway.with(&tokens.access, Method::PATCH, "/v1/me", Some(patch)).await;
        gateway.stop().await;
        let Some(folder) = db.folder() else { return };
        let secrets =
            [AWA, &AWA[1..], BINTA, "Canari Unique", &tokens.refresh, &tokens.access, &format!("\"{code}")];
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            let bytes = std::fs::read(&file).unwrap();
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret} lies open in {}", file.display());
            }
        }
    })
    .await;
}
