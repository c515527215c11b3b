//! The known traps of Wave's interface, one test each, in the words of the trap.

use domain::movement::MovementKind::{Collection, Disbursement};

use super::*;
use crate::testkit::digest as signed;
use crate::{Callback, Page, Trust};

fn translated(name: &str) -> Callback {
    wave().translate(&fixture(name).body, Trust::Proven).unwrap()
}

fn verifies(header: &str, body: &[u8]) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert("wave-signature", header.parse().unwrap());
    wave().verify(&headers, body, now()).is_ok()
}

#[test]
fn trap_1_the_signature_has_no_dot_and_covers_the_time() {
    let body = fixture("event_completed").body;
    let t = now().timestamp().to_string();
    let message = |separator: &str| [t.as_bytes(), separator.as_bytes(), &body].concat();
    assert!(verifies(&format!("t={t},v1={}", signed(WHS, &message(""))), &body));
    assert!(!verifies(&format!("t={t},v1={}", signed(WHS, &message("."))), &body));
    assert!(!verifies(&format!("t={t},v1={}", signed(WHS, &body)), &body));
}

#[test]
fn trap_2_the_request_signing_secret_is_not_the_webhook_secret() {
    let both = Wave::new(WaveConfig { signing_secret: Some(AKS.into()), ..config() }).unwrap();
    let body = fixture("event_test").body;
    let t = now().timestamp();
    let message = [t.to_string().as_bytes(), &body].concat();
    let mut headers = HeaderMap::new();
    headers.insert("wave-signature", format!("t={t},v1={}", signed(AKS, &message)).parse().unwrap());
    assert!(both.verify(&headers, &body, now()).is_err());
    let request = both.request(&Operation::Balance, &Grants::none(), now()).unwrap();
    let header = request.headers["wave-signature"].to_str().unwrap().to_owned();
    assert_eq!(header, format!("t={t},v1={}", signed(AKS, t.to_string().as_bytes())));
}

#[test]
fn trap_3_the_success_redirect_proves_nothing() {
    let request = wave().request(&Operation::Collect(collect()), &Grants::none(), now()).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["success_url"], "https://shop.example/ok", "sent as given: no token, no secret in it");
    let answer = read(&Operation::Collect(collect()), &fixture("session_open"));
    assert_eq!(shape(&answer), "pending");
}

#[test]
fn trap_4_a_failed_attempt_is_no_refusal_and_completed_may_come_first() {
    for name in ["event_payment_failed", "event_payment_failed_other_word"] {
        let callback = translated(name);
        assert_eq!(callback.outcome, Some(Outcome::pending(session_ref(), None)));
    }
    let later = translated("event_completed");
    assert!(matches!(later.outcome, Some(Outcome::Succeeded { .. })));
    assert_eq!(later.reference, translated("event_payment_failed").reference);
    let answer = read(&ask_about(Collection, session_ref()), &fixture("session_attempt_failed"));
    assert_eq!(shape(&answer), "pending");
}

#[test]
fn trap_5_sessions_are_gross_and_statements_are_net() {
    let statement = Operation::Transactions(Page { date: now().date_naive(), cursor: None });
    let Ok(Outcome::Transactions(page)) = read(&statement, &fixture("transactions")) else { panic!() };
    let line = &page.lines[0];
    assert_eq!((line.net, line.fee, line.gross), (xof(12_375), xof(125), xof(12_500)));
    let Ok(Outcome::Succeeded { amount, fee, .. }) =
        read(&ask_about(Collection, session_ref()), &fixture("session_paid"))
    else {
        panic!()
    };
    assert_eq!((amount, fee), (line.gross, None), "the fee is known from the statement only");
}

