//! Transfers, a page at a time, each with everything that belongs to it.

use std::collections::{BTreeSet, HashMap};

use domain::{BusinessId, Movement, MovementState, TransferId, TransferStatus};
use uuid::Uuid;

use super::accounts::Fold;
use super::{Check, Stage, Verifier, closing, parts};
use crate::StoreError;
use crate::db::on;
use crate::ledger::keys::{by_ids, by_words};
use crate::ledger::lines;
use crate::ledger::rows::SealedEntryRow;
use crate::rows::{EntryRow, HoldRow, MovementRow, PostingRow, TimelineRow, TransferRow};
use crate::transfers::StoredTransfer;

/// Transfers that are looked at together.
const TRANSFERS: i64 = 500;
/// Batches whose postings are read at once.
const BATCHES: usize = 8;

/// What an entry did to one account.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub entry: Uuid,
    pub kind: String,
    pub movement: Option<Uuid>,
    pub account: Uuid,
    /// Signed by the account's kind.
    pub minor: i64,
}

impl Flow {
    pub fn of(entry: &EntryRow, postings: &[&PostingRow], accounts: &HashMap<Uuid, Fold>) -> Vec<Flow> {
        let changes = lines::changes(postings, |id| accounts.get(id).map(|fold| fold.kind));
        let flow = |(account, minor)| Flow {
            entry: entry.id,
            kind: entry.kind.clone(),
            movement: entry.movement,
            account,
            minor,
        };
        changes.unwrap_or_default().into_iter().map(flow).collect()
    }
}

/// A transfer with everything that belongs to it.
pub(super) struct Dossier {
    pub transfer: domain::Transfer,
    pub movements: Vec<Movement>,
    pub timeline: Vec<TimelineRow>,
    pub flows: Vec<Flow>,
    pub holds: Vec<HoldRow>,
}

/// The rows of a page that belong to its transfers.
#[derive(Default)]
struct Page {
    movements: HashMap<Uuid, Vec<MovementRow>>,
    timeline: HashMap<Uuid, Vec<TimelineRow>>,
    flows: HashMap<String, Vec<Flow>>,
    holds: HashMap<Uuid, HoldRow>,
}

