//! What payers do to an open session: pay it, or try and fail.
//!
//! Paying credits the wallet with the amount less the fee, closes the session and owes a
//! `checkout.session.completed`. A failed attempt leaves the session open and owes a
//! `checkout.session.payment_failed`.

use serde_json::{Map, Value, json};

use super::fee;
use super::ledger::{self, Line, Operation, OperationKind};
use super::merchant_book;
use super::session::{self, CheckoutStatus, PaymentStatus, Session};
use super::wallet::Wallet;
use super::webhooks::{self, Event};
use crate::app::Desk;
use crate::clock::to_the_second;
use crate::ids;
use crate::money::major;

/// Who pays and how much.
#[derive(Clone, Debug, Default)]
pub struct Payment {
    /// The payer's number; when absent, the one that the session asks for, or a typical one.
    pub payer: Option<String>,
    /// Minor units, when it differs from what the session asks. Real payers cannot do that; it
    /// is here so that a gateway's comparison of amounts can be tested.
    pub amount: Option<i64>,
}

/// The payer pays. A restricted session refuses any other payer.
pub fn pay(desk: &Desk<'_>, session: Session, payment: &Payment) -> rusqlite::Result<Session> {
    let payer = payment.payer.clone().or_else(|| session.restrict_payer_mobile.clone());
    let payer = payer.unwrap_or_else(|| typical_payer(&session.currency, &session.wallet));
    if session.restrict_payer_mobile.as_ref().is_some_and(|only| *only != payer) {
        return fail(desk, session, "payer-mobile-mismatch");
    }
    let amount = payment.amount.unwrap_or(session.amount);
    let merchant = match &session.aggregated_merchant_id {
        Some(id) => merchant_book::find(desk.tx, &session.wallet, id)?,
        None => None,
    };
    let session = Session {
        amount,
        fee: fee::of_collection(amount, merchant.and_then(|merchant| merchant.checkout_fee)),
        checkout_status: CheckoutStatus::Complete,
        payment_status: PaymentStatus::Succeeded,
        transaction_id: Some(ids::upper("T_", 10)),
        payer_mobile: Some(payer),
        last_error: None,
        completed_at: Some(desk.now),
        ..session
    };
    session::update(desk.tx, &session)?;
    credit(desk, &session)?;
    webhooks::announce(
        desk,
        &session.wallet,
        &Event::of_session("checkout.session.completed", desk, &session),
    )?;
    Ok(session)
}

/// The payer tries and fails; the session stays open.
pub fn fail(desk: &Desk<'_>, mut session: Session, code: &str) -> rusqlite::Result<Session> {
    session.payment_status = PaymentStatus::Cancelled;
    session.last_error = Some((code.to_owned(), message_of(code).to_owned()));
    session::update(desk.tx, &session)?;
    ledger::record(
        desk,
        &session.wallet,
        &Operation {
            id: &session.id,
            kind: OperationKind::Collection,
            reference: session.client_reference.as_deref(),
            amount: session.amount,
            fee: 0,
            effect: 0,
            party: session.restrict_payer_mobile.as_deref(),
            status: "failed",
            transaction_id: None,
        },
    )?;
    let event = Event::of_session("checkout.session.payment_failed", desk, &session);
    webhooks::announce(desk, &session.wallet, &event)?;
    Ok(session)
}

fn credit(desk: &Desk<'_>, session: &Session) -> rusqlite::Result<()> {
    let transaction = session.transaction_id.clone().unwrap_or_default();
    let net = session.amount - session.fee;
    let line = Line {
        transaction_id: transaction.clone(),
        transaction_type: "api_checkout",
        amount: net,
        fee: session.fee,
        reverses: None,
        extra: extra(session),
    };
    ledger::post(desk, &session.wallet, &line)?;
    let fact = Operation {
        id: &session.id,
        kind: OperationKind::Collection,
        reference: session.client_reference.as_deref(),
        amount: session.amount,
        fee: session.fee,
        effect: net,
        party: session.payer_mobile.as_deref(),
        status: "succeeded",
        transaction_id: Some(&transaction),
    };
    ledger::record(desk, &session.wallet, &fact)
}

/// The optional fields of a statement line about a session.
pub fn extra(session: &Session) -> Map<String, Value> {
    ledger::fields(&[
        ("counterparty_mobile", session.payer_mobile.as_deref()),
        ("client_reference", session.client_reference.as_deref()),
        ("checkout_api_session_id", Some(&session.id)),
        ("aggregated_merchant_id", session.aggregated_merchant_id.as_deref()),
    ])
}

