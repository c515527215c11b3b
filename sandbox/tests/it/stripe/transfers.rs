//! Bank transfers: virtual accounts, instructions, and how money finds its payment.

use serde_json::{Value, json};

use super::kit::{Stripe, id, refused, transfer_form};

fn instructions(intent: &Value) -> &Value {
    assert_eq!(intent["next_action"]["type"], "display_bank_transfer_instructions");
    &intent["next_action"]["display_bank_transfer_instructions"]
}

async fn cash(stripe: &Stripe, customer: &str) -> Value {
    stripe.get(&format!("customers/{customer}/cash_balance")).await.ok()["available"].clone()
}

async fn fund(stripe: &Stripe, customer: &str, amount: &str, reference: &str) -> Value {
    let path = format!("test_helpers/customers/{customer}/fund_cash_balance");
    let mut form = vec![("amount", amount), ("currency", "eur")];
    if !reference.is_empty() {
        form.push(("reference", reference));
    }
    stripe.post(&path, &form).await.ok()
}

/// The number's remainder by 97, reckoned digit by digit as the standard says.
fn remainder(iban: &str) -> u32 {
    let turned = format!("{}{}", &iban[4..], &iban[..4]);
    let digits: String = turned.chars().map(|c| c.to_digit(36).unwrap().to_string()).collect();
    digits.chars().fold(0, |rest, digit| (rest * 10 + digit.to_digit(10).unwrap()) % 97)
}

#[tokio::test]
async fn a_customer_has_one_virtual_account_for_ever() {
    let stripe = Stripe::new().await;
    let (awa, binta) = (stripe.customer("a@example.com").await, stripe.customer("b@example.com").await);
    let first = stripe.transfer(&awa, "one", "5000").await;
    assert_eq!(first["status"], "requires_action");
    let shown = instructions(&first);
    let account = &shown["financial_addresses"][0]["iban"];
    let iban = account["iban"].as_str().unwrap();
    assert_eq!((iban.len(), &iban[..2], remainder(iban)), (22, "DE", 1));
    assert_eq!((&shown["amount_remaining"], &shown["type"]), (&json!(5000), &json!("eu_bank_transfer")));
    assert_eq!(shown["financial_addresses"][0]["supported_networks"], json!(["sepa"]));
    assert!(account["bic"].is_string() && account["account_holder_name"].is_string());

    stripe.days(90);
    let second = stripe.transfer(&awa, "two", "7000").await;
    assert_eq!(instructions(&second)["financial_addresses"][0]["iban"], *account);
    assert_ne!(instructions(&second)["reference"], shown["reference"]);
    let other = stripe.transfer(&binta, "three", "7000").await;
    assert_ne!(instructions(&other)["financial_addresses"][0]["iban"]["iban"], json!(iban));

    let path = format!("customers/{awa}/funding_instructions");
    let form = [
        ("currency", "eur"),
        ("funding_type", "bank_transfer"),
        ("bank_transfer[type]", "eu_bank_transfer"),
        ("bank_transfer[eu_bank_transfer][country]", "DE"),
    ];
    let told = stripe.post(&path, &form).await.ok();
    assert_eq!(told["bank_transfer"]["financial_addresses"][0]["iban"]["iban"], json!(iban));
    let param = "bank_transfer[eu_bank_transfer][country]";
    refused(&stripe.post(&path, &form[..3]).await, 400, "parameter_missing", param);
}

