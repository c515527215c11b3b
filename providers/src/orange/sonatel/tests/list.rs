//! The list of what happened lately: what is asked for, and which lines are ours.

use serde_json::{Value, json};

use super::*;
use crate::{Page, StatementPage, Statements};

fn page() -> Operation {
    Operation::Transactions(Page { date: now().date_naive(), cursor: None })
}

fn read(wire: &OrangeSonatel, answer: &Response) -> Result<StatementPage, String> {
    match wire.outcome(&page(), answer) {
        Ok(Outcome::Transactions(page)) => Ok(page),
        other => Err(shape(&other)),
    }
}

fn lines(wire: &OrangeSonatel) -> Vec<String> {
    let page = read(wire, &fixture("transactions")).unwrap();
    assert_eq!((page.next, page.cut_at), (None, None));
    let shown = |line: &crate::StatementLine| {
        assert_eq!((line.net, line.fee), (line.gross, xof(0)), "fees are not told");
        let ours = if line.reference.is_some() { "ours" } else { "unknown" };
        format!("{} {} {} {} {}", line.id, line.kind, line.word, line.gross.minor(), ours)
    };
    page.lines.iter().map(shown).collect()
}

/// The fixture with something else in the list's first place.
fn with(pointer: &str, value: Value) -> Response {
    let mut body: Value = serde_json::from_slice(&fixture("transactions").body).unwrap();
    *body.pointer_mut(pointer).unwrap() = value;
    response(200, &body.to_string())
}

#[test]
fn everything_since_the_day_began_is_asked_for_and_nothing_filtered() {
    for wire in [merchant(), retailer()] {
        assert_eq!(wire.capabilities().statements, Statements::Newest { most: 500 });
        wire.capabilities().check(&page()).unwrap();
        let request = wire.request(&page(), &granted(), now()).unwrap();
        let expected = [("fromDateTime", "2026-11-19T23:59:59.999Z"), ("size", "500")];
        assert_eq!(request.query, expected.map(|(name, value)| (name.into(), value.to_owned())));
        assert!(request.url.ends_with("/api/eWallet/v1/transactions"), "{}", request.url);
    }
}

#[test]
fn each_wallet_has_its_own_lines_oldest_first() {
    let expected = [
        "MP261120.1147.K20518 collection MERCHANT_PAYMENT 1500 ours",
        "MP261120.1150.A00003 collection MERCHANT_PAYMENT 300 unknown",
    ];
    assert_eq!(lines(&merchant()), expected);
    let expected = [
        "CI261120.1202.B00002 disbursement CASHIN -2500 ours",
        "CI261120.1203.B00003 refund CASHIN -700 ours",
    ];
    assert_eq!(lines(&retailer()), expected);
}

#[test]
fn a_list_with_a_hole_is_no_list() {
    for (pointer, value) in [
        ("/1/amount/value", json!("2500")),
        ("/1/amount/value", json!(2500.5)),
        ("/1/amount/value", json!(-2500)),
        ("/1/amount/value", json!(0)),
        ("/1/amount/unit", json!("XXX")),
        ("/1/transactionId", json!("")),
        ("/1/transactionId", json!(null)),
        ("/1/type", json!("REVERSAL")),
        ("/1/type", json!("MERCHANT_PAYMENT")),
        ("/1/status", json!("DONE")),
    ] {
        assert_eq!(
            read(&retailer(), &with(pointer, value.clone())),
            Err("uncertain".to_owned()),
            "{pointer} {value}"
        );
        assert_eq!(read(&merchant(), &with(pointer, value)).unwrap().lines.len(), 2, "another wallet's hole");
    }
    assert_eq!(read(&retailer(), &response(200, "{}")), Err("uncertain".to_owned()));
}

#[test]
fn a_full_page_may_lack_what_is_older() {
    let body: Value = serde_json::from_slice(&fixture("transactions").body).unwrap();
    let foreign = &body[6];
    let of = |many: usize| response(200, &Value::from(vec![foreign.clone(); many]).to_string());
    assert_eq!(read(&merchant(), &of(499)).unwrap().cut_at, None);
    let full = read(&merchant(), &of(500)).unwrap();
    let oldest = "2026-11-20T11:00:00Z".parse().unwrap();
    assert_eq!(full.cut_at, Some(oldest), "also when none of it is ours");
    assert!(full.lines.is_empty());
}
