//! A simulated rate service: what one euro is worth in other currencies, in the words of two public ones.
//!
//! Written from <https://www.exchangerate-api.com/docs/free> (open access: `/v6/latest/{base}`, `base_code`,
//! `time_last_update_unix`) and <https://frankfurter.dev/v1/> (`/v1/latest?base=&symbols=`, `base`, `date`), read
//! 2026-11. Numbers are written as JSON numbers, to six significant decimals as those services do.
//!
//! Where a real service publishes once a day, this one publishes at every reading, unless people or tests said as of
//! when its rates are. Deliberately absent: keys, quotas, past days and series of days.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rusqlite::{OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use crate::app::Shared;
use crate::clock::Instant;
use crate::control::refusal::{Refusal, Wish};

/// What one euro is worth when nobody said otherwise.
const OPENING: [(&str, &str); 10] = [
    ("EUR", "1"),
    ("CNY", "7.8431"),
    ("GBP", "0.8652"),
    ("GMD", "78.41"),
    ("GNF", "9400.25"),
    ("NGN", "1690.5"),
    ("UGX", "4020.6"),
    ("USD", "1.0842"),
    ("XAF", "655.957"),
    ("XOF", "655.957"),
];

/// Everything that is published.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sheet {
    /// Of one euro, as decimal text.
    rates: BTreeMap<String, String>,
    /// As of when, if somebody said so; else as of each reading.
    as_of: Option<Instant>,
}

/// What is to be published: `{"rates": {"GNF": "9500"}, "as_of"?}`; currencies that it does not name stay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(default)]
    rates: BTreeMap<String, String>,
    as_of: Option<Instant>,
}

/// The service, behind `/rates`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/rates/v6/latest/{base}", get(open_access))
        .route("/rates/v1/latest", get(frankfurter))
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
}

/// What an address answers that the service does not have.
pub fn no_such_path() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "not found" }))).into_response()
}

fn sheet(tx: &Transaction<'_>) -> rusqlite::Result<Sheet> {
    const SQL: &str = "SELECT document FROM rate_sheet WHERE only = 1";
    let text: Option<String> = tx.query_row(SQL, [], |row| row.get(0)).optional()?;
    let kept = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(kept.unwrap_or_else(|| {
        let rates = OPENING.iter().map(|(code, worth)| ((*code).to_owned(), (*worth).to_owned()));
        Sheet { rates: rates.collect(), as_of: None }
    }))
}

/// What one unit of `base` is worth, in units of ten to the minus nine; `None` for an unknown base.
fn worth_of(sheet: &Sheet, base: &str) -> Option<BTreeMap<String, Number>> {
    let euro = digits(sheet.rates.get(base)?)?;
    let other = |(code, worth): (&String, &String)| {
        if base == "EUR" {
            return Some((code.clone(), Number::from_str(worth).ok()?));
        }
        let scaled = digits(worth)?.checked_mul(1_000_000_000)?.checked_div(euro)?;
        Some((code.clone(), Number::from_str(&decimal(scaled)).ok()?))
    };
    Some(sheet.rates.iter().filter_map(other).collect())
}

/// Decimal text as an integer of millionths; `None` unless plain and above zero.
fn digits(text: &str) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 18 || part.len() > 6 || !is_plain(whole) || !is_plain(part) {
        return None;
    }
    let number: i128 = format!("{whole}{part:0<6}").parse().ok()?;
    (number > 0).then_some(number)
}

/// Billionths as decimal text.
fn decimal(billionths: i128) -> String {
    format!("{}.{:09}", billionths / 1_000_000_000, billionths % 1_000_000_000)
}

/// `GET /rates/v6/latest/{base}`.
async fn open_access(State(app): State<Shared>, Path(base): Path<String>) -> Result<Response, Refusal> {
    let (now, sheet) = (app.clock.now(), app.books.write(sheet)?);
    let Some(rates) = worth_of(&sheet, &base.to_ascii_uppercase()) else {
        let refused = json!({ "result": "error", "error-type": "unsupported-code" });
        return Ok((StatusCode::NOT_FOUND, Json(refused)).into_response());
    };
    let as_of = sheet.as_of.unwrap_or(now);
    let body = json!({
        "result": "success",
        "provider": "https://www.exchangerate-api.com",
        "documentation": "https://www.exchangerate-api.com/docs/free",
        "terms_of_use": "https://www.exchangerate-api.com/terms",
        "time_last_update_unix": as_of.timestamp(),
        "time_last_update_utc": as_of.to_rfc2822(),
        "time_next_update_unix": as_of.timestamp() + 86_400,
        "time_eol_unix": 0,
        "base_code": base.to_ascii_uppercase(),
        "rates": rates,
    });
    Ok(Json(body).into_response())
}

