//! Our own money that has moved already: said by one admin with the line of a statement, booked when another agrees.

use domain::{TreasuryKind, TreasuryMovement, TreasuryTerms};
use store::approvals::Approval;
use store::crypto::Aad;
use store::evidence::Evidence;
use store::ledger::accounts;
use store::writer::Change;

use super::{NewTreasury, ShownBy, change_of};
use crate::app::App;
use crate::services::{Caller, ServiceError};

/// What shows it. A top-up is a line of the bank's statement; what is sent needs none.
pub(super) fn shown_by(ask: &NewTreasury) -> Result<Option<ShownBy>, ServiceError> {
    let not_here = |what: &str| Err(ServiceError::field(what, "not_for_this_kind"));
    match (ask.kind.is_sent(), &ask.evidence, &ask.operator_reference) {
        (true, None, None) if ask.bank.is_none() => Ok(None),
        (true, Some(_), _) => not_here("/evidence"),
        (true, _, Some(_)) => not_here("/operator_reference"),
        (true, ..) => not_here("/bank"),
        (false, None, _) => Err(ServiceError::field("/evidence", "missing_field")),
        (false, _, None) if ask.kind == TreasuryKind::TopUp => {
            Err(ServiceError::field("/operator_reference", "missing_field"))
        }
        (false, Some(evidence), number) => Ok(Some(ShownBy {
            operator_reference: number.as_deref().map(crate::services::evidence::receipt),
            evidence: evidence.clone(),
        })),
    }
}

/// Asked before a second admin is; the writer asks again.
pub(super) async fn is_unopened(app: &App, terms: &TreasuryTerms) -> Result<(), ServiceError> {
    let Some(account) = terms.opens() else { return Ok(()) };
    let found = accounts::find(&mut app.db.read().await?.conn(), account.id()).await?;
    match found.is_some_and(|stored| stored.version > 0) {
        true => Err(ServiceError::Conflict { code: "account_opened" }),
        false => Ok(()),
    }
}

/// The movement as it happened, its entry, and who says so.
pub(super) fn change(
    app: &App,
    caller: &Caller,
    approval: &Approval,
    terms: TreasuryTerms,
    shown_by: ShownBy,
) -> Result<Change, ServiceError> {
    let (id, now) = (app.ids.next(), app.clock.now());
    let made_by = approval.maker.ok_or_else(|| ServiceError::internal("nobody said it"))?;
    let place = Aad { table: "evidence", column: "words", row: id };
    let evidence = Evidence {
        id,
        movement: terms.reference,
        provider: terms.provider,
        wallet: terms.wallet.clone(),
        has_moved: true,
        operator_reference: shown_by.operator_reference.clone(),
        words: app.keyring.seal_book(place, shown_by.evidence.as_bytes()),
        made_by,
        agreed_by: Some(caller.user),
        at: now,
    };
    let number = shown_by.operator_reference;
    let step = TreasuryMovement::record(terms, number, now, &mut &app.ids).map_err(ServiceError::internal)?;
    let mut change = change_of(app, step, &caller.actor(), "treasury.record");
    change.evidence.push(evidence);
    Ok(change)
}
