//! SEPA debits: test numbers, mandates, days that pass, disputes and the balance.

use serde_json::{Value, json};

use super::kit::{Stripe, debit_form, id, refused};

const GOOD: &str = "DE89370400440532013000";
const DISPUTED: &str = "FR5720041010050500013M02608";

#[tokio::test]
async fn a_debit_is_paid_after_six_business_days_at_midnight() {
    let stripe = Stripe::new().await;
    let made = stripe.debit(GOOD, "order", "1099").await;
    assert_eq!((&made["status"], &made["amount_received"]), (&json!("processing"), &json!(0)));
    let intent = stripe.intent(&made["id"]).await;
    let charge = &intent["latest_charge"];
    assert_eq!(
        (&charge["status"], &charge["paid"], &charge["balance_transaction"]),
        (&json!("pending"), &json!(false), &Value::Null)
    );
    let details = &charge["payment_method_details"]["sepa_debit"];
    assert_eq!(
        (&details["last4"], &details["country"], &details["bank_code"]),
        (&json!("3000"), &json!("DE"), &json!("37040044"))
    );
    // After the cut-off of Monday: handed in on Tuesday, debited on Wednesday, paid six days after.
    assert_eq!(details["expected_debit_date"], "2026-11-25");
    stripe.set_clock("2026-12-01T23:59:30Z");
    assert_eq!(stripe.intent(&made["id"]).await["status"], "processing");
    assert_eq!(stripe.balance().await, (10_000_000, 0));
    stripe.set_clock("2026-12-02T00:00:00Z");
    let paid = stripe.intent(&made["id"]).await;
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(1099)));
    assert_eq!(stripe.balance().await, (10_001_064, 0), "less thirty-five cents");
    let line = &stripe.list(&format!("balance_transactions?source={}", id(&paid["latest_charge"]))).await[0];
    assert_eq!(
        (&line["status"], &line["net"], &line["fee_details"][0]["amount"]),
        (&json!("available"), &json!(1064), &json!(35))
    );
    let told = stripe.list("events?type=payment_intent.succeeded").await;
    let midnight = "2026-12-02T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
    assert_eq!((told.len(), &told[0]["created"]), (1, &json!(midnight)));
    assert_eq!(told[0]["request"], json!({"id": null, "idempotency_key": null}));
}

#[tokio::test]
async fn a_leap_brings_everything_in_its_own_order_and_time() {
    let stripe = Stripe::new().await;
    stripe.set_clock("2026-12-21T08:00:00Z");
    let good = stripe.debit(GOOD, "good", "1000").await;
    let bad = stripe.debit("AT861904300235473202", "bad", "1000").await;
    stripe.days(60);
    assert_eq!(stripe.intent(&good["id"]).await["status"], "succeeded");
    assert_eq!(stripe.intent(&bad["id"]).await["status"], "requires_payment_method");
    let at = |kind: &'static str| {
        let stripe = &stripe;
        async move {
            let event = stripe.list(&format!("events?type={kind}")).await[0].clone();
            chrono::DateTime::from_timestamp(event["created"].as_i64().unwrap(), 0).unwrap().to_rfc3339()
        }
    };
    stripe.set_clock("2027-01-10T00:00:00Z");
    // Before the cut-off; Christmas, its morrow and New Year do not count.
    assert_eq!(at("payment_intent.payment_failed").await, "2026-12-24T00:00:00+00:00");
    assert_eq!(at("payment_intent.succeeded").await, "2026-12-30T00:00:00+00:00");
}

#[tokio::test]
async fn test_numbers_end_as_the_table_says() {
    let stripe = Stripe::new().await;
    let table = [
        ("AT611904300234573201", "succeeded", ""),
        ("FR1420041010050500013M02606", "succeeded", ""),
        ("FR3020041010050500013M02609", "succeeded", ""),
        ("DE62370400440532013001", "requires_payment_method", "incorrect_account_holder_name"),
        ("FR7920041010050500013M02600", "requires_payment_method", "incorrect_account_holder_name"),
        ("AT981904300000343434", "requires_payment_method", "charge_exceeds_source_limit"),
        ("DE27370400440000121212", "requires_payment_method", "charge_exceeds_weekly_limit"),
        ("FR9720041010050000002222227", "requires_payment_method", "insufficient_funds"),
    ];
    let mut made = Vec::new();
    for (iban, ..) in table {
        let intent = stripe.debit(iban, iban, "1000").await;
        assert_eq!(intent["status"], "processing", "{iban}");
        made.push(intent);
    }
    stripe.days(14);
    for ((iban, status, code), made) in table.iter().zip(&made) {
        let intent = stripe.intent(&made["id"]).await;
        assert_eq!(intent["status"], *status, "{iban}");
        let charge = &intent["latest_charge"];
        assert_eq!(charge["failure_code"].as_str().unwrap_or_default(), *code, "{iban}");
        assert_eq!(charge["status"], if code.is_empty() { "succeeded" } else { "failed" });
        assert_eq!(intent["last_payment_error"]["charge"].is_string(), !code.is_empty());
    }
    for (iban, code) in [
        ("DE91370400440000055555", "sepa_debit_bank_not_supported"),
        ("AT511904300000066666", "sepa_debit_debits_not_supported"),
        ("DE88370400440532013000", "invalid_iban"),
    ] {
        let refusal = stripe.post("payment_intents", &debit_form(iban, "r", "1000")).await;
        refused(&refusal, 400, code, "payment_method_data[sepa_debit][iban]");
    }
    assert_eq!(stripe.list("payment_intents").await.len(), table.len());
}

