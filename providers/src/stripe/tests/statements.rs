//! The statement: fees, signs, and from when on money can be used.

use domain::LineKind;
use serde_json::json;

use super::*;
use crate::{Line, Page, StatementLine, StatementPage};

fn page(answer: &Response) -> Result<StatementPage, String> {
    let operation = Operation::Transactions(Page { date: now().date_naive(), cursor: None });
    match read(&operation, answer) {
        Ok(Outcome::Transactions(page)) => Ok(page),
        other => Err(shape(&other)),
    }
}

fn line() -> Operation {
    Operation::Line(Line { source: named("py_3Sx1"), amount: eur(10_950) })
}

#[test]
fn a_page_is_turned_oldest_first_and_names_the_next() {
    let page = page(&fixture("statement")).unwrap();
    let expected = StatementLine {
        id: "txn_3Sx1".to_owned(),
        at: at("2026-11-25T09:30:00Z"),
        kind: LineKind::Collection,
        word: "payment".to_owned(),
        gross: eur(10_950),
        fee: eur(35),
        net: eur(10_915),
        reference: Some(reference()),
        provider_ref: Some(named(INTENT)),
        is_reversal: false,
        available_at: Some(at("2026-11-26T00:00:00Z")),
        raw: page.lines[0].raw,
    };
    assert_eq!(page.lines[0], expected);
    let rest: Vec<_> = page.lines[1..]
        .iter()
        .map(|line| {
            let name = line.provider_ref.as_ref().map(ToString::to_string).unwrap_or_default();
            format!(
                "{} {} {name} {} {} {}",
                line.kind,
                line.word,
                line.gross.minor(),
                line.fee.minor(),
                line.is_reversal
            )
        })
        .collect();
    let expected = [
        "refund payment_refund re_3Sx1 -500 0 true",
        "reversal adjustment pi_3Sx1 -10950 750 true",
        "sweep payout po_1Sw1 -50000 0 false",
    ];
    assert_eq!(rest, expected);
    assert_eq!(page.next.as_deref(), Some("txn_3Sx1"), "the oldest of the page");
}

#[test]
fn one_line_is_asked_for_by_its_charge() {
    let Ok(Outcome::Transactions(page)) = read(&line(), &fixture("line")) else { panic!("no statement") };
    assert_eq!(page.lines.len(), 1);
    assert_eq!(page.lines[0].provider_ref, Some(named("py_3Sx1")), "a source that is only named");
    assert_eq!((page.lines[0].reference, page.lines[0].fee), (None, eur(35)));
    assert_eq!(read(&line(), &fixture("line_none")), Ok(Outcome::Transactions(StatementPage::default())));
    let other = Operation::Line(Line { source: named("py_3Sx1"), amount: eur(10_949) });
    assert_eq!(shape(&read(&other, &fixture("line"))), "uncertain");
    let undone = altered("line", "\"amount\":10950", "\"amount\":-10950");
    let undone = altered_again(&undone, "\"net\":10915", "\"net\":-10985");
    assert_eq!(shape(&read(&line(), &undone)), "transactions", "what came back is worth the same");
}

fn altered_again(answer: &Response, from: &str, to: &str) -> Response {
    let text = String::from_utf8(answer.body.clone()).unwrap();
    assert!(text.contains(from));
    response(answer.status, text.replace(from, to).as_bytes())
}

#[test]
fn a_statement_with_a_hole_is_no_statement() {
    for (pointer, value) in [
        ("/data/3/net", json!(10_916)),
        ("/data/3/fee", json!(null)),
        ("/data/3/currency", json!("zzz")),
        ("/data/3/created", json!("yesterday")),
        ("/data/3/id", json!("")),
        ("/data/2", json!(null)),
        ("/has_more", json!(null)),
        ("/data", json!(null)),
    ] {
        let answer = match pointer {
            "/data/2" => altered("statement", "\"id\":\"txn_re1\"", "\"no\":1"),
            _ => with("statement", pointer, value.clone()),
        };
        assert_eq!(page(&answer), Err("uncertain".to_owned()), "{pointer} {value}");
    }
    let lost = response(200, br#"{"data":[],"has_more":true}"#);
    assert_eq!(page(&lost), Err("uncertain".to_owned()), "it goes on, nobody knows where");
}

#[test]
fn a_line_may_lack_what_is_not_told_yet() {
    for pointer in ["/data/3/available_on", "/data/3/source", "/data/3/type"] {
        let page = page(&with("statement", pointer, json!(null))).unwrap();
        assert_eq!(page.lines.len(), 4, "{pointer}");
    }
}
