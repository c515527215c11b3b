//! What the settings say about reading providers' statements.

use super::reader::Reader;

/// How often and how far statements are read; durations in seconds.
#[derive(Clone, Debug)]
pub struct Statements {
    /// From the end of a round to the next; 0 reads nothing.
    pub every_s: i64,
    /// How long after its end a day is read again.
    pub lag_s: i64,
    /// How many days before today the first reading of a wallet begins at most.
    pub backfill_d: i64,
    /// Pages that are read of one wallet before the next one has its turn.
    pub pages_per_turn: i64,
}

/// Reads the table.
pub fn statements(r: &mut Reader) -> Statements {
    Statements {
        every_s: r.number("statements.every_s", 0..=86_400),
        lag_s: r.number("statements.lag_s", 0..=604_800),
        backfill_d: r.number("statements.backfill_d", 0..=3_650),
        pages_per_turn: r.number("statements.pages_per_turn", 1..=10_000),
    }
}
