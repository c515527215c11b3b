//! What bad input gets: on every route a problem with a code, in two languages, and never a fault of ours.

use std::collections::BTreeSet;

use moneybridge::api::permissions::{Access, TABLE};
use serde_json::{Value, json};

use crate::testkit::{Answer, Ask, Customer, TestApp, ivorian, on_each_database, quote_ask};

const WAVE: (&str, &str) = ("wave", "wave");
const UNKNOWN: &str = "transfer_01h2xcejqtf2nbrexx3vqjhp41";
/// Two mebibytes: more than any route takes.
const TOO_LARGE: usize = 2 * 1024 * 1024;

/// A request of this route, with ids that nobody has.
fn request(method: &str, route: &str) -> Ask {
    let id = match route {
        _ if route.contains("/quotes/") => "quote_01h2xcejqtf2nbrexx3vqjhp41",
        _ if route.contains("/sessions/") => "session_01h2xcejqtf2nbrexx3vqjhp41",
        _ if route.contains("/accounts/") => "acc_01h2xcejqtf2nbrexx3vqjhp41",
        _ => UNKNOWN,
    };
    Ask::new(method, route.replace("{id}", id).replace("{end}", "paid").replace("{asset}", "none.js"))
}

fn takes_json(method: &str, route: &str) -> bool {
    ["POST", "PATCH", "PUT"].contains(&method) && !route.starts_with("/webhooks/")
}

/// The same problem in both languages, told in different words.
async fn refused(app: &TestApp, ask: Ask, status: u16, code: &str) -> Value {
    let french = app.ask(ask.clone().language("fr")).await;
    let english = app.ask(ask.language("en")).await;
    let (told, said) = (check(&french, status, code), check(&english, status, code));
    assert_ne!(told["title"], said["title"], "{french} {english}");
    assert_eq!(told["errors"].as_array().map(Vec::len), said["errors"].as_array().map(Vec::len));
    said
}

fn check(answer: &Answer, status: u16, code: &str) -> Value {
    let problem = answer.refused(status, code);
    for text in ["type", "title", "detail", "request_id"] {
        assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "{text} of {answer}");
    }
    assert_eq!(problem["type"], format!("urn:moneybridge:problem:{code}"));
    assert_eq!(problem["request_id"].as_str(), answer.header("x-request-id"), "{answer}");
    let retry = problem["retry"].as_str().unwrap();
    assert!(["never", "same_key", "after_change", "later"].contains(&retry), "{answer}");
    problem
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_gets_no_further() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let token = awa.token();
        let mut altered = token.clone().into_bytes();
        let middle = altered.len() / 2;
        altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        for (method, route, access) in TABLE.iter().filter(|(_, _, access)| *access != Access::Open) {
            let ask = request(method, route);
            refused(app, ask.clone(), 401, "unauthenticated").await;
            for bad in ["", "x", "mb_test_x", &altered, &unsigned] {
                app.ask(ask.clone().bearer(bad)).await.refused(401, "unauthenticated");
            }
            let basic = ask.clone().header("authorization", "Basic YTpi");
            app.ask(basic).await.refused(401, "unauthenticated");
            let twice = ask.clone().bearer(&token).bearer(&token);
            app.ask(twice).await.refused(401, "unauthenticated");
            if *access != Access::SignedIn {
                refused(app, ask.bearer(&token), 403, "forbidden").await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_not_ours_paths_that_are_not_there_and_methods_that_are_not_meant() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        for (method, route, _) in TABLE {
            let ask = request(method, route).bearer(&awa.token());
            refused(app, ask.clone().header("host", "evil.example"), 400, "host_not_allowed").await;
            let known: BTreeSet<&str> =
                TABLE.iter().filter(|(_, path, _)| path == route).map(|(method, _, _)| *method).collect();
            for other in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
                if known.contains(other) || (other == "GET" && known.contains("HEAD")) {
                    continue;
                }
                let wrong = Ask { method: other.parse().unwrap(), ..ask.clone() };
                refused(app, wrong, 405, "method_not_allowed").await;
            }
        }
        for path in
            ["/", "/v1", "/v2/me", "/v1/me/", "/v1//me", "/v1/transfers/x/y", "/%00", "/v1/%ff", "/.env"]
        {
            refused(app, Ask::get(path).bearer(&awa.token()), 404, "not_found").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_do_not_read() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        for (method, route, _) in TABLE.iter().filter(|(method, route, access)| {
            takes_json(method, route) && matches!(access, Access::SignedIn | Access::Open)
        }) {
            let ask = || request(method, route).key("bad").bearer(&awa.token());
            let json = |body: &str| ask().header("content-type", "application/json").body(body);
            for body in ["", "{", "nul", "{'a':1}", "\u{feff}{}", "{\"a"] {
                refused(app, json(body), 400, "invalid_json").await;
            }
            for body in ["null", "1", "\"text\"", "true"] {
                refused(app, json(body), 422, "invalid_type").await;
            }
            refused(app, json("{\"nobody_knows\":1}"), 422, "unknown_field").await;
            refused(app, json("{\"nobody_knows\":1,\"nobody_knows\":1}"), 422, "unknown_field").await;
            for kind in
                ["text/plain", "application/xml", "multipart/form-data", "application/json; charset=latin1"]
            {
                let ask = ask().header("content-type", kind).body("{}");
                refused(app, ask, 415, "unsupported_media_type").await;
            }
            let mut large = b"{\"a\":\"".to_vec();
            large.resize(TOO_LARGE, b'a');
            let large = ask().header("content-type", "application/json").body(large);
            refused(app, large, 413, "payload_too_large").await;
        }
    })
    .await;
}

