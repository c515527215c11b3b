//! Sheets as the services write them, and what is not one.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use proptest::prelude::*;

use super::*;

/// As `https://open.er-api.com/v6/latest/EUR` answers, shortened.
const OPEN: &str = r#"{
    "result": "success",
    "provider": "https://www.exchangerate-api.com",
    "documentation": "https://www.exchangerate-api.com/docs/free",
    "terms_of_use": "https://www.exchangerate-api.com/terms",
    "time_last_update_unix": 1768435351,
    "time_last_update_utc": "Thu, 15 Jan 2026 00:02:31 +0000",
    "time_next_update_unix": 1768522881,
    "time_eol_unix": 0,
    "base_code": "EUR",
    "rates": {"EUR": 1, "CNY": 7.985732, "GNF": 9401.251903, "XOF": 655.957, "ZWL": 6.7864, "QQQ": 1.5, "BTC": "x"}
}"#;

/// As `https://api.frankfurter.dev/v1/latest` answers, shortened.
const FRANKFURTER: &str =
    r#"{"amount":1.0,"base":"EUR","date":"2024-11-25","rates":{"AUD":1.6111,"CNY":7.6014,"USD":1.0495}}"#;

fn mid(sheet: &str, pair: &str) -> String {
    let sheet = RateSheet::parse(sheet.as_bytes()).unwrap();
    sheet.mid(pair.parse().unwrap()).map_or_else(|| "none".to_owned(), |rate| rate.to_string())
}

#[test]
fn each_service_s_sheet_is_read_to_the_digit() {
    for (sheet, pair, expected) in [
        (OPEN, "EUR/GNF", "9401.251903"),
        (OPEN, "EUR/XOF", "655.957"),
        (OPEN, "GNF/EUR", "0.0001063688124"),
        (OPEN, "CNY/GNF", "1177.25612417"),
        (OPEN, "EUR/USD", "none"),
        (FRANKFURTER, "EUR/USD", "1.0495"),
        (FRANKFURTER, "USD/CNY", "7.24287756074"),
        (r#"{"base":"USD","timestamp":1,"rates":{"GNF":8.6e3,"EUR":"0.92"}}"#, "USD/GNF", "8600"),
        (r#"{"base":"USD","timestamp":1,"rates":{"GNF":8.6e3,"EUR":"0.92"}}"#, "USD/EUR", "0.92"),
        (
            r#"{"base":"USD","timestamp":1,"rates":{"EUR":0,"GNF":-1,"CNY":null,"XOF":[1]}}"#,
            "USD/EUR",
            "none",
        ),
    ] {
        assert_eq!(mid(sheet, pair), expected, "{pair}");
    }
}

#[test]
fn a_sheet_is_of_an_instant_or_of_the_start_of_its_day() {
    let as_of = |sheet: &str| RateSheet::parse(sheet.as_bytes()).unwrap().as_of.to_rfc3339();
    assert_eq!(as_of(OPEN), "2026-01-15T00:02:31+00:00");
    assert_eq!(as_of(FRANKFURTER), "2024-11-25T00:00:00+00:00");
}

#[test]
fn what_is_no_sheet_is_refused() {
    for (body, error) in [
        ("", SheetError::Malformed),
        ("<html>", SheetError::Malformed),
        ("[]", SheetError::Malformed),
        (r#"{"base":"EUR","date":"2024-11-25"}"#, SheetError::Malformed),
        (r#"{"result":"error","error-type":"quota-reached"}"#, SheetError::Failed),
        (r#"{"success":false,"error":{"code":101}}"#, SheetError::Failed),
        (r#"{"date":"2024-11-25","rates":{}}"#, SheetError::Base),
        (r#"{"base":"QQQ","date":"2024-11-25","rates":{}}"#, SheetError::Base),
        (r#"{"base":"EUR","rates":{}}"#, SheetError::AsOf),
        (r#"{"base":"EUR","date":"yesterday","rates":{}}"#, SheetError::AsOf),
        (r#"{"base":"EUR","timestamp":9223372036854775807,"rates":{}}"#, SheetError::AsOf),
    ] {
        assert_eq!(RateSheet::parse(body.as_bytes()), Err(error), "{body}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = RateSheet::parse(&bytes);
    }

    #[test]
    fn any_worth_is_a_rate_or_none(worth in "-?[0-9]{0,30}(\\.[0-9]{0,30})?(e-?[0-9]{1,3})?") {
        let sheet = format!(r#"{{"base":"EUR","timestamp":1,"rates":{{"GNF":"{worth}","CNY":3}}}}"#);
        let sheet = RateSheet::parse(sheet.as_bytes()).unwrap();
        for pair in ["EUR/GNF", "GNF/EUR", "CNY/GNF"] {
            if let Some(mid) = sheet.mid(pair.parse().unwrap()) {
                prop_assert!(mid.decimal() > rust_decimal::Decimal::ZERO);
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_a_good_answer_is_told_apart() {
    let routes = Router::new()
        .route("/good", get(async || OPEN))
        .route("/bad", get(async || "<html>"))
        .route("/busy", get(async || axum::http::StatusCode::TOO_MANY_REQUESTS))
        .route("/slow", get(async || std::future::pending::<&str>().await));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let read = async |url: String| {
        let client = HttpClient::new(Duration::from_secs(5)).unwrap();
        HttpRates::new(url.into(), client, Duration::from_millis(300)).read().await
    };
    let at = |path: &str| format!("http://{address}{path}");
    assert!(read(at("/good")).await.is_ok());
    assert_eq!(read(at("/bad")).await, Err(RateSourceError::Unreadable(SheetError::Malformed)));
    assert_eq!(read(at("/busy")).await, Err(RateSourceError::Status(429)));
    assert!(matches!(read(at("/slow")).await, Err(RateSourceError::NoAnswer(_))));
    let nobody = read("http://127.0.0.1:1/?key=s3cret".to_owned()).await.unwrap_err().to_string();
    assert!(nobody.starts_with("no answer") && !nobody.contains("s3cret"), "{nobody}");
}
