//! What was said of a movement, for whoever has to look at it again.

use chrono::{DateTime, Utc};
use domain::{Reference, UserId};

use super::load;
use crate::app::App;
use crate::services::ServiceError;

/// One word that counted.
#[derive(Clone, Debug)]
pub struct Seen {
    pub has_moved: bool,
    pub operator_reference: Option<String>,
    /// What was seen; `None` when the transfer's owner was forgotten.
    pub words: Option<String>,
    pub made_by: UserId,
    pub agreed_by: Option<UserId>,
    pub at: DateTime<Utc>,
}

/// What counted of what people said of a movement, oldest first. Errors: `not_found`.
pub async fn of_movement(app: &App, movement: Reference) -> Result<Vec<Seen>, ServiceError> {
    let (open, _) = load(app, movement).await?;
    let rows = store::evidence::of_movement(&mut app.db.read().await?.conn(), movement).await?;
    let seen = rows.into_iter().map(|row| Seen {
        has_moved: row.has_moved,
        operator_reference: row.operator_reference,
        words: open.sealer.open_evidence(row.id, &row.words).ok(),
        made_by: row.made_by,
        agreed_by: row.agreed_by,
        at: row.at,
    });
    Ok(seen.collect())
}
