//! The layers around the routes: what every request meets, whatever it is for.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::context::Peer;
use super::extract::Command;
use super::permissions::{self, Access};
use super::*;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Flag, Sources, load};

/// A gateway without a listener: its router, and the folder that its book is in.
struct Gateway {
    app: App,
    router: Router,
    _folder: TempDir,
}

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    body: Value,
}

impl Gateway {
    async fn with(settings: &[(&str, &str)]) -> Gateway {
        let folder = tempfile::tempdir().unwrap();
        let own = [("data_dir", folder.path().to_str().unwrap()), ("sms.sender", "console")];
        let flag = |(path, value): &(&str, &str)| Flag {
            name: "--set".into(),
            path: (*path).to_owned(),
            value: (*value).to_owned(),
        };
        let flags = own.iter().chain(settings).map(flag).collect();
        let sources = Sources { file: None, folder: folder.path().into(), variables: vec![], flags };
        let config = load(&sources).unwrap();
        let app = App::open(config, Clock::default(), "http://127.0.0.1:8080".into(), None).await.unwrap();
        Gateway { router: router(app.clone()), app, _folder: folder }
    }

    async fn new() -> Gateway {
        Gateway::with(&[]).await
    }

    async fn send(&self, request: axum::http::request::Builder, body: impl Into<Body>) -> Answer {
        self.send_to(&self.router, request, body).await
    }

