//! Headers that no answer goes without: nothing is sniffed, framed, cached or told to third parties.
//!
//! A handler that needs another policy, as the documentation page does, sets it; what is set stays.

use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::app::App;

const ALWAYS: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A year, for browsers that came over TLS.
const STRICT_TRANSPORT: &str = "max-age=31536000; includeSubDomains";

/// Adds what is not there yet.
pub fn secure(app: &App, headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.public_url.starts_with("https://") {
        let value = HeaderValue::from_static(STRICT_TRANSPORT);
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(value);
    }
}
