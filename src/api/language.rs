//! Which of our languages a request prefers: `Accept-Language`, RFC 9110 §12.5.4.

use axum::http::{HeaderMap, header};

use super::context::text;
use crate::services::Language;

/// The language that is asked for most, if any of ours is; the first one when several are asked for alike.
pub fn preferred(headers: &HeaderMap) -> Option<Language> {
    let mut best: Option<(u32, Language)> = None;
    for (language, weight) in text(headers, header::ACCEPT_LANGUAGE)?.split(',').filter_map(read) {
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// One range with its weight in thousandths; none when it is not of ours.
fn read(range: &str) -> Option<(Language, u32)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next()?;
    let primary = tag.split('-').next()?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1000), thousandths)?;
    Some((primary.parse().ok()?, weight))
}

fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: u32 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_heaviest_of_ours_is_taken() {
        for (header, expected) in [
            ("fr", Some(Language::Fr)),
            ("en", Some(Language::En)),
            ("fr-SN", Some(Language::Fr)),
            ("FR", Some(Language::Fr)),
            ("de, fr;q=0.5, en;q=0.7", Some(Language::En)),
            ("de, fr;q=0.5, en;q=0.5", Some(Language::Fr)),
            ("en;q=0, fr;q=0.001", Some(Language::Fr)),
            ("fr;q=0", None),
            ("wo", None),
            ("*", None),
            ("", None),
            ("en;q=2, fr", Some(Language::Fr)),
            ("fr;q=0.1234, en;q=0.1", Some(Language::En)),
            (";;;,,,q=1", None),
        ] {
            let headers = [(header::ACCEPT_LANGUAGE, HeaderValue::from_static(header))].into_iter().collect();
            assert_eq!(preferred(&headers), expected, "{header}");
        }
        assert_eq!(preferred(&HeaderMap::new()), None);
    }
}
