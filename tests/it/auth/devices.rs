//! The device that a session belongs to.

use reqwest::Method;
use serde_json::{Value, json};
use store::testkit::on_each_database;
use store::users;

use super::gateway::{Answer, TestGateway, Tokens};
use super::{AWA, BINTA, expect, me};

const PIXEL: &str = "5b1c1f0e-7a53-4f43";
const NOKIA: &str = "9d550c6a-2f0f-4a11";

#[tokio::test(flavor = "multi_thread")]
async fn a_proven_device_alone_renews_its_session() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let mut tokens = gateway.sign_in_from(PIXEL, AWA).await;
        for _ in 0..3 {
            tokens = gateway.refresh_from(Some(PIXEL), &tokens.refresh).await.tokens();
        }
        for thief in [Some(NOKIA), None] {
            let stolen = gateway.sign_in_from(PIXEL, AWA).await;
            expect(&gateway.refresh_from(thief, &stolen.refresh).await, 401, "unauthenticated");
            expect(&me(&gateway, &stolen).await, 401, "unauthenticated");
            assert_eq!(gateway.refresh_from(Some(PIXEL), &stolen.refresh).await.status, 401);
        }
        assert_eq!(me(&gateway, &tokens).await.status, 200, "other sessions of the device go on");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_device_may_keep_silent_until_it_has_proven_itself() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let name = async || {
            let (challenge, code) = gateway.code_for(AWA).await;
            let body = json!({ "challenge_id": challenge, "code": code, "device_id": PIXEL });
            gateway.open(Method::POST, "/v1/auth/otp/verify", Some(body)).await.tokens()
        };
        let tokens = gateway.refresh_from(None, &name().await.refresh).await.tokens();
        assert_eq!(shown(&gateway, &tokens).await["device_id"], PIXEL);
        let proven = gateway.refresh_from(Some(PIXEL), &tokens.refresh).await.tokens();
        let session = shown(&gateway, &proven).await;
        assert_eq!((&session["device_id"], session["device"].as_str().unwrap().len()), (&Value::Null, 12));
        expect(&gateway.refresh_from(None, &proven.refresh).await, 401, "unauthenticated");
        expect(&me(&gateway, &proven).await, 401, "unauthenticated");
        let other = name().await;
        expect(&gateway.refresh_from(Some(NOKIA), &other.refresh).await, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_devices_are_refused_and_no_device_is_shown() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let (challenge, code) = gateway.code_for(AWA).await;
        let body = json!({ "challenge_id": challenge, "code": code, "device_id": NOKIA });
        let path = "/v1/auth/otp/verify";
        let send = async |device: &str, body: &Value| {
            gateway.send_from(Some(device), Method::POST, path, None, Some(body.clone())).await
        };
        expect(&send(PIXEL, &body).await, 422, "invalid_value");
        expect(&send("short", &body).await, 422, "invalid_value");
        expect(&send("with a space", &body).await, 422, "invalid_value");
        let tokens = send(NOKIA, &body).await.tokens();
        let session = shown(&gateway, &tokens).await;
        assert!(!session.to_string().contains(NOKIA), "{session}");
        gateway.stop().await;
        let Some(folder) = db.folder() else { return };
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(
                !bytes.windows(NOKIA.len()).any(|window| window == NOKIA.as_bytes()),
                "lies open in the book"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_is_told_to_the_person() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let first = gateway.sign_in_from(PIXEL, AWA).await;
        gateway.sign_in_from(PIXEL, AWA).await;
        gateway.sign_in(BINTA).await;
        gateway.sign_in(BINTA).await;
        assert_eq!(changed_at(&gateway, &first).await, None, "the first device and one that is known");
        gateway.sign_in_from(NOKIA, AWA).await;
        gateway.is_told(AWA, "appareil inconnu").await;
        let at = changed_at(&gateway, &first).await.unwrap();
        gateway.advance(60).await;
        gateway.sign_in_from(NOKIA, AWA).await;
        assert_eq!(changed_at(&gateway, &first).await, Some(at), "known by now");
        gateway.sign_in(AWA).await;
        assert!(
            changed_at(&gateway, &first).await > Some(at),
            "who has devices and names none is a stranger"
        );
        let told = async |phone| {
            let messages = gateway.messages(phone).await;
            messages.iter().filter(|message| message.contains("appareil inconnu")).count()
        };
        assert_eq!(told(BINTA).await, 0, "who never named a device is not told");
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_finish_on_the_device_that_they_began_on() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let admin = gateway.staff().await.remove(0);
        let (challenge, code) = gateway.code_for(&admin.phone).await;
        let body = json!({ "challenge_id": challenge, "code": code });
        let first =
            gateway.send_from(Some(PIXEL), Method::POST, "/v1/auth/otp/verify", None, Some(body)).await;
        let challenge = first.text("challenge_id");
        let finish = async |device: Option<&str>| -> Answer {
            let body = json!({ "challenge_id": challenge, "code": admin.code(gateway.now(), 0) });
            gateway.send_from(device, Method::POST, "/v1/auth/totp/verify", None, Some(body)).await
        };
        expect(&finish(Some(NOKIA)).await, 401, "otp_expired");
        expect(&finish(None).await, 401, "otp_expired");
        let tokens = finish(Some(PIXEL)).await.tokens();
        expect(&gateway.refresh_from(None, &tokens.refresh).await, 401, "unauthenticated");
        gateway.stop().await;
    })
    .await;
}

/// The newest session, as its owner sees it.
async fn shown(gateway: &TestGateway, tokens: &Tokens) -> Value {
    gateway.with(&tokens.access, Method::GET, "/v1/me/sessions", None).await.body["data"][0].clone()
}

async fn changed_at(gateway: &TestGateway, tokens: &Tokens) -> Option<chrono::DateTime<chrono::Utc>> {
    let app = gateway.app();
    let mut reader = app.db.read().await.unwrap();
    let id = tokens.user.parse().unwrap();
    users::find(&mut reader.conn(), &app.people, id).await.unwrap().unwrap().device_changed_at
}
