//! `verify`, `backup` and `restore`, as a person at a shell uses them beside a running writer.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use store::testkit::scene::Scene;
use store::testkit::{TestDb, bare_postgres, instant, on_each_database, postgres_server};
use store::writer::Moment;
use store::{Db, Engine, Writer};
use tempfile::TempDir;

/// A shell in an empty folder.
struct Shell(TempDir);

impl Shell {
    fn open() -> Shell {
        Shell(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    async fn run(&self, url: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moneybridge"));
        for (name, _) in std::env::vars_os() {
            let ours = name.to_str().is_some_and(|name| name.starts_with("MONEYBRIDGE_"));
            if ours || name == "PORT" || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        command.current_dir(self.0.path()).args(arguments).args(["--database-url", url]);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", out(output), err(output));
    out(output)
}

#[track_caller]
fn refused(output: &Output, because: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", out(output));
    assert!(err(output).contains(because), "{}", err(output));
}

/// A book of some transfers, and its writer.
async fn played(db: &TestDb) -> (Scene, Writer) {
    let mut scene = Scene::new(91);
    store::idempotency::rotate(db, instant()).await.unwrap();
    let writer = Writer::start(db, scene.clock.clone()).unwrap();
    scene.play(&writer, 48).await;
    seal_all(db, &*scene.clock).await;
    (scene, writer)
}

async fn seal_all(db: &Db, moment: &dyn Moment) {
    while store::ledger::sealer::seal(db, moment, "a test").await.unwrap().blocks > 0 {}
}

/// Where a restored book goes: nowhere yet. The database of PostgreSQL lives as long as the handle.
async fn nowhere(db: &TestDb, shell: &Shell, name: &str) -> (String, Option<TestDb>) {
    match db.engine() {
        Engine::Sqlite => (format!("sqlite://{}", shell.path(name).join("restored.db").display()), None),
        Engine::Postgres => {
            let bare = bare_postgres(&postgres_server().unwrap()).await;
            (bare.url().to_owned(), Some(bare))
        }
    }
}

async fn verified(shell: &Shell, url: &str) -> Value {
    let output = shell.run(url, &["verify", "--json"]).await;
    let report: Value = serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{}", err(&output)));
    assert_eq!(output.status.success(), report["clean"] == true);
    report
}

fn folder_within(folder: &Path) -> PathBuf {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_book_backed_up_while_it_is_written_restores_whole() {
    on_each_database(async |db| {
        let shell = Shell::open();
        let (mut scene, writer) = played(&db).await;
        let blob = shell.path("data/blobs/ab/cdef");
        std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
        std::fs::write(&blob, b"a proof").unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (clock, stopped, book) = (scene.clock.clone(), stop.clone(), Db::clone(&db));
        let writing = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                scene.play_on(&writer, 12).await;
                seal_all(&book, &*clock).await;
            }
        });
        std::fs::create_dir(shell.path("backups")).unwrap();
        for round in 0..3 {
            let before = verified(&shell, db.url()).await;
            assert_eq!(before["clean"], true, "{before:#}");
            let to = shell.path(&format!("backups/{round}"));
            std::fs::create_dir(&to).unwrap();
            let data = shell.path("data").display().to_string();
            let backup = ["backup", "--data-dir", &data, "--to", to.to_str().unwrap()];
            let told = succeeded(&shell.run(db.url(), &backup).await);
            let made = folder_within(&to);
            assert_eq!(told.lines().next(), made.to_str());
            let (url, _kept) = nowhere(&db, &shell, &format!("restored-{round}")).await;
            let data = shell.path(&format!("data-{round}")).display().to_string();
            let restore = ["restore", "--data-dir", &data, "--from", made.to_str().unwrap(), "--to", &url];
            let told = succeeded(&shell.run(db.url(), &restore).await);
            assert!(told.contains("the book is whole"), "{told}");
            let beside = match db.engine() {
                Engine::Sqlite => shell.path(&format!("restored-{round}")),
                Engine::Postgres => PathBuf::from(data),
            };
            assert_eq!(std::fs::read(beside.join("blobs/ab/cdef")).unwrap(), b"a proof");
            let restored = verified(&shell, &url).await;
            let after = verified(&shell, db.url()).await;
            for what in ["transfers", "entries", "postings", "blocks"] {
                let of = |report: &Value| report["counts"][what].as_u64().unwrap();
                let (least, here, most) = (of(&before), of(&restored), of(&after));
                assert!(least <= here && here <= most, "{what}: {least} <= {here} <= {most}");
            }
        }
        stop.store(true, Ordering::Relaxed);
        writing.await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_refuses_what_is_not_whole_and_overwrites_nothing() {
    on_each_database(async |db| {
        let shell = Shell::open();
        let (_scene, _writer) = played(&db).await;
        let file = shell.path("a.backup");
        let from = file.to_str().unwrap();
        succeeded(&shell.run(db.url(), &["backup", "--to", from]).await);
        refused(&shell.run(db.url(), &["backup", "--to", from]).await, "is there already");
        let already = if db.engine() == Engine::Sqlite { "is there already" } else { "tables already" };
        refused(&shell.run(db.url(), &["restore", "--from", from]).await, already);
        assert_eq!(verified(&shell, db.url()).await["clean"], true);

        let (url, _kept) = nowhere(&db, &shell, "elsewhere").await;
        let other = if db.engine() == Engine::Sqlite { "postgres://u@127.0.0.1/x" } else { "sqlite://x.db" };
        refused(&shell.run(other, &["restore", "--from", from]).await, "cannot be restored into");
        let whole = std::fs::read(&file).unwrap();
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        std::fs::write(&file, &damaged).unwrap();
        refused(&shell.run(&url, &["restore", "--from", from]).await, "not what was backed up");
        refused(
            &shell.run(&url, &["verify"]).await,
            if db.engine() == Engine::Sqlite { "no book" } else { "lacks" },
        );
        std::fs::write(&file, &whole).unwrap();

        // A manifest that names another last block than the book leads to.
        let manifest = shell.path("a.backup.manifest.json");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        let hash = told["last_block"]["hash"].as_str().unwrap();
        std::fs::write(&manifest, text.replace(hash, &"0".repeat(64))).unwrap();
        let restored = shell.run(&url, &["restore", "--from", from]).await;
        assert_eq!(restored.status.code(), Some(1));
        assert!(out(&restored).contains("another block than the one that was noted"), "{}", out(&restored));
        refused(
            &shell.run(&url, &["restore", "--from", shell.path("none").to_str().unwrap()]).await,
            "no backup",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_what_is_wrong_and_exits_with_one() {
    on_each_database(async |db| {
        let shell = Shell::open();
        let (_scene, _writer) = played(&db).await;
        let clean = shell.run(db.url(), &["verify"]).await;
        let told = succeeded(&clean);
        assert!(told.ends_with("the book is whole\n"), "{told}");
        let head = told.split("last block ").nth(1).unwrap().lines().next().unwrap();
        succeeded(&shell.run(db.url(), &["verify", "--anchor", head]).await);
        let elsewhere = format!("{}:{}", head.split(':').next().unwrap(), "0".repeat(64));
        assert_eq!(shell.run(db.url(), &["verify", "--anchor", &elsewhere]).await.status.code(), Some(1));
        assert_eq!(shell.run(db.url(), &["verify", "--anchor", "1:zz"]).await.status.code(), Some(2));

        assert!(
            db.execute("UPDATE accounts SET balance = balance + 1 WHERE name = 'float:wave:sn:XOF'").await
                > 0
        );
        let broken = shell.run(db.url(), &["verify"]).await;
        assert_eq!(broken.status.code(), Some(1));
        assert!(out(&broken).contains("the book is NOT whole: 1 findings"), "{}", out(&broken));
        let report = verified(&shell, db.url()).await;
        let account: domain::Account = "float:wave:sn:XOF".parse().unwrap();
        assert_eq!(report["findings"][0]["check"], "balance");
        assert_eq!(report["findings"][0]["place"], account.id().to_string());
        let nowhere = format!("sqlite://{}", shell.path("none.db").display());
        refused(&shell.run(&nowhere, &["verify"]).await, "there is no book at");
        assert!(!shell.path("none.db").exists());
    })
    .await;
}
