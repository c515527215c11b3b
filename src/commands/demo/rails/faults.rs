//! Every fault around every request that moves money, all at once, and the clock that moves until each has ended.
//!
//! Nothing here sleeps for an outcome: whatever is due is waited for, whoever can pay pays, and then the clock goes on to
//! the next question of the ladder. What is unknown at the last of them two people look up and end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Provider, Rail};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::cast::Cast;
use super::fault::{End, Fault};
use super::judge;
use super::trials::{self, Trial};
use crate::commands::demo::admins::agreement;
use crate::commands::demo::books;
use crate::commands::demo::http::{Request, data, text};
use crate::commands::demo::person::Person;
use crate::commands::demo::progress::{Line, Progress};
use crate::commands::demo::scenes::{Ending, LOOK_AGAIN, Played};
use crate::commands::demo::simulators;
use crate::commands::demo::stage::Stage;
use crate::commands::demo::way::quote;

/// The longest that all of it may take.
const PATIENCE: Duration = Duration::from_secs(150);
/// The longest that the gateway may need for what is due.
const QUIET_WITHIN: Duration = Duration::from_secs(40);
/// Seconds from one question of the ladder to the next.
const STEPS: [i64; 6] = [1, 6, 16, 41, 121, 601];
/// Promises that a transfer waits for; fees and messages can come later.
const MOVING: [&str; 5] = ["submit", "inquire", "close", "dispatch", "give_back"];
/// What nobody knows for so long people may end.
const UNKNOWN_FOR: TimeDelta = TimeDelta::hours(2);

/// A trial that was ordered.
#[derive(Debug)]
pub struct Ordered {
    pub trial: Trial,
    /// The transfer.
    pub id: String,
    /// What its fault is called at the simulator, but for a forgery.
    pub fault: Option<u64>,
    pub is_paid: bool,
}

/// How one trial ended.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub trial: Trial,
    pub ended: Result<End, String>,
}

/// Plays all of it: a line for each rail, and how each trial ended. Never fails, but trials may.
pub async fn play<'s>(
    stage: &'s Stage,
    progress: &Progress,
    admins: &mut [Person<'s>; 2],
    played: usize,
) -> (Vec<Played>, Vec<Verdict>) {
    let begun = Instant::now();
    let rails = [Rail::Wave, Rail::SepaTransfer, Rail::OrangeWeb, Rail::OrangeSonatel, Rail::MtnMomo];
    let numbered = || rails.into_iter().zip(played + 1..);
    let lines: Vec<Line> =
        numbered().map(|(rail, number)| progress.line(&format!("{number:<2} {}", title(rail)))).collect();
    let mut run = Run { stage, admins, lines: &lines, since: stage.now(), ordered: Vec::new() };
    let outcome = match timeout(PATIENCE, Box::pin(run.play())).await {
        Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
        Err(_) => Err(format!("not over after {} s", PATIENCE.as_secs())),
    };
    let verdicts = outcome.clone().unwrap_or_default();
    let rows = numbered().zip(&lines).map(|((rail, number), line)| {
        let of_rail: Vec<&Verdict> =
            verdicts.iter().filter(|verdict| verdict.trial.target.rail == rail).collect();
        let outcome = outcome.as_ref().map_err(Clone::clone).and_then(|_| judge::together(&of_rail));
        match &outcome {
            Ok(what) => line.end(true, what),
            Err(error) => line.end(false, error),
        }
        let outcome = outcome.map(|what| Ending { transfers: vec![], what });
        Played { number, title: title(rail), took: begun.elapsed(), outcome }
    });
    (rows.collect(), verdicts)
}

fn title(rail: Rail) -> &'static str {
    match rail {
        Rail::Wave => "every fault at Wave",
        Rail::OrangeWeb => "every fault at Orange's page",
        Rail::OrangeSonatel => "every fault at Sonatel",
        Rail::MtnMomo => "every fault at MTN",
        _ => "every fault at Stripe",
    }
}

struct Run<'r, 's> {
    stage: &'s Stage,
    /// Signed in anew when hours have passed.
    admins: &'r mut [Person<'s>; 2],
    lines: &'r [Line],
    /// No transfer of ours is older.
    since: DateTime<Utc>,
    ordered: Vec<Ordered>,
}

