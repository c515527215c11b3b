//! Random bytes and random JSON at every route: never a fault of ours, and the gateway serves on.

use moneybridge::api::permissions::TABLE;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::testkit::{Ask, SENEGAL, ivorian, on_each_database, quote_ask, signature};

const REQUESTS: usize = 2_000;
const SEED: u64 = 0x6d6f_6e65_7962;

/// Ends the session that the others are sent with.
const LEFT_OUT: [(&str, &str); 2] = [("DELETE", "/v1/me/sessions"), ("POST", "/v1/auth/logout")];

struct Chance(StdRng);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        let length = self.below(longest + 1);
        (0..length).map(|_| self.0.random()).collect()
    }

    fn text(&mut self) -> String {
        const WORDS: [&str; 16] = [
            "",
            "XOF",
            "wave",
            "balance",
            "send",
            "10000",
            "-1",
            "1e400",
            "+221770001122",
            "\u{0}",
            "é\u{202e}",
            "CI",
            "null",
            "transfer_01h2xcejqtf2nbrexx3vqjhp41",
            "2026-01-01T00:00:00Z",
            "'; DROP TABLE users; --",
        ];
        match self.below(4) {
            0 => String::from_utf8_lossy(&self.bytes(24)).into_owned(),
            1 => "x".repeat(self.below(2_000)),
            _ => (*self.one(&WORDS)).to_owned(),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.0.random::<bool>()),
            2 => json!(self.0.random::<i64>()),
            3 => json!(self.0.random::<f64>()),
            4 => json!(self.text()),
            5 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => Value::Object(
                (0..self.below(4)).map(|_| (self.text(), self.value(depth - 1))).collect::<Map<_, _>>(),
            ),
        }
    }

    /// `good` with something else in some of its places.
    fn altered(&mut self, good: &Value) -> Value {
        match good {
            _ if self.below(6) == 0 => self.value(2),
            Value::Object(fields) => {
                let mut altered: Map<String, Value> =
                    fields.iter().map(|(name, value)| (name.clone(), self.altered(value))).collect();
                if self.below(8) == 0 {
                    altered.insert(self.text(), self.value(1));
                }
                Value::Object(altered)
            }
            Value::Array(items) => items.iter().map(|item| self.altered(item)).collect(),
            other => other.clone(),
        }
    }

    fn body(&mut self, templates: &[Value]) -> Vec<u8> {
        match self.below(6) {
            0 => self.bytes(600),
            1 => "[".repeat(self.below(5_000)).into_bytes(),
            2 => serde_json::to_vec(&self.value(4)).unwrap(),
            _ => {
                let template = self.one(templates).clone();
                let mut bytes = serde_json::to_vec(&self.altered(&template)).unwrap();
                if self.below(4) == 0 && !bytes.is_empty() {
                    let at = self.below(bytes.len());
                    bytes[at] = self.0.random();
                }
                bytes
            }
        }
    }

    fn segment(&mut self) -> String {
        let raw = match self.below(3) {
            0 => self.bytes(40),
            _ => self.text().into_bytes(),
        };
        let escaped: String = raw.iter().take(300).map(|byte| format!("%{byte:02x}")).collect();
        if escaped.is_empty() { "x".to_owned() } else { escaped }
    }
}

/// Bodies that would read somewhere.
fn templates() -> Vec<Value> {
    let order = json!({
        "quote_id": "quote_01h2xcejqtf2nbrexx3vqjhp41",
        "payer": { "rail": "wave", "phone": "+221770001122" },
        "payee": { "rail": "wave", "phone": ivorian("0001"), "name": "A", "country": "CI" },
        "purpose": "p", "reference": "r",
    });
    let mut item = order.clone();
    item["idempotency_key"] = json!("k");
    vec![
        quote_ask("10000", "send", ("wave", "wave")),
        order,
        json!({ "items": [item.clone(), item] }),
        json!({ "phone": "+221770009999", "channel": "sms" }),
        json!({ "challenge_id": "otp_01h2xcejqtf2nbrexx3vqjhp41", "code": "123456", "device_id": "d" }),
        json!({ "refresh_token": "r" }),
        json!({ "name": "n", "language": "fr" }),
        json!({ "id": "EV_1", "type": "checkout.session.completed", "data": {
            "id": "cos-1", "amount": "1", "currency": "XOF", "checkout_status": "complete",
            "payment_status": "succeeded", "client_reference": "0d7d8e4e-4f5e-4cf1-8d0a-1c6f6a2f4b11" } }),
        json!({ "advance_seconds": "1", "set": 0 }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn random_requests_are_refused_and_nothing_breaks() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let mut chance = Chance(StdRng::seed_from_u64(SEED));
        let templates = templates();
        let routes: Vec<_> =
            TABLE.iter().filter(|(method, path, _)| !LEFT_OUT.contains(&(*method, *path))).collect();
        for nth in 0..REQUESTS {
            let (method, route, _) = **chance.one(&routes);
            let mut path = route.to_owned();
            for name in ["{id}", "{end}", "{asset}"] {
                path = path.replace(name, &chance.segment());
            }
            if chance.below(3) == 0 {
                path = format!(
                    "{path}?{}={}",
                    chance.one(&["limit", "cursor", "status", "from", "x"]),
                    chance.segment()
                );
            }
            let body = if route == "/v1/sandbox/clock" { chance.bytes(200) } else { chance.body(&templates) };
            let mut ask = Ask::new(method, path).key("fuzz");
            if chance.below(5) > 0 {
                ask = ask.bearer(&awa.token());
            }
            ask = match chance.below(8) {
                0 => ask.header("content-type", chance.text().replace(|c: char| !c.is_ascii_graphic(), "")),
                _ => ask.header("content-type", "application/json"),
            };
            if route.starts_with("/webhooks/") {
                let at = app.wave().now();
                ask = ask.header("wave-signature", signature(SENEGAL, at, &body));
            }
            if method != "GET" {
                ask = ask.body(body);
            }
            let answer = app.ask(ask).await;
            assert!(answer.status < 500, "request {nth} of seed {SEED:#x}: {answer}");
        }
        assert_eq!(app.ask(Ask::get("/readyz")).await.status, 200);
        app.quiet().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        transfer.shows("completed").await;
    })
    .await;
}

/// Not even HTTP.
#[tokio::test(flavor = "multi_thread")]
async fn noise_on_the_wire_disturbs_nobody() {
    on_each_database(async |app| {
        let mut chance = Chance(StdRng::seed_from_u64(SEED));
        let address = app.url().replace("http://", "");
        for _ in 0..100 {
            let mut noise = chance.bytes(400);
            if chance.below(2) == 0 {
                noise.splice(0..0, *b"POST /v1/quotes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999999999999999999\r\n");
            }
            let mut wire = TcpStream::connect(&address).await.unwrap();
            let _ = wire.write_all(&noise).await;
            let _ = wire.shutdown().await;
            let mut answer = Vec::new();
            let _ = wire.read_to_end(&mut answer).await;
            assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
        }
        assert_eq!(app.ask(Ask::get("/healthz")).await.status, 200);
    })
    .await;
}