#[tokio::test]
async fn a_transfer_pays_and_its_money_waits_for_the_next_business_day() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let intent = stripe.transfer(&customer, "order", "5001").await;
    stripe.pay(json!({"reference": "order"})).await;
    let paid = stripe.intent(&intent["id"]).await;
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(5001)));
    assert_eq!(paid["next_action"], Value::Null);
    let charge = &paid["latest_charge"];
    assert_eq!(
        (&charge["status"], &charge["metadata"]["movement_reference"]),
        (&json!("succeeded"), &json!("order"))
    );
    let lines = stripe.list(&format!("balance_transactions?source={}", id(charge))).await;
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!((&line["amount"], &line["fee"], &line["net"]), (&json!(5001), &json!(26), &json!(4975)));
    assert_eq!((&line["type"], &line["status"]), (&json!("payment"), &json!("pending")));
    assert_eq!(stripe.balance().await, (10_000_000, 4975));
    stripe.set_clock("2026-11-24T00:00:00Z");
    assert_eq!(stripe.balance().await, (10_004_975, 0));
    assert!(stripe.events().await.contains(&"balance.available".to_owned()));
    let fact = &stripe.facts().await[0];
    assert_eq!(
        (&fact["kind"], &fact["reference"], &fact["status"]),
        (&json!("collection"), &json!("order"), &json!("succeeded"))
    );
    assert_eq!(
        (&fact["amount"], &fact["fee"], &fact["effect"]),
        (&json!("50.01"), &json!("0.26"), &json!("49.75"))
    );
}

#[tokio::test]
async fn a_transfer_may_come_in_parts_and_too_large() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let intent = stripe.transfer(&customer, "order", "5000").await;
    let part = stripe.pay(json!({"reference": "order", "amount": "20.00"})).await;
    assert_eq!(
        (&part["status"], &instructions(&part)["amount_remaining"]),
        (&json!("requires_action"), &json!(3000))
    );
    assert_eq!(cash(&stripe, &customer).await, Value::Null);
    assert!(stripe.events().await.contains(&"payment_intent.partially_funded".to_owned()));
    stripe.pay(json!({"reference": "order", "amount": "35.00"})).await;
    assert_eq!(stripe.intent(&intent["id"]).await["status"], "succeeded");
    assert_eq!(cash(&stripe, &customer).await, json!({"eur": 500}), "what is too much stays");
    let next = stripe.transfer(&customer, "small", "400").await;
    assert_eq!(next["status"], "succeeded", "a cash balance that suffices pays at once");
    assert_eq!(cash(&stripe, &customer).await, json!({"eur": 100}));
    let moves = stripe.list(&format!("customers/{customer}/cash_balance_transactions")).await;
    let moves: Vec<i64> = moves.iter().map(|entry| entry["net_amount"].as_i64().unwrap()).collect();
    assert_eq!(moves, [-400, -3000, 3500, -2000, 2000]);
}

#[tokio::test]
async fn money_finds_its_intent_by_reference_then_amount_then_age() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let mut intents = Vec::new();
    for (name, amount) in [("oldest", "1000"), ("middle", "2000"), ("newest", "3000")] {
        intents.push(stripe.transfer(&customer, name, amount).await);
    }
    let missing = async |place: usize| -> i64 {
        let intent = stripe.intent(&intents[place]["id"]).await;
        match intent["status"].as_str().unwrap() {
            "succeeded" => 0,
            _ => instructions(&intent)["amount_remaining"].as_i64().unwrap(),
        }
    };
    let reference = instructions(&intents[2])["reference"].as_str().unwrap().to_owned();
    fund(&stripe, &customer, "1000", &format!("invoice {}", reference.to_lowercase())).await;
    assert_eq!((missing(0).await, missing(1).await, missing(2).await), (1000, 2000, 2000), "by reference");
    fund(&stripe, &customer, "2000", "").await;
    assert_eq!(
        (missing(0).await, missing(1).await, missing(2).await),
        (1000, 0, 2000),
        "by amount, the older first"
    );
    fund(&stripe, &customer, "1500", "no such thing").await;
    assert_eq!((missing(0).await, missing(2).await), (0, 1500), "by age, and on to the next");
}

