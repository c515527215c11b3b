//! What a person should look at: logged, counted by kind, and kept as an alert that is told.
//!
//! Raising never fails the caller: what cannot be kept is in the log. The same thing seen again counts on the alert
//! that is open already (`docs/adr/0024-alerts.md` tells when it is told, and what ends it).
//!
//! Deliberately absent from every alert: what names a person, and rates and margins, since operators read them.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::transfer::Refusal;
use domain::{Account, AlertId, AlertKind, Money, Movement, Provider, Wallet};
use providers::screening::{ListError, ScreeningError};
use store::StoreError;
use store::alerts::Sighting;

use crate::app::App;

/// The longest text that an alert keeps of somebody else's words.
const LONGEST_REASON: usize = 200;

/// Something that is wrong with `subject`; facts are added by [`Seen::with`].
pub(crate) struct Seen(Sighting);

impl Seen {
    pub(crate) fn new(kind: AlertKind, subject: impl Into<String>) -> Seen {
        Seen(Sighting { kind, subject: subject.into(), facts: BTreeMap::new() })
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Seen {
        self.0.facts.insert(name, value.to_string().chars().take(LONGEST_REASON).collect());
        self
    }

    fn about(kind: AlertKind, subject: impl Into<String>, movement: &Movement) -> Seen {
        Seen::new(kind, subject)
            .with("movement", movement.reference)
            .with("transfer", movement.transfer)
            .with("rail", movement.rail)
            .with("wallet", &movement.wallet)
            .with("amount", movement.amount)
    }
}

/// Raises an alert, or counts it on the open one.
pub(crate) async fn raise(app: &App, seen: Seen) {
    let kind = seen.0.kind;
    metrics::counter!("alerts_total", "kind" => kind.as_str()).increment(1);
    let facts = serde_json::to_string(&seen.0.facts).unwrap_or_default();
    tracing::error!(alert.kind = %kind, alert.subject = seen.0.subject, alert.facts = facts, "somebody should look");
    match keep(app, &seen.0).await {
        Ok(true) => app.wakes.lane(TELL).notify_one(),
        Ok(false) => {}
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, alert.kind = %kind, "an alert could not be kept");
        }
    }
}

/// What wakes whoever tells.
pub(crate) const TELL: &str = "alerts";

async fn keep(app: &App, seen: &Sighting) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let id = AlertId::from_uuid(app.ids.next());
    let is_new = store::alerts::see(&mut tx, id, seen, now, TimeDelta::hours(6)).await?;
    tx.commit().await?;
    Ok(is_new)
}

/// A provider's word contradicts the book. It is kept out of the book and shown.
pub async fn contradiction(app: &App, movement: &Movement, refusal: &Refusal) {
    let seen = Seen::about(AlertKind::Contradiction, movement.reference.to_string(), movement);
    raise(app, seen.with("reason", refusal)).await;
}

/// Our float at a provider does not suffice; the payment waits.
pub async fn float_low(app: &App, movement: &Movement) {
    let subject = float_of(movement).map_or_else(|| wallet_of(movement), |float| float.to_string());
    raise(app, Seen::about(AlertKind::FloatLow, subject, movement)).await;
}

/// Credentials or contract are wrong at a provider; nothing was sent.
pub async fn misconfigured(app: &App, movement: &Movement, reason: &str) {
    let seen = Seen::about(AlertKind::Misconfigured, wallet_of(movement), movement);
    raise(app, seen.with("reason", reason)).await;
}

/// A list of names cannot be read: what was read before is in use, until it is too old.
pub async fn list_unreadable(app: &App, error: &ListError) {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let seen = Seen::new(AlertKind::ScreeningFailed, "screening");
    raise(app, seen.with("reason", format!("{error}{cause}"))).await;
}

/// Nobody can be screened now; the payment waits.
pub async fn not_screened(app: &App, movement: &Movement, error: &ScreeningError) {
    let seen = Seen::about(AlertKind::ScreeningFailed, "screening", movement);
    raise(app, seen.with("reason", error)).await;
}

/// Money came to `wallet` that no transfer of ours asked for. `source` is the provider's name for where it lies, as a
/// customer or a line of its statement: never a person's name or number.
pub async fn unapplied_funds(app: &App, provider: Provider, wallet: &Wallet, source: &str, amount: Money) {
    let subject = format!("{provider}:{wallet}:{source}");
    let seen = Seen::new(AlertKind::UnappliedFunds, subject).with("provider", provider);
    raise(app, seen.with("wallet", wallet).with("source", source).with("amount", amount)).await;
}

/// The payer's side disputes the collection `movement`; `dispute` is the provider's name for it.
pub async fn dispute_opened(app: &App, movement: &Movement, dispute: &str, amount: Money) {
    let seen = Seen::about(AlertKind::DisputeOpened, dispute, movement);
    raise(app, seen.with("dispute", dispute).with("amount", amount)).await;
}

/// Of `sent` one-time codes to a range of numbers only `used` came back: somebody may be sending for money. `range` is
/// the first digits of the numbers, never a number.
pub async fn sms_conversion_low(app: &App, range: &str, sent: i64, used: i64) {
    let seen = Seen::new(AlertKind::SmsConversionLow, range).with("range", range);
    raise(app, seen.with("sent", sent).with("used", used)).await;
}

fn wallet_of(movement: &Movement) -> String {
    match movement.rail.provider() {
        Some(provider) => format!("{provider}:{}", movement.wallet),
        None => movement.wallet.to_string(),
    }
}

fn float_of(movement: &Movement) -> Option<Account> {
    let (wallet, currency) = (movement.wallet.clone(), movement.amount.currency());
    movement.rail.provider().map(|provider| Account::Float { provider, wallet, currency })
}
