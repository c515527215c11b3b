//! Statements: one line per sealed entry that touched the account, each balance following from the one before.

use std::collections::HashSet;

use uuid::Uuid;

use super::accounts::{Statement, place};
use super::{Check, PAGE, Stage, Verifier};
use crate::StoreError;
use crate::db::on;
use crate::ledger::lines;
use crate::ledger::rows::AccountLineRow;
use crate::rows::PostingRow;

impl Verifier<'_> {
    pub(super) async fn look_at_statements(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT * FROM account_lines WHERE (account_id, number) > ($1, $2) \
             ORDER BY account_id, number LIMIT $3";
        let total = self.count("SELECT COUNT(*) FROM account_lines").await?;
        let mut after = (Uuid::nil(), i64::MIN);
        let mut told: Option<(Uuid, Statement)> = None;
        let mut met = HashSet::new();
        loop {
            let rows: Vec<AccountLineRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(SQL).bind(after.0).bind(after.1).bind(PAGE).fetch_all(&mut **c).await
            })?;
            let Some(last) = rows.last() else { break };
            after = (last.account_id, last.number);
            for row in &rows {
                self.report.counts.statement_lines += 1;
                match &mut told {
                    Some((account, statement)) if *account == row.account_id => statement.add_stored(row),
                    _ => {
                        self.compare(told.take(), &mut met).await?;
                        let mut statement = Statement::default();
                        statement.add_stored(row);
                        told = Some((row.account_id, statement));
                    }
                }
            }
            self.tell(Stage::Statements, self.report.counts.statement_lines, total);
        }
        self.compare(told, &mut met).await?;
        self.miss_statements(&met);
        Ok(())
    }

    /// Compares a whole statement with what its account's entries must have left.
    async fn compare(
        &mut self,
        told: Option<(Uuid, Statement)>,
        met: &mut HashSet<Uuid>,
    ) -> Result<(), StoreError> {
        let Some((account, statement)) = told else { return Ok(()) };
        let Some(fold) = self.accounts.get(&account) else {
            self.report.find(Check::Statement, place(account), "a statement of an account that is not there");
            return Ok(());
        };
        let expected = fold.statement;
        met.insert(account);
        if statement == expected {
            return Ok(());
        }
        let detail = match self.first_wrong_line(account).await? {
            Some(number) => format!("the line of entry {number} is wrong, or one before it is missing"),
            None => format!("{} lines are there, {} should be", statement.lines, expected.lines),
        };
        self.report.find(Check::Statement, place(account), detail);
        Ok(())
    }

    fn miss_statements(&mut self, met: &HashSet<Uuid>) {
        let missing = |(id, lines): (&Uuid, u64)| (lines > 0 && !met.contains(id)).then_some((*id, lines));
        let folds = self.accounts.iter().map(|(id, fold)| (id, fold.statement.lines));
        let mut missing: Vec<(Uuid, u64)> = folds.filter_map(missing).collect();
        missing.sort_unstable();
        for (account, lines) in missing {
            let detail = format!("no line is there, {lines} should be");
            self.report.find(Check::Statement, place(account), detail);
        }
    }

    /// The number of the first line that does not follow from its entry and the line before.
    async fn first_wrong_line(&mut self, account: Uuid) -> Result<Option<i64>, StoreError> {
        const SQL: &str =
            "SELECT * FROM account_lines WHERE account_id = $1 AND number > $2 ORDER BY number LIMIT $3";
        let (mut after, mut balance) = (i64::MIN, 0_i64);
        loop {
            let rows: Vec<AccountLineRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(SQL).bind(account).bind(after).bind(PAGE).fetch_all(&mut **c).await
            })?;
            let Some(last) = rows.last() else { return Ok(None) };
            after = last.number;
            for row in &rows {
                let follows = balance.checked_add(row.delta_minor) == Some(row.balance_minor);
                if !follows || !self.is_line_of_entry(row).await? {
                    return Ok(Some(row.number));
                }
                balance = row.balance_minor;
            }
        }
    }

    async fn is_line_of_entry(&mut self, row: &AccountLineRow) -> Result<bool, StoreError> {
        const ENTRY: &str = "SELECT e.batch_id, e.ord, e.at FROM sealed_entries s \
             JOIN entries e ON e.batch_id = s.batch_id AND e.ord = s.ord WHERE s.number = $1";
        const POSTINGS: &str = "SELECT * FROM postings WHERE batch_id = $1 AND entry_ord = $2";
        let mut conn = self.snapshot.conn();
        let entry: Option<(Uuid, i64, chrono::DateTime<chrono::Utc>)> =
            on!(&mut conn, |c| sqlx::query_as(ENTRY).bind(row.number).fetch_optional(&mut **c).await)?;
        let Some((batch, ord, at)) = entry else { return Ok(false) };
        let postings: Vec<PostingRow> =
            on!(&mut conn, |c| sqlx::query_as(POSTINGS).bind(batch).bind(ord).fetch_all(&mut **c).await)?;
        let postings: Vec<&PostingRow> = postings.iter().collect();
        let changes = lines::changes(&postings, |id| self.accounts.get(id).map(|fold| fold.kind));
        let delta = changes.and_then(|changes| changes.get(&row.account_id).copied());
        Ok(delta == Some(row.delta_minor) && at.timestamp_micros() == row.at.timestamp_micros())
    }
}
