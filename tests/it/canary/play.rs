//! What is played: money comes by bank, is converted both ways, is refused and revalued, and two admins set the rates.
//!
//! Every figure is chosen to appear nowhere else: amounts are so large that margins have many digits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::reading::Said;
use crate::testkit::{Answer, Ask, Customer, Staff, TestApp, Transfer};

pub const ADMIN: &str = "admin";

/// The treaty's mid is known to the world, so it is no secret; the others are.
pub const MIDS: [&str; 4] = ["9413.771", "9987.313", "1317.933", "1389.717"];
pub const SPREADS: [&str; 6] = ["171.3373", "183.7717", "347.9137", "291.3391", "137.9137", "143.3731"];

const PATIENCE: Duration = Duration::from_secs(30);

/// Country, currency, country, currency, rails in, rails out.
const CORRIDORS: [(&str, &str, &str, &str, &str, &str); 5] = [
    ("FR", "EUR", "FR", "EUR", "\"sepa_transfer\"", "\"balance\""),
    ("FR", "EUR", "SN", "XOF", "\"sepa_transfer\", \"balance\"", "\"wave\", \"balance\""),
    ("FR", "EUR", "GN", "GNF", "\"balance\"", "\"balance\""),
    ("GN", "GNF", "CN", "CNY", "\"balance\"", "\"balance\""),
    ("GN", "GNF", "SN", "XOF", "\"balance\"", "\"wave\""),
];

/// A settings file with these corridors; it is gone with its folder.
pub fn corridors() -> (TempDir, String) {
    let corridor = |(from, send, to, receive, funding, payout): &(&str, &str, &str, &str, &str, &str)| {
        format!(
            "[[corridors]]\nfrom_country = \"{from}\"\nto_country = \"{to}\"\nsend_currency = \"{send}\"\n\
             receive_currency = \"{receive}\"\nfunding_rails = [{funding}]\npayout_rails = [{payout}]\n\
             fee_fixed = \"0\"\nfee_bps = \"10\"\nmin = \"1\"\nmax = \"1000000000\"\ndelivery_estimate_s = 60\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corridors.toml");
    std::fs::write(&path, CORRIDORS.iter().map(corridor).collect::<Vec<_>>().join("\n")).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

/// Who took part, what there is now, and what was said on the way to anybody but admins.
pub struct Played<'a> {
    pub awa: Customer<'a>,
    pub bob: Customer<'a>,
    pub stranger: Customer<'a>,
    pub operator: Staff<'a>,
    pub admin: Staff<'a>,
    pub transfers: Vec<String>,
    pub quotes: Vec<String>,
    pub approvals: Vec<String>,
    pub said: Vec<Said>,
}

impl Played<'_> {
    /// Everybody who can ask, with their token.
    pub fn everybody(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("nobody", None),
            ("a customer", Some(self.awa.token())),
            ("a payee", Some(self.bob.token())),
            ("a stranger", Some(self.stranger.token())),
            ("an operator", Some(self.operator.token().to_owned())),
            (ADMIN, Some(self.admin.token().to_owned())),
        ]
    }

    fn hear(&mut self, who: &str, what: &str, answer: Answer) -> Answer {
        self.said.push(Said::new(who, what, &answer));
        answer
    }
}

/// Plays all of it.
pub async fn through(app: &TestApp) -> Played<'_> {
    let (one, two) = app.admins().await;
    let mut played = Played {
        awa: app.customer().await,
        bob: app.customer().await,
        stranger: app.customer().await,
        operator: app.operator().await,
        admin: one,
        transfers: vec![],
        quotes: vec![],
        approvals: vec![],
        said: vec![],
    };
    let [eur_gnf, later, cny_gnf, unwanted] = MIDS;
    let [a, b, c, d, e, f] = SPREADS;
    set(&mut played, &two, "EUR/GNF", (eur_gnf, a, b)).await;
    set(&mut played, &two, "CNY/GNF", (cny_gnf, c, d)).await;
    set(&mut played, &two, "EUR/XOF", ("655.957", e, f)).await;
    convert(app, &mut played).await;
    let payee = json!({ "rail": "wave", "phone": "+221776609902", "country": "SN" });
    let refused = ask(("GN", "GNF"), ("SN", "XOF"), "balance", "wave", "20000000");
    let quote = quote(&mut played, false, &refused).await;
    set(&mut played, &two, "EUR/GNF", (later, a, b)).await;
    let transfer = order(&mut played, false, &quote, &payee).await;
    until(app, &played.bob.transfer(&transfer), "refunded").await;
    mistakes(app, &mut played).await;
    reject(&mut played, &two, unwanted).await;
    app.quiet().await;
    sealed(app, &played).await;
    played
}

