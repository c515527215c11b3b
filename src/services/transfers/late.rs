//! Money that came too late for its transfer pays for a new one, at a new quote.

use domain::movement::Late;
use domain::transfer::{Case, Event};
use domain::{QuoteId, Transfer, TransferId, UserId};
use store::writer::{Change, WriteError, Written};

use super::create::{Stored, audit, claim, replay, stored};
use super::read::Seen;
use super::{TransferError, read};
use crate::app::App;
use crate::services::IdempotencyKey as Key;
use crate::services::cases;
use crate::services::people::Sealer;

const TRIES: usize = 8;

/// Funds a new transfer, to the same payee, with the late money of `id`. Both change in one commit.
///
/// The quote must be over exactly what came, by the rail it came by.
pub async fn reuse_late(
    app: &App,
    owner: UserId,
    key: Key,
    id: TransferId,
    quote: QuoteId,
    render: impl Fn(&Seen) -> Vec<u8>,
) -> Result<Stored, TransferError> {
    read::find(app, read::Viewer::Owner(owner), id).await?;
    for _ in 0..TRIES {
        let outcome = match plan(app, owner, id, quote).await {
            Ok((change, seen)) => {
                let body = render(&seen);
                let location = format!("/v1/transfers/{}", seen.transfer.id);
                let claim = claim(app, key, 201, Some(location.clone()), &body);
                let change = Change { claim: Some(claim), ..change };
                match app.commit(change).await {
                    Ok(Written::Replayed(answer)) => return stored(app, key, answer),
                    Ok(_) => {
                        return Ok(Stored { status: 201, location: Some(location), body, replayed: false });
                    }
                    Err(WriteError::Stale { .. }) => continue,
                    Err(error) => error.into(),
                }
            }
            Err(error) => error,
        };
        return replay(app, key).await?.ok_or(outcome);
    }
    Err(TransferError::Overloaded)
}

async fn plan(
    app: &App,
    owner: UserId,
    id: TransferId,
    quote: QuoteId,
) -> Result<(Change, Seen), TransferError> {
    let old = cases::open(app, id).await?;
    let late = old.case.movements.iter().find(|movement| movement.late() == Some(Late::Waiting));
    let late = late.ok_or(TransferError::NoLatePayment)?;
    let mut reader = app.db.read().await?;
    let quote =
        store::quotes::find(&mut reader.conn(), owner, quote).await?.ok_or(TransferError::NotFound)?;
    let now = app.clock.now();
    if quote.is_expired(now) {
        return Err(TransferError::QuoteExpired);
    }
    let was = &old.case.transfer;
    if (quote.funding_rail, quote.payout_rail) != (was.funding_rail, was.payout_rail) {
        return Err(TransferError::invalid("/quote_id", "rail_mismatch"));
    }
    if (quote.from_country, quote.to_country) != (was.from_country, was.to_country) {
        return Err(TransferError::invalid("/quote_id", "country_mismatch"));
    }
    let event = Event::ReuseLate { movement: late.reference };
    let given_up = old.case.advance(&event, now, &mut &app.ids)?.ok_or(TransferError::NoLatePayment)?;
    let new_id = TransferId::from_uuid(app.ids.next());
    let transfer = Transfer::new(new_id, &quote, was.payee_account.clone(), was.reference.clone(), now);
    let wallets = cases::wallets(app, &transfer);
    let step = Case::open_with_late(transfer.clone(), late, &wallets, now, &mut &app.ids)?;
    let sealer = Sealer::of(app, &mut reader.conn(), owner, new_id).await?;
    let seen =
        Seen { transfer, people: old.people.clone(), movements: step.movements.clone(), waiting: None };
    let seen = Seen { transfer: step.transfer.clone(), ..seen };
    let people = sealer.seal_people(&old.people);
    let mut change =
        Change::of(given_up, None, None, || app.ids.next())
            .and(Change::of(step, Some(people), None, || app.ids.next()));
    change.audit.push(audit(app, owner, "transfer.reuse_late_payment", id.to_string()));
    Ok((change, seen))
}
