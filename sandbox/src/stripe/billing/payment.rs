//! Invoice payments: which intents an invoice is paid with.

use axum::extract::Path;
use serde_json::{Value, json};

use crate::ids;
use crate::stripe::errors::{Reply, StripeError};
use crate::stripe::http::Call;
use crate::stripe::scene::{Scene, text};
use crate::stripe::{book, event, list, view};

const OBJECT: &str = "invoice_payment";

/// Notes the intent by which an invoice is to be paid.
pub fn begin(scene: &Scene<'_>, invoice: &Value, intent: &Value) -> rusqlite::Result<()> {
    let doc = json!({
        "id": ids::lower("inpay_", 24),
        "object": OBJECT,
        "amount_paid": null,
        "amount_requested": intent["amount"],
        "created": scene.seconds(),
        "currency": "eur",
        "invoice": invoice["id"],
        "is_default": true,
        "livemode": false,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": null, "paid_at": null},
    });
    book::insert(scene, &doc)
}

/// Ends what is open: `paid` or `canceled`.
pub fn end(scene: &Scene<'_>, invoice: &Value, is_paid: bool) -> rusqlite::Result<()> {
    for mut doc in of(scene, invoice)? {
        if text(&doc, "status") != "open" {
            continue;
        }
        let (status, at) = if is_paid { ("paid", "paid_at") } else { ("canceled", "canceled_at") };
        doc["status"] = json!(status);
        doc["status_transitions"][at] = json!(scene.seconds());
        if is_paid {
            doc["amount_paid"] = doc["amount_requested"].clone();
        }
        book::update(scene, &doc)?;
        if is_paid {
            event::emit(scene, "invoice_payment.paid", &doc)?;
        }
    }
    Ok(())
}

fn of(scene: &Scene<'_>, invoice: &Value) -> rusqlite::Result<Vec<Value>> {
    book::of(scene, OBJECT, &[("invoice", text(invoice, "id"))])
}

/// What an invoice shows only to who asks for it by `expand`; `None` for any other member.
pub fn shown_when_asked(scene: &Scene<'_>, invoice: &Value, member: &str) -> rusqlite::Result<Option<Value>> {
    match member {
        "payments" => {
            let data: Vec<Value> = of(scene, invoice)?.iter().map(|doc| view::shown(scene, doc)).collect();
            let url = format!("/v1/invoice_payments?invoice={}", text(invoice, "id"));
            Ok(Some(json!({"object": "list", "data": data, "has_more": false, "url": url})))
        }
        "confirmation_secret" => {
            let own = book::named(scene, &invoice["id"])?;
            let intent = book::named(scene, &own["_intent"])?;
            Ok(Some(match intent["client_secret"].as_str() {
                Some(secret) => json!({"client_secret": secret, "type": "payment_intent"}),
                None => Value::Null,
            }))
        }
        _ => Ok(None),
    }
}

/// `GET /v1/invoice_payments`, by `invoice`, `payment[payment_intent]` and `status`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.word("payment[type]", &["payment_intent"])?;
        let wanted = [
            ("invoice", params.text("invoice")?),
            ("payment.payment_intent", params.text("payment[payment_intent]")?),
            ("status", params.text("status")?),
        ];
        list::page(scene, params, OBJECT, "/v1/invoice_payments", &wanted)
    })
}

/// `GET /v1/invoice_payments/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        book::get(scene, OBJECT, &id, "id")
    })
}
