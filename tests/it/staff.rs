//! What staff may look at, what only admins may, and what customers never see.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::testkit::{Ask, Staff, TestApp, ivorian, on_each_database};

const READS: [&str; 7] = [
    "/v1/admin/accounts",
    "/v1/admin/trial_balance",
    "/v1/admin/inbox",
    "/v1/admin/outbox",
    "/v1/admin/uncertain",
    "/v1/admin/audit",
    "/v1/transfers",
];

fn texts<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    list["data"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
}

/// Whether an account tells what the house earns.
fn is_secret(name: &str) -> bool {
    name.starts_with("fx:") || name.starts_with("revenue:") || name.starts_with("expense:fx_difference")
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_do_not_see_what_the_house_earns() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        app.pass_until_kept(&["learn_fee"]).await;
        let (admin, operator) = (app.admin().await, app.operator().await);
        let all = admin.get("/v1/admin/accounts?limit=100").await;
        assert!(texts(&all, "name").contains(&"revenue:fees:XOF"));
        let secret =
            all["data"].as_array().unwrap().iter().find(|a| a["name"] == "revenue:fees:XOF").unwrap();
        assert_eq!(secret["balance"]["amount"], "100");
        let id = secret["id"].as_str().unwrap();
        let entries = sealed_entries(&admin, id).await;
        assert_eq!(entries[0]["kind"], "conversion");
        for path in [format!("/v1/admin/accounts/{id}"), format!("/v1/admin/accounts/{id}/entries")] {
            operator.ask(Ask::get(path)).await.refused(404, "not_found");
        }
        for path in [
            "/v1/admin/accounts?limit=100",
            "/v1/admin/accounts?prefix=revenue:",
            "/v1/admin/accounts?prefix=fx:",
        ] {
            let shown = operator.get(path).await;
            assert!(!texts(&shown, "name").iter().any(|name| is_secret(name)), "{shown}");
        }
        assert_eq!(page_by_page(&operator, "/v1/admin/accounts").await.len(), texts(&all, "name").len() - 1);
        let whole = admin.get("/v1/admin/trial_balance").await;
        let totals = whole["totals"].as_array().unwrap();
        assert!(totals.iter().all(|total| total["is_balanced"] == true && total["debit"] == total["credit"]));
        let euros = totals.iter().find(|total| total["currency"] == "EUR").unwrap();
        assert_eq!(euros["debit"], "100000.00");
        let part = operator.get("/v1/admin/trial_balance").await;
        assert!(part.get("totals").is_none());
        assert!(!texts(&part, "account").iter().any(|name| is_secret(name)));
    })
    .await;
}

