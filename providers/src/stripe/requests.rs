//! Operation in, request out, by the builders that async-stripe generates from Stripe's specification.
//!
//! The builders give path, query and form; the bytes travel by our own client, under our own key and
//! deadline. Parameters are sorted, because a map of metadata has no order and the same operation
//! has to give the same bytes. Source: docs.stripe.com/api, version 2026-09-30.endive, read 2026-11.

use std::collections::HashMap;

use chrono::{Days, NaiveTime, TimeDelta};
use domain::movement::MovementKind;
use domain::{Money, Reference};
use http::{HeaderName, HeaderValue};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
use stripe_core::balance::RetrieveForMyAccountBalance;
use stripe_core::balance_transaction::ListBalanceTransaction;
use stripe_core::customer::CreateCustomer;
use stripe_core::payment_intent::{CancelPaymentIntent, ListPaymentIntent, RetrievePaymentIntent};
use stripe_core::payout::{CreatePayout, CreatePayoutMethod, ListPayout, RetrievePayout};
use stripe_core::refund::{CreateRefund, ListRefund, RetrieveRefund};
use stripe_types::{Currency, RangeBoundsTs, RangeQueryTs};

use super::config::Checked;
use super::terms::{self, MOVEMENT_KIND, MOVEMENT_REFERENCE};
use super::{collect, customer};
use crate::{Inquire, Line, Operation, Page, ProviderRef, Refund, Register, Request, Sweep, Unsupported};

pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// As many as a list gives.
const PAGE: i64 = 100;
/// How far back a search starts before the first sending, for clocks that differ.
const EARLIER: TimeDelta = TimeDelta::hours(1);
/// Longest text of people's that is sent, in characters.
const LONGEST_TEXT: usize = 255;
/// Longest idempotency key. Source: docs.stripe.com/api/idempotent_requests.
const LONGEST_KEY: usize = 255;

/// The request without authorisation.
pub(super) fn of(config: &Checked, operation: &Operation) -> Result<Request, Unsupported> {
    let request = match operation {
        Operation::Register(register) => create_customer(register),
        Operation::Collect(collect) => collect::create(config, collect)?,
        Operation::Refund(refund) => create_refund(refund),
        Operation::Cancel(cancel) => CancelPaymentIntent::new(id(&cancel.provider_ref)?).build(),
        Operation::Inquire(inquire) => ask(inquire)?,
        Operation::Balance => RetrieveForMyAccountBalance::new().build(),
        Operation::Transactions(page) => transactions(page)?,
        Operation::Line(line) => lines(line),
        Operation::Sweep(sweep) => create_payout(config, sweep)?,
        Operation::Disburse(_) | Operation::Reverse(_) | Operation::VerifyRecipient(_) => {
            return Err(Unsupported::new("Stripe pays to nobody but ourselves"));
        }
    };
    let request = carried(config, request)?;
    match key(operation) {
        Some(key) => Ok(request.header(IDEMPOTENCY_KEY, key_header(&key)?)),
        None => Ok(request),
    }
}

/// One key per operation on one movement; a payer's is their own.
fn key(operation: &Operation) -> Option<String> {
    let kind = operation.kind();
    match operation {
        Operation::Register(register) => Some(format!("{}:{kind}", register.key)),
        _ if kind.has_effect() => operation.reference().map(|reference| format!("{reference}:{kind}")),
        _ => None,
    }
}

pub(super) fn key_header(key: &str) -> Result<HeaderValue, Unsupported> {
    let fits = key.len() <= LONGEST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic());
    match HeaderValue::from_str(key) {
        Ok(value) if fits => Ok(value),
        _ => Err(Unsupported::new("the key does not fit in a header")),
    }
}

/// What was built, as a request of ours.
pub(super) fn carried(config: &Checked, built: RequestBuilder) -> Result<Request, Unsupported> {
    let url = config.url(&built.path);
    let mut request = match built.method {
        StripeMethod::Get => Request::get(url),
        StripeMethod::Post => Request::post(url).form(sorted(&built.body.unwrap_or_default()).into_bytes()),
        StripeMethod::Delete => return Err(Unsupported::new("nothing is deleted at Stripe")),
    };
    let query: Vec<(String, String)> = serde_urlencoded::from_str(&built.query.unwrap_or_default())
        .map_err(|error| Unsupported::new(error.to_string()))?;
    for (name, value) in query {
        request = request.query(name, value);
    }
    Ok(request)
}

fn sorted(form: &str) -> String {
    let mut pairs: Vec<&str> = form.split('&').collect();
    pairs.sort_unstable();
    pairs.join("&")
}

fn create_customer(register: &Register) -> RequestBuilder {
    let metadata = HashMap::from([(customer::CUSTOMER_KEY.to_owned(), register.key.clone())]);
    let mut create = CreateCustomer::new().metadata(metadata);
    if let Some(name) = shortened(register.name.as_deref()) {
        create = create.name(name);
    }
    if let Some(email) = shortened(register.email.as_deref()) {
        create = create.email(email);
    }
    create.build()
}

