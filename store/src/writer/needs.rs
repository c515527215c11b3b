//! What a batch names, so that it can be loaded and locked at once.

use std::collections::BTreeMap;

use domain::{Account, LedgerStep};
use uuid::Uuid;

use super::change::Change;
use crate::evidence::{Evidence, Receipt};

/// Keys to load, each once and in id order, which is the order of locking.
#[derive(Default)]
pub(super) struct Needs {
    pub claims: Vec<Vec<u8>>,
    /// Quotes that new transfers would consume.
    pub quotes: Vec<Uuid>,
    /// Transfers to be changed.
    pub transfers: Vec<Uuid>,
    /// Treasury movements to be changed.
    pub treasury: Vec<Uuid>,
    /// Approvals that somebody agrees to.
    pub approvals: Vec<Uuid>,
    /// Receipts that somebody brings.
    pub receipts: Vec<Receipt>,
    pub promises: Vec<Uuid>,
    pub callbacks: Vec<Uuid>,
    /// Holds to be resolved; their accounts are needed too.
    pub holds: Vec<Uuid>,
    pub accounts: BTreeMap<Uuid, Account>,
}

impl Needs {
    pub fn of(changes: &[Change]) -> Needs {
        let mut needs = Needs::default();
        for change in changes {
            needs.claims.extend(change.claim.iter().map(|claim| claim.claim.to_vec()));
            for write in &change.transfers {
                match write.transfer.version {
                    1 => needs.quotes.push(write.transfer.quote.uuid()),
                    _ => needs.transfers.push(write.transfer.id.uuid()),
                }
            }
            let changed = change.treasury.iter().filter(|movement| movement.version > 1);
            needs.treasury.extend(changed.map(|movement| movement.reference.uuid()));
            needs.approvals.extend(change.agreed.iter().map(|agreed| agreed.approval.uuid()));
            needs.receipts.extend(change.evidence.iter().filter_map(Evidence::receipt));
            needs.promises.extend(change.kept.iter().map(|kept| kept.id.uuid()));
            needs.callbacks.extend(change.applied.iter().map(|applied| applied.id.uuid()));
            change.ledger.iter().for_each(|step| needs.step(step));
        }
        needs.sort();
        needs
    }

    pub fn account(&mut self, account: &Account) {
        self.accounts.entry(account.id().uuid()).or_insert_with(|| account.clone());
    }

    fn step(&mut self, step: &LedgerStep) {
        match step {
            LedgerStep::Post(entry) => {
                for posting in &entry.postings {
                    self.account(&posting.debit);
                    self.account(&posting.credit);
                }
            }
            LedgerStep::Hold(hold) => self.account(&hold.account),
            LedgerStep::Settle { hold, .. } | LedgerStep::Void { hold } | LedgerStep::Expire { hold } => {
                self.holds.push(hold.uuid());
            }
        }
    }

    fn sort(&mut self) {
        for ids in [
            &mut self.quotes,
            &mut self.transfers,
            &mut self.treasury,
            &mut self.approvals,
            &mut self.promises,
            &mut self.callbacks,
            &mut self.holds,
        ] {
            ids.sort_unstable();
            ids.dedup();
        }
        self.claims.sort_unstable();
        self.claims.dedup();
    }
}