#[tokio::test]
async fn a_first_debit_needs_a_mandate_and_a_later_one_uses_it() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let form = debit_form(GOOD, "first", "1000");
    let bare: Vec<_> = form.iter().filter(|(name, _)| !name.contains("mandate_data")).copied().collect();
    refused(&stripe.post("payment_intents", &bare).await, 400, "", "");
    let left = stripe.list("payment_intents").await;
    assert_eq!(
        (left.len(), &left[0]["status"]),
        (1, &json!("requires_confirmation")),
        "refused, and yet there"
    );
    let nameless: Vec<_> = form.iter().filter(|(name, _)| !name.contains("billing")).copied().collect();
    let param = "payment_method_data[billing_details][name]";
    refused(&stripe.post("payment_intents", &nameless).await, 400, "parameter_missing", param);
    assert_eq!(stripe.list("payment_intents").await.len(), 1);

    let mut form = form;
    form.extend([("customer", customer.as_str()), ("setup_future_usage", "off_session")]);
    let first = stripe.post("payment_intents", &form).await.ok();
    let first = stripe.intent(&first["id"]).await;
    let method = first["payment_method"].as_str().unwrap();
    let mandate_id =
        first["latest_charge"]["payment_method_details"]["sepa_debit"]["mandate"].as_str().unwrap();
    let mandate = stripe.get(&format!("mandates/{mandate_id}")).await.ok();
    assert_eq!((&mandate["status"], &mandate["type"]), (&json!("active"), &json!("multi_use")));
    assert_eq!(mandate["payment_method"], method);
    assert_eq!(mandate["customer_acceptance"]["online"]["ip_address"], "192.0.2.7");
    assert!(mandate["payment_method_details"]["sepa_debit"]["reference"].is_string());
    assert_eq!(stripe.list(&format!("customers/{customer}/payment_methods")).await.len(), 1);

    let again = [
        ("amount", "2000"),
        ("currency", "eur"),
        ("customer", customer.as_str()),
        ("confirm", "true"),
        ("off_session", "true"),
        ("payment_method", method),
        ("mandate", mandate_id),
    ];
    let second = stripe.post("payment_intents", &again).await.ok();
    assert_eq!(second["status"], "processing");
    let second = stripe.intent(&second["id"]).await;
    assert_eq!(second["latest_charge"]["payment_method_details"]["sepa_debit"]["mandate"], mandate_id);

    stripe
        .control(
            "stripe/pay",
            &json!({"reference": id(&second), "outcome": "decline", "code": "authorization_revoked"}),
        )
        .await
        .ok();
    assert_eq!(stripe.get(&format!("mandates/{mandate_id}")).await.ok()["status"], "inactive");
    let told = stripe.list("events?type=mandate.updated").await;
    assert_eq!(told[0]["data"]["previous_attributes"], json!({"status": "active"}));
    refused(&stripe.post("payment_intents", &again).await, 400, "payment_intent_mandate_invalid", "mandate");
}

#[tokio::test]
async fn a_method_without_a_customer_is_good_for_one_payment() {
    let stripe = Stripe::new().await;
    let first = stripe.debit(GOOD, "first", "1000").await;
    let method = first["payment_method"].as_str().unwrap();
    let again = [("amount", "2000"), ("currency", "eur"), ("payment_method", method)];
    let refusal = stripe.post("payment_intents", &again).await;
    refused(&refusal, 400, "payment_method_unexpected_state", "payment_method");
    let charge = &stripe.intent(&first["id"]).await["latest_charge"];
    let mandate = charge["payment_method_details"]["sepa_debit"]["mandate"].as_str().unwrap();
    assert_eq!(stripe.get(&format!("mandates/{mandate}")).await.ok()["type"], "single_use");
}

