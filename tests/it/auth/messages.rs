//! The breaker: countries whose codes are not used.

use domain::AlertKind;
use reqwest::Method;
use serde_json::json;
use store::testkit::on_each_database;

use super::expect;
use super::gateway::{Answer, TestGateway};

#[tokio::test(flavor = "multi_thread")]
async fn a_country_whose_codes_are_not_used_is_paused_and_admins_see_it() {
    on_each_database(async |db| {
        let settings = [("sms.breaker_min_sent", "10"), ("sms.breaker_min_percent", "20")];
        let gateway = TestGateway::start_with(&db, &settings).await;
        let ask = async |phone: String| -> Answer {
            let body = json!({ "phone": phone, "channel": "sms" });
            gateway.open(Method::POST, "/v1/auth/otp", Some(body)).await
        };
        gateway.sign_in("+221770001100").await;
        for n in 0..20 {
            assert_eq!(ask(format!("+2217700012{n:02}")).await.status, 202, "they may be used yet");
        }
        gateway.advance(180).await;
        let known = ask("+221770001100".into()).await;
        let unknown = ask("+221770001399".into()).await;
        for paused in [&known, &unknown] {
            expect(paused, 429, "rate_limited");
            let wait: u32 = paused.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((800..=900).contains(&wait), "{wait}");
        }
        assert_eq!(ask("+2250700000777".into()).await.status, 202, "other countries go on");
        let app = gateway.app();
        let mut reader = app.db.read().await.unwrap();
        let alerts = store::alerts::open(&mut reader.conn(), AlertKind::SmsConversionLow).await.unwrap();
        assert_eq!(alerts.len(), 1, "somebody is told, once");
        drop(reader);

        gateway.advance(600).await;
        expect(&ask("+221770001398".into()).await, 429, "rate_limited");
        gateway.advance(300).await;
        assert_eq!(
            ask("+221770001397".into()).await.status,
            202,
            "the pause is over and counting begins anew"
        );
        let admin = gateway.staff().await.remove(0);
        let tokens = gateway.sign_in_staff(&admin).await;
        let shown = gateway.with(&tokens.access, Method::GET, "/v1/admin/sms", None).await;
        let senegal =
            shown.body["data"].as_array().unwrap().iter().find(|one| one["prefix"] == "SN").unwrap();
        assert_eq!((&senegal["sent"], &senegal["used"]), (&json!(23), &json!(2)), "{senegal}");
        assert!(senegal["paused_until"].is_null() && senegal["last_paused_at"].is_string(), "{senegal}");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_are_used_keep_the_way_open() {
    on_each_database(async |db| {
        let settings = [("sms.breaker_min_sent", "5"), ("sms.breaker_min_percent", "50")];
        let gateway = TestGateway::start_with(&db, &settings).await;
        for n in 0..5 {
            gateway.sign_in(&format!("+22177000150{n}")).await;
            gateway.ask_code(&format!("+22177000160{n}")).await;
        }
        gateway.advance(180).await;
        gateway.ask_code("+221770001700").await;
        gateway.stop().await;
    })
    .await;
}
