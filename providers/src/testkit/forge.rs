//! A genuine callback under a signature `t=…,v1=…`, and the ways to spoil it. None may pass.
//!
//! Signs apart from the code under test.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};

use crate::{Trust, Unauthentic, Verified, Wire};

/// A request as a stranger would send it: some headers, some bytes.
pub(crate) struct Forgery {
    pub(crate) name: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A callback that proves itself, and how.
pub(crate) struct Genuine<'w> {
    pub(crate) wire: &'w dyn Wire,
    /// The signature's header.
    pub(crate) header: &'static str,
    /// What stands between time and body.
    pub(crate) separator: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) now: DateTime<Utc>,
    /// How old a signature may be, in seconds.
    pub(crate) past_s: i64,
    /// How far ahead it may be, in seconds.
    pub(crate) future_s: i64,
    pub(crate) body: Vec<u8>,
    /// Keys that sign nothing, by what they are.
    pub(crate) wrong_secrets: &'static [(&'static str, &'static str)],
    /// Texts of the body, and what a forger would rather have there.
    pub(crate) changes: &'static [(&'static str, &'static str)],
    /// Another callback as genuine as this one.
    pub(crate) another: Vec<u8>,
}

/// HMAC-SHA256 in hexadecimal digits.
pub(crate) fn digest(secret: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

impl Genuine<'_> {
    fn t(&self) -> i64 {
        self.now.timestamp()
    }

    /// The signature of a body at a time, alone.
    pub(crate) fn sign(&self, secret: &str, t: &str, body: &[u8]) -> String {
        digest(secret, &[t.as_bytes(), self.separator.as_bytes(), body].concat())
    }

    fn good(&self) -> String {
        self.sign(self.secret, &self.t().to_string(), &self.body)
    }

    /// The header's value over a body, at our own time.
    pub(crate) fn signed(&self, secret: &str, body: &[u8]) -> String {
        format!("t={},v1={}", self.t(), self.sign(secret, &self.t().to_string(), body))
    }

    /// A request with one signature header.
    pub(crate) fn over(&self, name: &str, value: String, body: Vec<u8>) -> Forgery {
        Forgery { name: name.to_owned(), headers: vec![(self.header.to_owned(), value)], body }
    }

    fn header(&self, name: &str, value: String) -> Forgery {
        self.over(name, value, self.body.clone())
    }

    fn headers(&self, name: &str, headers: Vec<(String, String)>) -> Forgery {
        Forgery { name: name.to_owned(), headers, body: self.body.clone() }
    }

    /// What the adapter says of a request.
    pub(crate) fn verify(&self, request: &Forgery) -> Result<Verified, Unauthentic> {
        self.verify_at(request, self.now)
    }

    fn verify_at(&self, request: &Forgery, now: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        self.wire.verify(&headers, &request.body, now)
    }

    fn wrong_messages(&self) -> Vec<Forgery> {
        let (stamp, body, own) = (self.t().to_string().into_bytes(), &self.body, self.separator.as_bytes());
        let separators = ["", ".", "..", ",", ":", "\n", "|", " "].into_iter();
        let others = separators.filter(|separator| *separator != self.separator).map(|separator| {
            (format!("{separator:?} between"), [stamp.as_slice(), separator.as_bytes(), body].concat())
        });
        let messages = [
            ("t= in the message", [b"t=".as_slice(), &stamp, own, body].concat()),
            ("body alone", body.clone()),
            ("time alone", stamp.clone()),
            ("time and a dot", [stamp.as_slice(), b"."].concat()),
            ("nothing", Vec::new()),
            ("body before time", [body.as_slice(), own, &stamp].concat()),
            ("milliseconds", [stamp.as_slice(), b"000", own, body].concat()),
        ];
        let messages = messages.into_iter().map(|(name, message)| (name.to_owned(), message));
        let sign = |message: &[u8]| format!("t={},v1={}", self.t(), digest(self.secret, message));
        others.chain(messages).map(|(name, message)| self.header(&name, sign(&message))).collect()
    }

    fn wrong_keys(&self) -> Vec<Forgery> {
        let (upper, spaced) = (self.secret.to_uppercase(), format!("{} ", self.secret));
        let always =
            [("no secret", ""), ("the secret in capitals", &upper), ("the secret and a space", &spaced)];
        let keys = self.wrong_secrets.iter().copied().chain(always);
        let mut made: Vec<_> =
            keys.map(|(name, key)| self.header(name, self.signed(key, &self.body))).collect();
        let plain = [self.t().to_string().as_bytes(), self.separator.as_bytes(), &self.body].concat();
        let plain = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(plain));
        made.push(self.header("a plain digest", format!("t={},v1={plain}", self.t())));
        made
    }

    fn wrong_times(&self) -> Vec<Forgery> {
        let (t, good) = (self.t(), self.good());
        let mut made = Vec::new();
        for offset in [-self.past_s - 1, -86_400, -10_000_000, self.future_s + 1, 3_600, 10_000_000] {
            let other = (t + offset).to_string();
            let mac = self.sign(self.secret, &other, &self.body);
            made.push(self.header(&format!("{offset} s away"), format!("t={other},v1={mac}")));
        }
        let odd = [format!("+{t}"), format!(" {t}"), format!("{t}.0"), format!("0{t}"), format!("{t}000")];
        for stamp in ["", "0", "-1", "abc", "9999999999999"].into_iter().map(str::to_owned).chain(odd) {
            let name = format!("time {stamp:?} with the signature of another");
            made.push(self.header(&name, format!("t={stamp},v1={good}")));
        }
        for stamp in [format!("-{t}"), format!("+{t}"), "99999999999999999999".to_owned(), String::new()] {
            let mac = self.sign(self.secret, &stamp, &self.body);
            made.push(self.header(&format!("time {stamp:?}, signed"), format!("t={stamp},v1={mac}")));
        }
        made.push(self.header("one second moved", format!("t={},v1={good}", t + 1)));
        made.push(self.header("no time", format!("v1={good}")));
        made.push(self.header("two times", format!("t={t},t={},v1={good}", t + 1)));
        made.push(self.header("the same time twice", format!("t={t},t={t},v1={good}")));
        made
    }

    fn wrong_values(&self) -> Vec<Forgery> {
        let (t, good) = (self.t(), self.good());
        let first = if good.starts_with('0') { '1' } else { '0' };
        let zeros = "0".repeat(64);
        let values = [
            ("empty", String::new()),
            ("signature alone", good.clone()),
            ("empty v1", format!("t={t},v1=")),
            ("no v1", format!("t={t}")),
            ("v0", format!("t={t},v0={good}")),
            ("v2", format!("t={t},v2={good}")),
            ("V1", format!("t={t},V1={good}")),
            ("T", format!("T={t},v1={good}")),
            ("upper-case hex", format!("t={t},v1={}", good.to_uppercase())),
            ("one digit flipped", format!("t={t},v1={first}{}", &good[1..])),
            ("cut short", format!("t={t},v1={}", &good[..63])),
            ("half", format!("t={t},v1={}", &good[..32])),
            ("one digit more", format!("t={t},v1={good}0")),
            ("twice the digits", format!("t={t},v1={good}{good}")),
            ("0x", format!("t={t},v1=0x{good}")),
            ("quoted", format!("t={t},v1=\"{good}\"")),
            ("semicolons", format!("t={t};v1={good}")),
            ("ampersands", format!("t={t}&v1={good}")),
            ("zeros", format!("t={t},v1={zeros}")),
            ("buried under too many", format!("t={t}{},v1={good}", format!(",v1={zeros}").repeat(50))),
        ];
        values.into_iter().map(|(name, value)| self.header(name, value)).collect()
    }

    fn wrong_headers(&self) -> Vec<Forgery> {
        let (own, genuine) = (self.header.to_owned(), self.signed(self.secret, &self.body));
        let names = [format!("x-{own}"), own.replace('-', "_"), format!("{own}s")];
        let others = ["signature", "stripe-signature", "wave-signature", "authorization"].map(str::to_owned);
        let names = names.into_iter().chain(others).filter(|name| *name != own);
        let mut made: Vec<_> =
            names.map(|name| self.headers(&name, vec![(name.clone(), genuine.clone())])).collect();
        let bad = format!("t={},v1={}", self.t(), "0".repeat(64));
        made.push(self.headers("no header at all", vec![]));
        made.push(
            self.headers("two headers", vec![(own.clone(), genuine.clone()), (own.clone(), genuine.clone())]),
        );
        made.push(self.headers("a bad header first", vec![(own.clone(), bad), (own, genuine)]));
        let bearer = ("authorization".to_owned(), format!("Bearer {}", self.secret));
        made.push(self.headers("a bearer instead", vec![bearer]));
        made
    }

    fn wrong_bodies(&self) -> Vec<Forgery> {
        let (body, text) = (&self.body, std::str::from_utf8(&self.body).unwrap());
        let value: serde_json::Value = serde_json::from_slice(body).unwrap();
        let changes = self
            .changes
            .iter()
            .map(|(from, to)| (format!("{from:?} became {to:?}"), text.replace(from, to).into_bytes()));
        let bodies = [
            ("re-serialised with spaces", serde_json::to_vec_pretty(&value).unwrap()),
            ("a space after a colon", text.replacen(':', ": ", 1).into_bytes()),
            ("trailing newline", [body.as_slice(), b"\n"].concat()),
            ("leading space", [b" ".as_slice(), body].concat()),
            ("leading dot", [b".".as_slice(), body].concat()),
            ("byte-order mark", [b"\xef\xbb\xbf".as_slice(), body].concat()),
            ("truncated", body[..body.len() - 1].to_vec()),
            ("empty", Vec::new()),
            ("doubled", [body.as_slice(), body].concat()),
            ("another event", self.another.clone()),
            ("nul at the end", [body.as_slice(), b"\0"].concat()),
        ];
        let bodies = bodies.into_iter().map(|(name, body)| (name.to_owned(), body)).chain(changes);
        let genuine = self.signed(self.secret, body);
        let over = |(name, changed): (String, Vec<u8>)| {
            assert_ne!(changed, *body, "{name} changes nothing");
            self.over(&name, genuine.clone(), changed)
        };
        let mut made: Vec<_> = bodies.map(over).collect();
        // Without a separator, time and body may be cut elsewhere under the same signature.
        let stamp = self.t().to_string();
        let (early, last) = stamp.split_at(stamp.len() - 1);
        let value = format!("t={early},v1={}", self.good());
        made.push(self.over(
            "a digit moved from the time to the body",
            value,
            [last.as_bytes(), body].concat(),
        ));
        made
    }

    /// None of these and none of `more` pass, no changed byte goes unnoticed, and the genuine one passes.
    pub(crate) fn lets_no_forgery_pass(&self, more: Vec<Forgery>) {
        let genuine = |body: Vec<u8>| self.over("genuine", self.signed(self.secret, &self.body), body);
        assert!(self.verify(&genuine(self.body.clone())).is_ok(), "the genuine one passes, so this can fail");
        let kinds = [
            self.wrong_messages(),
            self.wrong_keys(),
            self.wrong_times(),
            self.wrong_values(),
            self.wrong_headers(),
            self.wrong_bodies(),
            more,
        ];
        let all: Vec<Forgery> = kinds.into_iter().flatten().collect();
        assert!(all.len() >= 80, "only {} forgeries", all.len());
        let passed: Vec<_> =
            all.iter().filter(|forgery| self.verify(forgery).is_ok()).map(|forgery| &forgery.name).collect();
        assert!(passed.is_empty(), "{passed:?}");
        for position in 0..self.body.len() {
            let mut body = self.body.clone();
            body[position] ^= 1;
            assert!(self.verify(&genuine(body)).is_err(), "byte {position}");
        }
    }

    /// Whichever of these secrets signed, the callback is proven, and kept under its own id.
    pub(crate) fn is_proven_by(&self, secrets: &[&str], event_key: &str) {
        for secret in secrets {
            let request = self.header(secret, self.signed(secret, &self.body));
            let proven = Verified { event_key: event_key.to_owned(), trust: Trust::Proven };
            assert_eq!(self.verify(&request), Ok(proven), "{secret}");
        }
    }

    /// While a secret is replaced, the good signature may stand anywhere in the header.
    pub(crate) fn needs_one_good_signature(&self) {
        let (t, good) = (self.t(), self.good());
        let bad = self.sign("a secret that nobody shared", &t.to_string(), &self.body);
        for value in [
            format!("t={t},v1={bad},v1={good}"),
            format!("t={t},v1={good},v1={bad}"),
            format!("t={t},v1={good},v0={bad}"),
            format!("v1={good},t={t}"),
            format!("t={t}, v1={good}"),
            format!("t={t},v0=abc,v1={good},unknown"),
        ] {
            assert!(self.verify(&self.header("", value.clone())).is_ok(), "{value}");
        }
    }

    /// To the second.
    pub(crate) fn lives_as_long_as_documented(&self) {
        let request = self.header("", self.signed(self.secret, &self.body));
        let (past, future) = (self.past_s, self.future_s);
        for (age, accepted) in
            [(past + 1, false), (past, true), (0, true), (-future, true), (-future - 1, false)]
        {
            let now = self.now + TimeDelta::seconds(age);
            assert_eq!(self.verify_at(&request, now).is_ok(), accepted, "{age} s old");
        }
    }

    /// An odd body that is authentic is kept for a person, under a digest of its bytes.
    pub(crate) fn keeps_odd_bodies_under_their_digest(&self, more: &[&[u8]]) {
        let odd: [&[u8]; 8] = [
            b"",
            b"[]",
            b"not json",
            br#"{"type":"x"}"#,
            br#"{"id":7}"#,
            br#"{"id":""}"#,
            br#"{"id":"a","id":"b"}"#,
            b"\xff\xfe",
        ];
        for body in odd.iter().chain(more) {
            let verified =
                self.verify(&self.over("", self.signed(self.secret, body), body.to_vec())).unwrap();
            assert!(
                verified.event_key.starts_with("sha256:") && verified.event_key.len() == 71,
                "{verified:?}"
            );
        }
    }
}