impl Run<'_, '_> {
    async fn play(&mut self) -> anyhow::Result<Vec<Verdict>> {
        self.say("fill their balances");
        let cast = Cast::sign_in(self.stage, &self.lines[0]).await?;
        self.say("order");
        self.order(&cast).await?;
        for step in STEPS {
            self.say(&format!("wait {step} s"));
            self.stage.move_clocks(self.stage.now() + TimeDelta::seconds(step)).await?;
            self.settle().await?;
            if self.views().await?.iter().all(|(_, view)| is_over(view)) {
                break;
            }
        }
        self.say("ask two people");
        self.end_by_people().await?;
        self.say("spend what is left");
        cast.spend_what_is_left(self.admin(), &self.lines[0]).await?;
        judge::all(self.stage, self.admin(), &self.ordered).await
    }

    fn admin(&self) -> &Person<'_> {
        &self.admins[0]
    }

    fn say(&self, news: &str) {
        self.lines.iter().for_each(|line| line.say(news));
    }

    /// All quotes, then all faults of requests, then all orders.
    async fn order(&mut self, cast: &Cast<'_>) -> anyhow::Result<()> {
        let trials = trials::all();
        let offers = trials.iter().map(async |trial| {
            let (person, _) = cast.of(trial.currency())?;
            quote(person, trial.ask(&trial.amount())).await
        });
        let offers = try_join_all(offers).await?;
        let faults = trials.iter().map(async |trial| match trial.request_fault() {
            None => Ok(None),
            Some(fault) => self.set(trial, fault).await.map(Some),
        });
        let faults: Vec<Option<u64>> = try_join_all(faults).await?;
        let orders = trials.iter().zip(&offers).map(async |(trial, offer)| {
            let (person, owner) = cast.of(trial.currency())?;
            person.ask(offer.order(person, &trial.payee(owner))).await
        });
        let orders = try_join_all(orders).await?;
        let all = trials.into_iter().zip(orders).zip(faults);
        let ordered = all.map(|((trial, view), fault)| Ordered {
            id: text(&view, "id").to_owned(),
            is_paid: !trial.target.is_collection(),
            trial,
            fault,
        });
        self.ordered = ordered.collect();
        Ok(())
    }

    async fn set(&self, trial: &Trial, fault: Value) -> anyhow::Result<u64> {
        let provider = provider(trial)?;
        let path = format!("/_control/{}/faults", simulators::name(provider));
        let set = self.stage.simulators.ask(&Request::post(path, fault)).await?;
        set.get("id").and_then(Value::as_u64).with_context(|| format!("a fault without an id: {set}"))
    }

    /// Until nothing is due and nobody can pay.
    async fn settle(&mut self) -> anyhow::Result<()> {
        loop {
            self.quiet().await?;
            let views: BTreeMap<String, Value> = self.views().await?.into_iter().collect();
            let can_pay = |ordered: &Ordered| {
                let view = views.get(&ordered.id).unwrap_or(&Value::Null);
                let is_asked = view.get("next_action").is_some_and(Value::is_object);
                !ordered.is_paid && is_asked && text(view, "status") == "awaiting_payment"
            };
            let who: Vec<usize> = (0..self.ordered.len()).filter(|at| can_pay(&self.ordered[*at])).collect();
            if who.is_empty() {
                return Ok(());
            }
            let paid = try_join_all(who.iter().map(|at| self.pay(&self.ordered[*at]))).await?;
            for (at, fault) in who.into_iter().zip(paid) {
                self.ordered[at].is_paid = true;
                self.ordered[at].fault = self.ordered[at].fault.or(fault);
            }
        }
    }

    /// Pays what is asked for, after setting what goes wrong with telling of it; the name of that fault.
    async fn pay(&self, ordered: &Ordered) -> anyhow::Result<Option<u64>> {
        let trial = &ordered.trial;
        let references = judge::references(self.admin(), &ordered.id, "collection").await?;
        let reference = references.last().context("nothing is collected")?;
        if trial.fault == Fault::CallbackForged {
            self.forge(ordered, reference).await?;
        }
        let fault = match trial.callback_fault(reference) {
            None => None,
            Some(fault) => Some(self.set(trial, fault).await?),
        };
        self.stage.control(provider(trial)?, "pay", json!({ "reference": reference })).await?;
        Ok(fault)
    }

    /// Somebody tells the gateway of a payment that nobody made, and nothing comes of it.
    async fn forge(&self, ordered: &Ordered, reference: &str) -> anyhow::Result<()> {
        let provider = provider(&ordered.trial)?;
        let mut forgery = json!({ "reference": reference });
        if provider == Provider::OrangeWeb {
            // Under the right token: nothing but asking tells that it is a lie.
            forgery["variant"] = json!("success");
        }
        let sent = self.forgeries(provider).await?;
        self.stage.control(provider, "forge", forgery).await?;
        while self.forgeries(provider).await? == sent {
            sleep(LOOK_AGAIN).await;
        }
        self.quiet().await?;
        let view = self.admin().ask(Request::get(format!("/v1/transfers/{}", ordered.id))).await?;
        let status = text(&view, "status");
        anyhow::ensure!(
            status == "awaiting_payment",
            "a forged callback of {provider} made a transfer {status}"
        );
        Ok(())
    }

    /// How many forgeries have arrived.
    async fn forgeries(&self, provider: Provider) -> anyhow::Result<usize> {
        let path = format!("/_control/{}/deliveries", simulators::name(provider));
        let journal = self.stage.simulators.ask(&Request::get(path)).await?;
        let is_forged = |line: &&Value| {
            line.get("genuine") == Some(&Value::Bool(false)) && line.get("status").is_some_and(Value::is_u64)
        };
        Ok(data(&journal).iter().filter(is_forged).count())
    }

    /// Returns once the gateway has done whatever is due by now and moves money, seen twice in a row.
    async fn quiet(&self) -> anyhow::Result<()> {
        let give_up_at = Instant::now() + QUIET_WITHIN;
        let mut calm = 0;
        while calm < 2 {
            let first = self.admin().ask(Request::get("/v1/admin/outbox").query("limit", "50")).await?;
            let waiting = Request::get("/v1/admin/inbox").query("status", "waiting").query("limit", "1");
            let waiting = self.admin().ask(waiting).await?;
            let is_due = |promise: &Value| {
                let due_at = text(promise, "due_at").parse::<DateTime<Utc>>();
                MOVING.contains(&text(promise, "kind")) && due_at.is_ok_and(|due| due <= self.stage.now())
            };
            calm = match data(&first).iter().any(is_due) || !data(&waiting).is_empty() {
                true => 0,
                false => calm + 1,
            };
            anyhow::ensure!(Instant::now() < give_up_at, "the gateway is never done: {first}");
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Every trial's transfer as it is now, by its id.
    async fn views(&self) -> anyhow::Result<Vec<(String, Value)>> {
        let (mut views, mut cursor) = (Vec::new(), None);
        loop {
            let since = self.since.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
            let mut page = Request::get("/v1/transfers").query("limit", "100").query("created_after", since);
            if let Some(cursor) = cursor {
                page = page.query("cursor", cursor);
            }
            let page = self.admin().ask(page).await?;
            let of_trials = data(&page).iter().map(|view| (text(view, "id").to_owned(), view.clone()));
            views.extend(of_trials.filter(|(id, _)| self.ordered.iter().any(|ordered| ordered.id == *id)));
            cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() {
                return Ok(views);
            }
        }
    }

    /// What is unknown after the last question: the simulator's record is looked at, and what is not in there is ended by
    /// two people who signed in for it.
    async fn end_by_people(&mut self) -> anyhow::Result<()> {
        let views = self.views().await?;
        let is_unknown = |view: &Value| text(view, "status") == "in_reconciliation";
        let unknown: Vec<&String> =
            views.iter().filter(|(_, view)| is_unknown(view)).map(|(id, _)| id).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        self.stage.move_clocks(self.stage.now() + UNKNOWN_FOR).await?;
        *self.admins = [books::sign_in(self.stage, 0).await?, books::sign_in(self.stage, 1).await?];
        self.quiet().await?;
        try_join_all(unknown.iter().map(|id| self.end_one(id))).await?;
        self.quiet().await
    }

    async fn end_one(&self, id: &str) -> anyhow::Result<()> {
        let [one, two] = &*self.admins;
        let ordered = self.ordered.iter().find(|ordered| ordered.id == id).context("not one of ours")?;
        let references = judge::references(one, id, "disbursement").await?;
        let reference = references.last().context("nothing was paid out")?;
        let found = self.stage.operations_at(provider(&ordered.trial)?, reference).await?;
        anyhow::ensure!(found.is_empty(), "{reference} is unknown to us, and there: {found:?}");
        let word = json!({
            "outcome": "failed",
            "evidence": "Nothing of it is in the portal's statement, two hours later",
        });
        let path = format!("/v1/admin/uncertain/{reference}/resolve");
        let waits = one.ask(Request::post(path, word).key(format!("resolve-{reference}"))).await?;
        two.ask(agreement(&waits)).await.map(drop)
    }
}

fn provider(trial: &Trial) -> anyhow::Result<Provider> {
    trial.target.rail.provider().context("nobody moves this money")
}

fn is_over(view: &Value) -> bool {
    ["completed", "refunded"].contains(&text(view, "status"))
}
