//! The adapter: collections, payouts, questions, and callbacks that are signed. It borrows the names of the manual
//! rail, since the list of rails is the domain's.

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use domain::{Country, Currency, Money, Provider, Rail, Reference, Wallet, movement::MovementKind};
use hmac::{Hmac, KeyInit, Mac};
use providers::*;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

/// How old a signature may be, and how far ahead of our clock, in seconds.
const FRESH: std::ops::RangeInclusive<i64> = -30..=300;
const UNKNOWN: &[u8] = br#"{"error":"unknown"}"#;

pub struct Kola {
    base_url: String,
    bearer: HeaderValue,
    secret: &'static str,
    capabilities: Capabilities,
}

impl Kola {
    pub fn new(base_url: &str, key: &str, secret: &'static str, currency: Currency) -> Kola {
        let never = IdempotentOnReference::NEVER;
        let most = Limits { min: None, max: Some(Money::new(10_000_000, currency)) };
        let capabilities = Capabilities {
            provider: Provider::Manual,
            wallet: Wallet::parse("kola").unwrap(),
            rails: vec![Rail::Manual],
            countries: vec![Country::parse("TN").unwrap()],
            currencies: vec![currency],
            operations: vec![OperationKind::Collect, OperationKind::Disburse, OperationKind::Inquire],
            collect_limits: most,
            disburse_limits: most,
            refunds: Refunds::None,
            refund_returns_fee: false,
            needs_customer: false,
            idempotent_on_reference: IdempotentOnReference { collect: true, disburse: true, ..never },
            idempotent_for: None,
            reverse_within: None,
            settling_time: Duration::from_secs(60),
            unseen_collection_expires: true,
            hosted: Hosted::default(),
            callbacks: Callbacks { collections: true, signed: true, ..Callbacks::NONE },
            statements: Statements::None,
        };
        let bearer = HeaderValue::from_str(&format!("Bearer {key}")).unwrap();
        Kola { base_url: base_url.to_owned(), bearer, secret, capabilities }
    }
}

fn text<'v>(said: &'v Value, key: &str) -> &'v str {
    said[key].as_str().unwrap_or_default()
}

fn money(said: &Value) -> Option<Money> {
    Money::parse(text(said, "amount"), text(said, "currency").parse().ok()?).ok()
}

/// How a movement stands. It counts with our reference and our amount only, and a word that nobody knows ends nothing.
fn standing(said: &Value, reference: Reference, amount: Money) -> Result<Outcome, ProviderError> {
    if money(said) != Some(amount) || text(said, "reference") != reference.to_string() {
        return Err(ProviderError::uncertain("amount or reference differs"));
    }
    match text(said, "status") {
        "open" => Ok(Outcome::pending(ProviderRef(reference.to_string()), None)),
        "paid" => Ok(Outcome::succeeded(ProviderRef(reference.to_string()), amount)),
        "refused" => Ok(Outcome::Declined { code: "refused".to_owned(), message: String::new() }),
        "expired" => Ok(Outcome::Expired),
        _ => Err(ProviderError::uncertain("a status that nobody knows")),
    }
}

impl Wire for Kola {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn request(&self, operation: &Operation, _: &Grants, _: DateTime<Utc>) -> Result<Request, Unsupported> {
        let at = |path: &str| format!("{}/{path}", self.base_url);
        let new = |path: &str, reference: Reference, amount: Money, to: &str| {
            let (name, amount, currency) = (reference.to_string(), amount.major(), amount.currency().code());
            let body = json!({"reference": name, "amount": amount, "currency": currency, "to": to});
            Request::post(at(path)).json(body.to_string().into_bytes())
        };
        let request = match operation {
            Operation::Collect(it) => new("collections", it.reference, it.amount, "us"),
            Operation::Disburse(it) => new("payouts", it.reference, it.amount, it.payee.msisdn()?.digits()),
            Operation::Inquire(it) => match it.kind {
                MovementKind::Collection => Request::get(at(&format!("collections/{}", it.reference))),
                MovementKind::Disbursement => Request::get(at(&format!("payouts/{}", it.reference))),
                _ => return Err(Unsupported::new("Kola moves nothing else")),
            },
            _ => return Err(Unsupported::new("Kola has no such thing")),
        };
        Ok(request.header(header::AUTHORIZATION, self.bearer.clone()))
    }

    fn follow(
        &self,
        _: &Operation,
        _: &Request,
        _: &Response,
        _: &Grants,
        _: DateTime<Utc>,
    ) -> Option<Request> {
        None
    }

    fn outcome(&self, operation: &Operation, response: &Response) -> Result<Outcome, ProviderError> {
        match (response.status, operation) {
            (200, Operation::Collect(it)) => standing(&response.json()?, it.reference, it.amount),
            (200, Operation::Disburse(it)) => standing(&response.json()?, it.reference, it.amount),
            (200, Operation::Inquire(it)) => standing(&response.json()?, it.reference, it.amount),
            (401, _) => Err(ProviderError::misconfigured("the key is not taken")),
            (404, Operation::Inquire(_)) if response.body == UNKNOWN => Ok(Outcome::NotFound),
            (429, _) => Err(ProviderError::RateLimited { retry_after: None }),
            (status, _) => Err(ProviderError::uncertain(format!("status {status}"))),
        }
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<Verified, Unauthentic> {
        let refused = || Unauthentic { reason: "no signature matches" };
        let mut values = headers.get_all("kola-signature").iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Err(refused()) };
        let value = value.to_str().map_err(|_| refused())?;
        let (at, given) = value.split_once(",v1=").ok_or_else(refused)?;
        let at = at.strip_prefix("t=").ok_or_else(refused)?;
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.secret.as_bytes()).map_err(|_| refused())?;
        mac.update(&[at.as_bytes(), b".", body].concat());
        let expected = hex::encode(mac.finalize().into_bytes());
        let age = at.parse().ok().and_then(|at: i64| now.timestamp().checked_sub(at)).ok_or_else(refused)?;
        match bool::from(expected.as_bytes().ct_eq(given.as_bytes())) && FRESH.contains(&age) {
            true => Ok(Verified { event_key: expected, trust: Trust::Proven }),
            false => Err(refused()),
        }
    }

    fn translate(&self, body: &[u8], trust: Trust) -> Result<Callback, Unreadable> {
        let unreadable = |_| Unreadable { reason: "no JSON".to_owned() };
        let said: Value = serde_json::from_slice(body).map_err(unreadable)?;
        let (reference, amount) = (text(&said, "reference").parse::<Reference>().ok(), money(&said));
        let proven = reference.zip(amount).filter(|_| trust == Trust::Proven);
        Ok(Callback {
            event_id: text(&said, "reference").to_owned(),
            kind: text(&said, "status").to_owned(),
            reference,
            provider_ref: reference.map(|reference| ProviderRef(reference.to_string())),
            outcome: proven.and_then(|(reference, amount)| standing(&said, reference, amount).ok()),
            trust,
            amount,
            news: None,
        })
    }
}