    async fn send_to(
        &self,
        router: &Router,
        request: axum::http::request::Builder,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = request.body(body.into()).unwrap();
        request.headers_mut().entry(header::HOST).or_insert("localhost".parse().unwrap());
        request.extensions_mut().insert(Peer(SocketAddr::from(([127, 0, 0, 1], 5000))));
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, text, body }
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of a problem that is complete.
    fn problem(&self) -> (u16, &str) {
        assert_eq!(self.header("content-type"), problem::MEDIA_TYPE, "{}", self.text);
        for field in ["type", "title", "detail", "request_id", "retry"] {
            assert!(self.body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {}", self.text);
        }
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        (self.status.as_u16(), self.body["code"].as_str().unwrap())
    }
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

fn json_request(method: &str, path: &str) -> axum::http::request::Builder {
    request(method, path).header("content-type", "application/json")
}

#[tokio::test]
async fn whatever_does_not_fit_is_a_problem() {
    let gateway = Gateway::new().await;
    let otp = || json_request("POST", "/v1/auth/otp");
    let large = format!("{{\"phone\":\"{}\"}}", "x".repeat(70_000));
    for (request, body, status, code) in [
        (request("GET", "/v1/nothing"), "", 404, "not_found"),
        (request("GET", "/"), "", 404, "not_found"),
        (request("GET", "/v1/me/../../etc/passwd"), "", 404, "not_found"),
        (request("DELETE", "/v1/auth/otp"), "", 405, "method_not_allowed"),
        (request("TRACE", "/healthz"), "", 405, "method_not_allowed"),
        (request("BREW", "/healthz"), "", 405, "method_not_allowed"),
        (request("OPTIONS", "/healthz"), "", 405, "method_not_allowed"),
        (request("POST", "/v1/auth/otp"), "{}", 415, "unsupported_media_type"),
        (
            request("POST", "/v1/auth/otp").header("content-type", "text/plain"),
            "{}",
            415,
            "unsupported_media_type",
        ),
        (request("POST", "/v1/auth/otp"), "", 422, "missing_field"),
        (otp(), "", 400, "invalid_json"),
        (otp(), "{\"phone\"", 400, "invalid_json"),
        (otp(), large.as_str(), 413, "payload_too_large"),
        (otp(), "{\"phone\":7,\"channel\":\"sms\"}", 422, "invalid_type"),
        (otp(), "{\"phone\":\"+221770001122\",\"channel\":\"dove\"}", 422, "invalid_value"),
        (otp(), "{\"phone\":\"+221770001122\",\"channel\":\"sms\",\"x\":1}", 422, "unknown_field"),
        (otp(), "{\"phone\":\"+221770001122\",\"phone\":\"\",\"channel\":\"sms\"}", 422, "unknown_field"),
        (otp(), "{\"phone\":\"770001122\",\"channel\":\"sms\"}", 422, "invalid_phone"),
        (request("GET", "/v1/rates?from=XOF&to=XOF&to=XOF"), "", 422, "invalid_query"),
        (request("GET", "/v1/rates?from=XOF"), "", 422, "invalid_query"),
        (request("GET", "/v1/rates?from=XOF&to=xof"), "", 422, "invalid_currency"),
        (request("GET", "/v1/rates?from=XOF&to=GNF"), "", 404, "not_found"),
        (request("GET", "/docs/secret"), "", 404, "not_found"),
        (request("GET", "/docs/%ff"), "", 404, "not_found"),
        (request("GET", "/v1/me"), "", 401, "unauthenticated"),
        (request("GET", "/v1/me").header("authorization", "Basic YTpi"), "", 401, "unauthenticated"),
        (request("GET", "/v1/me").header("authorization", "Bearer x.y.z"), "", 401, "unauthenticated"),
        (request("DELETE", "/v1/me/sessions/nonsense"), "", 401, "unauthenticated"),
    ] {
        let asked = format!("{request:?}");
        let answer = gateway.send(request, body.to_owned()).await;
        assert_eq!(answer.problem(), (status, code), "{asked} {}", &body[..body.len().min(80)]);
    }
    let answer = gateway.send(request("DELETE", "/v1/auth/otp"), "").await;
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn a_problem_follows_the_language_and_the_code_does_not() {
    let gateway = Gateway::new().await;
    for (language, header, title) in
        [("fr-SN, en;q=0.5", "fr", "Introuvable"), ("en", "en", "Not found"), ("wo", "en", "Not found")]
    {
        let answer = gateway.send(request("GET", "/nowhere").header("accept-language", language), "").await;
        assert_eq!(answer.problem(), (404, "not_found"));
        assert_eq!((answer.header("content-language"), &answer.body["title"]), (header, &Value::from(title)));
    }
}

#[tokio::test]
async fn a_request_keeps_its_name_or_gets_one() {
    let gateway = Gateway::new().await;
    let named = |name: &str| request("GET", "/healthz").header("x-request-id", name.to_owned());
    assert_eq!(gateway.send(named("till-7.42"), "").await.header("x-request-id"), "till-7.42");
    for odd in ["a b", "<script>", &"x".repeat(200)] {
        let answer = gateway.send(named(odd), "").await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{odd}");
    }
    let twice = named("one").header("x-request-id", "two");
    assert_eq!(gateway.send(twice, "").await.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn other_names_are_not_answered_for() {
    let gateway = Gateway::with(&[("allowed_hosts", "pay.example.com")]).await;
    for good in ["pay.example.com", "PAY.example.com:443", "localhost:8080", "127.0.0.1", "[::1]:8080"] {
        let answer = gateway.send(request("GET", "/healthz").header("host", good), "").await;
        assert_eq!(answer.status, 200, "{good}");
    }
    for bad in [
        "evil.example",
        "pay.example.com.evil.example",
        "pay.example.com@evil.example",
        "",
        "pay.example.com,evil",
    ] {
        let answer = gateway.send(request("GET", "/v1/rails").header("host", bad), "").await;
        assert_eq!(answer.problem(), (400, "host_not_allowed"), "{bad}");
    }
    let twice = request("GET", "/healthz").header("host", "localhost").header("host", "evil.example");
    assert_eq!(gateway.send(twice, "").await.problem(), (400, "host_not_allowed"));
    let absolute = request("GET", "http://evil.example/healthz").header("host", "localhost");
    assert_eq!(gateway.send(absolute, "").await.problem(), (400, "host_not_allowed"));
    let hint = gateway.send(request("GET", "/healthz").header("host", "evil.example"), "").await;
    let detail = hint.body["detail"].as_str().unwrap();
    assert!(detail.contains("evil.example") && detail.contains("allowed_hosts"), "{detail}");
}

#[tokio::test]
async fn only_configured_origins_may_call_from_a_browser() {
    let preflight = |origin: &str| {
        request("OPTIONS", "/v1/me")
            .header("origin", origin.to_owned())
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "idempotency-key,authorization")
    };
    let closed = Gateway::new().await;
    let answer = closed.send(preflight("https://app.example.com"), "").await;
    assert_eq!(answer.problem(), (405, "method_not_allowed"));
    assert_eq!(answer.header("access-control-allow-origin"), "");

    let open = Gateway::with(&[("cors.allowed_origins", "https://app.example.com")]).await;
    let answer = open.send(preflight("https://app.example.com"), "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com");
    assert!(answer.header("access-control-allow-headers").contains("idempotency-key"));
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    for other in
        ["https://evil.example", "null", "https://app.example.com.evil.example", "http://app.example.com"]
    {
        let answer = open.send(preflight(other), "").await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{other}");
    }
}

#[tokio::test]
async fn every_answer_of_every_route_is_guarded() {
    let gateway = Gateway::new().await;
    for (method, path, access) in permissions::TABLE {
        let answer = gateway.send(request(method, &path.replace(['{', '}'], "x")), "").await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{method} {path}");
        }
        let policy = answer.header("content-security-policy");
        let scripts = policy.replace("style-src 'unsafe-inline'", "");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{method} {path}: {policy}"
        );
        assert!(!scripts.contains("unsafe"), "{method} {path}: {policy}");
        assert!(!answer.header("cache-control").is_empty() && !answer.header("x-request-id").is_empty());
        assert!(answer.headers.get("server").is_none(), "nobody needs to know our version");
        assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.text);
        let refused = answer.status == StatusCode::UNAUTHORIZED && answer.body["code"] == "unauthenticated";
        assert!(refused || *access == Access::Open, "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_sender_who_had_enough_is_told_when_to_come_back() {
    let gateway = Gateway::with(&[("limits.auth_requests_per_minute", "3")]).await;
    let ask = || request("POST", "/v1/auth/refresh");
    for left in ["2", "1", "0"] {
        let answer = gateway.send(ask(), "").await;
        assert_eq!(answer.problem(), (422, "missing_field"));
        assert_eq!(answer.header("ratelimit-policy"), "\"auth\";q=3;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"auth\";r={left};t=")), "{left}");
    }
    let answer = gateway.send(ask(), "").await;
    assert_eq!(answer.problem(), (429, "rate_limited"));
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(answer.body["retry"], "later");
    assert_eq!(
        gateway.send(request("GET", "/v1/rails"), "").await.status,
        200,
        "other routes are counted apart"
    );
    let elsewhere = ask().header("x-forwarded-for", "203.0.113.7");
    assert_eq!(gateway.send(elsewhere, "").await.status, 429, "an address cannot be made up");
}

#[tokio::test]
async fn too_many_at_once_are_turned_away_and_long_polls_do_not_count() {
    let gateway = Gateway::with(&[("limits.in_flight", "1")]).await;
    let limits = Limits::new(&gateway.app.config);
    let slow = Router::new()
        .route("/slow", get(std::future::pending::<()>))
        .route("/fast", get(|| async { "done" }))
        .layer(from_fn_with_state(limits, limits::shed))
        .layer(from_fn_with_state(gateway.app.clone(), context::around));
    let stuck = |path: &'static str| {
        let router = slow.clone();
        tokio::spawn(async move { router.oneshot(request("GET", path).body(Body::empty()).unwrap()).await })
    };
    let poll = stuck("/slow?wait=25");
    tokio::task::yield_now().await;
    assert_eq!(gateway.send_to(&slow, request("GET", "/fast"), "").await.text, "done");
    let work = stuck("/slow");
    tokio::task::yield_now().await;
    let shed = gateway.send_to(&slow, request("GET", "/fast"), "").await;
    assert_eq!((shed.problem(), shed.header("retry-after")), ((503, "overloaded"), "1"));
    work.abort();
    let _ = work.await;
    assert_eq!(
        gateway.send_to(&slow, request("GET", "/fast"), "").await.text,
        "done",
        "the place is free again"
    );
    poll.abort();
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let gateway = Gateway::new().await;
    let slow = Router::new()
        .route("/slow", get(std::future::pending::<()>))
        .layer(from_fn_with_state(Duration::from_millis(5), limits::deadline))
        .layer(from_fn_with_state(gateway.app.clone(), context::around));
    let answer = gateway.send_to(&slow, request("GET", "/slow"), "").await;
    assert_eq!(
        (answer.problem(), &answer.body["retry"]),
        ((503, "request_timeout"), &Value::from("same_key"))
    );
}

