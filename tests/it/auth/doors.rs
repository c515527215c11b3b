//! The permission table, asked at every route by everybody there is.
//!
//! What each kind of caller may do follows from the table as data; every route of the gateway is then asked by every
//! kind, over HTTP, and the gate must do what the table says: 401, 403 with its code, or neither.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Msisdn, UserId};
use futures::future::join_all;
use moneybridge::api::openapi;
use moneybridge::api::permissions::{Access, TABLE};
use moneybridge::config::Mode;
use moneybridge::services::auth::access::AccessClaims;
use reqwest::Method;
use serde_json::Value;
use store::sessions::{self, Origin};
use store::testkit::on_each_database;
use store::users::{self, Role, Roles, UserStatus};

use super::gateway::TestGateway;
use crate::testkit;

/// How recent a second factor is, of those who have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Factor {
    None,
    /// Older than an hour.
    Old,
    /// Older than five minutes.
    Recent,
    Fresh,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Garbage,
    /// Signed in, with an access token that is over.
    Expired(Role),
    /// Signed out since.
    Revoked(Role),
    Frozen(Role),
    In(Role, Factor),
}

fn everybody() -> Vec<Who> {
    let mut all = vec![Who::Nobody, Who::Garbage];
    for role in Role::ALL {
        all.extend([Who::Expired(role), Who::Revoked(role), Who::Frozen(role)]);
        for factor in [Factor::None, Factor::Old, Factor::Recent, Factor::Fresh] {
            all.push(Who::In(role, factor));
        }
    }
    all
}

/// What the gate must say: `None` when it lets the request through.
fn expected(who: Who, access: Access) -> Option<(u16, &'static str)> {
    let (role, factor) = match who {
        _ if access == Access::Open => return None,
        Who::Nobody | Who::Garbage | Who::Expired(_) | Who::Revoked(_) => {
            return Some((401, "unauthenticated"));
        }
        Who::Frozen(_) => return Some((403, "account_frozen")),
        Who::In(role, factor) => (role, factor),
    };
    let (may, wanted): (&[Role], &[Factor]) = match access {
        Access::Open | Access::SignedIn => return None,
        Access::Staff => (&[Role::Operator, Role::Admin], &[Factor::Recent, Factor::Fresh]),
        Access::StaffFresh => (&[Role::Operator, Role::Admin], &[Factor::Fresh]),
        Access::Admin => (&[Role::Admin], &[Factor::Recent, Factor::Fresh]),
        Access::AdminFresh => (&[Role::Admin], &[Factor::Fresh]),
    };
    match (may.contains(&role), wanted.contains(&factor)) {
        (false, _) => Some((403, "forbidden")),
        (true, false) => Some((403, "second_factor_required")),
        (true, true) => None,
    }
}

/// One user per role, active and frozen.
struct People {
    users: Vec<(Role, bool, UserId)>,
}

impl People {
    async fn make(gateway: &TestGateway) -> People {
        let (app, now) = (gateway.app(), gateway.now());
        let mut users = Vec::new();
        for (nth, role) in Role::ALL.into_iter().enumerate() {
            for is_frozen in [false, true] {
                let phone = Msisdn::parse(&format!("+2217700088{nth}{}", u8::from(is_frozen))).unwrap();
                let mut tx = app.db.begin().await.unwrap();
                let (user, _) = users::ensure_customer(&mut tx, &app.people, &phone, now).await.unwrap();
                assert!(users::set_roles(&mut tx, user.id, Roles::from(role), now).await.unwrap());
                if is_frozen {
                    users::set_status(&mut tx, user.id, UserStatus::Frozen, now).await.unwrap();
                }
                tx.commit().await.unwrap();
                users.push((role, is_frozen, user.id));
            }
        }
        People { users }
    }

    /// A token of a session of its own, because some routes end sessions.
    async fn token(&self, gateway: &TestGateway, who: Who) -> Option<String> {
        let (role, is_frozen) = match who {
            Who::Nobody => return None,
            Who::Garbage => return Some("eyJhbGciOiJIUzI1NiJ9.e30.c2ln".into()),
            Who::Frozen(role) => (role, true),
            Who::Expired(role) | Who::Revoked(role) | Who::In(role, _) => (role, false),
        };
        let (_, _, user) = *self.users.iter().find(|(r, f, _)| (*r, *f) == (role, is_frozen)).unwrap();
        let (app, now) = (gateway.app(), gateway.now());
        let mut tx = app.db.begin().await.unwrap();
        let opened = now - TimeDelta::hours(3);
        let session =
            sessions::open(&mut tx, user, Origin::default(), opened, TimeDelta::days(7)).await.unwrap();
        let shown_at = |minutes| now - TimeDelta::minutes(minutes);
        let shown: Option<DateTime<Utc>> = match who {
            Who::In(_, Factor::None) => None,
            Who::In(_, Factor::Old) => Some(shown_at(61)),
            Who::In(_, Factor::Recent) => Some(shown_at(6)),
            _ => Some(shown_at(0)),
        };
        if let Some(at) = shown {
            assert!(sessions::mark_second_factor(&mut tx, session.id, at).await.unwrap());
        }
        if matches!(who, Who::Revoked(_)) {
            assert!(sessions::revoke(&mut tx, session.id, "signed out", now).await.unwrap());
        }
        tx.commit().await.unwrap();
        let issued = if matches!(who, Who::Expired(_)) { now - TimeDelta::hours(1) } else { now };
        Some(app.auth.tokens.issue(AccessClaims { user, session: session.id }, issued).unwrap())
    }
}

