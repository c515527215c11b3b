//! Nobody learns who has an account: neither by what is answered nor by what it costs.
//!
//! Clocks lie on busy machines, so the work itself is compared: every SQL statement that a request made, in order, with
//! the rows it read and changed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use store::testkit::on_each_database;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use super::gateway::TestGateway;
use super::{AWA, BINTA, other_than};

/// What each request asked of the database, by its `X-Request-Id`.
#[derive(Clone, Default)]
struct Work(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

struct RequestId(String);

/// Reads the fields of a span or an event.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Work {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(request), Some(span)) = (fields.0.remove("request.id"), context.span(id)) {
            span.extensions_mut().insert(RequestId(request));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let Some(scope) = context.event_scope(event) else { return };
        for span in scope {
            if let Some(RequestId(request)) = span.extensions().get::<RequestId>() {
                let mut fields = Fields::default();
                event.record(&mut fields);
                let of = |name: &str| fields.0.get(name).cloned().unwrap_or_default();
                let statement = format!("{} {}", of("summary"), of("db.statement"));
                let is_read = statement.starts_with("SELECT");
                let rows = if is_read { of("rows_returned") } else { of("rows_affected") };
                let line = format!("{rows} rows: {statement}");
                self.0.lock().unwrap().entry(request.clone()).or_default().push(line);
            }
        }
    }
}

impl Work {
    fn of(&self, request: &str) -> Vec<String> {
        self.0.lock().unwrap().get(request).cloned().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_and_unknown_numbers_cost_the_same_work() {
    let work = Work::default();
    tracing::subscriber::set_global_default(Registry::default().with(work.clone())).unwrap();
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let tag = format!("{:?}", db.engine());
        let known = gateway.sign_in(AWA).await;
        gateway.sign_in(BINTA).await;
        let staff = gateway.staff().await.remove(0).phone;
        let mut asked = Vec::new();
        for (who, phone) in [("known", AWA), ("unknown", "+221770004455"), ("staff", &staff)] {
            let request = format!("ask-{who}-{tag}");
            let body = json!({ "phone": phone, "channel": "sms" });
            let answer = gateway.named(&request, "/v1/auth/otp", None, body).await;
            assert_eq!(answer.status, 202);
            asked.push((who, request, answer.text("challenge_id")));
        }
        let alike = |what: &str, requests: &[String]| {
            let lists: Vec<Vec<String>> = requests.iter().map(|request| work.of(request)).collect();
            assert!(lists[0].len() >= 3, "{what} on {tag}: nothing was seen of its work: {:?}", lists[0]);
            for list in &lists[1..] {
                assert_eq!(list, &lists[0], "{what} on {tag}");
            }
        };
        alike("asking", &asked.iter().map(|(_, request, _)| request.clone()).collect::<Vec<_>>());

        let mut guesses = Vec::new();
        for (who, _, challenge) in &asked {
            let request = format!("guess-{who}-{tag}");
            let body = json!({ "challenge_id": challenge, "code": other_than("123456") });
            let answer = gateway.named(&request, "/v1/auth/otp/verify", None, body).await;
            assert_eq!(answer.status, 401, "{}", answer.body);
            guesses.push(request);
        }
        alike("guessing", &guesses);

        let mut changes = Vec::new();
        for (who, next) in [("taken", BINTA), ("free", "+2250700000088")] {
            let request = format!("change-{who}-{tag}");
            let token = Some(known.access.as_str());
            let answer = gateway.named(&request, "/v1/me/phone", token, json!({ "phone": next })).await;
            assert_eq!(answer.status, 202, "{}", answer.body);
            changes.push(request);
            gateway.advance(61).await;
        }
        alike("changing a number", &changes);
        gateway.stop().await;
    })
    .await;
}

impl TestGateway {
    /// Posts `body` under a name of the request.
    async fn named(
        &self,
        request: &str,
        path: &str,
        token: Option<&str>,
        body: Value,
    ) -> super::gateway::Answer {
        self.send_with(&[("x-request-id", request)], Method::POST, path, token, Some(body)).await
    }
}
