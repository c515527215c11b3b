//! Giving back by hand what the payer's rail cannot: to an account that one person names and another agrees to.
//!
//! Its holder is screened when it is named and again when it is agreed to; what the lists have is shown to the second
//! person, who decides. Whose account it is, is sealed with the owner's key wherever it is kept: in what the second person is shown, and
//! beside the transfer, where it is put by the commit that begins the refund.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use domain::transfer::{Again, Event};
use domain::{ApprovalId, ApprovalKind, Rail, TransferId, Wallet};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::approvals::{self as stored_approvals, Approval};
use store::writer::{Agreed, Change, WriteError, Written};
use uuid::Uuid;

use super::TransferError;
use super::create::{Stored, claim, replay, stored};
use crate::app::App;
use crate::services::approvals::{self, Maker, Proposal};
use crate::services::cases::{self, CaseError, OpenCase, With};
use crate::services::people::Party;
use crate::services::{Caller, IdempotencyKey as Key, ServiceError, screening};

/// Where the money goes.
#[derive(Clone, Debug)]
pub struct ByHand {
    pub account: String,
    /// Whose it is.
    pub name: String,
}

/// What the second person is shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Payload {
    transfer: String,
    amount: String,
    currency: String,
    wallet: String,
    /// Account and name, sealed where it is stored, in clear where it is shown.
    refund_to: String,
    sealed_id: Uuid,
    /// Entries of lists that the account's holder may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    screening_hit: Option<String>,
}

/// Asks a second person for it. `render` makes the answer of what waits.
///
/// Errors: `not_found`, `own_request`, `transfer_not_retriable`, `corridor_unavailable` where no pot of ours keeps the
/// currency, `confirmation_pending`, `unavailable` while nobody can be screened.
pub async fn refund_by_hand(
    app: &App,
    caller: &Caller,
    key: Key,
    id: TransferId,
    to: ByHand,
    render: impl Fn(Approval) -> Vec<u8>,
) -> Result<Stored, ServiceError> {
    if let Some(stored) = replay(app, key).await? {
        return Ok(stored);
    }
    match ask(app, caller, key, id, to, render).await {
        Ok(stored) => Ok(stored),
        Err(error) => replay(app, key).await?.ok_or(error),
    }
}

async fn ask(
    app: &App,
    caller: &Caller,
    key: Key,
    id: TransferId,
    to: ByHand,
    render: impl Fn(Approval) -> Vec<u8>,
) -> Result<Stored, ServiceError> {
    let open = load(app, caller, id).await?;
    let wallet = wallet(app, &open)?;
    let event = Event::Retry { what: Again::RefundBy { rail: Rail::Manual, wallet: wallet.clone() } };
    open.case.advance(&event, app.clock.now(), &mut &app.ids).map_err(TransferError::from)?;
    let (subject, sealed_id) = (format!("refund:{id}"), app.ids.next());
    let pending = async || {
        let mut reader = app.db.read().await?;
        stored_approvals::pending(&mut reader.conn(), ApprovalKind::RefundByHand, &subject).await
    };
    if pending().await?.is_some() {
        return Err(ServiceError::Conflict { code: "confirmation_pending" });
    }
    let party = json!({ "account": to.account, "name": to.name }).to_string();
    let amount = open.case.transfer.total;
    let screening_hit = screened(app, &open, &to.name)?;
    let payload = Payload {
        transfer: id.to_string(),
        amount: amount.major(),
        currency: amount.currency().code().to_owned(),
        wallet: wallet.to_string(),
        refund_to: BASE64.encode(open.sealer.seal_evidence(sealed_id, &party)),
        sealed_id,
        screening_hit,
    };
    let payload = serde_json::to_value(payload).map_err(ServiceError::internal)?;
    let (kind, maker) = (ApprovalKind::RefundByHand, Maker::Person(caller.user));
    let proposal = Proposal { kind, subject: subject.clone(), payload, maker };
    let approval = approvals::draft(ApprovalId::from_uuid(app.ids.next()), proposal, app.clock.now());
    let location = format!("/v1/admin/approvals/{}", approval.id);
    let body = render(reveal(app, approval.clone()).await?);
    let change = Change {
        claim: Some(claim(app, key, 202, Some(location.clone()), &body)),
        audit: vec![approvals::trace(app, &caller.actor(), "approval.ask", &approval)],
        proposed: vec![approval],
        ..Change::default()
    };
    match app.commit(change).await {
        Ok(Written::Replayed(answer)) => Ok(stored(app, key, answer)?),
        Ok(_) => Ok(Stored { status: 202, location: Some(location), body, replayed: false }),
        Err(_) if pending().await?.is_some() => Err(ServiceError::Conflict { code: "confirmation_pending" }),
        Err(error) => Err(error.into()),
    }
}