impl Verifier<'_> {
    pub(super) async fn look_at_transfers(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT * FROM transfers WHERE id > $1 ORDER BY id LIMIT $2";
        let total = self.count("SELECT COUNT(*) FROM transfers").await?;
        let mut after = Uuid::nil();
        loop {
            let rows: Vec<TransferRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(SQL).bind(after).bind(TRANSFERS).fetch_all(&mut **c).await
            })?;
            let Some(last) = rows.last().map(|row| row.id) else { return Ok(()) };
            let mut page = self.page(after, last, &rows).await?;
            after = last;
            for row in rows {
                self.report.counts.transfers += 1;
                let dossier = self.dossier(row, &mut page);
                if let Some(dossier) = dossier {
                    self.look_at_transfer(&dossier);
                }
            }
            self.tell(Stage::Transfers, self.report.counts.transfers, total);
        }
    }

    async fn page(&mut self, after: Uuid, last: Uuid, rows: &[TransferRow]) -> Result<Page, StoreError> {
        const MOVEMENTS: &str = "SELECT * FROM movements WHERE transfer_id > $1 AND transfer_id <= $2 \
             ORDER BY transfer_id, created_at, reference";
        const TIMELINE: &str = "SELECT * FROM timeline WHERE transfer_id > $1 AND transfer_id <= $2 \
             ORDER BY transfer_id, version, ord";
        let mut page = Page::default();
        let mut conn = self.snapshot.conn();
        let movements: Vec<MovementRow> = on!(&mut conn, |c| {
            sqlx::query_as(MOVEMENTS).bind(after).bind(last).fetch_all(&mut **c).await
        })?;
        let timeline: Vec<TimelineRow> = on!(&mut conn, |c| {
            sqlx::query_as(TIMELINE).bind(after).bind(last).fetch_all(&mut **c).await
        })?;
        let held = movements.iter().flat_map(|m| [m.value_hold, m.float_hold]).flatten();
        let ids: Vec<Uuid> = held.collect();
        let holds: Vec<HoldRow> = by_ids!(&mut conn, &ids, "SELECT * FROM holds WHERE id", "")?;
        page.holds = holds.into_iter().map(|hold| (hold.id, hold)).collect();
        for movement in movements {
            page.movements.entry(movement.transfer_id).or_default().push(movement);
        }
        for line in timeline {
            page.timeline.entry(line.transfer_id).or_default().push(line);
        }
        page.flows = self.flows(rows.iter().map(|row| business(row.id)).collect()).await?;
        Ok(page)
    }

    /// What the entries about these did, sealed or not.
    pub(super) async fn flows(
        &mut self,
        businesses: Vec<String>,
    ) -> Result<HashMap<String, Vec<Flow>>, StoreError> {
        let mut conn = self.snapshot.conn();
        let sealed: Vec<SealedEntryRow> = by_words!(
            &mut conn,
            &businesses,
            "SELECT * FROM sealed_entries WHERE business",
            "ORDER BY number"
        )?;
        let batches: BTreeSet<Uuid> = sealed.iter().map(|row| row.batch_id).collect();
        let wanted: HashMap<(Uuid, i64), &str> =
            sealed.iter().map(|row| ((row.batch_id, row.ord), &*row.business)).collect();
        let mut flows: HashMap<String, Vec<Flow>> = HashMap::new();
        let batches: Vec<Uuid> = batches.into_iter().collect();
        for batches in batches.chunks(BATCHES) {
            let entries: Vec<EntryRow> = by_ids!(
                &mut conn,
                batches,
                "SELECT * FROM entries WHERE batch_id",
                "ORDER BY batch_id, ord"
            )?;
            let postings: Vec<PostingRow> = by_ids!(
                &mut conn,
                batches,
                "SELECT * FROM postings WHERE batch_id",
                "ORDER BY batch_id, ord"
            )?;
            let mut of_entry: HashMap<(Uuid, i64), Vec<&PostingRow>> = HashMap::new();
            for posting in &postings {
                let key = (posting.batch_id, posting.entry_ord);
                if wanted.contains_key(&key) {
                    of_entry.entry(key).or_default().push(posting);
                }
            }
            for entry in entries {
                let key = (entry.batch_id, entry.ord);
                let Some(business) = wanted.get(&key) else { continue };
                let postings = of_entry.remove(&key).unwrap_or_default();
                let of_business = flows.entry((*business).to_owned()).or_default();
                of_business.extend(Flow::of(&entry, &postings, &self.accounts));
            }
        }
        for business in businesses {
            let waiting = self.waiting.remove(&business).unwrap_or_default();
            flows.entry(business).or_default().extend(waiting);
        }
        Ok(flows)
    }

    /// Puts together what belongs to a transfer; nothing when it cannot be read.
    fn dossier(&mut self, row: TransferRow, page: &mut Page) -> Option<Dossier> {
        let (id, place) = (row.id, business(row.id));
        let movements = page.movements.remove(&id).unwrap_or_default();
        let timeline = page.timeline.remove(&id).unwrap_or_default();
        let flows = page.flows.remove(&place).unwrap_or_default();
        self.report.counts.movements += movements.len() as u64;
        self.report.counts.timeline += timeline.len() as u64;
        let entries: BTreeSet<Uuid> = flows.iter().map(|flow| flow.entry).collect();
        self.seen.entries_of_transfers += entries.len() as u64;
        let held = movements.iter().flat_map(|m| [m.value_hold, m.float_hold]).flatten();
        let holds: Vec<HoldRow> = held.filter_map(|hold| page.holds.get(&hold).cloned()).collect();
        self.seen.holds_of_transfers += holds.iter().filter(|hold| hold.business == place).count() as u64;
        let Ok(stored) = StoredTransfer::try_from(row) else {
            self.report.find(Check::Unreadable, place, "its words are unknown");
            return None;
        };
        let mut read = Vec::with_capacity(movements.len());
        for movement in movements {
            let reference = movement.reference;
            match Movement::try_from(movement) {
                Ok(movement) => read.push(movement),
                Err(_) => {
                    let place = format!("movement {reference}");
                    self.report.find(Check::Unreadable, place, "its words are unknown");
                }
            }
        }
        Some(Dossier { transfer: stored.transfer, movements: read, timeline, flows, holds })
    }

    fn look_at_transfer(&mut self, dossier: &Dossier) {
        let place = dossier.transfer.id.to_string();
        let t = &dossier.transfer;
        if t.send.checked_add(t.fee) != Ok(t.total) {
            self.report.find(Check::Transfer, &*place, "what is sent and the fee are not the total");
        }
        for wrong in parts::wrong(dossier) {
            self.report.find(Check::Transfer, &*place, wrong);
        }
        if let Some(wrong) = wrong_history(dossier) {
            self.report.find(Check::History, &*place, wrong);
        }
        self.look_at_movements(dossier);
        if dossier.transfer.status.is_final() {
            for wrong in closing::wrong(dossier, &self.accounts) {
                self.report.find(Check::Closing, &*place, wrong);
            }
        }
        self.report.counts.late_money += closing::late_money(dossier).count() as u64;
    }
}

/// What a transfer's entries name.
pub(super) fn business(transfer: Uuid) -> String {
    BusinessId::Transfer(TransferId::from_uuid(transfer)).to_string()
}

/// Why the timeline is not a path of declared steps from the beginning to where the transfer stands.
fn wrong_history(dossier: &Dossier) -> Option<String> {
    let mut lines = dossier.timeline.iter();
    let first = lines.next().filter(|line| (line.version, line.ord, &*line.event) == (1, 0, "created"));
    if first.is_none() {
        return Some("its timeline does not begin with its creation".into());
    }
    let mut status = TransferStatus::AwaitingPayment;
    for line in lines {
        let kind = line.kind.as_deref().and_then(|word| word.parse().ok());
        let state = line.state.as_deref().map(|word| word.parse::<MovementState>().is_ok());
        let next = status.told(&line.event, kind);
        if next != status && !status.allows(next) {
            return Some(format!("{} cannot be told of one that is {status}", line.event));
        }
        if line.version > dossier.transfer.version
            || line.kind.is_some() != kind.is_some()
            || state == Some(false)
        {
            return Some(format!("line {}.{} of its timeline is not its own", line.version, line.ord));
        }
        status = next;
    }
    let told = dossier.transfer.status;
    (status != told).then(|| format!("its timeline ends at {status}, it is {told}"))
}
