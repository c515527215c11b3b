//! How a refusal reads: RFC 9457, in the language that was asked for.
//!
//! A handler answers a [`Problem`] without knowing language or request id; the outermost layer writes the body, and
//! turns whatever else was refused without one into a problem too. `type` is `urn:moneybridge:problem:` and the
//! code: an identifier, not an address.
//!
//! Deliberately absent: texts of databases, providers and libraries.

use std::error::Error;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::{Operator, Rail};
use serde::Serialize;
use utoipa::ToSchema;

use super::codes::{self, Code};
use super::wire::instant;
use crate::services::numbers::NotOnRail;
use crate::services::texts::{detail, text};
use crate::services::{FieldError, Language, ServiceError};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What every `type` begins with.
pub const TYPE: &str = "urn:moneybridge:problem:";

/// A refusal on its way out.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    args: Vec<(&'static str, String)>,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    not_on_rail: Option<Box<NotOnRail>>,
    unavailable: Option<(Rail, Option<DateTime<Utc>>)>,
}

/// A problem as clients read it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// `urn:moneybridge:problem:` and the code: an identifier, not an address.
    #[schema(example = "urn:moneybridge:problem:invalid_phone")]
    r#type: String,
    /// What happened, in the language of `Accept-Language`.
    title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What to do about it, in the same language.
    detail: String,
    /// What programs branch on; never translated.
    #[schema(example = "invalid_phone")]
    code: &'static str,
    /// To be quoted when asking about it; also in `X-Request-Id`.
    request_id: String,
    /// `never`, `same_key`, `after_change` or `later`.
    #[schema(example = "after_change")]
    retry: &'static str,
    /// One for each field that is not right; absent where no field is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldErrorView>,
    /// Whose numbers the rail serves that was asked for; only with `number_not_on_rail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    rail: Option<ReachView>,
    /// By which rails the number can be ordered instead, best first; only with `number_not_on_rail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_rails: Option<Vec<&'static str>>,
    /// The rail that is down or paused; only with `rail_unavailable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "mtn_momo")]
    unavailable_rail: Option<&'static str>,
    /// When that rail is expected back; absent where a person decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// Whose numbers a rail serves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reach)]
pub struct ReachView {
    #[schema(example = "mtn_momo")]
    rail: &'static str,
    /// ISO 3166.
    #[schema(example = json!(["GN"]))]
    countries: Vec<String>,
    /// To whom their series were given; null: to any operator.
    #[schema(example = json!(["mtn", "areeba"]))]
    operators: Option<Vec<&'static str>>,
    /// Whether `"ported": true` beside the number would do, if that is so.
    if_ported: bool,
}

impl From<&NotOnRail> for ReachView {
    fn from(why: &NotOnRail) -> ReachView {
        ReachView {
            rail: why.rail.as_str(),
            countries: why.countries.iter().map(ToString::to_string).collect(),
            operators: operators(why.operators),
            if_ported: why.may_have_moved,
        }
    }
}

/// Their names; `None` for any.
pub fn operators(operators: &[Operator]) -> Option<Vec<&'static str>> {
    (!operators.is_empty()).then(|| operators.iter().map(|operator| operator.as_str()).collect())
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorView {
    /// A JSON pointer into the body; for a query parameter, a slash and its name.
    #[schema(example = "/phone")]
    pointer: String,
    /// What programs branch on.
    #[schema(example = "invalid_phone")]
    code: &'static str,
    /// What is expected there, in the language of `Accept-Language`.
    detail: String,
}

impl Problem {
    /// The problem of this code; see [`codes::CODES`].
    pub fn new(code: &str) -> Problem {
        Problem::of(codes::of(code))
    }

    /// What a bare status means.
    pub fn of_status(status: StatusCode) -> Problem {
        Problem::of(codes::of_status(status))
    }

    fn of(code: Code) -> Problem {
        Problem {
            code,
            args: Vec::new(),
            fields: Vec::new(),
            retry_after: None,
            not_on_rail: None,
            unavailable: None,
        }
    }