/// `body` with the value at `pointer` set; without it for `None`.
fn with(body: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    body
}

/// What every text field refuses for its type.
fn wrong_types() -> Vec<Value> {
    vec![json!(1), json!(1.5), json!(true), json!([]), json!(["a"]), json!({})]
}

async fn field(app: &TestApp, ask: Ask, code: &str, pointer: &str) {
    let shown = String::from_utf8_lossy(ask.body.as_deref().unwrap_or_default()).into_owned();
    let problem = refused(app, ask, 422, code).await;
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert!(pointers.contains(&&json!(pointer)), "{pointer} in {problem} for {shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_quote() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let good = quote_ask("10000", "send", WAVE);
        let post = |body: &Value| Ask::post("/v1/quotes", body).bearer(&awa.token());
        let required = ["send_currency", "receive_currency", "amount", "side", "funding_rail", "payout_rail"];
        for name in required {
            let pointer = format!("/{name}");
            field(app, post(&with(&good, &pointer, None)), "missing_field", &pointer).await;
            field(app, post(&with(&good, &pointer, Some(Value::Null))), "invalid_type", &pointer).await;
            if name != "amount" {
                for wrong in wrong_types() {
                    field(app, post(&with(&good, &pointer, Some(wrong))), "invalid_type", &pointer).await;
                }
            }
        }
        for amount in [
            "0",
            "-1",
            "-0",
            "1.5",
            "1.0",
            "1e3",
            "1E3",
            "+1",
            " 1",
            "1 ",
            "",
            "NaN",
            "inf",
            "0x10",
            "1,000",
            "١",
            "1000000000000000000000000000000",
            "9223372036854775808",
            "٠",
            ".5",
            "5.",
            "--1",
            "1_000",
        ] {
            let body = with(&good, "/amount/amount", Some(json!(amount)));
            field(app, post(&body), "invalid_amount", "/amount/amount").await;
        }
        for amount in [json!(1), json!(10_000), json!(1.5), json!(null), json!({}), json!([])] {
            let body = with(&good, "/amount/amount", Some(amount));
            field(app, post(&body), "invalid_type", "/amount/amount").await;
        }
        for (pointer, value, code) in [
            ("/amount/currency", json!("xof"), "invalid_currency"),
            ("/amount/currency", json!("ZZZ"), "invalid_currency"),
            ("/send_currency", json!("XOFX"), "invalid_currency"),
            ("/receive_currency", json!(""), "invalid_currency"),
            ("/side", json!("both"), "invalid_value"),
            ("/funding_rail", json!("boat"), "invalid_value"),
            ("/payout_rail", json!("WAVE"), "invalid_value"),
            ("/from_country", json!("sn"), "invalid_country"),
            ("/to_country", json!("Mars"), "invalid_country"),
            ("/amount/nobody_knows", json!(1), "unknown_field"),
        ] {
            field(app, post(&with(&good, pointer, Some(value))), code, pointer).await;
        }
        let euro = with(&good, "/amount/currency", Some(json!("EUR")));
        refused(app, post(&euro), 422, "currency_mismatch").await;
        for (pointer, value) in [
            ("/send_currency", json!("GNF")),
            ("/funding_rail", json!("stripe")),
            ("/funding_rail", json!("mtn_momo")),
            ("/to_country", json!("GN")),
        ] {
            let answer = app.ask(post(&with(&good, pointer, Some(value)))).await;
            assert_eq!(answer.status, 422, "{answer}");
        }
        for amount in ["99", "2000001", "9223372036854775807"] {
            let body = with(&good, "/amount/amount", Some(json!(amount)));
            refused(app, post(&body), 422, "amount_out_of_range").await;
        }
        let repeated = serde_json::to_string(&good).unwrap().replacen('{', "{\"side\":\"send\",", 1);
        let repeated =
            Ask::new("POST", "/v1/quotes").header("content-type", "application/json").body(repeated);
        let problem = app.ask(repeated.bearer(&awa.token())).await;
        assert!(
            ["repeated_field", "unknown_field"].contains(&problem.json()["code"].as_str().unwrap()),
            "{problem}"
        );
        assert_eq!(problem.status, 422);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_transfer() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let quote = awa.quote("10000", "send", WAVE).await;
        let good = awa.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
        let post = |body: &Value| Ask::post("/v1/transfers", body).key("bad").bearer(&awa.token());
        for pointer in [
            "/quote_id",
            "/payer",
            "/payee",
            "/purpose",
            "/payer/rail",
            "/payee/rail",
            "/payee/name",
            "/payee/country",
        ] {
            field(app, post(&with(&good, pointer, None)), "missing_field", pointer).await;
            field(app, post(&with(&good, pointer, Some(Value::Null))), "invalid_type", pointer).await;
        }
        for pointer in ["/quote_id", "/purpose", "/payer/rail", "/payee/phone", "/payee/name", "/reference"] {
            for wrong in wrong_types() {
                field(app, post(&with(&good, pointer, Some(wrong))), "invalid_type", pointer).await;
            }
        }
        let long = "x".repeat(141);
        for (pointer, value, code) in [
            ("/quote_id", "q", "invalid_value"),
            ("/quote_id", UNKNOWN, "invalid_value"),
            ("/purpose", "", "invalid_text"),
            ("/purpose", &long, "invalid_text"),
            ("/purpose", "a\nb", "invalid_text"),
            ("/purpose", "\u{202e}abc", "invalid_text"),
            ("/reference", "\u{0}", "invalid_text"),
            ("/payee/name", " ", "invalid_text"),
            ("/payee/country", "ci", "invalid_country"),
            ("/payee/country", "SN", "country_mismatch"),
            ("/payee/rail", "balance", "rail_mismatch"),
            ("/payer/rail", "balance", "rail_mismatch"),
            ("/payer/email", "nobody", "invalid_value"),
            ("/payer/iban", "FR76", "not_for_this_rail"),
            ("/payer/mandate", "m", "not_for_this_rail"),
            ("/payee/account", "user_x", "invalid_value"),
            ("/payee/phone", "", "invalid_phone"),
            ("/payee/phone", "0700000001", "invalid_phone"),
            ("/payee/phone", "+2250700", "invalid_phone"),
            ("/payee/phone", "+225 07 00 00 00 01", "invalid_phone"),
            ("/payee/phone", "+0000000000", "invalid_phone"),
            ("/payee/phone", "+221770001122", "country_mismatch"),
            ("/payer/phone", "+2250700000001", "country_mismatch"),
        ] {
            field(app, post(&with(&good, pointer, Some(json!(value)))), code, pointer).await;
        }
        field(app, post(&with(&good, "/payee/phone", None)), "missing_field", "/payee/phone").await;
        for nested in ["/payer/nobody_knows", "/payee/nobody_knows"] {
            field(app, post(&with(&good, nested, Some(json!(1)))), "unknown_field", nested).await;
        }
        let unknown = with(&good, "/quote_id", Some(json!("quote_01h2xcejqtf2nbrexx3vqjhp41")));
        refused(app, post(&unknown), 404, "not_found").await;
        assert_eq!(awa.get("/v1/transfers").await["data"], json!([]));
        app.ask(post(&good)).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_there_once_and_visible() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let order = json!({});
        for route in [
            "/v1/transfers".to_owned(),
            format!("/v1/transfers/{UNKNOWN}/cancel"),
            format!("/v1/transfers/{UNKNOWN}/late_payment"),
        ] {
            let ask = || Ask::post(route.clone(), &order).bearer(&awa.token());
            refused(app, ask(), 400, "idempotency_key_missing").await;
            for key in ["", "a b", "a\tb", &"k".repeat(256), "cl\u{e9}"] {
                refused(app, ask().key(key), 400, "idempotency_key_invalid").await;
            }
            refused(app, ask().key("a").key("a"), 400, "idempotency_key_invalid").await;
        }
        for key in ["a", &"k".repeat(255), "!~\"'(){}"] {
            let answer = app
                .ask(
                    Ask::post(format!("/v1/transfers/{UNKNOWN}/cancel"), &order)
                        .key(key)
                        .bearer(&awa.token()),
                )
                .await;
            answer.refused(404, "not_found");
        }
    })
    .await;
}