/// By bank to a balance and to a phone, from a balance to a balance; the base sold, and the base bought.
async fn convert(app: &TestApp, played: &mut Played<'_>) {
    let (awa, bob) = (own(&played.awa), own(&played.bob));
    let phone = json!({ "rail": "wave", "phone": "+221776600001", "country": "SN" });
    let orders = [
        (true, ask(("FR", "EUR"), ("FR", "EUR"), "sepa_transfer", "balance", "9000"), with(&awa, "FR")),
        (true, ask(("FR", "EUR"), ("FR", "EUR"), "sepa_transfer", "balance", "9500"), with(&bob, "FR")),
        (true, ask(("FR", "EUR"), ("GN", "GNF"), "balance", "balance", "8500"), with(&bob, "GN")),
        (false, ask(("FR", "EUR"), ("SN", "XOF"), "balance", "balance", "9000"), with(&awa, "SN")),
        (false, ask(("GN", "GNF"), ("CN", "CNY"), "balance", "balance", "51234567"), with(&awa, "CN")),
        (true, ask(("FR", "EUR"), ("SN", "XOF"), "sepa_transfer", "wave", "1877"), phone),
    ];
    for (is_awa_s, asked, payee) in orders {
        let quote = quote(played, is_awa_s, &asked).await;
        let id = order(played, is_awa_s, &quote, &payee).await;
        let owner = if is_awa_s { &played.awa } else { &played.bob };
        let transfer = owner.transfer(&id);
        app.quiet().await;
        if asked["funding_rail"] == "sepa_transfer" {
            let wish = json!({ "reference": transfer.reference("collection").await });
            app.control(Ask::post("/_control/stripe/pay", &wish)).await.expect(200);
        }
        until(app, &transfer, "completed").await;
    }
}

fn own(customer: &Customer<'_>) -> Value {
    json!({ "rail": "balance", "account": customer.id })
}

fn with(payee: &Value, country: &str) -> Value {
    let mut payee = payee.clone();
    payee["country"] = json!(country);
    payee
}

fn ask(
    (from, send): (&str, &str),
    (to, receive): (&str, &str),
    funding: &str,
    payout: &str,
    amount: &str,
) -> Value {
    json!({
        "send_currency": send, "receive_currency": receive,
        "amount": { "amount": amount, "currency": send }, "side": "send",
        "funding_rail": funding, "payout_rail": payout, "from_country": from, "to_country": to,
    })
}

async fn quote(played: &mut Played<'_>, is_awa_s: bool, asked: &Value) -> Value {
    let owner = if is_awa_s { &played.awa } else { &played.bob };
    let answer = owner.ask(Ask::post("/v1/quotes", asked)).await;
    let quote = played.hear("a customer", "POST /v1/quotes", answer).expect(201);
    played.quotes.push(quote["id"].as_str().unwrap().to_owned());
    quote
}

async fn order(played: &mut Played<'_>, is_awa_s: bool, quote: &Value, payee: &Value) -> String {
    let owner = if is_awa_s { &played.awa } else { &played.bob };
    let mut payee = payee.clone();
    payee["name"] = json!("Moussa Exemple");
    let body = json!({
        "quote_id": quote["id"],
        "payer": { "rail": quote["funding_rail"], "name": "Awa Exemple", "email": "awa@example.org" },
        "payee": payee,
        "purpose": "Family support",
    });
    let answer = owner.order(&owner.fresh_key(), &body).await;
    let again = owner.order("one key", &body).await;
    played.hear("a customer", "POST /v1/transfers, its quote used", again);
    let id = played.hear("a customer", "POST /v1/transfers", answer).expect(201)["id"].clone();
    played.transfers.push(id.as_str().unwrap().to_owned());
    id.as_str().unwrap().to_owned()
}