#[tokio::test]
async fn a_panic_is_a_fault_of_ours_and_says_nothing() {
    async fn broken() -> StatusCode {
        panic!("secret +221770001122");
    }
    let gateway = Gateway::new().await;
    let router = Router::new()
        .route("/broken", get(broken))
        .layer(from_fn(catch_panics))
        .layer(from_fn_with_state(gateway.app.clone(), context::around));
    let answer = gateway.send_to(&router, request("GET", "/broken"), "").await;
    assert_eq!(answer.problem(), (500, "internal_error"));
    assert!(!answer.text.contains("221"));
}

#[tokio::test]
async fn a_route_that_is_not_in_the_table_is_closed() {
    let gateway = Gateway::new().await;
    let router = Router::new()
        .route("/forgotten", post(|| async { "open" }))
        .route_layer(from_fn_with_state(gateway.app.clone(), gate::pass))
        .layer(from_fn_with_state(gateway.app.clone(), context::around));
    let answer = gateway.send_to(&router, request("POST", "/forgotten"), "").await;
    assert_eq!(answer.problem(), (403, "forbidden"));
}

#[tokio::test]
async fn refusals_of_libraries_become_problems() {
    let gateway = Gateway::new().await;
    let router = Router::new()
        .route("/text", get(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "length limit exceeded") }))
        .route("/json", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, axum::Json("ours")) }))
        .route("/missing", get(|_: axum::Extension<u8>| async {}))
        .layer(from_fn_with_state(gateway.app.clone(), context::around));
    let send = |path| gateway.send_to(&router, request("GET", path), "");
    assert_eq!(send("/text").await.problem(), (413, "payload_too_large"));
    assert_eq!(send("/missing").await.problem(), (500, "internal_error"));
    assert_eq!(send("/json").await.body, "ours");
}

