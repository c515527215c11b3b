//! Where a merchant's notifications go: `/api/notification/v1/merchantcallback`.
//!
//! The specification answers 201 with a body; what clients met has none. Reading it back gives
//! the key in clear, in an array.

use rusqlite::{OptionalExtension, Row, Transaction as Tx, params};
use serde_json::{Value, json};

use super::config::SonatelCallbackConfig;
use super::errors::{Reply, SonatelError};
use super::fields::Fields;
use super::http::Call;
use super::wallet;

/// `POST /api/notification/v1/merchantcallback`.
pub async fn register(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let fields = Fields::of(&call.body)?;
        let given = |name: &str| fields.text(name).map(str::to_owned);
        let callback = SonatelCallbackConfig {
            code: wallet::merchant(desk.tx, fields.text("code")?)?.id,
            name: given("name")?,
            url: given("callbackUrl")?,
            api_key: given("apiKey")?,
        };
        if !is_address(&callback.url) {
            return Err(fields.wrong("callbackUrl", "must be a URL"));
        }
        put(desk.tx, &callback)?;
        match desk.app.sonatel.settings().registration_has_body {
            true => Ok(Reply::json(&view(&callback)).status(201)),
            false => Ok(Reply::empty(201)),
        }
    })
}

/// `GET /api/notification/v1/merchantcallback?code=…`.
pub async fn read(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let code = call.query.get("code").filter(|code| !code.is_empty());
        let code = code.ok_or_else(|| SonatelError::bad("code is required"))?;
        let found = find(desk.tx, code)?;
        let views: Vec<Value> = found.iter().map(view).collect();
        Ok(Reply::json(&Value::Array(views)))
    })
}

fn view(callback: &SonatelCallbackConfig) -> Value {
    json!({
        "apiKey": callback.api_key,
        "code": callback.code,
        "name": callback.name,
        "callbackUrl": callback.url,
    })
}

/// Whether callbacks can be posted there.
pub fn is_address(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Writes a callback over the merchant's own.
pub fn put(tx: &Tx<'_>, callback: &SonatelCallbackConfig) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO sonatel_callbacks (code, name, url, api_key) VALUES (?1, ?2, ?3, ?4)",
        params![callback.code, callback.name, callback.url, callback.api_key],
    )?;
    Ok(())
}

/// A merchant's callback.
pub fn find(tx: &Tx<'_>, code: &str) -> rusqlite::Result<Option<SonatelCallbackConfig>> {
    tx.prepare_cached("SELECT * FROM sonatel_callbacks WHERE code = ?1")?
        .query_row([code], from_row)
        .optional()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SonatelCallbackConfig> {
    Ok(SonatelCallbackConfig {
        code: row.get("code")?,
        name: row.get("name")?,
        url: row.get("url")?,
        api_key: row.get("api_key")?,
    })
}
