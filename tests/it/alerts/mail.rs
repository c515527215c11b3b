//! Alerts as people read them: over a mail server that wants TLS and a login, is busy, or knows nobody of that name.

use std::time::Duration;

use mailin::response;
use serde_json::Value;

use super::something_happens;
use crate::testkit::{MailServer, Protection, TestApp, on_each_database_beside};

/// A server of the story's own, and the settings that lead to it.
async fn a_server(
    protection: Protection,
    security: &'static str,
    more: &[(&'static str, &str)],
) -> (Vec<(&'static str, String)>, MailServer) {
    let server = MailServer::start(protection).await;
    let mut settings = server.settings();
    settings.push(("alerts.mail.security", security.to_owned()));
    if protection != Protection::None {
        settings.push(("alerts.mail.username", "alerts".to_owned()));
        settings.push(("alerts.mail.password", "correct horse battery staple".to_owned()));
    }
    for (path, value) in more {
        settings.retain(|(known, _)| known != path);
        settings.push((path, (*value).to_owned()));
    }
    (settings, server)
}

async fn keeps_its_promises(app: &TestApp) {
    app.pass_until_kept(&["alert_mail"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_mailed_over_tls_by_somebody_who_logged_in() {
    for (protection, security) in [(Protection::StartTls, "starttls"), (Protection::Tls, "tls")] {
        let prepare = async || a_server(protection, security, &[("alerts.language", "en")]).await;
        on_each_database_beside(prepare, async |app, server| {
            something_happens(app, "cus_1").await;
            let received = server.wait_for(1).await;
            let mail = &received[0];
            assert!(mail.logged_in);
            assert_eq!(mail.to, ["ops@example.com"]);
            assert_eq!(mail.header("From"), "MoneyBridge <alerts@gateway.example>");
            assert_eq!(
                mail.header("Subject"),
                "[MoneyBridge sandbox] Money came that nobody asked for: wave:sn:cus_1"
            );
            assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
            assert!(mail.header("Message-ID").starts_with("<msg_"), "{}", mail.header("Message-ID"));
            let text = mail.text();
            for part in ["It lies at the provider", "amount: 5000 XOF", "Severity: warning", &app.url()] {
                assert!(text.contains(part), "{part:?} is not in {text}");
            }
            app.quiet().await;
            assert_eq!(server.received().len(), 1);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_in_french_unless_said_otherwise() {
    let prepare = async || a_server(Protection::None, "none", &[]).await;
    on_each_database_beside(prepare, async |app, server| {
        something_happens(app, "cus_1").await;
        let mail = server.wait_for(1).await.remove(0);
        assert!(!mail.logged_in, "this server asks for no login");
        let subject = "[MoneyBridge sandbox] De l’argent est venu que personne n’a demandé : wave:sn:cus_1";
        assert_eq!(mail.header("Subject"), subject);
        assert!(mail.text().contains("Gravité: avertissement"), "{}", mail.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_gets_the_same_mail_again() {
    let prepare = async || a_server(Protection::StartTls, "starttls", &[]).await;
    on_each_database_beside(prepare, async |app, server| {
        server.answers("ops@example.com", response::INTERNAL_ERROR);
        server.answers("ops@example.com", response::NO_SERVICE);
        something_happens(app, "cus_1").await;
        keeps_its_promises(app).await;
        let received = server.wait_for(1).await;
        assert_eq!(received.len(), 1, "accepted once");
        let tried = server.commands().iter().filter(|line| line.starts_with("RCPT")).count();
        assert_eq!(tried, 3, "{:?}", server.commands());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_is_refused_takes_nothing_from_the_others() {
    let prepare = async || {
        let to = [("alerts.mail.to", "gone@example.com,ops@example.com")];
        a_server(Protection::StartTls, "starttls", &to).await
    };
    on_each_database_beside(prepare, async |app, server| {
        server.answers("gone@example.com", response::NO_MAILBOX);
        something_happens(app, "cus_1").await;
        let received = server.wait_for(1).await;
        assert_eq!(received[0].to, ["ops@example.com"]);
        app.quiet().await;
        let operator = app.operator().await;
        let mut waiting = Vec::new();
        // The server has a mail before the gateway knows that it does.
        for _ in 0..100 {
            let outbox = operator.get("/v1/admin/outbox").await;
            let errors = outbox["data"].as_array().unwrap().iter().map(|one| one["last_error"].clone());
            waiting = errors.collect();
            if !waiting.iter().any(Value::is_null) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(waiting, ["refused: smtp status 550"], "the mailbox's name is not in the list");
        keeps_its_promises(app).await;
        let to: Vec<_> = server.received().into_iter().flat_map(|mail| mail.to).collect();
        assert_eq!(to, ["ops@example.com", "gone@example.com"], "it is there again");
    })
    .await;
}

/// Whoever stands between could take STARTTLS away; then neither mail nor password leaves.
#[tokio::test(flavor = "multi_thread")]
async fn without_tls_nothing_is_sent() {
    let prepare = async || {
        let login = [("alerts.mail.username", "alerts"), ("alerts.mail.password", "hunter2hunter2")];
        a_server(Protection::None, "starttls", &login).await
    };
    on_each_database_beside(prepare, async |app, server| {
        something_happens(app, "cus_1").await;
        let commands = server.wait_until_tried().await;
        assert!(commands.iter().any(|line| line.starts_with("EHLO")), "{commands:?}");
        let only_greeted =
            commands.iter().all(|line| line.starts_with("EHLO") || line == "QUIT" || line == "RSET");
        assert!(only_greeted, "{commands:?}");
        assert_eq!(server.received().len(), 0);
    })
    .await;
}

/// A certificate of an authority that nobody named is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_prove_itself_gets_nothing() {
    let prepare = async || a_server(Protection::StartTls, "starttls", &[("alerts.mail.ca_file", "")]).await;
    on_each_database_beside(prepare, async |app, server| {
        something_happens(app, "cus_1").await;
        let commands = server.wait_until_tried().await;
        assert!(commands.contains(&"STARTTLS".to_owned()), "{commands:?}");
        assert!(
            !commands.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")),
            "{commands:?}"
        );
    })
    .await;
}
