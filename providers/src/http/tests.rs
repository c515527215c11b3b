//! The runner against real sockets on loopback: what was seen, and what cannot have been.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::{HeaderMap, StatusCode};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::{any, get, post};
use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use domain::{Country, Currency, Money, Msisdn, Rail, Reference, Wallet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{CallSettings, HttpClient, HttpProvider, RESPONSE_LIMIT};
use crate::{
    Disburse, Inquire, Operation, Outcome, Payee, Provider, ProviderError, ProviderRef, Refund, Wave,
    WaveConfig, WebhookAuth,
};

const NOW: &str = "2026-11-20T10:05:00Z";

pub(super) fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

pub(super) fn wave(base_url: &str, settings: CallSettings) -> HttpProvider<Wave> {
    let config = WaveConfig {
        base_url: base_url.to_owned(),
        api_key: "wave_sn_prod_secret".into(),
        signing_secret: None,
        webhook: WebhookAuth { signing: vec!["whs".into()], shared: vec![] },
        wallet: Wallet::parse("sn").unwrap(),
        country: Country::SN,
        currency: Currency::XOF,
        aggregated_merchant_id: None,
        min: None,
        max: None,
        settling_time: Duration::from_secs(120),
    };
    let client = HttpClient::new(Duration::from_secs(2)).unwrap();
    HttpProvider::new(Wave::new(config).unwrap(), client, Arc::new(now), settings)
}

pub(super) fn patient() -> CallSettings {
    let deadline = Duration::from_secs(5);
    CallSettings { effect_deadline: deadline, inquiry_deadline: deadline, ..CallSettings::default() }
}

fn hasty() -> CallSettings {
    let deadline = Duration::from_millis(150);
    CallSettings { max_in_flight: 1, effect_deadline: deadline, inquiry_deadline: deadline }
}

fn reference() -> Reference {
    "6f9619ff-8b86-4d01-b42d-00cf4fc964ff".parse().unwrap()
}

fn payout() -> Operation {
    Operation::Disburse(Disburse {
        reference: reference(),
        amount: Money::new(15_000, Currency::XOF),
        payee: Payee::Phone(Msisdn::parse("+221770003344").unwrap()),
        name: Some("Awa Exemple".to_owned()),
        reason: None,
        callback_url: None,
    })
}

fn paid() -> serde_json::Value {
    serde_json::json!({
        "id": "pt-1", "currency": "XOF", "receive_amount": "15000", "fee": "150",
        "client_reference": reference().to_string(), "status": "succeeded",
    })
}

/// Serves `router` on a free port for as long as the test lives.
pub(super) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// Answers every connection by hand, after its request was read.
async fn raw<F, A>(answer: F) -> String
where
    F: Fn(TcpStream) -> A + Send + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            tokio::spawn(answer(stream));
        }
    });
    format!("http://{address}")
}

async fn pay(base_url: &str) -> Result<Outcome, ProviderError> {
    wave(base_url, patient()).call(&payout()).await
}

fn is_not_sent(answer: &Result<Outcome, ProviderError>) -> bool {
    matches!(answer, Err(ProviderError::NotSent { .. }))
}

fn is_uncertain(answer: &Result<Outcome, ProviderError>) -> bool {
    matches!(answer, Err(ProviderError::Uncertain { .. }))
}

