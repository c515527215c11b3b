//! The opening of a book: what our wallets at the providers hold becomes our float and our opening equity.

use domain::{Account, BusinessId, EntryId, EntryKind, JournalEntry, LedgerStep, Money, Nature, Posting};
use providers::{Operation, OperationKind, Outcome, Provider};
use store::writer::{Change, NewAudit};

use crate::app::App;

/// Books each wallet's balance as the float it opens with, once. For sandbox books: real money is opened by treasury.
pub async fn open_floats(app: &App) -> anyhow::Result<()> {
    for provider in app.providers.iter() {
        for currency in &provider.capabilities().currencies {
            let capabilities = provider.capabilities();
            let (provider_name, wallet) = (capabilities.provider, capabilities.wallet.clone());
            let float = Account::Float { provider: provider_name, wallet, currency: *currency };
            open_float(app, provider.as_ref(), float).await?;
        }
    }
    Ok(())
}

async fn open_float(app: &App, provider: &dyn Provider, float: Account) -> anyhow::Result<()> {
    if store::ledger::accounts::find(&mut app.db.read().await?.conn(), float.id()).await?.is_some() {
        return Ok(());
    }
    let Some(balance) = held(app, provider, &float).await?.filter(|balance| balance.is_positive()) else {
        return Ok(());
    };
    let equity = Account::OpeningEquity { currency: float.currency() };
    let entry = JournalEntry {
        id: EntryId::from_uuid(app.ids.next()),
        kind: EntryKind::Opening,
        nature: Nature::Fact,
        business: BusinessId::Opening,
        movement: None,
        at: app.clock.now(),
        postings: vec![Posting::new(float.clone(), equity, balance)?],
    };
    let audit = NewAudit {
        id: app.ids.next(),
        actor: "gateway".into(),
        action: "ledger.open",
        object: float.to_string(),
        detail: "{}".into(),
    };
    let change = Change { ledger: vec![LedgerStep::Post(entry)], audit: vec![audit], ..Change::default() };
    app.commit(change).await?;
    tracing::info!(account = %float, balance = %balance, "a float was opened");
    Ok(())
}

/// What is there: as the settings say of a pot that people keep, else as the provider says.
async fn held(app: &App, provider: &dyn Provider, float: &Account) -> anyhow::Result<Option<Money>> {
    let capabilities = provider.capabilities();
    if let Some(kept) = app.config.kept_by_hand(capabilities.provider, &capabilities.wallet) {
        return Ok(kept.opening);
    }
    if !capabilities.supports(OperationKind::Balance) {
        return Ok(None);
    }
    match provider.call(&Operation::Balance).await? {
        Outcome::Balance(held) => Ok(Some(held.available)),
        _ => anyhow::bail!("{float} answered something else than its balance"),
    }
}
