//! The contract as a document: OpenAPI 3.1, made from the routes themselves.
//!
//! Routes and document come from the same declarations, so neither has a path that the other lacks. Which problems
//! an operation answers is put together here: those of every request, those that its access, body and parameters
//! bring along, and those that it names, in `x-problems` or between backticks in the description of a response whose
//! body is a problem; each with its texts and an example.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, Modify, OpenApi};

use super::codes;
use super::permissions::{self, Access};
use super::problem::{FieldErrorView, MEDIA_TYPE, Problem, ProblemView};
use crate::config::Mode;
use crate::services::Language;

const PROBLEM: &str = "#/components/schemas/Problem";

/// What a list takes beside its filter; `params(PageParams)` in its description.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Page` reads")]
pub struct PageParams {
    /// Rows of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u8>,
    /// `next_cursor` of the page before; bound to list and filter.
    cursor: Option<String>,
}

/// What a command takes; `params(IdempotencyParams)` in its description.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes what `Command` reads")]
pub struct IdempotencyParams {
    /// Your own name for this intent, 1 to 255 visible ASCII characters. The same again gets the same answer, byte
    /// for byte, with `Idempotency-Replayed: true`, for at least 72 hours.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        example = "0d9f3c52-6d5c-4d5e-8b7e-0f2f3b1f8a11"
    )]
    idempotency_key: String,
}

/// What a device proves itself by; `params(DeviceParams)` in its description.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes what `Device` reads")]
pub struct DeviceParams {
    /// An id that the client made for this installation and keeps as a secret, 8 to 128 visible ASCII characters. A
    /// session that was opened with it is renewed with it only; a renewal from another device, or without it, ends the
    /// session. It is held as a hash and never shown.
    #[param(
        rename = "X-Device-Id",
        min_length = 8,
        max_length = 128,
        example = "5b1c1f0e-7a53-4f43-9d55-0c6a2f0f9a11"
    )]
    device_id: Option<String>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "MoneyBridge",
        description = "A self-hosted payments gateway for mobile money.\n\n\
            Money is `{\"amount\", \"currency\"}`, a decimal text in major units. Instants are RFC 3339 in UTC. \
            Lists are pages, newest first. Unknown fields and repeated keys are refused. Errors are \
            `application/problem+json`: branch on `code`, show `detail`, which follows `Accept-Language` (`fr`, `en`).\n\n\
            Every answer carries `X-Request-Id`; counted ones `RateLimit-Policy` and `RateLimit`. Any address may \
            answer 404 `not_found` and 405 `method_not_allowed`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemView, FieldErrorView)),
    modifiers(&Bearer),
    tags(
        (name = "service", description = "What anybody may ask"),
        (name = "auth", description = "Signing in by phone, staying signed in, signing out"),
        (name = "me", description = "One's own profile and sessions"),
        (name = "sandbox", description = "In sandbox mode only"),
    )
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme.build()));
    }
}

/// What the routes' descriptions are added to.
pub(super) fn base() -> utoipa::openapi::OpenApi {
    Base::openapi()
}

/// The document of this mode, as it is served.
pub fn text(mode: Mode) -> &'static str {
    static TEXTS: [OnceLock<String>; 2] = [OnceLock::new(), OnceLock::new()];
    let [sandbox, live] = &TEXTS;
    let kept = if mode == Mode::Sandbox { sandbox } else { live };
    kept.get_or_init(|| document(mode).to_string())
}

/// The document of this mode.
pub fn document(mode: Mode) -> Value {
    let described = super::routes(mode).into_openapi();
    let mut document = serde_json::to_value(described).unwrap_or_default();
    document["components"]["examples"] = examples();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return document };
    for (path, item) in paths {
        let Some(operations) = item.as_object_mut() else { continue };
        for (method, operation) in operations {
            if let Some(operation) = operation.as_object_mut() {
                complete(&method.to_uppercase(), path, operation);
            }
        }
    }
    document
}

