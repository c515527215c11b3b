//! Rows whose other half is not there.

use std::collections::HashSet;

use domain::{BusinessId, EntryId, HoldId};
use uuid::Uuid;

use super::{Check, PAGE, Stage, Verifier};
use crate::StoreError;
use crate::db::on;
use crate::ledger::keys::by_ids;
use crate::ledger::rows::SealedEntryRow;
use crate::rows::HoldRow;

/// Strays of one kind that are told.
const MOST: i64 = 100;

impl Verifier<'_> {
    pub(super) async fn look_for_strays(&mut self) -> Result<(), StoreError> {
        self.tell(Stage::Strays, 0, 1);
        self.rows_without_batch().await?;
        self.rows_without_transfer().await?;
        self.rows_beyond_the_chain().await?;
        if self.seen.transfer_entries != self.seen.entries_of_transfers {
            self.entries_without_transfer().await?;
        }
        if self.seen.transfer_holds != self.seen.holds_of_transfers {
            self.holds_without_movement().await?;
        }
        self.tell(Stage::Strays, 1, 1);
        Ok(())
    }

    async fn rows_without_batch(&mut self) -> Result<(), StoreError> {
        const ENTRIES: &str = "SELECT x.batch_id, x.ord FROM entries x WHERE NOT EXISTS \
             (SELECT 1 FROM batches b WHERE b.id = x.batch_id) ORDER BY x.batch_id, x.ord LIMIT $1";
        const POSTINGS: &str = "SELECT x.batch_id, x.ord FROM postings x WHERE NOT EXISTS \
             (SELECT 1 FROM batches b WHERE b.id = x.batch_id) ORDER BY x.batch_id, x.ord LIMIT $1";
        const AUDIT: &str = "SELECT x.batch_id, x.ord FROM audit x WHERE NOT EXISTS \
             (SELECT 1 FROM batches b WHERE b.id = x.batch_id) ORDER BY x.batch_id, x.ord LIMIT $1";
        for (what, sql) in [("entry", ENTRIES), ("posting", POSTINGS), ("audit line", AUDIT)] {
            for (batch, ord) in self.strays(sql).await? {
                let place = format!("{what} {ord} of batch {batch}");
                self.report.find(Check::Stray, place, "its batch is not there");
            }
        }
        Ok(())
    }

    async fn rows_without_transfer(&mut self) -> Result<(), StoreError> {
        const MOVEMENTS: &str = "SELECT x.reference, x.version FROM movements x WHERE x.kind <> 'treasury' \
             AND NOT EXISTS (SELECT 1 FROM transfers t WHERE t.id = x.transfer_id) ORDER BY x.reference LIMIT $1";
        const TIMELINE: &str = "SELECT x.transfer_id, x.version FROM timeline x WHERE NOT EXISTS \
             (SELECT 1 FROM transfers t WHERE t.id = x.transfer_id) ORDER BY x.transfer_id, x.version LIMIT $1";
        for (reference, _) in self.strays(MOVEMENTS).await? {
            self.report.find(Check::Stray, format!("movement {reference}"), "its transfer is not there");
        }
        for (transfer, version) in self.strays(TIMELINE).await? {
            let place = format!("timeline {version} of {}", super::transfers::business(transfer));
            self.report.find(Check::Stray, place, "its transfer is not there");
        }
        Ok(())
    }

    /// Numbers and batches that claim a place in the chain which it does not give them.
    async fn rows_beyond_the_chain(&mut self) -> Result<(), StoreError> {
        const ENTRIES: &str = "SELECT x.batch_id, x.number FROM sealed_entries x \
             WHERE x.number < 1 OR x.number > $2 ORDER BY x.number LIMIT $1";
        const AUDIT: &str = "SELECT x.batch_id, x.number FROM sealed_audit x \
             WHERE x.number < 1 OR x.number > $2 ORDER BY x.number LIMIT $1";
        const BLOCKS: &str = "SELECT x.block, COUNT(*) FROM batches x WHERE x.block IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM blocks b WHERE b.number = x.block) GROUP BY x.block ORDER BY x.block LIMIT $1";
        let ends = [("entry", ENTRIES, self.seen.last_entry), ("audit line", AUDIT, self.seen.last_audit)];
        for (what, sql, last) in ends {
            let rows: Vec<(Uuid, i64)> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(sql).bind(MOST).bind(last).fetch_all(&mut **c).await
            })?;
            for (_, number) in rows {
                self.report.find(Check::Numbers, format!("{what} {number}"), "no block holds this number");
            }
        }
        let mut conn = self.snapshot.conn();
        let missing: Vec<(i64, i64)> =
            on!(&mut conn, |c| sqlx::query_as(BLOCKS).bind(MOST).fetch_all(&mut **c).await)?;
        for (block, batches) in missing {
            let detail = format!("{batches} batches name it, and it is not there");
            self.report.find(Check::Chain, format!("block {block}"), detail);
        }
        Ok(())
    }

    async fn strays(&mut self, sql: &'static str) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let mut conn = self.snapshot.conn();
        Ok(on!(&mut conn, |c| sqlx::query_as(sql).bind(MOST).fetch_all(&mut **c).await)?)
    }

    /// Which entries name a transfer that is not there; looked for only when the counts differ.
    async fn entries_without_transfer(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT * FROM sealed_entries WHERE number > $1 ORDER BY number LIMIT $2";
        let mut after = i64::MIN;
        loop {
            let rows: Vec<SealedEntryRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(SQL).bind(after).bind(PAGE).fetch_all(&mut **c).await
            })?;
            let Some(last) = rows.last() else { break };
            after = last.number;
            let named = rows.iter().filter_map(|row| Some((row.entry_id, transfer_of(&row.business)?)));
            self.name_unknown(named.collect()).await?;
        }
        // What waits was taken away by the transfers it belongs to.
        let left = std::mem::take(&mut self.waiting);
        for (business, flows) in left.iter().filter(|(business, _)| transfer_of(business).is_some()) {
            for entry in flows.iter().map(|flow| flow.entry).collect::<HashSet<_>>() {
                let place = EntryId::from_uuid(entry).to_string();
                self.report.find(Check::Stray, place, format!("{business} is not there"));
            }
        }
        Ok(())
    }

    async fn name_unknown(&mut self, named: Vec<(Uuid, Uuid)>) -> Result<(), StoreError> {
        let transfers: HashSet<Uuid> = named.iter().map(|(_, transfer)| *transfer).collect();
        let transfers: Vec<Uuid> = transfers.into_iter().collect();
        let mut conn = self.snapshot.conn();
        let known: Vec<(Uuid,)> = by_ids!(&mut conn, &transfers, "SELECT id FROM transfers WHERE id", "")?;
        let known: HashSet<Uuid> = known.into_iter().map(|(id,)| id).collect();
        for (entry, transfer) in named.into_iter().filter(|(_, transfer)| !known.contains(transfer)) {
            let detail = format!("{} is not there", super::transfers::business(transfer));
            self.report.find(Check::Stray, EntryId::from_uuid(entry).to_string(), detail);
        }
        Ok(())
    }

    /// Which holds belong to no movement of their transfer; looked for only when the counts differ.
    async fn holds_without_movement(&mut self) -> Result<(), StoreError> {
        const HOLDS: &str = "SELECT * FROM holds WHERE id > $1 ORDER BY id LIMIT $2";
        let mut after = Uuid::nil();
        loop {
            let rows: Vec<HoldRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(HOLDS).bind(after).bind(PAGE).fetch_all(&mut **c).await
            })?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            let transfers: HashSet<Uuid> = rows.iter().filter_map(|row| transfer_of(&row.business)).collect();
            let transfers: Vec<Uuid> = transfers.into_iter().collect();
            let mut conn = self.snapshot.conn();
            let held: Vec<(Option<Uuid>, Option<Uuid>)> = by_ids!(
                &mut conn,
                &transfers,
                "SELECT value_hold, float_hold FROM movements WHERE transfer_id",
                ""
            )?;
            let held: HashSet<Uuid> =
                held.into_iter().flat_map(|(value, float)| [value, float]).flatten().collect();
            let stray = |row: &&HoldRow| transfer_of(&row.business).is_some() && !held.contains(&row.id);
            for row in rows.iter().filter(stray) {
                let detail = format!("no movement of {} is for it", row.business);
                self.report.find(Check::Stray, HoldId::from_uuid(row.id).to_string(), detail);
            }
        }
    }
}

fn transfer_of(business: &str) -> Option<Uuid> {
    match business.parse() {
        Ok(BusinessId::Transfer(id)) => Some(id.uuid()),
        _ => None,
    }
}
