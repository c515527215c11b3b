//! A callback as the simulator sent it, and more than forty ways to spoil it. None proves anything.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use providers::{OperationKind, Outcome, Trust, Unauthentic, Verified, Wire};

use crate::kit::{Bench, Deed, Leg, Post, name};

const FEWEST: usize = 40;

/// Something to verify, and what it is.
type Spoilt = (String, HeaderMap, Vec<u8>);

pub async fn check(bench: &Bench) {
    let (wire, callbacks) = (bench.recorder.wire.clone(), bench.capabilities().callbacks);
    if !callbacks.collections {
        return silent(bench).await;
    }
    assert_eq!(
        callbacks.door.is_none(),
        callbacks.signed,
        "what is not signed comes to a door of its movement"
    );
    let (leg, genuine) = paid(bench).await;
    let (_, another) = paid(bench).await;
    let now = bench.simulator().now();
    let verified = wire.verify(&genuine.headers, &genuine.body, now).unwrap();
    assert_eq!(
        wire.verify(&genuine.headers, &genuine.body, now),
        Ok(verified.clone()),
        "told twice, it is one"
    );
    assert!(callbacks.signed || verified.trust == Trust::Hint, "what is not signed is no proof");
    tells(wire.as_ref(), &leg, &genuine, verified.trust);

    let mut spoilt = bodies(&genuine, &another);
    let credentials = credentials(wire.as_ref(), &genuine, now);
    let mut named: Vec<&str> = credentials.iter().map(HeaderName::as_str).collect();
    named.sort_unstable();
    assert_eq!(named, bench.profile().credentials, "which headers decide");
    assert_eq!(callbacks.signed, !named.is_empty(), "whether it is signed");
    for header in &credentials {
        spoilt.extend(headers(&genuine, &another, header));
    }
    if callbacks.signed {
        spoilt.extend(signatures(bench, &genuine, now));
        for late in [TimeDelta::hours(1), TimeDelta::hours(-1), TimeDelta::days(400)] {
            assert!(wire.verify(&genuine.headers, &genuine.body, now + late).is_err(), "{late} later");
        }
    } else {
        spoilt.extend(inventions(&genuine));
    }
    assert!(spoilt.len() >= FEWEST, "only {} forgeries", spoilt.len());
    for (name, headers, body) in &spoilt {
        refuses(callbacks.signed, wire.verify(headers, body, now), name);
        let _ = wire.translate(body, Trust::Hint);
    }
    for at in 0..genuine.body.len() {
        let mut body = genuine.body.clone();
        body[at] ^= 1;
        refuses(callbacks.signed, wire.verify(&genuine.headers, &body, now), "one bit of the body");
    }
}

/// Who says that nothing is announced is not called.
async fn silent(bench: &Bench) {
    let verified = bench.recorder.wire.verify(&HeaderMap::new(), b"{}", bench.simulator().now());
    assert!(!verified.is_ok_and(|it| it.trust == Trust::Proven), "what nobody sends is believed");
    if bench.offers(OperationKind::Collect) {
        bench.paid(bench.usual()).await;
        bench.simulator().advance(Duration::from_secs(3));
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(bench.inbox.posts().is_empty(), "it calls, and does not say so");
    }
}

/// Where there is a signature a forgery is not even stored.
fn refuses(is_signed: bool, verified: Result<Verified, Unauthentic>, name: &str) {
    match is_signed {
        true => assert!(verified.is_err(), "{name} passed"),
        false => assert!(!verified.is_ok_and(|it| it.trust == Trust::Proven), "{name} is believed"),
    }
}

/// A paid collection, and what the simulator said of it.
async fn paid(bench: &Bench) -> (Leg, Post) {
    let (leg, _) = bench.opened(bench.usual()).await;
    let before = bench.inbox.posts().len();
    assert!(bench.simulator().act(leg.reference(), Deed::Pay).await);
    bench.simulator().advance(Duration::from_secs(3));
    let wire = &bench.recorder.wire;
    let now = bench.simulator().now();
    let own = leg.reference();
    let says_so = |post: &Post| {
        let Ok(verified) = wire.verify(&post.headers, &post.body, now) else { return false };
        let Ok(callback) = wire.translate(&post.body, verified.trust) else { return false };
        match verified.trust {
            Trust::Proven => {
                callback.reference == Some(own) && matches!(callback.outcome, Some(Outcome::Succeeded { .. }))
            }
            Trust::Hint => callback.reference.is_none_or(|reference| reference == own),
        }
    };
    let post = bench.inbox.wait_for(before, says_so).await;
    (leg, post)
}