/// Adds what every operation of its kind has: problems, and the token that it needs.
fn complete(method: &str, path: &str, operation: &mut Map<String, Value>) {
    operation.insert("operationId".into(), operation_id(method, path).into());
    let access = permissions::of(method, path).unwrap_or(Access::Admin);
    if access != Access::Open {
        operation.insert("security".into(), json!([{ "bearer": [] }]));
    }
    let mut by_status: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in problems(path, access, operation) {
        let status = codes::of(&name).status.as_str().to_owned();
        by_status.entry(status).or_default().insert(name);
    }
    operation.remove("x-problems");
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, response) in responses.iter_mut() {
        by_status.entry(status.clone()).or_default().extend(declared(response));
    }
    by_status.retain(|_, names| !names.is_empty());
    for (status, names) in by_status {
        let response = responses.entry(status).or_insert_with(|| json!({}));
        if response.get("content").is_none() {
            response["description"] = described(&names).into();
        }
        let example =
            |name: &String| (name.clone(), json!({ "$ref": format!("#/components/examples/{name}") }));
        let examples: Map<String, Value> = names.iter().map(example).collect();
        response["content"][MEDIA_TYPE] = json!({ "schema": { "$ref": PROBLEM }, "examples": examples });
    }
    for response in responses.values_mut().filter_map(Value::as_object_mut) {
        response.entry("description").or_insert("As asked.".into());
    }
}

/// The codes that a described response names in backticks, when its body is a problem; the body is described anew.
fn declared(response: &mut Value) -> Vec<String> {
    if response["content"]["application/json"]["schema"]["$ref"] != PROBLEM {
        return Vec::new();
    }
    let words = response["description"].as_str().unwrap_or_default().split('`').skip(1).step_by(2);
    let names: Vec<String> =
        words.filter(|word| codes::CODES.iter().any(|code| code.name == *word)).map(str::to_owned).collect();
    if let Some(response) = response.as_object_mut() {
        response.remove("content");
    }
    names
}

/// `get_transfers_id_timeline` for `GET /v1/transfers/{id}/timeline`: handlers of several files may share a name.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(['/', '.', '{', '}', '-']).filter(|word| !word.is_empty() && *word != "v1");
    let words: Vec<String> = [method].into_iter().chain(words).map(str::to_lowercase).collect();
    words.join("_")
}

fn problems(path: &str, access: Access, operation: &Map<String, Value>) -> BTreeSet<String> {
    let mut names =
        vec!["host_not_allowed", "overloaded", "request_timeout", "unavailable", "internal_error"];
    let parameters = operation.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let takes = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    if !matches!(path, "/healthz" | "/readyz") && !path.starts_with("/webhooks/") {
        names.push("rate_limited");
    }
    if access != Access::Open {
        names.extend(["unauthenticated", "account_frozen"]);
    }
    if access.is_for_staff() {
        names.extend(["forbidden", "second_factor_required"]);
    }
    if operation.contains_key("requestBody") && !path.starts_with("/webhooks/") {
        names.extend(["invalid_json", "invalid_body", "payload_too_large", "unsupported_media_type"]);
        names.extend([
            "unknown_field",
            "missing_field",
            "invalid_type",
            "invalid_value",
            "validation_failed",
        ]);
    }
    if takes("cursor") {
        names.extend(["invalid_query", "invalid_cursor"]);
    }
    if takes("Idempotency-Key") {
        names.extend(["idempotency_key_missing", "idempotency_key_invalid", "idempotency_key_reused"]);
        names.push("idempotency_in_flight");
    }
    let own = operation.get("x-problems").and_then(Value::as_array).into_iter().flatten();
    let own = own.filter_map(Value::as_str);
    names.into_iter().chain(own).map(str::to_owned).collect()
}

fn described(names: &BTreeSet<String>) -> String {
    let line = |name: &String| format!("`{name}`: {}", crate::services::texts::text(Language::En, name, &[]));
    names.iter().map(line).collect::<Vec<_>>().join("; ")
}

/// One of each problem, by its code.
fn examples() -> Value {
    let example = |code: &codes::Code| {
        let problem =
            SAMPLES.iter().fold(Problem::new(code.name), |problem, (arg, text)| problem.with(arg, text));
        (code.name.to_owned(), json!({ "value": problem.sample() }))
    };
    Value::Object(codes::CODES.iter().map(example).collect())
}