    /// One field that is not right.
    pub fn field(field: FieldError) -> Problem {
        ServiceError::Invalid(vec![field]).into()
    }

    /// Names something that the detail mentions.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Problem {
        self.args.push((name, value.to_string()));
        self
    }

    /// Says when to come back; whole seconds, at least one.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Problem {
        self.retry_after = Some(wait);
        self.with("seconds", whole_seconds(wait))
    }

    /// Names the rail that stands in the way, and until when.
    #[must_use]
    pub fn about_rail(mut self, rail: Rail, until: Option<DateTime<Utc>>) -> Problem {
        self.unavailable = Some((rail, until));
        self.with("rail", rail)
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.code.status
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        self.code.name
    }

    /// Where the fields are that are not right.
    #[cfg(test)]
    pub fn pointers(&self) -> Vec<&str> {
        self.fields.iter().map(|field| field.pointer.as_str()).collect()
    }

    /// It as an example, in English.
    pub fn sample(&self) -> ProblemView {
        self.view(Language::En, "0193b2f0-7c1a-7000-8000-000000000001")
    }

    /// Its body, where it stands inside another answer.
    pub fn bytes(&self, language: Language, request_id: &str) -> Vec<u8> {
        serde_json::to_vec(&self.view(language, request_id)).unwrap_or_default()
    }

    /// Writes it into `response`, whose other headers stay.
    pub fn render(&self, response: Response, language: Language, request_id: &str) -> Response {
        let body = self.bytes(language, request_id);
        let (mut parts, _) = response.into_parts();
        parts.status = self.code.status;
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        parts.headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.as_str()));
        if self.code.status == StatusCode::UNAUTHORIZED {
            parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after.or(self.default_wait()) {
            parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        Response::from_parts(parts, body.into())
    }

    /// What is refused for now says when to come back, even where nobody computed it.
    fn default_wait(&self) -> Option<Duration> {
        let passes =
            matches!(self.code.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        (passes || self.code.name == "idempotency_in_flight").then_some(Duration::from_secs(1))
    }

    fn view(&self, language: Language, request_id: &str) -> ProblemView {
        let explain = |field: &FieldError| detail(language, field.detail_key, &field.args);
        let detail = match self.fields.as_slice() {
            [] => detail(language, self.code.name, &self.args),
            [only] => explain(only),
            _ => detail(language, "validation_failed", &[]),
        };
        let error = |field: &FieldError| FieldErrorView {
            pointer: field.pointer.clone(),
            code: field.code,
            detail: explain(field),
        };
        ProblemView {
            r#type: format!("{TYPE}{}", self.code.name),
            title: text(language, self.code.name, &[]),
            status: self.code.status.as_u16(),
            detail,
            code: self.code.name,
            request_id: request_id.to_owned(),
            retry: self.code.retry.as_str(),
            errors: self.fields.iter().map(error).collect(),
            rail: self.not_on_rail.as_deref().map(ReachView::from),
            proposed_rails: self.not_on_rail.as_deref().map(|why| words(&why.proposed)),
            unavailable_rail: self.unavailable.map(|(rail, _)| rail.as_str()),
            until: self.unavailable.and_then(|(_, until)| until).map(instant),
        }
    }
}

/// The number, and what it says of the rail, in words and for programs.
fn not_on_rail(why: Box<NotOnRail>) -> Problem {
    let text = match (why.is_abroad, why.may_have_moved) {
        (true, _) => "number_not_on_rail_abroad",
        (false, true) => "number_not_on_rail_unless_ported",
        (false, false) => "number_not_on_rail",
    };
    let listed = |words: &[&str]| if words.is_empty() { "–".to_owned() } else { words.join(", ") };
    let countries: Vec<String> = why.countries.iter().map(ToString::to_string).collect();
    let field = FieldError::new(why.pointer, "number_not_on_rail")
        .explained_by(text)
        .with("rail", why.rail)
        .with("countries", countries.join(", "))
        .with("operators", listed(&operators(why.operators).unwrap_or_default()))
        .with("proposed", listed(&words(&why.proposed)));
    Problem { fields: vec![field], not_on_rail: Some(why), ..Problem::new("number_not_on_rail") }
}

fn words(rails: &[Rail]) -> Vec<&'static str> {
    rails.iter().map(|rail| rail.as_str()).collect()
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0).max(u64::from(wait.is_zero()))
}

