//! Query parameters: known ones, each at most once, each with a value that is taken.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::body::misfit;
use crate::api::problem::Problem;
use crate::app::App;
use crate::services::{FieldError, ServiceError};

/// The parameters as `T`, which derives `Deserialize` with `deny_unknown_fields`: texts, numbers, enums and `Option`s
/// of them.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

/// No parameters of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Query<T>, Problem> {
        Ok(Query(read(pairs(parts)?)?))
    }
}

/// Names and values, decoded. Errors: `invalid_query` for a name that is there twice.
pub(super) fn pairs(parts: &Parts) -> Result<Vec<(String, String)>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(refused(&name));
        }
        pairs.push((name.into_owned(), value.into_owned()));
    }
    Ok(pairs)
}

/// Reads pairs as `T`.
pub(super) fn read<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Problem> {
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let values = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(encoded.as_bytes()));
    serde_path_to_error::deserialize(values).map_err(|error| {
        let name = error.path().to_string();
        let field = misfit("", &error.inner().to_string());
        let named = field.pointer.trim_start_matches('/');
        refused(if named.is_empty() { &name } else { named })
    })
}

/// The parameter `name` is not taken as it is.
pub(super) fn refused(name: &str) -> Problem {
    let field = FieldError::new(format!("/{name}"), "invalid_query").with("field", name);
    ServiceError::Invalid(vec![field]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        status: Option<Status>,
        reference: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Status {
        Open,
    }

    fn read_query<T: DeserializeOwned>(query: &str) -> Result<T, (&'static str, String)> {
        let request = axum::http::Request::builder().uri(format!("/x?{query}")).body(()).unwrap();
        let read = pairs(&request.into_parts().0).and_then(read);
        read.map_err(|problem| (problem.code(), problem.pointers().join(" ")))
    }

    #[test]
    fn known_parameters_once_each() {
        let filter = Filter { status: Some(Status::Open), reference: Some("a b&c".into()) };
        assert_eq!(read_query("status=open&reference=a+b%26c"), Ok(filter));
        assert_eq!(read_query(""), Ok(Filter { status: None, reference: None }));
        assert_eq!(read_query(""), Ok(NoFilter {}));
        for (query, pointer) in [
            ("status=shut", "/status"),
            ("status=open&status=open", "/status"),
            ("sort=asc", "/sort"),
            ("reference=a&x=", "/x"),
        ] {
            assert_eq!(read_query::<Filter>(query), Err(("invalid_query", pointer.to_owned())), "{query}");
        }
    }
}
