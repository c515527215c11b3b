//! A genuine webhook and the ways to spoil it. None may pass.

use hmac::{Hmac, KeyInit, Mac};

use super::*;

/// Signs as Stripe does, written here apart from the code under test.
pub(super) fn sign(secret: &str, t: i64, body: &[u8]) -> String {
    digest(secret, &[t.to_string().as_bytes(), b".", body].concat())
}

fn digest(secret: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

/// A request as a stranger would send it: some headers, some bytes.
struct Forgery {
    name: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

struct Forge {
    body: Vec<u8>,
    t: i64,
    good: String,
    made: Vec<Forgery>,
}

impl Forge {
    fn new() -> Forge {
        let (body, t) = (fixture("event_succeeded").body, now().timestamp());
        let good = sign(SECRET, t, &body);
        Forge { body, t, good, made: Vec::new() }
    }

    /// Any headers over the genuine body.
    fn headers(&mut self, name: &str, headers: Vec<(&'static str, String)>) {
        self.made.push(Forgery { name: name.to_owned(), headers, body: self.body.clone() });
    }

    /// Another signature header over the genuine body.
    fn header(&mut self, name: &str, value: String) {
        self.headers(name, vec![("stripe-signature", value)]);
    }

    /// The genuine signature over another body.
    fn body(&mut self, name: &str, body: Vec<u8>) {
        assert_ne!(body, self.body, "{name} changes nothing");
        let headers = vec![("stripe-signature", self.genuine())];
        self.made.push(Forgery { name: name.to_owned(), headers, body });
    }

    fn genuine(&self) -> String {
        format!("t={},v1={}", self.t, self.good)
    }
}

fn wrong_messages(forge: &mut Forge) {
    let (t, body) = (forge.t, forge.body.clone());
    let stamp = t.to_string().into_bytes();
    let messages = [
        ("no dot", [stamp.as_slice(), &body].concat()),
        ("two dots", [stamp.as_slice(), b"..", &body].concat()),
        ("comma between", [stamp.as_slice(), b",", &body].concat()),
        ("colon between", [stamp.as_slice(), b":", &body].concat()),
        ("newline between", [stamp.as_slice(), b"\n", &body].concat()),
        ("t= in the message", [b"t=".as_slice(), &stamp, b".", &body].concat()),
        ("body alone", body.clone()),
        ("time alone", stamp.clone()),
        ("time and dot", [stamp.as_slice(), b"."].concat()),
        ("nothing", Vec::new()),
        ("body before time", [body.as_slice(), b".", &stamp].concat()),
        ("milliseconds", [stamp.as_slice(), b"000.", &body].concat()),
    ];
    for (name, message) in messages {
        forge.header(name, format!("t={t},v1={}", digest(SECRET, &message)));
    }
}

fn wrong_keys(forge: &mut Forge) {
    let (t, body) = (forge.t, forge.body.clone());
    let (upper, spaced) = (SECRET.to_uppercase(), format!("{SECRET} "));
    let keys = [
        ("another secret", "whsec_stranger"),
        ("no secret", ""),
        ("the api key", "sk_test_invented"),
        ("the secret without prefix", "correct-horse"),
        ("the prefix alone", "whsec_"),
        ("the secret in capitals", upper.as_str()),
        ("the secret and a space", spaced.as_str()),
    ];
    for (name, key) in keys {
        forge.header(name, format!("t={t},v1={}", sign(key, t, &body)));
    }
    let plain = [t.to_string().as_bytes(), b".", &body].concat();
    let plain = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(plain));
    forge.header("a plain digest", format!("t={t},v1={plain}"));
}

fn wrong_times(forge: &mut Forge) {
    let (t, body, good) = (forge.t, forge.body.clone(), forge.good.clone());
    for offset in [-301, -86_400, -10_000_000, 301, 3_600, 10_000_000] {
        let other = t + offset;
        forge.header(&format!("{offset} s away"), format!("t={other},v1={}", sign(SECRET, other, &body)));
    }
    let odd = [format!("+{t}"), format!(" {t}"), format!("{t}.0"), format!("0{t}"), format!("{t}000")];
    for stamp in ["", "0", "-1", "abc", "9999999999999"].into_iter().map(str::to_owned).chain(odd) {
        let name = format!("time {stamp:?} with the signature of another");
        forge.header(&name, format!("t={stamp},v1={good}"));
    }
    forge.header("one second moved", format!("t={},v1={good}", t + 1));
    forge.header("no time", format!("v1={good}"));
    forge.header("two times", format!("t={t},t={},v1={good}", t + 1));
    forge.header("the same time twice", format!("t={t},t={t},v1={good}"));
    for signed in [format!("-{t}"), format!("+{t}"), "99999999999999999999".to_owned(), String::new()] {
        let mac = digest(SECRET, &[signed.as_bytes(), b".", &body].concat());
        forge.header(&format!("time {signed:?}, signed"), format!("t={signed},v1={mac}"));
    }
}

fn wrong_headers(forge: &mut Forge) {
    let (t, good, genuine) = (forge.t, forge.good.clone(), forge.genuine());
    let first = if good.starts_with('0') { '1' } else { '0' };
    let flipped = format!("{first}{}", &good[1..]);
    let values = [
        ("empty", String::new()),
        ("signature alone", good.clone()),
        ("empty v1", format!("t={t},v1=")),
        ("no v1", format!("t={t}")),
        ("v0, the scheme of tests", format!("t={t},v0={good}")),
        ("v2", format!("t={t},v2={good}")),
        ("V1", format!("t={t},V1={good}")),
        ("T", format!("T={t},v1={good}")),
        ("upper-case hex", format!("t={t},v1={}", good.to_uppercase())),
        ("one digit flipped", format!("t={t},v1={flipped}")),
        ("cut short", format!("t={t},v1={}", &good[..63])),
        ("half", format!("t={t},v1={}", &good[..32])),
        ("one digit more", format!("t={t},v1={good}0")),
        ("twice the digits", format!("t={t},v1={good}{good}")),
        ("0x", format!("t={t},v1=0x{good}")),
        ("quoted", format!("t={t},v1=\"{good}\"")),
        ("semicolons", format!("t={t};v1={good}")),
        ("ampersands", format!("t={t}&v1={good}")),
        ("zeros", format!("t={t},v1={}", "0".repeat(64))),
        ("buried under too many", format!("t={t}{},v1={good}", format!(",v1={}", "0".repeat(64)).repeat(50))),
    ];
    for (name, value) in values {
        forge.header(name, value);
    }
    forge.headers("no header at all", vec![]);
    for name in ["x-stripe-signature", "signature", "wave-signature", "stripe_signature"] {
        forge.headers(name, vec![(name, genuine.clone())]);
    }
    let twice = vec![("stripe-signature", genuine.clone()), ("stripe-signature", genuine.clone())];
    forge.headers("two headers", twice);
    let bad = format!("t={t},v1={flipped}");
    forge.headers("a bad header first", vec![("stripe-signature", bad), ("stripe-signature", genuine)]);
    forge.headers("a bearer instead", vec![("authorization", format!("Bearer {SECRET}"))]);
}

fn wrong_bodies(forge: &mut Forge) {
    let body = forge.body.clone();
    let text = String::from_utf8(body.clone()).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let replaced = |from: &str, to: &str| text.replace(from, to).into_bytes();
    let bodies = [
        ("re-serialised with spaces", serde_json::to_vec_pretty(&value).unwrap()),
        ("a space after a colon", text.replacen(':', ": ", 1).into_bytes()),
        ("amount raised", replaced("10950", "10951")),
        ("currency changed", replaced("\"eur\"", "\"usd\"")),
        ("reference changed", replaced(REFERENCE, "6f9619ff-8b86-4d01-b42d-00cf4fc964fe")),
        ("intent changed", replaced(INTENT, "pi_3Sx2")),
        ("type changed", replaced("payment_intent.succeeded", "payment_intent.canceled")),
        ("event renamed", replaced("evt_1succeeded", "evt_2succeeded")),
        ("trailing newline", [body.as_slice(), b"\n"].concat()),
        ("leading space", [b" ".as_slice(), &body].concat()),
        ("leading dot", [b".".as_slice(), &body].concat()),
        ("byte-order mark", [b"\xef\xbb\xbf".as_slice(), &body].concat()),
        ("truncated", body[..body.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("doubled", [body.as_slice(), &body].concat()),
        ("another event", fixture("event_processing").body),
        ("nul at the end", [body.as_slice(), b"\0"].concat()),
    ];
    for (name, body) in bodies {
        forge.body(name, body);
    }
}

fn all() -> Vec<Forgery> {
    let mut forge = Forge::new();
    wrong_messages(&mut forge);
    wrong_keys(&mut forge);
    wrong_times(&mut forge);
    wrong_headers(&mut forge);
    wrong_bodies(&mut forge);
    forge.made
}

fn accepted(stripe: &Stripe, forgery: &Forgery) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in &forgery.headers {
        headers.append(*name, value.parse().unwrap());
    }
    stripe.verify(&headers, &forgery.body, now()).is_ok()
}

#[test]
fn no_forgery_passes() {
    let forgeries = all();
    assert!(forgeries.len() >= 80, "only {} forgeries", forgeries.len());
    let stripe = stripe();
    let passed: Vec<_> =
        forgeries.iter().filter(|forgery| accepted(&stripe, forgery)).map(|forgery| &forgery.name).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn the_genuine_webhook_passes_so_the_suite_can_fail() {
    let forge = Forge::new();
    let headers = vec![("stripe-signature", forge.genuine())];
    assert!(accepted(&stripe(), &Forgery { name: String::new(), headers, body: forge.body }));
}

#[test]
fn every_single_mutated_byte_is_noticed() {
    let forge = Forge::new();
    let stripe = stripe();
    for position in 0..forge.body.len() {
        let mut body = forge.body.clone();
        body[position] ^= 1;
        let headers = vec![("stripe-signature", forge.genuine())];
        assert!(!accepted(&stripe, &Forgery { name: String::new(), headers, body }), "byte {position}");
    }
}

#[test]
fn an_account_without_secrets_accepts_nothing() {
    let closed = Stripe::new(StripeConfig { webhook_secrets: vec![], ..config() }).unwrap();
    let forge = Forge::new();
    let unkeyed = format!("t={},v1={}", forge.t, sign("", forge.t, &forge.body));
    for value in [forge.genuine(), unkeyed] {
        let headers = vec![("stripe-signature", value)];
        assert!(!accepted(&closed, &Forgery { name: String::new(), headers, body: forge.body.clone() }));
    }
    assert!(!closed.capabilities().callbacks.signed);
}
