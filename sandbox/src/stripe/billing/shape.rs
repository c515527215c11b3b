//! Subscriptions and invoices as they begin, with every member that clients rely on.

use serde_json::{Value, json};

use super::price;
use crate::ids;
use crate::stripe::scene::{Scene, int, text};

/// A subscription of a customer that nobody has started yet.
pub fn subscription(scene: &Scene<'_>, customer: &Value, items: Vec<Value>) -> Value {
    let id = ids::lower("sub_", 24);
    let url = format!("/v1/subscription_items?subscription={id}");
    let items: Vec<Value> = items
        .into_iter()
        .map(|mut item| {
            item["subscription"] = json!(id);
            item
        })
        .collect();
    json!({
        "id": id,
        "object": "subscription",
        "application": null,
        "application_fee_percent": null,
        "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
        "billing_cycle_anchor": scene.seconds(),
        "billing_cycle_anchor_config": null,
        "billing_mode": {"flexible": null, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": null,
        "cancel_at": null,
        "cancel_at_period_end": false,
        "canceled_at": null,
        "cancellation_details": {"comment": null, "feedback": null, "reason": null},
        "collection_method": "charge_automatically",
        "created": scene.seconds(),
        "currency": "eur",
        "customer": customer["id"],
        "customer_account": null,
        "days_until_due": null,
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "ended_at": null,
        "invoice_settings": {
            "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null,
            "issuer": {"type": "self"},
        },
        "items": {"object": "list", "data": items, "has_more": false, "url": url},
        "latest_invoice": null,
        "livemode": false,
        "metadata": {},
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "pause_collection": null,
        "payment_settings": {
            "payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "start_date": scene.seconds(),
        "status": "incomplete",
        "test_clock": customer["test_clock"],
        "transfer_data": null,
        "trial_end": null,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": null,
    })
}

/// So many of a price; the period is set when the subscription starts.
pub fn item(scene: &Scene<'_>, price: &Value, quantity: i64) -> Value {
    json!({
        "id": ids::lower("si_", 14),
        "object": "subscription_item",
        "billing_thresholds": null,
        "created": scene.seconds(),
        "current_period_end": scene.seconds(),
        "current_period_start": scene.seconds(),
        "discounts": [],
        "metadata": {},
        "plan": price::plan(price),
        "price": price,
        "quantity": quantity,
        "subscription": null,
        "tax_rates": [],
    })
}

/// A draft of a subscription's invoice without lines.
pub fn invoice(scene: &Scene<'_>, subscription: &Value, customer: &Value, reason: &str) -> Value {
    let id = ids::lower("in_", 24);
    let lines = format!("/v1/invoices/{id}/lines");
    let is_automatic = text(subscription, "collection_method") == "charge_automatically";
    json!({
        "id": id,
        "object": "invoice",
        "account_country": scene.account().country,
        "account_name": scene.account().business_name,
        "account_tax_ids": null,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": null,
        "attempt_count": 0,
        "attempted": false,
        "auto_advance": is_automatic,
        "automatic_tax": {
            "disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null,
        },
        "automatically_finalizes_at": null,
        "billing_reason": reason,
        "collection_method": subscription["collection_method"],
        "created": scene.seconds(),
        "currency": "eur",
        "custom_fields": null,
        "customer": customer["id"],
        "customer_account": null,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": null,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "due_date": null,
        "effective_at": null,
        "ending_balance": null,
        "footer": null,
        "from_invoice": null,
        "hosted_invoice_url": null,
        "invoice_pdf": null,
        "issuer": {"type": "self"},
        "last_finalization_error": null,
        "latest_revision": null,
        "lines": {"object": "list", "data": [], "has_more": false, "total_count": 0, "url": lines},
        "livemode": false,
        "metadata": {},
        "next_payment_attempt": null,
        "number": null,
        "on_behalf_of": null,
        "parent": {
            "quote_details": null,
            "subscription_details": {
                "metadata": subscription["metadata"], "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": null, "payment_method_options": null,
            "payment_method_types": subscription["payment_settings"]["payment_method_types"],
        },
        "period_end": scene.seconds(),
        "period_start": scene.seconds(),
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": null,
        "rendering": null,
        "shipping_cost": null,
        "shipping_details": null,
        "starting_balance": 0,
        "statement_descriptor": null,
        "status": "draft",
        "status_transitions": {
            "finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": subscription["test_clock"],
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": null,
    })
}

/// The line of an item for a period; a trial costs nothing.
pub fn line(invoice: &Value, item: &Value, (start, end): (i64, i64), is_trial: bool) -> Value {
    let (quantity, price) = (int(item, "quantity"), &item["price"]);
    let full = int(price, "unit_amount").saturating_mul(quantity);
    let amount = if is_trial { 0 } else { full };
    let name = text(price, "nickname");
    let name = if name.is_empty() { text(price, "product") } else { name };
    let description = match is_trial {
        true => format!("Trial period for {name}"),
        false => format!("{quantity} × {name}"),
    };
    json!({
        "id": ids::lower("il_", 24),
        "object": "line_item",
        "amount": amount,
        "currency": "eur",
        "description": description,
        "discount_amounts": [],
        "discountable": true,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": false,
        "metadata": item["metadata"],
        "parent": {
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": null, "proration": false, "proration_details": {"credited_items": null},
                "subscription": item["subscription"], "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"end": end, "start": start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": if is_trial { "0" } else { text(price, "unit_amount_decimal") },
        },
        "quantity": quantity,
        "quantity_decimal": quantity.to_string(),
        "subtotal": amount,
        "taxes": [],
    })
}
