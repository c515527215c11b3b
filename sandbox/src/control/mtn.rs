//! Payers, payees and the portal at work on MTN's wallets.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pay::{Outcome, amount};
use super::refusal::{Refusal, Wish};
use crate::app::{Desk, Shared};
use crate::courier::{Sender, journal, queue};
use crate::money::major;
use crate::mtn::callback::{self, Lie};
use crate::mtn::config::{MtnEnvironmentConfig, MtnSubscriptionConfig, MtnUserConfig};
use crate::mtn::consent::{self, Answer};
use crate::mtn::kind::OperationKind;
use crate::mtn::movement::{self, Movement};
use crate::mtn::people::{self, Behaviour};
use crate::mtn::portal::{self, Environment};
use crate::mtn::sender::{Mtn, MtnLadder};
use crate::mtn::{record, settle};

/// The body of `POST /_control/mtn/pay`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayWish {
    reference: String,
    amount: Option<String>,
    #[serde(default)]
    outcome: Outcome,
    code: Option<String>,
}

/// `POST /_control/mtn/pay`: the payer approves or rejects; a payout that waits ends now. With
/// another `amount` the wallet takes that, whatever was asked.
pub async fn pay(State(app): State<Shared>, Wish(wish): Wish<PayWish>) -> Result<Json<Value>, Refusal> {
    let view = app.at_desk(|desk| {
        let movement = find(desk, &wish.reference)?;
        if movement.status.is_final() {
            let status = movement.status.as_str();
            return Err(Refusal::conflict(format!("{} is {status}", movement.reference)));
        }
        let environment = environment_named(desk, &movement.environment)?;
        let movement = act(desk, movement, &wish)?;
        let mut view = movement.view(&environment);
        view["referenceId"] = json!(movement.reference);
        Ok(view)
    })?;
    Ok(Json(view))
}

fn act(desk: &Desk<'_>, mut movement: Movement, wish: &PayWish) -> Result<Movement, Refusal> {
    let is_payer = movement.kind.needs_approval();
    match wish.outcome {
        Outcome::Abandon => Ok(movement),
        Outcome::Decline => {
            let usual = if is_payer { "APPROVAL_REJECTED" } else { "PAYEE_NOT_ALLOWED_TO_RECEIVE" };
            Ok(settle::finish(desk, movement, Some(wish.code.as_deref().unwrap_or(usual)))?)
        }
        Outcome::Pay => {
            if let Some(text) = wish.amount.as_deref() {
                movement.amount = match movement.kind.operation() {
                    Some(OperationKind::Collection) => amount(text, &movement.currency)?,
                    _ => return Err(Refusal::invalid("only a payer can pay another amount")),
                };
            }
            Ok(settle::finish(desk, movement, None)?)
        }
    }
}

/// By reference or external id: the newest that waits, else the newest.
fn find(desk: &Desk<'_>, name: &str) -> Result<Movement, Refusal> {
    let mut found = movement::by_name(desk.tx, name)?;
    let waits = |movement: &Movement| !movement.status.is_final();
    let index = found.iter().position(waits).unwrap_or(0);
    match found.is_empty() {
        false => Ok(found.swap_remove(index)),
        true => Err(Refusal::not_found(format!("nothing has the reference or external id {name}"))),
    }
}

fn environment_named(desk: &Desk<'_>, name: &str) -> Result<Environment, Refusal> {
    portal::environment(desk.tx, name)?
        .ok_or_else(|| Refusal::not_found(format!("no target environment is called {name}")))
}

/// `GET /_control/mtn/operations`: append-only, oldest first, in major units.
pub async fn operations(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let operations = app.at_desk(|desk| record::all(desk.tx).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": operations })))
}

/// `GET /_control/mtn/balance`: the wallet of each environment, and the total per currency.
pub async fn balance(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let environments = app.at_desk(|desk| portal::environments(desk.tx).map_err(Refusal::from))?;
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    for environment in &environments {
        *totals.entry(environment.currency()).or_default() += environment.balance;
    }
    let row = |minor: i64, currency: &str| json!({"amount": major(minor, currency), "currency": currency});
    let each = environments.iter().map(|environment| {
        let mut row = row(environment.balance, environment.currency());
        row["wallet"] = json!(environment.name());
        row
    });
    let each: Vec<Value> = each.collect();
    let total: Vec<Value> = totals.iter().map(|(currency, minor)| row(*minor, currency)).collect();
    Ok(Json(json!({ "data": each, "total": total })))
}

/// The body of `POST /_control/mtn/top_up` and `/_control/mtn/sweep`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FloatWish {
    wallet: String,
    amount: String,
}

/// `POST /_control/mtn/top_up`: money arrives in a wallet, as an operator of the portal can send it.
pub async fn top_up(State(app): State<Shared>, Wish(wish): Wish<FloatWish>) -> Result<Json<Value>, Refusal> {
    let id = app.at_desk(|desk| {
        let environment = environment_named(desk, &wish.wallet)?;
        let amount = amount(&wish.amount, environment.currency())?;
        record::move_by_portal(desk, &environment, amount).map_err(Refusal::from)
    })?;
    Ok(Json(json!({ "id": id })))
}

/// `POST /_control/mtn/sweep`: money leaves a wallet, as an operator of the portal can take it.
pub async fn sweep(State(app): State<Shared>, Wish(wish): Wish<FloatWish>) -> Result<Json<Value>, Refusal> {
    let id = app.at_desk(|desk| {
        let environment = environment_named(desk, &wish.wallet)?;
        let amount = amount(&wish.amount, environment.currency())?;
        if amount > environment.balance {
            return Err(Refusal::conflict("the wallet's balance is too low"));
        }
        record::move_by_portal(desk, &environment, -amount).map_err(Refusal::from)
    })?;
    Ok(Json(json!({ "id": id })))
}

