//! The id in a path. One that does not read is the same as one that does not exist.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::api::problem::Problem;
use crate::app::App;

/// The only parameter of the path: `Id<TransferId>` for `/v1/transfers/{id}`.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequestParts<App> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Id<T>, Problem> {
        let not_found = || Problem::new("not_found");
        let Path(text) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| not_found())?;
        text.parse().map(Id).map_err(|_| not_found())
    }
}
