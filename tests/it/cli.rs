//! The program as a person at a shell meets it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

/// Runs the program in an empty folder, without this process's own settings.
fn moneybridge(folder: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneybridge"));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| name.starts_with("MONEYBRIDGE_"));
        if ours || name == "PORT" || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn help_and_version_explain_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let help = moneybridge(folder.path(), &["--help"]);
    assert!(help.status.success());
    for word in ["keys", "health", "--config", "--listen", "--database-url", "--set", "config.default.toml"] {
        assert!(out(&help).contains(word), "{word} is missing in\n{}", out(&help));
    }
    let version = moneybridge(folder.path(), &["--version"]);
    assert_eq!(out(&version), concat!("moneybridge ", env!("CARGO_PKG_VERSION"), "\n"));
    let nonsense = moneybridge(folder.path(), &["nonsense"]);
    assert_eq!(nonsense.status.code(), Some(2));
    assert!(out(&nonsense).is_empty());
}

#[test]
fn keys_are_drawn_anew_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let draw = || out(&moneybridge(folder.path(), &["keys", "generate"]));
    let (first, second) = (draw(), draw());
    assert_ne!(first, second);
    let names: Vec<&str> = first.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert_eq!(names, ["MONEYBRIDGE_KEYS_MASTER", "MONEYBRIDGE_KEYS_TOKEN"]);
    let json = out(&moneybridge(folder.path(), &["keys", "generate", "--json"]));
    let keys: BTreeMap<String, String> = serde_json::from_str(&json).unwrap();
    assert_eq!(keys.keys().map(String::as_str).collect::<Vec<_>>(), ["master", "token"]);
    assert!(keys.values().all(|key| key.len() == 44), "32 bytes in base64");
    assert_ne!(keys["master"], keys["token"]);
}

#[test]
fn key_files_are_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let made = moneybridge(folder.path(), &["keys", "generate", "--dir", "secrets"]);
    assert_eq!(
        out(&made),
        "MONEYBRIDGE_KEYS_MASTER_FILE=secrets/master.key\nMONEYBRIDGE_KEYS_TOKEN_FILE=secrets/token.key\n"
    );
    let path = folder.path().join("secrets/master.key");
    let key = std::fs::read_to_string(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = moneybridge(folder.path(), &["keys", "generate", "--dir", "secrets"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("secrets/master.key"), "{}", err(&again));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), key);
}

#[test]
fn wrong_settings_stop_the_start_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("moneybridge.toml"), "lisen = \"127.0.0.1:1\"\n").unwrap();
    let refused = moneybridge(folder.path(), &["health", "--set", "log.format=xml", "--mode", "test"]);
    assert_eq!(refused.status.code(), Some(1));
    for expected in [
        "error: cannot start: the settings have 3 problems",
        "lisen (moneybridge.toml): is no setting\n    hint: did you mean listen?",
        "mode = \"test\" (flag --mode): is no mode\n    hint: \"sandbox\" or \"live\"",
        "log.format = \"xml\" (flag --set): is no log format",
    ] {
        assert!(err(&refused).contains(expected), "{expected}\nis missing in\n{}", err(&refused));
    }
}

/// A request up to the empty line.
fn read_head(caller: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        caller.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn health_asks_the_gateway_that_the_settings_describe() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let gateway = std::thread::spawn(move || {
        ["200 OK", "503 Service Unavailable", "nonsense"].map(|status| {
            let (mut caller, _) = listener.accept().unwrap();
            let request = read_head(&mut caller);
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            caller.write_all(answer.as_bytes()).unwrap();
            request
        })
    });
    let codes = [(); 3].map(|()| moneybridge(folder.path(), &["health", "--listen", &address]).status.code());
    assert_eq!(codes, [Some(0), Some(1), Some(1)]);
    let requests = gateway.join().unwrap();
    assert!(requests[0].starts_with("GET /healthz HTTP/1.1\r\nhost: localhost\r\n"), "{}", requests[0]);
    let nobody = moneybridge(folder.path(), &["health", "--listen", &address]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(err(&nobody).contains("cannot be asked"), "{}", err(&nobody));
}