/// What is proven says what happened; a hint says nothing that could be applied.
fn tells(wire: &dyn Wire, leg: &Leg, genuine: &Post, trust: Trust) {
    let callback = wire.translate(&genuine.body, trust).unwrap();
    assert_eq!(callback.trust, trust);
    if trust == Trust::Hint {
        assert!(callback.outcome.is_none() && callback.news.is_none(), "{callback:?}");
        return;
    }
    assert_eq!((callback.reference, callback.amount), (Some(leg.reference()), Some(leg.amount())));
    let outcome = callback.outcome.map(Ok);
    assert!(outcome.as_ref().is_some_and(|it| name(it).is_some()), "{outcome:?}");
    let hinted = wire.translate(&genuine.body, Trust::Hint).unwrap();
    assert!(hinted.outcome.is_none(), "the same, unproven, says nothing: {hinted:?}");
}

/// The headers without which it is not authentic.
fn credentials(wire: &dyn Wire, genuine: &Post, now: DateTime<Utc>) -> Vec<HeaderName> {
    let decides = |name: &&HeaderName| {
        let mut headers = genuine.headers.clone();
        headers.remove(*name);
        wire.verify(&headers, &genuine.body, now).is_err()
    };
    genuine.headers.keys().filter(decides).cloned().collect()
}

fn headers(genuine: &Post, another: &Post, header: &HeaderName) -> Vec<Spoilt> {
    let value = genuine.headers[header].to_str().unwrap();
    let last = if value.ends_with('0') { "1" } else { "0" };
    let middle = value.len() / 2;
    let times = |change: fn(i64) -> String| {
        let digits: String =
            value.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        digits.parse::<i64>().map_or_else(|_| format!("{value}?"), |t| value.replacen(&digits, &change(t), 1))
    };
    let values = [
        ("empty", String::new()),
        ("in capitals", value.to_uppercase()),
        ("with another end", format!("{}{last}", &value[..value.len() - 1])),
        ("cut by one", value[..value.len() - 1].to_owned()),
        ("cut in half", value[..middle].to_owned()),
        ("its other half", value[middle..].to_owned()),
        ("one longer", format!("{value}0")),
        ("doubled", format!("{value},{value}")),
        ("quoted", format!("\"{value}\"")),
        ("spaced out", format!("{} {}", &value[..middle], &value[middle..])),
        ("in base64", STANDARD.encode(value)),
        ("backwards", value.chars().rev().collect()),
        ("as a bearer", format!("Bearer {value}")),
        ("with semicolons", value.replace([',', '.', ' '], ";")),
        ("a second later", times(|t| (t + 1).to_string())),
        ("at the beginning of time", times(|_| "0".to_owned())),
        ("before it", times(|t| format!("-{t}"))),
        ("in milliseconds", times(|t| format!("{t}000"))),
        ("of zeros", value.chars().map(|c| if c.is_ascii_hexdigit() { '0' } else { c }).collect()),
    ];
    let mut made: Vec<Spoilt> = values
        .into_iter()
        .filter(|(_, changed)| changed != value)
        .map(|(name, changed)| {
            let mut headers = genuine.headers.clone();
            headers.insert(header, HeaderValue::from_str(&changed).unwrap());
            (format!("{header} {name}"), headers, genuine.body.clone())
        })
        .collect();
    let mut with = |name: &str, change: &dyn Fn(&mut HeaderMap)| {
        let mut headers = genuine.headers.clone();
        change(&mut headers);
        made.push((format!("{header} {name}"), headers, genuine.body.clone()));
    };
    let own = genuine.headers[header].clone();
    with("removed", &|headers| drop(headers.remove(header)));
    with("twice", &|headers| assert!(headers.append(header, own.clone())));
    with("after a wrong one", &|headers| {
        headers.insert(header, HeaderValue::from_static("t=1,v1=00"));
        headers.append(header, own.clone());
    });
    for other in
        [format!("x-{header}"), format!("{header}s"), header.as_str().replace('-', "_"), "signature".into()]
    {
        let other = HeaderName::from_bytes(other.as_bytes()).unwrap();
        if other != *header {
            with(&format!("spelt {other}"), &|headers| {
                headers.remove(header);
                headers.insert(&other, own.clone());
            });
        }
    }
    if another.headers[header] != own {
        with("of another callback", &|headers| drop(headers.insert(header, another.headers[header].clone())));
    }
    made
}

