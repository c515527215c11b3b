//! What is known of a request before anybody looks at it, and what every answer carries.
//!
//! The outermost layer: it names the request (its own `X-Request-Id`, or the client's), opens the span that a
//! `traceparent` continues, writes problems in the language that was asked for, adds the headers that no answer goes
//! without, and leaves one line in the log. Neither bodies nor tokens nor paths with secrets in them are logged:
//! a route is named by its template.
//!
//! Deliberately absent: refusing anything.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::UserId;
use ipnet::IpNet;
use tracing::Instrument;
use uuid::Uuid;

use super::problem::Problem;
use super::{headers, language};
use crate::app::App;
use crate::services::{Language, Visitor};

/// The name of a request, given back with its answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// Programs name themselves at length.
const LONGEST_AGENT: usize = 200;

/// Who is at the other end of the connection: the client, or a proxy in front of it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What handlers and layers may know of any request; a clone is the same request.
#[derive(Clone, Debug)]
pub struct RequestContext(Arc<Known>);

#[derive(Debug)]
struct Known {
    id: String,
    visitor: Visitor,
    user: OnceLock<UserId>,
}

impl RequestContext {
    /// The request's name.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its sender, who may not be signed in.
    pub fn visitor(&self) -> &Visitor {
        &self.0.visitor
    }

    /// The language to answer in.
    pub fn language(&self) -> Language {
        self.0.visitor.language.unwrap_or(Language::En)
    }

    /// Notes who turned out to have sent it, for the log.
    pub fn is_from(&self, user: UserId) {
        let _ = self.0.user.set(user);
    }

    fn of(app: &App, request: &Request) -> RequestContext {
        let headers = request.headers();
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
        let visitor = Visitor {
            address: peer.map(|peer| client_address(peer, headers, &app.config.trusted_proxies)),
            user_agent: text(headers, header::USER_AGENT)
                .map(|agent| agent.chars().take(LONGEST_AGENT).collect()),
            language: language::preferred(headers),
        };
        let id = text(headers, REQUEST_ID).filter(|id| is_request_id(id)).map(str::to_owned);
        let id = id.unwrap_or_else(|| app.ids.next().to_string());
        RequestContext(Arc::new(Known { id, visitor, user: OnceLock::new() }))
    }
}

/// Surrounds every request.
pub async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let since = Instant::now();
    let context = RequestContext::of(&app, &request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str).to_owned();
    let trace = text(request.headers(), TRACE_PARENT).and_then(Trace::parse).unwrap_or_else(Trace::fresh);
    let span = tracing::info_span!(
        "request",
        request.id = context.id(),
        trace.id = trace.id,
        trace.parent = trace.parent
    );
    request.extensions_mut().insert(context.clone());
    async move {
        let response = next.run(request).await;
        let response = finish(&app, &context, &method, response);
        log(&context, &method, &route, response.status(), since);
        response
    }
    .instrument(span)
    .await
}

fn finish(app: &App, context: &RequestContext, method: &Method, mut response: Response) -> Response {
    if let Some(problem) = problem_of(method, &mut response) {
        response = problem.render(response, context.language(), context.id());
    }
    if let Ok(id) = HeaderValue::from_str(context.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    headers::secure(app, response.headers_mut());
    response
}

/// The problem that a handler left, or the one that a bare refusal of a library amounts to.
fn problem_of(method: &Method, response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_refusal = status.is_client_error() || status.is_server_error();
    if !is_refusal || kind.is_some_and(|kind| kind.starts_with("application/")) {
        return None;
    }
    Some(Problem::of_status(status).with("method", method))
}

fn log(context: &RequestContext, method: &Method, route: &str, status: StatusCode, since: Instant) {
    let elapsed = since.elapsed();
    let labels = [
        ("method", known_method(method).to_owned()),
        ("route", route.to_owned()),
        ("status", status.as_u16().to_string()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        http.method = known_method(method),
        http.route = route,
        http.status = status.as_u16(),
        http.duration_ms = duration_ms,
        client.address = context.visitor().address.map(tracing::field::display),
        user.id = context.0.user.get().map(tracing::field::display),
        "answered"
    );
}

/// Methods are made up as easily as anything else: one that HTTP does not know is not repeated.
fn known_method(method: &Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    }
}

/// The only header of this name, if it is text.
pub fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(only), None) => only.to_str().ok(),
        _ => None,
    }
}

fn is_request_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The nearest address that is not a proxy of ours, read from the connection towards the client.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_ours = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut nearest = peer;
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    for hop in lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.rsplit(',')) {
        if !is_ours(nearest) {
            return nearest;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => nearest = address.to_canonical(),
            Err(_) => return nearest,
        }
    }
    nearest
}

/// Where a request stands in somebody's trace (W3C Trace Context).
#[derive(Debug, PartialEq, Eq)]
struct Trace {
    id: String,
    parent: Option<String>,
}

impl Trace {
    fn parse(header: &str) -> Option<Trace> {
        let parts: Vec<&str> = header.split('-').collect();
        let [version, id, parent, flags, rest @ ..] = parts.as_slice() else { return None };
        let is_hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_set = |text: &str| text.bytes().any(|byte| byte != b'0');
        let is_version = is_hex(version, 2) && *version != "ff" && (*version != "00" || rest.is_empty());
        let is_sound =
            is_hex(id, 32) && is_set(id) && is_hex(parent, 16) && is_set(parent) && is_hex(flags, 2);
        (is_version && is_sound).then(|| Trace { id: (*id).to_owned(), parent: Some((*parent).to_owned()) })
    }

    fn fresh() -> Trace {
        Trace { id: Uuid::new_v4().simple().to_string(), parent: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (FORWARDED_FOR, HeaderValue::from_str(line).unwrap())).collect()
    }

    #[test]
    fn only_our_proxies_are_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for (peer, lines, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1, 10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1", "10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
            ("10.0.0.1", &["not an address"], "10.0.0.1"),
            ("10.0.0.1", &["6.6.6.6, garbage, 10.2.3.4"], "10.2.3.4"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ] {
            let found = client_address(peer.parse().unwrap(), &forwarded(lines), &trusted);
            assert_eq!(found.to_string(), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn a_request_id_is_plain_or_not_ours_to_repeat() {
        for good in ["a", "0193b2f0-7c1a-7000-8000-000000000001", "a.b_c-D", &"x".repeat(128)] {
            assert!(is_request_id(good), "{good}");
        }
        for bad in ["", "a b", "a\"b", "é", "a/b", "a\u{1b}[31m", &"x".repeat(129)] {
            assert!(!is_request_id(bad), "{bad}");
        }
    }

    #[test]
    fn traces_are_continued_when_they_are_sound() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = format!("00-{id}-00f067aa0ba902b7-01");
        let trace = Trace { id: id.into(), parent: Some("00f067aa0ba902b7".into()) };
        assert_eq!(Trace::parse(&good), Some(trace));
        assert!(Trace::parse(&format!("01-{id}-00f067aa0ba902b7-01-more")).is_some());
        for bad in [
            String::new(),
            format!("ff-{id}-00f067aa0ba902b7-01"),
            format!("{good}-more"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{id}-{}-01", "0".repeat(16)),
            format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
            format!("00-{id}-00f067aa0ba902b7"),
        ] {
            assert_eq!(Trace::parse(&bad), None, "{bad}");
        }
        assert_eq!(Trace::fresh().id.len(), 32);
    }
}