/// Waits for what the simulated bank and our own lanes do.
async fn until(app: &TestApp, transfer: &Transfer<'_, '_>, status: &str) {
    let begun = Instant::now();
    loop {
        app.quiet().await;
        if transfer.now().await["status"] == status || begun.elapsed() > PATIENCE {
            return transfer.shows(status).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// By one admin, and where it takes two by both.
async fn set(played: &mut Played<'_>, second: &Staff<'_>, pair: &str, (mid, sell, buy): (&str, &str, &str)) {
    let body = json!({
        "mid": mid, "sell_spread_bps": sell, "buy_spread_bps": buy, "source": "bank", "max_age_s": 31_000_000,
    });
    let put = Ask::new("PUT", format!("/v1/admin/rates/{pair}")).json(&body);
    let answer = played.operator.ask(put.clone()).await;
    played.hear("an operator", "PUT /v1/admin/rates", answer).refused(403, "forbidden");
    let answer = played.admin.ask(put).await;
    if answer.status == 202 {
        let approval = answer.json();
        let id = approval["id"].as_str().unwrap().to_owned();
        let agree =
            Ask::post(format!("/v1/admin/approvals/{id}/approve"), &json!({ "digest": approval["digest"] }));
        let refused = played.operator.ask(agree.clone()).await;
        played.hear("an operator", "POST /v1/admin/approvals", refused).refused(403, "forbidden");
        second.ask(agree).await.expect(200);
        played.approvals.push(id);
    } else {
        answer.expect(200);
    }
}

/// A change that nobody wants stays among the approvals.
async fn reject(played: &mut Played<'_>, second: &Staff<'_>, mid: &str) {
    let body = json!({
        "mid": mid, "sell_spread_bps": SPREADS[2], "buy_spread_bps": SPREADS[3], "source": "bank", "max_age_s": 31_000_000,
    });
    let asked = played.admin.ask(Ask::new("PUT", "/v1/admin/rates/CNY/GNF").json(&body)).await.expect(202);
    let id = asked["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/admin/approvals/{id}/reject");
    second.ask(Ask::post(path, &json!({ "reason": "not today" }))).await.expect(200);
    played.approvals.push(id);
}

/// What is refused to customers says why, and no more.
async fn mistakes(app: &TestApp, played: &mut Played<'_>) {
    let wrong = [
        ask(("FR", "EUR"), ("GN", "GNF"), "balance", "balance", "0"),
        ask(("FR", "EUR"), ("GN", "GNF"), "balance", "balance", "9999999999"),
        ask(("GN", "GNF"), ("CN", "CNY"), "balance", "balance", "1"),
        ask(("SN", "XOF"), ("FR", "EUR"), "balance", "balance", "100"),
        ask(("FR", "EUR"), ("GN", "GNF"), "wave", "balance", "100"),
    ];
    for asked in wrong {
        let answer = played.awa.ask(Ask::post("/v1/quotes", &asked)).await;
        assert!(answer.status >= 400, "{answer}");
        played.hear("a customer", "POST /v1/quotes", answer);
    }
    let answer = app.ask(Ask::new("PUT", "/v1/admin/rates/EUR/GNF").json(&json!({ "mid": "1" }))).await;
    played.hear("nobody", "PUT /v1/admin/rates", answer).refused(401, "unauthenticated");
}

/// Statements are made of what is sealed, which takes a second.
async fn sealed(app: &TestApp, played: &Played<'_>) {
    let begun = Instant::now();
    loop {
        let core = app.app();
        let waits = store::ledger::entries::sealing(&mut core.db.read().await.unwrap().conn()).await.unwrap();
        if waits.waiting == 0 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{waits:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let names: Vec<String> = app.balances().await.into_keys().collect();
    for part in
        ["fx:GNF", "fx:CNY", "revenue:fx_margin:XOF", "revenue:fx_margin:GNF", "expense:fx_difference:GNF"]
    {
        assert!(
            names.iter().any(|name| name == part),
            "{part} is not in {names:?}: {}",
            played.transfers.len()
        );
    }
}
