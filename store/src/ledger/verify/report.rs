//! What a verification found, in words that an operator and a program can read.

use std::time::Duration;

/// What was checked when something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Blocks: dense numbers, each naming the hash of the one before, each hash that of its rows.
    Chain,
    /// The numbers of entries and audit lines, dense and pointing where they should.
    Numbers,
    /// A batch holds as much as it was committed with.
    Batch,
    /// An entry: its words, its business, its postings.
    Entry,
    /// An account's name, id, kind and currency agree.
    Account,
    /// A kept balance is the sum of the postings.
    Balance,
    /// What is kept as held is the sum of the open holds.
    Held,
    /// An account's statement tells every sealed entry that touched it.
    Statement,
    /// A hold agrees with itself and with the movement it is for.
    Hold,
    /// A transfer's and its movements' terms agree, and every movement is booked once.
    Transfer,
    /// The timeline is a path of declared steps that ends where the transfer stands.
    History,
    /// A final transfer left nothing on customers' and suspense accounts, and holds nothing.
    Closing,
    /// A row whose other half is not there.
    Stray,
    /// The chain does not lead to a block that was noted outside.
    Anchor,
    /// A column holds what no program of ours writes.
    Unreadable,
}

impl Check {
    /// The word in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Check::Chain => "chain",
            Check::Numbers => "numbers",
            Check::Batch => "batch",
            Check::Entry => "entry",
            Check::Account => "account",
            Check::Balance => "balance",
            Check::Held => "held",
            Check::Statement => "statement",
            Check::Hold => "hold",
            Check::Transfer => "transfer",
            Check::History => "history",
            Check::Closing => "closing",
            Check::Stray => "stray",
            Check::Anchor => "anchor",
            Check::Unreadable => "unreadable",
        }
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: Check,
    /// Which row, by its kind and id: `block 12`, `transfer_…`.
    pub place: String,
    pub detail: String,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub accounts: u64,
    pub blocks: u64,
    pub batches: u64,
    pub entries: u64,
    pub postings: u64,
    pub audit: u64,
    pub statement_lines: u64,
    pub holds: u64,
    pub transfers: u64,
    pub movements: u64,
    pub timeline: u64,
    /// Batches that the sealer has not come by yet.
    pub unsealed: u64,
    /// Late payments in suspense that were neither reused nor given back yet: open, and rightly so.
    pub late_money: u64,
}

/// A block and its hash: what the chain must lead to when it was noted outside the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    pub block: i64,
    pub hash: Vec<u8>,
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// At most [`MOST_FINDINGS`] of them.
    pub findings: Vec<Finding>,
    /// How many more there were.
    pub omitted: u64,
    pub counts: Counts,
    /// The last block; worth noting outside the book.
    pub head: Option<Anchor>,
    pub took: Duration,
}

/// Findings that a report tells; the rest is counted.
pub const MOST_FINDINGS: usize = 1_000;

impl Report {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn find(&mut self, check: Check, place: impl Into<String>, detail: impl Into<String>) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding { check, place: place.into(), detail: detail.into() });
        } else {
            self.omitted += 1;
        }
    }
}

/// What is being looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Accounts,
    Blocks,
    Waiting,
    Statements,
    Holds,
    Transfers,
    Strays,
}

impl Stage {
    /// The word for a progress bar.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Accounts => "accounts",
            Stage::Blocks => "blocks",
            Stage::Waiting => "unsealed",
            Stage::Statements => "statements",
            Stage::Holds => "holds",
            Stage::Transfers => "transfers",
            Stage::Strays => "strays",
        }
    }
}

/// How far a verification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub stage: Stage,
    pub done: u64,
    /// Rows of this stage in all.
    pub total: u64,
}
