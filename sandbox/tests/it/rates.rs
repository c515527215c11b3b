//! The rate service: two dialects of one sheet, which people may change, and which survives a restart.

use reqwest::Method;
use sandbox::{Database, SandboxConfig};
use serde_json::{Value, json};

use crate::kit::Kit;

async fn get(kit: &Kit, path: &str) -> (u16, Value) {
    let answer = kit.send(kit.request(Method::GET, path)).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn each_dialect_says_the_same() {
    let kit = Kit::new().await;
    let as_of = json!({ "rates": { "GNF": "9500.5" }, "as_of": "2026-01-15T09:00:00Z" });
    kit.control("rates/values", &as_of).await.ok();
    let (status, open) = get(&kit, "/rates/v6/latest/EUR").await;
    assert_eq!((status, &open["result"], &open["base_code"]), (200, &json!("success"), &json!("EUR")));
    assert_eq!(
        (&open["time_last_update_unix"], &open["rates"]["GNF"]),
        (&json!(1_768_467_600), &json!(9500.5))
    );
    assert_eq!(open["rates"]["XOF"], json!(655.957));
    let (status, frankfurter) = get(&kit, "/rates/v1/latest?base=EUR&symbols=GNF,CNY").await;
    assert_eq!(status, 200);
    let expected = json!({ "CNY": 7.8431, "GNF": 9500.5 });
    assert_eq!((&frankfurter["date"], &frankfurter["rates"]), (&json!("2026-01-15"), &expected));
    let (_, dollars) = get(&kit, "/rates/v1/latest?base=USD&symbols=EUR").await;
    assert_eq!(dollars["rates"], json!({ "EUR": 0.922339051 }));

    assert_eq!(get(&kit, "/rates/v6/latest/ABC").await.0, 404);
    assert_eq!(get(&kit, "/rates/v1/latest?base=ABC").await.0, 404);
    assert_eq!(get(&kit, "/rates/nothing").await.0, 404);
}

#[tokio::test]
async fn only_plain_worths_are_published_and_they_stay() {
    let folder = std::env::temp_dir().join(format!("sandbox-rates-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let config =
        || SandboxConfig { database: Database::File(folder.join("s.db")), ..SandboxConfig::default() };
    let kit = Kit::with(config()).await;
    for rates in [json!({ "GNF": "0" }), json!({ "GNF": "-1" }), json!({ "gnf": "1" }), json!({ "EUR": "2" })]
    {
        kit.control("rates/values", &json!({ "rates": rates })).await.refused(422, "invalid");
    }
    kit.control("rates/values", &json!({ "rates": { "GNF": "9999" } })).await.ok();
    kit.sandbox.stop().await;
    let again = Kit::with(config()).await;
    assert_eq!(again.look("rates/values").await["rates"]["GNF"], "9999");
    again.send(again.request(Method::DELETE, "/_control/rates/values")).await;
    assert_eq!(again.look("rates/values").await["rates"]["GNF"], "9400.25");
    again.sandbox.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
