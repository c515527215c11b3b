//! Every GET route of the permission table, asked by one person with every id there is.

use moneybridge::api::permissions::TABLE;
use serde_json::Value;

use super::play::Played;
use crate::testkit::{Answer, Ask, TestApp};

/// Pages of a list that are read at most.
const PAGES: usize = 60;

/// What somebody was told, head and body.
#[derive(Clone, Debug)]
pub struct Said {
    pub who: String,
    pub what: String,
    pub text: String,
}

impl Said {
    pub fn new(who: &str, what: &str, answer: &Answer) -> Said {
        let head: String = answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        let text = format!("{head}\n{}", String::from_utf8_lossy(&answer.bytes));
        Said { who: who.to_owned(), what: what.to_owned(), text }
    }

    /// The contract names what admins can see; it may, without a figure.
    pub fn is_of_the_contract(&self) -> bool {
        ["/openapi.json", "/docs", "/return/"].iter().any(|begin| self.what.starts_with(begin))
    }
}

/// All that the holder of `token` is answered.
pub async fn everything(app: &TestApp, played: &Played<'_>, who: &str, token: Option<&str>) -> Vec<Said> {
    let mut said = Vec::new();
    for (_, route, _) in TABLE.iter().filter(|(method, _, _)| *method == "GET") {
        for path in paths(app, played, route).await {
            let is_told_in_words = route.ends_with("/timeline") || route.ends_with("/attention");
            let languages: &[&str] = if is_told_in_words { &["fr", "en"] } else { &["fr"] };
            for language in languages {
                pages(app, who, token, &path, language, &mut said).await;
            }
        }
    }
    said
}

/// One address, and every page that follows it.
async fn pages(
    app: &TestApp,
    who: &str,
    token: Option<&str>,
    path: &str,
    language: &str,
    said: &mut Vec<Said>,
) {
    let mut next = path.to_owned();
    for _ in 0..PAGES {
        let ask = Ask::get(&next).language(language);
        let answer = app.ask(match token {
            Some(token) => ask.bearer(token),
            None => ask,
        });
        let answer = answer.await;
        assert!(answer.status < 500, "{answer}");
        said.push(Said::new(who, &next, &answer));
        let body: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
        let Some(cursor) = body["next_cursor"].as_str() else { return };
        let joint = if path.contains('?') { '&' } else { '?' };
        next = format!("{path}{joint}cursor={cursor}");
    }
}

/// The addresses of a route: with every id, and with filters that look for what is hidden.
async fn paths(app: &TestApp, played: &Played<'_>, route: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for filled in ids_for(app, played, route).await {
        paths.extend(filters_of(app, route).await.iter().map(|filter| format!("{filled}{filter}")));
        paths.push(format!("{filled}?margin=1"));
        paths.push(filled);
    }
    paths
}

/// The route with ids in it. Whoever adds a route says here what there is to ask for.
async fn ids_for(app: &TestApp, played: &Played<'_>, route: &str) -> Vec<String> {
    let fill = |ids: &[String]| ids.iter().map(|id| route.replace("{id}", id)).collect();
    match route {
        _ if !route.contains('{') => vec![route.to_owned()],
        "/docs/{asset}" => ["page.js", "page.css", "none"].map(|asset| format!("/docs/{asset}")).to_vec(),
        "/return/{id}/{end}" => vec![
            format!("/return/{}/paid", played.transfers[0]),
            format!("/return/{}/failed", played.transfers[0]),
        ],
        "/v1/quotes/{id}" | "/v1/admin/quotes/{id}" => fill(&played.quotes),
        // None is played: money between our own accounts has no rate. What is not found is read all the same.
        "/v1/admin/treasury/{id}" => fill(&played.transfers[..1]),
        "/v1/admin/movements/{id}/evidence" => fill(&movements(app, played).await),
        "/v1/admin/approvals/{id}" => fill(&played.approvals),
        "/v1/admin/rates/{base}/{quote}" | "/v1/admin/rates/{base}/{quote}/history" => {
            ["EUR/GNF", "CNY/GNF", "EUR/XOF"].map(|pair| route.replace("{base}/{quote}", pair)).to_vec()
        }
        _ if route.starts_with("/v1/transfers/{id}") => fill(&played.transfers),
        _ if route.starts_with("/v1/admin/accounts/{id}") => fill(&accounts(app, played).await),
        _ => panic!("no ids are known for GET {route}: nobody has looked whether it tells a margin"),
    }
}

/// Every movement of what was played.
async fn movements(app: &TestApp, played: &Played<'_>) -> Vec<String> {
    let app = app.app();
    let mut reader = app.db.read().await.unwrap();
    let mut references = Vec::new();
    for id in &played.transfers {
        let found = store::movements::of_transfer(&mut reader.conn(), id.parse().unwrap()).await.unwrap();
        references.extend(found.iter().map(|movement| movement.reference.to_string()));
    }
    assert!(references.len() > played.transfers.len());
    references
}

/// Every account, hidden ones too: their ids follow from their names, so anybody can know them.
async fn accounts(app: &TestApp, played: &Played<'_>) -> Vec<String> {
    let names = app.balances().await.into_keys();
    let ids: Vec<String> =
        names.map(|name| name.parse::<domain::Account>().unwrap().id().to_string()).collect();
    assert!(ids.len() > 10 && !played.transfers.is_empty());
    ids
}

async fn filters_of(app: &TestApp, route: &str) -> Vec<String> {
    let fixed: &[&str] = match route {
        "/v1/rates" => &[
            "?from=EUR&to=XOF",
            "?from=EUR&to=GNF",
            "?from=GNF&to=CNY",
            "?from=GNF&to=XOF",
            "?from=XOF&to=EUR",
        ],
        "/v1/transfers" => &["?status=refunded", "?limit=1", "?reference=margin"],
        "/v1/transfers/{id}" => &["?wait=1&since_version=0"],
        "/v1/admin/accounts" => {
            &["?prefix=fx", "?prefix=revenue", "?prefix=expense", "?currency=GNF", "?limit=2"]
        }
        "/v1/admin/inbox" => &["?status=waiting", "?limit=3"],
        "/v1/admin/attention" => &["?status=on_hold"],
        "/v1/admin/approvals" => &["?status=approved", "?status=rejected", "?kind=rate_change&status=voided"],
        "/v1/admin/trial_balance" => return instants(app),
        _ => &[],
    };
    fixed.iter().map(|filter| (*filter).to_owned()).collect()
}

/// The books at a few instants, the first before anything was converted.
fn instants(app: &TestApp) -> Vec<String> {
    let now = app.app().clock.now();
    let ago = |seconds| {
        (now - chrono::TimeDelta::milliseconds(seconds)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
    };
    [3_600_000, 4_000, 2_000, 1_000, 500, 0].map(|millis| format!("?at={}", ago(millis))).to_vec()
}
