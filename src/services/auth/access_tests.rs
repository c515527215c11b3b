//! Tokens that others made, against a reader that accepts ours alone.

use super::*;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use uuid::Uuid;

const KEY: [u8; 32] = [7; 32];
const NOW: i64 = 1_800_000_000;

fn tokens() -> AccessTokens {
    AccessTokens::new(&KEY, "moneybridge/sandbox", TimeDelta::seconds(900))
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn who() -> AccessClaims {
    AccessClaims {
        user: UserId::from_uuid(Uuid::from_u128(1)),
        session: SessionId::from_uuid(Uuid::from_u128(2)),
    }
}

fn ours() -> Value {
    json!({
        "iss": "moneybridge", "aud": "moneybridge/sandbox",
        "sub": who().user.to_string(), "sid": who().session.to_string(),
        "iat": NOW, "nbf": NOW, "exp": NOW + 900,
    })
}

/// Signs any header and payload with `key` by `algorithm`, as somebody with another library would.
fn signed_by(header: &str, payload: &str, key: &[u8], algorithm: Algorithm) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
    let signature = match algorithm {
        Algorithm::HS384 => hmac::<hmac::Hmac<sha2::Sha384>>(key, &message),
        Algorithm::HS512 => hmac::<hmac::Hmac<sha2::Sha512>>(key, &message),
        _ => hmac::<hmac::Hmac<sha2::Sha256>>(key, &message),
    };
    format!("{message}.{}", BASE64.encode(signature))
}

