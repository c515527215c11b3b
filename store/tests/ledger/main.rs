//! The ledger on both engines: the writer, the sealer, what is read of it, and that every tamper is found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails in a test should stop it"
)]

mod gateways;
mod reads;
mod sealing;
mod tampering;
mod verifying;
mod writer;

use std::sync::Arc;

use store::testkit::TestDb;
use store::testkit::scene::{Scene, Story};
use store::{Conn, Db, Writer, idempotency};

/// A scene and the writer of a fresh book.
async fn opened(db: &TestDb, seed: u64) -> (Scene, Writer) {
    let scene = Scene::new(seed);
    idempotency::rotate(db, store::testkit::instant()).await.unwrap();
    let writer = writer(db, &scene);
    (scene, writer)
}

fn writer(db: &Db, scene: &Scene) -> Writer {
    Writer::start(db, scene.clock.clone()).unwrap()
}

/// A book in which `count` transfers were played, sealed up to the last entry.
async fn played(db: &TestDb, seed: u64, count: usize) -> (Scene, Writer, Vec<Story>) {
    let (mut scene, writer) = opened(db, seed).await;
    let stories = scene.play(&writer, count).await;
    seal_all(db, &scene).await;
    (scene, writer, stories)
}

async fn seal_all(db: &Db, scene: &Scene) {
    let moment: &dyn store::writer::Moment = &*Arc::clone(&scene.clock);
    while store::ledger::sealer::seal(db, moment, "a test").await.unwrap().blocks > 0 {}
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    let mut reader = db.read().await.unwrap();
    match reader.conn() {
        Conn::Sqlite(c) => sqlx::query_scalar(sql).fetch_one(c).await.unwrap(),
        Conn::Postgres(c) => sqlx::query_scalar(sql).fetch_one(c).await.unwrap(),
    }
}
