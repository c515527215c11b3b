//! Two admins and the rates between them.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{approve, in_force, put, spread, waiting};
use crate::testkit::{Ask, on_each_database, on_postgres};

#[tokio::test(flavor = "multi_thread")]
async fn a_large_step_takes_two_admins() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        one.ask(Ask::get("/v1/admin/rates/CNY/GNF")).await.refused(404, "not_found");
        let first =
            json!({ "mid": "2500", "sell_rate": "2812.5", "buy_spread_bps": "200", "source": "bank" });
        let set = put(&one, "CNY/GNF", &first).await.expect(200);
        assert_eq!((&set["sell_spread_bps"], &set["buy_rate"]), (&Value::Null, &json!("2450")));
        assert_eq!((&set["version"], &set["approval_id"]), (&json!(1), &Value::Null));
        put(&two, "CNY/GNF", &spread("2520", "1250", "200")).await.expect(200);
        assert_eq!(in_force(&one, "CNY/GNF").await, "2520 2835 2469.6 v2");

        let asked = put(&one, "CNY/GNF", &spread("2700", "1250", "200")).await;
        let approval = asked.expect(202);
        assert_eq!(
            asked.header("location"),
            Some(&*format!("/v1/admin/approvals/{}", approval["id"].as_str().unwrap()))
        );
        assert_eq!(approval["change"]["before"]["mid"], "2520");
        assert_eq!(
            (&approval["change"]["after"]["mid"], &approval["change"]["version"]),
            (&json!("2700"), &json!(2))
        );
        assert_eq!(in_force(&one, "CNY/GNF").await, "2520 2835 2469.6 v2", "nothing moved yet");
        assert_eq!(waiting(&two).await, [approval["id"].as_str().unwrap()]);

        let digest = approval["digest"].clone();
        approve(&one, &approval, &digest).await.refused(403, "own_request");
        for wrong in ["", "00", &"0".repeat(64), &"f".repeat(64)] {
            approve(&two, &approval, &json!(wrong)).await.refused(409, "digest_mismatch");
        }
        let agreed = approve(&two, &approval, &digest).await.expect(200);
        assert_eq!(agreed["status"], "approved");
        approve(&two, &approval, &digest).await.refused(409, "approval_decided");
        assert_eq!(in_force(&one, "CNY/GNF").await, "2700 3037.5 2646 v3");
        let rate = one.get("/v1/admin/rates/CNY/GNF").await;
        assert_eq!((&rate["approval_id"], &rate["set_by"]), (&approval["id"], &approval["made_by"]));
        assert_eq!(
            (&rate["approved_by"], rate["approved_by"] != rate["set_by"]),
            (&agreed["decided_by"], true)
        );
        assert!(waiting(&two).await.is_empty());

        let page = one.get("/v1/admin/rates/CNY/GNF/history?limit=2").await;
        let mids = |page: &Value| {
            page["data"].as_array().unwrap().iter().map(|r| r["mid"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(mids(&page), ["2700", "2520"]);
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = one.get(&format!("/v1/admin/rates/CNY/GNF/history?limit=2&cursor={cursor}")).await;
        assert_eq!((mids(&rest), &rest["next_cursor"]), (vec![json!("2500")], &Value::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newer_voids_what_waited() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        put(&one, "EUR/GNF", &spread("9400", "150", "150")).await.expect(200);
        let first = put(&one, "EUR/GNF", &spread("9900", "150", "150")).await.expect(202);
        let second = put(&two, "EUR/GNF", &spread("9950", "150", "150")).await.expect(202);
        assert_eq!(waiting(&one).await, [second["id"].as_str().unwrap()]);
        approve(&two, &first, &first["digest"]).await.refused(409, "approval_decided");
        put(&one, "EUR/GNF", &spread("9410", "150", "150")).await.expect(200);
        approve(&one, &second, &second["digest"]).await.refused(409, "approval_decided");
        let voided = one.get("/v1/admin/approvals?status=voided&kind=rate_change").await;
        assert_eq!(voided["data"].as_array().unwrap().len(), 2);
        assert_eq!(in_force(&one, "EUR/GNF").await, "9410 9551.15 9268.85 v2");

        let third = put(&one, "EUR/GNF", &spread("9900", "150", "150")).await.expect(202);
        let path = format!("/v1/admin/approvals/{}/reject", third["id"].as_str().unwrap());
        two.ask(Ask::post(&path, &json!({ "reason": "" }))).await.refused(422, "invalid_text");
        let refused = two.ask(Ask::post(&path, &json!({ "reason": "the bank says 9420" }))).await.expect(200);
        assert_eq!(
            (&refused["status"], &refused["reason"]),
            (&json!("rejected"), &json!("the bank says 9420"))
        );
        two.ask(Ask::post(&path, &json!({ "reason": "again" }))).await.refused(409, "approval_decided");
        approve(&two, &third, &third["digest"]).await.refused(409, "approval_decided");
        one.ask(Ask::get("/v1/admin/approvals?status=open")).await.refused(422, "invalid_query");
        one.ask(Ask::get("/v1/admin/approvals?kind=payout_of_dreams")).await.refused(422, "invalid_query");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_steps_in_a_day_are_a_large_one() {
    on_each_database(async |app| {
        let (one, _) = app.admins().await;
        put(&one, "EUR/GNF", &spread("9000", "0", "0")).await.expect(200);
        put(&one, "EUR/GNF", &spread("9170", "0", "0")).await.expect(200);
        put(&one, "EUR/GNF", &spread("9340", "0", "0")).await.expect(202);
        app.pass(86_401).await;
        let (one, _) = app.admins().await;
        put(&one, "EUR/GNF", &spread("9340", "0", "0")).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_that_cannot_be_change_nothing() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        put(&one, "EUR/GNF", &spread("9400", "150", "150")).await.expect(200);
        for (body, code) in [
            (spread("0", "150", "150"), "invalid_rate"),
            (spread("-9400", "150", "150"), "invalid_rate"),
            (spread("9.4e3", "150", "150"), "invalid_rate"),
            (spread("NaN", "150", "150"), "invalid_rate"),
            (spread("9400.1234567890123456", "150", "150"), "invalid_rate"),
            (spread("9400", "-1", "150"), "invalid_rate"),
            (spread("9400", "150", "10000"), "invalid_rate"),
            (spread("9400", "150", "0.00001"), "invalid_rate"),
            (spread("94000", "150", "150"), "rate_out_of_bounds"),
            (spread("940", "150", "150"), "rate_out_of_bounds"),
            (spread("9400", "3001", "150"), "rate_out_of_bounds"),
            (json!({ "mid": "9400", "sell_rate": "9399", "buy_rate": "9300", "source": "x" }), "invalid_rate"),
            (json!({ "mid": "9400", "sell_rate": "9500", "buy_rate": "9401", "source": "x" }), "invalid_rate"),
            (json!({ "mid": "9400", "sell_rate": "9500", "source": "x" }), "missing_field"),
            (json!({ "mid": "9400", "sell_rate": "9500", "sell_spread_bps": "1", "buy_rate": "1", "source": "x" }), "invalid_value"),
            (json!({ "mid": "9400", "sell_rate": "9500", "buy_rate": "9300" }), "missing_field"),
            (json!({ "mid": 9400, "sell_rate": "9500", "buy_rate": "9300", "source": "x" }), "invalid_type"),
            (json!({ "mid": "9400", "sell_rate": "9500", "buy_rate": "9300", "source": "x", "margin": "1" }), "unknown_field"),
        ] {
            put(&one, "EUR/GNF", &body).await.refused(422, code);
        }
        let of = |instant: &str| {
            let mut body = spread("9400", "150", "150");
            body["as_of"] = json!(instant);
            body
        };
        put(&one, "EUR/GNF", &of("2020-01-01T00:00:00Z")).await.refused(422, "rate_outdated");
        put(&one, "EUR/GNF", &of("2999-01-01T00:00:00Z")).await.refused(422, "rate_outdated");
        put(&one, "EUR/GNF", &of("yesterday")).await.refused(422, "invalid_value");
        put(&one, "GNF/EUR", &spread("0.0001", "0", "0")).await.refused(422, "pair_reversed");
        for nowhere in ["EUR/EUR", "EUR/ABC", "eur/gnf"] {
            put(&one, nowhere, &spread("1", "0", "0")).await.refused(404, "not_found");
        }
        assert_eq!(in_force(&two, "EUR/GNF").await, "9400 9541 9259 v1");
        assert!(waiting(&two).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_grew_too_old_is_not_put_in_force() {
    on_each_database(async |app| {
        let (one, _) = app.admins().await;
        put(&one, "EUR/GNF", &spread("9400", "0", "0")).await.expect(200);
        let asked = put(&one, "EUR/GNF", &spread("9900", "0", "0")).await.expect(202);
        app.pass(86_401).await;
        let (one, two) = app.admins().await;
        approve(&two, &asked, &asked["digest"]).await.refused(422, "rate_outdated");
        assert_eq!(in_force(&one, "EUR/GNF").await, "9400 9400 9400 v1");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parity_of_the_franc_keeps_its_mid() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        assert_eq!(in_force(&one, "EUR/XOF").await, "655.957 665.796355 646.117645 v0");
        for mid in ["655.958", "655", "656", "600"] {
            put(&one, "EUR/XOF", &spread(mid, "150", "150")).await.refused(422, "rate_fixed");
        }
        put(&one, "XOF/EUR", &spread("0.0015", "0", "0")).await.refused(422, "pair_reversed");
        let set = put(&one, "EUR/XOF", &spread("655.957", "200", "100")).await.expect(200);
        assert_eq!((&set["version"], &set["max_age_s"]), (&json!(1), &Value::Null));
        let asked = put(&one, "EUR/XOF", &spread("655.957", "500", "100")).await.expect(202);
        approve(&two, &asked, &asked["digest"]).await.expect(200);
        app.pass(40 * 86_400).await;
        let (one, _) = app.admins().await;
        assert_eq!(in_force(&one, "EUR/XOF").await, "655.957 688.75485 649.39743 v2");
        assert_eq!(one.get("/v1/admin/rates/EUR/XOF").await["is_stale"], false);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_see_what_a_currency_costs_us() {
    on_each_database(async |app| {
        let ((admin, _), operator, awa) = (app.admins().await, app.operator().await, app.customer().await);
        put(&admin, "CNY/GNF", &spread("2503.1415", "1251.7", "200")).await.expect(200);
        let asked = put(&admin, "CNY/GNF", &spread("2703.1415", "1251.7", "200")).await.expect(202);
        let id = asked["id"].as_str().unwrap();
        let routes = [
            Ask::get("/v1/admin/rates"),
            Ask::get("/v1/admin/rates/CNY/GNF"),
            Ask::get("/v1/admin/rates/CNY/GNF/history"),
            Ask::new("PUT", "/v1/admin/rates/CNY/GNF").json(&spread("2500", "0", "0")),
            Ask::get("/v1/admin/approvals"),
            Ask::get(format!("/v1/admin/approvals/{id}")),
            Ask::post(format!("/v1/admin/approvals/{id}/approve"), &json!({ "digest": asked["digest"] })),
            Ask::post(format!("/v1/admin/approvals/{id}/reject"), &json!({ "reason": "no" })),
        ];
        for route in routes {
            operator.ask(route.clone()).await.refused(403, "forbidden");
            awa.ask(route.clone()).await.refused(403, "forbidden");
            app.ask(route).await.refused(401, "unauthenticated");
        }
        let audit = operator.get("/v1/admin/audit?limit=100").await.to_string();
        assert!(audit.contains("rate.set") && audit.contains("approval.ask") && audit.contains("CNY/GNF"));
        for figure in ["2503", "2703", "1251"] {
            assert!(!audit.contains(figure), "{audit}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_over_one_rate_one_wins() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        put(&one, "EUR/GNF", &spread("9400", "0", "0")).await.expect(200);
        let answers = join_all((0..16).map(async |nth| {
            let mut body = spread(&format!("{}", 9401 + nth), "0", "0");
            body["version"] = json!(1);
            put(if nth % 2 == 0 { &one } else { &two }, "EUR/GNF", &body).await
        }))
        .await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.refused(409, "changed_meanwhile");
        }
        let mid = won[0].json()["mid"].as_str().unwrap().to_owned();
        assert_eq!(in_force(&one, "EUR/GNF").await, format!("{mid} {mid} {mid} v2"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_raced_by_both_admins_and_a_change_happens_once() {
    on_each_database(async |app| {
        let (one, two) = app.admins().await;
        put(&one, "EUR/GNF", &spread("9400", "0", "0")).await.expect(200);
        let asked = put(&one, "EUR/GNF", &spread("9900", "0", "0")).await.expect(202);
        let mut change = spread("9410", "0", "0");
        change["version"] = json!(1);
        let answers = join_all((0..12).map(async |nth| match nth % 2 {
            0 => approve(&two, &asked, &asked["digest"]).await,
            _ => put(&two, "EUR/GNF", &change).await,
        }))
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.status == 409));
        let history = one.get("/v1/admin/rates/EUR/GNF/history").await;
        assert_eq!(history["data"].as_array().unwrap().len(), 2);
        assert!(waiting(&one).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_share_one_rate() {
    on_postgres(async |app| {
        let second = app.second().await;
        let other = format!("http://{}", second.address);
        let (one, _) = app.admins().await;
        put(&one, "EUR/GNF", &spread("9400", "0", "0")).await.expect(200);
        for version in 1..=4 {
            let answers = join_all((0..8).map(async |nth| {
                let mut body = spread(&format!("{}", 9400 + nth), "0", "0");
                body["version"] = json!(version);
                let ask = Ask::new("PUT", "/v1/admin/rates/EUR/GNF").json(&body).bearer(one.token());
                let base = if nth % 2 == 0 { app.url() } else { other.clone() };
                ask.of(app.http(), &base).await
            }))
            .await;
            assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        }
        second.stop().await.unwrap();
    })
    .await;
}
