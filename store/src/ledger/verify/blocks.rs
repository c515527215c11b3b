//! The chain, block by block, and every sheet in it; then the sheets that wait.

use std::collections::HashSet;

use domain::{BusinessId, EntryId, EntryKind, Nature};
use uuid::Uuid;

use super::transfers::Flow;
use super::{Anchor, Check, PAGE, Stage, Verifier};
use crate::StoreError;
use crate::db::on;
use crate::ledger::rows::{BlockRow, SealedAuditRow, SealedEntryRow};
use crate::ledger::sheet::Sheet;
use crate::ledger::{block, lines};
use crate::rows::{BatchRow, EntryRow, PostingRow};

/// Unsealed batches that are read at once.
const BATCHES: i64 = 256;

impl Verifier<'_> {
    pub(super) async fn look_at_blocks(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT * FROM blocks WHERE number > $1 ORDER BY number LIMIT $2";
        let total = self.count("SELECT COUNT(*) FROM blocks").await?;
        let mut last: Option<BlockRow> = None;
        loop {
            let after = last.as_ref().map_or(i64::MIN, |last| last.number);
            let rows: Vec<BlockRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(SQL).bind(after).bind(PAGE).fetch_all(&mut **c).await
            })?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                self.look_at_block(&row, last.as_ref()).await?;
                self.tell(Stage::Blocks, self.report.counts.blocks, total);
                last = Some(row);
            }
        }
        self.end_chain(last);
        Ok(())
    }

    async fn look_at_block(&mut self, row: &BlockRow, last: Option<&BlockRow>) -> Result<(), StoreError> {
        self.report.counts.blocks += 1;
        self.follows(row, last);
        let sheets = self.sheets_of(row.number).await?;
        if block::hash(row, &sheets)[..] != row.hash[..] {
            self.report.find(Check::Chain, place(row), "the hash is not that of its rows");
        }
        self.look_at_numbers(row, &sheets).await?;
        let mut number = row.first_entry;
        for sheet in &sheets {
            self.look_at_sheet(sheet);
            for (entry, postings) in sheet.parts() {
                self.fold(entry, &postings, Some(number));
                number += 1;
            }
        }
        self.reaches_anchor(row);
        Ok(())
    }

    fn follows(&mut self, row: &BlockRow, last: Option<&BlockRow>) {
        let (number, entry, audit, previous) = last.map_or((0, 0, 0, &block::GENESIS[..]), |last| {
            (last.number, last.last_entry, last.last_audit, &last.hash[..])
        });
        let report = &mut self.report;
        if row.number != number + 1 {
            report.find(Check::Chain, place(row), format!("it follows block {number}"));
        }
        if row.previous != previous {
            report.find(Check::Chain, place(row), "it does not name the hash of the block before");
        }
        if (row.first_entry, row.first_audit) != (entry + 1, audit + 1) {
            let detail = format!("its numbers do not go on from entry {entry} and audit line {audit}");
            report.find(Check::Numbers, place(row), detail);
        }
    }

    async fn sheets_of(&mut self, number: i64) -> Result<Vec<Sheet>, StoreError> {
        const SQL: &str = "SELECT * FROM batches WHERE block = $1 ORDER BY committed_at, id";
        let mut conn = self.snapshot.conn();
        let batches: Vec<BatchRow> =
            on!(&mut conn, |c| sqlx::query_as(SQL).bind(number).fetch_all(&mut **c).await)?;
        Sheet::load(&mut conn, batches).await
    }

    /// The sealed rows of a block's range point at its entries and audit lines, one after the other.
    async fn look_at_numbers(&mut self, row: &BlockRow, sheets: &[Sheet]) -> Result<(), StoreError> {
        const ENTRIES: &str = "SELECT * FROM sealed_entries WHERE number BETWEEN $1 AND $2 ORDER BY number";
        const AUDIT: &str = "SELECT * FROM sealed_audit WHERE number BETWEEN $1 AND $2 ORDER BY number";
        let mut conn = self.snapshot.conn();
        let entries: Vec<SealedEntryRow> = on!(&mut conn, |c| {
            sqlx::query_as(ENTRIES).bind(row.first_entry).bind(row.last_entry).fetch_all(&mut **c).await
        })?;
        let audit: Vec<SealedAuditRow> = on!(&mut conn, |c| {
            sqlx::query_as(AUDIT).bind(row.first_audit).bind(row.last_audit).fetch_all(&mut **c).await
        })?;
        let told = entries.iter().map(|e| (e.number, e.batch_id, e.ord, e.entry_id, &*e.business));
        let rows = sheets.iter().flat_map(|sheet| &sheet.entries);
        let real = (row.first_entry..).zip(rows);
        let real = real.map(|(number, e)| (number, e.batch_id, e.ord, e.id, &*e.business));
        let wrong_entry = first_difference(told, real);
        let told = audit.iter().map(|a| (a.number, a.batch_id, a.ord));
        let rows = sheets.iter().flat_map(|sheet| &sheet.audit);
        let real = (row.first_audit..).zip(rows).map(|(number, a)| (number, a.batch_id, a.ord));
        let wrong_audit = first_difference(told, real);
        for (what, wrong) in [("entry", wrong_entry), ("audit line", wrong_audit)] {
            if let Some(nth) = wrong {
                let detail = format!("the numbering of {what} {nth} of the block is wrong");
                self.report.find(Check::Numbers, place(row), detail);
            }
        }
        let entries: usize = sheets.iter().map(|sheet| sheet.entries.len()).sum();
        let audit: usize = sheets.iter().map(|sheet| sheet.audit.len()).sum();
        let range = |first: i64, last: i64| usize::try_from(last - first + 1).ok();
        if range(row.first_entry, row.last_entry) != Some(entries)
            || range(row.first_audit, row.last_audit) != Some(audit)
        {
            let detail = format!("its range does not fit {entries} entries and {audit} audit lines");
            self.report.find(Check::Numbers, place(row), detail);
        }
        Ok(())
    }

    fn reaches_anchor(&mut self, row: &BlockRow) {
        if let Some(anchor) = self.anchor.filter(|anchor| anchor.block == row.number)
            && anchor.hash != row.hash
        {
            self.report.find(Check::Anchor, place(row), "it is another block than the one that was noted");
        }
    }

    fn end_chain(&mut self, last: Option<BlockRow>) {
        let reached = last.as_ref().map_or(0, |last| last.number);
        if let Some(anchor) = self.anchor.filter(|anchor| anchor.block > reached) {
            let (place, detail) = (format!("block {}", anchor.block), "it was noted and is not there");
            self.report.find(Check::Anchor, place, detail);
        }
        if let Some(last) = last {
            (self.seen.last_entry, self.seen.last_audit) = (last.last_entry, last.last_audit);
            self.report.head = Some(Anchor { block: last.number, hash: last.hash });
        }
    }

    /// What was committed and not sealed yet.
    pub(super) async fn look_at_waiting(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT * FROM batches WHERE block IS NULL AND (committed_at, id) > ($1, $2) \
             ORDER BY committed_at, id LIMIT $3";
        let total = self.count("SELECT COUNT(*) FROM batches WHERE block IS NULL").await?;
        let mut after = (chrono::DateTime::UNIX_EPOCH, Uuid::nil());
        loop {
            let mut conn = self.snapshot.conn();
            let batches: Vec<BatchRow> = on!(&mut conn, |c| {
                sqlx::query_as(SQL).bind(after.0).bind(after.1).bind(BATCHES).fetch_all(&mut **c).await
            })?;
            let Some(last) = batches.last() else { return Ok(()) };
            after = (last.committed_at, last.id);
            for sheet in Sheet::load(&mut conn, batches).await? {
                self.report.counts.unsealed += 1;
                self.look_at_sheet(&sheet);
                for (entry, postings) in sheet.parts() {
                    self.fold(entry, &postings, None);
                    let flows = Flow::of(entry, &postings, &self.accounts);
                    self.waiting.entry(entry.business.clone()).or_default().extend(flows);
                }
            }
            self.tell(Stage::Waiting, self.report.counts.unsealed, total);
        }
    }

    /// A sheet holds what it was committed with, and every part of it belongs to another.
    fn look_at_sheet(&mut self, sheet: &Sheet) {
        let counts = &mut self.report.counts;
        counts.batches += 1;
        counts.entries += sheet.entries.len() as u64;
        counts.postings += sheet.postings.len() as u64;
        counts.audit += sheet.audit.len() as u64;
        let batch = format!("batch {}", sheet.batch.id);
        if !sheet.is_whole() {
            let (entries, audit) = (sheet.entries.len(), sheet.audit.len());
            let detail = format!(
                "{} entries and {} audit lines were committed, {entries} and {audit} are there",
                sheet.batch.entry_count, sheet.batch.audit_count
            );
            self.report.find(Check::Batch, &*batch, detail);
        }
        let dense = is_dense(sheet.entries.iter().map(|row| row.ord))
            && is_dense(sheet.postings.iter().map(|row| row.ord))
            && is_dense(sheet.audit.iter().map(|row| row.ord));
        if !dense {
            self.report.find(Check::Batch, &*batch, "its rows are not counted from 0 without a gap");
        }
        let entries: HashSet<i64> = sheet.entries.iter().map(|row| row.ord).collect();
        for posting in sheet.postings.iter().filter(|posting| !entries.contains(&posting.entry_ord)) {
            let place = format!("posting {} of {batch}", posting.ord);
            self.report.find(Check::Stray, place, format!("there is no entry {}", posting.entry_ord));
        }
    }

    /// Adds an entry to the accounts that it touches.
    fn fold(&mut self, entry: &EntryRow, postings: &[&PostingRow], number: Option<i64>) {
        self.look_at_entry(entry, postings);
        let kind = |id: &Uuid| self.accounts.get(id).map(|fold| fold.kind);
        let Some(changes) = lines::changes(postings, kind) else {
            let detail = "it touches an account that is not there, or cannot be counted";
            self.report.find(Check::Entry, entry_place(entry), detail);
            return;
        };
        for (account, delta) in changes {
            let Some(fold) = self.accounts.get_mut(&account) else { continue };
            fold.balance += i128::from(delta);
            if let Some(number) = number {
                fold.statement.add(number, delta, entry.at.timestamp_micros());
            }
        }
    }

    fn look_at_entry(&mut self, entry: &EntryRow, postings: &[&PostingRow]) {
        let business = entry.business.parse::<BusinessId>();
        if matches!(business, Ok(BusinessId::Transfer(_))) {
            self.seen.transfer_entries += 1;
        }
        let words = entry.kind.parse::<EntryKind>().is_ok() && entry.nature.parse::<Nature>().is_ok();
        if business.is_err() || !words {
            let detail = format!("{:?}, {:?}, {:?}", entry.kind, entry.nature, entry.business);
            self.report.find(Check::Entry, entry_place(entry), format!("its words are unknown: {detail}"));
        }
        if postings.is_empty() {
            self.report.find(Check::Entry, entry_place(entry), "it moves nothing");
        }
        for posting in postings {
            if let Some(wrong) = self.wrong_posting(posting) {
                self.report.find(Check::Entry, entry_place(entry), wrong);
            }
        }
    }

    fn wrong_posting(&self, posting: &PostingRow) -> Option<String> {
        let currency = |id| self.accounts.get(id).map(|fold| fold.currency.code());
        let (debit, credit) = (currency(&posting.debit_account), currency(&posting.credit_account));
        let told = Some(posting.currency.as_str());
        if debit != told || credit != told {
            return Some(format!("posting {} is in {}, its accounts are not", posting.ord, posting.currency));
        }
        let moves = posting.amount_minor > 0 && posting.debit_account != posting.credit_account;
        (!moves).then(|| format!("posting {} moves nothing", posting.ord))
    }
}

fn place(row: &BlockRow) -> String {
    format!("block {}", row.number)
}

pub(super) fn entry_place(entry: &EntryRow) -> String {
    EntryId::from_uuid(entry.id).to_string()
}

fn is_dense(ords: impl Iterator<Item = i64>) -> bool {
    (0..).zip(ords).all(|(expected, ord)| expected == ord)
}

/// Where two lists part, counted from 1.
fn first_difference<T: PartialEq>(
    mut told: impl Iterator<Item = T>,
    mut real: impl Iterator<Item = T>,
) -> Option<usize> {
    for nth in 1.. {
        match (told.next(), real.next()) {
            (None, None) => return None,
            (told, real) if told != real => return Some(nth),
            _ => {}
        }
    }
    None
}