/// Every name, one account per page.
async fn page_by_page(staff: &Staff<'_>, path: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = staff.get(&format!("{path}?limit=1{cursor}")).await;
        names.extend(texts(&page, "name").into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

/// Lines appear when they are sealed, within a second.
async fn sealed_entries(staff: &Staff<'_>, account: &str) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let lines = staff.get(&format!("/v1/admin/accounts/{account}/entries")).await;
        let lines = lines["data"].as_array().unwrap().clone();
        if !lines.is_empty() {
            return lines;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing is sealed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_see_nothing_of_it_and_no_margin_anywhere() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        for path in READS.iter().filter(|path| path.starts_with("/v1/admin")) {
            awa.ask(Ask::get(*path)).await.refused(403, "forbidden");
        }
        let transfer = awa.sends_to(&ivorian("9902")).await;
        transfer.pay().await;
        let quote = awa.quote("10000", "send", ("wave", "wave")).await;
        let mut shown = vec![quote.to_string()];
        for path in [
            transfer.path(),
            format!("{}/timeline", transfer.path()),
            format!("{}/receipt", transfer.path()),
            format!("{}/events", transfer.path()),
            "/v1/transfers".to_owned(),
            "/v1/rates?from=XOF&to=XOF".to_owned(),
            "/v1/corridors".to_owned(),
            "/v1/me".to_owned(),
            "/openapi.json".to_owned(),
        ] {
            let answer = awa.ask(Ask::get(path)).await;
            assert_eq!(answer.status, 200, "{answer}");
            shown.push(String::from_utf8(answer.bytes).unwrap());
        }
        for text in shown {
            for word in ["\"margin", "spread", "mid_rate", "\"mid\"", "revenue:", "fx:GNF"] {
                let is_told = text.contains(word) && !text.contains("\"openapi\"");
                assert!(!is_told, "{word} in {text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_about_calls_are_for_staff() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        app.wave()
            .fault(json!({ "fault": "lose_reply", "match": { "method": "POST", "path": "/payout" } }))
            .await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        transfer.pay().await;
        let operator = app.operator().await;
        let uncertain = operator.get("/v1/admin/uncertain").await;
        assert_eq!(texts(&uncertain, "movement"), [transfer.reference("disbursement").await]);
        app.pass(6).await;
        app.pass_until_kept(&["learn_fee"]).await;
        let path = format!("{}/timeline", transfer.path());
        let (own, theirs) = (awa.get(&path).await, operator.get(&path).await);
        for word in ["outcome_unknown", "fee_learned"] {
            assert!(!texts(&own, "event").contains(&word), "{own}");
            assert!(texts(&theirs, "event").contains(&word), "{theirs}");
        }
        assert!(texts(&own, "event").contains(&"in_reconciliation"));
        let french = awa.ask(Ask::get(path.clone()).language("fr")).await.expect(200);
        let english = awa.ask(Ask::get(path).language("en")).await.expect(200);
        assert!(texts(&french, "text").iter().zip(texts(&english, "text")).all(|(fr, en)| *fr != en));
        assert_eq!(operator.get("/v1/admin/uncertain").await["data"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_and_the_audit_trail_tell_what_happened() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let transfer = awa.sends_to(&ivorian("0001")).await;
        let admin = app.admin().await;
        let outbox = admin.get("/v1/admin/outbox").await;
        assert!(texts(&outbox, "kind").contains(&"expire"), "{outbox}");
        transfer.pay().await;
        let inbox = admin.get("/v1/admin/inbox").await;
        assert_eq!(texts(&inbox, "outcome"), ["applied"]);
        assert_eq!(inbox["data"][0]["is_proven"], true);
        assert_eq!(admin.get("/v1/admin/inbox?status=waiting").await["data"], json!([]));
        admin.ask(Ask::get("/v1/admin/inbox?status=lost")).await.refused(422, "invalid_query");
        let audit = sealed_audit(&admin).await;
        let made = audit.iter().find(|line| line["action"] == "transfer.create").unwrap();
        assert_eq!(
            (made["object"].as_str().unwrap(), made["actor"].as_str().unwrap()),
            (&*transfer.id, &*awa.id)
        );
        at_an_instant(app, &admin).await;
    })
    .await;
}

/// The audit trail once all of it is chained into blocks.
async fn sealed_audit(staff: &Staff<'_>) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let audit = staff.get("/v1/admin/audit?limit=100").await;
        let lines = audit["data"].as_array().unwrap().clone();
        if lines.iter().all(|line| !line["block"].is_null()) {
            return lines;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "the audit trail is not sealed: {audit}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The books of yesterday are empty; those of now balance.
async fn at_an_instant(app: &TestApp, admin: &Staff<'_>) {
    let past = admin.get("/v1/admin/trial_balance?at=2020-01-01T00:00:00Z").await;
    let is_zero =
        |line: &Value| line["balance"]["amount"].as_str().unwrap().trim_matches(['0', '.']).is_empty();
    assert!(past["data"].as_array().unwrap().iter().all(is_zero), "{past}");
    let now = app.app().clock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let present = admin.get(&format!("/v1/admin/trial_balance?at={now}")).await;
    assert_eq!(present["totals"][0]["is_balanced"], true);
    admin.ask(Ask::get("/v1/admin/trial_balance?at=now")).await.refused(422, "invalid_query");
}
