//! Checkout sessions, asked for: Stripe's own page, on which a person pays, subscribes or leaves an account.
//!
//! For what we bill in our own name. A session is no movement: it never carries a movement's reference, so
//! nothing that happens on the page touches one. The page offers debits only, by
//! `allowed_payment_method_types`; `payment_method_types` may not be written any more.
//! Source: docs.stripe.com/api/checkout/sessions and /payments/checkout, read 2026-11.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use domain::Money;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAllowedPaymentMethodTypes, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionPaymentIntentData,
    CreateCheckoutSessionSetupIntentData, CreateCheckoutSessionSubscriptionData, ProductData,
    RetrieveCheckoutSession,
};
use stripe_client_core::StripeRequest;
use stripe_shared::CheckoutSessionMode;
use stripe_types::Currency;

use super::config::Checked;
use super::requests::{IDEMPOTENCY_KEY, carried, euros, id, key_header, shortened};
use super::terms::{MOVEMENT_KIND, MOVEMENT_REFERENCE};
use crate::{ProviderRef, Request, Unsupported};

/// The key under which an order's own key is on its session and on what the session makes.
pub(super) const CHECKOUT_KEY: &str = "checkout_key";

/// Longest reference that is sent back to us. Source: docs.stripe.com/api/checkout/sessions/create.
const LONGEST_REFERENCE: usize = 200;
/// More lines than any bill of ours has; Stripe takes 20 recurring ones.
const MOST_LINES: usize = 20;

/// A page to be made. The same order gives the same bytes, and so the same session, for 24 hours at least.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckoutOrder {
    /// Names this page for ever: at most 200 printable characters.
    pub key: String,
    pub payer: CheckoutPayer,
    pub mode: CheckoutMode,
    /// What is paid for: none in [`CheckoutMode::Setup`], and a kept price at least in
    /// [`CheckoutMode::Subscription`].
    pub lines: Vec<CheckoutLine>,
    /// Where the browser goes afterwards, which proves nothing. `{CHECKOUT_SESSION_ID}` is replaced.
    pub success_url: String,
    pub cancel_url: Option<String>,
    /// Between 30 minutes and 24 hours from now, which Stripe checks; a day when absent.
    pub expires_at: Option<DateTime<Utc>>,
    /// Comes back with the session: at most 200 characters.
    pub client_reference: Option<String>,
    /// Comes back with the session, and with the payment, plan or account that it makes.
    pub metadata: BTreeMap<String, String>,
}

/// Who pays.
#[derive(Clone, PartialEq, Eq)]
pub enum CheckoutPayer {
    /// A customer that was registered.
    Customer(ProviderRef),
    /// Somebody of this address, of whom Stripe makes a customer where it needs one.
    Email(String),
}

impl std::fmt::Debug for CheckoutPayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CheckoutPayer::Customer(customer) => write!(f, "Customer({customer})"),
            CheckoutPayer::Email(_) => write!(f, "Email(…)"),
        }
    }
}

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckoutMode {
    /// One payment.
    Payment,
    /// A plan that renews itself.
    Subscription,
    /// An account for later, and no money.
    Setup,
}

/// One line of the bill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckoutLine {
    pub item: CheckoutItem,
    pub quantity: NonZeroU32,
}

/// What a line is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CheckoutItem {
    /// A price that Stripe keeps: `price_…`.
    Price(ProviderRef),
    /// Something named here, once, for so much apiece.
    Named { name: String, each: Money },
}

impl CheckoutOrder {
    /// What the page asks for, where every price is known here; `None` where Stripe keeps one.
    ///
    /// Errors: a sum that no amount can hold.
    pub(super) fn total(&self) -> Result<Option<i64>, Unsupported> {
        let mut total = Some(0_i64);
        for line in &self.lines {
            let each = match &line.item {
                CheckoutItem::Named { each, .. } => Some(each.minor()),
                CheckoutItem::Price(_) => None,
            };
            let (Some(sum), Some(each)) = (total, each) else {
                total = None;
                continue;
            };
            let line = each.checked_mul(line.quantity.get().into());
            let sum = line.and_then(|line| sum.checked_add(line));
            total = Some(sum.ok_or_else(|| Unsupported::new("the lines add up to too much"))?);
        }
        Ok(if self.mode == CheckoutMode::Setup { None } else { total })
    }

