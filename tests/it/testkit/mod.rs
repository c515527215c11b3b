//! A whole gateway in the test's own process, with its simulators, on a database of its own.
//!
//! A story is told against [`TestApp`] and its people; when it is over the books are closed ([`closing`]): whatever
//! the story was about, both sides balance, nothing is held for what has ended, and our floats are the simulators'.
//!
//! Deliberately absent: sleeping. [`TestApp::quiet`] returns as soon as nothing is left to do now, and
//! [`TestApp::pass`] moves every clock.

mod closing;
mod http;
mod mtn;
mod orange;
mod people;
mod receiver;
mod smtp;
mod stripe;
mod wave;

pub use http::{Answer, Ask};
pub use mtn::{MtnControl, guinean};
pub use orange::OrangeControl;
pub use people::{Customer, Staff, Transfer, euro_ask, ivorian, quote_ask, senegalese};
pub use receiver::{Posted, Receiver};
pub use smtp::{MailServer, Protection};
pub use stripe::{BAD_ACCOUNT, GOOD_ACCOUNT, StripeControl};
pub use wave::{IVORY_COAST, SENEGAL, WaveControl, digest, event, signature};

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use domain::{Account, BusinessId, EntryId, EntryKind, JournalEntry, LedgerStep, Money, Nature, Posting};
use futures::FutureExt;
use futures::future::join_all;
use moneybridge::app::App;
use moneybridge::commands::serve::Gateway;
use moneybridge::config::{Config, Sources, load};
use serde_json::{Value, json};
use store::testkit::TestDb;
use store::writer::Change;
use store::{Engine, inbox, outbox};
use tempfile::TempDir;

/// After this long a test that waits has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a webhook that is not due yet is given, in case that it was under way.
const LATE_EVENTS: Duration = Duration::from_millis(250);
const LOOK_AGAIN: Duration = Duration::from_millis(4);

/// What every test's gateway is set to: nothing in the way of many requests, no waiting for polls.
const SETTINGS: &[(&str, &str)] = &[
    ("listen", "127.0.0.1:0"),
    ("sandbox.listen", "127.0.0.1:0"),
    ("keys.master", "ZYfrfvssxYjaBK7uP9vWDrumtj+oGiiPo41lfVe+qDs="),
    ("auth.access_token_s", "86400"),
    ("auth.second_factor_s", "86400"),
    ("auth.fresh_factor_s", "86400"),
    ("sms.budget_per_number_hour", "1000"),
    ("sms.budget_per_number_day", "1000"),
    ("sms.budget_per_prefix_hour", "100000"),
    ("limits.requests_per_minute", "1000000"),
    ("limits.burst", "100000"),
    ("limits.auth_requests_per_minute", "100000"),
    ("limits.disk_reserve_mb", "0"),
    ("workers.poll_ms", "50"),
    ("rates.feed.pairs", ""),
    // Stories about alerts turn these on; to others they would be requests that nobody expects.
    ("alerts.drift_check_s", "0"),
    ("alerts.check_s", "3600"),
    // Likewise stories about statements.
    ("statements.every_s", "0"),
];

/// A gateway that serves, its simulators and its database.
pub struct TestApp {
    http: reqwest::Client,
    folder: TempDir,
    settings: Vec<(String, String)>,
    running: RwLock<Running>,
    gateway: tokio::sync::Mutex<Option<Gateway>>,
    /// Simulators of the test's own, where it wants other ones than a gateway embeds.
    apart: Option<sandbox::Sandbox>,
    next_phone: AtomicU32,
    /// What was taken out of Wave's wallets by its portal.
    swept: Mutex<BTreeMap<String, i64>>,
    /// Dropped last.
    db: TestDb,
}

#[derive(Clone)]
struct Running {
    app: App,
    gateway: String,
    simulators: String,
}

/// Tells a story on each engine at hand, side by side, and closes the books of each.
pub async fn on_each_database(story: impl AsyncFn(&TestApp)) {
    on_each_database_with(&[], story).await;
}