fn create_refund(refund: &Refund) -> RequestBuilder {
    CreateRefund::new()
        .payment_intent(refund.original_ref.as_str())
        .amount(refund.amount.minor())
        .metadata(metadata(refund.reference, MovementKind::Refund))
        .build()
}

fn create_payout(config: &Checked, sweep: &Sweep) -> Result<RequestBuilder, Unsupported> {
    let account = config.bank_account.as_deref();
    let account = account.ok_or_else(|| Unsupported::new("no bank account of ours is configured"))?;
    let method = if sweep.instant { CreatePayoutMethod::Instant } else { CreatePayoutMethod::Standard };
    Ok(CreatePayout::new(sweep.amount.minor(), euros(sweep.amount)?)
        .destination(account)
        .method(method)
        .metadata(metadata(sweep.reference, MovementKind::Treasury))
        .build())
}

/// By its name where an answer ever brought one, else among all that was made since it was sent.
fn ask(inquire: &Inquire) -> Result<RequestBuilder, Unsupported> {
    let named = inquire.provider_ref.as_ref().map(id).transpose()?;
    let since = RangeQueryTs::gte((inquire.since - EARLIER).timestamp());
    match (inquire.kind, named) {
        (MovementKind::Collection, Some(id)) => {
            Ok(RetrievePaymentIntent::new(id).expand(["latest_charge".to_owned()]).build())
        }
        (MovementKind::Collection, None) => {
            let customer = inquire.customer.as_ref();
            let customer =
                customer.ok_or_else(|| Unsupported::new("a lost collection is asked for by its customer"))?;
            let expand = ["data.latest_charge".to_owned()];
            Ok(ListPaymentIntent::new()
                .customer(id(customer)?)
                .created(since)
                .limit(PAGE)
                .expand(expand)
                .build())
        }
        (MovementKind::Refund, Some(id)) => Ok(RetrieveRefund::new(id).build()),
        (MovementKind::Refund, None) => {
            let original = inquire.original.as_ref();
            let original =
                original.ok_or_else(|| Unsupported::new("a lost refund is asked for by its collection"))?;
            Ok(ListRefund::new().payment_intent(id(original)?).limit(PAGE).build())
        }
        (MovementKind::Treasury, Some(id)) => Ok(RetrievePayout::new(id).build()),
        (MovementKind::Treasury, None) => Ok(ListPayout::new().created(since).limit(PAGE).build()),
        (MovementKind::Disbursement | MovementKind::Reversal, _) => {
            Err(Unsupported::new("Stripe pays to nobody but ourselves"))
        }
    }
}

/// One page of a UTC day, with what each line is about.
fn transactions(page: &Page) -> Result<RequestBuilder, Unsupported> {
    let midnight = |date: chrono::NaiveDate| date.and_time(NaiveTime::MIN).and_utc().timestamp();
    let after = page.date.checked_add_days(Days::new(1));
    let after = after.ok_or_else(|| Unsupported::new("the calendar ends before the day does"))?;
    let day =
        RangeBoundsTs { gte: Some(midnight(page.date)), lt: Some(midnight(after)), gt: None, lte: None };
    let list = ListBalanceTransaction::new()
        .created(RangeQueryTs::Bounds(day))
        .limit(PAGE)
        .expand(["data.source".to_owned()]);
    Ok(match &page.cursor {
        Some(cursor) => list.starting_after(cursor).build(),
        None => list.build(),
    })
}

fn lines(line: &Line) -> RequestBuilder {
    ListBalanceTransaction::new().source(line.source.as_str()).limit(PAGE).build()
}

/// What every object that we make carries, so that it can be found and recognised.
pub(super) fn metadata(reference: Reference, kind: MovementKind) -> HashMap<String, String> {
    HashMap::from([
        (MOVEMENT_REFERENCE.to_owned(), reference.to_string()),
        (MOVEMENT_KIND.to_owned(), kind.as_str().to_owned()),
    ])
}

/// The currency of an amount, which can be euros only.
pub(super) fn euros(amount: Money) -> Result<Currency, Unsupported> {
    match amount.currency() == domain::Currency::EUR {
        true => Ok(Currency::EUR),
        false => Err(Unsupported::new(format!("{} is no currency of SEPA", amount.currency()))),
    }
}

/// An id as one segment of a path; the builders escape nothing there.
pub(super) fn id(id: &ProviderRef) -> Result<String, Unsupported> {
    match terms::is_plausible(id.as_str()) {
        true => Ok(id.as_str().to_owned()),
        false => Err(Unsupported::new("the provider's id is not an id")),
    }
}

/// At most so many characters, none of them a control; blank is the same as absent.
pub(super) fn shortened(text: Option<&str>) -> Option<String> {
    let text: String =
        text?.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_TEXT).collect();
    if text.is_empty() { None } else { Some(text) }
}
