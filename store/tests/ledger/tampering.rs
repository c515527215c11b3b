//! Every tamper is found, and told where it is: any column of any chained row, rows taken away, added or exchanged,
//! and tails cut off.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::AssertSqlSafe;
use store::ledger::verify::{Report, verify};
use store::testkit::{TestDb, databases};
use store::{Conn, Engine};

use super::{played, seal_all};

/// What a column holds, for making something else of it.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Number,
    Id,
    Word,
    Instant,
    Hash,
    /// One of these, whatever was there.
    OneOf(&'static [&'static str]),
}
use Kind::{Hash, Id, Instant, Number, OneOf, Word};

/// A table, its primary key, and the columns that a tamper may touch.
struct Table {
    name: &'static str,
    key: &'static [&'static str],
    columns: &'static [(&'static str, Kind)],
    /// Whether a row taken away must be found.
    rows: bool,
}

const NATURES: Kind = OneOf(&["intent", "fact"]);
const STATES: Kind = OneOf(&["open", "settled", "voided", "expired"]);
const STATUSES: Kind = OneOf(&["awaiting_payment", "funded", "completed", "expired", "refunded", "on_hold"]);
const MOVED: Kind = OneOf(&["intended", "submitted", "uncertain", "succeeded", "declined", "cancelled"]);

/// The chained tables first, with every column; then what else is checked, with what is checked of it.
const TABLES: [Table; 13] = [
    Table {
        name: "batches",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("entry_count", Number),
            ("audit_count", Number),
            ("committed_at", Instant),
            ("block", Number),
        ],
        rows: true,
    },
    Table {
        name: "entries",
        key: &["batch_id", "ord"],
        columns: &[
            ("batch_id", Id),
            ("ord", Number),
            ("id", Id),
            ("kind", Word),
            ("nature", NATURES),
            ("business", Word),
            ("movement", Id),
            ("at", Instant),
        ],
        rows: true,
    },
    Table {
        name: "postings",
        key: &["batch_id", "ord"],
        columns: &[
            ("batch_id", Id),
            ("ord", Number),
            ("entry_ord", Number),
            ("debit_account", Id),
            ("credit_account", Id),
            ("amount_minor", Number),
            ("currency", OneOf(&["XOF", "EUR", "GNF"])),
        ],
        rows: true,
    },
    Table {
        name: "audit",
        key: &["batch_id", "ord"],
        columns: &[
            ("batch_id", Id),
            ("ord", Number),
            ("id", Id),
            ("at", Instant),
            ("actor", Word),
            ("action", Word),
            ("object", Word),
            ("detail", Word),
        ],
        rows: true,
    },
    Table {
        name: "blocks",
        key: &["number"],
        columns: &[
            ("number", Number),
            ("first_entry", Number),
            ("last_entry", Number),
            ("first_audit", Number),
            ("last_audit", Number),
            ("previous", Hash),
            ("hash", Hash),
            ("sealed_at", Instant),
        ],
        rows: true,
    },
    Table {
        name: "sealed_entries",
        key: &["number"],
        columns: &[
            ("number", Number),
            ("entry_id", Id),
            ("batch_id", Id),
            ("ord", Number),
            ("business", Word),
        ],
        rows: true,
    },
    Table {
        name: "sealed_audit",
        key: &["number"],
        columns: &[("number", Number), ("batch_id", Id), ("ord", Number)],
        rows: true,
    },
    Table {
        name: "account_lines",
        key: &["account_id", "number"],
        columns: &[
            ("account_id", Id),
            ("number", Number),
            ("delta_minor", Number),
            ("balance_minor", Number),
            ("at", Instant),
        ],
        rows: true,
    },
    Table {
        name: "accounts",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("name", Word),
            ("kind", OneOf(&["asset", "liability", "revenue", "position"])),
            ("currency", OneOf(&["XOF", "EUR", "CNY"])),
            ("balance", Number),
            ("held", Number),
        ],
        rows: true,
    },
    Table {
        name: "holds",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("account_id", Id),
            ("account", Word),
            ("amount_minor", Number),
            ("settled_minor", Number),
            ("currency", OneOf(&["XOF", "EUR"])),
            ("state", STATES),
            ("business", Word),
        ],
        rows: true,
    },
    Table {
        name: "transfers",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("status", STATUSES),
            ("send_minor", Number),
            ("fee_minor", Number),
            ("total_minor", Number),
        ],
        rows: true,
    },
    Table {
        name: "movements",
        key: &["reference"],
        columns: &[("reference", Id), ("transfer_id", Id), ("state", MOVED), ("amount_minor", Number)],
        rows: false,
    },
    Table {
        name: "timeline",
        key: &["transfer_id", "version", "ord"],
        columns: &[("transfer_id", Id)],
        rows: false,
    },
];

