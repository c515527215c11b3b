//! JSON bodies: of the right type, not too large, whole, and with nothing in them that is not known.
//!
//! A body that reads as JSON but does not fit is refused with a pointer to the place. Request types derive
//! `Deserialize` with `deny_unknown_fields`; derived structs refuse repeated keys by themselves, at every depth.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use crate::api::context::text;
use crate::api::problem::Problem;
use crate::app::App;
use crate::services::FieldError;

/// A body that reads as `T`. An absent one reads as `{}`, so that what is missing in it is told by name.
#[derive(Debug)]
pub struct ValidJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for ValidJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<ValidJson<T>, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, app.config.limits.body_bytes).await?;
        Ok(ValidJson(parse_json(&parts.headers, &bytes)?))
    }
}

/// Of a body that is too large so much is read and thrown away: who is still sending when the connection closes
/// hears of a broken connection instead of the answer.
const HEARD_OUT: usize = 4 * 1024 * 1024;

/// The bytes of a body of at most `limit`.
///
/// Errors: `payload_too_large` also when only the announced length is; `invalid_body` when it breaks off.
pub async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let announced = text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    let mut is_too_large = announced.is_some_and(|length| length > limit);
    let mut read = Vec::with_capacity(announced.unwrap_or_default().min(limit));
    let mut seen = announced.filter(|length| *length > HEARD_OUT).unwrap_or_default();
    let mut chunks = body.into_data_stream();
    while seen <= HEARD_OUT {
        match chunks.next().await {
            Some(Ok(chunk)) => {
                seen = seen.saturating_add(chunk.len());
                is_too_large |= seen > limit;
                if !is_too_large {
                    read.extend_from_slice(&chunk);
                }
            }
            Some(Err(_)) if !is_too_large => return Err(Problem::new("invalid_body")),
            Some(Err(_)) | None => break,
        }
    }
    match is_too_large {
        true => Err(Problem::new("payload_too_large").with("limit", limit)),
        false => Ok(read.into()),
    }
}

/// Reads `bytes` as `T`.
///
/// Errors: `unsupported_media_type`, `invalid_json`, and for JSON that does not fit one of `unknown_field`,
/// `repeated_field`, `missing_field`, `invalid_type`, `invalid_value`, with its pointer.
pub fn parse_json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Problem> {
    let is_absent = bytes.is_empty() && !headers.contains_key(header::CONTENT_TYPE);
    if !is_absent && !is_json(headers) {
        return Err(Problem::new("unsupported_media_type"));
    }
    let bytes = if is_absent { b"{}" } else { bytes };
    must_be_object(bytes)?;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().clone();
        refusal(&path, error.inner())
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// Derived structs read from arrays too, which is nothing that a client could mean.
fn must_be_object(bytes: &[u8]) -> Result<(), Problem> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        return Ok(());
    }
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| malformed(&error))?;
    Err(Problem::field(FieldError::new("", "invalid_type").with("expected", "an object")))
}

/// `application/json`, in UTF-8 if it says so at all.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = text(headers, header::CONTENT_TYPE) else { return false };
    let mut parts = kind.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf8 = |parameter: &str| {
        let Some((name, value)) = parameter.split_once('=') else { return false };
        name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    is_json && parts.all(is_utf8)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new("invalid_json").with("line", error.line()).with("column", error.column())
}

fn refusal(path: &Path, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return malformed(error);
    }
    Problem::field(misfit(&pointer(path), &error.to_string()))
}

