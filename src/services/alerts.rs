//! What a person should look at: logged once as an error and counted, by kind.

use domain::Movement;
use domain::transfer::Refusal;

/// A provider's word contradicts the book. It is kept out of the book and shown.
pub fn contradiction(movement: &Movement, refusal: &Refusal) {
    metrics::counter!("alerts_total", "kind" => "contradiction").increment(1);
    tracing::error!(
        alert.kind = "contradiction",
        movement.reference = %movement.reference,
        transfer.id = %movement.transfer,
        reason = %refusal,
        "a provider's word contradicts the book"
    );
}

/// Our float at a provider does not suffice; the payment waits.
pub fn float_low(movement: &Movement) {
    metrics::counter!("alerts_total", "kind" => "float_low").increment(1);
    tracing::error!(
        alert.kind = "float_low",
        movement.reference = %movement.reference,
        rail = %movement.rail,
        wallet = %movement.wallet,
        amount = %movement.amount,
        "the float does not suffice, the payment waits"
    );
}

/// Credentials or contract are wrong at a provider; nothing was sent.
pub fn misconfigured(movement: &Movement, reason: &str) {
    metrics::counter!("alerts_total", "kind" => "misconfigured").increment(1);
    tracing::error!(
        alert.kind = "misconfigured",
        movement.reference = %movement.reference,
        rail = %movement.rail,
        wallet = %movement.wallet,
        reason,
        "a provider refuses our credentials or contract"
    );
}
