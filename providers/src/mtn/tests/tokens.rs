//! Which token an operation needs, how it is asked for, and what refuses it.

use domain::movement::MovementKind::{Collection, Disbursement, Refund as Refunding};

use super::*;
use crate::{Grant, Request};

fn needs(config: MtnConfig, operation: &Operation) -> Vec<&'static str> {
    let mtn = Mtn::new(config).unwrap();
    mtn.granter().unwrap().needs(operation).iter().map(|need| need.0).collect()
}

fn asked(config: MtnConfig, need: &'static str) -> Request {
    Mtn::new(config).unwrap().granter().unwrap().fetch(Need(need), &Grants::none())
}

fn granted(response: &Response) -> Result<Grant, ProviderError> {
    mtn().granter().unwrap().granted(Need("collection token"), response)
}

#[test]
fn each_product_has_a_token_of_its_own() {
    let remitting =
        MtnConfig { pay_by: MtnPayBy::Remittance, remittance: Some(product("remittance")), ..config() };
    let table = [
        (Operation::Collect(collect()), "collection token", "collection token"),
        (ask(Collection), "collection token", "collection token"),
        (Operation::Disburse(disburse()), "disbursement token", "remittance token"),
        (ask(Disbursement), "disbursement token", "remittance token"),
        (Operation::Balance, "disbursement token", "remittance token"),
        (Operation::Refund(refund()), "disbursement token", "disbursement token"),
        (ask(Refunding), "disbursement token", "disbursement token"),
    ];
    for (operation, usual, remitted) in table {
        assert_eq!(needs(config(), &operation), [usual], "{operation:?}");
        assert_eq!(needs(remitting.clone(), &operation), [remitted], "{operation:?}");
    }
    let collecting = MtnConfig { disbursement: None, ..config() };
    assert_eq!(needs(collecting.clone(), &Operation::Balance), ["collection token"]);
    assert!(needs(collecting, &Operation::Refund(refund())).is_empty());
}

#[test]
fn a_token_is_asked_for_with_its_product_s_user_and_keys() {
    let request = asked(config(), "disbursement token");
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("POST", "https://mtn.test/disbursement/token/")
    );
    // Python: base64.b64encode(b"c72025f5-5cd1-4630-99e4-8ba4722fad56:disbursement-api-key")
    let basic = "Basic YzcyMDI1ZjUtNWNkMS00NjMwLTk5ZTQtOGJhNDcyMmZhZDU2OmRpc2J1cnNlbWVudC1hcGkta2V5";
    assert_eq!(request.headers["authorization"], basic);
    assert_eq!(request.headers["ocp-apim-subscription-key"], "disbursement-subscription");
    assert!(request.headers["authorization"].is_sensitive());
}

#[test]
fn its_body_is_nothing_or_json_and_never_a_form() {
    let empty = asked(config(), "collection token");
    assert_eq!((empty.body.len(), empty.headers["content-length"].to_str().unwrap()), (0, "0"));
    assert_eq!(empty.headers.get("content-type"), None);
    let json = asked(MtnConfig { token_body: MtnTokenBody::Json, ..config() }, "collection token");
    assert_eq!(json.body, br#"{"grant_type":"client_credentials"}"#);
    assert_eq!(json.headers["content-type"], "application/json");
    assert_eq!(json.headers.get("content-length"), None, "the client says it");
}

#[test]
fn a_token_lives_as_long_as_it_says() {
    let grant = granted(&fixture("token")).unwrap();
    assert_eq!(grant.lives_for, Some(Duration::from_secs(3600)));
    let as_text = altered("token", "3600", r#""120""#);
    assert_eq!(granted(&as_text).unwrap().lives_for, Some(Duration::from_secs(120)));
    for odd in ["-1", "1.5", r#""soon""#, "null"] {
        assert_eq!(granted(&altered("token", "3600", odd)).unwrap().lives_for, None, "{odd}: used once");
    }
}

#[test]
fn what_is_no_token_is_none() {
    let shape = |answer: &Response| granted(answer).map(|_| "granted").unwrap_or_else(|error| error.as_str());
    let table = [
        (fixture("firewall_page"), "uncertain"),
        (altered("token", "eyJ0eXAi.invented.token", ""), "uncertain"),
        (altered("token", "eyJ0eXAi.invented.token", "two words"), "uncertain"),
        (response(200, b""), "uncertain"),
        (response(202, b"{}"), "uncertain"),
        (response(500, b""), "uncertain"),
        (response(503, b""), "uncertain"),
        (response(400, b""), "misconfigured"),
        (response(401, br#"{"error":"invalid_client"}"#), "misconfigured"),
        (fixture("key_refused"), "misconfigured"),
        (response(411, b""), "misconfigured"),
        (response(429, b""), "rate_limited"),
    ];
    for (answer, expected) in table {
        assert_eq!(shape(&answer), expected, "{answer:?}");
    }
}

#[test]
fn a_spent_token_is_minted_anew_and_a_refused_key_is_not() {
    let mtn = mtn();
    let refused = |answer: &Response| {
        let operation = Operation::Disburse(disburse());
        mtn.granter().unwrap().refused(&operation, answer).map(|need| need.0)
    };
    let again = Some("disbursement token");
    assert_eq!(refused(&fixture("token_refused")), again);
    assert_eq!(refused(&response(401, b"")), again);
    assert_eq!(
        refused(&response(401, br#"{"statusCode":401,"message":"Unauthorized. Invalid token."}"#)),
        again
    );
    assert_eq!(refused(&fixture("key_refused")), None);
    for other in [fixture("forbidden"), fixture("refused_payee"), fixture("duplicate"), response(202, b"")] {
        assert_eq!(refused(&other), None, "{other:?}");
    }
}
