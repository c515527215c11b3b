//! Sonatel: the newest transactions of all wallets of the application, and a merchant whose balance nobody tells.

use domain::{
    Account, BusinessId, Currency, EntryId, EntryKind, JournalEntry, LedgerStep, Money, Nature, Posting,
    Provider, Wallet,
};
use serde_json::json;
use store::writer::Change;

use super::{net, read, shown};
use crate::testkit::{Ask, Customer, TestApp, on_each_database_with, senegalese};

const MERCHANT: &str = "orange_sonatel:sn_merchant";
const RETAILER: &str = "orange_sonatel:sn_retailer";
const FLOAT: &str = "float:orange_sonatel:sn_merchant:XOF";

/// From Orange Money to Orange Money in Senegal.
async fn sends(app: &TestApp, awa: &Customer<'_>) {
    let rail = "orange_sonatel";
    let ask = json!({
        "send_currency": "XOF", "receive_currency": "XOF", "amount": { "amount": "10000", "currency": "XOF" },
        "side": "send", "funding_rail": rail, "payout_rail": rail, "from_country": "SN", "to_country": "SN",
    });
    let quote = awa.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
    let order = awa.order_over(&quote, (rail, rail), &json!({ "phone": senegalese("0001") }));
    let accepted = awa.order(&awa.fresh_key(), &order).await.expect(201);
    let transfer = awa.transfer(accepted["id"].as_str().unwrap());
    app.quiet().await;
    app.sonatel().act("pay", json!({ "reference": transfer.reference("collection").await })).await;
    app.pass(3).await;
    app.sonatel().told().await;
    app.pass(12).await;
    app.sonatel().told().await;
    transfer.shows("completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wallet_at_sonatel_has_its_own_lines() {
    on_each_database_with(super::READS, async |app| {
        let before = app.sonatel().balance("781110001").await;
        let awa = app.customer().await;
        sends(app, &awa).await;
        for _ in 0..2 {
            read(app).await;
            assert_eq!(shown(app, MERCHANT).await, ["collection 10100 0 list"]);
            assert_eq!(shown(app, RETAILER).await, ["disbursement -10000 0 list"]);
        }
        assert_eq!(net(app, MERCHANT).await, app.sonatel().balance("123456").await);
        assert_eq!(net(app, RETAILER).await, app.sonatel().balance("781110001").await - before);
        app.pass_until_kept(&["learn_fee"]).await;
        let fees: Vec<_> = app.movements().await.iter().map(|movement| movement.fee).collect();
        assert_eq!(fees, [None, None], "the list tells no fee, so none is learned from it");
    })
    .await;
}

/// Somebody books francs on the merchant's float, or off it, that Sonatel knows nothing of.
async fn books(app: &TestApp, francs: i64) {
    let app = app.app();
    let (provider, wallet) = (Provider::OrangeSonatel, Wallet::parse("sn_merchant").unwrap());
    let float = Account::Float { provider, wallet, currency: Currency::XOF };
    let bank = Account::Bank { name: "test".to_owned(), currency: Currency::XOF };
    let amount = Money::new(francs.abs(), Currency::XOF);
    let posting = match francs > 0 {
        true => Posting::new(float, bank, amount),
        false => Posting::new(bank, float, amount),
    };
    let entry = JournalEntry {
        id: EntryId::from_uuid(app.ids.next()),
        kind: EntryKind::Opening,
        nature: Nature::Fact,
        business: BusinessId::Opening,
        movement: None,
        at: app.clock.now(),
        postings: vec![posting.unwrap()],
    };
    app.commit(Change { ledger: vec![LedgerStep::Post(entry)], ..Change::default() }).await.unwrap();
}

/// Reads statements and looks at the drift often enough for it to be told.
async fn look(app: &TestApp) -> Vec<String> {
    for _ in 0..3 {
        read(app).await;
        let name = "alerts.drift";
        let now = app.app().clock.now();
        app.move_clocks(121).await;
        let begun = std::time::Instant::now();
        loop {
            let gateway = app.app();
            let jobs = store::jobs::list(&mut gateway.db.read().await.unwrap().conn()).await.unwrap();
            let ran = |job: &store::jobs::Job| job.leased_until.is_none() && job.last_run_at > Some(now);
            if jobs.iter().any(|job| job.name == name && ran(job)) {
                break;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{jobs:#?}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
    let gateway = app.app();
    let mut reader = gateway.db.read().await.unwrap();
    let open = store::alerts::open(&mut reader.conn(), domain::AlertKind::Drift).await.unwrap();
    open.into_iter().map(|alert| format!("{} {}", alert.subject, alert.facts["difference"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_whose_balance_nobody_tells_is_held_against_its_lines() {
    let settings =
        [("statements.every_s", "3600"), ("alerts.drift_check_s", "60"), ("alerts.drift_confirm_s", "600")];
    on_each_database_with(&settings, async |app| {
        let awa = app.customer().await;
        sends(app, &awa).await;
        assert_eq!(look(app).await, [""; 0], "the lines are what was booked");
        books(app, 700).await;
        assert_eq!(look(app).await, [format!("{FLOAT} -700 XOF")]);
        books(app, -700).await;
        assert_eq!(look(app).await, [""; 0]);
    })
    .await;
}
