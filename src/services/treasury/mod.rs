//! Our own money between a float and our bank: asked for by one admin, agreed to by another, sent once, and followed
//! until nothing can come of it any more. What has happened already (a float that was filled, what was there before the
//! first posting) is said by one, with the line of the bank's statement, and booked when another agrees.
//!
//! The second admin's consent, the movement, the hold on the float and the promise to send it are one commit: a float
//! that does not suffice refuses the consent, and what was asked for goes on waiting.

mod follow;
mod recorded;
mod send;

pub(super) use follow::{heard, of_callback};
pub(super) use send::keep;

use chrono::{DateTime, Utc};
use domain::{
    Account, ApprovalId, ApprovalKind, BusinessId, Currency, LedgerError, Money, Provider, Reference,
    TreasuryKind, TreasuryMovement, TreasuryStep, TreasuryTerms, Wallet,
};
use providers::OperationKind;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::approvals::Approval;
use store::treasury;
use store::writer::{Agreed, Change, NewAudit, NewPromise, WriteError, Written};
use uuid::Uuid;

use super::approvals::{self, Maker, Proposal};
use super::transfers::{self, Stored};
use super::{Caller, IdempotencyKey, ServiceError};
use crate::app::App;

/// What an admin asks for.
#[derive(Clone, Debug)]
pub struct NewTreasury {
    pub kind: TreasuryKind,
    pub provider: Provider,
    pub wallet: Wallet,
    pub amount: Money,
    /// Our bank, where the wallet's settings do not name it.
    pub bank: Option<Wallet>,
    /// The line of the bank's statement that shows it.
    pub operator_reference: Option<String>,
    /// What was seen, in words that name nobody.
    pub evidence: Option<String>,
}

/// What the second admin is shown, and agrees to.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    kind: String,
    reference: String,
    provider: String,
    wallet: String,
    amount: Amount,
    /// The accounts of our book.
    from: String,
    to: String,
    /// Our bank account in the provider's words, of what is sent there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bank_account: Option<String>,
    /// What shows that it has happened, of what is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown_by: Option<ShownBy>,
}

/// The line of a statement, and what was seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ShownBy {
    operator_reference: Option<String>,
    evidence: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Amount {
    amount: String,
    currency: String,
}

/// Our bank, as our book and as the provider call it.
struct Destination {
    bank: String,
    account: Option<String>,
}

/// Asks a second admin for a treasury movement. `render` makes the answer of what waits.
///
/// Errors: `forbidden`, `invalid_value` for what is no wallet of ours, `currency_mismatch`, `no_bank_account`,
/// `missing_field` without what shows it, `account_opened`.
pub async fn propose(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    ask: NewTreasury,
    render: impl FnOnce(Approval) -> Vec<u8>,
) -> Result<Stored, ServiceError> {
    admins_only(caller)?;
    let refused = match draft(app, caller, &ask).await {
        Ok(approval) => match commit_proposal(app, caller, key, approval, render).await {
            Ok(stored) => return Ok(stored),
            Err(error) => error,
        },
        Err(error) => error,
    };
    transfers::replay(app, key).await?.ok_or(refused)
}

async fn commit_proposal(
    app: &App,
    caller: &Caller,
    key: IdempotencyKey,
    approval: Approval,
    render: impl FnOnce(Approval) -> Vec<u8>,
) -> Result<Stored, ServiceError> {
    let location = format!("/v1/admin/approvals/{}", approval.id);
    let body = render(approval.clone());
    let change = Change {
        claim: Some(transfers::claim(app, key, 202, Some(location.clone()), &body)),
        audit: vec![approvals::trace(app, &caller.actor(), "approval.ask", &approval)],
        proposed: vec![approval],
        ..Change::default()
    };
    match app.commit(change).await? {
        Written::Replayed(answer) => Ok(transfers::stored(app, key, answer)?),
        _ => Ok(Stored { status: 202, location: Some(location), body, replayed: false }),
    }
}

