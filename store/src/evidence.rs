//! What people said of movements: written by the writer alone, with what it led to, and read here.
//!
//! Deliberately absent: whom to believe, and how many of them.

use chrono::{DateTime, Utc};
use domain::{Provider, Reference, UserId, Wallet};
use uuid::Uuid;

use crate::db::on;
use crate::read::{column, word};
use crate::rows::EvidenceRow;
use crate::{Conn, StoreError};

/// One person's word on a movement, and who agreed to it where that takes two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its identity; what seals `words` is bound to it.
    pub id: Uuid,
    /// What it is about.
    pub movement: Reference,
    /// At whom.
    pub provider: Provider,
    /// In which wallet.
    pub wallet: Wallet,
    /// Whether the money moved.
    pub has_moved: bool,
    /// The number of the receipt: it stands for one movement of its wallet.
    pub operator_reference: Option<String>,
    /// What was seen, sealed with the key of the transfer's owner.
    pub words: Vec<u8>,
    /// Whose word it is.
    pub made_by: UserId,
    /// Who agreed to it.
    pub agreed_by: Option<UserId>,
    /// When it counted.
    pub at: DateTime<Utc>,
}

impl Evidence {
    /// What may be there once, if it names a receipt.
    pub(crate) fn receipt(&self) -> Option<Receipt> {
        let number = self.operator_reference.clone()?;
        Some((self.provider.as_str().to_owned(), self.wallet.to_string(), number))
    }
}

/// Provider, wallet and the number of a receipt.
pub(crate) type Receipt = (String, String, String);

/// What was said of a movement, oldest first.
pub async fn of_movement(conn: &mut Conn<'_>, movement: Reference) -> Result<Vec<Evidence>, StoreError> {
    const SQL: &str = "SELECT * FROM evidence WHERE movement = $1 ORDER BY at, id";
    let rows: Vec<EvidenceRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(movement.uuid()).fetch_all(&mut **c).await)?;
    rows.into_iter().map(Evidence::try_from).collect()
}

/// Whether a receipt has served already.
pub async fn is_used(
    conn: &mut Conn<'_>,
    provider: Provider,
    wallet: &Wallet,
    operator_reference: &str,
) -> Result<bool, StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM evidence WHERE provider = $1 AND wallet = $2 AND operator_reference = $3";
    let found: i64 = on!(conn, |c| {
        let query = sqlx::query_scalar(SQL).bind(provider.as_str()).bind(wallet.as_str());
        query.bind(operator_reference).fetch_one(&mut **c).await
    })?;
    Ok(found > 0)
}

impl From<&Evidence> for EvidenceRow {
    fn from(e: &Evidence) -> EvidenceRow {
        EvidenceRow {
            id: e.id,
            movement: e.movement.uuid(),
            provider: e.provider.as_str().to_owned(),
            wallet: e.wallet.to_string(),
            outcome: if e.has_moved { "succeeded" } else { "declined" }.to_owned(),
            operator_reference: e.operator_reference.clone(),
            words: e.words.clone(),
            made_by: e.made_by.uuid(),
            agreed_by: e.agreed_by.map(UserId::uuid),
            at: e.at,
        }
    }
}

impl TryFrom<EvidenceRow> for Evidence {
    type Error = StoreError;

    fn try_from(row: EvidenceRow) -> Result<Evidence, StoreError> {
        let what = ("evidence", row.id);
        Ok(Evidence {
            id: row.id,
            movement: Reference::from_uuid(row.movement),
            provider: word(what, &row.provider)?,
            wallet: column(what, Wallet::parse(&row.wallet))?,
            has_moved: row.outcome == "succeeded",
            operator_reference: row.operator_reference,
            words: row.words,
            made_by: UserId::from_uuid(row.made_by),
            agreed_by: row.agreed_by.map(UserId::from_uuid),
            at: row.at,
        })
    }
}
