//! What handlers take: a caller, a valid body, a page, an id; whatever does not fit is a problem.
//!
//! None of axum's own extractors of content is used, so that every refusal has a code, a pointer and two languages.

mod body;
mod caller;
mod command;
mod device;
mod page;
mod path;
mod query;

pub use body::{ValidJson, parse_json, read_body};
pub use caller::{Admin, MaybeCaller, Staff, bearer};
pub use command::{Command, Empty, item_key};
pub use device::{DEVICE_ID, Device};
pub use page::{Listing, Page, Position};
pub use path::Id;
pub use query::{NoFilter, Query};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::context::RequestContext;
use super::problem::Problem;
use crate::app::App;

impl FromRequestParts<App> for RequestContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<RequestContext, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::new("internal_error"))
    }
}
