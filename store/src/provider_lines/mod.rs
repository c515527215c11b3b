//! Lines of providers' statements: kept once, as they were first seen, and never changed.
//!
//! The unique key is provider, wallet and the provider's own name for the line. The same line again is nothing; one
//! that says something else is kept beside it, as a difference, once for each thing that it says. The database itself
//! refuses to change or remove either.
//!
//! Deliberately absent: reading statements, and matching lines with movements.

mod row;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Learned, LineKind, Money, Provider, Reference, Wallet};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::on;
use crate::read::money;
use crate::{Conn, LAST_INSTANT, StoreError, Tx};
use row::LineRow;

/// One line. Amounts are of one currency, positive for what comes into our float; `net = gross - fee`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderLine {
    pub id: Uuid,
    pub provider: Provider,
    pub wallet: Wallet,
    /// The provider's name for the line, unique within the wallet.
    pub key: String,
    pub kind: LineKind,
    /// The provider's own word for its kind; empty where it has none.
    pub word: String,
    pub gross: Money,
    pub fee: Money,
    pub net: Money,
    /// Our reference, where the line carries one.
    pub reference: Option<Reference>,
    /// The provider's name for what moved.
    pub provider_ref: Option<String>,
    pub occurred_at: DateTime<Utc>,
    /// From when on the money can be used, as the line said when it was first seen.
    pub available_at: Option<DateTime<Utc>>,
    /// The day of the statement, by UTC.
    pub day: NaiveDate,
    pub learned: Learned,
    /// SHA-256 of what the provider sent.
    pub raw: [u8; 32],
    pub fetched_at: DateTime<Utc>,
}

impl ProviderLine {
    /// What must never change: amounts, what it is about, when it happened. Not the provider's word for its kind and
    /// not when the money can be used, which is a forecast.
    fn content(&self) -> [u8; 32] {
        let (reference, named) = (self.reference.map(|r| r.to_string()), self.provider_ref.as_deref());
        let [gross, fee, net] = [self.gross, self.fee, self.net].map(|money| money.minor().to_string());
        let currency = self.gross.currency();
        let at = self.occurred_at.timestamp_micros().to_string();
        let fields = [
            self.kind.as_str(),
            &gross,
            &fee,
            &net,
            currency.code(),
            reference.as_deref().unwrap_or_default(),
            named.unwrap_or_default(),
            &at,
        ];
        Sha256::digest(fields.join("\n")).into()
    }
}

/// What keeping lines came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Keys of the lines that were not there before.
    pub new: Vec<String>,
    /// Keys of those that say something that they never said before.
    pub changed: Vec<String>,
}

/// Keeps what is not there yet. A line from a list that says something else than the one that is there is kept as a
/// difference; what was learned of one movement is kept once and never compared.
pub async fn keep(tx: &mut Tx, lines: &[ProviderLine]) -> Result<Kept, StoreError> {
    let mut kept = Kept::default();
    for line in lines {
        if insert(tx, line).await? {
            kept.new.push(line.key.clone());
        } else if line.learned == Learned::List && differs(tx, line).await? {
            kept.changed.push(line.key.clone());
        }
    }
    Ok(kept)
}

/// `false`: a line of this name is there.
async fn insert(tx: &mut Tx, line: &ProviderLine) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO provider_lines (id, provider, wallet, line_key, kind, word, gross_minor, \
         fee_minor, net_minor, currency, reference, provider_ref, occurred_at, available_at, day, learned, raw, \
         fetched_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         ON CONFLICT (provider, wallet, line_key) DO NOTHING";
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(line.id).bind(line.provider.as_str()).bind(line.wallet.as_str());
        let query = query.bind(&line.key).bind(line.kind.as_str()).bind(&line.word).bind(line.gross.minor());
        let query = query.bind(line.fee.minor()).bind(line.net.minor()).bind(line.gross.currency().code());
        let query = query.bind(line.reference.map(Reference::uuid)).bind(line.provider_ref.as_deref());
        let query = query.bind(line.occurred_at).bind(line.available_at).bind(line.day.to_string());
        let query = query.bind(line.learned.as_str()).bind(line.raw.to_vec()).bind(line.fetched_at);
        query.execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Whether it says what it never said before; then that is kept too.
async fn differs(tx: &mut Tx, line: &ProviderLine) -> Result<bool, StoreError> {
    const KNOWN: &str = "SELECT * FROM provider_lines WHERE provider = $1 AND wallet = $2 AND line_key = $3";
    const SQL: &str = "INSERT INTO provider_line_differences (line, content, gross_minor, fee_minor, net_minor, \
         currency, kind, reference, provider_ref, occurred_at, raw, fetched_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (line, content) DO NOTHING";
    let known: LineRow = on!(&mut tx.conn(), |c| {
        let query = sqlx::query_as(KNOWN).bind(line.provider.as_str()).bind(line.wallet.as_str());
        query.bind(&line.key).fetch_one(&mut **c).await
    })?;
    let known = ProviderLine::try_from(known)?;
    if known.content() == line.content() {
        return Ok(false);
    }
    let done = on!(&mut tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(known.id).bind(line.content().to_vec()).bind(line.gross.minor());
        let query = query.bind(line.fee.minor()).bind(line.net.minor()).bind(line.gross.currency().code());
        let query = query.bind(line.kind.as_str()).bind(line.reference.map(Reference::uuid));
        let query = query.bind(line.provider_ref.as_deref()).bind(line.occurred_at).bind(line.raw.to_vec());
        query.bind(line.fetched_at).execute(&mut **c).await.map(|done| done.rows_affected())
    })?;
    Ok(done == 1)
}

