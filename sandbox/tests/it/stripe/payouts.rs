//! Payouts to the business's own bank accounts.

use serde_json::{Value, json};

use super::kit::{Form, Stripe, id, refused};

async fn pay_out(stripe: &Stripe, amount: &str, rest: Form<'_>) -> crate::kit::Answer {
    stripe.post("payouts", &[&[("amount", amount), ("currency", "eur")], rest].concat()).await
}

async fn status(stripe: &Stripe, payout: &Value) -> String {
    let payout = stripe.get(&format!("payouts/{}", id(payout))).await.ok();
    payout["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_payout_leaves_and_arrives_by_business_days() {
    let stripe = Stripe::new().await;
    let made = pay_out(&stripe, "50000", &[("metadata[movement_reference]", "sweep")]).await.ok();
    assert_eq!(
        (&made["status"], &made["destination"], &made["method"]),
        (&json!("pending"), &json!("ba_sandbox_main"), &json!("standard"))
    );
    assert_eq!(stripe.balance().await.0, 9_950_000);
    stripe.set_clock("2026-11-24T00:00:00Z");
    assert_eq!(status(&stripe, &made).await, "in_transit");
    refused(&stripe.post(&format!("payouts/{}/cancel", id(&made)), &[]).await, 400, "", "");
    stripe.set_clock("2026-11-25T00:00:00Z");
    assert_eq!(status(&stripe, &made).await, "paid");
    assert_eq!(stripe.events().await, ["payout.created", "payout.updated", "payout.paid"]);
    let lines = stripe.list(&format!("balance_transactions?payout={}", id(&made))).await;
    assert_eq!((lines.len(), &lines[0]["type"], &lines[0]["net"]), (1, &json!("payout"), &json!(-50000)));
    let facts = stripe.facts().await;
    let facts: Vec<_> = facts
        .iter()
        .map(|fact| (fact["status"].as_str().unwrap(), fact["effect"].as_str().unwrap()))
        .collect();
    assert_eq!(facts, [("pending", "-500.00"), ("succeeded", "0.00")]);
}

#[tokio::test]
async fn a_payout_may_fail_even_after_it_was_paid() {
    let stripe = Stripe::new().await;
    let closed = pay_out(&stripe, "1000", &[("destination", "ba_sandbox_account_closed")]).await.ok();
    let returned = pay_out(&stripe, "2000", &[("destination", "ba_sandbox_paid_then_failed")]).await.ok();
    stripe.set_clock("2026-11-25T01:00:00Z");
    assert_eq!(
        (status(&stripe, &closed).await, status(&stripe, &returned).await),
        ("failed".into(), "paid".into())
    );
    assert_eq!(stripe.balance().await.0, 9_998_000);
    stripe.set_clock("2026-11-27T01:00:00Z");
    let failed = stripe.get(&format!("payouts/{}", id(&returned))).await.ok();
    assert_eq!((&failed["status"], &failed["failure_code"]), (&json!("failed"), &json!("account_closed")));
    assert!(failed["failure_balance_transaction"].is_string());
    assert_eq!(stripe.balance().await.0, 10_000_000);
    let mine = pay_out(&stripe, "1000", &[("metadata[movement_reference]", "mine")]).await.ok();
    let wish = json!({"reference": "mine", "outcome": "decline", "code": "no_account"});
    assert_eq!(stripe.pay(wish).await["failure_code"], "no_account");
    assert_eq!(status(&stripe, &mine).await, "failed");
    for outcome in ["decline", "pay"] {
        stripe.pay(json!({"reference": id(&mine), "outcome": outcome})).await;
    }
    assert_eq!(stripe.balance().await.0, 10_000_000, "it comes back once");
}

#[tokio::test]
async fn a_pending_payout_is_called_back() {
    let stripe = Stripe::new().await;
    let made = pay_out(&stripe, "1000", &[]).await.ok();
    let canceled = stripe.post(&format!("payouts/{}/cancel", id(&made)), &[]).await.ok();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(stripe.balance().await.0, 10_000_000);
    stripe.days(7);
    assert_eq!(stripe.events().await, ["payout.created", "payout.canceled"]);
}

#[tokio::test]
async fn an_instant_payout_takes_half_an_hour_and_a_hundredth() {
    let stripe = Stripe::new().await;
    let made = pay_out(&stripe, "100000", &[("method", "instant")]).await.ok();
    assert_eq!(stripe.balance().await.0, 10_000_000 - 101_000);
    stripe.advance(30 * 60);
    assert_eq!(status(&stripe, &made).await, "paid");
    let instant = |rest: Form<'static>| [&[("method", "instant")], rest].concat();
    let unsupported = instant(&[("destination", "ba_sandbox_not_instant")]);
    refused(&pay_out(&stripe, "1000", &unsupported).await, 400, "instant_payouts_unsupported", "");
    refused(&pay_out(&stripe, "900001", &instant(&[])).await, 400, "instant_payouts_limit_exceeded", "");
    stripe.days(1);
    pay_out(&stripe, "900001", &instant(&[])).await.ok();
}

#[tokio::test]
async fn payouts_have_bounds() {
    let stripe = Stripe::new().await;
    refused(&pay_out(&stripe, "10000001", &[]).await, 400, "balance_insufficient", "amount");
    refused(
        &pay_out(&stripe, "1000", &[("destination", "ba_of_somebody_else")]).await,
        404,
        "resource_missing",
        "destination",
    );
    refused(&pay_out(&stripe, "0", &[]).await, 400, "", "amount");
    let mut config = sandbox::SandboxConfig::default();
    config.stripe.payouts_allowed = false;
    let closed = Stripe::with(config).await;
    refused(&pay_out(&closed, "1000", &[]).await, 400, "payouts_not_allowed", "");
    let mut config = sandbox::SandboxConfig::default();
    config.stripe.instant_limit = 0;
    let plain = Stripe::with(config).await;
    refused(
        &pay_out(&plain, "1000", &[("method", "instant")]).await,
        400,
        "instant_payouts_config_disabled",
        "",
    );
    let accounts = plain.list("accounts/acct_sandbox/external_accounts").await;
    assert_eq!((accounts.len(), &accounts[0]["id"]), (5, &json!("ba_sandbox_main")));
}

#[tokio::test]
async fn a_reset_returns_to_the_opening_balance_and_keeps_the_endpoints() {
    let stripe = Stripe::new().await;
    let receiver = crate::kit::Receiver::start().await;
    stripe.endpoint(&receiver).await;
    pay_out(&stripe, "1000", &[]).await.ok();
    stripe.control("reset", &json!({})).await.ok();
    assert_eq!(stripe.balance().await, (10_000_000, 0));
    assert!(stripe.list("payouts").await.is_empty() && stripe.facts().await.is_empty());
    assert_eq!(stripe.look("stripe/webhooks").await["data"][0]["url"], receiver.url.as_str());
    let balance = stripe.look("stripe/balance").await;
    assert_eq!(balance["total"], json!([{"amount": "100000.00", "currency": "EUR"}]));
}
