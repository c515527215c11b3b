//! What a block's hash is over, so that anybody can recompute it from the rows.
//!
//! SHA-256 over a series of fields, each preceded by its length in bytes as 8 bytes, big end first. A number is 8
//! bytes, big end first; an id its 16 bytes; an instant a number, microseconds since 1970; a text its UTF-8 bytes; what
//! may be absent is a field of one byte (0 or 1) and, when there, the field itself. In this order:
//!
//! 1. the text `moneybridge block v1`;
//! 2. the hash of the previous block (32 zero bytes before the first), the block's number, its first and last entry
//!    number, its first and last audit number (an empty range ends one before it begins), the instant of sealing, and
//!    how many batches it holds;
//! 3. each batch, by instant of commit and then id: id, count of entries, count of audit lines, instant of commit;
//!    - how many entries there are, and each: number, ord, id, kind, nature, business, movement (may be absent), at;
//!    - how many postings there are, and each: ord, ord of its entry, account debited, account credited, amount in
//!      minor units, currency;
//!    - how many audit lines there are, and each: number, ord, id, at, actor, action, object, detail.
//!
//! So a row cannot be changed, moved, added or taken away without the hash of its block, and those of all blocks after
//! it, becoming others.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::rows::BlockRow;
use super::sheet::Sheet;
use crate::rows::{AuditRow, EntryRow, PostingRow};

/// What stands where the first block has no predecessor.
pub(crate) const GENESIS: [u8; 32] = [0; 32];

/// The hash that a block of these sheets must carry; what `block` says it carries is not read.
pub(crate) fn hash(block: &BlockRow, sheets: &[Sheet]) -> [u8; 32] {
    let mut ink = Ink(Sha256::new());
    ink.field(b"moneybridge block v1");
    ink.field(&block.previous);
    for number in [block.number, block.first_entry, block.last_entry, block.first_audit, block.last_audit] {
        ink.number(number);
    }
    ink.instant(block.sealed_at);
    ink.count(sheets.len());
    let (mut entry, mut audit) = (block.first_entry, block.first_audit);
    for sheet in sheets {
        ink.sheet(sheet, &mut entry, &mut audit);
    }
    ink.0.finalize().into()
}

struct Ink(Sha256);

impl Ink {
    fn field(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn number(&mut self, number: i64) {
        self.field(&number.to_be_bytes());
    }

    fn count(&mut self, count: usize) {
        self.field(&(count as u64).to_be_bytes());
    }

    fn instant(&mut self, at: DateTime<Utc>) {
        self.number(at.timestamp_micros());
    }

    fn id(&mut self, id: Uuid) {
        self.field(id.as_bytes());
    }

    fn id_if_any(&mut self, id: Option<Uuid>) {
        self.field(&[u8::from(id.is_some())]);
        if let Some(id) = id {
            self.id(id);
        }
    }

    fn sheet(&mut self, sheet: &Sheet, entry: &mut i64, audit: &mut i64) {
        self.id(sheet.batch.id);
        self.number(sheet.batch.entry_count);
        self.number(sheet.batch.audit_count);
        self.instant(sheet.batch.committed_at);
        self.count(sheet.entries.len());
        for row in &sheet.entries {
            self.entry(next(entry), row);
        }
        self.count(sheet.postings.len());
        for row in &sheet.postings {
            self.posting(row);
        }
        self.count(sheet.audit.len());
        for row in &sheet.audit {
            self.audit(next(audit), row);
        }
    }

    fn entry(&mut self, number: i64, row: &EntryRow) {
        self.number(number);
        self.number(row.ord);
        self.id(row.id);
        for word in [&row.kind, &row.nature, &row.business] {
            self.field(word.as_bytes());
        }
        self.id_if_any(row.movement);
        self.instant(row.at);
    }

    fn posting(&mut self, row: &PostingRow) {
        self.number(row.ord);
        self.number(row.entry_ord);
        self.id(row.debit_account);
        self.id(row.credit_account);
        self.number(row.amount_minor);
        self.field(row.currency.as_bytes());
    }

    fn audit(&mut self, number: i64, row: &AuditRow) {
        self.number(number);
        self.number(row.ord);
        self.id(row.id);
        self.instant(row.at);
        for text in [&row.actor, &row.action, &row.object, &row.detail] {
            self.field(text.as_bytes());
        }
    }
}

fn next(number: &mut i64) -> i64 {
    let this = *number;
    *number += 1;
    this
}
