//! `POST /v1/transfers/bulk`: up to 500 orders in one request, each accepted or refused on its own.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::ask::{NewPayee, NewPayer};
use super::{NewTransfer, TransferView};
use crate::api::context::RequestContext;
use crate::api::extract::{item_key, parse_json, read_body};
use crate::api::problem::{Problem, ProblemView};
use crate::app::App;
use crate::services::transfers;
use crate::services::{Caller, FieldError};

const MOST: usize = 500;
/// How much longer than any other body the list may be.
const BODIES: usize = 16;

/// Orders, in any number up to 500.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    #[schema(max_items = 500)]
    items: Vec<BulkItem>,
}

/// One order with a key of its own.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkItem {
    /// 1 to 255 visible ASCII characters.
    idempotency_key: String,
    quote_id: String,
    payer: NewPayer,
    payee: NewPayee,
    purpose: String,
    reference: Option<String>,
}

/// What became of each order, in their order.
#[derive(Serialize, ToSchema)]
pub struct BulkResults {
    results: Vec<BulkResult>,
}

/// The status and body that the order alone would have been answered with.
#[derive(Serialize, ToSchema)]
pub struct BulkResult {
    status: u16,
    #[schema(value_type = BulkAnswer)]
    body: Box<RawValue>,
}

/// What an order is answered with: the transfer, or why there is none.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant, reason = "describes what is written as raw bytes")]
enum BulkAnswer {
    Transfer(Box<TransferView>),
    Problem(ProblemView),
}

/// The body, which may be longer than others are.
pub struct Orders(Bulk);

impl FromRequest<App> for Orders {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Orders, Problem> {
        let (parts, body) = request.into_parts();
        let longest = app.config.limits.body_bytes.saturating_mul(BODIES);
        let bytes = read_body(&parts.headers, body, longest).await?;
        Ok(Orders(parse_json(&parts.headers, &bytes)?))
    }
}

/// Starts up to 500 transfers; 207 with one result each.
#[utoipa::path(
    post, path = "/v1/transfers/bulk", tag = "transfers", request_body = Bulk,
    responses(
        (status = 207, description = "One result each, in order", body = BulkResults),
        (status = 422, description = "`too_many_items`, or the list itself does not read", body = ProblemView),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    context: RequestContext,
    Orders(bulk): Orders,
) -> Result<Response, Problem> {
    if bulk.items.is_empty() || bulk.items.len() > MOST {
        return Err(Problem::field(FieldError::new("/items", "too_many_items").with("max", MOST)));
    }
    let one = |item| one(&app, &caller, &context, item);
    let results: Vec<BulkResult> = futures::stream::iter(bulk.items).map(one).buffered(MOST).collect().await;
    Ok((StatusCode::MULTI_STATUS, Json(BulkResults { results })).into_response())
}

async fn one(app: &App, caller: &Caller, context: &RequestContext, item: BulkItem) -> BulkResult {
    match accept(app, caller, context, item).await {
        Ok(stored) => BulkResult { status: stored.status, body: raw(stored.body) },
        Err(problem) => BulkResult {
            status: problem.status().as_u16(),
            body: raw(problem.bytes(context.language(), context.id())),
        },
    }
}

async fn accept(
    app: &App,
    caller: &Caller,
    context: &RequestContext,
    item: BulkItem,
) -> Result<transfers::Stored, Problem> {
    let bytes = serde_json::to_vec(&item).unwrap_or_default();
    let key = item_key(caller, "/v1/transfers/bulk", &item.idempotency_key, &bytes)?;
    let BulkItem { quote_id, payer, payee, purpose, reference, .. } = item;
    let ask = NewTransfer { quote_id, payer, payee, purpose, reference }.parse("")?;
    Ok(transfers::create(app, caller, context.visitor(), key, ask, TransferView::bytes).await?)
}

/// Bytes that are JSON already.
fn raw(bytes: Vec<u8>) -> Box<RawValue> {
    let text = String::from_utf8(bytes).unwrap_or_default();
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