/// Every route of the served document, with what the table says of it; one that the table lacks fails here.
fn routes() -> Vec<(String, String, Access)> {
    let document = openapi::document(Mode::Sandbox);
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let rule = TABLE.iter().find(|(known, route, _)| *known == method && route == path);
            let (_, _, access) = rule.unwrap_or_else(|| panic!("{method} {path} is not in the table"));
            routes.push((method, path.clone(), *access));
        }
    }
    assert_eq!(routes.len(), TABLE.len(), "the table has routes that are not served");
    routes
}

/// An address of the template's form that names nothing.
fn address(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "nothing" } else { part }.to_owned();
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_through_whom_the_table_names_and_nobody_else() {
    on_each_database(async |db| {
        let gateway = TestGateway::start(&db).await;
        let people = People::make(&gateway).await;
        let mut asked = 0;
        for (method, path, access) in routes() {
            let ask = async |who: Who| {
                let token = people.token(&gateway, who).await;
                let (method, address) = (Method::from_bytes(method.as_bytes()).unwrap(), address(&path));
                let answer = match &token {
                    Some(token) => gateway.with(token, method, &address, None).await,
                    None => gateway.open(method, &address, None).await,
                };
                let said =
                    (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default().to_owned());
                (who, said)
            };
            for (who, (status, code)) in join_all(everybody().into_iter().map(ask)).await {
                asked += 1;
                let wanted = expected(who, access);
                let is_of_the_gate = match (status, code.as_str()) {
                    (401, _) => access != Access::Open,
                    (403, "account_frozen") => access != Access::Open,
                    (403, _) => true,
                    _ => false,
                };
                match wanted {
                    Some((wanted_status, wanted_code)) => {
                        assert_eq!(
                            (status, code.as_str()),
                            (wanted_status, wanted_code),
                            "{who:?}: {method} {path}"
                        );
                    }
                    None => assert!(!is_of_the_gate, "{who:?}: {method} {path} answers {status} {code}"),
                }
            }
        }
        println!("{:?}: {asked} questions at {} routes", db.engine(), routes().len());
        assert_eq!(asked, routes().len() * everybody().len());
        gateway.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_at_one_gateway_has_ended_at_every_other() {
    testkit::on_each_database(async |app| {
        let second = app.second().await;
        let url = format!("http://{}", second.address);
        let awa = app.customer().await;
        let me = async || {
            let request = app.http().get(format!("{url}/v1/me")).bearer_auth(awa.token());
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(me().await, 200);
        let sessions = awa.get("/v1/me/sessions").await;
        let current =
            sessions["data"].as_array().unwrap().iter().find(|one| one["is_current"] == Value::Bool(true));
        let id = current.unwrap()["id"].as_str().unwrap().to_owned();
        awa.ask(testkit::Ask::new("DELETE", format!("/v1/me/sessions/{id}"))).await.expect(204);
        assert_eq!(me().await, 401);
        second.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_being_answered_ends_with_the_session() {
    testkit::on_each_database(async |app| {
        let awa = app.customer().await;
        let elsewhere = testkit::Customer::sign_in(app, &awa.phone).await;
        let transfer = awa.sends_to(&testkit::ivorian("0001")).await;
        let ask = async |path: String, token: String| {
            app.http().get(format!("{}{path}", app.url())).bearer_auth(token).send().await.unwrap()
        };
        let mut ended = ask(format!("{}/events", transfer.path()), elsewhere.token()).await;
        let mut going_on = ask(format!("{}/events", transfer.path()), awa.token()).await;
        assert!(ended.chunk().await.unwrap().is_some() && going_on.chunk().await.unwrap().is_some());
        let waiting = tokio::spawn({
            let request = app.http().get(format!("{}{}?wait=20", app.url(), transfer.path()));
            request.bearer_auth(elsewhere.token()).send()
        });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        awa.ask(testkit::Ask::new("DELETE", "/v1/me/sessions?keep=current")).await.expect(204);
        transfer.pay().await;
        assert_eq!(waiting.await.unwrap().unwrap().status().as_u16(), 401);
        let rest = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut told = String::new();
        while let Some(chunk) = ended.chunk().await.unwrap() {
            told.push_str(&rest(&chunk));
        }
        assert!(!told.contains("event:"), "{told}");
        let more = going_on.chunk().await.unwrap().unwrap();
        assert!(rest(&more).contains("event: transfer"), "{}", rest(&more));
    })
    .await;
}