/// A problem without what differs between two requests.
fn anonymous(answer: &Answer) -> Value {
    let mut problem = answer.refused(404, "not_found");
    problem.as_object_mut().unwrap().remove("request_id");
    problem
}

#[tokio::test(flavor = "multi_thread")]
async fn other_people_s_objects_are_not_there() {
    on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let quote = transfer.now().await["quote_id"].as_str().unwrap().to_owned();
        let session = awa.get("/v1/me/sessions").await["data"][0]["id"].as_str().unwrap().to_owned();
        let own = binta.quote("10100", "total", WAVE).await;
        let late = json!({ "quote_id": own["id"] });
        let path = |id: &str, rest: &str| format!("/v1/transfers/{id}{rest}");
        let asks = |transfer: &str, quote: &str, session: &str| {
            vec![
                Ask::get(path(transfer, "")),
                Ask::get(path(transfer, "?wait=1")),
                Ask::get(path(transfer, "/timeline")),
                Ask::get(path(transfer, "/events")),
                Ask::get(path(transfer, "/receipt")),
                Ask::post(path(transfer, "/cancel"), &json!({})).key("theirs"),
                Ask::post(path(transfer, "/late_payment"), &late).key("theirs"),
                Ask::get(format!("/v1/quotes/{quote}")),
                Ask::new("DELETE", format!("/v1/me/sessions/{session}")),
            ]
        };
        let theirs = asks(&transfer.id, &quote, &session);
        let unknown = asks(UNKNOWN, "quote_01h2xcejqtf2nbrexx3vqjhp41", "session_01h2xcejqtf2nbrexx3vqjhp41");
        let nonsense = asks("x", "..%2f", "%00");
        for ((theirs, unknown), nonsense) in theirs.into_iter().zip(unknown).zip(nonsense) {
            let theirs = anonymous(&binta.ask(theirs).await);
            assert_eq!(theirs, anonymous(&binta.ask(unknown).await));
            assert_eq!(theirs, anonymous(&binta.ask(nonsense).await));
        }
        let order = binta.order_over(
            &json!({ "id": quote, "to_country": "CI" }),
            WAVE,
            &json!({ "phone": ivorian("0001") }),
        );
        binta.order("stolen", &order).await.refused(404, "not_found");
        transfer.shows("awaiting_payment").await;
        assert_eq!(binta.get("/v1/transfers").await["data"], json!([]));
    })
    .await;
}

