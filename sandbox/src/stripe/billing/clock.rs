//! Test clocks: customers whose months pass when they are told to.
//!
//! Whatever billing does for a customer of a test clock happens by that clock, and so do the
//! debits of its invoices: renewals, drafts, retries, trials and the calendar of SEPA. Money that
//! a debit brings can be used by the simulators' clock at once. Everything else about such a
//! customer goes by the simulators' clock: payments without an invoice, transfers, refunds,
//! disputes that a person opens, payouts, checkout sessions, and the sending of events.
//! *Chosen*: an advance is over by the next request; a clock is never deleted by itself.

use axum::extract::Path;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::life;
use super::period::Interval;
use crate::ids;
use crate::stripe::book::{self, Due};
use crate::stripe::errors::{Reply, StripeError};
use crate::stripe::http::Call;
use crate::stripe::scene::{Scene, instant_of, int, text};
use crate::stripe::{event, list, settle};

const OBJECT: &str = "test_helpers.test_clock";
const PATH: &str = "/v1/test_helpers/test_clocks";

/// Does work at the instant by which a customer lives.
pub fn by_customer<T, E: From<rusqlite::Error>>(
    scene: &Scene<'_>,
    customer: &Value,
    work: impl FnOnce(&Scene<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let owner = book::named(scene, customer)?;
    let clock = book::named(scene, &owner["test_clock"])?;
    by(scene, &clock, work)
}

/// Does work at the instant of a test clock; null is the simulators' own.
pub fn by<T, E: From<rusqlite::Error>>(
    scene: &Scene<'_>,
    clock: &Value,
    work: impl FnOnce(&Scene<'_>) -> Result<T, E>,
) -> Result<T, E> {
    if clock.is_null() || scene.clock.is_some() {
        return work(scene);
    }
    let then = scene.desk.at(instant_of(int(clock, "frozen_time")));
    work(&Scene { desk: &then, cause: scene.cause, clock: clock["id"].as_str() })
}

/// `POST /v1/test_helpers/test_clocks`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let at = params.integer("frozen_time")?.ok_or_else(|| StripeError::missing("frozen_time"))?;
        let name = params.text("name")?;
        params.finish()?;
        let clock = json!({
            "id": ids::lower("clock_", 24),
            "object": OBJECT,
            "created": scene.seconds(),
            "deletes_after": (scene.now + TimeDelta::days(30)).timestamp(),
            "frozen_time": at,
            "livemode": false,
            "name": name,
            "status": "ready",
            "status_details": {},
        });
        book::insert(scene, &clock)?;
        event::emit(scene, "test_helpers.test_clock.created", &clock)?;
        Ok(clock)
    })
}

/// `POST /v1/test_helpers/test_clocks/{id}/advance`: answers `advancing`.
pub async fn advance(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut clock = own(scene, &id, "id")?;
        let to = params.integer("frozen_time")?.ok_or_else(|| StripeError::missing("frozen_time"))?;
        params.finish()?;
        if text(&clock, "status") != "ready" {
            return Err(StripeError::state("", "The test clock is already being advanced."));
        }
        if to <= int(&clock, "frozen_time") || to > furthest(scene, &clock)? {
            let message = "frozen_time must be after the clock's present time, and at most two intervals of its shortest subscription ahead, or two years without any.";
            return Err(StripeError::invalid("", message).about("frozen_time"));
        }
        clock["status"] = json!("advancing");
        clock["status_details"] = json!({"advancing": {"target_frozen_time": to}});
        book::update(scene, &clock)?;
        event::emit(scene, "test_helpers.test_clock.advancing", &clock)?;
        book::plan_by_wall(scene, scene.now, Due::ClockAdvances, &id)?;
        Ok(clock)
    })
}

/// Two intervals of the shortest subscription from now, or two years.
fn furthest(scene: &Scene<'_>, clock: &Value) -> rusqlite::Result<i64> {
    let now = instant_of(int(clock, "frozen_time"));
    let two_years = Interval::of(&json!({"interval": "year", "interval_count": 2}));
    let running = book::of(scene, "subscription", &[("test_clock", text(clock, "id"))])?;
    let running = running.iter().filter(|subscription| !life::is_over(subscription));
    let ends = running.map(|subscription| {
        let interval = Interval::of(&subscription["items"]["data"][0]["price"]["recurring"]);
        interval.end_after(now, interval.end_after(now, now)).timestamp()
    });
    Ok(ends.min().unwrap_or(two_years.end_after(now, now).timestamp()))
}

/// A clock gets where it was sent, with everything that falls due on its way.
pub fn arrive(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(clock) = book::find(scene.tx, id)? else { return Ok(()) };
    let to = int(&clock["status_details"]["advancing"], "target_frozen_time");
    settle::all_due_by(scene, id, instant_of(to))?;
    let mut clock = clock;
    clock["frozen_time"] = json!(to);
    clock["status"] = json!("ready");
    clock["status_details"] = json!({});
    book::update(scene, &clock)?;
    event::emit(scene, "test_helpers.test_clock.ready", &clock)
}

/// `DELETE /v1/test_helpers/test_clocks/{id}`: its customers go with it, and their subscriptions end.
pub async fn delete(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        params.finish()?;
        let clock = own(scene, &id, "id")?;
        by(scene, &clock, |then| {
            for subscription in book::of(then, "subscription", &[("test_clock", &id)])? {
                life::end(then, &subscription, None)?;
            }
            for customer in book::of(then, "customer", &[("test_clock", &id)])? {
                book::remove(then, text(&customer, "id"))?;
                event::emit(then, "customer.deleted", &customer)?;
            }
            Ok::<_, StripeError>(())
        })?;
        book::unplan(scene, &id)?;
        book::remove(scene, &id)?;
        event::emit(scene, "test_helpers.test_clock.deleted", &clock)?;
        Ok(json!({"id": id, "object": OBJECT, "deleted": true}))
    })
}

/// `GET /v1/test_helpers/test_clocks`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| list::page(scene, params, OBJECT, PATH, &[]))
}

/// `GET /v1/test_helpers/test_clocks/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        own(scene, &id, "id")
    })
}

/// A clock that must exist.
pub fn own(scene: &Scene<'_>, id: &str, param: &str) -> Result<Value, StripeError> {
    let missing = || StripeError::no_such("test clock", id, param);
    book::get(scene, OBJECT, id, param).map_err(|error| if error.status == 404 { missing() } else { error })
}
