//! What each answer means: fixtures in, outcomes out.

use domain::movement::MovementKind::{Collection, Disbursement, Refund, Reversal};
use domain::{Currency, LineKind};

use super::*;
use crate::{Balance, NextAction, Page, StatementPage};

fn redirect() -> Option<NextAction> {
    Some(NextAction::Redirect {
        url: "https://pay.wave.com/c/cos-2f7k1m9xq100b".to_owned(),
        expires_at: Some(at("2026-11-20T10:30:00Z")),
    })
}

fn paid() -> Outcome {
    Outcome::Succeeded {
        provider_ref: session_ref(),
        amount: xof(12_500),
        fee: None,
        at: Some(at("2026-11-20T10:02:11Z")),
        transaction: Some("T7QK2M4ZX9A".to_owned()),
        mandate: None,
    }
}

fn statement(name: &str) -> StatementPage {
    let operation = Operation::Transactions(Page { date: now().date_naive(), cursor: None });
    match read(&operation, &fixture(name)).unwrap() {
        Outcome::Transactions(page) => page,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_open_session_tells_where_to_send_the_payer() {
    let pending = Outcome::pending(session_ref(), redirect());
    assert_eq!(read(&Operation::Collect(collect()), &fixture("session_open")), Ok(pending.clone()));
    assert_eq!(read(&ask_about(Collection, session_ref()), &fixture("session_open")), Ok(pending));
}

#[test]
fn a_payer_is_sent_to_web_pages_only() {
    for url in ["javascript:alert(1)", "", "wave://pay"] {
        let answer = altered("session_open", "https://pay.wave.com/c/cos-2f7k1m9xq100b", url);
        let expected = Outcome::pending(session_ref(), None);
        assert_eq!(read(&Operation::Collect(collect()), &answer), Ok(expected));
    }
}

#[test]
fn a_paid_session_is_a_success_whoever_asks() {
    for operation in [ask_about(Collection, session_ref()), Operation::Collect(collect())] {
        assert_eq!(read(&operation, &fixture("session_paid")), Ok(paid()));
    }
}

#[test]
fn what_a_session_can_say() {
    let table = [
        ("session_open", "pending"),
        ("session_paid", "succeeded"),
        ("session_attempt_failed", "pending"),
        ("session_attempt_failed_other_keys", "pending"),
        ("session_expired", "expired"),
        ("session_cancelled", "cancelled"),
        ("session_not_found", "not_found"),
        ("error_html", "uncertain"),
    ];
    for (name, expected) in table {
        let answer = read(&ask_about(Collection, session_ref()), &fixture(name));
        assert_eq!(shape(&answer), expected, "{name}");
    }
}

#[test]
fn every_pair_of_session_words() {
    let table = [
        ("open", "processing", "pending"),
        ("open", "cancelled", "pending"),
        ("open", "succeeded", "pending"),
        ("complete", "succeeded", "succeeded"),
        ("complete", "processing", "pending"),
        ("complete", "cancelled", "cancelled"),
        ("expired", "processing", "expired"),
        ("expired", "cancelled", "expired"),
        ("expired", "succeeded", "uncertain"),
        ("complete", "failed", "uncertain"),
        ("Complete", "Succeeded", "uncertain"),
        ("complete", "succeeded ", "uncertain"),
        ("closed", "succeeded", "uncertain"),
        ("", "", "uncertain"),
    ];
    for (checkout, payment, expected) in table {
        let mut body: serde_json::Value = serde_json::from_slice(&fixture("session_open").body).unwrap();
        body["checkout_status"] = checkout.into();
        body["payment_status"] = payment.into();
        let answer = read(&ask_about(Collection, session_ref()), &response(200, body.to_string().as_bytes()));
        assert_eq!(shape(&answer), expected, "{checkout}/{payment}");
    }
}

#[test]
fn a_payment_that_is_not_ours_is_never_a_success() {
    let operation = ask_about(Collection, session_ref());
    let changes = [
        (r#""amount":"12500""#, r#""amount":"12499""#),
        (r#""amount":"12500""#, r#""amount":"125000""#),
        (r#""amount":"12500""#, r#""amount":"-12500""#),
        (r#""amount":"12500""#, r#""amount":12500"#),
        (r#""amount":"12500""#, r#""amount":"12500.5""#),
        (r#""currency":"XOF""#, r#""currency":"XAF""#),
        (r#""currency":"XOF""#, r#""currency":"xof""#),
        (REFERENCE, "6f9619ff-8b86-4d01-b42d-00cf4fc964fe"),
        (REFERENCE, "ORDER-7"),
        (r#""client_reference":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff""#, r#""client_reference":null"#),
        (SESSION, ""),
    ];
    for (from, to) in changes {
        let answer = read(&operation, &altered("session_paid", from, to));
        assert_eq!(shape(&answer), "uncertain", "{from} -> {to}");
    }
}

#[test]
fn of_several_sessions_the_paid_one_speaks_then_the_newest_open_one() {
    let search = ask(Collection);
    assert_eq!(read(&search, &fixture("sessions_none")), Ok(Outcome::NotFound));
    assert_eq!(read(&search, &fixture("sessions_one_paid")), Ok(paid()));
    assert_eq!(shape(&read(&search, &fixture("sessions_two_paid"))), "uncertain");
    match read(&search, &fixture("sessions_two_open")).unwrap() {
        Outcome::Pending { provider_ref, next: Some(NextAction::Redirect { url, .. }), .. } => {
            assert_eq!(provider_ref, Some(ProviderRef("cos-newer0000001".into())));
            assert_eq!(url, "https://pay.wave.com/c/cos-newer0000001");
        }
        other => panic!("{other:?}"),
    }
    let odd = altered("sessions_one_paid", r#""checkout_status":"expired""#, r#""checkout_status":"paused""#);
    assert_eq!(shape(&read(&search, &odd)), "uncertain", "one session that we do not understand");
}

#[test]
fn a_session_that_is_being_paid_speaks_before_an_open_one() {
    let settling =
        altered("sessions_one_paid", r#""payment_status":"succeeded""#, r#""payment_status":"processing""#);
    match read(&ask(Collection), &settling).unwrap() {
        Outcome::Pending { provider_ref, next: None, .. } => assert_eq!(provider_ref, Some(session_ref())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_payout_can_say() {
    let table = [
        ("payout_succeeded", "succeeded"),
        ("payout_processing", "pending"),
        ("payout_failed", "declined recipient-limit-exceeded"),
        ("payout_reversed", "reversed"),
    ];
    for (name, expected) in table {
        for operation in [Operation::Disburse(disburse()), ask_about(Disbursement, payout_ref())] {
            assert_eq!(shape(&read(&operation, &fixture(name))), expected, "{name}");
        }
    }
    assert_eq!(
        read(&Operation::Disburse(disburse()), &fixture("payout_succeeded")),
        Ok(Outcome::Succeeded {
            provider_ref: payout_ref(),
            amount: xof(15_000),
            fee: Some(xof(150)),
            at: None, // `timestamp` is when it was submitted
            transaction: None,
            mandate: None,
        })
    );
}

#[test]
fn a_payout_that_is_not_ours_is_never_a_success_nor_a_refusal() {
    let changes = [
        (r#""receive_amount":"15000""#, r#""receive_amount":"15150""#),
        (r#""currency":"XOF""#, r#""currency":"GMD""#),
        (REFERENCE, "6f9619ff-8b86-4d01-b42d-00cf4fc964fe"),
        (PAYOUT, "pt 3"),
    ];
    for name in ["payout_succeeded", "payout_failed", "payout_reversed"] {
        for (from, to) in changes {
            let answer = read(&Operation::Disburse(disburse()), &altered(name, from, to));
            assert_eq!(shape(&answer), "uncertain", "{name}: {from} -> {to}");
        }
    }
}

#[test]
fn an_unreadable_fee_does_not_make_a_payout_less_certain() {
    let odd = altered("payout_succeeded", r#""fee":"150""#, r#""fee":"about 150""#);
    match read(&Operation::Disburse(disburse()), &odd).unwrap() {
        Outcome::Succeeded { fee, .. } => assert_eq!(fee, None),
        other => panic!("{other:?}"),
    }
}

#[test]
fn payouts_are_found_by_reference() {
    let search = ask(Disbursement);
    assert_eq!(read(&search, &fixture("payouts_none")), Ok(Outcome::NotFound));
    assert_eq!(shape(&read(&search, &fixture("payouts_found"))), "succeeded");
    assert_eq!(shape(&read(&search, &fixture("payouts_two"))), "uncertain");
}

#[test]
fn a_failed_payout_beside_a_paid_one_is_history() {
    let mut found: serde_json::Value = serde_json::from_slice(&fixture("payouts_two").body).unwrap();
    found["result"][0]["status"] = "failed".into();
    let answer = read(&ask(Disbursement), &response(200, found.to_string().as_bytes()));
    assert_eq!(shape(&answer), "succeeded");
    found["result"][1]["status"] = "failed".into();
    let answer = read(&ask(Disbursement), &response(200, found.to_string().as_bytes()));
    assert_eq!(shape(&answer), "declined failed");
}

#[test]
fn refund_reversal_and_expiry_answer_an_empty_200() {
    let table = [(refund(), "succeeded"), (reverse(), "succeeded"), (cancel(), "cancelled")];
    for (operation, expected) in table {
        for body in ["", "\n", "{}"] {
            assert_eq!(shape(&read(&operation, &response(200, body.as_bytes()))), expected);
        }
        for body in ["<html></html>", "null", "[]", r#"{"code":"x"}"#] {
            assert_eq!(shape(&read(&operation, &response(200, body.as_bytes()))), "uncertain", "{body}");
        }
        assert_eq!(shape(&read(&operation, &response(204, b""))), "uncertain");
    }
}

#[test]
fn a_refund_names_the_session_that_it_gives_back() {
    let expected = Outcome::Succeeded {
        provider_ref: session_ref(),
        amount: xof(12_500),
        fee: None,
        at: None,
        transaction: None,
        mandate: None,
    };
    assert_eq!(read(&refund(), &response(200, b"")), Ok(expected));
}

#[test]
fn what_refund_reversal_and_expiry_can_refuse() {
    assert_eq!(shape(&read(&refund(), &fixture("error_refund_failed"))), "declined checkout-refund-failed");
    let conflict = Response { status: 409, ..fixture("error_refund_failed") };
    assert_eq!(shape(&read(&refund(), &conflict)), "declined checkout-refund-failed");
    assert_eq!(shape(&read(&refund(), &fixture("session_not_found"))), "declined checkout-session-not-found");
    assert_eq!(
        shape(&read(&reverse(), &fixture("error_reversal_too_late"))),
        "declined payout-reversal-time-limit-exceeded"
    );
    assert_eq!(shape(&read(&reverse(), &fixture("payout_not_found"))), "declined not-found");
    assert_eq!(shape(&read(&cancel(), &fixture("session_not_found"))), "not_found");
    assert_eq!(shape(&read(&cancel(), &response(404, b""))), "uncertain");
    assert_eq!(
        read(&cancel(), &response(409, br#"{"code":"checkout-session-not-open"}"#)),
        Ok(Outcome::pending(session_ref(), None))
    );
}

#[test]
fn a_reversal_is_asked_for_by_its_payout() {
    let table = [
        ("payout_reversed", "succeeded"),
        ("payout_succeeded", "not_found"),
        ("payout_processing", "not_found"),
        ("payout_failed", "uncertain"),
        ("payout_not_found", "uncertain"),
    ];
    for (name, expected) in table {
        assert_eq!(shape(&read(&ask(Reversal), &fixture(name))), expected, "{name}");
    }
    let other = altered("payout_reversed", r#""receive_amount":"15000""#, r#""receive_amount":"1""#);
    assert_eq!(shape(&read(&ask(Reversal), &other)), "uncertain");
}

#[test]
fn a_refund_is_found_in_the_statement() {
    assert_eq!(
        read(&ask(Refund), &fixture("transactions_refund")),
        Ok(Outcome::Succeeded {
            provider_ref: session_ref(),
            amount: xof(12_500),
            fee: None,
            at: Some(at("2026-11-20T12:00:00Z")),
            transaction: Some("T_REFUND000001".to_owned()),
            mandate: None,
        })
    );
    assert_eq!(read(&ask(Refund), &fixture("transactions")), Ok(Outcome::NotFound));
    let part = altered("transactions_refund", r#""amount":"-12375""#, r#""amount":"-1000""#);
    assert_eq!(shape(&read(&ask(Refund), &part)), "uncertain");
    let other =
        Operation::Inquire(Inquire { original: Some(ProviderRef("cos-other".into())), ..inquire(Refund) });
    assert_eq!(read(&other, &fixture("transactions_refund")), Ok(Outcome::NotFound));
}

#[test]
fn an_old_statement_without_types_still_shows_the_refund_by_its_sign() {
    let mut body: serde_json::Value = serde_json::from_slice(&fixture("transactions_refund").body).unwrap();
    for key in ["transaction_type", "is_reversal", "balance"] {
        body["items"][1].as_object_mut().unwrap().remove(key);
    }
    let answer = read(&ask(Refund), &response(200, body.to_string().as_bytes()));
    assert_eq!(shape(&answer), "succeeded");
}

#[test]
fn an_inquiry_about_a_refund_reads_all_pages_of_all_days() {
    let operation = Operation::Inquire(Inquire { since: at("2026-11-19T23:59:00Z"), ..inquire(Refund) });
    let wave = wave();
    let today = at("2026-11-20T00:10:00Z");
    let empty = altered("transactions_2022", "cos-2022capture1", "cos-another");
    let asked = |request: &crate::Request| {
        let query: Vec<_> =
            request.query.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
        (query, request.headers.contains_key("authorization"))
    };
    let first = wave.request(&operation, &Grants::none(), today).unwrap();
    assert_eq!(asked(&first), (vec![("date".to_owned(), "2026-11-19".to_owned())], true));
    let second = wave.follow(&operation, &first, &fixture("transactions"), &Grants::none(), today).unwrap();
    let expected =
        vec![("date".to_owned(), "2026-11-19".to_owned()), ("after".to_owned(), "cursor-2".to_owned())];
    assert_eq!(asked(&second), (expected, true));
    let third = wave.follow(&operation, &second, &empty, &Grants::none(), today).unwrap();
    assert_eq!(asked(&third), (vec![("date".to_owned(), "2026-11-20".to_owned())], true));
    assert_eq!(
        wave.follow(&operation, &third, &empty, &Grants::none(), today),
        None,
        "today is the last day"
    );
    assert_eq!(
        wave.follow(&operation, &first, &fixture("transactions_refund"), &Grants::none(), today),
        None,
        "found"
    );
    assert_eq!(wave.follow(&operation, &first, &fixture("error_html"), &Grants::none(), today), None);
    assert_eq!(wave.follow(&operation, &first, &response(200, b"{}"), &Grants::none(), today), None);
    assert_eq!(wave.follow(&ask(Collection), &first, &fixture("transactions"), &Grants::none(), today), None);
}

#[test]
fn the_balance_is_in_the_configured_currency() {
    assert_eq!(
        read(&Operation::Balance, &fixture("balance")),
        Ok(Outcome::Balance(Balance::available(xof(1_203_450))))
    );
    let other = altered("balance", "XOF", "GMD");
    assert_eq!(shape(&read(&Operation::Balance, &other)), "misconfigured");
    let signless = altered("balance", "1203450", "1,203,450");
    assert_eq!(shape(&read(&Operation::Balance, &signless)), "uncertain");
}

#[test]
fn superfluous_zeros_are_read_and_real_decimals_are_not_lost() {
    let parse = |text: &str, currency| crate::wave::amount::parse(text, currency).map(Money::minor).ok();
    for (text, currency, minor) in [
        ("2500", Currency::UGX, Some(2_500)),
        ("2500.00", Currency::UGX, Some(2_500)),
        ("2500.10", Currency::UGX, None),
        ("2500.10", Currency::GMD, Some(250_010)),
        ("2500.1", Currency::GMD, Some(250_010)),
        ("2500.100", Currency::GMD, Some(250_010)),
        ("2500.101", Currency::GMD, None),
        ("-12.50", Currency::GMD, Some(-1_250)),
        ("2500.", Currency::XOF, None),
        (".00", Currency::XOF, None),
        ("é.00", Currency::XOF, None),
        ("1.é", Currency::XOF, None),
        ("1.0é", Currency::GMD, None),
        ("", Currency::XOF, None),
        ("1e3", Currency::XOF, None),
        ("+1", Currency::XOF, None),
        ("99999999999999999999", Currency::XOF, None),
    ] {
        assert_eq!(parse(text, currency), minor, "{text} {currency}");
    }
}

#[test]
fn a_statement_is_read_whole_or_not_at_all() {
    let operation = Operation::Transactions(Page { date: now().date_naive(), cursor: None });
    let breaks = [
        (r#""amount":"-15150""#, r#""amount":"?""#),
        ("2026-11-20T10:20:00Z", "yesterday"),
        (r#""transaction_id":"T_PAYOUT000001","#, ""),
        (r#""end_cursor":"cursor-2""#, r#""end_cursor":null"#),
    ];
    for (from, to) in breaks {
        assert_eq!(shape(&read(&operation, &altered("transactions", from, to))), "uncertain", "{from}");
    }
}

#[test]
fn a_statement_without_types_is_still_a_statement() {
    let page = statement("transactions_2022");
    assert_eq!(page.next, None);
    assert_eq!(page.lines[0].word, "");
    assert_eq!(
        (page.lines[0].net, page.lines[0].fee, page.lines[0].gross),
        (xof(3_366), xof(34), xof(3_400))
    );
}

#[test]
fn a_statement_carries_references_fees_and_its_cursor() {
    let page = statement("transactions");
    assert_eq!(page.next.as_deref(), Some("cursor-2"));
    let [collection, payout, sweep] = page.lines.as_slice() else { panic!("{page:?}") };
    assert_eq!(
        (collection.reference, collection.provider_ref.clone()),
        (Some(reference()), Some(session_ref()))
    );
    assert_eq!((payout.net, payout.fee, payout.gross), (xof(-15_150), xof(150), xof(-15_000)));
    assert_eq!((payout.reference, payout.provider_ref.clone()), (Some(reference()), None));
    assert_eq!((sweep.word.as_str(), sweep.reference), ("merchant_sweep", None));
    assert!(page.lines.iter().all(|line| !line.is_reversal));
    let kinds = |page: &StatementPage| page.lines.iter().map(|line| line.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&page), [LineKind::Collection, LineKind::Disbursement, LineKind::Sweep]);
    let refunded = statement("transactions_refund");
    assert_eq!(kinds(&refunded), [LineKind::Collection, LineKind::Refund]);
    assert_eq!(kinds(&statement("transactions_2022")), [LineKind::Collection], "by its session");
    let [gross, fee, net] = [refunded.lines[1].gross, refunded.lines[1].fee, refunded.lines[1].net];
    assert_eq!((gross, fee, net), (xof(-12_500), xof(-125), xof(-12_375)), "the fee comes back");
    assert_ne!(page.lines[0].raw, page.lines[1].raw);
    assert_eq!(page.lines[0].raw, statement("transactions").lines[0].raw);
    assert!(statement("transactions_refund").lines[1].is_reversal);
}

#[test]
fn errors_that_say_what_is_safe_to_do() {
    let disburse = Operation::Disburse(disburse());
    let coded = |status, code: &str| response(status, format!(r#"{{"code":"{code}"}}"#).as_bytes());
    let table = [
        (coded(401, "no-matching-api-key"), "misconfigured"),
        (coded(401, "api-key-revoked"), "misconfigured"),
        (coded(401, "missing-signature"), "misconfigured"),
        (coded(403, "disabled-wallet"), "misconfigured"),
        (coded(403, "missing-permission"), "misconfigured"),
        (coded(400, "currency-mismatch"), "misconfigured"),
        (coded(400, "request-parsing-error"), "misconfigured"),
        (coded(405, "method-not-allowed"), "misconfigured"),
        (coded(400, "country-mismatch"), "declined country-mismatch"),
        (coded(408, "request-timeout"), "uncertain"),
        (coded(409, "idempotency-mismatch"), "uncertain"),
        (coded(404, "not-found"), "uncertain"),
        (coded(422, "recipient-on-holiday"), "uncertain"),
        (coded(429, "too-many-requests"), "rate_limited"),
        (coded(500, "internal-server-error"), "uncertain"),
        (coded(500, "insufficient-funds"), "uncertain"),
        (coded(503, "service-unavailable"), "uncertain"),
        (response(504, b""), "uncertain"),
        (response(400, b""), "uncertain"),
        (response(302, b""), "uncertain"),
        (response(100, b""), "uncertain"),
        (response(200, b""), "uncertain"),
        (response(200, b"{\"id\":\"pt-1\",\"status\":\"succ"), "uncertain"),
    ];
    for (answer, expected) in table {
        assert_eq!(
            shape(&read(&disburse, &answer)),
            expected,
            "{} {answer:?}",
            String::from_utf8_lossy(&answer.body)
        );
    }
}

#[test]
fn a_refusal_counts_only_for_the_operation_that_documents_it() {
    let payout_code = response(422, br#"{"code":"recipient-minor"}"#);
    assert_eq!(shape(&read(&Operation::Collect(collect()), &payout_code)), "uncertain");
    assert_eq!(shape(&read(&ask(Disbursement), &payout_code)), "uncertain");
    let bad_request = response(400, br#"{"code":"request-validation-error"}"#);
    assert_eq!(shape(&read(&refund(), &bad_request)), "uncertain");
    assert_eq!(
        shape(&read(&Operation::Collect(collect()), &bad_request)),
        "declined request-validation-error"
    );
}

#[test]
fn a_rate_limit_tells_how_long_when_it_says_so() {
    let mut limited = response(429, b"");
    assert_eq!(read(&Operation::Balance, &limited), Err(ProviderError::RateLimited { retry_after: None }));
    limited.headers.insert("retry-after", "7".parse().unwrap());
    assert_eq!(
        read(&Operation::Balance, &limited),
        Err(ProviderError::RateLimited { retry_after: Some(Duration::from_secs(7)) })
    );
}

#[test]
fn each_word_of_the_statement_is_a_kind() {
    use LineKind::{Collection, Disbursement, Other, Refund, Reversal, Sweep};
    let operation = Operation::Transactions(Page { date: now().date_naive(), cursor: None });
    let kind = |word: &str, amount: &str, is_reversal: &str| {
        let line = format!(
            r#"{{"timestamp":"2026-11-20T10:12:33Z","transaction_id":"T_1","transaction_type":"{word}",
                "amount":"{amount}","fee":"0","currency":"XOF","is_reversal":{is_reversal}}}"#
        );
        let body = format!(r#"{{"page_info":{{"end_cursor":null,"has_next_page":false}},"items":[{line}]}}"#);
        match read(&operation, &response(200, body.as_bytes())).unwrap() {
            Outcome::Transactions(page) => page.lines[0].kind,
            other => panic!("{other:?}"),
        }
    };
    let table = [
        ("merchant_payment", "100", "false", Collection),
        ("merchant_payment_refund", "-100", "true", Refund),
        ("api_checkout", "-100", "true", Refund),
        ("bulk_payment", "-100", "false", Disbursement),
        ("bulk_payment_reversal", "100", "true", Reversal),
        ("api_payout_reversal", "100", "false", Reversal),
        ("b2b_payment", "100", "false", Collection),
        ("b2b_payment", "-100", "false", Disbursement),
        ("merchant_sweep", "-100", "false", Sweep),
        ("agent_gift", "100", "false", Other),
        ("agent_gift", "-100", "true", Reversal),
    ];
    for (word, amount, is_reversal, expected) in table {
        assert_eq!(kind(word, amount, is_reversal), expected, "{word} {amount} {is_reversal}");
    }
}
