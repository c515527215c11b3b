//! Tokens and keys: what is fetched, what is fetched anew, and what is never tried again.

use secrecy::ExposeSecret;

use super::*;

fn every_operation() -> [Operation; 4] {
    [
        Operation::Disburse(disburse()),
        Operation::Refund(refund()),
        Operation::Balance,
        inquire(MovementKind::Disbursement, None),
    ]
}

#[test]
fn a_pin_needs_a_key_and_everything_needs_a_token() {
    let retailer = retailer();
    let needs: Vec<usize> =
        every_operation().iter().map(|it| retailer.granter().unwrap().needs(it).len()).collect();
    assert_eq!(needs, [2, 2, 2, 1]);
    let merchant = merchant();
    assert_eq!(merchant.granter().unwrap().needs(&Operation::Collect(collect())), [TOKEN]);
}

#[test]
fn the_application_names_itself_in_the_body() {
    let wire = merchant();
    let request = wire.granter().unwrap().fetch(TOKEN, &Grants::none());
    assert_eq!(request.url, "https://sonatel.test/oauth/v1/token");
    assert_eq!(
        std::str::from_utf8(&request.body).unwrap(),
        "client_id=client&client_secret=s3c%26ret&grant_type=client_credentials"
    );
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!request.headers.contains_key("authorization"));
}

#[test]
fn a_key_is_fetched_with_the_token_and_lives_an_hour() {
    let wire = retailer();
    let granter = wire.granter().unwrap();
    let request = granter.fetch(KEY, &Grants::none().with(TOKEN, "t0k".into()));
    assert_eq!(request.url, "https://sonatel.test/api/account/v1/publicKeys");
    assert_eq!(request.headers["authorization"], "Bearer t0k");
    assert_eq!(request.headers["content-type"], "application/json");
    let grant = granter.granted(KEY, &fixture("public_key")).unwrap();
    assert_eq!(grant.value.expose_secret(), public_key());
    assert_eq!(grant.lives_for, Some(Duration::from_secs(3_600)));
    let list = format!("[{}]", String::from_utf8(fixture("public_key").body).unwrap());
    assert!(granter.granted(KEY, &response(200, &list)).is_ok(), "one client met a list");
}

#[test]
fn what_is_no_key_is_none() {
    let wire = retailer();
    for (status, body, expected) in [
        (200, "", "uncertain"),
        (200, "[]", "uncertain"),
        (200, "{}", "uncertain"),
        (200, r#"{"keyId":"x","key":"AAAA"}"#, "uncertain"),
        (200, r#"{"keyId":"x","key":"not base64!"}"#, "uncertain"),
        (200, "<html>", "uncertain"),
        (500, "", "uncertain"),
        (401, "", "misconfigured"),
        (403, "", "misconfigured"),
        (415, "", "misconfigured"),
        (429, "", "rate_limited"),
    ] {
        let answer = wire.granter().unwrap().granted(KEY, &response(status, body));
        assert_eq!(answer.map_err(|error| error.as_str()).err(), Some(expected), "{status} {body}");
    }
}

#[test]
fn a_spent_token_or_a_revoked_key_is_fetched_anew_and_a_wrong_pin_never() {
    let wire = retailer();
    let granter = wire.granter().unwrap();
    let pay = Operation::Disburse(disburse());
    let with_status = |status: u16, name: &str| Response { status, ..fixture(name) };
    for (answer, refused, spoilt) in [
        (response(401, ""), Some(TOKEN), None),
        (fixture("error_unauthorized_client"), Some(TOKEN), None),
        (fixture("error_revoked_key"), Some(KEY), None),
        (with_status(401, "error_revoked_key"), Some(KEY), None),
        (fixture("error_pin_wrong"), None, Some(KEY)),
        (with_status(401, "error_pin_wrong"), None, Some(KEY)),
        (with_status(500, "error_pin_blocked"), None, Some(KEY)),
        (fixture("error_insufficient"), None, None),
        (fixture("error_internal"), None, None),
        (fixture("cashin_success"), None, None),
        (response(200, r#"{"code":"2011"}"#), None, None),
        (response(403, ""), None, None),
    ] {
        assert_eq!(granter.refused(&pay, &answer), refused, "{answer:?}");
        assert_eq!(granter.spoilt(&pay, &answer), spoilt, "{answer:?}");
    }
    let search = inquire(MovementKind::Disbursement, None);
    assert_eq!(granter.refused(&search, &fixture("error_revoked_key")), None, "it was sent without one");
}
