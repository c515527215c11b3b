//! What is under way and what is stuck: callbacks, promises and movements whose outcome is not known.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::Movement;
use serde::{Deserialize, Serialize};
use store::inbox::{StoredCallback, Which};
use store::outbox::Waiting;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::extract::{Listing, Page, Staff};
use crate::api::problem::{Problem, ProblemView};
use crate::api::wire::{MoneyView, instant};
use crate::app::App;
use crate::services::callbacks::Named;
use crate::services::{FieldError, ServiceError, books};

type At = (DateTime<Utc>, Uuid);

/// Which callbacks a list shows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// `waiting` for those that are not applied; all when absent.
    status: Option<String>,
    /// Those that no movement took, by why: `unknown_reference`, `unreadable`, `other_wallet`, `amount_differs`,
    /// `contradicts` or `unapplied_funds`. Not together with `status`.
    outcome: Option<String>,
}

/// Why no movement took a callback.
const STRAYS: [&str; 6] =
    ["unknown_reference", "unreadable", "other_wallet", "amount_differs", "contradicts", "unapplied_funds"];

impl InboxQuery {
    fn which(&self) -> Result<Which<'_>, Problem> {
        let refused = |name: &'static str| {
            Problem::field(FieldError::new(format!("/{name}"), "invalid_query").with("field", name))
        };
        match (self.status.as_deref(), self.outcome.as_deref()) {
            (None, None) => Ok(Which::All),
            (Some("waiting"), None) => Ok(Which::Waiting),
            (None, Some(outcome)) if STRAYS.contains(&outcome) => Ok(Which::Stray(outcome)),
            (Some("waiting") | None, Some(_)) => Err(refused("outcome")),
            (Some(_), _) => Err(refused("status")),
        }
    }
}

/// A stored callback, without its bytes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoredCallback)]
pub struct CallbackView {
    id: String,
    provider: String,
    wallet: String,
    /// The provider's event id, or a digest of the bytes.
    event_key: String,
    /// The movement that it names, ours or not; null where none can be read.
    reference: Option<String>,
    /// What the provider calls it.
    provider_reference: Option<String>,
    /// Whether a signature over its bytes matched.
    is_proven: bool,
    received_at: String,
    attempts: i64,
    applied_at: Option<String>,
    /// `applied`, `asked`, `nothing_new`, `unknown_reference`, `amount_differs`, `contradicts`, …
    outcome: Option<String>,
    last_error: Option<String>,
}

/// Something that is still to be done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingPromise)]
pub struct PromiseView {
    id: String,
    #[schema(example = "submit")]
    kind: String,
    /// The movement or transfer it is about.
    subject: String,
    #[schema(example = "wave")]
    lane: String,
    due_at: String,
    attempts: i64,
    leased_until: Option<String>,
    last_error: Option<String>,
    created_at: String,
}

/// A movement whose outcome is not known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UncertainMovement)]
pub struct UncertainView {
    movement: String,
    transfer_id: String,
    kind: &'static str,
    rail: String,
    wallet: String,
    amount: MoneyView,
    provider_reference: Option<String>,
    /// Questions without an answer that helped.
    asked: i64,
    /// Consecutive answers of "not found".
    not_found: i64,
    submitted_at: Option<String>,
    since: String,
}

impl From<(StoredCallback, Named)> for CallbackView {
    fn from((c, named): (StoredCallback, Named)) -> CallbackView {
        CallbackView {
            id: c.id.to_string(),
            provider: c.provider,
            wallet: c.wallet,
            event_key: c.event_key,
            reference: named.reference.map(|reference| reference.to_string()),
            provider_reference: named.provider_ref,
            is_proven: c.proven,
            received_at: instant(c.received_at),
            attempts: c.attempts,
            applied_at: c.applied_at.map(instant),
            outcome: c.outcome,
            last_error: c.last_error,
        }
    }
}

impl From<Waiting> for PromiseView {
    fn from(p: Waiting) -> PromiseView {
        PromiseView {
            id: p.id.to_string(),
            kind: p.kind,
            subject: p.subject.to_string(),
            lane: p.lane,
            due_at: instant(p.due_at),
            attempts: p.attempts,
            leased_until: p.leased_until.map(instant),
            last_error: p.last_error,
            created_at: instant(p.created_at),
        }
    }
}

impl From<Movement> for UncertainView {
    fn from(m: Movement) -> UncertainView {
        UncertainView {
            movement: m.reference.to_string(),
            transfer_id: m.transfer.to_string(),
            kind: m.kind.as_str(),
            rail: m.rail.to_string(),
            wallet: m.wallet.to_string(),
            amount: m.amount.into(),
            provider_reference: m.provider_ref,
            asked: m.asked,
            not_found: m.not_found,
            submitted_at: m.submitted_at.map(instant),
            since: instant(m.updated_at),
        }
    }
}

/// Callbacks that were taken.
#[utoipa::path(
    get, path = "/v1/admin/inbox", tag = "admin",
    params(InboxQuery, ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, description = "Newest first", body = Listing<CallbackView>),
        (status = 422, description = "`invalid_query`", body = ProblemView),
    )
)]
pub async fn inbox(
    State(app): State<App>,
    _: Staff,
    page: Page<At, InboxQuery>,
) -> Result<Listing<CallbackView>, Problem> {
    let which = page.filter.which()?;
    let rows =
        books::list_callbacks(&app, which, page.before, page.rows()).await.map_err(ServiceError::from)?;
    Ok(page.answer(rows, |(row, _)| (row.received_at, row.id.uuid()), CallbackView::from))
}

/// Promises that are not kept yet.
#[utoipa::path(
    get, path = "/v1/admin/outbox", tag = "admin",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "The earliest due first", body = Listing<PromiseView>))
)]
pub async fn outbox(
    State(app): State<App>,
    _: Staff,
    page: Page<At>,
) -> Result<Listing<PromiseView>, Problem> {
    let rows = books::list_promises(&app, page.before, page.rows()).await.map_err(ServiceError::from)?;
    Ok(page.answer(rows, |row| (row.due_at, row.id.uuid()), PromiseView::from))
}

/// Movements that we do not know the outcome of.
#[utoipa::path(
    get, path = "/v1/admin/uncertain", tag = "admin",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "The longest unknown first", body = Listing<UncertainView>))
)]
pub async fn uncertain(
    State(app): State<App>,
    _: Staff,
    page: Page<At>,
) -> Result<Listing<UncertainView>, Problem> {
    let rows = books::list_uncertain(&app, page.before, page.rows()).await.map_err(ServiceError::from)?;
    Ok(page.answer(rows, |row| (row.updated_at, row.reference.uuid()), UncertainView::from))
}