/// Likewise with some settings changed.
pub async fn on_each_database_with(settings: &[(&str, &str)], story: impl AsyncFn(&TestApp)) {
    let databases = store::testkit::databases().await;
    let tell = async |db: TestDb| {
        let app = TestApp::start(db, settings, None).await;
        Box::pin(story(&app)).await;
        app.close().await;
    };
    join_all(databases.into_iter().map(|db| named(db.engine(), tell(db)))).await;
}

/// Likewise with something prepared for each engine's story alone, and the settings that lead to it.
pub async fn on_each_database_beside<T>(
    prepare: impl AsyncFn() -> (Vec<(&'static str, String)>, T),
    story: impl AsyncFn(&TestApp, &T),
) {
    let databases = store::testkit::databases().await;
    let tell = async |db: TestDb| {
        let (settings, beside) = prepare().await;
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(path, value)| (*path, value.as_str())).collect();
        let app = TestApp::start(db, &settings, None).await;
        Box::pin(story(&app, &beside)).await;
        app.close().await;
    };
    join_all(databases.into_iter().map(|db| named(db.engine(), tell(db)))).await;
}

/// Likewise with simulators whose Ivorian wallet holds no more than `ivorian_float`.
pub async fn on_each_database_with_float(ivorian_float: i64, story: impl AsyncFn(&TestApp)) {
    let databases = store::testkit::databases().await;
    let tell = async |db: TestDb| {
        let simulators = simulators(ivorian_float).await;
        let url = format!("http://{}", simulators.addr());
        let app = TestApp::start(db, &[("sandbox.url", &url)], Some(simulators)).await;
        Box::pin(story(&app)).await;
        app.close().await;
    };
    join_all(databases.into_iter().map(|db| named(db.engine(), tell(db)))).await;
}

/// A story on PostgreSQL alone; told nowhere when there is no server.
pub async fn on_postgres(story: impl AsyncFn(&TestApp)) {
    let Some(server) = store::testkit::postgres_server() else { return };
    let app = TestApp::start(store::testkit::postgres(&server).await, &[], None).await;
    Box::pin(story(&app)).await;
    app.close().await;
}

async fn named(engine: Engine, story: impl Future<Output = ()>) {
    if let Err(cause) = AssertUnwindSafe(story).catch_unwind().await {
        eprintln!("on {engine:?}");
        std::panic::resume_unwind(cause);
    }
}

async fn simulators(ivorian_float: i64) -> sandbox::Sandbox {
    let mut config = sandbox::SandboxConfig::default();
    for wallet in config.wave.iter_mut().filter(|wallet| wallet.wallet == "ci") {
        wallet.opening_balance = ivorian_float;
    }
    sandbox::Sandbox::start(config).await.unwrap()
}

impl TestApp {
    async fn start(db: TestDb, changed: &[(&str, &str)], apart: Option<sandbox::Sandbox>) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let mut settings: Vec<(String, String)> =
            SETTINGS.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
        if apart.is_some() {
            settings.retain(|(path, _)| !path.starts_with("sandbox."));
        }
        let data = folder.path().join("data").display().to_string();
        for (path, value) in [("data_dir", data.as_str()), ("database.url", db.url())].iter().chain(changed) {
            settings.retain(|(known, _)| known != path);
            settings.push(((*path).to_owned(), (*value).to_owned()));
        }
        let gateway = Gateway::start(config(&settings)).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(40))
            .build()
            .unwrap();
        TestApp {
            http,
            folder,
            settings,
            running: RwLock::new(Running::of(&gateway)),
            gateway: tokio::sync::Mutex::new(Some(gateway)),
            apart,
            next_phone: AtomicU32::new(1000),
            swept: Mutex::default(),
            db,
        }
    }

    /// Stops the gateway and starts it again on the same book. Its clock goes on where it was.
    pub async fn restart(&self) {
        let offset = self.app().clock.offset();
        let mut place = self.gateway.lock().await;
        place.take().unwrap().stop().await.unwrap();
        let gateway = Gateway::start(config(&self.settings)).await.unwrap();
        *self.running.write().unwrap() = Running::of(&gateway);
        *place = Some(gateway);
        drop(place);
        self.move_clocks(offset.num_seconds()).await;
    }

    /// A second gateway on the same database, which talks to the same simulators.
    pub async fn second(&self) -> Gateway {
        let mut settings = self.settings.clone();
        let data = self.folder.path().join("second").display().to_string();
        for (path, value) in [("data_dir", data), ("sandbox.url", self.simulators())] {
            settings.retain(|(known, _)| known != path && known != "sandbox.listen");
            settings.push((path.to_owned(), value));
        }
        Gateway::start(config(&settings)).await.unwrap()
    }

    async fn close(self) {
        self.check_books().await;
        if let Some(gateway) = self.gateway.lock().await.take() {
            gateway.stop().await.unwrap();
        }
        if let Some(simulators) = self.apart {
            simulators.stop().await;
        }
        let report = store::ledger::verify::verify(&self.db, &mut |_| {}).await.unwrap();
        assert!(report.is_clean(), "{:#?}", report.findings);
    }

    /// The gateway's parts, for looking behind its API.
    pub fn app(&self) -> App {
        self.running.read().unwrap().app.clone()
    }

    pub fn url(&self) -> String {
        self.running.read().unwrap().gateway.clone()
    }

    pub fn simulators(&self) -> String {
        self.running.read().unwrap().simulators.clone()
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub fn engine(&self) -> Engine {
        self.db.engine()
    }

    pub async fn ask(&self, ask: Ask) -> Answer {
        ask.of(&self.http, &self.url()).await
    }

    /// Asks the simulators' control surface.
    pub async fn control(&self, ask: Ask) -> Answer {
        ask.of(&self.http, &self.simulators()).await
    }

    pub fn wave(&self) -> WaveControl<'_> {
        WaveControl::new(self)
    }

    pub fn mtn(&self) -> MtnControl<'_> {
        MtnControl::new(self)
    }

    pub fn orange(&self) -> OrangeControl<'_> {
        OrangeControl::new(self, "orange")
    }

    pub fn sonatel(&self) -> OrangeControl<'_> {
        OrangeControl::new(self, "sonatel")
    }

    pub fn stripe(&self) -> StripeControl<'_> {
        StripeControl::new(self)
    }

    /// Somebody new, signed in by the code that came to their phone.
    pub async fn customer(&self) -> Customer<'_> {
        let nth = self.next_phone.fetch_add(1, Ordering::Relaxed);
        Customer::sign_in(self, &format!("+22177600{nth}")).await
    }

    pub async fn admin(&self) -> Staff<'_> {
        Staff::sign_in(self, "admin").await
    }

    /// Both admins of a sandbox.
    pub async fn admins(&self) -> (Staff<'_>, Staff<'_>) {
        (Staff::sign_in_nth(self, "admin", 0).await, Staff::sign_in_nth(self, "admin", 1).await)
    }

    pub async fn operator(&self) -> Staff<'_> {
        Staff::sign_in(self, "operator").await
    }

    /// Gives a customer money that came from nowhere that a provider knows: from a bank of the test's.
    pub async fn credit(&self, customer: &Customer<'_>, amount: Money) {
        let app = self.app();
        let owner = Account::Customer { user: customer.id.parse().unwrap(), currency: amount.currency() };
        let bank = Account::Bank { name: "test".to_owned(), currency: amount.currency() };
        let entry = JournalEntry {
            id: EntryId::from_uuid(app.ids.next()),
            kind: EntryKind::Opening,
            nature: Nature::Fact,
            business: BusinessId::Opening,
            movement: None,
            at: app.clock.now(),
            postings: vec![Posting::new(bank, owner, amount).unwrap()],
        };
        app.commit(Change { ledger: vec![LedgerStep::Post(entry)], ..Change::default() }).await.unwrap();
    }

    /// Text messages on a simulated phone, oldest first.
    pub async fn messages(&self, phone: &str) -> Vec<String> {
        let path = format!("/sms/inbox?to={}", phone.replace('+', "%2B"));
        let inbox = self.control(Ask::get(path)).await.expect(200);
        let body = |message: &Value| message["body"].as_str().unwrap().to_owned();
        inbox["data"].as_array().unwrap().iter().rev().map(body).collect()
    }

    /// The one message among those on `phone` that has `part` in it.
    pub async fn was_told(&self, phone: &str, part: &str) {
        let messages = self.messages(phone).await;
        let told = messages.iter().filter(|message| message.contains(part)).count();
        assert_eq!(told, 1, "{phone} was told {part:?} {told} times in {messages:#?}");
    }

    /// Moves every clock forward and waits until nothing is left to do.
    pub async fn pass(&self, seconds: i64) {
        self.move_clocks(seconds).await;
        self.quiet().await;
    }

    pub async fn move_clocks(&self, seconds: i64) {
        if seconds <= 0 {
            return;
        }
        let step = json!({ "advance_seconds": seconds });
        self.ask(Ask::post("/v1/sandbox/clock", &step)).await.expect(200);
        if self.apart.is_some() {
            self.control(Ask::post("/_control/clock", &step)).await.expect(200);
        }
    }

    /// Returns when everything that is due is done: promises kept, callbacks applied, webhooks delivered.
    pub async fn quiet(&self) {
        let begun = Instant::now();
        let mut calm = 0;
        while calm < 2 {
            match self.busy(begun.elapsed() > LATE_EVENTS).await {
                None => calm += 1,
                Some(with) => {
                    calm = 0;
                    assert!(begun.elapsed() < PATIENCE, "still busy with {with}");
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    /// What is still to be done now.
    async fn busy(&self, are_late_events_left: bool) -> Option<String> {
        let app = self.app();
        let is_idle = self.wave().deliveries().await["idle"] == true
            && self.stripe().is_idle().await
            && self.mtn().is_idle().await;
        if !are_late_events_left && !is_idle {
            return Some("webhooks".into());
        }
        let now = app.clock.now();
        let mut reader = app.db.read().await.unwrap();
        let callbacks = inbox::count_waiting(&mut reader.conn()).await.unwrap();
        if callbacks > 0 {
            return Some(format!("{callbacks} callbacks"));
        }
        let promises = outbox::waiting(&mut reader.conn(), None, 1000).await.unwrap();
        let due: Vec<_> = promises.into_iter().filter(|promise| promise.due_at <= now).collect();
        (!due.is_empty()).then(|| format!("{due:#?}"))
    }

    /// Lets time pass until no promise of these kinds waits.
    pub async fn pass_until_kept(&self, kinds: &[&str]) {
        for _ in 0..40 {
            self.quiet().await;
            let app = self.app();
            let waiting =
                outbox::waiting(&mut app.db.read().await.unwrap().conn(), None, 1000).await.unwrap();
            let next = waiting.iter().find(|promise| kinds.contains(&promise.kind.as_str()));
            let Some(next) = next else { return };
            self.move_clocks((next.due_at - app.clock.now()).num_seconds().max(0) + 1).await;
        }
        panic!("{kinds:?} are promised for ever");
    }
}

impl Running {
    fn of(gateway: &Gateway) -> Running {
        let app = gateway.app.clone();
        let simulators = app.simulation.as_ref().unwrap().url.as_str().trim_end_matches('/').to_owned();
        Running { gateway: format!("http://{}", gateway.address), app, simulators }
    }
}

/// Settings as variables, since secrets are not taken from a command line.
fn config(settings: &[(String, String)]) -> Config {
    let variable = |(path, value): &(String, String)| {
        (format!("MONEYBRIDGE_{}", path.to_uppercase().replace('.', "_")).into(), value.into())
    };
    let variables = settings.iter().map(variable).collect();
    let folder = std::env::temp_dir().join("moneybridge-no-such-folder");
    load(&Sources { file: None, folder, variables, flags: vec![] }).unwrap()
}
