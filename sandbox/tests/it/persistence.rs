//! Books that outlive the program.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sandbox::{Database, Sandbox, SandboxConfig, SandboxError, WaveWebhookConfig};
use serde_json::json;

use crate::kit::{Kit, Receiver, payout};
use crate::sonatel::kit::{FLOAT, RETAILER, Sonatel};

/// A database file of one test, removed at its end.
pub struct File(PathBuf);

impl File {
    pub fn new() -> File {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        File(std::env::temp_dir().join(format!("sandbox-{}-{count}.db", std::process::id())))
    }

    pub fn config(&self) -> SandboxConfig {
        SandboxConfig { database: Database::File(self.0.clone()), ..SandboxConfig::default() }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

#[tokio::test]
async fn a_restart_loses_no_money_and_no_key() {
    let file = File::new();
    let kit = Kit::with(file.config()).await;
    let open = kit.session("open", "1000").await;
    kit.session("paid", "2000").await;
    kit.pay("paid").await;
    let body = payout("po", "1000", "+221770003344");
    let sent = kit.pay_out("key", &body).await;
    let slow = kit.pay_out("slow", &payout("slow", "1000", "+221770009909")).await.ok();
    kit.control("wave/wallets", &json!({"wallet": "sn", "country": "SN", "keys": [{"key": "extra"}]}))
        .await
        .ok();
    let (facts, lines, balance) = (kit.operations().await, kit.lines().await, kit.balance().await);
    kit.sandbox.stop().await;

    let kit = Kit::with(file.config()).await;
    assert_eq!(kit.operations().await, facts);
    assert_eq!(kit.lines().await, lines);
    assert_eq!(kit.balance().await, balance);
    assert_eq!(kit.session_now(&open["id"]).await["checkout_status"], "open");
    assert_eq!(kit.pay_out("key", &body).await, sent, "the stored bytes");
    assert_eq!(kit.balance().await, balance);
    assert_eq!(kit.get_as("extra", "/wave/v1/balance").await.status, 200);
    kit.advance(3600);
    let done = kit.get(&format!("/wave/v1/payout/{}", slow["id"].as_str().unwrap())).await.ok();
    assert_eq!(done["status"], "succeeded");
}

#[tokio::test]
async fn an_undelivered_event_arrives_after_a_restart() {
    let (file, receiver) = (File::new(), Receiver::start().await);
    let kit = Kit::with(file.config()).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    kit.set_webhook(json!({"wallet": "sn", "url": format!("http://{closed}/")})).await;
    kit.session("order", "1000").await;
    kit.pay("order").await;
    kit.deliveries_until(|journal| !journal[0]["error"].is_null()).await;
    kit.sandbox.stop().await;

    let webhooks = vec![WaveWebhookConfig::new("sn", &receiver.url)];
    let kit = Kit::with(SandboxConfig { webhooks, ..file.config() }).await;
    kit.advance(10);
    assert_eq!(receiver.wait(1).await[0].json()["data"]["client_reference"], "order");
    kit.all_sent().await;
    assert_eq!(kit.deliveries().await.len(), 2);
}

#[tokio::test]
async fn messages_and_tokens_survive_too() {
    let file = File::new();
    let kit = Kit::with(file.config()).await;
    let token = crate::sms::token(&kit).await;
    crate::sms::send(&kit, &token, "+224620001122", "Code 123456").await.ok();
    kit.sandbox.stop().await;
    let kit = Kit::with(file.config()).await;
    crate::sms::send(&kit, &token, "+224620001122", "Code 654321").await.ok();
    let inbox = crate::sms::inbox(&kit, "?to=%2B224620001122").await;
    let bodies: Vec<_> = inbox.iter().map(|message| message["body"].clone()).collect();
    assert_eq!(bodies, ["Code 654321", "Code 123456"], "newest first");
}

#[tokio::test]
async fn sonatels_key_and_what_is_under_way_survive_too() {
    let file = File::new();
    let sonatel = Sonatel::with(file.config()).await;
    let pin = sonatel.pin("1234").await;
    let slow = sonatel.cash_in("slow", 100, "770009909").await.ok();
    let made = sonatel.qr("order", 1500).await;
    sonatel.kit.sandbox.stop().await;
    let sonatel = Sonatel::with(file.config()).await;
    let wish = json!({"idType": "MSISDN", "id": RETAILER, "encryptedPinCode": pin});
    let balance = sonatel.post("eWallet/v1/account/retailer/balance", &wish).await.ok();
    assert_eq!(balance["value"], FLOAT - 100);
    sonatel.pay(json!({"reference": made["qrId"]})).await.ok();
    assert_eq!(sonatel.status(&slow["transactionId"]).await, "PENDING");
    sonatel.advance(3600);
    let found = sonatel.look("sonatel/operations").await["data"].as_array().unwrap().len();
    assert_eq!(found, 3, "begun, paid, and ended");
}

#[tokio::test]
async fn stopping_frees_the_address_even_under_a_hanging_request() {
    let kit = Kit::new().await;
    let listen = kit.sandbox.addr();
    kit.fault(json!({"fault": "timeout_before"})).await;
    let hanging = tokio::spawn(kit.request(reqwest::Method::GET, "/wave/v1/balance").bearer_auth("x").send());
    while kit.fired().await != [1] {
        tokio::task::yield_now().await;
    }
    kit.sandbox.stop().await;
    assert!(hanging.await.unwrap().is_err());
    let again = Sandbox::start(SandboxConfig { listen, ..SandboxConfig::default() }).await.unwrap();
    assert_eq!(again.addr(), listen);
    let taken = Sandbox::start(SandboxConfig { listen, ..SandboxConfig::default() }).await;
    assert!(matches!(taken, Err(SandboxError::Listen { .. })));
}

#[tokio::test]
async fn books_that_cannot_be_opened_stop_the_start() {
    let database = Database::File(PathBuf::from("/nowhere/at/all/sandbox.db"));
    let started = Sandbox::start(SandboxConfig { database, ..SandboxConfig::default() }).await;
    assert!(matches!(started, Err(SandboxError::Books(_))));
}
