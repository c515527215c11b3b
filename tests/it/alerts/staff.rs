//! What staff see of alerts, and taking note of one.

use serde_json::json;

use super::{of_kind, something_happens};
use crate::testkit::{Ask, on_each_database};

#[tokio::test(flavor = "multi_thread")]
async fn staff_read_alerts_and_take_note_of_them() {
    on_each_database(async |app| {
        let (operator, customer) = (app.operator().await, app.customer().await);
        something_happens(app, "cus_1").await;
        something_happens(app, "cus_1").await;
        something_happens(app, "cus_2").await;
        let open = operator.get("/v1/admin/alerts?status=open&limit=1").await;
        let alert = &open["data"][0];
        assert_eq!(alert["subject"], "wave:sn:cus_2");
        assert_eq!(
            alert["facts"],
            json!({ "provider": "wave", "wallet": "sn", "source": "cus_2", "amount": "5000 XOF" })
        );
        let next = operator
            .get(&format!(
                "/v1/admin/alerts?status=open&limit=1&cursor={}",
                open["next_cursor"].as_str().unwrap()
            ))
            .await;
        let alert = &next["data"][0];
        assert_eq!((alert["count"].as_i64(), alert["severity"].as_str()), (Some(2), Some("warning")));

        let path = format!("/v1/admin/alerts/{}/acknowledge", alert["id"].as_str().unwrap());
        customer.ask(Ask::post(&path, &json!({}))).await.refused(403, "forbidden");
        let noted = operator.ask(Ask::post(&path, &json!({}))).await.expect(200);
        assert_eq!(noted["status"], "resolved", "nothing undoes what happened: noted is over");
        let again = app.admin().await.ask(Ask::post(&path, &json!({}))).await.expect(200);
        assert_eq!(again, noted, "the first who took note stays");
        assert_eq!(of_kind(app, "unapplied_funds").await, ["wave:sn:cus_1 resolved", "wave:sn:cus_2 open"]);
        let resolved = operator.get("/v1/admin/alerts?status=resolved").await;
        assert_eq!(resolved["data"].as_array().unwrap().len(), 1);

        let audit = operator.get("/v1/admin/audit").await;
        let of = |line: &&serde_json::Value| line["action"] == "alert.acknowledge";
        let lines: Vec<_> = audit["data"].as_array().unwrap().iter().filter(of).collect();
        assert_eq!(lines.len(), 1, "{audit:#}");
        assert_eq!((&lines[0]["object"], &lines[0]["actor"]), (&noted["id"], &noted["acknowledged_by"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_alert_is_not_found() {
    on_each_database(async |app| {
        let operator = app.operator().await;
        for id in ["alert_01h2xcejqtf2nbrexx3vqjhp41", "transfer_01h2xcejqtf2nbrexx3vqjhp41", "1"] {
            let path = format!("/v1/admin/alerts/{id}/acknowledge");
            operator.ask(Ask::post(path, &json!({}))).await.refused(404, "not_found");
        }
        operator.ask(Ask::get("/v1/admin/alerts?status=loud")).await.refused(422, "invalid_query");
        app.customer().await.ask(Ask::get("/v1/admin/alerts")).await.refused(403, "forbidden");
    })
    .await;
}
