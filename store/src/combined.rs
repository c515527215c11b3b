//! One PostgreSQL statement made of many: parts that insert or change rows run as common table expressions, together
//! and at once, and cost one round trip.
//!
//! A part may have to meet a certain number of rows; when it meets another, all of the statement fails as a
//! serialisation failure and leaves no trace. Parts do not see each other's effects, so no two may touch one row.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, PgConnection, Postgres, Type};

use crate::StoreError;

/// The statement as it grows.
#[derive(Default)]
pub(crate) struct Combined {
    arguments: PgArguments,
    bound: usize,
    parts: Vec<String>,
    outcome: Vec<String>,
}

impl Combined {
    /// Adds a value and says how the statement names it: `$7`.
    pub fn bind<'v, T>(&mut self, value: T) -> String
    where
        T: Encode<'v, Postgres> + Type<Postgres> + 'v,
    {
        // Only composite values can fail to encode.
        let _ = self.arguments.add(value);
        self.bound += 1;
        format!("${}", self.bound)
    }

    /// Adds a part and says its name.
    pub fn part(&mut self, sql: &str) -> String {
        let name = format!("p{}", self.parts.len());
        self.parts.push(format!("{name} AS ({sql})"));
        name
    }

    /// Adds a part, ending in `RETURNING 1`, that has to meet exactly `wanted` rows; they are called `what` when not.
    pub fn guarded(&mut self, what: &'static str, wanted: usize, sql: &str) {
        let name = self.part(sql);
        let wanted = self.bind(i64::try_from(wanted).unwrap_or(i64::MAX));
        self.outcome.push(format!("must_be('{what}', (SELECT count(*) FROM {name}), {wanted})"));
    }

    /// Adds what is read at the end: an expression over parts. Says in which column.
    pub fn result(&mut self, expression: String) -> usize {
        self.outcome.push(expression);
        self.outcome.len() - 1
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Runs all of it. Outside of a transaction it commits.
    pub async fn run(self, connection: &mut PgConnection) -> Result<PgRow, StoreError> {
        let outcome = if self.outcome.is_empty() { "1".to_owned() } else { self.outcome.join(", ") };
        let sql = format!("WITH {} SELECT {outcome}", self.parts.join(", "));
        Ok(sqlx::query_with(AssertSqlSafe(sql), self.arguments).fetch_one(connection).await?)
    }
}