    fn check(&self) -> Result<(), Unsupported> {
        let refuse = |reason: &str| Err(Unsupported::new(reason));
        let is_kept = |line: &CheckoutLine| matches!(line.item, CheckoutItem::Price(_));
        match self.mode {
            CheckoutMode::Setup if !self.lines.is_empty() => {
                return refuse("an account is kept for no price");
            }
            CheckoutMode::Payment if self.lines.is_empty() => return refuse("there is nothing to pay for"),
            CheckoutMode::Subscription if !self.lines.iter().any(is_kept) => {
                return refuse("a plan needs a price that Stripe keeps");
            }
            _ if self.lines.len() > MOST_LINES => return refuse("there are too many lines"),
            _ => {}
        }
        let ours = [MOVEMENT_REFERENCE, MOVEMENT_KIND, CHECKOUT_KEY];
        if ours.iter().any(|name| self.metadata.contains_key(*name)) {
            return refuse("these metadata would make a movement of it");
        }
        if self.client_reference.as_ref().is_some_and(|text| text.chars().count() > LONGEST_REFERENCE) {
            return refuse("the reference is too long");
        }
        let urls = std::iter::once(&self.success_url).chain(&self.cancel_url);
        let is_url = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if !urls.into_iter().all(is_url) {
            return refuse("the browser cannot come back there");
        }
        self.total().map(|_| ())
    }

    fn marked(&self) -> HashMap<String, String> {
        let own = (CHECKOUT_KEY.to_owned(), self.key.clone());
        self.metadata.clone().into_iter().chain([own]).collect()
    }
}

/// The request that makes the page, without authorisation.
pub(super) fn create(config: &Checked, order: &CheckoutOrder) -> Result<Request, Unsupported> {
    order.check()?;
    let mut create = CreateCheckoutSession::new()
        .allowed_payment_method_types(vec![CreateCheckoutSessionAllowedPaymentMethodTypes::SepaDebit])
        .success_url(&order.success_url)
        .metadata(order.marked());
    create = match &order.payer {
        CheckoutPayer::Customer(customer) => create.customer(id(customer)?),
        CheckoutPayer::Email(email) => create.customer_email(email),
    };
    create = for_mode(create, order);
    if !order.lines.is_empty() {
        create = create.line_items(order.lines.iter().map(line).collect::<Result<Vec<_>, _>>()?);
    }
    if let Some(url) = &order.cancel_url {
        create = create.cancel_url(url);
    }
    if let Some(at) = order.expires_at {
        create = create.expires_at(at.timestamp());
    }
    if let Some(reference) = &order.client_reference {
        create = create.client_reference_id(reference);
    }
    let key = key_header(&format!("{}:checkout", order.key))?;
    Ok(carried(config, create.build())?.header(IDEMPOTENCY_KEY, key))
}

/// What the session makes carries the order's metadata too.
fn for_mode(create: CreateCheckoutSession, order: &CheckoutOrder) -> CreateCheckoutSession {
    match order.mode {
        CheckoutMode::Payment => {
            let mut data = CreateCheckoutSessionPaymentIntentData::new();
            data.metadata = Some(order.marked());
            create.mode(CheckoutSessionMode::Payment).payment_intent_data(data)
        }
        CheckoutMode::Subscription => {
            let mut data = CreateCheckoutSessionSubscriptionData::new();
            data.metadata = Some(order.marked());
            create.mode(CheckoutSessionMode::Subscription).subscription_data(data)
        }
        CheckoutMode::Setup => {
            let mut data = CreateCheckoutSessionSetupIntentData::new();
            data.metadata = Some(order.marked());
            create.mode(CheckoutSessionMode::Setup).currency(Currency::EUR).setup_intent_data(data)
        }
    }
}

fn line(line: &CheckoutLine) -> Result<CreateCheckoutSessionLineItems, Unsupported> {
    let mut item = CreateCheckoutSessionLineItems::new();
    item.quantity = Some(line.quantity.get().into());
    match &line.item {
        CheckoutItem::Price(price) => item.price = Some(id(price)?),
        CheckoutItem::Named { name, each } => {
            let name = shortened(Some(name)).ok_or_else(|| Unsupported::new("a line needs a name"))?;
            if !each.is_positive() {
                return Err(Unsupported::new("a line needs a price"));
            }
            let mut price = CreateCheckoutSessionLineItemsPriceData::new(euros(*each)?);
            price.unit_amount = Some(each.minor());
            price.product_data = Some(ProductData::new(name));
            item.price_data = Some(price);
        }
    }
    Ok(item)
}

/// The request that asks how a session stands, and how its payment does.
pub(super) fn retrieve(config: &Checked, session: &ProviderRef) -> Result<Request, Unsupported> {
    let retrieve = RetrieveCheckoutSession::new(id(session)?).expand(["payment_intent".to_owned()]);
    carried(config, retrieve.build())
}
