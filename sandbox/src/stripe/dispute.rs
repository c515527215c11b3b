//! Disputes: the payer's bank takes a paid debit back.
//!
//! Amount and fee leave the balance when a dispute opens, and the mandate ends. *Chosen*: it opens
//! as `needs_response` and is `lost` a day later, unless whoever opens it says otherwise; a won
//! one gives amount and fee back.

use axum::extract::Path;
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::balance::{self, Entry};
use super::book::{self, Due};
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::record::{self, Fact, Kind};
use super::scene::{Scene, int, text};
use super::{charge, event, list, mandate, refund, view};
use crate::ids;

const REASONS: [&str; 15] = [
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
];

/// How a dispute opens and ends.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What the bank says.
    pub reason: String,
    /// `needs_response`, `under_review` or `lost`.
    pub status: String,
    /// How long it lasts.
    pub lasts: TimeDelta,
    /// Whether it ends in our favour.
    pub is_won: bool,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish {
            reason: "general".to_owned(),
            status: "needs_response".to_owned(),
            lasts: TimeDelta::days(1),
            is_won: false,
        }
    }
}

impl Wish {
    /// Whether the words are Stripe's.
    pub fn is_known(&self) -> bool {
        REASONS.contains(&self.reason.as_str())
            && ["needs_response", "under_review", "lost"].contains(&self.status.as_str())
    }
}

/// Opens a dispute of a paid charge; one charge has one dispute. `None` when it cannot be.
pub fn open(scene: &Scene<'_>, charge: &str, wish: &Wish) -> rusqlite::Result<Option<Value>> {
    let Some(mut charge) = book::find(scene.tx, charge)? else { return Ok(None) };
    if !charge::is_paid(&charge) || charge["disputed"] == json!(true) {
        return Ok(None);
    }
    for refund in refund::open_ones(scene, &charge)? {
        refund::fail(scene, text(&refund, "id"), "charge_for_pending_refund_disputed")?;
    }
    let id = ids::lower("du_", 24);
    let line = move_money(scene, &id, -int(&charge, "amount"), scene.account().dispute_fee)?;
    let mut dispute = blank(scene, &id, &charge, wish);
    dispute["balance_transactions"] = json!([line]);
    book::insert(scene, &dispute)?;
    let before = book::named(scene, &charge["id"])?;
    charge = before.clone();
    charge["disputed"] = json!(true);
    charge["dispute"] = json!(id);
    book::update(scene, &charge)?;
    event::emit(scene, "charge.dispute.created", &dispute)?;
    event::emit(scene, "charge.dispute.funds_withdrawn", &dispute)?;
    event::emit_change(scene, "charge.updated", &before, &charge)?;
    mandate::end_of(scene, &charge)?;
    note(scene, &dispute, -1, "lost")?;
    book::plan(scene, scene.now + wish.lasts, Due::DisputeCloses, &id)?;
    Ok(Some(dispute))
}

/// The money of a dispute: away with the fee, or back with it.
fn move_money(scene: &Scene<'_>, id: &str, amount: i64, fee: i64) -> rusqlite::Result<Value> {
    let category = if amount < 0 { "dispute" } else { "dispute_reversal" };
    let entry = Entry { source: id, kind: "adjustment", category, amount, fee, available_on: scene.now };
    let line = book::named(scene, &json!(balance::post(scene, &entry)?))?;
    Ok(view::shown(scene, &line))
}

fn blank(scene: &Scene<'_>, id: &str, charge: &Value, wish: &Wish) -> Value {
    json!({
        "id": id,
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": scene.seconds(),
        "currency": "eur",
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": null, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": false,
        "livemode": false,
        "metadata": Map::new(),
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"type": "sepa_debit"},
        "reason": wish.reason,
        "status": wish.status,
        "_is_won": wish.is_won,
    })
}

/// A dispute ends.
pub fn close(scene: &Scene<'_>, id: &str) -> rusqlite::Result<()> {
    let Some(mut dispute) = book::find(scene.tx, id)? else { return Ok(()) };
    book::unplan(scene, id)?;
    let is_won = dispute["_is_won"] == json!(true);
    dispute["status"] = json!(if is_won { "won" } else { "lost" });
    if is_won {
        let line = move_money(scene, id, int(&dispute, "amount"), -scene.account().dispute_fee)?;
        if let Some(lines) = dispute["balance_transactions"].as_array_mut() {
            lines.push(line);
        }
        note(scene, &dispute, 1, "won")?;
    }
    book::update(scene, &dispute)?;
    if is_won {
        event::emit(scene, "charge.dispute.funds_reinstated", &dispute)?;
    }
    event::emit(scene, "charge.dispute.closed", &dispute)
}

fn note(scene: &Scene<'_>, dispute: &Value, sign: i64, status: &str) -> rusqlite::Result<()> {
    let charge = book::named(scene, &dispute["charge"])?;
    let of = json!({"id": dispute["id"], "metadata": charge["metadata"], "customer": charge["customer"]});
    let (amount, fee) = (int(dispute, "amount"), scene.account().dispute_fee);
    let fact = Fact {
        of: &of,
        kind: Kind::Reversal,
        amount,
        fee,
        effect: sign * (amount + fee),
        status,
        transaction: dispute["charge"].as_str(),
    };
    record::note(scene, &fact)
}

/// `GET /v1/disputes`, by `charge`, `payment_intent` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted = [("charge", params.text("charge")?), ("payment_intent", params.text("payment_intent")?)];
        list::page(scene, params, "dispute", "/v1/disputes", &wanted)
    })
}

/// `GET /v1/disputes/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, "dispute", &id, "dispute")
    })
}
