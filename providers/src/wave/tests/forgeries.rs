//! A genuine webhook and the ways to spoil it. None may pass.

use hmac::{Hmac, KeyInit, Mac};

use super::*;

/// Signs as Wave does, written here apart from the code under test.
pub(super) fn sign(secret: &str, t: i64, body: &[u8]) -> String {
    digest(secret, &[t.to_string().as_bytes(), body].concat())
}

pub(super) fn digest(secret: &str, message: &[u8]) -> String {
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
        let (body, t) = (fixture("event_completed").body, now().timestamp());
        let good = sign(WHS, t, &body);
        Forge { body, t, good, made: Vec::new() }
    }

    /// Any headers over the genuine body.
    fn headers(&mut self, name: &str, headers: Vec<(&'static str, String)>) {
        self.made.push(Forgery { name: name.to_owned(), headers, body: self.body.clone() });
    }

    /// Another signature header over the genuine body.
    fn header(&mut self, name: &str, value: String) {
        self.headers(name, vec![("wave-signature", value)]);
    }

    /// The genuine signature over another body.
    fn body(&mut self, name: &str, body: Vec<u8>) {
        assert_ne!(body, self.body, "{name} changes nothing");
        let headers = vec![("wave-signature", self.genuine())];
        self.made.push(Forgery { name: name.to_owned(), headers, body });
    }

    fn genuine(&self) -> String {
        format!("t={},v1={}", self.t, self.good)
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

fn wrong_messages(forge: &mut Forge) {
    let (t, body) = (forge.t, forge.body.clone());
    let stamp = t.to_string().into_bytes();
    let messages = [
        ("dotted", [&stamp, b".".as_slice(), &body].concat()),
        ("comma between", [&stamp, b",".as_slice(), &body].concat()),
        ("colon between", [&stamp, b":".as_slice(), &body].concat()),
        ("newline between", [&stamp, b"\n".as_slice(), &body].concat()),
        ("t= in the message", [b"t=".as_slice(), &stamp, &body].concat()),
        ("body alone", body.clone()),
        ("time alone", stamp.clone()),
        ("nothing", Vec::new()),
        ("body before time", [body.as_slice(), &stamp].concat()),
        ("milliseconds", [&stamp, b"000".as_slice(), &body].concat()),
    ];
    for (name, message) in messages {
        forge.header(name, format!("t={t},v1={}", digest(WHS, &message)));
    }
}

fn wrong_keys(forge: &mut Forge) {
    let (t, body) = (forge.t, forge.body.clone());
    let upper = WHS.to_uppercase();
    let spaced = format!("{WHS} ");
    let keys = [
        ("another secret", "wave_sn_WHS_stranger"),
        ("no secret", ""),
        ("the request-signing secret", AKS),
        ("the bearer secret", SHARED),
        ("the api key", "wave_sn_prod_key"),
        ("the secret without prefix", "correct-horse"),
        ("the secret in capitals", upper.as_str()),
        ("the secret and a space", spaced.as_str()),
    ];
    for (name, key) in keys {
        forge.header(name, format!("t={t},v1={}", sign(key, t, &body)));
    }
    let plain =
        hex::encode(<sha2::Sha256 as sha2::Digest>::digest([t.to_string().as_bytes(), &body].concat()));
    forge.header("a plain digest", format!("t={t},v1={plain}"));
}

fn wrong_times(forge: &mut Forge) {
    let (t, body, good) = (forge.t, forge.body.clone(), forge.good.clone());
    for offset in [-301, -86_400, -10_000_000, 31, 3_600, 10_000_000] {
        let other = t + offset;
        forge.header(&format!("{offset} s away"), format!("t={other},v1={}", sign(WHS, other, &body)));
    }
    for stamp in [
        "",
        "0",
        "-1",
        "abc",
        "9999999999999",
        &format!("+{t}"),
        &format!(" {t}"),
        &format!("{t}.0"),
        &format!("0{t}"),
    ] {
        forge
            .header(&format!("time {stamp:?} with the signature of another"), format!("t={stamp},v1={good}"));
    }
    forge.header("one second moved", format!("t={},v1={good}", t + 1));
    forge.header("no time", format!("v1={good}"));
    forge.header("two times", format!("t={t},t={},v1={good}", t + 1));
    forge.header("the same time twice", format!("t={t},t={t},v1={good}"));
    let negative = -t;
    forge.header("a negative time, signed", format!("t={negative},v1={}", sign(WHS, negative, &body)));
    let huge = "99999999999999999999";
    let signed = digest(WHS, &[huge.as_bytes(), &body].concat());
    forge.header("a time beyond 64 bits, signed", format!("t={huge},v1={signed}"));
}

fn wrong_headers(forge: &mut Forge) {
    let (t, good, genuine) = (forge.t, forge.good.clone(), forge.genuine());
    let mut flipped = good.clone().into_bytes();
    flipped[0] = if flipped[0] == b'0' { b'1' } else { b'0' };
    let flipped = String::from_utf8(flipped).unwrap();
    let values = [
        ("empty", String::new()),
        ("signature alone", good.clone()),
        ("empty v1", format!("t={t},v1=")),
        ("no v1", format!("t={t}")),
        ("v0", format!("t={t},v0={good}")),
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
        (
            "buried under too many others",
            format!("t={t}{},v1={good}", format!(",v1={}", "0".repeat(64)).repeat(50)),
        ),
    ];
    for (name, value) in values {
        forge.header(name, value);
    }
    forge.headers("no header at all", vec![]);
    for name in ["x-wave-signature", "signature", "stripe-signature", "wave_signature"] {
        forge.headers(name, vec![(name, genuine.clone())]);
    }
    forge.headers("two headers", vec![("wave-signature", genuine.clone()), ("wave-signature", genuine)]);
}

fn wrong_bearers(forge: &mut Forge) {
    let values = [
        ("a stranger's bearer", "Bearer stranger".to_owned()),
        ("an empty bearer", "Bearer ".to_owned()),
        ("no scheme", SHARED.to_owned()),
        ("another scheme", format!("Basic {SHARED}")),
        ("lower-case scheme", format!("bearer {SHARED}")),
        ("two spaces", format!("Bearer  {SHARED}")),
        ("half a bearer", format!("Bearer {}", &SHARED[..10])),
        ("the webhook secret as bearer", format!("Bearer {WHS}")),
        ("the api key as bearer", "Bearer wave_sn_prod_key".to_owned()),
    ];
    for (name, value) in values {
        forge.headers(name, vec![("authorization", value)]);
    }
    let good = format!("Bearer {SHARED}");
    forge.headers("two bearers", vec![("authorization", good.clone()), ("authorization", good.clone())]);
    let bad_signature = format!("t={},v1={}", forge.t, "0".repeat(64));
    forge.headers(
        "a bad signature is not rescued by a bearer",
        vec![("wave-signature", bad_signature), ("authorization", good)],
    );
}

fn wrong_bodies(forge: &mut Forge) {
    let (text, body) = (forge.text(), forge.body.clone());
    let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let replaced = |from: &str, to: &str| text.replace(from, to).into_bytes();
    let bodies = [
        ("re-serialised with spaces", serde_json::to_vec_pretty(&value).unwrap()),
        ("a space after a colon", text.replacen(':', ": ", 1).into_bytes()),
        ("a slash escaped", replaced("/", "\\/")),
        ("amount raised", replaced("12500", "12501")),
        ("currency changed", replaced("XOF", "EUR")),
        ("reference changed", replaced(REFERENCE, "6f9619ff-8b86-4d01-b42d-00cf4fc964fe")),
        ("session changed", replaced(SESSION, "cos-2f7k1m9xq100c")),
        ("event renamed", replaced("EV_9fKq2LmZ0aBc", "EV_9fKq2LmZ0aBd")),
        ("trailing newline", [&body, b"\n".as_slice()].concat()),
        ("leading space", [b" ".as_slice(), &body].concat()),
        ("byte-order mark", [b"\xef\xbb\xbf".as_slice(), &body].concat()),
        ("truncated", body[..body.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("doubled", [body.as_slice(), &body].concat()),
        ("another event", fixture("event_payment_failed").body),
        ("nul at the end", [&body, b"\0".as_slice()].concat()),
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
    wrong_bearers(&mut forge);
    wrong_bodies(&mut forge);
    forge.made
}

fn accepted(wave: &Wave, forgery: &Forgery) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in &forgery.headers {
        headers.append(*name, value.parse().unwrap());
    }
    wave.verify(&headers, &forgery.body, now()).is_ok()
}

#[test]
fn no_forgery_passes() {
    let forgeries = all();
    assert!(forgeries.len() >= 80, "only {} forgeries", forgeries.len());
    let wave = wave();
    let passed: Vec<_> =
        forgeries.iter().filter(|forgery| accepted(&wave, forgery)).map(|forgery| &forgery.name).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn the_genuine_webhook_passes_so_the_suite_can_fail() {
    let forge = Forge::new();
    let headers = vec![("wave-signature", forge.genuine())];
    let genuine = Forgery { name: String::new(), headers, body: forge.body };
    assert!(accepted(&wave(), &genuine));
}

#[test]
fn every_single_mutated_byte_is_noticed() {
    let forge = Forge::new();
    let wave = wave();
    for position in 0..forge.body.len() {
        let mut body = forge.body.clone();
        body[position] ^= 1;
        let headers = vec![("wave-signature", forge.genuine())];
        assert!(!accepted(&wave, &Forgery { name: String::new(), headers, body }), "byte {position}");
    }
}

#[test]
fn a_wallet_without_secrets_accepts_nothing() {
    let closed = Wave::new(WaveConfig { webhook: WebhookAuth::default(), ..config() }).unwrap();
    let forge = Forge::new();
    for headers in [
        vec![("wave-signature", forge.genuine())],
        vec![("authorization", format!("Bearer {SHARED}"))],
        vec![("authorization", "Bearer ".to_owned())],
        vec![("wave-signature", format!("t={},v1={}", forge.t, sign("", forge.t, &forge.body)))],
    ] {
        assert!(!accepted(&closed, &Forgery { name: String::new(), headers, body: forge.body.clone() }));
    }
}