/// Errors: `unavailable` when the lists do not answer, which clears nobody.
fn screened(app: &App, open: &OpenCase, name: &str) -> Result<Option<String>, ServiceError> {
    let country = open.case.transfer.from_country;
    screening::on_lists(app, country, name).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the holder of an account is not screened");
        ServiceError::Unavailable { code: "unavailable" }
    })
}

async fn load(app: &App, caller: &Caller, id: TransferId) -> Result<OpenCase, ServiceError> {
    let open = cases::open(app, id).await.map_err(TransferError::from)?;
    match open.case.transfer.owner == caller.user {
        true => Err(ServiceError::Denied { code: "own_request" }),
        false => Ok(open),
    }
}

/// A pot of ours that keeps the currency: where the payer is, else anywhere.
fn wallet(app: &App, open: &OpenCase) -> Result<Wallet, ServiceError> {
    let transfer = &open.case.transfer;
    let currency = transfer.total.currency();
    let kept = app.config.manual.iter().filter(|kept| kept.currency == currency);
    let nearest = kept.max_by_key(|kept| kept.countries.contains(&transfer.from_country));
    let wallet = nearest.map(|kept| kept.wallet.clone());
    wallet.ok_or(ServiceError::Refused { code: "corridor_unavailable" })
}

fn unreadable(approval: &Approval) -> ServiceError {
    ServiceError::internal(format!("{} does not read", approval.id))
}

fn to(approval: &Approval, payload: &Payload, open: &OpenCase) -> Result<Value, ServiceError> {
    let sealed = BASE64.decode(&payload.refund_to).map_err(|_| unreadable(approval))?;
    let words = open.sealer.open_evidence(payload.sealed_id, &sealed)?;
    serde_json::from_str(&words).map_err(|_| unreadable(approval))
}

/// The approval as people read it: with the account in clear.
pub(in crate::services) async fn reveal(app: &App, approval: Approval) -> Result<Approval, ServiceError> {
    let payload: Payload = serde_json::from_str(&approval.payload).map_err(|_| unreadable(&approval))?;
    let id: TransferId = payload.transfer.parse().map_err(|_| unreadable(&approval))?;
    let mut shown = serde_json::to_value(&payload).map_err(ServiceError::internal)?;
    shown["refund_to"] = match cases::open(app, id).await {
        Ok(open) => to(&approval, &payload, &open)?,
        // Its owner was forgotten.
        Err(_) => Value::Null,
    };
    Ok(Approval { payload: shown.to_string(), ..approval })
}

/// The consent of a second person: the refund begins with it.
///
/// Errors: `own_request` for the transfer's owner, `changed_meanwhile` (also when the lists say something else now),
/// `approval_decided`, `unavailable`.
pub(in crate::services) async fn agree(
    app: &App,
    caller: &Caller,
    approval: &Approval,
    digest: [u8; 32],
) -> Result<(), ServiceError> {
    let payload: Payload = serde_json::from_str(&approval.payload).map_err(|_| unreadable(approval))?;
    let id: TransferId = payload.transfer.parse().map_err(|_| unreadable(approval))?;
    let open = load(app, caller, id).await?;
    let wallet = Wallet::parse(&payload.wallet).map_err(|_| unreadable(approval))?;
    let named = to(approval, &payload, &open)?;
    let text = |name: &str| named[name].as_str().map(str::to_owned);
    if screened(app, &open, &text("name").unwrap_or_default())? != payload.screening_hit {
        return Err(ServiceError::Conflict { code: "changed_meanwhile" });
    }
    let rail = Rail::Manual.as_str().to_owned();
    let party = Party { rail, account: text("account"), name: text("name"), ..Party::default() };
    let with = With {
        refund_to: Some(party),
        audit: vec![approvals::trace(app, &caller.actor(), "approval.approve", approval)],
        agreed: vec![Agreed { approval: approval.id, digest, by: caller.user }],
        ..With::default()
    };
    let event = Event::Retry { what: Again::RefundBy { rail: Rail::Manual, wallet } };
    match cases::apply(app, id, &event, with).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) | Err(CaseError::Refused(_)) => Err(ServiceError::Conflict { code: "changed_meanwhile" }),
        Err(CaseError::Write(WriteError::NotAgreed { .. })) => {
            Err(ServiceError::Conflict { code: "approval_decided" })
        }
        Err(error) => Err(TransferError::from(error).into()),
    }
}
