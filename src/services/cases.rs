//! Cases: a transfer loaded with its movements, an event applied to it, and the result committed.
//!
//! Every channel of knowledge about money ends here. When somebody else changed the transfer meanwhile, it is loaded
//! and decided again; what tells nothing new writes nothing.

use domain::transfer::{Case, Event, Fresh, Refusal, Step, Wallets};
use domain::{Reference, TransferId, Wallet};
use providers::OperationKind;
use serde_json::json;
use store::evidence::Evidence;
use store::transfers::StoredTransfer;
use store::writer::{Agreed, Applied, Change, Claim, Kept, NewAudit, WriteError, Written};
use store::{StoreError, movements, transfers};
use uuid::Uuid;

use super::people::{Party, People, Sealer};
use super::transfers::Seen;
use crate::app::App;
use crate::clock::Ids;

/// Times that a case is decided anew before giving up: a case has few writers.
const TRIES: usize = 16;

/// A case with the people in it and the key that seals them.
pub struct OpenCase {
    pub case: Case,
    pub people: People,
    pub sealer: Sealer,
}

/// Why an event could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error("transfer {0} is not in the book")]
    NotFound(TransferId),
    /// Something else was heard of the movement first.
    #[error("the movement is not as it was read")]
    Overtaken,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Given the step (none when nothing is new): what becomes of the promise that brought the event.
pub type KeptBy<'a> = &'a (dyn Fn(Option<&Step>) -> Kept + Send + Sync);

/// Makes the idempotency claim, with its answer, from the transfer as it will be.
pub type ClaimOf<'a> = &'a (dyn Fn(&Seen) -> Claim + Send + Sync);

/// What commits together with whatever an event leads to.
#[derive(Default)]
pub struct With<'a> {
    pub kept: Option<KeptBy<'a>>,
    /// The callback that brought it.
    pub applied: Option<Applied>,
    pub claim: Option<ClaimOf<'a>>,
    pub audit: Vec<NewAudit>,
    /// What people said that led to the event.
    pub evidence: Vec<Evidence>,
    /// The consent of a second person.
    pub agreed: Vec<Agreed>,
    /// Where a refund goes that is given back by hand.
    pub refund_to: Option<Party>,
    /// The version of a movement that was decided over: when it is another one by now, nothing is done.
    pub over: Option<(Reference, i64)>,
}

impl Fresh for &Ids {
    fn id(&mut self) -> Uuid {
        self.next()
    }

    fn reference(&mut self) -> Reference {
        Ids::reference(self)
    }
}

/// Loads a transfer with everything a decision needs.
pub async fn open(app: &App, id: TransferId) -> Result<OpenCase, CaseError> {
    let mut reader = app.db.read().await?;
    let stored = transfers::find(&mut reader.conn(), id).await?.ok_or(CaseError::NotFound(id))?;
    let movements = movements::of_transfer(&mut reader.conn(), id).await?;
    let sealer = Sealer::of(app, &mut reader.conn(), stored.transfer.owner, id).await?;
    let people = sealer.open_people(&stored.people)?;
    let transfer = opened(stored, &sealer)?;
    let wallets = wallets(app, &transfer);
    Ok(OpenCase { case: Case { transfer, movements, wallets }, people, sealer })
}

/// The transfer with its next action in clear.
pub fn opened(stored: StoredTransfer, sealer: &Sealer) -> Result<domain::Transfer, StoreError> {
    let mut transfer = stored.transfer;
    transfer.next_action = stored.next_action.map(|sealed| sealer.open_action(&sealed)).transpose()?;
    Ok(transfer)
}

/// The wallet of each leg: the one that serves its country and currency and can do what the leg needs. Legs between
/// balances name `main`.
pub fn wallets(app: &App, transfer: &domain::Transfer) -> Wallets {
    let find = |rail: domain::Rail, country, currency, operation| {
        let provider = rail.provider()?;
        let serves = |c: &&providers::Capabilities| {
            c.countries.contains(&country) && c.currencies.contains(&currency) && c.supports(operation)
        };
        app.providers
            .wallets(provider)
            .map(|entry| entry.capabilities())
            .find(serves)
            .map(|c| c.wallet.clone())
    };
    let main = || Wallet::parse("main").unwrap_or_else(|_| unreachable!("a constant name"));
    let t = transfer;
    let from = (t.funding_rail, t.from_country, t.send.currency());
    let funding = find(from.0, from.1, from.2, OperationKind::Collect).unwrap_or_else(main);
    let refund = find(from.0, from.1, from.2, OperationKind::Refund).unwrap_or_else(|| funding.clone());
    let payout = find(t.payout_rail, t.to_country, t.receive.currency(), OperationKind::Disburse);
    Wallets { funding, payout: payout.unwrap_or_else(main), refund }
}

