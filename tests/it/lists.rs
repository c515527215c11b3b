//! Lists: newest first, in pages that stay put while others are added, and only what was asked for.

use serde_json::{Value, json};

use crate::testkit::{Ask, Customer, ivorian, on_each_database};

const WAVE: (&str, &str) = ("wave", "wave");

async fn order(customer: &Customer<'_>, reference: &str) -> String {
    let quote = customer.quote("1000", "send", WAVE).await;
    let mut order = customer.order_over(&quote, WAVE, &json!({ "phone": ivorian("0001") }));
    order["reference"] = json!(reference);
    let accepted = customer.order(&customer.fresh_key(), &order).await.expect(201);
    accepted["id"].as_str().unwrap().to_owned()
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_stay_put_while_transfers_are_added() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let mut expected = Vec::new();
        for nth in 0..7 {
            expected.push(order(&awa, &format!("r{nth}")).await);
        }
        expected.reverse();
        let mut seen = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let next = cursor.as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = awa.get(&format!("/v1/transfers?limit=3{next}")).await;
            seen.extend(ids(&page));
            order(&awa, "meanwhile").await;
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(seen, expected);
        let whole = awa.get("/v1/transfers?limit=100").await;
        assert_eq!((ids(&whole).len(), &whole["next_cursor"]), (10, &Value::Null));
        let exactly = awa.get("/v1/transfers?limit=10").await;
        assert_eq!(exactly["next_cursor"], Value::Null, "no empty page follows");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_and_cursors_belong_to_them() {
    on_each_database(async |app| {
        let (awa, binta) = (app.customer().await, app.customer().await);
        let (first, second) = (order(&awa, "rent").await, order(&awa, "rent").await);
        app.pass(10).await;
        let between = app.app().clock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        app.pass(10).await;
        let third = order(&awa, "school").await;
        app.quiet().await;
        awa.transfer(&third).pay().await;
        let theirs = order(&binta, "rent").await;
        for (query, expected) in [
            ("", vec![&third, &second, &first]),
            ("reference=rent", vec![&second, &first]),
            ("reference=nothing", vec![]),
            ("status=completed", vec![&third]),
            ("status=awaiting_payment", vec![&second, &first]),
            ("status=completed&reference=rent", vec![]),
            (&format!("created_after={between}"), vec![&third]),
            (&format!("created_before={between}"), vec![&second, &first]),
            (&format!("created_after={between}&created_before={between}"), vec![]),
        ] {
            let found = ids(&awa.get(&format!("/v1/transfers?{query}")).await);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
        }
        assert_eq!(ids(&binta.get("/v1/transfers").await), [theirs.as_str()]);
        let page = awa.get("/v1/transfers?reference=rent&limit=1").await;
        let cursor = page["next_cursor"].as_str().unwrap();
        let next = awa.get(&format!("/v1/transfers?reference=rent&limit=1&cursor={cursor}")).await;
        assert_eq!(ids(&next), [first.as_str()]);
        let wider = awa.get(&format!("/v1/transfers?limit=50&reference=rent&cursor={cursor}")).await;
        assert_eq!(ids(&wider), [first.as_str()], "the limit may change");
        for (who, path) in [
            (&awa, format!("/v1/transfers?limit=1&cursor={cursor}")),
            (&awa, format!("/v1/transfers?reference=school&limit=1&cursor={cursor}")),
            (&awa, format!("/v1/transfers?reference=rent&limit=1&cursor={cursor}A")),
            (&awa, format!("/v1/me/sessions?cursor={cursor}")),
            (&binta, format!("/v1/transfers?reference=rent&limit=1&cursor={cursor}")),
        ] {
            who.ask(Ask::get(path)).await.refused(422, "invalid_cursor");
        }
        let operator = app.operator().await;
        let all = ids(&operator.get("/v1/transfers?reference=rent").await);
        assert_eq!(all.len(), 3, "staff see everybody's");
    })
    .await;
}
