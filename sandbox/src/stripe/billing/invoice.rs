//! Invoices over the API. Only subscriptions make them here.

use axum::extract::Path;
use serde_json::{Value, json};

use super::{bill, clock, collect, terms};
use crate::stripe::book;
use crate::stripe::errors::{Reply, StripeError};
use crate::stripe::event;
use crate::stripe::http::Call;
use crate::stripe::list;
use crate::stripe::params::{Params, merged};
use crate::stripe::scene::{Scene, text};

/// `GET /v1/invoices`, by `customer`, `subscription`, `status`, `collection_method` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let wanted = [
            ("customer", params.text("customer")?),
            ("parent.subscription_details.subscription", params.text("subscription")?),
            ("status", params.word("status", &["draft", "open", "paid", "uncollectible", "void"])?),
            ("collection_method", params.text("collection_method")?),
        ];
        list::page(scene, params, "invoice", "/v1/invoices", &wanted)
    })
}

/// `GET /v1/invoices/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        collect::own(scene, &id)
    })
}

/// `GET /v1/invoices/{id}/lines`: all of them.
pub async fn lines(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.ignore(&["limit"]);
        params.finish()?;
        Ok(collect::own(scene, &id)?["lines"].clone())
    })
}

/// Does something with an invoice by its customer's clock, and answers what became of it.
fn work(
    call: Call,
    id: &str,
    work: impl FnOnce(&Scene<'_>, &mut Params, Value) -> Result<(), StripeError>,
) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let invoice = collect::own(scene, id)?;
        clock::by_customer(scene, &invoice["customer"].clone(), |scene| {
            work(scene, params, invoice)?;
            collect::own(scene, id)
        })
    })
}

/// Refuses an invoice in a status that does not allow this.
fn expect(invoice: &Value, allowed: &[&str], verb: &str) -> Result<(), StripeError> {
    let status = text(invoice, "status");
    match allowed.contains(&status) {
        true => Ok(()),
        false if status == "paid" => Err(StripeError::state("", "Invoice is already paid")),
        false => {
            let message = format!("This invoice is {status}, so it cannot be {verb}.");
            Err(StripeError::state("invoice_not_editable", message))
        }
    }
}

/// Refuses to touch an invoice whose debit is under way.
fn expect_still(scene: &Scene<'_>, invoice: &Value) -> Result<(), StripeError> {
    match collect::is_under_way(scene, invoice)? {
        false => Ok(()),
        true => {
            let message = "This invoice has a payment that is processing; wait until it is decided.";
            Err(StripeError::state("", message))
        }
    }
}

/// `POST /v1/invoices/{id}`: its words, its method, and whether it goes on by itself.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    work(call, &id, |scene, params, before| {
        let mut invoice = before.clone();
        if let Some(description) = params.text("description")? {
            invoice["description"] = json!(description);
        }
        if let Some(id) = params.text("default_payment_method")? {
            let method = book::get(scene, "payment_method", &id, "default_payment_method")?;
            terms::check_owner(&method, &invoice["customer"], "default_payment_method")?;
            invoice["default_payment_method"] = method["id"].clone();
        }
        let advances = params.flag("auto_advance")?;
        invoice["metadata"] = merged(&invoice["metadata"], params.metadata("metadata")?);
        params.finish()?;
        if let Some(advances) = advances {
            invoice["auto_advance"] = json!(advances);
            if text(&invoice, "status") == "draft" {
                book::unplan(scene, text(&before, "id"))?;
                invoice["automatically_finalizes_at"] = Value::Null;
                if advances {
                    bill::ripen_later(scene, &mut invoice)?;
                }
            }
        }
        Ok(collect::save(scene, &before, &invoice)?)
    })
}

/// `POST /v1/invoices/{id}/finalize`: a draft becomes final now; nobody is debited yet.
pub async fn finalize(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    work(call, &id, |scene, params, mut invoice| {
        let advances = params.flag("auto_advance")?;
        params.finish()?;
        expect(&invoice, &["draft"], "finalized")?;
        if let Some(advances) = advances {
            invoice["auto_advance"] = json!(advances);
        }
        bill::finalize(scene, &mut invoice)
    })
}

/// `POST /v1/invoices/{id}/send`: as a letter, for those that are not debited.
pub async fn send(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    work(call, &id, |scene, params, mut invoice| {
        params.finish()?;
        if text(&invoice, "collection_method") != "send_invoice" {
            let message = "You can only send an invoice whose collection_method is send_invoice.";
            return Err(StripeError::state("", message));
        }
        expect(&invoice, &["draft", "open"], "sent")?;
        if text(&invoice, "status") == "draft" {
            bill::finalize(scene, &mut invoice)?;
        }
        Ok(event::emit(scene, "invoice.sent", &invoice)?)
    })
}

/// `POST /v1/invoices/{id}/pay`: with a method, or by money that Stripe did not see.
pub async fn pay(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    work(call, &id, |scene, params, mut invoice| {
        let method = params.text("payment_method")?;
        let mandate = params.text("mandate")?.filter(|text| !text.is_empty());
        let is_elsewhere = params.flag("paid_out_of_band")?.unwrap_or(false);
        params.ignore(&["off_session", "forgive"]);
        params.finish()?;
        expect(&invoice, &["draft", "open", "uncollectible"], "paid")?;
        expect_still(scene, &invoice)?;
        if text(&invoice, "status") == "draft" {
            bill::finalize(scene, &mut invoice)?;
        }
        if text(&invoice, "status") == "paid" {
            return Ok(());
        }
        if is_elsewhere {
            collect::cancel_intent(scene, &invoice, "automatic")?;
            return Ok(collect::mark_paid(scene, &mut invoice, None)?);
        }
        let wish = match &method {
            Some(method) => Some(collect::with_method(scene, method)?),
            None => collect::usual(scene, &invoice)?,
        };
        let mut wish = wish.ok_or_else(collect::no_method)?;
        wish.mandate = mandate;
        collect::attempt(scene, &id, &wish)
    })
}

/// `POST /v1/invoices/{id}/void`: for good.
pub async fn void(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    work(call, &id, |scene, params, mut invoice| {
        params.finish()?;
        expect(&invoice, &["open", "uncollectible"], "voided")?;
        expect_still(scene, &invoice)?;
        Ok(collect::write_off(scene, &mut invoice, true)?)
    })
}

/// `POST /v1/invoices/{id}/mark_uncollectible`.
pub async fn mark_uncollectible(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    work(call, &id, |scene, params, mut invoice| {
        params.finish()?;
        expect(&invoice, &["open"], "marked uncollectible")?;
        expect_still(scene, &invoice)?;
        Ok(collect::write_off(scene, &mut invoice, false)?)
    })
}
