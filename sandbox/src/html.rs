//! Pages of the simulators: no script, no outside resource, no frame.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// A whole page.
pub fn page(text: String) -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(text)).into_response()
}

/// Text as it stands in a page; a brace is escaped, too, so that no value is read as a placeholder.
pub fn escape(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            '{' => "&#123;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