/// What Frankfurter is asked with.
#[derive(Debug, Deserialize)]
struct Wanted {
    base: Option<String>,
    symbols: Option<String>,
}

/// `GET /rates/v1/latest?base=EUR&symbols=GNF,CNY`.
async fn frankfurter(State(app): State<Shared>, Query(wanted): Query<Wanted>) -> Result<Response, Refusal> {
    let (now, sheet) = (app.clock.now(), app.books.write(sheet)?);
    let base = wanted.base.as_deref().unwrap_or("EUR");
    let Some(mut rates) = worth_of(&sheet, base) else { return Ok(no_such_path()) };
    rates.remove(base);
    if let Some(symbols) = &wanted.symbols {
        rates.retain(|code, _| symbols.split(',').any(|symbol| symbol == code));
    }
    let date = sheet.as_of.unwrap_or(now).format("%Y-%m-%d").to_string();
    Ok(Json(json!({ "amount": 1.0, "base": base, "date": date, "rates": rates })).into_response())
}

/// `GET /_control/rates/values`: what is published.
pub async fn show(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let sheet = app.books.write(sheet)?;
    Ok(Json(json!({ "base": "EUR", "rates": sheet.rates, "as_of": sheet.as_of })))
}

/// `POST /_control/rates/values`: publishes other rates of the euro, from now on or as of `as_of` for good.
pub async fn set(State(app): State<Shared>, Wish(change): Wish<Change>) -> Result<Json<Value>, Refusal> {
    for (code, worth) in &change.rates {
        let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_code || digits(worth).is_none() || code == "EUR" {
            return Err(Refusal::invalid(format!("{code} is not a code with a plain worth above zero")));
        }
    }
    app.books.write(|tx| -> rusqlite::Result<()> {
        let mut sheet = sheet(tx)?;
        sheet.rates.extend(change.rates);
        sheet.as_of = change.as_of;
        keep(tx, &sheet)
    })?;
    show(State(app)).await
}

/// `DELETE /_control/rates/values`: what was published at the beginning.
pub async fn clear(State(app): State<Shared>) -> Result<StatusCode, Refusal> {
    app.books.write(|tx| tx.execute("DELETE FROM rate_sheet", []).map(drop))?;
    Ok(StatusCode::NO_CONTENT)
}

fn keep(tx: &Transaction<'_>, sheet: &Sheet) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO rate_sheet (only, document) VALUES (1, ?1) \
                       ON CONFLICT (only) DO UPDATE SET document = ?1";
    tx.execute(SQL, [crate::books::to_json(sheet)?]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_base_is_reckoned_from_the_euro() {
        let rates = [("EUR", "1"), ("USD", "1.25"), ("GNF", "10000")];
        let rates = rates.map(|(code, worth)| (code.to_owned(), worth.to_owned())).into();
        let sheet = Sheet { rates, as_of: None };
        let of = |base: &str| serde_json::to_string(&worth_of(&sheet, base)).unwrap();
        assert_eq!(of("EUR"), r#"{"EUR":1,"GNF":10000,"USD":1.25}"#);
        assert_eq!(of("USD"), r#"{"EUR":0.8,"GNF":8000.0,"USD":1.0}"#);
        assert_eq!(of("ABC"), "null");
    }

    #[test]
    fn only_plain_worths_above_zero_are_published() {
        for (text, expected) in
            [("1", Some(1_000_000)), ("0.000001", Some(1)), ("9400.25", Some(9_400_250_000))]
        {
            assert_eq!(digits(text), expected);
        }
        for text in ["", "0", "-1", "1e3", ".5", "1.2.3", "0.0000001", "1000000000000000000000"] {
            assert_eq!(digits(text), None, "{text}");
        }
    }
}