#[tokio::test]
async fn the_bytes_that_the_adapter_wrote_are_the_bytes_that_travel() {
    type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;
    let seen = Seen::default();
    let handler = |State(seen): State<Seen>, headers: HeaderMap, body: Bytes| async move {
        seen.lock().unwrap().push((headers, body));
        axum::Json(paid())
    };
    let base_url = serve(Router::new().route("/v1/payout", post(handler)).with_state(seen.clone())).await;
    let answer = pay(&base_url).await.unwrap();
    assert_eq!(
        answer,
        Outcome::Succeeded {
            provider_ref: ProviderRef("pt-1".into()),
            amount: Money::new(15_000, Currency::XOF),
            fee: Some(Money::new(150, Currency::XOF)),
            at: None,
            transaction: None,
            mandate: None,
        }
    );
    let seen = seen.lock().unwrap();
    let [(headers, body)] = seen.as_slice() else { panic!("sent {} times", seen.len()) };
    assert_eq!(headers["idempotency-key"], reference().to_string().as_str());
    assert_eq!(headers["authorization"], "Bearer wave_sn_prod_secret");
    assert_eq!(headers["content-type"], "application/json");
    assert!(body.starts_with(br#"{"currency":"XOF","receive_amount":"15000","mobile":"+221770003344""#));
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    drop(listener);
    let answer = pay(&format!("http://{address}")).await;
    assert!(is_not_sent(&answer), "{answer:?}");
}

#[tokio::test]
async fn an_unknown_name_is_not_sent() {
    let answer = pay("http://no-such-host.invalid").await;
    assert!(is_not_sent(&answer), "{answer:?}");
}

#[tokio::test]
async fn a_failed_handshake_is_not_sent() {
    let base_url = raw(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let answer = pay(&base_url.replace("http://", "https://")).await;
    assert!(is_not_sent(&answer), "{answer:?}");
}

#[tokio::test]
async fn a_connection_closed_after_the_request_is_uncertain() {
    let base_url = raw(async |stream: TcpStream| drop(stream)).await;
    let answer = pay(&base_url).await;
    assert!(is_uncertain(&answer), "{answer:?}");
}

#[tokio::test]
async fn an_answer_cut_short_is_uncertain() {
    let base_url = raw(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":").await;
    })
    .await;
    let answer = pay(&base_url).await;
    assert!(is_uncertain(&answer), "{answer:?}");
}

#[tokio::test]
async fn what_is_not_http_is_uncertain() {
    let base_url = raw(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await;
    })
    .await;
    let answer = pay(&base_url).await;
    assert!(is_uncertain(&answer), "{answer:?}");
}