impl From<ServiceError> for Problem {
    /// A fault of ours is told to the log here, once, with its causes.
    fn from(error: ServiceError) -> Problem {
        let code = error.code();
        match error {
            ServiceError::Internal(cause) => {
                tracing::error!(error = &*cause as &dyn Error, "internal error");
                Problem::new(code)
            }
            ServiceError::Invalid(fields) => Problem { fields, ..Problem::new(code) },
            ServiceError::NotOnRail(why) => not_on_rail(why),
            ServiceError::NotRefundable { why } => Problem::new(code).with("why", why),
            ServiceError::RateLimited { retry_after } => Problem::new(code).retry_after(retry_after),
            _ => Problem::new(code),
        }
    }
}

impl IntoResponse for Problem {
    /// A status and a note for the outermost layer, which writes the body.
    fn into_response(self) -> Response {
        let mut response = self.code.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    async fn body(problem: &Problem, language: Language) -> (StatusCode, axum::http::HeaderMap, Value) {
        let response = problem.render(Response::default(), language, "req-1");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_problem_reads_as_the_contract_says() {
        let field = FieldError::new("/payee/nmae", "unknown_field").with("field", "nmae");
        let (status, headers, view) = body(&Problem::field(field), Language::En).await;
        assert_eq!(status, 422);
        assert_eq!(headers["content-type"], MEDIA_TYPE);
        assert_eq!(headers["content-language"], "en");
        let expected = json!({
            "type": "urn:moneybridge:problem:unknown_field",
            "title": "Unknown or repeated field",
            "status": 422,
            "detail": "There is no field “nmae” here.",
            "code": "unknown_field",
            "request_id": "req-1",
            "retry": "after_change",
            "errors": [{
                "pointer": "/payee/nmae",
                "code": "unknown_field",
                "detail": "There is no field “nmae” here.",
            }],
        });
        assert_eq!(view, expected);
    }

    #[tokio::test]
    async fn several_fields_are_listed_and_the_code_does_not_follow_the_language() {
        let fields =
            vec![FieldError::new("/phone", "invalid_phone"), FieldError::new("/amount", "invalid_amount")];
        let problem = Problem::from(ServiceError::Invalid(fields));
        let (_, headers, view) = body(&problem, Language::Fr).await;
        assert_eq!(
            (headers["content-language"].to_str().unwrap(), &view["code"]),
            ("fr", &json!("validation_failed"))
        );
        assert_eq!(view["title"], "Des champs ne conviennent pas");
        let codes: Vec<_> =
            view["errors"].as_array().unwrap().iter().map(|error| error["code"].clone()).collect();
        assert_eq!(codes, ["invalid_phone", "invalid_amount"]);
    }

    #[tokio::test]
    async fn waiting_is_told_in_whole_seconds() {
        let limited = ServiceError::RateLimited { retry_after: Duration::from_millis(1_200) };
        let (status, headers, view) = body(&limited.into(), Language::En).await;
        assert_eq!((status.as_u16(), headers["retry-after"].to_str().unwrap()), (429, "2"));
        assert_eq!(view["detail"], "Wait 2 s before you try again.");
        assert_eq!(view.get("errors"), None);
        let (_, headers, _) = body(&ServiceError::Overloaded.into(), Language::En).await;
        assert_eq!(headers["retry-after"], "1");
    }

    #[tokio::test]
    async fn causes_stay_inside() {
        let internal = ServiceError::internal("table users: disk sector 7");
        let (status, _, view) = body(&internal.into(), Language::En).await;
        assert_eq!(status, 500);
        assert!(!view.to_string().contains("sector"));
        let (_, headers, view) = body(&ServiceError::Unauthenticated.into(), Language::Fr).await;
        assert_eq!(
            (headers["www-authenticate"].to_str().unwrap(), &view["retry"]),
            ("Bearer", &json!("after_change"))
        );
    }
}