#[tokio::test]
async fn money_that_comes_too_late_stays_with_the_customer() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let intent = stripe.transfer(&customer, "order", "5000").await;
    stripe.pay(json!({"reference": "order", "amount": "20.00"})).await;
    let path = format!("payment_intents/{}/cancel", id(&intent));
    let canceled = stripe.post(&path, &[("cancellation_reason", "abandoned")]).await.ok();
    assert_eq!(
        (&canceled["status"], &canceled["cancellation_reason"]),
        (&json!("canceled"), &json!("abandoned"))
    );
    assert_eq!(cash(&stripe, &customer).await, json!({"eur": 2000}), "its part came back");
    stripe.pay(json!({"reference": "order", "amount": "30.00"})).await;
    assert_eq!(stripe.intent(&intent["id"]).await["status"], "canceled");
    assert_eq!(cash(&stripe, &customer).await, json!({"eur": 5000}));
    let events = stripe.events().await;
    assert_eq!(events.last().unwrap(), "cash_balance.funds_available");
    refused(&stripe.post(&path, &[]).await, 400, "payment_intent_unexpected_state", "");
}

#[tokio::test]
async fn by_hand_nothing_is_reconciled() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let path = format!("customers/{customer}/cash_balance");
    stripe.post(&path, &[("settings[reconciliation_mode]", "manual")]).await.ok();
    let intent = stripe.transfer(&customer, "order", "5000").await;
    stripe.pay(json!({"reference": "order"})).await;
    assert_eq!(stripe.intent(&intent["id"]).await["status"], "requires_action");
    let path = format!("payment_intents/{}/apply_customer_balance", id(&intent));
    assert_eq!(stripe.post(&path, &[("amount", "5001")]).await.status, 400);
    assert_eq!(stripe.post(&path, &[]).await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn intents_are_listed_by_customer_and_searched_by_metadata() {
    let stripe = Stripe::new().await;
    let (awa, binta) = (stripe.customer("a@example.com").await, stripe.customer("b@example.com").await);
    let made = stripe.transfer(&awa, "mine", "5000").await;
    stripe.transfer(&binta, "theirs", "5000").await;
    let listed = stripe.list(&format!("payment_intents?customer={awa}")).await;
    assert_eq!(listed.iter().map(id).collect::<Vec<_>>(), [id(&made)]);
    stripe.advance(60);
    let found = stripe.get("payment_intents/search?query=metadata['movement_reference']:'mine'").await.ok();
    assert_eq!(found["data"][0]["id"], made["id"]);
}

#[tokio::test]
async fn a_transfer_needs_a_customer_and_a_country() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let form = transfer_form(&customer, "r", "5000");
    let without =
        |name: &str| form.iter().filter(|(key, _)| !key.contains(name)).copied().collect::<Vec<_>>();
    assert_eq!(stripe.post("payment_intents", &without("customer")).await.status, 400);
    let country = "payment_method_options[customer_balance][bank_transfer][eu_bank_transfer][country]";
    refused(&stripe.post("payment_intents", &without("country")).await, 400, "parameter_missing", country);
    let answer = stripe.control("stripe/pay", &json!({"reference": "nobody"})).await;
    answer.refused(404, "not_found");
}

#[tokio::test]
async fn a_person_can_read_where_to_send_money_and_send_it() {
    let stripe = Stripe::new().await;
    let customer = stripe.customer("a@example.com").await;
    let intent = stripe.transfer(&customer, "order", "5000").await;
    let url = instructions(&intent)["hosted_instructions_url"].as_str().unwrap().to_owned();
    let page = stripe.http.get(&url).send().await.unwrap().text().await.unwrap();
    let iban = instructions(&intent)["financial_addresses"][0]["iban"]["iban"].as_str().unwrap();
    assert!(page.contains(iban) && page.contains("50.00"), "{page}");
    let sent = stripe.http.post(format!("{url}/pay")).form(&[("amount", "50.00")]).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    assert_eq!(stripe.intent(&intent["id"]).await["status"], "succeeded");
}