/// The book under attack, and a copy of every table to restore it from.
struct Attacked {
    db: TestDb,
    chance: StdRng,
}

/// What was done, as a sentence, with the place that a report must name for it, where that is sure.
struct Tamper {
    done: String,
    table: &'static str,
    places: Vec<String>,
}

impl Attacked {
    async fn new(db: TestDb, seed: u64) -> Attacked {
        let (mut scene, writer, _) = played(&db, seed, 24).await;
        for _ in 0..5 {
            scene.play_on(&writer, 24).await;
            seal_all(&db, &scene).await;
        }
        let attacked = Attacked { db, chance: StdRng::seed_from_u64(seed) };
        for table in &TABLES {
            attacked.run(&format!("CREATE TABLE shadow_{0} AS SELECT * FROM {0}", table.name)).await.unwrap();
        }
        attacked
    }

    async fn run(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let mut tx = self.db.begin().await.unwrap();
        let done = match tx.conn() {
            Conn::Sqlite(c) => sqlx::query(AssertSqlSafe(sql.to_owned())).execute(c).await?.rows_affected(),
            Conn::Postgres(c) => sqlx::query(AssertSqlSafe(sql.to_owned())).execute(c).await?.rows_affected(),
        };
        tx.commit().await.unwrap();
        Ok(done)
    }

    async fn numbers(&self, sql: &str) -> Vec<i64> {
        let mut reader = self.db.read().await.unwrap();
        match reader.conn() {
            Conn::Sqlite(c) => sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(c).await.unwrap(),
            Conn::Postgres(c) => {
                sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(c).await.unwrap()
            }
        }
    }

    async fn ids(&self, sql: &str) -> Vec<uuid::Uuid> {
        let mut reader = self.db.read().await.unwrap();
        match reader.conn() {
            Conn::Sqlite(c) => sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(c).await.unwrap(),
            Conn::Postgres(c) => {
                sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(c).await.unwrap()
            }
        }
    }

    async fn restore(&self, table: &str) {
        self.run(&format!("DELETE FROM {table}")).await.unwrap();
        self.run(&format!("INSERT INTO {table} SELECT * FROM shadow_{table}")).await.unwrap();
    }

    async fn differs(&self, table: &str) -> bool {
        let both =
            [(table.to_owned(), format!("shadow_{table}")), (format!("shadow_{table}"), table.to_owned())];
        for (one, other) in both {
            let sql = format!("SELECT COUNT(*) FROM (SELECT * FROM {one} EXCEPT SELECT * FROM {other}) AS x");
            if self.numbers(&sql).await != [0] {
                return true;
            }
        }
        false
    }

    /// Another value for a column, as an expression of it.
    fn other(&mut self, column: &str, kind: Kind) -> String {
        let engine = self.db.engine();
        match kind {
            Number => {
                let by = self.chance.random_range(1..4);
                let sign = if self.chance.random_bool(0.5) { "+" } else { "-" };
                format!("{column} {sign} {by}")
            }
            Word => format!("{column} || 'x'"),
            OneOf(words) => format!("'{}'", words[self.chance.random_range(0..words.len())]),
            Id => self.id(),
            Instant if engine == Engine::Sqlite => "'2026-01-15T08:59:59.5+00:00'".into(),
            Instant => "timestamptz '2026-01-15 08:59:59.5+00'".into(),
            Hash => match engine {
                Engine::Sqlite => format!("x'{}'", self.hex(32)),
                Engine::Postgres => format!("decode('{}', 'hex')", self.hex(32)),
            },
        }
    }

