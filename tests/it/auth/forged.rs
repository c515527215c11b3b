//! Tokens that others made, shown to a running gateway over HTTP: none is taken.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use futures::{StreamExt, stream};
use hmac::{Hmac, KeyInit, Mac};
use moneybridge::services::auth::access::AccessClaims;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};
use store::testkit::on_each_database;

use super::gateway::{TestGateway, Tokens};
use super::{AWA, BINTA};

const HEADER: &str = r#"{"typ":"at+jwt","alg":"HS256"}"#;

/// What a forger has: the claims of a good token, and (which is worse than anything that leaks) the key.
struct Forge {
    key: Vec<u8>,
    claims: Value,
    tokens: Vec<(String, String)>,
}

fn mac<M: Mac + KeyInit>(key: &[u8], message: &str) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

fn joined(header: &str, payload: &str) -> String {
    format!("{}.{}", BASE64.encode(header), BASE64.encode(payload))
}

fn signed(header: &str, payload: &str, key: &[u8]) -> String {
    let message = joined(header, payload);
    format!("{message}.{}", BASE64.encode(mac::<Hmac<Sha256>>(key, &message)))
}

impl Forge {
    fn add(&mut self, what: impl Into<String>, token: String) {
        self.tokens.push((what.into(), token));
    }

    fn with_header(&mut self, header: &str) {
        let payload = self.claims.to_string();
        self.add(format!("header {header}"), signed(header, &payload, &self.key));
    }

    fn with_claims(&mut self, what: impl Into<String>, change: impl FnOnce(&mut Value)) {
        let mut claims = self.claims.clone();
        change(&mut claims);
        let token = signed(HEADER, &claims.to_string(), &self.key);
        self.add(what, token);
    }

    fn with_claim(&mut self, name: &str, value: Value) {
        let what = format!("{name} is {value}");
        self.with_claims(what, |claims| claims[name] = value);
    }

