//! The opening of a book: what our wallets at the providers hold becomes our float and our opening equity.

use domain::{Account, BusinessId, EntryId, EntryKind, JournalEntry, LedgerStep, Nature, Posting};
use providers::{Operation, Outcome, Provider};
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
    let Outcome::Balance(held) = provider.call(&Operation::Balance).await? else {
        anyhow::bail!("{float} answered something else than its balance");
    };
    let balance = held.available;
    if !balance.is_positive() {
        return Ok(());
    }
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