    fn id(&mut self) -> String {
        match self.db.engine() {
            Engine::Sqlite => format!("x'{}'", self.hex(16)),
            Engine::Postgres => format!("'{}'::uuid", uuid::Uuid::from_bytes(self.chance.random())),
        }
    }

    fn hex(&mut self, bytes: usize) -> String {
        (0..bytes).map(|_| format!("{:02x}", self.chance.random::<u8>())).collect()
    }

    /// A condition that picks the `nth` row by its key.
    fn row(table: &Table, nth: i64) -> String {
        let key = table.key.join(", ");
        format!("({key}) IN (SELECT {key} FROM shadow_{} ORDER BY {key} LIMIT 1 OFFSET {nth})", table.name)
    }

    async fn random_row(&mut self, table: &Table) -> i64 {
        let rows = self.numbers(&format!("SELECT COUNT(*) FROM shadow_{}", table.name)).await[0];
        self.chance.random_range(0..rows)
    }

    /// Where a change to these rows must be told.
    async fn places(&self, table: &Table, rows: &str) -> Vec<String> {
        let of_batches = |condition: String| {
            format!("SELECT block FROM shadow_batches WHERE {condition} AND block IS NOT NULL")
        };
        let sql = match table.name {
            "batches" => of_batches(rows.to_owned()),
            "entries" | "postings" | "audit" => {
                of_batches(format!("id IN (SELECT batch_id FROM shadow_{} WHERE {rows})", table.name))
            }
            "blocks" => format!("SELECT number FROM shadow_blocks WHERE {rows}"),
            "sealed_entries" => format!(
                "SELECT b.number FROM shadow_blocks b JOIN shadow_sealed_entries s \
                 ON s.number BETWEEN b.first_entry AND b.last_entry WHERE s.{rows}",
            ),
            "sealed_audit" => format!(
                "SELECT b.number FROM shadow_blocks b JOIN shadow_sealed_audit s \
                 ON s.number BETWEEN b.first_audit AND b.last_audit WHERE s.{rows}",
            ),
            "account_lines" => {
                let sql = format!("SELECT account_id FROM shadow_account_lines WHERE {rows}");
                let ids = self.ids(&sql).await;
                return ids.into_iter().map(|id| domain::AccountId::from_uuid(id).to_string()).collect();
            }
            _ => return vec![],
        };
        let sql = sql.replace("s.(number)", "s.number");
        self.numbers(&sql).await.into_iter().map(|block| format!("block {block}")).collect()
    }

    /// Tries one tamper; nothing when the database refuses it or it changes nothing.
    async fn tamper(&mut self, table: &'static Table) -> Option<Tamper> {
        let nth = self.random_row(table).await;
        let row = Self::row(table, nth);
        let name = table.name;
        let (sql, rows): (String, Option<String>) = match self.chance.random_range(0..10) {
            0 if table.rows => (format!("DELETE FROM {name} WHERE {row}"), Some(row)),
            1 if table.rows => {
                let (key, last) = (table.key.join(", "), self.chance.random_range(1..4));
                let backwards: Vec<String> =
                    table.key.iter().map(|column| format!("{column} DESC")).collect();
                let tail = format!(
                    "({key}) IN (SELECT {key} FROM shadow_{name} ORDER BY {} LIMIT {last})",
                    backwards.join(", ")
                );
                (format!("DELETE FROM {name} WHERE {tail}"), Some(tail))
            }
            2 | 3 => self.exchange(table, nth)?,
            // What is added has a place of its own.
            4 => (self.addition(table, &row)?, None),
            _ => {
                let (column, kind) = table.columns[self.chance.random_range(0..table.columns.len())];
                let value = self.other(column, kind);
                (format!("UPDATE {name} SET {column} = {value} WHERE {row}"), Some(row))
            }
        };
        let places = match rows {
            Some(rows) => self.places(table, &rows).await,
            None => vec![],
        };
        let done = self.run(&sql).await;
        if done.is_err() || !self.differs(name).await {
            return None;
        }
        Some(Tamper { done: sql, table: name, places })
    }

