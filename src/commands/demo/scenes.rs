//! The eight scenes, played side by side: each a customer of their own, and what goes wrong around their transfer.
//!
//! A fault is set for one reference or one payee's number, so that it meets no other scene. What happens to all of
//! them (the gateway dies, time passes) waits for its cue.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::cues::Cue;
use super::order::Order;
use super::person::Person;
use super::progress::{Line, Progress};
use super::stage::Stage;
use super::way::{Ask, IVORY_COAST, Payee, SENEGAL, Way, quote};

/// The longest that a scene may take.
const PATIENCE: Duration = Duration::from_secs(45);
/// Between two looks at what cannot be waited for otherwise.
pub const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// Within the zone of the franc CFA.
pub const WITHIN_AFRICA: Way = Way { from: SENEGAL, to: IVORY_COAST };

/// Statuses of a transfer whose money came.
const PAID: [&str; 6] = ["funded", "disbursing", "in_reconciliation", "completed", "refunding", "refunded"];

/// What a scene is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scene {
    PaidInApp,
    PaidOnPage,
    PaidLate,
    NeverPaid,
    PayeeRefused,
    ReplyLost,
    Callbacks,
    Killed,
}

use Scene::{Callbacks, Killed, NeverPaid, PaidInApp, PaidLate, PaidOnPage, PayeeRefused, ReplyLost};

const SCENES: [Scene; 8] =
    [PaidInApp, PaidOnPage, PaidLate, NeverPaid, PayeeRefused, ReplyLost, Callbacks, Killed];

/// How a scene went.
#[derive(Clone, Debug)]
pub struct Played {
    /// From 1.
    pub number: usize,
    pub title: &'static str,
    pub took: Duration,
    pub outcome: Result<Ending, String>,
}

/// A scene that went as it should.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The transfers in it, and each one's events.
    pub transfers: Vec<(String, Vec<String>)>,
    /// How it ended, in words.
    pub what: String,
}

/// Plays every scene; never fails, but scenes may.
pub async fn play(stage: &Stage, progress: &Progress) -> Vec<Played> {
    let all = || 1..=SCENES.len();
    let is_killer = |number: &usize| SCENES[number - 1] == Killed;
    let cues = Cues {
        settled: Cue::of(all().filter(|number| !is_killer(number))),
        restarted: Cue::of(all().filter(is_killer)),
    };
    let lines = all().map(|number| progress.line(&format!("{number}  {}", SCENES[number - 1].title())));
    let lines: Vec<Line> = lines.collect();
    let scenes = SCENES.iter().zip(&lines).zip(1..).map(|((scene, line), number)| {
        let part = Part { scene: *scene, number, stage, line, cues: &cues };
        part.play()
    });
    join_all(scenes).await
}

/// Plays one scene, within patience, and shows how it ended.
pub async fn perform(
    number: usize,
    title: &'static str,
    line: &Line,
    scene: impl Future<Output = anyhow::Result<Ending>>,
) -> Played {
    let begun = Instant::now();
    let outcome = match timeout(PATIENCE, scene).await {
        Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
        Err(_) => Err(format!("not over after {} s", PATIENCE.as_secs())),
    };
    match &outcome {
        Ok(ending) => line.end(true, &ending.what),
        Err(error) => line.end(false, error),
    }
    Played { number, title, took: begun.elapsed(), outcome }
}

/// What scenes wait for.
#[derive(Debug)]
pub struct Cues {
    /// Every scene but the killer's has come where neither a crash nor a leap in time disturbs what it shows.
    pub settled: Cue,
    /// The gateway is up again.
    pub restarted: Cue,
}

/// One scene with all it needs.
#[derive(Debug)]
pub struct Part<'s> {
    scene: Scene,
    pub number: usize,
    pub stage: &'s Stage,
    pub line: &'s Line,
    pub cues: &'s Cues,
}

impl Scene {
    fn title(self) -> &'static str {
        match self {
            PaidInApp => "paid in the app",
            PaidOnPage => "paid on the hosted page",
            PaidLate => "paid late",
            NeverPaid => "never paid",
            PayeeRefused => "payee refused",
            ReplyLost => "payout's reply lost",
            Callbacks => "webhooks forged, repeated, reordered",
            Killed => "gateway killed during the payout",
        }
    }
}

impl Part<'_> {
    async fn play(self) -> Played {
        let played = perform(self.number, self.scene.title(), self.line, Box::pin(self.scene())).await;
        self.cues.settled.give(self.number);
        self.cues.restarted.give(self.number);
        played
    }

    async fn scene(&self) -> anyhow::Result<Ending> {
        self.line.say("signs in");
        let person = Person::sign_in(self.stage, &format!("+2217700001{:02}", self.number)).await?;
        match self.scene {
            PaidInApp => self.paid_in_app(&person).await,
            PaidOnPage => self.paid_on_page(&person).await,
            PaidLate => self.paid_late(&person).await,
            NeverPaid => self.never_paid(&person).await,
            PayeeRefused => self.payee_refused(&person).await,
            ReplyLost => self.reply_lost(&person).await,
            Callbacks => self.callbacks(&person).await,
            Killed => self.killed(&person).await,
        }
    }

    pub(super) async fn order<'p>(&'p self, person: &'p Person<'p>) -> anyhow::Result<Order<'p>> {
        let offer = quote(person, self.ask()).await?;
        Order::place(person, self.line, &offer, &self.payee()).await
    }

    pub(super) fn ask(&self) -> Ask<'static> {
        Ask { way: WITHIN_AFRICA, amount: "10000", side: "send" }
    }

    /// A number for each scene; the simulated Wave refuses those that end in 9902.
    pub(super) fn payee(&self) -> Payee {
        let to = match self.scene {
            PayeeRefused => "+2250700009902".to_owned(),
            _ => format!("+22507000001{:02}", self.number),
        };
        Payee { name: "Awa Koné", to }
    }

    /// The request that pays out to this scene's payee.
    pub(super) fn payout(&self) -> Value {
        json!({ "method": "POST", "path": "/payout", "reference": self.payee().to })
    }

    pub(super) async fn funded(&self, order: &Order<'_>) -> anyhow::Result<()> {
        order.until(&PAID).await?;
        self.settled();
        Ok(())
    }

    pub(super) fn settled(&self) {
        self.cues.settled.give(self.number);
    }

    pub(super) async fn ending(&self, orders: &[&Order<'_>], what: &str) -> anyhow::Result<Ending> {
        ending(orders, what).await
    }
}

/// How a scene went, with the events of its transfers.
pub async fn ending(orders: &[&Order<'_>], what: &str) -> anyhow::Result<Ending> {
    let mut transfers = Vec::new();
    for order in orders {
        transfers.push((order.id.clone(), order.events().await?));
    }
    Ok(Ending { transfers, what: what.to_owned() })
}
