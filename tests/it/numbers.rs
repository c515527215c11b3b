//! A number proposes its rails, and is refused where it cannot be on the rail that was asked for.

use serde_json::{Value, json};

use crate::testkit::{Ask, Customer, TestApp, guinean, on_each_database};

const ORANGE_GUINEA: &str = "+224620001122";
const FREE_SENEGAL: &str = "+221760001122";

async fn rails_for(app: &TestApp, phone: &str) -> Vec<Value> {
    let path = format!("/v1/rails?phone={}", phone.replace('+', "%2B"));
    app.ask(Ask::get(path)).await.expect(200)["data"].as_array().unwrap().clone()
}

fn words(rails: &[Value]) -> Vec<&str> {
    rails.iter().map(|rail| rail["rail"].as_str().unwrap()).collect()
}

fn mtn(phone: &str) -> (&str, &str, &str, &str) {
    ("GN", "GNF", "mtn_momo", phone)
}

/// An order from `from` to `to`, both as (country, currency, rail, phone).
async fn order(
    who: &Customer<'_>,
    from: (&str, &str, &str, &str),
    to: (&str, &str, &str, &str),
) -> (Value, String) {
    let amount = if from.1 == "EUR" { "100" } else { "50000" };
    let ask = json!({
        "send_currency": from.1, "receive_currency": to.1, "amount": { "amount": amount, "currency": from.1 },
        "side": "send", "funding_rail": from.2, "payout_rail": to.2, "from_country": from.0, "to_country": to.0,
    });
    let quote = who.ask(Ask::post("/v1/quotes", &ask)).await.expect(201);
    let order = json!({
        "quote_id": quote["id"],
        "payer": { "rail": from.2, "phone": from.3, "name": "Mariama Exemple" },
        "payee": { "rail": to.2, "phone": to.3, "name": "Alpha Exemple", "country": to.0 },
        "purpose": "Aide à la famille",
    });
    (order, who.fresh_key())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_proposes_its_rails_with_their_limits() {
    on_each_database(async |app| {
        let guinea = rails_for(app, ORANGE_GUINEA).await;
        assert_eq!(words(&guinea), ["orange_web", "manual"]);
        assert_eq!((&guinea[0]["disburse"], &guinea[0]["operators"]), (&json!(null), &json!(["orange"])));
        assert_eq!(guinea[0]["collect"]["max"], json!({ "amount": "30000000", "currency": "GNF" }));
        let areeba = rails_for(app, &guinean("0001")).await;
        assert_eq!(words(&areeba), ["mtn_momo", "manual"]);
        let orange = rails_for(app, "+221770001122").await;
        assert_eq!(words(&orange), ["orange_sonatel", "wave"]);
        assert_eq!((&orange[1]["countries"], &orange[1]["operators"]), (&json!(["SN"]), &json!(null)));
        assert_eq!(words(&rails_for(app, FREE_SENEGAL).await), ["wave"]);
        assert_eq!(words(&rails_for(app, "+8613812345678").await), ["manual"]);
        assert_eq!(words(&rails_for(app, "+33612345678").await), [""; 0]);
        app.ask(Ask::get("/v1/rails?phone=77")).await.refused(422, "invalid_phone");
        app.ask(Ask::get("/v1/rails?number=77")).await.refused(422, "invalid_query");
    })
    .await;
}

/// Whoever asks cannot tell a customer's number from one that nobody has.
#[tokio::test(flavor = "multi_thread")]
async fn proposals_tell_nothing_of_who_has_an_account() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let known = rails_for(app, &awa.phone).await;
        let unknown = rails_for(app, "+221779999999").await;
        assert_eq!(known, unknown);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_another_operator_is_refused_with_the_rails_that_reach_it() {
    on_each_database(async |app| {
        let mariama = app.customer().await;
        let (good, other) = (guinean("0001"), guinean("0002"));

        let (to_orange, key) = order(&mariama, mtn(&good), mtn(ORANGE_GUINEA)).await;
        let refused = mariama.order(&key, &to_orange).await.refused(422, "number_not_on_rail");
        assert_eq!(refused["errors"][0]["pointer"], "/payee/phone");
        assert_eq!(
            refused["rail"],
            json!({ "rail": "mtn_momo", "countries": ["GN"], "operators": ["mtn", "areeba"], "if_ported": false })
        );
        assert_eq!(refused["proposed_rails"], json!(["manual"]), "nobody pays out to Orange there");
        let mut insists = to_orange.clone();
        insists["payee"]["ported"] = json!(true);
        mariama.order(&key, &insists).await.refused(422, "number_not_on_rail");

        let (from_orange, key) = order(&mariama, mtn(ORANGE_GUINEA), mtn(&other)).await;
        let refused = mariama.order(&key, &from_orange).await.refused(422, "number_not_on_rail");
        assert_eq!(refused["errors"][0]["pointer"], "/payer/phone");
        assert_eq!(refused["proposed_rails"], json!(["orange_web", "manual"]));

        let item = |order: &Value, key: &str| {
            let mut item = order.clone();
            item["idempotency_key"] = json!(key);
            item
        };
        let (fine, _) = order(&mariama, mtn(&good), mtn(&other)).await;
        let bulk = json!({ "items": [item(&to_orange, "a"), item(&fine, "b"), item(&from_orange, "c")] });
        let results = mariama.ask(Ask::post("/v1/transfers/bulk", &bulk)).await.expect(207)["results"].clone();
        let codes: Vec<_> = results.as_array().unwrap().iter().map(|one| one["body"]["code"].clone()).collect();
        assert_eq!(codes, [json!("number_not_on_rail"), json!(null), json!("number_not_on_rail")]);
        assert_eq!(mariama.get("/v1/transfers").await["data"].as_array().unwrap().len(), 1);
    })
    .await;
}

/// Where numbers move, their owner has the last word.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_taken_along_is_taken_when_its_owner_says_so() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let wave = ("SN", "XOF", "wave", "+221770001122");
        let (mut asked, key) = order(&awa, wave, ("SN", "XOF", "orange_sonatel", FREE_SENEGAL)).await;
        let refused = awa.order(&key, &asked).await.refused(422, "number_not_on_rail");
        assert_eq!(
            (&refused["rail"]["if_ported"], &refused["proposed_rails"]),
            (&json!(true), &json!(["wave"]))
        );
        asked["payee"]["ported"] = json!(true);
        awa.order(&key, &asked).await.expect(201);

        let (mut by_code, key) = order(&awa, ("SN", "XOF", "orange_sonatel", FREE_SENEGAL), wave).await;
        by_code["payer"]["otp"] = json!("123456");
        let refused = awa.order(&key, &by_code).await.refused(422, "number_not_on_rail");
        assert_eq!(refused["errors"][0]["pointer"], "/payer/phone");
        by_code["payer"].as_object_mut().unwrap().remove("otp");
        awa.order(&key, &by_code).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_a_country_that_the_rail_does_not_serve_is_refused_with_those_that_it_does() {
    on_each_database(async |app| {
        let awa = app.customer().await;
        let payer = ("SN", "XOF", "wave", "+221770001122");
        let (asked, key) = order(&awa, payer, ("CI", "XOF", "wave", &guinean("0001"))).await;
        let refused = awa.order(&key, &asked).await.refused(422, "number_not_on_rail");
        assert_eq!(refused["rail"]["countries"], json!(["CI", "SN"]));
        assert_eq!((&refused["rail"]["operators"], &refused["proposed_rails"]), (&json!(null), &json!([])));
    })
    .await;
}
