//! The Aggregated Merchants API: the names under which an aggregator collects and pays.
//!
//! Creating needs no idempotency key, since names are one of a kind within a wallet. A merchant
//! starts open; once Wave reviewed it (`POST /_control/wave/merchants`) it has fee structures and
//! is locked, so that it can be deleted but not changed. Documented are the codes
//! `duplicate-aggregated-merchant-name`, `record-locked` (403) and `no-permission`; *chosen* are
//! the 409 of a duplicate, the bounds of `first` and of `manager_name`, and that sessions and
//! payouts that named a merchant before it was deleted go on.

use axum::extract::Path;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::auth::Call;
use super::errors::{Reply, WaveError};
use super::fields::{self, Fields};
use super::merchant_book::{self, BusinessType, Merchant, Profile};
use super::wallet::Wallet;
use crate::app::Desk;
use crate::ids;

const PAGE: i64 = 1000;

/// `POST /v1/aggregated_merchants`.
pub async fn create(call: Call) -> Result<Reply, WaveError> {
    let profile = read(&call.json()?)?;
    call.at_desk(|desk| {
        let merchant = Merchant {
            id: ids::lower("am-", 13),
            profile,
            checkout_fee: None,
            payout_fee: None,
            is_locked: false,
            created_at: desk.now,
        };
        match merchant_book::insert(desk.tx, call.wallet.name(), &merchant)? {
            true => Reply::json(&merchant.view()),
            false => Err(duplicate()),
        }
    })
}

/// `GET /v1/aggregated_merchants?first=&after=`.
pub async fn list(call: Call) -> Result<Reply, WaveError> {
    let first = first(&call)?;
    let after = call.query("after").map(|cursor| decode(&cursor).ok_or_else(no_cursor)).transpose()?;
    call.at_desk(|desk| {
        let found = merchant_book::after(desk.tx, call.wallet.name(), after.as_deref(), first + 1)?;
        let mut found = found.ok_or_else(no_cursor)?;
        let has_next_page = found.len() as i64 > first;
        found.truncate(usize::try_from(first).unwrap_or_default());
        let end_cursor = found.last().map(|merchant| encode(&merchant.id));
        let items: Vec<Value> = found.iter().map(Merchant::view).collect();
        let page_info = json!({ "has_next_page": has_next_page, "end_cursor": end_cursor });
        Reply::json(&json!({ "page_info": page_info, "items": items }))
    })
}

/// `GET /v1/aggregated_merchants/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| Reply::json(&own(desk, &call, &id)?.view()))
}

/// `PUT /v1/aggregated_merchants/{id}`: writes the whole profile; what is left out becomes null.
pub async fn update(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    let profile = read(&call.json()?)?;
    call.at_desk(|desk| {
        if own(desk, &call, &id)?.is_locked {
            return Err(WaveError::new(403, "record-locked", "The merchant was reviewed and is locked"));
        }
        match merchant_book::update(desk.tx, call.wallet.name(), &id, &profile)? {
            true => Reply::json(&own(desk, &call, &id)?.view()),
            false => Err(duplicate()),
        }
    })
}

/// `DELETE /v1/aggregated_merchants/{id}`: 204, locked or not.
pub async fn delete(Path(id): Path<String>, call: Call) -> Result<Reply, WaveError> {
    call.at_desk(|desk| match merchant_book::delete(desk.tx, call.wallet.name(), &id, desk.now)? {
        true => Ok(Reply { status: 204, body: Vec::new() }),
        false => Err(not_found()),
    })
}

/// The merchant that a checkout or payout names. Aggregators must name one of theirs, and whoever
/// has none names none.
pub fn named(desk: &Desk<'_>, id: Option<&str>, wallet: &Wallet) -> Result<Option<Merchant>, WaveError> {
    let Some(id) = id else {
        return match wallet.portal.aggregated_merchants.is_empty() {
            true => Ok(None),
            false => Err(WaveError::new(
                400,
                "aggregated-merchant-required",
                "this wallet must name an aggregated merchant",
            )),
        };
    };
    let found = merchant_book::find(desk.tx, wallet.name(), id)?;
    found.map(Some).ok_or_else(|| {
        let message = format!("{id} is not a merchant of this wallet");
        WaveError::new(400, "invalid-aggregated-merchant-id", message)
    })
}

fn own(desk: &Desk<'_>, call: &Call, id: &str) -> Result<Merchant, WaveError> {
    merchant_book::find(desk.tx, call.wallet.name(), id)?.ok_or_else(not_found)
}

fn read(body: &Value) -> Result<Profile, WaveError> {
    let mut fields = Fields::of(body, Vec::new())?;
    let profile = Profile {
        name: filled(&mut fields, "name", 255),
        business_type: business_type(&mut fields),
        business_description: filled(&mut fields, "business_description", usize::MAX),
        business_sector: fields.text("business_sector", 255),
        business_registration_identifier: fields.text("business_registration_identifier", 255),
        website_url: website(&mut fields),
        manager_name: fields.text("manager_name", 255),
    };
    fields::check(fields.finish())?;
    Ok(profile)
}

fn filled(fields: &mut Fields<'_>, name: &str, max: usize) -> String {
    let before = fields.faults();
    let text = fields.required(name, max);
    if fields.faults() == before && text.trim().is_empty() {
        fields.wrong(name, "ensure this value has at least 1 characters", "value_error.any_str.min_length");
    }
    text
}

fn business_type(fields: &mut Fields<'_>) -> BusinessType {
    let before = fields.faults();
    let word = fields.required("business_type", 255);
    let kind = [BusinessType::Fintech, BusinessType::Other].into_iter().find(|kind| kind.as_str() == word);
    if fields.faults() == before && kind.is_none() {
        fields.wrong("business_type", "permitted: 'fintech', 'other'", "type_error.enum");
    }
    kind.unwrap_or(BusinessType::Other)
}

fn website(fields: &mut Fields<'_>) -> Option<String> {
    let url = fields.text("website_url", 2083)?;
    let parsed = reqwest::Url::parse(&url);
    if !parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        fields.wrong("website_url", "invalid or missing URL scheme", "value_error.url.scheme");
    }
    Some(url)
}

fn first(call: &Call) -> Result<i64, WaveError> {
    let Some(text) = call.query("first") else { return Ok(PAGE) };
    match text.parse() {
        Ok(first @ 1..=PAGE) => Ok(first),
        _ => {
            let msg = "ensure this value is between 1 and 1000";
            Err(WaveError::field(&["first"], msg, "value_error.number"))
        }
    }
}

/// A cursor names the last merchant of a page, as Wave's do.
fn encode(id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("c1:{id}"))
}

fn decode(cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    Some(text.strip_prefix("c1:")?.to_owned())
}

fn no_cursor() -> WaveError {
    WaveError::field(&["after"], "invalid cursor", "value_error.cursor")
}

fn not_found() -> WaveError {
    WaveError::not_found("Aggregated merchant")
}

fn duplicate() -> WaveError {
    let message = "An aggregated merchant of this name exists";
    WaveError::new(409, "duplicate-aggregated-merchant-name", message)
}
