//! What a reader of each room relies on, checked over the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files that are longer than the rest, each for a reason.
const LONG: &[(&str, &str)] =
    &[("store/src/writer/postgres.rs", "one transaction, statement by statement, in the order they run")];
const LONGEST: usize = 450;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `folder` with this ending, by their path from the root.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A source without its comments and without the tests at its end.
fn code(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let uncommented = |line: &str| line.split("// ").next().unwrap_or_default().to_owned();
    source.lines().filter(|line| !line.trim_start().starts_with("//")).map(uncommented).fold(
        String::new(),
        |mut code, line| {
            code.push_str(&line);
            code.push('\n');
            code
        },
    )
}

/// Tests of their own file.
fn is_test(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("tests.rs")
        || path.ends_with("properties.rs")
        || path.contains("testkit")
}

/// No source below `room` has any of these words in its code.
fn has_never_heard_of(room: &str, words: &[&str]) {
    for (path, source) in files(room, "rs").into_iter().filter(|(path, _)| !is_test(path)) {
        let code = code(&source);
        for word in words {
            assert!(!code.contains(word), "{path} has heard of {word}");
        }
    }
}

/// No such line among a crate's dependencies.
fn depends_on_none_of(manifest: &str, names: &[&str]) {
    let manifest_text = read(manifest);
    let dependencies = manifest_text.split("[dependencies]").nth(1).unwrap_or_default();
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    for name in names {
        let is_there = dependencies.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(*name));
        assert!(!is_there, "{manifest} depends on {name}");
    }
}

#[test]
fn the_domain_is_pure() {
    has_never_heard_of(
        "domain/src",
        &[
            "axum",
            "hyper",
            "reqwest",
            "http::",
            "sqlx",
            "rusqlite",
            "serde",
            "tokio",
            "async fn",
            "Utc::now",
            "now_v7",
            "new_v4",
            "rand::",
            "std::fs",
            "std::net",
            "std::env",
            "SystemTime",
            "Instant::now",
            "println!",
            "f64",
            "f32",
        ],
    );
    let outside =
        ["serde", "serde_json", "tokio", "sqlx", "axum", "reqwest", "rand", "http", "store", "providers"];
    depends_on_none_of("domain/Cargo.toml", &outside);
}

#[test]
fn providers_know_no_store_and_the_store_no_provider() {
    has_never_heard_of(
        "providers/src",
        &["store::", "sqlx", "rusqlite", "moneybridge::", "sandbox::", "axum"],
    );
    depends_on_none_of("providers/Cargo.toml", &["store", "sqlx", "rusqlite", "sandbox", "axum"]);
    has_never_heard_of(
        "store/src",
        &["providers::", "reqwest", "axum", "hyper", "moneybridge::", "sandbox::"],
    );
    depends_on_none_of("store/Cargo.toml", &["providers", "reqwest", "axum", "sandbox"]);
}

#[test]
fn the_simulators_use_nothing_of_ours() {
    let ours = ["domain::", "store::", "providers::", "moneybridge::", "moneybridge_"];
    has_never_heard_of("sandbox/src", &ours);
    depends_on_none_of("sandbox/Cargo.toml", &["domain", "store", "providers", "moneybridge"]);
}

/// It measures the program as it is run: see `docs/adr/0039-how-speed-is-measured.md`.
#[test]
fn the_benchmark_knows_the_gateway_from_outside_only() {
    has_never_heard_of("bench/src", &["moneybridge::", "providers::", "sandbox::"]);
    depends_on_none_of("bench/Cargo.toml", &["moneybridge", "providers", "sandbox"]);
}

#[test]
fn services_know_no_http_server_no_sql_and_no_provider_by_name() {
    let sql = [
        "sqlx", "rusqlite", "\"SELECT", "\"INSERT", "\"UPDATE", "\"DELETE", " FROM ", "axum", "hyper::",
        "reqwest",
    ];
    has_never_heard_of("src/services", &sql);
    has_never_heard_of("src/workers", &sql);
    let names = ["wave", "orange", "stripe", "mtn", "sonatel", "Wave", "Orange", "Stripe", "Mtn", "Sonatel"];
    has_never_heard_of("src/services", &names);
    has_never_heard_of("src/workers", &names);
}

#[test]
fn the_api_knows_no_sql() {
    has_never_heard_of("src/api", &["sqlx", "rusqlite", "\"SELECT", "\"INSERT", "\"UPDATE", "\"DELETE FROM"]);
}

/// See `docs/adr/0026-what-operators-cannot-infer.md`.
#[test]
fn margins_are_revealed_to_the_books_and_to_admins_only() {
    let may = ["store/src/quotes.rs", "store/src/transfers.rs"];
    for (path, source) in ["src", "store/src", "providers/src"].iter().flat_map(|room| files(room, "rs")) {
        let is_admin_s = path.starts_with("src/api/admin/") && !OPERATORS_READ.contains(&path.as_str());
        let is_allowed = may.contains(&path.as_str()) || is_admin_s || is_test(&path);
        assert!(is_allowed || !code(&source).contains(".reveal()"), "{path} reveals what is for admins");
    }
}

/// Views of staff, operators among them.
const OPERATORS_READ: [&str; 5] = [
    "src/api/admin/attention.rs",
    "src/api/admin/audit.rs",
    "src/api/admin/ledger.rs",
    "src/api/admin/queues.rs",
    "src/api/admin/sms.rs",
];

