//! Ways: by which rail the money comes, by which it goes, and an offer for such a way.

use anyhow::Context;
use chrono::{DateTime, Utc};
use domain::{Currency, Rail};
use serde_json::{Value, json};

use super::http::{Request, text};
use super::person::Person;

const NAME: &str = "Jenny Rosen";
const EMAIL: &str = "jenny.rosen@example.com";
/// Stripe's published number of an account in France that pays.
const IBAN: &str = "FR1420041010050500013M02606";

/// One end of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Two letters.
    pub country: &'static str,
    pub currency: Currency,
    pub rail: Rail,
}

/// From where the money comes, and where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub from: Place,
    pub to: Place,
}

/// A bank transfer from France.
pub const EURO_TRANSFER: Place = Place { country: "FR", currency: Currency::EUR, rail: Rail::SepaTransfer };
/// A direct debit in France.
pub const EURO_DEBIT: Place = Place { rail: Rail::SepaDebit, ..EURO_TRANSFER };
/// Wave in Senegal.
pub const SENEGAL: Place = Place { country: "SN", currency: Currency::XOF, rail: Rail::Wave };
/// Wave in Côte d'Ivoire.
pub const IVORY_COAST: Place = Place { country: "CI", ..SENEGAL };
/// MTN in Guinea.
pub const GUINEA: Place = Place { country: "GN", currency: Currency::GNF, rail: Rail::MtnMomo };
/// By hand in China.
pub const CHINA: Place = Place { country: "CN", currency: Currency::CNY, rail: Rail::Manual };

impl Place {
    /// The same place by another rail.
    pub const fn by(self, rail: Rail) -> Place {
        Place { rail, ..self }
    }

    /// Who pays here.
    fn payer(self, person: &Person<'_>) -> Value {
        let rail = self.rail.as_str();
        match self.rail {
            // Without an address Stripe gives no bank transfer back.
            Rail::SepaTransfer => json!({ "rail": rail, "name": NAME, "email": EMAIL }),
            Rail::SepaDebit => json!({ "rail": rail, "name": NAME, "email": EMAIL, "iban": IBAN }),
            Rail::Balance => json!({ "rail": rail }),
            Rail::OrangeWeb | Rail::Manual => json!({ "rail": rail, "name": NAME }),
            _ => json!({ "rail": rail, "phone": person.phone }),
        }
    }

    fn payee(self, payee: &Payee) -> Value {
        let to = match self.rail {
            Rail::Manual | Rail::Balance => "account",
            _ => "phone",
        };
        json!({ "rail": self.rail.as_str(), to: payee.to, "name": payee.name, "country": self.country })
    }
}

/// What a quote is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub way: Way,
    /// Major units: of what is received for the side `receive`, else of what is sent.
    pub amount: &'a str,
    /// `send`, `receive` or `total`.
    pub side: &'static str,
}

/// An offer.
#[derive(Clone, Debug)]
pub struct Quote {
    pub id: String,
    pub way: Way,
    /// What the payee gets, major units.
    pub receive: String,
    /// Sent per unit received.
    pub inverse: String,
    /// Until when it may be paid.
    pub funding_deadline: DateTime<Utc>,
}

/// Who gets the money.
#[derive(Clone, Debug)]
pub struct Payee {
    pub name: &'static str,
    /// A number; by hand an account in words; a user of ours for a balance.
    pub to: String,
}

/// Asks for an offer.
pub async fn quote(person: &Person<'_>, ask: Ask<'_>) -> anyhow::Result<Quote> {
    let Way { from, to } = ask.way;
    let currency = if ask.side == "receive" { to.currency } else { from.currency };
    let body = json!({
        "send_currency": from.currency.code(), "receive_currency": to.currency.code(),
        "from_country": from.country, "to_country": to.country,
        "amount": { "amount": ask.amount, "currency": currency.code() }, "side": ask.side,
        "funding_rail": from.rail.as_str(), "payout_rail": to.rail.as_str(),
    });
    let quote = person.ask(Request::post("/v1/quotes", body)).await?;
    let funding_deadline =
        text(&quote, "funding_deadline").parse().context("a quote has no funding deadline")?;
    let receive = quote.get("receive").map(|receive| text(receive, "amount")).unwrap_or_default();
    Ok(Quote {
        id: text(&quote, "id").to_owned(),
        way: ask.way,
        receive: receive.to_owned(),
        inverse: text(&quote, "inverse").to_owned(),
        funding_deadline,
    })
}

impl Quote {
    /// What orders it.
    pub fn order(&self, person: &Person<'_>, payee: &Payee) -> Request {
        let body = json!({
            "quote_id": self.id,
            "payer": self.way.from.payer(person),
            "payee": self.way.to.payee(payee),
            "purpose": "family support",
        });
        Request::post("/v1/transfers", body).key(format!("order-{}", self.id))
    }
}