/// Somebody pays the business directly, outside any session: money and an event, no reference.
pub fn pay_directly(
    desk: &Desk<'_>,
    wallet: &Wallet,
    amount: i64,
    payer: Option<&str>,
    custom_fields: Option<&Map<String, Value>>,
) -> rusqlite::Result<String> {
    let (transaction, fee) = (ids::upper("T_", 10), fee::of_collection(amount, None));
    let mut extra = ledger::fields(&[("counterparty_mobile", payer)]);
    if let Some(fields) = custom_fields {
        extra.insert("custom_fields".to_owned(), json!(fields));
    }
    let line = Line {
        transaction_id: transaction.clone(),
        transaction_type: "merchant_payment",
        amount: amount - fee,
        fee,
        reverses: None,
        extra,
    };
    ledger::post(desk, wallet.name(), &line)?;
    let fact = Operation {
        id: &transaction,
        kind: OperationKind::Collection,
        reference: None,
        amount,
        fee,
        effect: amount - fee,
        party: payer,
        status: "succeeded",
        transaction_id: Some(&transaction),
    };
    ledger::record(desk, wallet.name(), &fact)?;
    let event = Event::of_direct_payment(desk, wallet, &transaction, (amount, fee), payer, custom_fields);
    webhooks::announce(desk, wallet.name(), &event)?;
    Ok(transaction)
}

/// Another business pays: money and a `b2b.payment_received`.
pub fn pay_by_business(
    desk: &Desk<'_>,
    wallet: &Wallet,
    amount: i64,
    sender: Option<&str>,
    reference: Option<&str>,
) -> rusqlite::Result<String> {
    let (id, transaction) = (ids::lower("b2b-", 12), ids::upper("T_", 10));
    let line = Line {
        transaction_id: transaction.clone(),
        transaction_type: "b2b_payment",
        amount,
        fee: 0,
        reverses: None,
        extra: ledger::fields(&[("counterparty_id", sender), ("client_reference", reference)]),
    };
    ledger::post(desk, wallet.name(), &line)?;
    let fact = Operation {
        id: &id,
        kind: OperationKind::Collection,
        reference,
        amount,
        fee: 0,
        effect: amount,
        party: sender,
        status: "succeeded",
        transaction_id: Some(&transaction),
    };
    ledger::record(desk, wallet.name(), &fact)?;
    let data = business_payment(desk, wallet, &id, amount, sender, reference);
    webhooks::announce(desk, wallet.name(), &Event::other("b2b.payment_received", data))?;
    Ok(id)
}

/// Another business fails to pay: a `b2b.payment_failed` and no money.
pub fn fail_by_business(
    desk: &Desk<'_>,
    wallet: &Wallet,
    amount: i64,
    sender: Option<&str>,
    reference: Option<&str>,
) -> rusqlite::Result<String> {
    let id = ids::lower("b2b-", 12);
    let mut data = business_payment(desk, wallet, &id, amount, sender, reference);
    data["last_payment_error"] =
        json!({"code": "insufficient-funds", "message": message_of("insufficient-funds")});
    webhooks::announce(desk, wallet.name(), &Event::other("b2b.payment_failed", data))?;
    Ok(id)
}

fn business_payment(
    desk: &Desk<'_>,
    wallet: &Wallet,
    id: &str,
    amount: i64,
    sender: Option<&str>,
    reference: Option<&str>,
) -> Value {
    json!({
        "id": id,
        "amount": major(amount, &wallet.currency),
        "currency": wallet.currency,
        "sender_id": sender,
        "client_reference": reference,
        "when_created": to_the_second(desk.now),
    })
}

fn typical_payer(currency: &str, wallet: &str) -> String {
    match (currency, wallet) {
        ("XOF", "ci") => "+2250700000042".to_owned(),
        ("XOF", "ml") => "+22370000042".to_owned(),
        ("XOF", "bf") => "+22670000042".to_owned(),
        _ => "+221770000042".to_owned(),
    }
}

fn message_of(code: &str) -> &'static str {
    match code {
        "blocked-account" => "The payer's account is blocked",
        "cross-border-payment-not-allowed" => "The payer is in another country",
        "customer-age-restricted" => "The payer is too young",
        "insufficient-funds" => "Not enough balance",
        "kyb-limits-exceeded" => "The business has reached its limits",
        "payer-mobile-mismatch" => "Another number was expected to pay",
        _ => "The payment failed",
    }
}
