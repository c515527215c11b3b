//! The seven scenes with euros: from Paris to a phone in Dakar, and two admins who change the rate meanwhile.
//!
//! All of them order before the rate changes, so that what was offered is seen to hold. Then everybody comes as far as
//! the day allows, seven banking days pass at once, and what banks do in that time has happened.

use chrono::{DateTime, Utc};
use domain::calendar;
use futures::future::join_all;

use super::cues::Cue;
use super::order::Order;
use super::person::Person;
use super::progress::{Line, Progress};
use super::scenes::{Ending, Played, ending, perform};
use super::stage::Stage;
use super::way::{Ask, EURO_DEBIT, EURO_TRANSFER, Payee, Quote, SENEGAL, Way, quote};

/// Banking days until a direct debit is paid: at most one until the bank takes it, one until it is debited, five until
/// it is sure.
const DEBIT_TAKES: u32 = 7;

/// What a scene is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scene {
    Credit,
    Debit,
    Underpaid,
    Late,
    Refused,
    Disputed,
    Rates,
}

use Scene::{Credit, Debit, Disputed, Late, Rates, Refused, Underpaid};

const SCENES: [Scene; 7] = [Credit, Debit, Underpaid, Late, Refused, Disputed, Rates];

/// What these scenes wait for.
#[derive(Debug)]
pub struct Cues {
    /// Everybody has ordered, at the old rate.
    ordered: Cue,
    /// The new rate is in force.
    changed: Cue,
    /// Nobody has anything to do until days have passed.
    waiting: Cue,
    /// They have.
    passed: Cue,
}

/// One scene with all it needs.
#[derive(Debug)]
pub struct Part<'s> {
    scene: Scene,
    number: usize,
    pub stage: &'s Stage,
    pub line: &'s Line,
    cues: &'s Cues,
    pub admins: &'s [Person<'s>; 2],
}

/// Plays every scene, numbered after `played` others; never fails, but scenes may.
pub async fn play(
    stage: &Stage,
    progress: &Progress,
    admins: &[Person<'_>; 2],
    played: usize,
) -> Vec<Played> {
    let numbered = || SCENES.into_iter().zip(played + 1..);
    let of = |is_it: fn(Scene) -> bool| {
        Cue::of(numbered().filter(move |(scene, _)| is_it(*scene)).map(|(_, number)| number))
    };
    let cues = Cues {
        ordered: of(|scene| scene != Rates),
        changed: of(|scene| scene == Rates),
        waiting: of(|_| true),
        passed: of(|scene| scene == Debit),
    };
    let line = |(scene, number): (Scene, usize)| progress.line(&format!("{number:<2} {}", scene.title()));
    let lines: Vec<Line> = numbered().map(line).collect();
    let scenes = numbered().zip(&lines).map(|((scene, number), line)| {
        let part = Part { scene, number, stage, line, cues: &cues, admins };
        part.play()
    });
    join_all(scenes).await
}

impl Scene {
    fn title(self) -> &'static str {
        match self {
            Credit => "euros by bank transfer",
            Debit => "euros by direct debit",
            Underpaid => "paid in two parts",
            Late => "bank transfer late",
            Refused => "payee of euros refused",
            Disputed => "debit disputed after all",
            Rates => "two admins change a rate",
        }
    }
}

impl Part<'_> {
    async fn play(self) -> Played {
        let played = perform(self.number, self.scene.title(), self.line, Box::pin(self.scene())).await;
        let Cues { ordered, changed, waiting, passed } = self.cues;
        [ordered, changed, waiting, passed].into_iter().for_each(|cue| cue.give(self.number));
        played
    }

    async fn scene(&self) -> anyhow::Result<Ending> {
        self.line.say("signs in");
        let person = Person::sign_in(self.stage, &format!("+336120000{:02}", self.number)).await?;
        let ending = match self.scene {
            Credit => self.by_transfer(&person).await,
            Debit => self.by_debit(&person).await,
            Underpaid => self.in_two_parts(&person).await,
            Late => self.late(&person).await,
            Refused => self.refused(&person).await,
            Disputed => self.disputed(&person).await,
            Rates => self.rates(&person).await,
        }?;
        self.line.say("verifies the book");
        let (is_good, found) = self.stage.gateway.verify().await?;
        anyhow::ensure!(is_good, "the book is not sound: {found}");
        Ok(ending)
    }

    /// Orders, and knows what the payee is to get.
    pub(super) async fn order<'p>(&'p self, person: &'p Person<'p>) -> anyhow::Result<(Order<'p>, Quote)> {
        let offer = quote(person, self.ask()).await?;
        let order = Order::place(person, self.line, &offer, &self.payee()).await?;
        self.cues.ordered.give(self.number);
        Ok((order, offer))
    }

    pub(super) fn ask(&self) -> Ask<'static> {
        let from = if matches!(self.scene, Debit | Disputed) { EURO_DEBIT } else { EURO_TRANSFER };
        Ask { way: Way { from, to: SENEGAL }, amount: "100", side: "send" }
    }

    /// A number for each scene; the simulated Wave refuses those that end in 9902.
    pub(super) fn payee(&self) -> Payee {
        let to = match self.scene {
            Refused => "+221770009902".to_owned(),
            _ => format!("+2217700002{:02}", self.number),
        };
        Payee { name: "Awa Diop", to }
    }

    pub(super) async fn ordered_by_all(&self) {
        self.cues.ordered.given_by_all().await;
    }

    pub(super) fn rate_changed(&self) {
        self.cues.changed.give(self.number);
    }

    pub(super) async fn rate_has_changed(&self) {
        self.cues.changed.given_by_all().await;
    }

    /// Has nothing to do for now, and comes back when the banks have done their part.
    pub(super) async fn days_pass(&self) -> anyhow::Result<()> {
        self.cues.waiting.give(self.number);
        if self.scene != Debit {
            self.cues.passed.given_by_all().await;
            return Ok(());
        }
        self.cues.waiting.given_by_all().await;
        self.line.say("lets seven banking days pass");
        self.stage.move_clocks(self.debit_paid_at()).await?;
        self.cues.passed.give(self.number);
        Ok(())
    }

    fn debit_paid_at(&self) -> DateTime<Utc> {
        calendar::banking_days_after(self.stage.now(), DEBIT_TAKES)
    }

    pub(super) async fn ending(&self, orders: &[&Order<'_>], what: &str) -> anyhow::Result<Ending> {
        ending(orders, what).await
    }
}