#[tokio::test]
async fn a_mandate_may_be_taken_without_a_payment() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let form = debit_form(GOOD, "x", "1");
    let mut form: Vec<_> =
        form.iter().filter(|(name, _)| !matches!(*name, "amount" | "currency")).copied().collect();
    form.push(("customer", &customer));
    let setup = stripe.post("setup_intents", &form).await.ok();
    assert_eq!((&setup["status"], &setup["usage"]), (&json!("succeeded"), &json!("off_session")));
    let method = setup["payment_method"].as_str().unwrap();
    let pay = [
        ("amount", "2000"),
        ("currency", "eur"),
        ("customer", &customer),
        ("confirm", "true"),
        ("payment_method", method),
    ];
    assert_eq!(stripe.post("payment_intents", &pay).await.ok()["status"], "processing");
    let gone = stripe.post(&format!("payment_methods/{method}/detach"), &[]).await.ok();
    assert_eq!(gone["customer"], Value::Null);
    let mandate = setup["mandate"].as_str().unwrap();
    assert_eq!(stripe.get(&format!("mandates/{mandate}")).await.ok()["status"], "inactive");
}

#[tokio::test]
async fn a_person_at_the_control_decides_a_debit_at_once() {
    let stripe = Stripe::new().await;
    let paid = stripe.debit(GOOD, "paid", "1000").await;
    assert_eq!(stripe.pay(json!({"reference": "paid"})).await["status"], "succeeded");
    stripe.debit(GOOD, "failed", "1000").await;
    let failed =
        stripe.pay(json!({"reference": "failed", "outcome": "decline", "code": "account_closed"})).await;
    assert_eq!(
        (&failed["status"], &failed["last_payment_error"]["code"]),
        (&json!("requires_payment_method"), &json!("payment_intent_payment_attempt_failed"))
    );
    let charge = &stripe.intent(&failed["id"]).await["latest_charge"];
    assert_eq!(charge["failure_code"], "account_closed", "only the charge says why");
    stripe.debit(GOOD, "left", "1000").await;
    assert_eq!(stripe.pay(json!({"reference": "left", "outcome": "abandon"})).await["status"], "processing");
    stripe.control("stripe/pay", &json!({"reference": "paid"})).await.refused(409, "conflict");
    stripe
        .control("stripe/pay", &json!({"reference": "left", "amount": "5.00"}))
        .await
        .refused(422, "invalid");
    stripe.days(30);
    assert_eq!(stripe.intent(&paid["id"]).await["status"], "succeeded");
    let facts = stripe.facts().await;
    let facts: Vec<_> = facts
        .iter()
        .map(|fact| (fact["reference"].as_str().unwrap(), fact["status"].as_str().unwrap()))
        .collect();
    assert_eq!(facts, [("paid", "succeeded"), ("failed", "failed"), ("left", "succeeded")], "each once");
}

#[tokio::test]
async fn an_intent_may_be_made_confirmed_and_canceled_step_by_step() {
    let stripe = Stripe::new().await;
    let made = stripe.post("payment_intents", &[("amount", "1000"), ("currency", "eur")]).await.ok();
    assert_eq!(made["status"], "requires_payment_method");
    let path = format!("payment_intents/{}", id(&made));
    assert_eq!(stripe.post(&path, &[("amount", "1200")]).await.ok()["amount"], 1200);
    refused(&stripe.post(&format!("{path}/confirm"), &[]).await, 400, "payment_intent_unexpected_state", "");
    let form = debit_form(GOOD, "x", "1");
    let rest: Vec<_> = form.iter().filter(|(name, _)| name.contains("_data")).copied().collect();
    assert_eq!(stripe.post(&format!("{path}/confirm"), &rest).await.ok()["status"], "processing");
    let refusal = stripe.post(&format!("{path}/cancel"), &[]).await;
    refused(&refusal, 400, "payment_intent_unexpected_state", "");
    assert_eq!(refusal.json()["error"]["payment_intent"]["status"], "processing");
    let order = ["payment_intent.created", "payment_intent.processing", "charge.pending"];
    assert_eq!(stripe.events().await, order);
}

#[tokio::test]
async fn a_target_date_lies_three_to_fifteen_days_ahead() {
    let stripe = Stripe::new().await;
    let name = "payment_method_options[sepa_debit][target_date]";
    let mut form = debit_form(GOOD, "x", "1000");
    for (day, is_good) in [("2026-11-25", false), ("2026-12-09", false), ("2026-12-04", true)] {
        form.push((name, day));
        let answer = stripe.post("payment_intents", &form).await;
        assert_eq!(answer.status == 200, is_good, "{day}");
        if is_good {
            let charge = &stripe.intent(&answer.ok()["id"]).await["latest_charge"];
            assert_eq!(charge["payment_method_details"]["sepa_debit"]["expected_debit_date"], day);
        }
        form.pop();
    }
}