#[tokio::test]
async fn a_command_needs_a_caller_then_a_key_then_a_body() {
    let gateway = Gateway::new().await;
    let router = Router::new()
        .route("/do", post(async |_: Command<extract::Empty>| "done"))
        .with_state(gateway.app.clone())
        .layer(from_fn_with_state(gateway.app.clone(), context::around));
    let answer = gateway.send_to(&router, request("POST", "/do").header("idempotency-key", "k"), "").await;
    assert_eq!(answer.problem(), (401, "unauthenticated"));
    let caller = crate::services::Caller {
        user: domain::UserId::from_uuid(uuid::Uuid::from_u128(1)),
        roles: crate::services::Role::Customer.into(),
        session: domain::SessionId::from_uuid(uuid::Uuid::from_u128(2)),
        second_factor_at: None,
        language: crate::services::Language::Fr,
        phone_changed_at: None,
    };
    let router = router.layer(axum::Extension(caller));
    for (key, body, expected) in [
        (None, "", (400, "idempotency_key_missing")),
        (Some(""), "", (400, "idempotency_key_invalid")),
        (Some("a b"), "", (400, "idempotency_key_invalid")),
        (Some("k"), "{\"x\":1}", (422, "unknown_field")),
        (Some("k"), "{", (400, "invalid_json")),
    ] {
        let mut request = request("POST", "/do");
        request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
        request = key.map_or(request, |key| {
            Request::builder().method("POST").uri("/do").header("idempotency-key", key)
        });
        request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
        assert_eq!(gateway.send_to(&router, request, body).await.problem(), expected, "{key:?} {body}");
    }
    let done = gateway.send_to(&router, request("POST", "/do").header("idempotency-key", "k"), "").await;
    assert_eq!(done.text, "done");
}

#[tokio::test]
async fn a_full_disk_stops_writing_and_not_reading() {
    let gateway = Gateway::with(&[("limits.disk_reserve_mb", "1000000000")]).await;
    let answer = gateway.send(json_request("POST", "/v1/auth/otp"), "{}").await;
    assert_eq!(answer.problem(), (503, "unavailable"));
    assert_eq!(gateway.send(request("GET", "/v1/rails"), "").await.status, 200);
    let ready = gateway.send(request("GET", "/readyz"), "").await;
    assert_eq!((ready.status.as_u16(), &ready.body["reasons"]), (503, &serde_json::json!(["disk_low"])));
    assert_eq!(gateway.send(request("GET", "/healthz"), "").await.status, 200);
}

