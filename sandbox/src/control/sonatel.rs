//! Payers of Orange Sonatel at work, and its books as the simulator sees them.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ForgeWish;
use super::pay::{Outcome, amount};
use super::refusal::{Refusal, Wish};
use crate::app::{Desk, Shared};
use crate::ids;
use crate::money::major;
use crate::reference::spellings;
use crate::sonatel::errors::SonatelError;
use crate::sonatel::fields::{CURRENCY, is_msisdn};
use crate::sonatel::qr::{self, Qr};
use crate::sonatel::record::{self, Fact, Kind};
use crate::sonatel::scan::{self, Payment, USUAL_PAYER};
use crate::sonatel::transaction::{self, Status, Transaction};
use crate::sonatel::wallet::{self, Wallet};
use crate::sonatel::{cashin, notify, people, progress};

impl From<SonatelError> for Refusal {
    fn from(error: SonatelError) -> Refusal {
        let known =
            ["2000", "2001", "2020", "2021", "2022", "2023", "2024", "2025", "2041", "2042", "2043", "4004"];
        match known.iter().find(|code| **code == error.code) {
            Some(code) => Refusal::new(axum::http::StatusCode::CONFLICT, code, error.detail),
            None => Refusal::conflict(error.detail),
        }
    }
}

/// The body of `POST /_control/sonatel/pay`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayWish {
    reference: String,
    amount: Option<String>,
    #[serde(default)]
    outcome: Outcome,
    code: Option<String>,
    payer: Option<String>,
    /// Where the transaction is left, in place of `SUCCESS` or `FAILED`.
    status: Option<Status>,
}

impl PayWish {
    /// Where the wish leaves a transaction; `None` when the payer's number decides.
    fn end(&self) -> Option<Status> {
        match self.outcome {
            Outcome::Decline => Some(self.status.unwrap_or(Status::Failed)),
            _ => self.status,
        }
    }
}

/// What a reference leads to.
enum Target {
    Qr(Qr),
    Transaction(Transaction),
}

/// `POST /_control/sonatel/pay`: the payer scans and pays in the app; a payment or cash-in that is
/// under way comes to its end.
pub async fn pay(State(app): State<Shared>, Wish(wish): Wish<PayWish>) -> Result<Json<Value>, Refusal> {
    let view = app.at_desk(|desk| {
        let target = find(desk, &wish.reference)?;
        match (target, wish.outcome) {
            (Target::Qr(qr), Outcome::Abandon) => Ok::<_, Refusal>(qr.shown()),
            (Target::Qr(qr), _) => Ok(scan(desk, &qr, &wish)?.view()),
            (Target::Transaction(transaction), Outcome::Abandon) => Ok(transaction.view()),
            (Target::Transaction(transaction), _) => Ok(end(desk, transaction, &wish)?.view()),
        }
    })?;
    Ok(Json(view))
}

/// By the id of a QR or a transaction; else, by either spelling of a reference, what is under way,
/// the newest QR that can be paid, or the newest there is.
fn find(desk: &Desk<'_>, reference: &str) -> Result<Target, Refusal> {
    if let Some(qr) = qr::find(desk.tx, reference)? {
        return Ok(Target::Qr(qr));
    }
    if let Some(transaction) = transaction::find(desk.tx, reference)? {
        return Ok(Target::Transaction(transaction));
    }
    let (mut codes, mut transactions) = (Vec::new(), Vec::new());
    for spelling in spellings(reference) {
        codes.extend(qr::by_reference(desk.tx, &spelling)?);
        transactions.extend(transaction::by_reference(desk.tx, &spelling)?);
    }
    if let Some(place) = transactions.iter().position(|transaction| !transaction.status.is_final()) {
        return Ok(Target::Transaction(transactions.swap_remove(place)));
    }
    let is_payable = |qr: &Qr| qr.expires_at > desk.now && !(qr.is_single_use && qr.is_used);
    let place = codes.iter().position(is_payable).unwrap_or(0);
    if let Some(qr) = codes.into_iter().nth(place) {
        return Ok(Target::Qr(qr));
    }
    let newest = transactions.into_iter().next().map(Target::Transaction);
    newest.ok_or_else(|| Refusal::not_found(format!("nothing has the id or reference {reference}")))
}

fn scan(desk: &Desk<'_>, qr: &Qr, wish: &PayWish) -> Result<Transaction, Refusal> {
    let payment = Payment {
        payer: payer(wish)?,
        amount: wish.amount.as_deref().map(|text| amount(text, CURRENCY)).transpose()?,
        end: wish.end().map(|status| (status, wish.code.clone())),
    };
    Ok(scan::pay(desk, qr, &payment)?)
}

/// Nine digits, also when they come with the country's code.
fn payer(wish: &PayWish) -> Result<&str, Refusal> {
    let given = wish.payer.as_deref().unwrap_or(USUAL_PAYER);
    let local = given.strip_prefix("+221").unwrap_or(given);
    match is_msisdn(local) {
        true => Ok(local),
        false => Err(Refusal::invalid(format!("{given} is not a Senegalese number"))),
    }
}

