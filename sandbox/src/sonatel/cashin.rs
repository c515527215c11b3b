//! Cash-in: from a retailer's wallet to a customer, by the retailer's PIN.
//!
//! Nothing recognises a repeated request: the same reference pays twice. *Chosen*: the PIN is
//! looked at first, then the customer, the ceiling and the float, and a refused cash-in leaves
//! nothing behind unless the settings say otherwise.

use chrono::TimeDelta;
use serde_json::json;

use super::errors::{Reply, SonatelError};
use super::fields::{Actor, Fields};
use super::http::Call;
use super::transaction::{Status, Transaction, Type};
use super::wallet::{self, Wallet};
use super::{people, pin, progress};
use crate::app::Desk;
use crate::ids;

/// `POST /api/eWallet/v1/cashins`.
pub async fn create(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let fields = Fields::of(&call.body)?;
        let retailer = partner(desk, &fields)?;
        let mut transaction = read(desk, &fields, &retailer)?;
        transaction.callback_url = call.callback_url.clone();
        pin::check_wallet(desk, &retailer, &fields.inner("partner")?)?;
        run(desk, &mut transaction)?;
        Ok(Reply::json(&transaction.answer()))
    })
}

/// The retailer whom `partner` names.
pub fn partner(desk: &Desk<'_>, fields: &Fields<'_>) -> Result<Wallet, SonatelError> {
    match fields.inner("partner")?.actor()? {
        Actor::Msisdn(msisdn) => wallet::retailer(desk.tx, msisdn),
        Actor::Code(_) => Err(fields.wrong("partner.idType", "must be MSISDN")),
    }
}

/// The transaction of a cash-in, before anything moved.
pub fn read(desk: &Desk<'_>, fields: &Fields<'_>, retailer: &Wallet) -> Result<Transaction, SonatelError> {
    let Actor::Msisdn(customer) = fields.inner("customer")?.actor()? else {
        return Err(fields.wrong("customer.idType", "must be MSISDN"));
    };
    let mut metadata = fields.metadata()?;
    metadata.insert("idempotencyKey".to_owned(), json!(ids::uuid()));
    Ok(Transaction {
        id: Transaction::fresh_id(Type::CashIn, desk.now),
        request_id: ids::lower("", 8),
        kind: Type::CashIn,
        method: "CASHIN".to_owned(),
        channel: "API".to_owned(),
        wallet: retailer.id.clone(),
        customer: customer.to_owned(),
        amount: fields.money("amount")?,
        reference: fields.text_or_none("reference")?.map(str::to_owned),
        metadata,
        receive_notification: fields.flag("receiveNotification", false)?,
        callback_url: None,
        bulk_id: None,
        is_paid_for: false,
        status: Status::PreInitiated,
        code: None,
        created_at: desk.now,
        updated_at: desk.now,
        told_at: None,
    })
}

/// Begins a cash-in, or refuses to.
fn run(desk: &Desk<'_>, transaction: &mut Transaction) -> Result<(), SonatelError> {
    let begun = allowed(desk, transaction).and_then(|steps| progress::begin(desk, transaction, &steps));
    begun.map_err(|error| progress::refuse(desk, transaction, error))
}

/// What becomes of a cash-in that may be begun.
pub fn allowed(desk: &Desk<'_>, transaction: &Transaction) -> Result<Vec<(TimeDelta, Status)>, SonatelError> {
    let settings = desk.app.sonatel.settings();
    let behaviour = people::find(desk.tx, &transaction.customer)?.behaviour;
    if let Some(code) = behaviour.refusal() {
        return Err(SonatelError::new(code, "The customer cannot receive the money"));
    }
    if settings.ceiling.is_some_and(|ceiling| transaction.amount > ceiling) {
        return Err(SonatelError::new(&settings.ceiling_code, "The ceiling of one cash-in is reached"));
    }
    Ok(behaviour.steps())
}