/// What serde says of a value that does not fit, in our words. The texts are serde's own and have not changed since
/// its first version; one that is not known is `invalid_value`.
pub(super) fn misfit(pointer: &str, said: &str) -> FieldError {
    let quoted = || said.split('`').nth(1).unwrap_or_default().to_owned();
    let within = |field: &str| {
        let field = escape(field);
        if pointer.ends_with(&format!("/{field}")) {
            pointer.to_owned()
        } else {
            format!("{pointer}/{field}")
        }
    };
    let named = |code| {
        let field = quoted();
        FieldError::new(within(&field), code).with("field", field)
    };
    if said.starts_with("unknown field `") {
        named("unknown_field")
    } else if said.starts_with("duplicate field `") {
        named("repeated_field")
    } else if said.starts_with("missing field `") {
        let field = quoted();
        FieldError::new(format!("{pointer}/{}", escape(&field)), "missing_field").with("field", field)
    } else if said.starts_with("invalid type: ") {
        let expected = said.split_once(", expected ").map_or("?", |(_, rest)| rest);
        let expected = expected.split(" at line ").next().unwrap_or(expected);
        FieldError::new(pointer, "invalid_type").with("expected", expected)
    } else {
        FieldError::new(pointer, "invalid_value")
    }
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only whether it reads matters")]
    struct Ask {
        phone: String,
        count: Option<u8>,
        payee: Option<Payee>,
        #[serde(default)]
        items: Vec<Payee>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only whether it reads matters")]
    struct Payee {
        rail: Rail,
        name: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Rail {
        Wave,
    }

    fn json() -> HeaderMap {
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))].into_iter().collect()
    }

    fn refused(body: &str) -> (&'static str, String) {
        let problem = parse_json::<Ask>(&json(), body.as_bytes()).expect_err(body);
        (problem.code(), problem.pointers().join(" "))
    }

    #[test]
    fn what_does_not_fit_is_pointed_at() {
        for (body, code, pointer) in [
            ("", "invalid_json", ""),
            ("{", "invalid_json", ""),
            ("nul", "invalid_json", ""),
            ("{\"phone\":\"a\"} {}", "invalid_json", ""),
            ("{\"phone\":\"\u{1}\"}", "invalid_json", ""),
            ("{\"phone\":'a'}", "invalid_json", ""),
            ("{\"phone\":\"a\",}", "invalid_json", ""),
            ("{\"phone\":NaN}", "invalid_json", ""),
            ("\u{feff}{\"phone\":\"a\"}", "invalid_json", ""),
            ("null", "invalid_type", ""),
            ("[]", "invalid_type", ""),
            ("[\"a\"]", "invalid_type", ""),
            (" \n[", "invalid_json", ""),
            ("7", "invalid_type", ""),
            ("\"\"", "invalid_type", ""),
            ("{}", "missing_field", "/phone"),
            ("{\"phone\":null}", "invalid_type", "/phone"),
            ("{\"phone\":1}", "invalid_type", "/phone"),
            ("{\"phone\":{}}", "invalid_type", "/phone"),
            ("{\"phone\":[\"a\"]}", "invalid_type", "/phone"),
            ("{\"phone\":\"a\",\"fone\":1}", "unknown_field", "/fone"),
            ("{\"phone\":\"a\",\"a/b~c\":1}", "unknown_field", "/a~1b~0c"),
            ("{\"phone\":\"a\",\"phone\":\"b\"}", "unknown_field", "/phone"),
            ("{\"phone\":\"a\",\"count\":300}", "invalid_value", "/count"),
            ("{\"phone\":\"a\",\"count\":-1}", "invalid_value", "/count"),
            ("{\"phone\":\"a\",\"count\":1.5}", "invalid_type", "/count"),
            ("{\"phone\":\"a\",\"count\":1e400}", "invalid_json", ""),
            ("{\"phone\":\"a\",\"payee\":{}}", "missing_field", "/payee/rail"),
            (
                "{\"phone\":\"a\",\"payee\":{\"rail\":\"wave\",\"name\":\"b\",\"x\":1}}",
                "unknown_field",
                "/payee/x",
            ),
            (
                "{\"phone\":\"a\",\"payee\":{\"rail\":\"wave\",\"rail\":\"wave\"}}",
                "unknown_field",
                "/payee/rail",
            ),
            (
                "{\"phone\":\"a\",\"payee\":{\"rail\":\"boat\",\"name\":\"b\"}}",
                "invalid_value",
                "/payee/rail",
            ),
            (
                "{\"phone\":\"a\",\"items\":[{\"rail\":\"wave\",\"name\":\"b\"},{\"rail\":\"wave\"}]}",
                "missing_field",
                "/items/1/name",
            ),
        ] {
            assert_eq!(refused(body), (code, pointer.to_owned()), "{body}");
        }
        let deep = format!("{{\"phone\":{}", "[".repeat(100_000));
        assert_eq!(refused(&deep).0, "invalid_type", "depth is not followed");
    }

    #[test]
    fn bytes_that_are_no_text_are_not_json() {
        for bytes in [&b"{\"phone\":\"\xff\"}"[..], b"\xff\xfe{}", b"\x00"] {
            assert_eq!(parse_json::<Ask>(&json(), bytes).unwrap_err().code(), "invalid_json");
        }
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        let body = b"{\"phone\":\"a\"}";
        let read = |kind: &'static str| {
            let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))].into_iter().collect();
            parse_json::<Ask>(&headers, body).map(drop).map_err(|problem| problem.code())
        };
        for kind in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            assert_eq!(read(kind), Ok(()), "{kind}");
        }
        for kind in [
            "",
            "text/plain",
            "text/json",
            "application/json; charset=latin1",
            "application/jsonp",
            "multipart/form-data",
            "application/json, text/plain",
        ] {
            assert_eq!(read(kind), Err("unsupported_media_type"), "{kind}");
        }
        assert_eq!(parse_json::<Ask>(&HeaderMap::new(), body).unwrap_err().code(), "unsupported_media_type");
        assert_eq!(parse_json::<Ask>(&HeaderMap::new(), b"").unwrap_err().code(), "missing_field");
    }

    #[tokio::test]
    async fn a_body_is_cut_off_at_the_limit() {
        let body = |length: usize| Body::from(vec![b'a'; length]);
        assert_eq!(read_body(&HeaderMap::new(), body(10), 10).await.map(|bytes| bytes.len()).ok(), Some(10));
        assert_eq!(read_body(&HeaderMap::new(), body(11), 10).await.unwrap_err().code(), "payload_too_large");
        let announced = [(header::CONTENT_LENGTH, HeaderValue::from_static("11"))].into_iter().collect();
        assert_eq!(read_body(&announced, Body::empty(), 10).await.unwrap_err().code(), "payload_too_large");
        let broken = futures::stream::iter([
            Ok::<_, std::io::Error>("a"),
            Err(std::io::ErrorKind::UnexpectedEof.into()),
        ]);
        let broken = read_body(&HeaderMap::new(), Body::from_stream(broken), 10).await;
        assert_eq!(broken.unwrap_err().code(), "invalid_body");
    }
}