/// Applies `event` to the transfer and commits what follows, with `with`. `None` when it told nothing new.
///
/// A promise or callback whose lease was lost is left to whoever has it now; the event itself still counts.
pub async fn apply(
    app: &App,
    id: TransferId,
    event: &Event,
    mut with: With<'_>,
) -> Result<Option<Step>, CaseError> {
    for _ in 0..TRIES {
        let open = open(app, id).await?;
        let is_as_read = |(reference, version): (Reference, i64)| {
            open.case.movement(reference).is_ok_and(|movement| movement.version == version)
        };
        if !with.over.is_none_or(is_as_read) {
            return Err(CaseError::Overtaken);
        }
        let step = open.case.advance(event, app.clock.now(), &mut &app.ids)?;
        let Some(mut change) = change_of(app, &open, step.as_ref(), &with) else { return Ok(None) };
        if let (Some(step), true) = (&step, change.audit.is_empty()) {
            change.audit.push(trace(app, event, step));
        }
        match app.commit(change).await {
            Ok(Written::Done | Written::Duplicate | Written::Replayed(_)) => return Ok(step),
            Err(WriteError::Stale { .. }) => {}
            Err(WriteError::LeaseLost) => with = With { audit: with.audit, ..With::default() },
            Err(error) => return Err(error.into()),
        }
    }
    Err(CaseError::Write(WriteError::Stale { transfer: id }))
}

/// `None` when there is nothing at all to write.
fn change_of(app: &App, open: &OpenCase, step: Option<&Step>, with: &With<'_>) -> Option<Change> {
    let kept = with.kept.map(|kept| kept(step));
    if step.is_none() && kept.is_none() && with.applied.is_none() {
        return None;
    }
    let renamed = with.refund_to.clone().map(|to| People { refund_to: Some(to), ..open.people.clone() });
    let mut change = step.map_or_else(Change::default, |step| {
        let action = step.transfer.next_action.as_ref().map(|action| open.sealer.seal_action(action));
        let people = renamed.as_ref().map(|people| open.sealer.seal_people(people));
        Change::of(step.clone(), people, action, || app.ids.next())
    });
    if let (Some(step), Some(claim)) = (step, with.claim) {
        let (people, movements) =
            (renamed.unwrap_or_else(|| open.people.clone()), open.case.movements.clone());
        change.claim =
            Some(claim(&Seen { transfer: step.transfer.clone(), people, movements, waiting: None }));
    }
    change.kept = kept;
    change.applied.clone_from(&with.applied);
    if step.is_some() {
        change.audit.extend(with.audit.iter().cloned());
        change.evidence.extend(with.evidence.iter().cloned());
        change.agreed.extend(with.agreed.iter().copied());
    }
    Some(change)
}

/// What the house did by itself, for the audit trail: no person asked for it.
fn trace(app: &App, event: &Event, step: &Step) -> NewAudit {
    let action = match event {
        Event::Heard { .. } => "movement.heard",
        Event::Dispatch { .. } => "movement.dispatch",
        Event::Waits { .. } => "movement.wait",
        Event::FeeLearned { .. } => "movement.learn_fee",
        Event::GiveBack { .. } => "late_payment.give_back",
        Event::ReuseLate { .. } => "late_payment.reuse",
        Event::Revalue { .. } => "transfer.revalue",
        Event::Expire => "transfer.expire",
        Event::Cancel => "transfer.cancel",
        Event::Hold { .. } => "transfer.hold",
        Event::Release => "transfer.release",
        Event::Refuse { .. } => "transfer.refuse",
        Event::RefundAsked(_) => "transfer.refund",
        Event::Retry { .. } => "transfer.retry",
    };
    let movement =
        |m: &domain::Movement| json!({ "reference": m.reference.to_string(), "state": m.state.as_str() });
    let movements: Vec<_> = step.movements.iter().map(movement).collect();
    let detail = json!({ "status": step.transfer.status.as_str(), "movements": movements });
    let (actor, object) = ("gateway".to_owned(), step.transfer.id.to_string());
    NewAudit { id: app.ids.next(), actor, action, object, detail: detail.to_string() }
}