/// The reference is chosen here and is part of what is agreed to: one consent can make one movement only.
async fn draft(app: &App, caller: &Caller, ask: &NewTreasury) -> Result<Approval, ServiceError> {
    let bank = ask.bank.as_ref();
    let Destination { bank, account } =
        destination(app, ask.kind, ask.provider, &ask.wallet, ask.amount.currency(), bank)?;
    let shown_by = recorded::shown_by(ask)?;
    let terms = TreasuryTerms {
        reference: app.ids.reference(),
        kind: ask.kind,
        provider: ask.provider,
        wallet: ask.wallet.clone(),
        bank,
        amount: ask.amount,
        approval: ApprovalId::from_uuid(app.ids.next()),
    };
    recorded::is_unopened(app, &terms).await?;
    let payload = serde_json::to_value(shown(&terms, account, shown_by)).map_err(ServiceError::internal)?;
    let subject = BusinessId::Treasury(terms.reference).to_string();
    let maker = Maker::Person(caller.user);
    let proposal = Proposal { kind: ApprovalKind::Treasury, subject, payload, maker };
    Ok(approvals::draft(terms.approval, proposal, app.clock.now()))
}

fn shown(terms: &TreasuryTerms, bank_account: Option<String>, shown_by: Option<ShownBy>) -> Payload {
    let currency = terms.amount.currency();
    Payload {
        kind: terms.kind.as_str().to_owned(),
        reference: terms.reference.to_string(),
        provider: terms.provider.as_str().to_owned(),
        wallet: terms.wallet.to_string(),
        amount: Amount { amount: terms.amount.major(), currency: currency.code().to_owned() },
        from: terms.from().to_string(),
        to: terms.to().to_string(),
        bank_account,
        shown_by,
    }
}

/// Where the wallet's money goes, or comes from, by the settings of now; `said` is the bank that was named.
fn destination(
    app: &App,
    kind: TreasuryKind,
    provider: Provider,
    wallet: &Wallet,
    currency: Currency,
    said: Option<&Wallet>,
) -> Result<Destination, ServiceError> {
    if app.providers.wallets(provider).next().is_none() {
        return Err(ServiceError::field("/provider", "invalid_value"));
    }
    let there = app.providers.get(provider, wallet);
    let capabilities = there.ok_or_else(|| ServiceError::field("/wallet", "invalid_value"))?.capabilities();
    let bank = app.config.bank_of(provider, wallet);
    let can_send = bank.is_some() && said.is_none() && capabilities.supports(OperationKind::Sweep);
    if kind.is_sent() && !can_send {
        return Err(ServiceError::Refused { code: "no_bank_account" });
    }
    if !capabilities.currencies.contains(&currency) {
        return Err(ServiceError::field("/amount/currency", "currency_mismatch"));
    }
    let name = said.map(Wallet::as_str).or(bank.map(|(name, _)| name)).unwrap_or("main");
    let account = bank.filter(|_| kind.is_sent()).map(|(_, account)| account.to_owned());
    Ok(Destination { bank: name.to_owned(), account })
}

/// The consent of a second admin: the movement begins with it, in one commit.
///
/// Errors: `changed_meanwhile` when our bank account is another one by now, `approval_decided`; `insufficient_funds`,
/// which leaves it waiting.
pub(super) async fn agree(
    app: &App,
    caller: &Caller,
    approval: &Approval,
    digest: [u8; 32],
) -> Result<(), ServiceError> {
    let (terms, shown_by) = agreed_terms(app, approval)?;
    let mut change = match (terms.kind.is_sent(), shown_by) {
        (true, _) => {
            let step = TreasuryMovement::intend(terms, app.clock.now(), &mut &app.ids);
            change_of(app, step, &caller.actor(), "treasury.begin")
        }
        (false, Some(shown_by)) => recorded::change(app, caller, approval, terms, shown_by)?,
        (false, None) => return Err(ServiceError::internal(format!("{} shows nothing", approval.id))),
    };
    change.audit.push(approvals::trace(app, &caller.actor(), "approval.approve", approval));
    change.agreed.push(Agreed { approval: approval.id, digest, by: caller.user });
    match app.commit(change).await {
        Ok(_) => Ok(()),
        Err(WriteError::NotAgreed { .. }) => Err(ServiceError::Conflict { code: "approval_decided" }),
        Err(WriteError::Ledger(LedgerError::InsufficientFunds { .. })) => {
            Err(ServiceError::Refused { code: "insufficient_funds" })
        }
        Err(WriteError::Opened { .. }) => Err(ServiceError::Conflict { code: "account_opened" }),
        Err(WriteError::ReceiptUsed { .. }) => {
            Err(ServiceError::Conflict { code: "operator_reference_used" })
        }
        Err(error) => Err(error.into()),
    }
}

