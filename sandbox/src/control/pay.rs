//! Payers at work: paying a session, failing to, walking away; and forgers.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ForgeWish;
use super::refusal::{Refusal, Wish};
use crate::app::{Desk, Shared};
use crate::ids;
use crate::money;
use crate::wave::collect::{self, Payment};
use crate::wave::session::{self, CheckoutStatus, PaymentStatus, Session};
use crate::wave::wallet::{self, Wallet};
use crate::wave::webhooks::{self, Event};

/// What the payer does; paying when absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Pays.
    #[default]
    Pay,
    /// Tries and fails.
    Decline,
    /// Walks away: nothing happens until the session expires.
    Abandon,
}

/// The body of `POST /_control/wave/pay`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayWish {
    reference: String,
    amount: Option<String>,
    #[serde(default)]
    outcome: Outcome,
    code: Option<String>,
    payer: Option<String>,
}

/// `POST /_control/wave/pay`.
pub async fn pay(State(app): State<Shared>, Wish(wish): Wish<PayWish>) -> Result<Json<Value>, Refusal> {
    let view = app.at_desk(|desk| {
        let session = find(desk, &wish.reference)?;
        if session.checkout_status != CheckoutStatus::Open {
            let status = session.checkout_status.as_str();
            return Err(Refusal::conflict(format!("session {} is {status}", session.id)));
        }
        let session = act(desk, session, &wish)?;
        Ok(session.view(desk))
    })?;
    Ok(Json(view))
}

fn act(desk: &Desk<'_>, session: Session, wish: &PayWish) -> Result<Session, Refusal> {
    let session = match wish.outcome {
        Outcome::Abandon => session,
        Outcome::Decline => {
            let code = wish.code.as_deref().unwrap_or("insufficient-funds");
            collect::fail(desk, session, code)?
        }
        Outcome::Pay => {
            let amount = wish.amount.as_deref().map(|text| amount(text, &session.currency));
            let payment = Payment { payer: wish.payer.clone(), amount: amount.transpose()? };
            collect::pay(desk, session, &payment)?
        }
    };
    Ok(session)
}

/// By the provider's id, else the newest session with that reference that can still be paid,
/// else the newest.
fn find(desk: &Desk<'_>, reference: &str) -> Result<Session, Refusal> {
    if let Some(session) = session::find(desk.tx, reference)? {
        return Ok(session);
    }
    let mut found = session::by_reference(desk.tx, None, reference)?;
    let is_open = |session: &Session| session.checkout_status == CheckoutStatus::Open;
    let newest_open = found.iter().rposition(is_open);
    let index = newest_open.or(found.len().checked_sub(1));
    match index {
        Some(index) => Ok(found.swap_remove(index)),
        None => Err(Refusal::not_found(format!("no session has the id or reference {reference}"))),
    }
}

/// Major units in a control body.
pub fn amount(text: &str, currency: &str) -> Result<i64, Refusal> {
    money::parse(text, currency).map_err(|error| Refusal::invalid(format!("amount: {error}")))
}

/// The wallet named in a control body.
pub fn wallet_named(desk: &Desk<'_>, name: &str) -> Result<Wallet, Refusal> {
    wallet::find(desk.tx, name)?.ok_or_else(|| Refusal::not_found(format!("no wallet is called {name}")))
}

/// What arrives outside any session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectKind {
    /// A person pays the business: money and `merchant.payment_received`.
    #[default]
    Merchant,
    /// A business pays: money and `b2b.payment_received`.
    B2b,
    /// A business tried to pay: `b2b.payment_failed` and no money.
    B2bFailed,
}

/// The body of `POST /_control/wave/direct`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectWish {
    wallet: String,
    amount: String,
    #[serde(default)]
    kind: DirectKind,
    payer: Option<String>,
    reference: Option<String>,
    custom_fields: Option<Map<String, Value>>,
}

/// `POST /_control/wave/direct`: a payment that no session asked for.
pub async fn direct(State(app): State<Shared>, Wish(wish): Wish<DirectWish>) -> Result<Json<Value>, Refusal> {
    let id = app.at_desk(|desk| {
        let wallet = wallet_named(desk, &wish.wallet)?;
        let amount = amount(&wish.amount, &wallet.currency)?;
        let payer = wish.payer.as_deref();
        let id = match wish.kind {
            DirectKind::Merchant => {
                collect::pay_directly(desk, &wallet, amount, payer, wish.custom_fields.as_ref())?
            }
            DirectKind::B2b => {
                collect::pay_by_business(desk, &wallet, amount, payer, wish.reference.as_deref())?
            }
            DirectKind::B2bFailed => {
                collect::fail_by_business(desk, &wallet, amount, payer, wish.reference.as_deref())?
            }
        };
        Ok::<_, Refusal>(id)
    })?;
    Ok(Json(json!({ "id": id })))
}

/// `POST /_control/wave/forge`: tells the session's webhooks that it was paid, though it was not.
pub async fn forge(State(app): State<Shared>, Wish(wish): Wish<ForgeWish>) -> Result<Json<Value>, Refusal> {
    let sent = app.at_desk(|desk| {
        let mut session = find(desk, &wish.reference)?;
        session.checkout_status = CheckoutStatus::Complete;
        session.payment_status = PaymentStatus::Succeeded;
        session.transaction_id = Some(ids::upper("T_", 10));
        session.completed_at = Some(desk.now);
        let event = Event::of_session("checkout.session.completed", desk, &session);
        let webhooks = webhooks::of_wallet(desk.tx, &session.wallet)?;
        for webhook in &webhooks {
            webhooks::forge(desk, webhook, &event, wish.variant)?;
        }
        Ok::<_, Refusal>(webhooks.len())
    })?;
    Ok(Json(json!({ "sent": sent })))
}
