//! What is sent: orders over quotes, and webhooks as Wave signs them or as somebody forges them.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::book::{fresh_id, now};
use crate::load::request;

/// The secret that the simulated Wave shares with a sandbox, as everybody may read.
const SECRET: &str = "wave_sn_WHS_sandbox";
/// One webhook in so many is a repeat of the one five before it.
const REPEAT_EVERY: usize = 10;

/// The benched order: from the owner's balance, by a quote in euros, to a wallet in Senegal.
pub fn order(quote: &str) -> Value {
    json!({
        "quote_id": quote,
        "payer": { "rail": "balance", "name": "Awa Exemple" },
        "payee": { "rail": "wave", "phone": "+221776601234", "name": "Moussa Exemple", "country": "SN" },
        "purpose": "Family support",
    })
}

/// So many requests with webhooks, each an event of its own but for the repeats.
pub fn webhooks(count: usize, is_genuine: bool) -> Vec<Vec<u8>> {
    let mut requests: Vec<Vec<u8>> = Vec::with_capacity(count);
    for number in 0..count {
        let repeated = if is_repeat(number) { requests.get(number - 5).cloned() } else { None };
        requests.push(repeated.unwrap_or_else(|| webhook(is_genuine)));
    }
    requests
}

/// Of the first `count` webhooks, those that are events of their own.
pub fn events(count: usize) -> usize {
    (0..count).filter(|number| !is_repeat(*number)).count()
}

fn is_repeat(number: usize) -> bool {
    number % REPEAT_EVERY == REPEAT_EVERY - 1
}

/// An event that announces a paid session, signed now.
fn webhook(is_genuine: bool) -> Vec<u8> {
    let (event, session, reference) = (fresh_id().simple(), fresh_id().simple(), fresh_id());
    let (at, instant) = (now().timestamp(), now().to_rfc3339());
    let body = json!({
        "id": format!("AE_{event}"), "type": "checkout.session.completed",
        "data": {
            "id": format!("cos-{session}"), "amount": "10100", "checkout_status": "complete",
            "client_reference": reference.to_string(), "currency": "XOF",
            "error_url": "https://pay.example.com/error", "success_url": "https://pay.example.com/success",
            "last_payment_error": null, "business_name": "MoneyBridge", "payment_status": "succeeded",
            "transaction_id": format!("T_{session}"),
            "wave_launch_url": format!("https://pay.wave.com/c/cos-{session}"),
            "when_created": instant, "when_completed": instant, "when_expires": instant,
        },
    })
    .to_string();
    let proof = if is_genuine { signed(at, &body) } else { "0".repeat(64) };
    let signature = format!("wave-signature: t={at},v1={proof}");
    request("POST", "/webhooks/wave", &[&signature], body.as_bytes())
}

/// `HMAC-SHA256(secret, time ‖ body)` in hexadecimal, as Wave's documents describe it.
fn signed(at: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return String::new() };
    mac.update(at.to_string().as_bytes());
    mac.update(body.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn one_webhook_in_ten_is_a_repeat_and_no_two_others_are_the_same() {
        let requests = webhooks(40, true);
        let different: HashSet<&Vec<u8>> = requests.iter().collect();
        assert_eq!((different.len(), events(40), events(9), events(10)), (36, 36, 9, 9));
        assert_eq!(requests[9], requests[4]);
        let text = String::from_utf8(requests[0].clone()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert!(serde_json::from_str::<Value>(body).unwrap()["id"].is_string());
    }

    #[test]
    fn a_signature_is_over_time_and_body() {
        let signed = signed(1_700_000_000, "{}");
        assert_eq!(signed.len(), 64);
        assert_ne!(signed, super::signed(1_700_000_001, "{}"));
        assert_ne!(signed, super::signed(1_700_000_000, "{ }"));
    }
}
