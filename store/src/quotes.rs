//! Quotes as stored. That a quote serves one transfer is guarded by `transfers.quote_id`, not here.

use std::collections::HashMap;

use domain::fx::Leg;
use domain::{ForAdmins, Money, Quote, QuoteId, UserId};
use serde_json::{Value, json};

use crate::db::on;
use crate::gather::{Look, as_json};
use crate::read::{column, currency, decimal, money, word};
use crate::rows::QuoteRow;
use crate::{Conn, StoreError, Tx};

/// Stores a fresh quote, with the legs of its route for whoever checks the margin later.
pub async fn insert(tx: &mut Tx, quote: &Quote, legs: &[Leg]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO quotes (id, owner_id, side, from_country, to_country, funding_rail, payout_rail, \
         send_minor, send_currency, receive_minor, receive_currency, fee_minor, total_minor, rate, inverse, \
         margin_minor, margin_currency, terms_digest, delivery_estimate_s, expires_at, funding_deadline, created_at, legs) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
         $23)";
    let q = quote;
    on!(tx.conn(), |c| {
        let query = sqlx::query(SQL).bind(q.id.uuid()).bind(q.owner.uuid()).bind(q.side.as_str());
        let query = query.bind(q.from_country.to_string()).bind(q.to_country.to_string());
        let query = query.bind(q.funding_rail.as_str()).bind(q.payout_rail.as_str());
        let query = query.bind(q.send.minor()).bind(q.send.currency().code());
        let query = query.bind(q.receive.minor()).bind(q.receive.currency().code());
        let query = query.bind(q.fee.minor()).bind(q.total_to_pay.minor());
        let query = query.bind(q.rate.to_string()).bind(q.inverse.to_string());
        let query = query.bind(q.margin.reveal().minor()).bind(q.margin.reveal().currency().code());
        let query = query.bind(q.terms_digest.to_vec()).bind(q.delivery_estimate_s);
        let query = query.bind(q.expires_at).bind(q.funding_deadline).bind(q.created_at);
        let query = query.bind(legs_text(legs));
        query.execute(&mut *c).await.map(|_| ())
    })?;
    Ok(())
}

/// Quotes by their id, whoever owns them.
#[derive(Clone, Copy, Debug)]
pub struct Quotes;

impl Look for Quotes {
    type Key = QuoteId;
    type Value = Quote;

    async fn look(
        &self,
        conn: &mut Conn<'_>,
        keys: &[QuoteId],
    ) -> Result<HashMap<QuoteId, Quote>, StoreError> {
        const SQLITE: &str = "SELECT * FROM quotes WHERE id IN (SELECT unhex(value) FROM json_each($1))";
        const POSTGRES: &str = "SELECT * FROM quotes WHERE id = ANY($1)";
        let ids = keys.iter().map(|id| id.uuid());
        let rows: Vec<QuoteRow> = match conn {
            Conn::Sqlite(c) => sqlx::query_as(SQLITE).bind(as_json(ids)).fetch_all(&mut **c).await?,
            Conn::Postgres(c) => {
                sqlx::query_as(POSTGRES).bind(ids.collect::<Vec<_>>()).fetch_all(&mut **c).await?
            }
        };
        rows.into_iter().map(|row| Quote::try_from(row).map(|quote| (quote.id, quote))).collect()
    }
}

/// The owner's quote; another's is not found.
pub async fn find(conn: &mut Conn<'_>, owner: UserId, id: QuoteId) -> Result<Option<Quote>, StoreError> {
    const SQL: &str = "SELECT * FROM quotes WHERE id = $1 AND owner_id = $2";
    let row: Option<QuoteRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).bind(owner.uuid()).fetch_optional(&mut **c).await)?;
    row.map(Quote::try_from).transpose()
}

/// Anybody's quote. For admins only: it tells the margin.
pub async fn find_any(conn: &mut Conn<'_>, id: QuoteId) -> Result<Option<Quote>, StoreError> {
    const SQL: &str = "SELECT * FROM quotes WHERE id = $1";
    let row: Option<QuoteRow> =
        on!(conn, |c| sqlx::query_as(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    row.map(Quote::try_from).transpose()
}

/// The legs of a quote as they were stored; none where nothing was converted. For admins only.
pub async fn legs(conn: &mut Conn<'_>, id: QuoteId) -> Result<Option<Value>, StoreError> {
    const SQL: &str = "SELECT legs FROM quotes WHERE id = $1";
    let text: Option<Option<String>> =
        on!(conn, |c| sqlx::query_scalar(SQL).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    let read = |text: String| serde_json::from_str(&text).map_err(|_| StoreError::corrupt("quote", id));
    text.flatten().map(read).transpose()
}

fn legs_text(legs: &[Leg]) -> Option<String> {
    let leg = |leg: &Leg| {
        json!({
            "pair": leg.pair.to_string(),
            "direction": leg.direction.as_str(),
            "mid": leg.mid.to_string(),
            "rate": leg.rate.to_string(),
            "source": leg.source,
            "as_of": leg.as_of,
        })
    };
    (!legs.is_empty()).then(|| Value::Array(legs.iter().map(leg).collect()).to_string())
}

impl TryFrom<QuoteRow> for Quote {
    type Error = StoreError;

    fn try_from(row: QuoteRow) -> Result<Quote, StoreError> {
        let what = ("quote", row.id);
        let send = currency(what, &row.send_currency)?;
        Ok(Quote {
            id: QuoteId::from_uuid(row.id),
            owner: UserId::from_uuid(row.owner_id),
            from_country: column(what, domain::Country::parse(&row.from_country))?,
            to_country: column(what, domain::Country::parse(&row.to_country))?,
            funding_rail: word(what, &row.funding_rail)?,
            payout_rail: word(what, &row.payout_rail)?,
            side: word(what, &row.side)?,
            send: Money::new(row.send_minor, send),
            receive: money(what, row.receive_minor, &row.receive_currency)?,
            fee: Money::new(row.fee_minor, send),
            total_to_pay: Money::new(row.total_minor, send),
            rate: decimal(what, &row.rate)?,
            inverse: decimal(what, &row.inverse)?,
            margin: ForAdmins::new(money(what, row.margin_minor, &row.margin_currency)?),
            created_at: row.created_at,
            expires_at: row.expires_at,
            funding_deadline: row.funding_deadline,
            delivery_estimate_s: row.delivery_estimate_s,
            terms_digest: column(what, row.terms_digest.try_into())?,
        })
    }
}
