//! Payouts from the balance to a bank account of the business itself.
//!
//! The balance is debited when a payout begins, and credited again when it fails, even after it
//! was paid. *Chosen*: a standard one leaves with the next business day and arrives on the second;
//! an instant one takes half an hour and costs a hundredth, at least fifty cents; one that comes
//! back after being paid does so two business days later.

use axum::extract::Path;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::balance::{self, Entry};
use super::book::{self, Due};
use super::config::StripeBankAccountConfig;
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::merged;
use super::record::{self, Fact, Kind};
use super::scene::{Scene, instant_of, int, text};
use super::{calendar, event, list};
use crate::ids;

/// `POST /v1/payouts`.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let amount = params.integer("amount")?.ok_or_else(|| StripeError::missing("amount"))?;
        let currency = params.required("currency")?;
        let method = params.word("method", &["standard", "instant"])?.unwrap_or("standard".to_owned());
        let destination = params.text("destination")?;
        let mut payout = blank(scene, amount, &method);
        for field in ["description", "statement_descriptor"] {
            payout[field] = json!(params.text(field)?);
        }
        if let Some(source) = params.word("source_type", &["bank_account", "card", "fpx"])? {
            payout["source_type"] = json!(source);
        }
        payout["metadata"] = merged(&Value::Null, params.metadata("metadata")?);
        params.finish()?;
        if amount < 1 || currency != "eur" {
            let param = if amount < 1 { "amount" } else { "currency" };
            return Err(
                StripeError::invalid("", "Only a positive amount of eur can be paid out").about(param)
            );
        }
        let account = account(scene, destination.as_deref())?;
        payout["destination"] = json!(account.id);
        let fee = if method == "instant" { (amount / 100).max(50) } else { 0 };
        check(scene, &account, amount, fee, method == "instant")?;
        begin(scene, &mut payout, fee)?;
        Ok(payout)
    })
}

fn account(scene: &Scene<'_>, id: Option<&str>) -> Result<StripeBankAccountConfig, StripeError> {
    let mut accounts = scene.account().bank_accounts.iter();
    let found = match id {
        Some(id) => accounts.find(|account| account.id == id),
        None => accounts.next(),
    };
    let missing = || StripeError::no_such("external account", id.unwrap_or_default(), "destination");
    found.cloned().ok_or_else(missing)
}

fn check(
    scene: &Scene<'_>,
    account: &StripeBankAccountConfig,
    amount: i64,
    fee: i64,
    is_instant: bool,
) -> Result<(), StripeError> {
    let refuse = |code, message: &str| Err(StripeError::state(code, message));
    if !scene.account().payouts_allowed {
        return refuse("payouts_not_allowed", "Cannot create payouts: the account is restricted.");
    }
    if is_instant {
        let limit = scene.account().instant_limit;
        if limit <= 0 {
            return refuse("instant_payouts_config_disabled", "Instant payouts are not enabled.");
        }
        if !account.supports_instant {
            return refuse("instant_payouts_unsupported", "This account does not take instant payouts.");
        }
        if instant_today(scene)? + amount > limit {
            return refuse(
                "instant_payouts_limit_exceeded",
                "The daily limit of instant payouts is exceeded.",
            );
        }
    }
    match balance::available(scene)? >= amount + fee {
        true => Ok(()),
        false => {
            let message = "You have insufficient funds in your Stripe account for this transfer.";
            Err(StripeError::state("balance_insufficient", message).about("amount"))
        }
    }
}

fn instant_today(scene: &Scene<'_>) -> rusqlite::Result<i64> {
    let midnight = calendar::midnight(scene.now.date_naive()).timestamp();
    let found = book::of(scene, "payout", &[("method", "instant")])?;
    let counts = |payout: &&Value| {
        int(payout, "created") >= midnight && !matches!(text(payout, "status"), "failed" | "canceled")
    };
    Ok(found.iter().filter(counts).map(|payout| int(payout, "amount")).sum())
}