/// The body of `POST /_control/mtn/people`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonWish {
    msisdn: String,
    behaviour: Behaviour,
    name: Option<String>,
}

/// `POST /_control/mtn/people`: from now on this number behaves so, in every market.
pub async fn person(State(app): State<Shared>, Wish(wish): Wish<PersonWish>) -> Result<Json<Value>, Refusal> {
    app.at_desk(|desk| {
        people::put(desk.tx, &wish.msisdn, wish.behaviour, wish.name.as_deref()).map_err(Refusal::from)
    })?;
    Ok(Json(json!({ "msisdn": wish.msisdn, "behaviour": wish.behaviour, "name": wish.name })))
}

/// `GET /_control/mtn/environments`.
pub async fn environments(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let environments = app.at_desk(|desk| portal::environments(desk.tx).map_err(Refusal::from))?;
    let portal: Vec<_> = environments.into_iter().map(|environment| environment.portal).collect();
    Ok(Json(json!({ "data": portal })))
}

/// `POST /_control/mtn/environments`: opens an environment, or writes over the one of that name,
/// whose balance stays.
pub async fn put_environment(
    State(app): State<Shared>,
    Wish(wish): Wish<MtnEnvironmentConfig>,
) -> Result<Json<MtnEnvironmentConfig>, Refusal> {
    app.at_desk(|desk| portal::put_environment(desk.tx, &wish).map_err(Refusal::from))?;
    Ok(Json(wish))
}

/// `GET /_control/mtn/users`, with their keys.
pub async fn users(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let users = app.at_desk(|desk| portal::users(desk.tx).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": users })))
}

/// `POST /_control/mtn/users`: writes a user over the one of that id.
pub async fn put_user(
    State(app): State<Shared>,
    Wish(wish): Wish<MtnUserConfig>,
) -> Result<Json<MtnUserConfig>, Refusal> {
    if crate::mtn::call::uuid_v4(&wish.user).is_none_or(|id| id != wish.user) {
        return Err(Refusal::invalid("user is not a UUID v4 in lower case"));
    }
    app.at_desk(|desk| {
        environment_named(desk, &wish.environment)?;
        portal::put_user(desk.tx, &wish).map_err(Refusal::from)
    })?;
    Ok(Json(wish))
}

/// `GET /_control/mtn/subscriptions`.
pub async fn subscriptions(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let keys = app.at_desk(|desk| portal::subscriptions(desk.tx).map_err(Refusal::from))?;
    Ok(Json(json!({ "data": keys })))
}

/// `POST /_control/mtn/subscriptions`: writes a key over the one of that text.
pub async fn put_subscription(
    State(app): State<Shared>,
    Wish(wish): Wish<MtnSubscriptionConfig>,
) -> Result<Json<MtnSubscriptionConfig>, Refusal> {
    app.at_desk(|desk| {
        environment_named(desk, &wish.environment)?;
        portal::put_subscription(desk.tx, &wish).map_err(Refusal::from)
    })?;
    Ok(Json(wish))
}

/// The body of `POST /_control/mtn/consents`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentWish {
    reference: String,
    #[serde(default)]
    outcome: Outcome,
}

/// `POST /_control/mtn/consents`: a holder agrees to be known, or does not. `reference` is the
/// `auth_req_id`, or the number.
pub async fn consent(
    State(app): State<Shared>,
    Wish(wish): Wish<ConsentWish>,
) -> Result<Json<Value>, Refusal> {
    let answer = match wish.outcome {
        Outcome::Pay => Answer::Given,
        Outcome::Decline => Answer::Rejected,
        Outcome::Abandon => Answer::Pending,
    };
    let answered =
        app.at_desk(|desk| consent::answer(desk.tx, &wish.reference, answer).map_err(Refusal::from))?;
    let answered = answered.ok_or_else(|| Refusal::conflict("nobody is asked for that"))?;
    Ok(Json(json!({ "auth_req_id": answered.id, "answer": answered.answer })))
}

/// The body of `POST /_control/mtn/forge`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeWish {
    reference: String,
    #[serde(default = "successful")]
    variant: Lie,
    /// Where to send it; the address of the movement's own callback when absent.
    url: Option<String>,
}

fn successful() -> Lie {
    Lie::Successful
}

/// `POST /_control/mtn/forge`: tells the receiver that a movement succeeded, though it did not.
pub async fn forge(State(app): State<Shared>, Wish(wish): Wish<ForgeWish>) -> Result<Json<Value>, Refusal> {
    app.at_desk(|desk| {
        let movement = find(desk, &wish.reference)?;
        let environment = environment_named(desk, &movement.environment)?;
        let url = wish.url.as_ref().or(movement.callback_url.as_ref());
        let url = url.ok_or_else(|| Refusal::conflict("the movement names no callback URL; give one"))?;
        callback::forge(desk, &environment, &movement, wish.variant, url).map_err(Refusal::from)
    })?;
    Ok(Json(json!({ "sent": 1 })))
}

/// `GET /_control/mtn/deliveries`: every attempt, what was never tried, and whether all is sent.
pub async fn deliveries(State(app): State<Shared>) -> Result<Json<Value>, Refusal> {
    let (data, idle) = app.at_desk(|desk| {
        let mut data = journal::of(desk.tx, &Mtn)?;
        data.extend(journal::of(desk.tx, &MtnLadder)?);
        let idle = queue::is_idle(desk.tx, Mtn.name())? && queue::is_idle(desk.tx, MtnLadder.name())?;
        Ok::<_, Refusal>((data, idle))
    })?;
    Ok(Json(json!({ "data": data, "idle": idle })))
}