/// What was asked for, if it would be shown in the same words now.
fn agreed_terms(app: &App, approval: &Approval) -> Result<(TreasuryTerms, Option<ShownBy>), ServiceError> {
    let unreadable = || ServiceError::internal(format!("{} does not read", approval.id));
    let payload: Payload = serde_json::from_str(&approval.payload).map_err(|_| unreadable())?;
    let currency = Currency::parse(&payload.amount.currency).map_err(|_| unreadable())?;
    let provider: Provider = payload.provider.parse().map_err(|_| unreadable())?;
    let wallet = Wallet::parse(&payload.wallet).map_err(|_| unreadable())?;
    let amount = Money::parse(&payload.amount.amount, currency).map_err(|_| unreadable())?;
    let changed = |_| ServiceError::Conflict { code: "changed_meanwhile" };
    let kind: TreasuryKind = payload.kind.parse().map_err(|_| unreadable())?;
    // What is sent goes where the settings say now; what has happened went where it was said.
    let said = [&payload.from, &payload.to].into_iter().find_map(|name| match name.parse() {
        Ok(Account::Bank { name, .. }) => Wallet::parse(&name).ok(),
        _ => None,
    });
    let said = said.filter(|_| !kind.is_sent());
    let now = destination(app, kind, provider, &wallet, currency, said.as_ref()).map_err(changed)?;
    let terms = TreasuryTerms {
        reference: payload.reference.parse().map_err(|_| unreadable())?,
        kind,
        provider,
        wallet,
        bank: now.bank,
        amount,
        approval: approval.id,
    };
    let again = shown(&terms, now.account, payload.shown_by.clone());
    let again = serde_json::to_value(again).map_err(ServiceError::internal)?.to_string();
    match again == approval.payload {
        true => Ok((terms, payload.shown_by)),
        false => Err(ServiceError::Conflict { code: "changed_meanwhile" }),
    }
}

/// One of them. For admins only.
pub async fn find(
    app: &App,
    caller: &Caller,
    reference: Reference,
) -> Result<TreasuryMovement, ServiceError> {
    admins_only(caller)?;
    let found = treasury::find(&mut app.db.read().await?.conn(), reference).await?;
    found.ok_or(ServiceError::NotFound)
}

/// All of them, newest first. For admins only.
pub async fn list(
    app: &App,
    caller: &Caller,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<Vec<TreasuryMovement>, ServiceError> {
    admins_only(caller)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(treasury::list(&mut app.db.read().await?.conn(), before, limit).await?)
}

fn admins_only(caller: &Caller) -> Result<(), ServiceError> {
    if caller.is_admin() { Ok(()) } else { Err(ServiceError::Forbidden) }
}

/// A decided step as what the writer takes, with its line of the audit log.
fn change_of(app: &App, step: TreasuryStep, actor: &str, action: &'static str) -> Change {
    let TreasuryStep { movement, ledger, promises } = step;
    let promise = |(kind, due_at): (domain::TreasuryPromise, DateTime<Utc>)| NewPromise {
        id: app.ids.next(),
        kind: kind.as_str().to_owned(),
        subject: movement.reference.uuid(),
        lane: movement.provider.as_str().to_owned(),
        payload: None,
        due_at,
    };
    let audit = NewAudit {
        id: app.ids.next(),
        actor: actor.to_owned(),
        action,
        object: movement.business().to_string(),
        detail: json!({ "state": movement.state.as_str() }).to_string(),
    };
    Change {
        promises: promises.into_iter().map(promise).collect(),
        treasury: vec![movement],
        ledger,
        audit: vec![audit],
        ..Change::default()
    }
}