#[tokio::test]
async fn what_is_offered_is_what_is_configured() {
    let gateway = Gateway::new().await;
    assert_eq!(gateway.send(request("GET", "/readyz"), "").await.body["status"], "ready");
    let rails = gateway.send(request("GET", "/v1/rails"), "").await.body;
    let wave = rails["data"].as_array().unwrap().iter().find(|rail| rail["rail"] == "wave").unwrap();
    assert_eq!(
        (&wave["countries"], &wave["currencies"]),
        (&serde_json::json!(["CI", "SN"]), &serde_json::json!(["XOF"]))
    );
    assert_eq!((&wave["refund"], &wave["health"]), (&Value::from("full"), &Value::from("operational")));
    let corridors = gateway.send(request("GET", "/v1/corridors"), "").await.body;
    assert_eq!(corridors["data"].as_array().unwrap().len(), gateway.app.config.corridors.len());
    assert_eq!(corridors["data"][0]["min"], serde_json::json!({ "amount": "100", "currency": "XOF" }));
    let rate = gateway.send(request("GET", "/v1/rates?from=XOF&to=XOF"), "").await.body;
    assert_eq!((&rate["rate"], &rate["inverse"]), (&Value::from("1"), &Value::from("1")));
    assert!(rate["as_of"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn the_page_needs_no_internet() {
    let gateway = Gateway::new().await;
    let page = gateway.send(request("GET", "/docs"), "").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    for (path, kind) in [("/docs/page.js", "text/javascript"), ("/docs/page.css", "text/css")] {
        assert!(page.text.contains(path));
        let asset = gateway.send(request("GET", path), "").await;
        assert!(asset.status == 200 && asset.header("content-type").starts_with(kind), "{path}");
        assert!(!asset.text.contains("http://") && !asset.text.contains("https://"), "{path}");
        assert!(!asset.text.contains("innerHTML"), "{path}");
    }
    assert!(
        !page.text.contains("http://") && !page.text.contains("https://") && !page.text.contains("style=")
    );
    let document = gateway.send(request("GET", "/openapi.json"), "").await;
    assert!(document.body["openapi"].as_str().unwrap().starts_with("3.1"));
}

/// Nonsense at every address: an answer that is no fault of ours, and never a panic.
#[tokio::test]
async fn random_requests_are_answered() {
    let gateway =
        Gateway::with(&[("limits.burst", "1000000"), ("limits.auth_requests_per_minute", "1000000")]).await;
    let seed = 20_261_120;
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..40 {
        for (method, path, _) in permissions::TABLE {
            let request = nonsense(&mut random, method, path);
            let asked = format!("seed {seed}, round {round}: {method} {path}");
            let body: Vec<u8> = match random.random_range(0..3) {
                0 => (0..random.random_range(0..200)).map(|_| random.random()).collect(),
                1 => odd_json(&mut random, 0).to_string().into_bytes(),
                _ => Vec::new(),
            };
            let answer = gateway.send(request, body).await;
            assert!(answer.status.as_u16() < 500, "{asked}: {}", answer.text);
            if answer.status.is_client_error() {
                answer.problem();
            }
        }
    }
}

fn nonsense(random: &mut StdRng, method: &str, path: &str) -> axum::http::request::Builder {
    let mut word = |length| -> String { (0..length).map(|_| random.random_range('!'..='~')).collect() };
    let encoded: String = url::form_urlencoded::byte_serialize(word(12).as_bytes()).collect();
    let path: String = path
        .split('/')
        .map(|part| if part.starts_with('{') { encoded.as_str() } else { part })
        .collect::<Vec<_>>()
        .join("/");
    let query: String = url::form_urlencoded::byte_serialize(word(9).as_bytes()).collect();
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Request::builder().method(method).uri(format!("{path}?limit={query}&cursor={encoded}"));
    let request = request.header("authorization", format!("Bearer {}", word(40)));
    let request = request.header("accept-language", word(20)).header("idempotency-key", word(8));
    let request = request.header("traceparent", word(55)).header("x-forwarded-for", word(10));
    if random.random() { request.header("content-type", "application/json") } else { request }
}

fn odd_json(random: &mut StdRng, depth: u32) -> Value {
    let names = [
        "phone",
        "channel",
        "code",
        "challenge_id",
        "refresh_token",
        "amount",
        "set",
        "name",
        "",
        "\u{0}",
        "é",
    ];
    match random.random_range(0..if depth > 4 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => Value::from(random.random::<bool>()),
        2 => Value::from(random.random::<i64>()),
        3 => Value::from("+221770001122"),
        4 => {
            Value::from((0..random.random_range(0..30)).map(|_| random.random::<char>()).collect::<String>())
        }
        5 => Value::Array((0..random.random_range(0..4)).map(|_| odd_json(random, depth + 1)).collect()),
        _ => {
            let field = |random: &mut StdRng| {
                let name = names[random.random_range(0..names.len())].to_owned();
                (name, odd_json(random, depth + 1))
            };
            Value::Object((0..random.random_range(0..5)).map(|_| field(random)).collect())
        }
    }
}

#[tokio::test]
async fn slow_talkers_do_not_keep_others_out() {
    let gateway = Gateway::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let served = tokio::spawn(serve(gateway.app.clone(), listener, stop.clone()));
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /healthz HT").await.unwrap();
        slow.push(stream);
    }
    let url = format!("http://{address}/healthz");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), client.get(url).send()).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    drop((slow, client));
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), served).await.unwrap().unwrap().unwrap();
}