/// Which lines a list shows; what is not said is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFilter {
    pub provider: Option<Provider>,
    pub wallet: Option<Wallet>,
    pub kind: Option<LineKind>,
    /// Lines that carry it.
    pub reference: Option<Reference>,
    /// Not earlier.
    pub from: Option<DateTime<Utc>>,
    /// Earlier.
    pub to: Option<DateTime<Utc>>,
}

/// Lines, newest first: at most `limit` of those before `before`, the last one of the page above.
pub async fn list(
    conn: &mut Conn<'_>,
    filter: &LineFilter,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<ProviderLine>, StoreError> {
    const SQL: &str = "SELECT * FROM provider_lines WHERE (occurred_at, id) < ($1, $2) \
         AND (CAST($3 AS TEXT) IS NULL OR provider = $3) AND (CAST($4 AS TEXT) IS NULL OR wallet = $4) \
         AND (CAST($5 AS TEXT) IS NULL OR kind = $5) AND occurred_at >= $6 AND occurred_at < $7 \
         ORDER BY occurred_at DESC, id DESC LIMIT $8";
    // By its own index: the general statement would walk all lines until it meets this one.
    const OF_REFERENCE: &str = "SELECT * FROM provider_lines WHERE reference = $9 AND (occurred_at, id) < ($1, $2) \
         AND (CAST($3 AS TEXT) IS NULL OR provider = $3) AND (CAST($4 AS TEXT) IS NULL OR wallet = $4) \
         AND (CAST($5 AS TEXT) IS NULL OR kind = $5) AND occurred_at >= $6 AND occurred_at < $7 \
         ORDER BY occurred_at DESC, id DESC LIMIT $8";
    let (at, id) = before.unwrap_or((LAST_INSTANT, Uuid::max()));
    let from = filter.from.unwrap_or(DateTime::UNIX_EPOCH);
    let to = filter.to.unwrap_or(LAST_INSTANT);
    let rows: Vec<LineRow> = on!(conn, |c| {
        let query = sqlx::query_as(if filter.reference.is_some() { OF_REFERENCE } else { SQL });
        let query = query.bind(at).bind(id).bind(filter.provider.map(Provider::as_str));
        let query =
            query.bind(filter.wallet.as_ref().map(Wallet::as_str)).bind(filter.kind.map(LineKind::as_str));
        let query = query.bind(from).bind(to).bind(limit);
        match filter.reference {
            Some(reference) => query.bind(reference.uuid()).fetch_all(&mut **c).await,
            None => query.fetch_all(&mut **c).await,
        }
    })?;
    rows.into_iter().map(ProviderLine::try_from).collect()
}

/// What a line said another time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub line: Uuid,
    pub kind: LineKind,
    pub gross: Money,
    pub fee: Money,
    pub net: Money,
    pub reference: Option<Reference>,
    pub provider_ref: Option<String>,
    pub occurred_at: DateTime<Utc>,
    pub fetched_at: DateTime<Utc>,
}

/// What these lines said other times, oldest first.
pub async fn differences(conn: &mut Conn<'_>, lines: &[Uuid]) -> Result<Vec<Difference>, StoreError> {
    let rows: Vec<row::DifferenceRow> = crate::ledger::keys::by_ids!(
        conn,
        lines,
        "SELECT * FROM provider_line_differences WHERE line",
        "ORDER BY line, fetched_at, content"
    )?;
    rows.into_iter().map(Difference::try_from).collect()
}

/// The sum of the net amounts of a wallet's lines in minor units of one currency, and how many they are.
pub async fn sum(
    conn: &mut Conn<'_>,
    provider: Provider,
    wallet: &Wallet,
    currency: domain::Currency,
) -> Result<(Money, i64), StoreError> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(net_minor), 0) AS BIGINT), COUNT(*) FROM provider_lines \
         WHERE provider = $1 AND wallet = $2 AND currency = $3";
    let (minor, count): (i64, i64) = on!(conn, |c| {
        let query = sqlx::query_as(SQL).bind(provider.as_str()).bind(wallet.as_str()).bind(currency.code());
        query.fetch_one(&mut **c).await
    })?;
    Ok((money(("provider line", Uuid::nil()), minor, currency.code())?, count))
}