#[test]
fn trap_6_two_error_channels_and_four_error_bodies() {
    let table = [
        ("payout_failed", "declined recipient-limit-exceeded"),
        ("error_general", "declined insufficient-funds"),
        ("error_payout_form", "declined recipient-account-blocked"),
        ("error_flat", "declined request-validation-error"),
        ("error_nested", "declined recipient-minor"),
        ("error_html", "uncertain"),
    ];
    for (name, expected) in table {
        assert_eq!(shape(&read(&Operation::Disburse(disburse()), &fixture(name))), expected, "{name}");
    }
    let Ok(Outcome::Declined { message, .. }) =
        read(&Operation::Disburse(disburse()), &fixture("error_general"))
    else {
        panic!()
    };
    assert_eq!(message, "Your wallet holds too little (body.payouts.0.receive_amount)");
}

#[test]
fn trap_7_no_batch_is_ever_sent() {
    let request = wave().request(&Operation::Disburse(disburse()), &Grants::none(), now()).unwrap();
    assert_eq!(request.url, "https://wave.test/v1/payout");
}

#[test]
fn trap_8_payouts_refunds_and_expiry_announce_nothing_so_they_can_be_asked_for() {
    let wave = wave();
    let callbacks = wave.capabilities().callbacks;
    assert!(callbacks.collections && !callbacks.disbursements && !callbacks.refunds);
    use domain::movement::MovementKind::{Refund, Reversal};
    for kind in [Collection, Disbursement, Refund, Reversal] {
        assert!(wave.request(&ask(kind), &Grants::none(), now()).is_ok(), "{kind:?}");
    }
    let payout =
        wave.translate(br#"{"id":"EV_1","type":"payout.completed","data":{"id":"pt-1"}}"#, Trust::Proven);
    assert_eq!(payout.unwrap().outcome, None);
}

#[test]
fn trap_9_a_payer_is_only_restricted_when_that_is_asked_for() {
    let body = |restrict_payer| {
        let operation = Operation::Collect(Collect { restrict_payer, ..collect() });
        let request = wave().request(&operation, &Grants::none(), now()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&request.body).unwrap()
    };
    assert_eq!(body(true)["restrict_payer_mobile"], "+221770001122");
    assert!(body(false).get("restrict_payer_mobile").is_none());
    let nobody = Operation::Collect(Collect { restrict_payer: true, payer: None, ..collect() });
    assert!(wave().request(&nobody, &Grants::none(), now()).is_err());
}

#[test]
fn trap_10_an_empty_200_is_success_where_it_is_due_and_nowhere_else() {
    for operation in [refund(), reverse(), cancel()] {
        assert!(read(&operation, &response(200, b"")).is_ok());
    }
    for operation in [
        Operation::Collect(collect()),
        Operation::Disburse(disburse()),
        ask(Collection),
        ask(Disbursement),
        Operation::Balance,
    ] {
        assert_eq!(shape(&read(&operation, &response(200, b""))), "uncertain", "{operation:?}");
    }
}

#[test]
fn trap_11_a_changed_egress_address_pages_a_person_and_refuses_nothing() {
    for operation in
        [Operation::Disburse(disburse()), Operation::Collect(collect()), refund(), ask(Disbursement)]
    {
        let answer = read(&operation, &fixture("error_ip_not_allowed"));
        assert_eq!(
            answer,
            Err(ProviderError::misconfigured("status 403 with code ip-not-allowed")),
            "{operation:?}"
        );
    }
}

#[test]
fn trap_12_statement_days_are_utc_days() {
    use domain::movement::MovementKind::Refund;
    let just_after = "2026-11-20T00:00:01Z";
    let operation = Operation::Inquire(Inquire { since: at(just_after), ..inquire(Refund) });
    let request = wave().request(&operation, &Grants::none(), at(just_after)).unwrap();
    assert_eq!(request.query_value("date"), Some("2026-11-20"));
    let written_elsewhere = at("2026-11-20T01:30:00+02:00");
    let operation = Operation::Inquire(Inquire { since: written_elsewhere, ..inquire(Refund) });
    let request = wave().request(&operation, &Grants::none(), at(just_after)).unwrap();
    assert_eq!(request.query_value("date"), Some("2026-11-19"));
}
