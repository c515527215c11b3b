//! Accounts as kept, and as they are folded anew.

use domain::{Account, AccountId, AccountKind, Currency};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Check, PAGE, Stage, Verifier};
use crate::StoreError;
use crate::db::on;
use crate::ledger::rows::AccountLineRow;
use crate::rows::AccountRow;

/// What an account's row says, and what its entries and holds come to.
pub(super) struct Fold {
    pub currency: Currency,
    pub kind: AccountKind,
    pub role: Role,
    kept: i64,
    kept_held: i64,
    /// Sum of all changes, sealed or not.
    pub balance: i128,
    /// Sum of the open holds.
    pub held: i128,
    /// The statement that its sealed entries must have left.
    pub statement: Statement,
}

/// What the closing rule asks of an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Must come to zero when a transfer is final.
    Owed,
    /// Must come to zero after a full refund.
    Traded,
    Other,
}

/// A statement in brief: two that tell the same lines in the same order are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub lines: u64,
    pub balance: i64,
    digest: [u8; 16],
}

impl Statement {
    /// Adds a line whose balance follows from the lines before.
    pub fn add(&mut self, number: i64, delta: i64, at_us: i64) {
        self.lines += 1;
        self.balance = self.balance.wrapping_add(delta);
        self.digest = chained(self.digest, [number, delta, self.balance, at_us]);
    }

    /// Adds a line as it is stored.
    pub fn add_stored(&mut self, row: &AccountLineRow) {
        self.lines += 1;
        self.balance = row.balance_minor;
        let at_us = row.at.timestamp_micros();
        self.digest = chained(self.digest, [row.number, row.delta_minor, row.balance_minor, at_us]);
    }
}

fn chained(digest: [u8; 16], line: [i64; 4]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(digest);
    for part in line {
        hasher.update(part.to_be_bytes());
    }
    let mut next = [0; 16];
    next.copy_from_slice(&hasher.finalize()[..16]);
    next
}

impl Fold {
    fn of(row: &AccountRow, account: &Account) -> Fold {
        Fold {
            currency: account.currency(),
            kind: account.kind(),
            role: role(account),
            kept: row.balance,
            kept_held: row.held,
            balance: 0,
            held: 0,
            statement: Statement::default(),
        }
    }
}

fn role(account: &Account) -> Role {
    match account {
        Account::Customer { .. } | Account::Merchant { .. } | Account::Suspense { .. } => Role::Owed,
        Account::Fx { .. } | Account::MarginRevenue { .. } => Role::Traded,
        _ => Role::Other,
    }
}

pub(super) fn place(id: Uuid) -> String {
    AccountId::from_uuid(id).to_string()
}

impl Verifier<'_> {
    /// Loads the accounts, and checks that each is what its name says.
    pub(super) async fn look_at_accounts(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT * FROM accounts WHERE id > $1 ORDER BY id LIMIT $2";
        let total = self.count("SELECT COUNT(*) FROM accounts").await?;
        let mut after = Uuid::nil();
        loop {
            let rows: Vec<AccountRow> = on!(&mut self.snapshot.conn(), |c| {
                sqlx::query_as(SQL).bind(after).bind(PAGE).fetch_all(&mut **c).await
            })?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            rows.iter().for_each(|row| self.look_at_account(row));
            self.tell(Stage::Accounts, self.report.counts.accounts, total);
        }
    }

    fn look_at_account(&mut self, row: &AccountRow) {
        self.report.counts.accounts += 1;
        let Ok(account) = row.name.parse::<Account>() else {
            self.report.find(Check::Account, place(row.id), format!("{:?} is no account name", row.name));
            return;
        };
        let agrees = account.id().uuid() == row.id
            && account.kind().as_str() == row.kind
            && account.currency().code() == row.currency;
        if !agrees {
            let detail = format!("id, kind or currency are not those of {account}");
            self.report.find(Check::Account, place(row.id), detail);
        }
        self.accounts.insert(row.id, Fold::of(row, &account));
    }

    /// Compares what was kept with what entries and holds come to.
    pub(super) fn compare_balances(&mut self) {
        let mut wrong: Vec<(Uuid, Check, String)> = Vec::new();
        for (id, fold) in &self.accounts {
            if fold.balance != i128::from(fold.kept) {
                let detail = format!("{} is kept, its entries come to {}", fold.kept, fold.balance);
                wrong.push((*id, Check::Balance, detail));
            }
            if fold.held != i128::from(fold.kept_held) {
                let detail = format!("{} is kept, its open holds come to {}", fold.kept_held, fold.held);
                wrong.push((*id, Check::Held, detail));
            }
        }
        wrong.sort_by_key(|(id, check, _)| (*id, *check));
        for (id, check, detail) in wrong {
            self.report.find(check, place(id), detail);
        }
    }
}