    /// No algorithm, other ones, and hints at other keys.
    fn headers(&mut self) {
        for alg in
            ["none", "None", "NONE", "nOnE", "", "hs256", "HS-256", "HS256 ", "HS384", "HS512", "RS256"]
                .into_iter()
                .chain([
                    "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "EdDSA", "dir", "A128KW",
                    "RSA-OAEP",
                ])
        {
            if alg != "HS256" {
                self.with_header(&format!(r#"{{"typ":"at+jwt","alg":"{alg}"}}"#));
            }
        }
        for alg in ["null", "1", "true", "[]", "{}", r#"["HS256"]"#, r#"{"alg":"HS256"}"#] {
            self.with_header(&format!(r#"{{"typ":"at+jwt","alg":{alg}}}"#));
        }
        for typ in ["JWT", "jwt", "AT+JWT", "at+JWT", "application/at+jwt", "refresh+jwt", "id+jwt", ""] {
            self.with_header(&format!(r#"{{"typ":"{typ}","alg":"HS256"}}"#));
        }
        for more in [
            r#""kid":"1""#,
            r#""kid":"../../../dev/null""#,
            r#""kid":"' UNION SELECT 'x' --""#,
            r#""kid":"moneybridge""#,
            r#""kid":null"#,
            r#""jku":"https://evil.example/keys""#,
            r#""x5u":"https://evil.example/cert""#,
            r#""x5c":["AAAA"]"#,
            r#""jwk":{"kty":"oct","k":"AAAA"}"#,
            r#""crit":["exp"]"#,
            r#""b64":false,"crit":["b64"]"#,
            r#""cty":"JWT""#,
            r#""zip":"DEF""#,
            r#""enc":"A256GCM""#,
            r#""alg":"none""#,
            r#""typ":"JWT""#,
        ] {
            self.with_header(&format!(r#"{{"typ":"at+jwt","alg":"HS256",{more}}}"#));
        }
        for odd in [
            r#"{"alg":"HS256","typ":"at+jwt"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"typ":"at+jwt"}"#,
            "{}",
            "null",
            "",
        ] {
            self.with_header(odd);
        }
        self.with_header(r#"{"typ":"at+jwt","alg":"none","alg":"HS256"}"#);
        self.with_header(&format!(" {HEADER}"));
    }

    /// No signature, another's, and keys that a forger may hope for.
    fn keys(&mut self, more_keys: &[(&str, Vec<u8>)]) {
        let payload = self.claims.to_string();
        let none = joined(r#"{"typ":"at+jwt","alg":"none"}"#, &payload);
        let ours = joined(HEADER, &payload);
        for (what, token) in [
            ("alg none, no signature", format!("{none}.")),
            ("alg none, two parts", none),
            ("our header, no signature", format!("{ours}.")),
            ("our header, two parts", ours.clone()),
        ] {
            self.add(what, token);
        }
        let sign = |message: &str, signature: Vec<u8>| format!("{message}.{}", BASE64.encode(signature));
        self.add("HS384 by the right key", sign(&ours, mac::<Hmac<Sha384>>(&self.key, &ours)));
        self.add("HS512 by the right key", sign(&ours, mac::<Hmac<Sha512>>(&self.key, &ours)));
        for length in [0, 1, 16, 31, 33, 64] {
            self.add(format!("{length} zero bytes"), sign(&ours, vec![0; length]));
        }
        let shorter = self.key[..31].to_vec();
        let guesses = [
            ("an empty key", vec![]),
            ("zeros", vec![0; 32]),
            ("secret", b"secret".to_vec()),
            ("our name", b"moneybridge".to_vec()),
            ("a key that is too short", shorter),
            ("a public key's text", b"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n".to_vec()),
            ("the key in base64", BASE64.encode(&self.key).into_bytes()),
        ];
        for (what, key) in guesses.iter().chain(more_keys) {
            self.add(format!("signed by {what}"), signed(HEADER, &payload, key));
        }
    }

    /// Claims that are missing, odd, or another's.
    fn claims(&mut self, now: i64, theirs: &AccessClaims) {
        for name in ["iss", "aud", "sub", "sid", "iat", "nbf", "exp"] {
            self.with_claims(format!("no {name}"), |claims| {
                claims.as_object_mut().unwrap().remove(name);
            });
        }
        for name in ["iss", "aud", "sub", "sid"] {
            let good = self.claims[name].as_str().unwrap().to_owned();
            for odd in [
                json!(null),
                json!(0),
                json!(""),
                json!([good]),
                json!([good, "another"]),
                json!({ "is": good }),
                json!(format!("{good} ")),
                json!(format!("{good}\u{0}")),
                json!(good.to_uppercase()),
                json!("*"),
            ] {
                self.with_claim(name, odd);
            }
        }
        for name in ["iat", "nbf", "exp"] {
            for odd in [
                json!(null),
                json!(true),
                json!(""),
                json!("never"),
                json!(now.to_string()),
                json!([now]),
                json!(1e300),
                json!(-1),
                json!(i64::MIN),
                json!(i64::MAX),
                json!(u64::MAX),
            ] {
                self.with_claim(name, odd);
            }
        }
        for aud in ["moneybridge/live", "moneybridge", "sandbox", "https://moneybridge.example", "mobile"] {
            self.with_claim("aud", json!(aud));
        }
        for iss in ["https://accounts.google.com", "moneybridge ", "MoneyBridge", "moneybridge/sandbox"] {
            self.with_claim("iss", json!(iss));
        }
        for (name, value) in [("roles", json!(["admin"])), ("scope", json!("admin")), ("admin", json!(true))]
        {
            self.with_claim(name, value);
        }
        self.with_claim("sub", json!(theirs.user.to_string()));
        self.with_claim("sid", json!(theirs.session.to_string()));
        self.with_claim("sid", json!("session_01h2xcejqtf2nbrexx3vqjhp41"));
        self.with_claim("sub", json!("user_01h2xcejqtf2nbrexx3vqjhp41"));
        for payload in ["", "null", "[]", "{}", "{", "\u{feff}{}", "\"\""] {
            let token = signed(HEADER, payload, &self.key);
            self.add(format!("payload {payload}"), token);
        }
        let twice = self.claims.to_string().replacen('{', "{\"sub\":\"user_x\",", 1);
        self.add("sub twice", signed(HEADER, &twice, &self.key));
    }

    /// Over, not begun, and for ever.
    fn times(&mut self, now: i64) {
        for (iat, nbf, exp) in [
            (now - 1_000, now - 1_000, now - 1),
            (now - 901, now - 901, now - 1),
            (now, now, now),
            (now, now, now - 60),
            (now + 60, now + 60, now + 900),
            (now, now + 60, now + 900),
            (now, now - 1, now + 900),
            (now, now, now + 86_401 + 900),
            (0, 0, now + 900),
            (-5, -5, now + 900),
            (now, now, i64::MAX),
            (i64::MIN, now, now + 900),
        ] {
            self.with_claims(format!("times {iat} {nbf} {exp}"), |claims| {
                (claims["iat"], claims["nbf"], claims["exp"]) = (json!(iat), json!(nbf), json!(exp));
            });
        }
    }

    /// A good token, changed somewhere.
    fn tampered(&mut self, good: &str) {
        for at in (0..good.len()).step_by(9) {
            let mut changed = good.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            self.add(format!("byte {at} changed"), String::from_utf8(changed).unwrap());
        }
        for cut in (1..good.len()).step_by(23) {
            self.add(format!("cut after {cut}"), good[..cut].to_owned());
        }
        let (head, signature) = good.rsplit_once('.').unwrap();
        for (what, token) in [
            ("padded", format!("{good}=")),
            ("a dot more", format!("{good}.")),
            ("signature twice", format!("{good}.{signature}")),
            ("signature in front", format!("{signature}.{head}")),
            ("twenty times", good.repeat(20)),
            ("bearer twice", format!("Bearer {good}")),
            ("dots", "..".to_owned()),
            ("one dot", ".".to_owned()),
        ] {
            self.add(what, token);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_hundreds_of_forged_tokens_none_is_taken() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let (awa, binta, gone) =
            (gateway.sign_in(AWA).await, gateway.sign_in(BINTA).await, gateway.sign_in(AWA).await);
        assert_eq!(gateway.with(&gone.access, Method::POST, "/v1/auth/logout", None).await.status, 204);
        let app = gateway.app();
        let now = gateway.now().timestamp();
        let signing = |purpose| app.keyring.signing_key(purpose).to_vec();
        let mut forge = Forge { key: signing("access token"), claims: claims_of(&awa), tokens: Vec::new() };
        let good = signed(HEADER, &forge.claims.to_string(), &forge.key);
        let is_taken =
            async |token: &str| gateway.with(token, Method::GET, "/v1/me", None).await.status == 200;
        assert!(is_taken(&good).await, "with the key itself the forge makes what the gateway takes");
        let theirs = app.auth.tokens.read(&binta.access, gateway.now()).unwrap();

        forge.headers();
        forge.keys(&[("another key of the book", signing("cursor")), ("a key of no purpose", signing(""))]);
        forge.claims(now, &theirs);
        forge.times(now);
        forge.tampered(&awa.access);
        forge.add("an ended session", gone.access.clone());
        forge.add("a refresh token", awa.refresh.clone());
        forge.add("a merchant's key", "mb_live_0123456789abcdef".into());
        forge.tokens.retain(|(_, token)| *token != good && *token != awa.access);

        let taken: Vec<String> = stream::iter(&forge.tokens)
            .map(async |(what, token)| {
                let answer = gateway.with(token, Method::GET, "/v1/me", None).await;
                let is_refused = answer.status == 401 && answer.body["code"] == "unauthenticated";
                (!is_refused).then(|| format!("{what}: {}", answer.status))
            })
            .buffer_unordered(16)
            .filter_map(async |taken| taken)
            .collect()
            .await;
        println!("{:?}: {} forged tokens, {} accepted", db.engine(), forge.tokens.len(), taken.len());
        assert!(forge.tokens.len() >= 250, "{}", forge.tokens.len());
        assert!(taken.is_empty(), "{taken:#?}");
        assert!(is_taken(&good).await && is_taken(&awa.access).await, "the good ones still are");
        gateway.stop().await;
    })
    .await;
}

fn claims_of(tokens: &Tokens) -> Value {
    let payload = tokens.access.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64.decode(payload).unwrap()).unwrap()
}
