//! Holds, each in itself; and balances, once entries and holds are folded.

use domain::{Account, BusinessId, Hold, HoldId, HoldState};
use uuid::Uuid;

use super::{Check, PAGE, Stage, Verifier};
use crate::StoreError;
use crate::db::on;
use crate::rows::HoldRow;

impl Verifier<'_> {
    pub(super) async fn look_at_holds(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT * FROM holds WHERE id > $1 ORDER BY id LIMIT $2";
        let total = self.count("SELECT COUNT(*) FROM holds").await?;
        let mut after = Uuid::nil();
        loop {
            let rows: Vec<HoldRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(SQL).bind(after).bind(PAGE).fetch_all(&mut **c).await
            })?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            for row in rows {
                self.report.counts.holds += 1;
                if let Some(wrong) = self.fold_hold(&row) {
                    self.report.find(Check::Hold, HoldId::from_uuid(row.id).to_string(), wrong);
                }
            }
            self.tell(Stage::Holds, self.report.counts.holds, total);
        }
        self.compare_balances();
        Ok(())
    }

    /// Adds an open hold to its account, and tells what is wrong with it.
    fn fold_hold(&mut self, row: &HoldRow) -> Option<&'static str> {
        if row.business.parse::<BusinessId>().is_ok_and(|id| matches!(id, BusinessId::Transfer(_))) {
            self.seen.transfer_holds += 1;
        }
        let (open, resolved) = (row.state == "open", row.resolved_at.is_some());
        if let Some(fold) = self.accounts.get_mut(&row.account_id).filter(|_| open) {
            fold.held += i128::from(row.amount_minor);
        }
        let Ok(hold) = Hold::try_from(row.clone()) else { return Some("its words are unknown") };
        let settled = hold.settled.minor();
        match hold.state {
            _ if !self.is_on_its_account(row, &hold.account) => Some("its account is another one"),
            _ if open == resolved => Some("it is open and resolved at once, or neither"),
            HoldState::Settled if !(1..=row.amount_minor).contains(&settled) => {
                Some("it settled more than it held, or nothing")
            }
            HoldState::Settled => None,
            _ if settled != 0 => Some("it settled something without being settled"),
            _ => None,
        }
    }

    fn is_on_its_account(&self, row: &HoldRow, account: &Account) -> bool {
        let known = self.accounts.contains_key(&row.account_id);
        known && account.id().uuid() == row.account_id && account.currency().code() == row.currency
    }
}
