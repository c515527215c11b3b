//! Exchange rates: who sets them, what customers get, and what happens when nobody says what a currency costs.

mod changes;
mod feed;
mod quotes;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::testkit::{Answer, Ask, Staff};

/// Corridors over rates that age, by balance only, as no provider of a sandbox is there.
const CORRIDORS: [(&str, &str, &str, &str); 4] = [
    ("FR", "EUR", "GN", "GNF"),
    ("GN", "GNF", "FR", "EUR"),
    ("GN", "GNF", "CN", "CNY"),
    ("SN", "XOF", "GN", "GNF"),
];

/// A settings file with these corridors; it is gone with its folder.
fn corridors() -> (TempDir, String) {
    let corridor = |(from, send, to, receive): &(&str, &str, &str, &str)| {
        format!(
            "[[corridors]]\nfrom_country = \"{from}\"\nto_country = \"{to}\"\nsend_currency = \"{send}\"\n\
             receive_currency = \"{receive}\"\nfunding_rails = [\"balance\"]\npayout_rails = [\"balance\"]\n\
             fee_fixed = \"0\"\nfee_bps = \"0\"\nmin = \"1\"\nmax = \"100000000\"\ndelivery_estimate_s = 60\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corridors.toml");
    std::fs::write(&path, CORRIDORS.iter().map(corridor).collect::<Vec<_>>().join("\n")).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

/// A rate with spreads on both sides.
fn spread(mid: &str, sell_bps: &str, buy_bps: &str) -> Value {
    json!({ "mid": mid, "sell_spread_bps": sell_bps, "buy_spread_bps": buy_bps, "source": "bank of the day" })
}

async fn put(staff: &Staff<'_>, pair: &str, body: &Value) -> Answer {
    staff.ask(Ask::new("PUT", format!("/v1/admin/rates/{pair}")).json(body)).await
}

async fn approve(staff: &Staff<'_>, approval: &Value, digest: &Value) -> Answer {
    let path = format!("/v1/admin/approvals/{}/approve", approval["id"].as_str().unwrap());
    staff.ask(Ask::post(path, &json!({ "digest": digest }))).await
}

/// "mid sell buy version" of the rate in force.
async fn in_force(staff: &Staff<'_>, pair: &str) -> String {
    let rate = staff.get(&format!("/v1/admin/rates/{pair}")).await;
    let text = |name: &str| rate[name].as_str().unwrap().to_owned();
    format!("{} {} {} v{}", text("mid"), text("sell_rate"), text("buy_rate"), rate["version"])
}

/// Ids of what waits for a second person.
async fn waiting(staff: &Staff<'_>) -> Vec<String> {
    let list = staff.get("/v1/admin/approvals").await;
    list["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}