    /// Two neighbouring rows exchange what one column holds.
    fn exchange(&mut self, table: &Table, nth: i64) -> Option<(String, Option<String>)> {
        let free: Vec<_> = table
            .columns
            .iter()
            .map(|(column, _)| *column)
            .filter(|column| !table.key.contains(column))
            .collect();
        if free.is_empty() || nth == 0 {
            return None;
        }
        let column = free[self.chance.random_range(0..free.len())];
        let (one, other) = (Self::row(table, nth - 1), Self::row(table, nth));
        let value = |row: &str| format!("(SELECT {column} FROM shadow_{} WHERE {row})", table.name);
        let sql = format!(
            "UPDATE {} SET {column} = CASE WHEN {one} THEN {} ELSE {} END WHERE {one} OR {other}",
            table.name,
            value(&other),
            value(&one)
        );
        Some((sql, Some(other)))
    }

    /// One more row like another, under a key of its own.
    fn addition(&mut self, table: &Table, row: &str) -> Option<String> {
        if !table.rows || ["accounts", "transfers", "holds"].contains(&table.name) {
            return None;
        }
        let mut columns: Vec<String> = table.columns.iter().map(|(column, _)| (*column).to_owned()).collect();
        for (nth, (column, kind)) in table.columns.iter().enumerate() {
            let own = table.key.last() == Some(column) || ["id", "entry_id"].contains(column);
            if own {
                columns[nth] = match kind {
                    Number => format!("{column} + 1000"),
                    _ => self.id(),
                };
            }
        }
        let names: Vec<&str> = table.columns.iter().map(|(column, _)| *column).collect();
        let (name, names, columns) = (table.name, names.join(", "), columns.join(", "));
        Some(format!("INSERT INTO {name} ({names}) SELECT {columns} FROM shadow_{name} WHERE {row}"))
    }
}

fn told(report: &Report, tamper: &Tamper) -> bool {
    let neighbours = |place: &String| {
        // A block's own tamper may show in the block after, which names it.
        let number: Option<i64> = place.strip_prefix("block ").and_then(|number| number.parse().ok());
        let next = number.map(|number| format!("block {}", number + 1));
        report.findings.iter().any(|finding| finding.place == *place || Some(&finding.place) == next.as_ref())
    };
    !report.is_clean() && (tamper.places.is_empty() || tamper.places.iter().any(neighbours))
}

#[tokio::test]
async fn every_tamper_is_found_and_located() {
    for db in databases().await {
        eprintln!("on {:?}", db.engine());
        let mut attacked = Attacked::new(db, 61).await;
        let untouched = verify(&attacked.db, &mut |_| {}).await.unwrap();
        assert!(untouched.is_clean(), "{:?}", untouched.findings);
        let mut by_table = std::collections::BTreeMap::<&str, usize>::new();
        let (mut tries, mut located) = (0, 0);
        while by_table.values().sum::<usize>() < 208 {
            let table = &TABLES[tries % TABLES.len()];
            tries += 1;
            assert!(tries < 4_000, "too few tampers succeed: {by_table:?}");
            let Some(tamper) = attacked.tamper(table).await else { continue };
            let report = verify(&attacked.db, &mut |_| {}).await.unwrap();
            let told = told(&report, &tamper);
            assert!(told, "{} should be told at {:?}: {:#?}", tamper.done, tamper.places, report.findings);
            located += usize::from(!tamper.places.is_empty());
            *by_table.entry(tamper.table).or_default() += 1;
            attacked.restore(tamper.table).await;
        }
        eprintln!("{by_table:?}, {located} with a sure place");
        assert!(by_table.values().all(|count| *count >= 5) && located > 100, "{by_table:?}");
        let restored = verify(&attacked.db, &mut |_| {}).await.unwrap();
        assert!(restored.is_clean(), "{:?}", restored.findings);
    }
}