async fn query(customer: &Customer<'_>, path: &str, code: &str) {
    let ask = Ask::get(path).bearer(&customer.token());
    refused(customer.app, ask, 422, code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_cursors_that_were_not_given() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        for query_text in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=x",
            "limit=",
            "limit=1&limit=1",
            "sort=asc",
            "status=gone",
            "status=completed&status=completed",
            "created_after=yesterday",
            "created_before=2026-13-01T00:00:00Z",
        ] {
            query(&awa, &format!("/v1/transfers?{query_text}"), "invalid_query").await;
        }
        for wait in ["0", "26", "-1", "x", "1.5", "", "99999999999999999999"] {
            let transfer = format!("/v1/transfers/{UNKNOWN}?wait={wait}");
            let answer = awa.ask(Ask::get(transfer)).await;
            assert!([404, 422].contains(&answer.status), "{answer}");
        }
        for cursor in ["x", "", "AAAA", "%00", "é", &"A".repeat(5000)] {
            query(&awa, &format!("/v1/transfers?cursor={cursor}"), "invalid_cursor").await;
            query(&awa, &format!("/v1/me/sessions?cursor={cursor}"), "invalid_cursor").await;
        }
        for path in ["/v1/rates", "/v1/rates?from=XOF", "/v1/rates?from=XOF&to=XOF&x=1"] {
            query(&awa, path, "invalid_query").await;
        }
        query(&awa, "/v1/rates?from=xof&to=XOF", "invalid_currency").await;
        refused(app, Ask::get("/v1/rates?from=XOF&to=CNY"), 404, "not_found").await;
    })
    .await;
}