fn blank(scene: &Scene<'_>, amount: i64, method: &str) -> Value {
    let arrives = match method {
        "instant" => scene.now + TimeDelta::minutes(30),
        _ => calendar::in_business_days(scene.now, 2),
    };
    json!({
        "id": ids::lower("po_", 24),
        "object": "payout",
        "amount": amount,
        "application_fee": null,
        "application_fee_amount": null,
        "arrival_date": arrives.timestamp(),
        "automatic": false,
        "balance_transaction": null,
        "created": scene.seconds(),
        "currency": "eur",
        "description": null,
        "destination": null,
        "failure_balance_transaction": null,
        "failure_code": null,
        "failure_message": null,
        "livemode": false,
        "metadata": {},
        "method": method,
        "original_payout": null,
        "payout_method": null,
        "reconciliation_status": "not_applicable",
        "reversed_by": null,
        "source_type": "card",
        "statement_descriptor": null,
        "status": "pending",
        "trace_id": null,
        "type": "bank_account",
    })
}

fn begin(scene: &Scene<'_>, payout: &mut Value, fee: i64) -> rusqlite::Result<()> {
    let amount = int(payout, "amount");
    payout["_fee"] = json!(fee);
    let line = balance::post(scene, &entry(scene, payout, "payout", -amount, fee))?;
    payout["balance_transaction"] = json!(line);
    book::insert(scene, payout)?;
    event::emit(scene, "payout.created", payout)?;
    note(scene, payout, -amount - fee, "pending")?;
    let id = text(payout, "id");
    let leaves = match text(payout, "method") {
        "instant" => scene.now + TimeDelta::minutes(1),
        _ => calendar::in_business_days(scene.now, 1),
    };
    let leaves = leaves.max(scene.now);
    book::plan(scene, leaves, Due::PayoutLeaves, id)?;
    book::plan(scene, instant_of(int(payout, "arrival_date")).max(leaves), Due::PayoutArrives, id)
}

fn entry<'a>(scene: &Scene<'_>, payout: &'a Value, kind: &'a str, amount: i64, fee: i64) -> Entry<'a> {
    let category = if kind == "payout" { "payout" } else { "payout_reversal" };
    Entry { source: text(payout, "id"), kind, category, amount, fee, available_on: scene.now }
}

fn note(scene: &Scene<'_>, payout: &Value, effect: i64, status: &str) -> rusqlite::Result<()> {
    let fact = Fact {
        of: payout,
        kind: Kind::Disbursement,
        amount: int(payout, "amount"),
        fee: int(payout, "_fee"),
        effect,
        status,
        transaction: payout["balance_transaction"].as_str(),
    };
    record::note(scene, &fact)
}

/// A pending payout leaves.
pub fn leave(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(before) = book::find(scene.tx, id)? else { return Ok(()) };
    if text(&before, "status") != "pending" {
        return Ok(());
    }
    let mut payout = before.clone();
    payout["status"] = json!("in_transit");
    book::update(scene, &payout)?;
    event::emit_change(scene, "payout.updated", &before, &payout)
}

/// A payout comes to its destination, whose bank decides.
pub fn arrive(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let payout = book::find(scene.tx, id)?.unwrap_or_default();
    let accounts = &scene.account().bank_accounts;
    let account = accounts.iter().find(|account| payout["destination"] == json!(account.id));
    let outcome = account.map_or("paid", |account| account.outcome.as_str());
    match outcome.strip_prefix("paid_then_") {
        Some(_) => {
            pay(scene, id)?;
            book::plan(scene, calendar::in_business_days(scene.now, 2), Due::PayoutReturns, id)
        }
        None if outcome == "paid" => pay(scene, id),
        None => fail(scene, id, outcome),
    }
}

/// A payout that had arrived comes back.
pub fn come_back(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let payout = book::find(scene.tx, id)?.unwrap_or_default();
    let accounts = &scene.account().bank_accounts;
    let account = accounts.iter().find(|account| payout["destination"] == json!(account.id));
    let code = account.and_then(|account| account.outcome.strip_prefix("paid_then_"));
    fail(scene, id, code.unwrap_or("could_not_process"))
}

