//! Billing: products and prices, subscriptions that renew, invoices that are debited, and the test
//! clocks by which months pass in a call.
//!
//! An invoice is paid through a payment intent like any other; its test account number decides
//! what becomes of it, and six business days lie between trying and knowing. Deliberately absent:
//! proration, coupons, taxes, tiers, metered prices, schedules, credit notes, invoice items.

pub mod bill;
pub mod change;
pub mod clock;
pub mod collect;
pub mod dunning;
pub mod invoice;
pub mod life;
pub mod payment;
pub mod period;
pub mod portal;
pub mod price;
pub mod product;
pub mod shape;
pub mod start;
pub mod subscription;
pub mod terms;
pub mod trial;

use axum::Router;
use axum::routing::{get, post};

use super::book::Due;
use super::scene::Scene;
use crate::app::Shared;

/// The routes of billing, at their real paths behind `/stripe`.
pub fn api() -> Router<Shared> {
    Router::new()
        .route("/stripe/v1/products", post(product::create).get(product::list))
        .route("/stripe/v1/products/{id}", get(product::get).post(product::change).delete(product::delete))
        .route("/stripe/v1/prices", post(price::create).get(price::list))
        .route("/stripe/v1/prices/{id}", get(price::get).post(price::change))
        .route("/stripe/v1/subscriptions", post(subscription::create).get(subscription::list))
        .route(
            "/stripe/v1/subscriptions/{id}",
            get(subscription::get).post(subscription::change).delete(subscription::cancel),
        )
        .route("/stripe/v1/subscriptions/{id}/resume", post(subscription::resume))
        .route("/stripe/v1/subscription_items", get(subscription::items))
        .route("/stripe/v1/invoices", get(invoice::list))
        .route("/stripe/v1/invoices/{id}", get(invoice::get).post(invoice::change))
        .route("/stripe/v1/invoices/{id}/lines", get(invoice::lines))
        .route("/stripe/v1/invoices/{id}/finalize", post(invoice::finalize))
        .route("/stripe/v1/invoices/{id}/pay", post(invoice::pay))
        .route("/stripe/v1/invoices/{id}/send", post(invoice::send))
        .route("/stripe/v1/invoices/{id}/void", post(invoice::void))
        .route("/stripe/v1/invoices/{id}/mark_uncollectible", post(invoice::mark_uncollectible))
        .route("/stripe/v1/invoice_payments", get(payment::list))
        .route("/stripe/v1/invoice_payments/{id}", get(payment::get))
        .route("/stripe/v1/billing_portal/sessions", post(portal::create))
        .route("/stripe/v1/test_helpers/test_clocks", post(clock::create).get(clock::list))
        .route("/stripe/v1/test_helpers/test_clocks/{id}", get(clock::get).delete(clock::delete))
        .route("/stripe/v1/test_helpers/test_clocks/{id}/advance", post(clock::advance))
}

/// The pages that customers open.
pub fn pages() -> Router<Shared> {
    Router::new()
        .route("/stripe/p/{id}", get(portal::page))
        .route("/stripe/p/{id}/cancel/{subscription}", post(portal::cancel))
        .route("/stripe/i/{id}", get(portal::invoice))
        .route("/stripe/i/{id}/pay", post(portal::pay_invoice))
}

/// What time alone brings about in billing.
pub fn happen(scene: &Scene<'_>, what: Due, target: &str) -> rusqlite::Result<()> {
    match what {
        Due::ClockAdvances => clock::arrive(scene, target),
        Due::PeriodEnds => life::period_ends(scene, target),
        Due::TrialWillEnd => trial::will_end(scene, target),
        Due::SubscriptionExpires => life::expire(scene, target),
        Due::SubscriptionCancels => life::cancel_as_told(scene, target),
        Due::CollectionResumes => life::resume_collection(scene, target),
        Due::InvoiceFinalizes => collect::ripen(scene, target),
        Due::InvoiceRetries => dunning::retry(scene, target),
        Due::InvoiceOverdue => dunning::overdue(scene, target),
        Due::InvoiceGivenUp => dunning::given_up(scene, target),
        _ => Ok(()),
    }
}
