//! QR codes: `POST /api/eWallet/v4/qrcode`, and what an app finds when it scans one.
//!
//! A QR can be paid until it expires, however many newer ones the same reference has, and more
//! than once unless `restrictions.isSingleUse` says so. It lives 300 seconds unless `validity`
//! says otherwise (*chosen* from the documents' example), a day at most. An unpaid one is seen by
//! no other call.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Row, Transaction as Tx, params};
use serde_json::{Map, Value, json};

use super::errors::{Reply, SonatelError};
use super::fields::Fields;
use super::http::Call;
use super::transaction::milliseconds;
use super::{picture, wallet};
use crate::app::Desk;
use crate::books::{instant, json as json_column, to_json};
use crate::clock::{Instant, micros, to_the_second};
use crate::ids;

const USUAL_S: i64 = 300;
const LONGEST_S: i64 = 86_400;

/// A QR code.
#[derive(Clone, Debug, PartialEq)]
pub struct Qr {
    /// Its id.
    pub id: String,
    /// The merchant.
    pub code: String,
    /// Shown to the payer.
    pub name: String,
    /// Whole francs.
    pub amount: i64,
    /// The caller's reference.
    pub reference: Option<String>,
    /// The caller's map.
    pub metadata: Map<String, Value>,
    /// Where the browser goes after paying.
    pub success_url: Option<String>,
    /// Where the browser goes after giving up.
    pub cancel_url: Option<String>,
    /// Where its notifications go, unless to the merchant's own address.
    pub callback_url: Option<String>,
    /// Whether one payment is all that it takes.
    pub is_single_use: bool,
    /// Whether somebody paid by it.
    pub is_used: bool,
    /// When it was made.
    pub created_at: Instant,
    /// From when on it is refused.
    pub expires_at: Instant,
}

impl Qr {
    /// The page behind its links.
    pub fn link(&self, desk: &Desk<'_>) -> String {
        format!("{}/sonatel/q/{}", desk.app.public_url(), self.id)
    }

    /// As its maker is answered.
    fn view(&self, desk: &Desk<'_>) -> Value {
        let link = self.link(desk);
        let png = BASE64_STANDARD.encode(picture::png(&link));
        let mut view = json!({
            "deepLink": link,
            "deepLinks": {"MAXIT": link, "OM": format!("{link}?app=om")},
            "qrCode": png,
            "validity": (self.expires_at - self.created_at).num_seconds(),
            "metadata": self.metadata,
            "qrId": self.id,
            "shortLink": link,
            "validFor": {
                "startDateTime": to_the_second(self.created_at),
                "endDateTime": to_the_second(self.expires_at),
            },
        });
        if let Some(view) = view.as_object_mut().filter(|_| desk.app.sonatel.settings().older_qr) {
            ["qrId", "shortLink", "validFor"].iter().for_each(|name| drop(view.remove(*name)));
            view.insert("qrCode".to_owned(), json!(format!("data:image/png;base64,{png}")));
        }
        view
    }

    /// As the control surface shows it.
    pub fn shown(&self) -> Value {
        json!({
            "qrId": self.id,
            "reference": self.reference,
            "amount": self.amount.to_string(),
            "used": self.is_used,
            "expires_at": milliseconds(self.expires_at),
        })
    }
}

/// `POST /api/eWallet/v4/qrcode`.
pub async fn create(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let qr = read(desk, call)?;
        insert(desk, &qr)?;
        Ok(Reply::json(&qr.view(desk)))
    })
}

fn read(desk: &Desk<'_>, call: &Call) -> Result<Qr, SonatelError> {
    let fields = Fields::of(&call.body)?;
    let validity = fields.integer("validity", USUAL_S)?;
    if !(1..=LONGEST_S).contains(&validity) {
        return Err(fields.wrong("validity", "must be between 1 and 86400 seconds"));
    }
    let restrictions = call.body.get("restrictions").filter(|value| !value.is_null());
    let is_single_use = match restrictions {
        Some(_) => fields.inner("restrictions")?.flag("isSingleUse", false)?,
        None => false,
    };
    let own = |text: Option<&str>| text.map(str::to_owned);
    Ok(Qr {
        id: ids::lower("", 10),
        code: wallet::merchant(desk.tx, fields.text("code")?)?.id,
        name: fields.text("name")?.to_owned(),
        amount: fields.money("amount")?,
        reference: own(fields.text_or_none("reference")?),
        metadata: fields.metadata()?,
        success_url: own(fields.text_or_none("callbackSuccessUrl")?),
        cancel_url: own(fields.text_or_none("callbackCancelUrl")?),
        callback_url: call.callback_url.clone(),
        is_single_use,
        is_used: false,
        created_at: desk.now,
        expires_at: desk.now + TimeDelta::seconds(validity),
    })
}

fn insert(desk: &Desk<'_>, qr: &Qr) -> rusqlite::Result<()> {
    desk.tx.execute(
        "INSERT INTO sonatel_qrcodes (qr_id, code, name, amount, reference, metadata, success_url, cancel_url,
            callback_url, is_single_use, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            qr.id,
            qr.code,
            qr.name,
            qr.amount,
            qr.reference,
            to_json(&qr.metadata)?,
            qr.success_url,
            qr.cancel_url,
            qr.callback_url,
            qr.is_single_use,
            micros(qr.created_at),
            micros(qr.expires_at),
        ],
    )?;
    Ok(())
}

/// A QR by its id.
pub fn find(tx: &Tx<'_>, id: &str) -> rusqlite::Result<Option<Qr>> {
    tx.prepare_cached("SELECT * FROM sonatel_qrcodes WHERE qr_id = ?1")?.query_row([id], from_row).optional()
}

/// Every QR of a reference, newest first.
pub fn by_reference(tx: &Tx<'_>, reference: &str) -> rusqlite::Result<Vec<Qr>> {
    tx.prepare_cached("SELECT * FROM sonatel_qrcodes WHERE reference = ?1 ORDER BY seq DESC")?
        .query_map([reference], from_row)?
        .collect()
}

/// Writes down that somebody paid by it.
pub fn put_used(tx: &Tx<'_>, id: &str) -> rusqlite::Result<()> {
    tx.execute("UPDATE sonatel_qrcodes SET is_used = 1 WHERE qr_id = ?1", [id])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Qr> {
    Ok(Qr {
        id: row.get("qr_id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        amount: row.get("amount")?,
        reference: row.get("reference")?,
        metadata: json_column(row, "metadata")?,
        success_url: row.get("success_url")?,
        cancel_url: row.get("cancel_url")?,
        callback_url: row.get("callback_url")?,
        is_single_use: row.get("is_single_use")?,
        is_used: row.get("is_used")?,
        created_at: instant(row, "created_at")?,
        expires_at: instant(row, "expires_at")?,
    })
}
