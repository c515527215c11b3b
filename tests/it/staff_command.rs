//! `admin create` and `openapi`, as a person at a shell meets them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use store::testkit::on_each_database;

fn moneybridge(folder: &Path, database: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneybridge"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("MONEYBRIDGE_") || name == "DATABASE_URL") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).args(arguments).args(["--database-url", database]).output().unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn the_first_admin_is_made_at_the_shell() {
    on_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let create = |rest: &[&str]| {
            let arguments = [&["admin", "create", "--phone", "+221770001122"], rest].concat();
            moneybridge(folder.path(), db.url(), &arguments)
        };
        let shown = out(&create(&[]));
        assert!(shown.contains("+221770001122 is admin now") && shown.contains("otpauth://totp/MoneyBridge"));
        assert!(shown.contains('█') || shown.contains('▀'), "a QR code is drawn:\n{shown}");
        let answer: Value = serde_json::from_str(&out(&create(&["--role", "operator", "--json"]))).unwrap();
        let secret = answer["totp_secret"].as_str().unwrap();
        assert!(secret.len() == 32 && !shown.contains(secret), "each time a new one");
        assert!(answer["otpauth"].as_str().unwrap().contains(secret));

        let log = store::audit::list(&mut db.read().await.unwrap().conn(), None, 10).await.unwrap();
        let told: Vec<_> = log.iter().rev().map(|line| (line.action.as_str(), line.actor.as_str())).collect();
        assert_eq!(told, [("user.enrol", "command line"); 2]);
        assert!(log.iter().all(|line| line.object == answer["user"].as_str().unwrap()));

        let refused = moneybridge(folder.path(), db.url(), &["admin", "create", "--phone", "770001122"]);
        assert_eq!(refused.status.code(), Some(2));
    })
    .await;
}

#[test]
fn the_contract_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let printed = out(&moneybridge(folder.path(), "sqlite://never.db", &["openapi"]));
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (method, path, _) in moneybridge::api::permissions::TABLE {
        assert!(document["paths"][path][method.to_lowercase()].is_object(), "{method} {path}");
    }
    assert!(!folder.path().join("never.db").exists());
}