#[test]
fn time_and_chance_come_from_one_place() {
    for room in ["src", "store/src", "providers/src"] {
        for (path, source) in files(room, "rs").into_iter().filter(|(path, _)| !is_test(path)) {
            let code = code(&source);
            let is_the_place = path == "src/clock.rs";
            assert!(is_the_place || !code.contains("Utc::now"), "{path} tells the time");
            assert!(is_the_place || !code.contains("now_v7"), "{path} makes ids");
        }
    }
}

fn every_source() -> Vec<(String, String)> {
    let rooms = ["src", "domain", "store", "providers", "sandbox", "bench", "tests"];
    rooms.iter().flat_map(|room| files(room, "rs")).filter(|(path, _)| !path.contains("target/")).collect()
}

#[test]
fn every_module_introduces_itself() {
    for (path, source) in every_source() {
        let is_known = is_test(&path) || path.ends_with("build.rs");
        assert!(source.starts_with("//!") || is_known, "{path} does not say what it is");
    }
}

#[test]
fn no_file_is_long_without_a_reason() {
    for (path, source) in
        every_source().into_iter().filter(|(path, _)| !is_test(path) && !path.starts_with("tests/"))
    {
        let lines = source.lines().count();
        let is_known = LONG.iter().any(|(known, why)| *known == path && !why.is_empty());
        assert!(lines <= LONGEST || is_known, "{path} has {lines} lines");
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("unimple", "mented!(")];
    let texts = ["docs", "locales", "migrations"]
        .into_iter()
        .flat_map(|folder| ["md", "ftl", "sql"].into_iter().flat_map(move |ending| files(folder, ending)));
    for (path, text) in every_source().into_iter().chain(texts) {
        for mark in marks {
            assert!(!text.contains(mark), "{path} has a {mark}");
        }
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| -> BTreeSet<String> {
        files(folder, "sql")
            .into_iter()
            .map(|(path, _)| Path::new(&path).file_name().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    let postgres = names("migrations/postgres");
    assert_eq!(postgres, names("migrations/sqlite"));
    assert!(!postgres.is_empty());
    let numbers: BTreeSet<&str> = postgres.iter().map(|name| name.split('_').next().unwrap()).collect();
    assert_eq!(numbers.len(), postgres.len(), "each number once");
    for folder in ["migrations/postgres", "migrations/sqlite"] {
        for (path, text) in files(folder, "sql") {
            assert!(text.starts_with("--"), "{path} does not say why");
        }
    }
}

fn keys(language: &str) -> BTreeSet<String> {
    let text = read(&format!("locales/{language}.ftl"));
    let key = |line: &str| Some(line.split_once(" = ")?.0.to_owned());
    text.lines().filter(|line| !line.starts_with([' ', '#'])).filter_map(key).collect()
}

#[test]
fn both_languages_have_every_text() {
    let (french, english) = (keys("fr"), keys("en"));
    let apart: Vec<_> = french.symmetric_difference(&english).collect();
    assert!(apart.is_empty(), "only in one language: {apart:?}");
}

/// The first text given to a call of `function` in the domain's code.
fn words_said(function: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (_, source) in files("domain/src/transfer", "rs") {
        for call in source.split(&format!(".{function}(")).skip(1) {
            let arguments = call.split(';').next().unwrap_or_default();
            words.extend(
                arguments.split('"').skip(1).step_by(2).filter(|word| is_word(word)).map(str::to_owned),
            );
        }
    }
    words
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[test]
fn every_event_of_the_timeline_has_words() {
    let said: BTreeSet<String> = ["say", "note_for_staff"].into_iter().flat_map(words_said).collect();
    assert!(said.len() > 15, "{said:?}");
    let known = keys("en");
    for word in said {
        assert!(known.contains(&format!("timeline-{word}")), "timeline-{word} has no text");
    }
}

#[test]
fn the_house_has_its_papers() {
    for path in [
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "Dockerfile",
        ".env.example",
        ".ci/run",
        "test",
        "rustfmt.toml",
        "clippy.toml",
        "deny.toml",
        "config.default.toml",
        "docs/ARCHITECTURE.md",
        "docs/adr/README.md",
    ] {
        assert!(read(path).len() > 30, "{path} is empty");
    }
    let records: Vec<_> =
        files("docs/adr", "md").into_iter().filter(|(path, _)| !path.ends_with("README.md")).collect();
    let index = read("docs/adr/README.md");
    for (path, text) in records {
        let name = Path::new(&path).file_name().unwrap().to_str().unwrap().to_owned();
        assert!(index.contains(&name), "{name} is not in the list of decisions");
        assert!(text.starts_with("# "), "{path} has no title");
    }
}

/// A test file that no `mod` names is never run.
#[test]
fn every_test_file_is_run() {
    for (path, _) in files("tests/it", "rs").into_iter().filter(|(path, _)| path != "tests/it/main.rs") {
        let file = Path::new(&path);
        let is_folder = file.file_name().unwrap() == "mod.rs";
        let module = if is_folder { file.parent().unwrap() } else { file };
        let folder = module.parent().unwrap();
        let name = module.file_stem().unwrap().to_str().unwrap();
        let parent =
            if folder == Path::new("tests/it") { folder.join("main.rs") } else { folder.join("mod.rs") };
        let declared = format!("mod {name};");
        assert!(read(parent.to_str().unwrap()).contains(&declared), "{path} is in no module");
    }
}