fn hmac<M: hmac::Mac + hmac::KeyInit>(key: &[u8], message: &str) -> Vec<u8> {
    let mac = <M as hmac::KeyInit>::new_from_slice(key).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// Signs with the right key: what is wrong is in the header or the claims.
fn signed(header: &str, payload: &str) -> String {
    signed_by(header, payload, &KEY, Algorithm::HS256)
}

const OUR_HEADER: &str = r#"{"typ":"at+jwt","alg":"HS256"}"#;

fn with_claims(payload: &Value) -> String {
    signed(OUR_HEADER, &payload.to_string())
}

fn with(name: &str, value: Value) -> String {
    let mut claims = ours();
    claims[name] = value;
    with_claims(&claims)
}

fn without(name: &str) -> String {
    let mut claims = ours();
    claims.as_object_mut().unwrap().remove(name);
    with_claims(&claims)
}

#[test]
fn our_header_is_the_constant() {
    let token = tokens().issue(who(), at(NOW)).unwrap();
    assert_eq!(token.split('.').next(), Some(HEADER));
    assert!(token.len() < LONGEST);
}

#[test]
fn a_token_is_read_from_its_first_second_to_its_last() {
    let (tokens, token) = (tokens(), with_claims(&ours()));
    assert_eq!(tokens.issue(who(), at(NOW)).map(|token| tokens.read(&token, at(NOW))).unwrap(), Ok(who()));
    for (seconds, expected) in [
        (-6, Err(TokenError::Time)),
        (-5, Ok(who())),
        (0, Ok(who())),
        (899, Ok(who())),
        (900, Err(TokenError::Time)),
        (86_400, Err(TokenError::Time)),
    ] {
        assert_eq!(tokens.read(&token, at(NOW + seconds)), expected, "{seconds} s after its making");
    }
}

#[test]
fn no_foreign_header_is_read() {
    let payload = ours().to_string();
    let mut corpus: Vec<String> = [
        r#"{"typ":"at+jwt","alg":"none"}"#,
        r#"{"typ":"at+jwt","alg":"None"}"#,
        r#"{"typ":"at+jwt","alg":"NONE"}"#,
        r#"{"typ":"at+jwt","alg":"nOnE"}"#,
        r#"{"typ":"at+jwt","alg":""}"#,
        r#"{"typ":"at+jwt","alg":null}"#,
        r#"{"typ":"at+jwt","alg":["HS256"]}"#,
        r#"{"typ":"at+jwt","alg":"hs256"}"#,
        r#"{"typ":"at+jwt"}"#,
        r#"{"typ":"at+jwt","alg":"RS256"}"#,
        r#"{"typ":"at+jwt","alg":"ES256"}"#,
        r#"{"typ":"at+jwt","alg":"PS256"}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA"}"#,
        r#"{"typ":"JWT","alg":"HS256"}"#,
        r#"{"typ":"jwt","alg":"HS256"}"#,
        r#"{"typ":"at+JWT","alg":"HS256"}"#,
        r#"{"typ":"application/at+jwt","alg":"HS256"}"#,
        r#"{"typ":"refresh+jwt","alg":"HS256"}"#,
        r#"{"typ":["at+jwt"],"alg":"HS256"}"#,
        r#"{"typ":null,"alg":"HS256"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{ "typ":"at+jwt","alg":"HS256"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","alg":"none"}"#,
        r#"{"typ":"at+jwt","alg":"none","alg":"HS256"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","kid":"../../../dev/null"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","kid":"' OR 1=1 --"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","jku":"https://evil.example/keys"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","x5u":"https://evil.example/cert"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#,
        r#"{"typ":"at+jwt","alg":"HS256","x5c":["AAAA"]}"#,
        r#"{"typ":"at+jwt","alg":"HS256","crit":["exp"]}"#,
        r#"{"typ":"at+jwt","alg":"HS256","b64":false,"crit":["b64"]}"#,
        r#"{"typ":"at+jwt","alg":"HS256","cty":"JWT"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","zip":"DEF"}"#,
        r#"{"typ":"at+jwt","alg":"dir","enc":"A256GCM"}"#,
        "",
        "null",
        "[]",
        "HS256",
    ]
    .map(|header| signed(header, &payload))
    .to_vec();
    for (word, algorithm) in [("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
        let header = format!(r#"{{"typ":"at+jwt","alg":"{word}"}}"#);
        corpus.push(signed_by(&header, &payload, &KEY, algorithm));
        corpus.push(signed_by(OUR_HEADER, &payload, &KEY, algorithm));
    }
    let unsigned =
        format!("{}.{}", BASE64.encode(r#"{"typ":"at+jwt","alg":"none"}"#), BASE64.encode(&payload));
    corpus.extend([
        unsigned.clone(),
        format!("{unsigned}."),
        format!("{HEADER}.{}.", BASE64.encode(&payload)),
    ]);
    assert!(corpus.len() >= 45);
    refuse_all(&corpus);
}

#[test]
fn every_claim_is_there_once_and_of_its_type() {
    let payload = ours().to_string();
    let mut corpus: Vec<String> = ["iss", "aud", "sub", "sid", "iat", "nbf", "exp"].map(without).to_vec();
    for name in ["iat", "nbf", "exp"] {
        let good = ours()[name].as_i64().unwrap();
        let wrong = [
            json!(good.to_string()),
            json!(format!("{good}.0")),
            json!("never"),
            json!(""),
            json!(null),
            json!(true),
            json!([good]),
            json!({ "time": good }),
            json!(1.8e9),
            json!(-1),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e300),
        ];
        corpus.extend(wrong.into_iter().map(|value| with(name, value)));
    }
    for name in ["iss", "aud", "sub", "sid"] {
        let good = ours()[name].as_str().unwrap().to_owned();
        let wrong = [
            json!(null),
            json!(1),
            json!(""),
            json!([good]),
            json!([good, "another"]),
            json!({ "is": good }),
            json!(format!("{good} ")),
            json!(format!("{good}\u{0}")),
            json!(good.to_uppercase()),
        ];
        corpus.extend(wrong.into_iter().map(|value| with(name, value)));
    }
    corpus.extend(
        [
            ("iss", json!("https://evil.example")),
            ("aud", json!("moneybridge/live")),
            ("aud", json!("moneybridge")),
            ("aud", json!("*")),
            ("sub", json!(who().session.to_string())),
            ("sub", json!("user_*")),
            ("sid", json!(who().user.to_string())),
            ("sid", json!("' OR '1'='1")),
            ("scope", json!("admin")),
            ("roles", json!(["admin"])),
            ("EXP", json!(NOW + 900)),
        ]
        .map(|(name, value)| with(name, value)),
    );
    for (name, twice) in [("sub", "\"user_x\""), ("exp", "9000000000"), ("aud", "\"x\"")] {
        corpus.push(signed(OUR_HEADER, &payload.replacen('{', &format!("{{\"{name}\":{twice},"), 1)));
    }
    corpus.extend(
        ["", "null", "[]", "{}", "\"\"", "{", "\u{feff}{}"].map(|payload| signed(OUR_HEADER, payload)),
    );
    assert!(corpus.len() >= 100, "{}", corpus.len());
    refuse_all(&corpus);
}

#[test]
fn times_must_fit_together() {
    let times = |iat: i64, nbf: i64, exp: i64| {
        let mut claims = ours();
        (claims["iat"], claims["nbf"], claims["exp"]) = (json!(iat), json!(nbf), json!(exp));
        with_claims(&claims)
    };
    refuse_all(&[
        times(NOW, NOW, NOW),
        times(NOW, NOW, NOW - 1),
        times(NOW - 1_000, NOW - 1_000, NOW - 100),
        times(NOW, NOW + 600, NOW + 900),
        times(NOW + 600, NOW + 600, NOW + 900),
        times(NOW, NOW - 1, NOW + 900),
        times(0, 0, NOW + 900),
        times(NOW, NOW, NOW + LONGEST_LIFE_S + 1),
        times(NOW, NOW, i64::MAX),
        times(-5, -5, NOW + 900),
        times(i64::MIN, NOW, NOW + 900),
        times(NOW, i64::MAX, NOW + 900),
    ]);
}

#[test]
fn changed_and_foreign_tokens_are_refused() {
    let good = with_claims(&ours());
    let parts: Vec<&str> = good.split('.').collect();
    let (payload, signature) = (parts[1], parts[2]);
    let mut corpus = vec![
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        good.replace('.', ""),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!(".{good}"),
        format!("{good}="),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}\n"),
        format!("Bearer {good}"),
        format!("{HEADER}.{payload}"),
        format!("{HEADER}.{payload}.{payload}"),
        format!("{HEADER}..{signature}"),
        format!("{payload}.{HEADER}.{signature}"),
        format!("{HEADER}.{payload}.{}", "A".repeat(signature.len())),
        signed_by(OUR_HEADER, &ours().to_string(), &[8; 32], Algorithm::HS256),
        signed_by(OUR_HEADER, &ours().to_string(), &[], Algorithm::HS256),
        signed_by(OUR_HEADER, &ours().to_string(), b"secret", Algorithm::HS256),
        signed_by(OUR_HEADER, &ours().to_string(), &KEY[..31], Algorithm::HS256),
        good.repeat(20),
        "é".repeat(40),
    ];
    corpus.extend((1..good.len()).step_by(7).map(|cut| good[..cut].to_owned()));
    for at in (0..good.len()).step_by(5) {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        corpus.push(String::from_utf8(changed).unwrap());
    }
    let last_bits = signature.len() - 1;
    corpus.extend("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().filter_map(
        |letter| {
            let token = format!("{HEADER}.{payload}.{}{letter}", &signature[..last_bits]);
            (token != good).then_some(token)
        },
    ));
    assert!(corpus.len() >= 150, "{}", corpus.len());
    refuse_all(&corpus);
}

fn refuse_all(corpus: &[String]) {
    let tokens = tokens();
    assert_eq!(tokens.read(&with_claims(&ours()), at(NOW)), Ok(who()), "the reader reads ours");
    for token in corpus {
        assert!(tokens.read(token, at(NOW + 10)).is_err(), "accepted: {token}");
    }
}
