//! Raising an alert from where something went wrong.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::transfer::Refusal;
use domain::{Account, AlertId, AlertKind, Money, Movement, Provider, TreasuryMovement, Wallet};
use providers::screening::{ListError, ScreeningError};
use store::alerts::{self, Sighting};
use store::{StoreError, Tx};

use crate::app::App;

/// The longest text that an alert keeps of somebody else's words.
const LONGEST_FACT: usize = 200;

/// Something that is wrong with a subject; facts are added by [`Seen::with`].
pub(crate) struct Seen(Sighting);

impl Seen {
    pub(crate) fn new(kind: AlertKind, subject: impl Into<String>) -> Seen {
        Seen(Sighting { kind, subject: subject.into(), facts: BTreeMap::new() })
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Seen {
        let text = value.to_string();
        let shown = text.chars().filter(|letter| !letter.is_control()).take(LONGEST_FACT);
        self.0.facts.insert(name, shown.collect());
        self
    }

    pub(crate) fn about(kind: AlertKind, subject: impl Into<String>, movement: &Movement) -> Seen {
        Seen::new(kind, subject)
            .with("movement", movement.reference)
            .with("transfer", movement.transfer)
            .with("rail", movement.rail)
            .with("wallet", &movement.wallet)
            .with("amount", movement.amount)
    }

    pub(crate) fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Keeps it with whatever else `tx` commits; `true` when it opens an alert.
    pub(crate) async fn keep(&self, app: &App, tx: &mut Tx) -> Result<bool, StoreError> {
        let quiet = TimeDelta::seconds(app.config.alerts.quiet_s);
        let id = AlertId::from_uuid(app.ids.next());
        metrics::counter!("alerts_total", "kind" => self.0.kind.as_str()).increment(1);
        let is_new = alerts::see(tx, id, &self.0, app.clock.now(), quiet).await?;
        if is_new {
            self.log();
        }
        Ok(is_new)
    }

    fn log(&self) {
        let kind = self.0.kind;
        let facts = serde_json::to_string(&self.0.facts).unwrap_or_default();
        tracing::error!(alert.kind = %kind, alert.subject = self.0.subject, alert.facts = facts, "somebody should look");
    }
}

/// Raises an alert, or counts it on the one that is open.
pub(crate) async fn raise(app: &App, seen: Seen) {
    match raised(app, &seen).await {
        Ok(true) => app.wakes.lane(super::TELL).notify_one(),
        Ok(false) => {}
        Err(error) => {
            seen.log();
            tracing::error!(error = &error as &dyn std::error::Error, alert.kind = %seen.0.kind, "an alert could not be kept");
        }
    }
}

async fn raised(app: &App, seen: &Seen) -> Result<bool, StoreError> {
    let mut tx = app.db.begin().await?;
    let is_new = seen.keep(app, &mut tx).await?;
    tx.commit().await?;
    Ok(is_new)
}

/// A provider's word contradicts the book. It is kept out of the book and shown.
pub async fn contradiction(app: &App, movement: &Movement, refusal: &Refusal) {
    let seen = Seen::about(AlertKind::Contradiction, movement.reference.to_string(), movement);
    raise(app, seen.with("reason", refusal)).await;
}

/// Something about a movement of our own money: a contradiction, or a wallet that cannot be used.
pub async fn treasury(app: &App, kind: AlertKind, movement: &TreasuryMovement, reason: impl ToString) {
    let TreasuryMovement { provider, wallet, reference, .. } = movement;
    let subject = match kind {
        AlertKind::Misconfigured => format!("{provider}:{wallet}"),
        _ => reference.to_string(),
    };
    let seen = Seen::new(kind, subject).with("movement", reference).with("provider", provider);
    raise(app, seen.with("wallet", wallet).with("amount", movement.amount).with("reason", reason)).await;
}

/// A movement of our own money was refused, or came back after it had been paid.
pub async fn treasury_failed(app: &App, movement: &TreasuryMovement) {
    let code = movement.code.as_deref().unwrap_or("unknown");
    treasury(app, AlertKind::TreasuryFailed, movement, code).await;
}

/// Our float at a provider does not suffice; the payment waits.
pub async fn float_low(app: &App, movement: &Movement) {
    let (wallet, currency) = (movement.wallet.clone(), movement.amount.currency());
    let float = movement.rail.provider().map(|provider| Account::Float { provider, wallet, currency });
    let subject = float.map_or_else(|| wallet_of(movement), |float| float.to_string());
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

/// As `wave:sn`.
fn wallet_of(movement: &Movement) -> String {
    match movement.rail.provider() {
        Some(provider) => format!("{provider}:{}", movement.wallet),
        None => movement.wallet.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_short_and_in_one_line() {
        let seen = Seen::new(AlertKind::Drift, "x").with("reason", format!("a\r\nb{}", "c".repeat(500)));
        assert_eq!(seen.0.facts["reason"].len(), LONGEST_FACT);
        assert!(seen.0.facts["reason"].starts_with("abc"));
    }
}