/// A payout is paid. What is not on its way stays as it is.
pub fn pay(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(mut payout) = book::find(scene.tx, id)? else { return Ok(()) };
    if !matches!(text(&payout, "status"), "pending" | "in_transit") {
        return Ok(());
    }
    book::unplan(scene, id)?;
    payout["status"] = json!("paid");
    book::update(scene, &payout)?;
    note(scene, &payout, 0, "succeeded")?;
    event::emit(scene, "payout.paid", &payout)
}

/// A payout fails, also one that was paid: amount and fee return to the balance.
pub fn fail(scene: &Scene<'_>, id: &str, code: &str) -> rusqlite::Result<()> {
    undo(scene, id, "failed", Some(code))
}

fn undo(scene: &Scene<'_>, id: &str, status: &str, code: Option<&str>) -> rusqlite::Result<()> {
    let Some(mut payout) = book::find(scene.tx, id)? else { return Ok(()) };
    if matches!(text(&payout, "status"), "failed" | "canceled") {
        return Ok(());
    }
    book::unplan(scene, id)?;
    let (amount, fee) = (int(&payout, "amount"), int(&payout, "_fee"));
    let kind = if status == "failed" { "payout_failure" } else { "payout_cancel" };
    let line = balance::post(scene, &entry(scene, &payout, kind, amount, -fee))?;
    payout["status"] = json!(status);
    payout["failure_balance_transaction"] = json!(line);
    payout["failure_code"] = json!(code);
    payout["failure_message"] = json!(code.map(|_| "The bank could not process this payout."));
    book::update(scene, &payout)?;
    note(scene, &payout, amount + fee, status)?;
    event::emit(scene, &format!("payout.{status}"), &payout)
}

/// `POST /v1/payouts/{id}/cancel`: only while it is pending.
pub async fn cancel(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        params.finish()?;
        let payout = book::get(scene, "payout", &id, "payout")?;
        if text(&payout, "status") != "pending" {
            let message = "Payouts can only be canceled while they are pending.";
            return Err(StripeError::state("", message));
        }
        undo(scene, &id, "canceled", None)?;
        book::get(scene, "payout", &id, "payout")
    })
}

/// `GET /v1/payouts`, by `status`, `destination` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted = [("status", params.text("status")?), ("destination", params.text("destination")?)];
        list::page(scene, params, "payout", "/v1/payouts", &wanted)
    })
}

/// `GET /v1/payouts/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, "payout", &id, "payout")
    })
}

/// `POST /v1/payouts/{id}`: its metadata.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let before = book::get(scene, "payout", &id, "payout")?;
        let mut payout = before.clone();
        payout["metadata"] = merged(&payout["metadata"], params.metadata("metadata")?);
        params.finish()?;
        book::update(scene, &payout)?;
        event::emit_change(scene, "payout.updated", &before, &payout)?;
        Ok(payout)
    })
}

/// `GET /v1/accounts/{account}/external_accounts`: the bank accounts of the business.
pub async fn accounts(Path(account): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.ignore(&["object", "limit"]);
        params.finish()?;
        let own = &scene.account().account;
        if account != *own {
            return Err(StripeError::no_such("account", &account, "account"));
        }
        let each = scene.account().bank_accounts.iter().enumerate().map(|(place, account)| {
            json!({
                "id": account.id, "object": "bank_account", "account": own, "account_holder_name": null,
                "account_holder_type": null, "account_type": null, "bank_name": "STRIPE TEST BANK",
                "country": scene.account().country, "currency": "eur", "default_for_currency": place == 0,
                "last4": account.last4, "metadata": {}, "routing_number": null, "status": "new",
                "available_payout_methods": if account.supports_instant { json!(["standard", "instant"]) } else { json!(["standard"]) },
            })
        });
        let path = format!("/v1/accounts/{own}/external_accounts");
        Ok(json!({"object": "list", "url": path, "has_more": false, "data": each.collect::<Vec<Value>>()}))
    })
}