#[tokio::test]
async fn a_silent_provider_is_uncertain_within_the_deadline() {
    let base_url = raw(async |stream: TcpStream| {
        let _kept_open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let answer = wave(&base_url, hasty()).call(&payout()).await;
    assert!(is_uncertain(&answer), "{answer:?}");
}

#[tokio::test]
async fn a_body_that_drips_is_uncertain_within_the_deadline() {
    let base_url = raw(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{").await;
        std::future::pending::<()>().await;
    })
    .await;
    let answer = wave(&base_url, hasty()).call(&payout()).await;
    assert!(is_uncertain(&answer), "{answer:?}");
}

#[tokio::test]
async fn statuses_and_pages_of_somebody_in_between_are_uncertain() {
    let page = || Html("<html>maintenance</html>");
    let table = [
        (StatusCode::OK, page().into_response()),
        (StatusCode::ACCEPTED, page().into_response()),
        (StatusCode::BAD_GATEWAY, page().into_response()),
        (StatusCode::INTERNAL_SERVER_ERROR, ().into_response()),
        (StatusCode::GATEWAY_TIMEOUT, ().into_response()),
        (StatusCode::NO_CONTENT, ().into_response()),
    ];
    for (status, mut response) in table {
        *response.status_mut() = status;
        let kept = Arc::new(Mutex::new(Some(response)));
        let base_url = serve(
            Router::new()
                .fallback(any(move || async move { kept.lock().unwrap().take().unwrap_or_default() })),
        )
        .await;
        let answer = pay(&base_url).await;
        assert!(is_uncertain(&answer), "{status}: {answer:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let followed = Arc::new(AtomicUsize::new(0));
    let counter = followed.clone();
    let elsewhere = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        async { axum::Json(paid()) }
    };
    for redirect in
        [Redirect::temporary("/elsewhere"), Redirect::permanent("/elsewhere"), Redirect::to("/elsewhere")]
    {
        let router = Router::new()
            .route("/v1/payout", post(move || async move { redirect }))
            .route("/elsewhere", any(elsewhere.clone()));
        let answer = pay(&serve(router).await).await;
        assert!(is_uncertain(&answer), "{answer:?}");
    }
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let announced = serve(Router::new().fallback(any(async || vec![b' '; RESPONSE_LIMIT + 1]))).await;
    assert_too_long(pay(&announced).await);
    let unannounced = raw(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
        while stream.write_all(&[b' '; 65_536]).await.is_ok() {}
    })
    .await;
    assert_too_long(pay(&unannounced).await);
}

fn assert_too_long(answer: Result<Outcome, ProviderError>) {
    let expected = format!("status 200 OK with a body of more than {RESPONSE_LIMIT} bytes");
    assert_eq!(answer, Err(ProviderError::uncertain(expected)));
}

#[tokio::test]
async fn an_answer_of_exactly_the_limit_is_read() {
    let mut body = paid().to_string().into_bytes();
    body.resize(RESPONSE_LIMIT, b' ');
    let base_url = serve(Router::new().fallback(any(move || async move { body }))).await;
    assert!(matches!(pay(&base_url).await, Ok(Outcome::Succeeded { .. })));
}

#[tokio::test]
async fn an_effect_is_put_once_whatever_the_answer() {
    for status in [200, 408, 429, 500, 503] {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let handler = move || {
            counter.fetch_add(1, Ordering::SeqCst);
            async move { StatusCode::from_u16(status).unwrap() }
        };
        let base_url = serve(Router::new().fallback(any(handler))).await;
        assert!(pay(&base_url).await.is_err());
        assert_eq!(calls.load(Ordering::SeqCst), 1, "{status}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_never_called_a_refusal() {
    let base_url = raw(async |mut stream: TcpStream| {
        let body = paid().to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(head.as_bytes()).await;
    })
    .await;
    let provider = wave(&base_url, patient());
    for _ in 0..20 {
        let answer = provider.call(&payout()).await;
        assert!(matches!(answer, Ok(Outcome::Succeeded { .. })) || is_uncertain(&answer), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_not_declared_is_never_sent() {
    let base_url = serve(Router::new().fallback(any(async || -> StatusCode { panic!("called") }))).await;
    let provider = wave(&base_url, patient());
    let part = Operation::Refund(Refund {
        reference: reference(),
        original: reference(),
        original_ref: ProviderRef("cos-1".into()),
        amount: Money::new(100, Currency::XOF),
        whole: false,
        rail: Rail::Wave,
        payer: None,
        callback_url: None,
    });
    let euros = Operation::Disburse(Disburse {
        reference: reference(),
        amount: Money::new(100, Currency::EUR),
        payee: Payee::Phone(Msisdn::parse("+221770003344").unwrap()),
        name: None,
        reason: None,
        callback_url: None,
    });
    for operation in [part, euros] {
        let answer = provider.call(&operation).await;
        assert!(matches!(answer, Err(ProviderError::Misconfigured { .. })), "{answer:?}");
    }
}

#[tokio::test]
async fn a_dead_provider_holds_its_own_slots_only() {
    let dead = raw(async |stream: TcpStream| {
        let _kept_open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let alive = serve(Router::new().fallback(any(async || axum::Json(paid())))).await;
    let stuck = Arc::new(wave(&dead, CallSettings { max_in_flight: 1, ..patient() }));
    let holder = tokio::spawn({
        let stuck = stuck.clone();
        async move { stuck.call(&payout()).await }
    });
    while stuck.slots.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let late = wave(&dead, hasty());
    let _only_slot = late.slots.acquire().await.unwrap();
    let answer = late.call(&payout()).await;
    assert!(is_not_sent(&answer), "{answer:?}");
    assert!(matches!(pay(&alive).await, Ok(Outcome::Succeeded { .. })), "another wallet does not wait");
    holder.abort();
}

/// A statement of two days with two pages each; the refund is on the very last page.
async fn statement(Query(query): Query<std::collections::HashMap<String, String>>) -> impl IntoResponse {
    let (date, after) = (query["date"].as_str(), query.get("after").map(String::as_str));
    let refund = serde_json::json!({
        "timestamp": "2026-11-20T10:01:00Z", "transaction_id": "T_R", "transaction_type": "api_checkout_refund",
        "amount": "-12375", "fee": "-125", "currency": "XOF", "is_reversal": true, "checkout_api_session_id": "cos-1",
    });
    let items = if (date, after) == ("2026-11-20", Some("c")) { vec![refund] } else { vec![] };
    let cursor = after.is_none().then_some("c");
    axum::Json(serde_json::json!({
        "page_info": {"start_cursor": null, "end_cursor": cursor, "has_next_page": after.is_none()},
        "date": date, "items": items,
    }))
}

fn ask_for_refund(original: &str, since: &str) -> Operation {
    Operation::Inquire(Inquire {
        reference: reference(),
        kind: MovementKind::Refund,
        provider_ref: None,
        amount: Money::new(12_500, Currency::XOF),
        original: Some(ProviderRef(original.into())),
        since: since.parse().unwrap(),
        rail: Rail::Wave,
        customer: None,
    })
}

#[tokio::test]
async fn an_inquiry_reads_the_statement_to_its_end() {
    let base_url = serve(Router::new().route("/v1/transactions", get(statement))).await;
    let provider = wave(&base_url, patient());
    let found = provider.call(&ask_for_refund("cos-1", "2026-11-19T12:00:00Z")).await;
    assert!(matches!(found, Ok(Outcome::Succeeded { .. })), "{found:?}");
    let absent = provider.call(&ask_for_refund("cos-2", "2026-11-19T12:00:00Z")).await;
    assert_eq!(absent, Ok(Outcome::NotFound));
    let too_far = provider.call(&ask_for_refund("cos-2", "2026-09-01T12:00:00Z")).await;
    assert!(is_uncertain(&too_far), "an unread rest is no absence: {too_far:?}");
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_call_leaves_one_line_without_secrets_or_people() {
    let base_url = serve(Router::new().fallback(any(async || axum::Json(paid())))).await;
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .with_max_level(tracing::Level::INFO)
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    pay(&base_url).await.unwrap();
    drop(guard);
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("provider call")).collect();
    let [line] = lines.as_slice() else { panic!("{log}") };
    for part in [
        r#""call.provider":"wave""#,
        r#""call.wallet":"sn""#,
        r#""call.operation":"disburse""#,
        r#""call.outcome":"succeeded""#,
        r#""call.status":200"#,
        r#""call.duration_ms":"#,
        r#""movement.reference":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff""#,
    ] {
        assert!(line.contains(part), "{part} not in {line}");
    }
    for secret in ["wave_sn_prod_secret", "Awa", "770003344", "receive_amount"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn errors_do_not_repeat_the_url() {
    let answer = pay("http://no-such-host.invalid").await;
    let Err(error) = answer else { panic!() };
    assert!(!error.to_string().contains("/v1/payout"), "{error}");
}

/// Keeps the labels of every measurement.
#[derive(Clone, Default)]
struct Measured(Arc<Mutex<Vec<String>>>);

struct Sample(Measured, String);

impl metrics::HistogramFn for Sample {
    fn record(&self, _seconds: f64) {
        self.0.0.lock().unwrap().push(self.1.clone());
    }
}

impl metrics::Recorder for Measured {
    fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}

    fn register_counter(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        metrics::Counter::noop()
    }

    fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }

    fn register_histogram(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{} {}", key.name(), labels.join(" "));
        metrics::Histogram::from_arc(Arc::new(Sample(self.clone(), name)))
    }
}

#[tokio::test]
async fn a_call_leaves_one_measurement() {
    let measured = Measured::default();
    let _guard = metrics::set_default_local_recorder(&measured);
    let base_url = raw(async |stream: TcpStream| drop(stream)).await;
    assert!(pay(&base_url).await.is_err());
    let expected = "provider_call_duration_seconds provider=wave operation=disburse outcome=uncertain";
    assert_eq!(measured.0.lock().unwrap().as_slice(), [expected]);
}
