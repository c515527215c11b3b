//! What a sandbox tells about itself, and its clock, which people and tests move.

use chrono::{DateTime, TimeDelta, Utc};

use super::ServiceError;
use super::auth::staff::{self, SandboxStaff};
use crate::app::App;
use crate::simulators::PREFIXES;

/// What there is to play with.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// Where the simulators listen.
    pub url: String,
    /// Their prefixes.
    pub providers: Vec<&'static str>,
    /// Who can sign in as staff.
    pub staff: Vec<SandboxStaff>,
}

/// Where the clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMove {
    /// Forward by so much.
    Advance(TimeDelta),
    /// To this instant.
    Set(DateTime<Utc>),
}

/// What there is to play with. Errors: [`ServiceError::NotFound`] in live mode.
pub async fn describe(app: &App) -> Result<Sandbox, ServiceError> {
    let simulation = app.simulation.as_ref().ok_or(ServiceError::NotFound)?;
    let staff = staff::sandbox_staff(&app.db, &app.people).await.map_err(ServiceError::internal)?;
    Ok(Sandbox { url: simulation.url.as_str().to_owned(), providers: PREFIXES.to_vec(), staff })
}

/// Moves the gateway's clock, and the simulators' when they share this process; tells what it shows then.
///
/// Errors: `clock_refused` when it would go back or off the calendar; [`ServiceError::NotFound`] in live mode.
pub fn move_clock(app: &App, to: ClockMove) -> Result<DateTime<Utc>, ServiceError> {
    let simulation = app.simulation.as_ref().ok_or(ServiceError::NotFound)?;
    let (pointer, moved) = match to {
        ClockMove::Advance(step) => ("/advance_seconds", app.clock.advance(step)),
        ClockMove::Set(instant) => ("/set", app.clock.set(instant)),
    };
    let now = moved.map_err(|_| ServiceError::field(pointer, "clock_refused"))?;
    match to {
        ClockMove::Advance(step) => simulation.advance(step),
        ClockMove::Set(instant) => simulation.set(instant),
    }
    tracing::info!(clock.now = %now, "the sandbox's clock was moved");
    Ok(now)
}