/// What examples name.
const SAMPLES: [(&str, &str); 18] = [
    ("rail", "mtn_momo"),
    ("countries", "GN"),
    ("operators", "mtn, areeba"),
    ("proposed", "orange_web, manual"),
    ("field", "phone"),
    ("expected", "a string"),
    ("min", "1"),
    ("max", "80"),
    ("seconds", "30"),
    ("limit", "65536"),
    ("line", "1"),
    ("column", "17"),
    ("host", "example.org"),
    ("method", "PUT"),
    ("code", "123456"),
    ("minutes", "5"),
    ("left", "60.00 EUR"),
    ("why", "payout_is_final"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(document: &Value) -> Vec<(String, String, Value)> {
        let paths = document["paths"].as_object().unwrap();
        let each = |(path, item): (&String, &Value)| {
            let operations = item.as_object().unwrap().clone();
            operations
                .into_iter()
                .map(|(method, operation)| (method.to_uppercase(), path.clone(), operation))
                .collect()
        };
        paths.iter().flat_map(|entry| -> Vec<_> { each(entry) }).collect()
    }

    #[test]
    fn routes_and_permissions_are_the_same() {
        let document = document(Mode::Sandbox);
        let routes: BTreeSet<_> =
            operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
        let allowed: BTreeSet<_> = permissions::TABLE
            .iter()
            .map(|(method, path, _)| (method.to_string(), path.to_string()))
            .collect();
        assert_eq!(
            routes.difference(&allowed).collect::<Vec<_>>(),
            Vec::<&(String, String)>::new(),
            "not in the table"
        );
        assert_eq!(
            allowed.difference(&routes).collect::<Vec<_>>(),
            Vec::<&(String, String)>::new(),
            "not a route"
        );
    }

    #[test]
    fn live_mode_has_no_sandbox() {
        let live = text(Mode::Live);
        assert!(!live.contains("/v1/sandbox") && text(Mode::Sandbox).contains("/v1/sandbox"));
        let document: Value = serde_json::from_str(live).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }

    #[test]
    fn every_operation_says_what_it_is_and_what_it_refuses() {
        for (method, path, operation) in operations(&document(Mode::Sandbox)) {
            let name = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
            assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name}");
            assert!(operation["operationId"].is_string(), "{name}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
            assert!(responses.values().all(|response| response["description"].is_string()), "{name}");
            for status in ["400", "500", "503"] {
                let examples = responses[status]["content"][MEDIA_TYPE]["examples"].as_object().unwrap();
                assert!(examples.keys().all(|code| codes::of(code).status.as_str() == status), "{name}");
            }
            let is_open = permissions::of(&method, &path) == Some(Access::Open);
            assert_eq!(operation.get("security").is_none(), is_open, "{name}");
        }
    }

    #[test]
    fn names_of_operations_and_of_schemas_are_their_own() {
        let document = document(Mode::Sandbox);
        let ids: Vec<_> = operations(&document)
            .into_iter()
            .map(|(_, _, operation)| operation["operationId"].clone())
            .collect();
        let distinct: BTreeSet<_> = ids.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), ids.len(), "{ids:?}");
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#/").skip(1) {
            let place = reference.split('"').next().unwrap();
            assert!(document.pointer(&format!("/{place}")).is_some(), "{place} is not described");
        }
        assert!(!text.contains("{$") && !text.contains("x-problems"), "an example is not filled");
    }

    #[test]
    fn every_named_problem_is_a_code() {
        let described = crate::api::routes(Mode::Sandbox).into_openapi();
        for (method, path, operation) in operations(&serde_json::to_value(described).unwrap()) {
            for name in operation["x-problems"].as_array().into_iter().flatten() {
                assert!(codes::CODES.iter().any(|code| code.name == *name), "{method} {path}: {name}");
            }
        }
    }

    /// Codes that only stand in a problem's `errors`.
    const OF_FIELDS_ONLY: [&str; 1] = ["repeated_field"];
    /// Codes of every address, named once in the document's own description.
    const OF_ADDRESSES: [&str; 1] = ["method_not_allowed"];

    #[test]
    fn every_code_is_answered_by_some_operation_with_its_own_status() {
        let mut named = BTreeSet::new();
        for (method, path, operation) in operations(&document(Mode::Sandbox)) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let Some(examples) = response["content"][MEDIA_TYPE]["examples"].as_object() else {
                    continue;
                };
                for code in examples.keys() {
                    assert_eq!(codes::of(code).status.as_str(), status, "{method} {path}: {code}");
                    named.insert(code.clone());
                }
            }
        }
        let unnamed: Vec<&str> =
            codes::CODES.iter().map(|code| code.name).filter(|code| !named.contains(*code)).collect();
        let rest: Vec<&str> = unnamed
            .into_iter()
            .filter(|code| !OF_FIELDS_ONLY.contains(code) && !OF_ADDRESSES.contains(code))
            .collect();
        assert!(rest.is_empty(), "answered by no operation: {rest:?}");
    }
}