/// The genuine headers over other bytes.
fn bodies(genuine: &Post, another: &Post) -> Vec<Spoilt> {
    let body = genuine.body.as_slice();
    let text = std::str::from_utf8(body).unwrap();
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    let mut bodies = vec![
        ("empty", Vec::new()),
        ("an empty object", b"{}".to_vec()),
        ("null", b"null".to_vec()),
        ("no JSON", b"paid".to_vec()),
        ("no text", b"\xff\xfe\x00".to_vec()),
        ("a space behind", [body, b" "].concat()),
        ("a line behind", [body, b"\n"].concat()),
        ("a NUL behind", [body, b"\0"].concat()),
        ("a space before", [b" ", body].concat()),
        ("a byte-order mark", [b"\xef\xbb\xbf", body].concat()),
        ("cut by one", body[..body.len() - 1].to_vec()),
        ("cut in half", body[..body.len() / 2].to_vec()),
        ("doubled", [body, body].concat()),
        ("in an array", [b"[", body, b"]"].concat()),
        ("of another callback", another.body.clone()),
        ("with wide colons", text.replacen(':', " :", 1).into_bytes()),
        ("with a field more", text.replacen('{', r#"{"status":"succeeded","#, 1).into_bytes()),
        ("in capitals", text.to_uppercase().into_bytes()),
        ("in base64", STANDARD.encode(body).into_bytes()),
        ("as a form", serde_urlencoded::to_string([("payload", text)]).unwrap().into_bytes()),
        ("in UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("written wide", serde_json::to_vec_pretty(&value).unwrap()),
        ("escaped", text.replacen('a', "\\u0061", 1).into_bytes()),
    ];
    for (name, from, to) in
        [("ten times the digits", '1', "10"), ("a digit more", '5', "59"), ("a nought more", '0', "00")]
    {
        bodies.push((name, text.replacen(from, to, 1).into_bytes()));
    }
    let changed = bodies.into_iter().filter(|(_, changed)| changed != body);
    changed.map(|(name, body)| (format!("the body, {name}"), genuine.headers.clone(), body)).collect()
}

/// Well-formed, by somebody who knows how but not the secret, or who knows it and not the time.
fn signatures(bench: &Bench, genuine: &Post, now: DateTime<Utc>) -> Vec<Spoilt> {
    let (pair, profile) = (&bench.pair, bench.profile());
    let signed = |secret: &str, at: DateTime<Utc>, body: &[u8]| {
        let mut headers = genuine.headers.clone();
        for (name, value) in &pair.sign(secret, at, body) {
            headers.insert(name, value.clone());
        }
        headers
    };
    let right = signed(profile.secret, now, &genuine.body);
    let passes = bench.recorder.wire.verify(&right, &genuine.body, now);
    assert!(passes.is_ok(), "we sign as the provider does, so that the rest can fail: {passes:?}");
    let (upper, spaced) = (profile.secret.to_uppercase(), format!("{} ", profile.secret));
    let mut made = Vec::new();
    for secret in profile.strange_secrets.iter().copied().chain(["", "secret", &upper, &spaced]) {
        made.push((
            format!("signed with {secret:?}"),
            signed(secret, now, &genuine.body),
            genuine.body.clone(),
        ));
    }
    for minutes in [-10_000, -60, -15, 15, 60, 10_000] {
        let headers = signed(profile.secret, now + TimeDelta::minutes(minutes), &genuine.body);
        made.push((format!("signed {minutes} minutes away"), headers, genuine.body.clone()));
    }
    for other in [b"".as_slice(), b"{}", &genuine.body[1..]] {
        made.push((
            "signed over other bytes".to_owned(),
            signed(profile.secret, now, other),
            genuine.body.clone(),
        ));
    }
    made
}

/// Signatures where none is known: whatever is sent, it stays a hint.
fn inventions(genuine: &Post) -> Vec<Spoilt> {
    let values = ["", "1", "true", "t=1,v1=00", "Bearer token", "Basic dG9rZW4=", "sha256=00"];
    let names = ["signature", "x-signature", "authorization", "wave-signature", "stripe-signature"];
    let each = names.into_iter().flat_map(|name| values.map(|value| (name, value)));
    each.map(|(name, value)| {
        let mut headers = genuine.headers.clone();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        (format!("{name}: {value}"), headers, genuine.body.clone())
    })
    .collect()
}