fn end(desk: &Desk<'_>, mut transaction: Transaction, wish: &PayWish) -> Result<Transaction, Refusal> {
    if wish.amount.is_some() || wish.payer.is_some() {
        return Err(Refusal::invalid("a transaction has its amount and payer already"));
    }
    if transaction.status.is_final() {
        let status = transaction.status.as_str();
        return Err(Refusal::conflict(format!("transaction {} is {status}", transaction.id)));
    }
    let status = wish.end().unwrap_or(Status::Success);
    if status == Status::Success && !transaction.is_paid_for {
        if transaction.bulk_id.is_some() {
            cashin::allowed(desk, &transaction)?;
        }
        progress::proceed(desk, &mut transaction, &[(chrono::TimeDelta::zero(), status)])?;
    } else {
        progress::advance(desk, &mut transaction, status, wish.code.clone())?;
    }
    Ok(transaction)
}

/// `POST /_control/sonatel/forge`: tells the merchant that a QR was paid, though it was not, or
/// that a transaction succeeded, whatever became of it.
pub async fn forge(State(app): State<Shared>, Wish(wish): Wish<ForgeWish>) -> Result<Json<Value>, Refusal> {
    let sent = app.at_desk(|desk| {
        let mut transaction = match find(desk, &wish.reference)? {
            Target::Qr(qr) => scan::of(desk, &qr, USUAL_PAYER, qr.amount),
            Target::Transaction(transaction) => transaction,
        };
        transaction.status = Status::Success;
        Ok::<_, Refusal>(notify::forge(desk, &transaction, wish.variant)?)
    })?;
    Ok(Json(json!({ "sent": u8::from(sent) })))
}

/// `GET /_control/sonatel/operations`: append-only, oldest first, in major units.
pub async fn operations(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let operations = app.at_desk(|desk| record::all(desk.tx).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": operations })))
}

/// `GET /_control/sonatel/balance`: each wallet, and the total.
pub async fn balance(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let wallets = app.at_desk(|desk| wallet::all(desk.tx).map_err(Refusal::from))?;
    let total: i64 = wallets.iter().map(|wallet| wallet.balance).sum();
    let each = wallets.iter().map(|wallet| {
        json!({
            "wallet": wallet.id,
            "kind": wallet.kind,
            "amount": major(wallet.balance, CURRENCY),
            "currency": CURRENCY,
        })
    });
    let total = json!([{"amount": major(total, CURRENCY), "currency": CURRENCY}]);
    Ok(Json(json!({ "data": each.collect::<Vec<Value>>(), "total": total })))
}

/// The body of `POST /_control/sonatel/sweep`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepWish {
    /// The code or number of the wallet that the money leaves.
    wallet: String,
    amount: String,
    /// The wallet that it goes to; the business's bank when absent.
    to: Option<String>,
}

/// `POST /_control/sonatel/sweep`: money moves between two wallets of the business, or to its bank.
pub async fn sweep(State(app): State<Shared>, Wish(wish): Wish<SweepWish>) -> Result<Json<Value>, Refusal> {
    let id = app.at_desk(|desk| {
        let from = named(desk, &wish.wallet)?;
        let to = wish.to.as_deref().map(|to| named(desk, to)).transpose()?;
        let amount = amount(&wish.amount, CURRENCY)?;
        let id = ids::upper("TR", 10);
        let party = to.as_ref().map_or("bank", |to| to.id.as_str());
        if !transfer(desk, &id, &from.id, -amount, party)? {
            return Err(Refusal::conflict("the wallet's balance is too low"));
        }
        if let Some(to) = &to {
            transfer(desk, &id, &to.id, amount, &from.id)?;
        }
        Ok(id)
    })?;
    Ok(Json(json!({ "transaction_id": id })))
}

/// The body of `POST /_control/sonatel/fund`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundWish {
    /// The code or number of the wallet that the money reaches.
    wallet: String,
    amount: String,
}

/// `POST /_control/sonatel/fund`: money arrives from the business's bank.
pub async fn fund(State(app): State<Shared>, Wish(wish): Wish<FundWish>) -> Result<Json<Value>, Refusal> {
    let id = app.at_desk(|desk| {
        let to = named(desk, &wish.wallet)?;
        let id = ids::upper("TR", 10);
        transfer(desk, &id, &to.id, amount(&wish.amount, CURRENCY)?, "bank")?;
        Ok::<_, Refusal>(id)
    })?;
    Ok(Json(json!({ "transaction_id": id })))
}

fn named(desk: &Desk<'_>, id: &str) -> Result<Wallet, Refusal> {
    wallet::find(desk.tx, id)?.ok_or_else(|| Refusal::not_found(format!("no wallet is called {id}")))
}

fn transfer(desk: &Desk<'_>, id: &str, wallet: &str, effect: i64, party: &str) -> Result<bool, Refusal> {
    if !wallet::shift(desk.tx, wallet, effect)? {
        return Ok(false);
    }
    let (kind, reference, amount) = (Kind::Transfer, None, effect.abs());
    let fact = Fact { id, kind, wallet, reference, amount, effect, party, status: "succeeded", code: None };
    record::note(desk, &fact)?;
    Ok(true)
}

/// The body of `POST /_control/sonatel/people`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonWish {
    msisdn: String,
    behaviour: people::Behaviour,
}

/// `POST /_control/sonatel/people`: from now on this number behaves so.
pub async fn person(State(app): State<Shared>, Wish(wish): Wish<PersonWish>) -> Result<Json<Value>, Refusal> {
    if !is_msisdn(&wish.msisdn) {
        return Err(Refusal::invalid(format!("{} has not nine digits", wish.msisdn)));
    }
    app.at_desk(|desk| people::put_behaviour(desk.tx, &wish.msisdn, wish.behaviour).map_err(Refusal::from))?;
    Ok(Json(json!({ "msisdn": wish.msisdn, "behaviour": wish.behaviour })))
}
