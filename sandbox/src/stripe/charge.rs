//! Charges: what a payment took, and how much of it was given back.

use axum::extract::Path;
use serde_json::{Value, json};

use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::merged;
use super::scene::{Scene, int, text};
use super::{book, event, list};
use crate::ids;

/// A charge of an intent with a method, as it begins.
pub fn begin(scene: &Scene<'_>, intent: &Value, method: &Value, details: &Value) -> rusqlite::Result<Value> {
    let id = ids::lower("py_", 24);
    let doc = json!({
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": null,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": null,
        "captured": false,
        "created": scene.seconds(),
        "currency": "eur",
        "customer": intent["customer"],
        "description": intent["description"],
        "destination": null,
        "dispute": null,
        "disputed": false,
        "failure_balance_transaction": null,
        "failure_code": null,
        "failure_message": null,
        "fraud_details": {},
        "livemode": false,
        "metadata": intent["metadata"],
        "on_behalf_of": null,
        "outcome": {
            "network_status": "approved_by_network", "reason": null, "risk_level": "not_assessed",
            "seller_message": "Payment complete.", "type": "authorized",
        },
        "paid": false,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": details,
        "receipt_email": intent["receipt_email"],
        "receipt_number": null,
        "receipt_url": format!("{}/stripe/r/{id}", scene.app.public_url()),
        "refunded": false,
        "review": null,
        "shipping": null,
        "source": null,
        "source_transfer": null,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": null,
        "status": "pending",
        "transfer_data": null,
        "transfer_group": null,
    });
    book::insert(scene, &doc)?;
    Ok(doc)
}

/// Marks a charge as paid by a balance transaction.
pub fn paid(scene: &Scene<'_>, charge: &mut Value, transaction: &str) -> rusqlite::Result<()> {
    charge["status"] = json!("succeeded");
    charge["paid"] = json!(true);
    charge["captured"] = json!(true);
    charge["amount_captured"] = charge["amount"].clone();
    charge["balance_transaction"] = json!(transaction);
    book::update(scene, charge)?;
    event::emit(scene, "charge.succeeded", charge)
}

/// Marks a charge as failed.
pub fn failed(scene: &Scene<'_>, charge: &mut Value, code: &str) -> rusqlite::Result<()> {
    charge["status"] = json!("failed");
    charge["failure_code"] = json!(code);
    charge["failure_message"] = json!(message_of(code));
    charge["outcome"] = json!({
        "network_status": "declined_by_network", "reason": code, "risk_level": "not_assessed",
        "seller_message": message_of(code), "type": "issuer_declined",
    });
    book::update(scene, charge)?;
    event::emit(scene, "charge.failed", charge)
}

/// Adds to what was given back, or takes from it.
pub fn give_back(scene: &Scene<'_>, charge: &Value, amount: i64) -> rusqlite::Result<Value> {
    let mut changed = charge.clone();
    let refunded = int(charge, "amount_refunded") + amount;
    changed["amount_refunded"] = json!(refunded);
    changed["refunded"] = json!(refunded == int(charge, "amount"));
    book::update(scene, &changed)?;
    Ok(changed)
}

/// What a failure code says to a person.
pub fn message_of(code: &str) -> &'static str {
    match code {
        "account_closed" => "The bank account has been closed.",
        "authorization_revoked" => "The payer withdrew the mandate.",
        "bank_account_restricted" => "The bank account does not allow debits.",
        "branch_does_not_exist" => "The bank's branch does not exist.",
        "charge_exceeds_source_limit" => "The payment is above the limit for this account.",
        "charge_exceeds_weekly_limit" => "The payment is above the weekly limit.",
        "debit_authorization_not_match" => "The mandate does not match the bank's records.",
        "debit_disputed" => "The payer disputed the debit.",
        "debit_not_authorized" => "The payer did not allow this debit.",
        "incorrect_account_holder_name" => "The name is not the account holder's.",
        "insufficient_funds" => "The account has too little money.",
        "invalid_account_number" => "The account number is wrong.",
        "recipient_deceased" => "The account's holder has died.",
        "refer_to_customer" => "The bank asks to talk to the payer.",
        _ => "The payment could not be processed.",
    }
}

/// `GET /v1/charges`, by `customer`, `payment_intent` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted =
            [("customer", params.text("customer")?), ("payment_intent", params.text("payment_intent")?)];
        list::page(scene, params, "charge", "/v1/charges", &wanted)
    })
}

/// `GET /v1/charges/search`.
pub async fn search(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| list::search(scene, params, "charge", "/v1/charges/search"))
}

/// `GET /v1/charges/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, "charge", &id, "charge")
    })
}

/// `POST /v1/charges/{id}`: its words, never its money.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let before = book::get(scene, "charge", &id, "charge")?;
        let mut charge = before.clone();
        if let Some(description) = params.text("description")? {
            charge["description"] = json!(description);
        }
        charge["metadata"] = merged(&charge["metadata"], params.metadata("metadata")?);
        params.finish()?;
        book::update(scene, &charge)?;
        event::emit_change(scene, "charge.updated", &before, &charge)?;
        Ok(charge)
    })
}

/// Whether a charge took money.
pub fn is_paid(charge: &Value) -> bool {
    text(charge, "status") == "succeeded"
}
