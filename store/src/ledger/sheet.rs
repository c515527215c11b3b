//! A sheet: one batch with everything that it committed to the journal and the audit trail.

use std::collections::HashMap;

use uuid::Uuid;

use super::keys::by_ids;
use crate::rows::{AuditRow, BatchRow, EntryRow, PostingRow};
use crate::{Conn, StoreError};

/// All lists are in the order of `ord`.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub batch: BatchRow,
    pub entries: Vec<EntryRow>,
    pub postings: Vec<PostingRow>,
    pub audit: Vec<AuditRow>,
}

impl Sheet {
    /// The sheets of `batches`, in their order.
    pub async fn load(conn: &mut Conn<'_>, batches: Vec<BatchRow>) -> Result<Vec<Sheet>, StoreError> {
        let ids: Vec<Uuid> = batches.iter().map(|batch| batch.id).collect();
        let entries: Vec<EntryRow> =
            by_ids!(conn, &ids, "SELECT * FROM entries WHERE batch_id", "ORDER BY batch_id, ord")?;
        let postings: Vec<PostingRow> =
            by_ids!(conn, &ids, "SELECT * FROM postings WHERE batch_id", "ORDER BY batch_id, ord")?;
        let audit: Vec<AuditRow> =
            by_ids!(conn, &ids, "SELECT * FROM audit WHERE batch_id", "ORDER BY batch_id, ord")?;
        let mut entries = grouped(entries, |row| row.batch_id);
        let mut postings = grouped(postings, |row| row.batch_id);
        let mut audit = grouped(audit, |row| row.batch_id);
        let sheet = |batch: BatchRow| Sheet {
            entries: entries.remove(&batch.id).unwrap_or_default(),
            postings: postings.remove(&batch.id).unwrap_or_default(),
            audit: audit.remove(&batch.id).unwrap_or_default(),
            batch,
        };
        Ok(batches.into_iter().map(sheet).collect())
    }

    /// Whether the batch holds as many entries and audit lines as it was committed with.
    pub fn is_whole(&self) -> bool {
        i64::try_from(self.entries.len()) == Ok(self.batch.entry_count)
            && i64::try_from(self.audit.len()) == Ok(self.batch.audit_count)
    }

    /// Each entry with its postings.
    pub fn parts(&self) -> impl Iterator<Item = (&EntryRow, Vec<&PostingRow>)> {
        let mut postings: HashMap<i64, Vec<&PostingRow>> = HashMap::new();
        for posting in &self.postings {
            postings.entry(posting.entry_ord).or_default().push(posting);
        }
        self.entries.iter().map(move |entry| (entry, postings.remove(&entry.ord).unwrap_or_default()))
    }
}

fn grouped<T>(rows: Vec<T>, batch: impl Fn(&T) -> Uuid) -> HashMap<Uuid, Vec<T>> {
    let mut groups: HashMap<Uuid, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(batch(&row)).or_default().push(row);
    }
    groups
}