#[tokio::test]
async fn a_disputed_number_is_paid_and_taken_back_with_a_fee() {
    let stripe = Stripe::new().await;
    let made = stripe.debit(DISPUTED, "order", "1000").await;
    stripe.pay(json!({"reference": "order"})).await;
    let intent = stripe.intent(&made["id"]).await;
    assert_eq!(
        (&intent["status"], &intent["latest_charge"]["disputed"]),
        (&json!("succeeded"), &json!(true))
    );
    assert_eq!(stripe.balance().await, (10_000_000 + 1000 - 35 - 1000 - 750, 0), "amount and fee at once");
    let dispute = &stripe.list(&format!("disputes?payment_intent={}", id(&made))).await[0];
    assert_eq!((&dispute["amount"], &dispute["is_charge_refundable"]), (&json!(1000), &json!(false)));
    let line = &dispute["balance_transactions"][0];
    assert_eq!(
        (&line["net"], &line["fee"], &line["type"]),
        (&json!(-1750), &json!(750), &json!("adjustment"))
    );
    let mandate =
        intent["latest_charge"]["payment_method_details"]["sepa_debit"]["mandate"].as_str().unwrap();
    assert_eq!(stripe.get(&format!("mandates/{mandate}")).await.ok()["status"], "inactive");
    stripe.days(2);
    assert_eq!(stripe.get(&format!("disputes/{}", id(dispute))).await.ok()["status"], "lost");
    let mut told = stripe.events().await;
    told.retain(|kind| kind.starts_with("charge.dispute") || kind.starts_with("mandate"));
    let order = [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "mandate.updated",
        "charge.dispute.closed",
    ];
    assert_eq!(told, order);
    let fact = &stripe.facts().await[1];
    assert_eq!(
        (&fact["kind"], &fact["reference"], &fact["effect"]),
        (&json!("reversal"), &json!("order"), &json!("-17.50"))
    );
}

#[tokio::test]
async fn a_dispute_comes_a_year_later_by_control_and_may_be_won() {
    let stripe = Stripe::new().await;
    let made = stripe.debit(GOOD, "order", "1000").await;
    let wish = json!({"reference": "order"});
    stripe.control("stripe/disputes", &wish).await.refused(409, "conflict");
    stripe.pay(wish.clone()).await;
    stripe
        .control("stripe/disputes", &json!({"reference": "order", "when": "2027-11-01T00:00:00Z"}))
        .await
        .ok();
    assert_eq!(stripe.intent(&made["id"]).await["latest_charge"]["disputed"], false);
    stripe.set_clock("2027-11-01T00:00:01Z");
    assert_eq!(stripe.intent(&made["id"]).await["latest_charge"]["disputed"], true);
    stripe.control("stripe/disputes", &wish).await.refused(409, "conflict");

    stripe.debit(GOOD, "won", "1000").await;
    stripe.pay(json!({"reference": "won"})).await;
    let before = stripe.balance().await;
    let how = json!({"reference": "won", "won": true, "status": "lost", "reason": "debit_not_authorized", "closes_after_seconds": 60});
    assert_eq!(stripe.control("stripe/dispute", &how).await.ok()["status"], "lost");
    assert_eq!(stripe.balance().await.0, before.0 - 1750);
    stripe.advance(61);
    assert_eq!(stripe.balance().await, before);
    let kinds = stripe.events().await;
    assert!(kinds.contains(&"charge.dispute.funds_reinstated".to_owned()), "{kinds:?}");
    stripe
        .control("stripe/disputes", &json!({"reference": "won", "reason": "moody"}))
        .await
        .refused(422, "invalid");
}

#[tokio::test]
async fn lines_of_debits_may_be_told_from_their_submission_on() {
    let mut config = sandbox::SandboxConfig::default();
    config.stripe.debit_lines_at_submission = true;
    let stripe = Stripe::with(config).await;
    stripe.debit(GOOD, "good", "1000").await;
    assert_eq!(stripe.balance().await, (10_000_000, 965));
    stripe.debit(GOOD, "bad", "1000").await;
    stripe.pay(json!({"reference": "bad", "outcome": "decline"})).await;
    assert_eq!(stripe.balance().await, (10_000_000, 965));
    let kinds: Vec<_> =
        stripe.list("balance_transactions").await.iter().map(|line| line["type"].clone()).collect();
    assert_eq!(kinds, ["payment_failure_refund", "payment", "payment"]);
    stripe.days(12);
    assert_eq!(stripe.balance().await, (10_000_965, 0));
}
