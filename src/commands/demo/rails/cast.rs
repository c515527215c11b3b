//! The senders of the trials: one for each currency, who fills a balance with us, and spends what is left of it.

use anyhow::Context;
use domain::{Account, Currency, Rail};
use futures::future::try_join_all;

use crate::commands::demo::books;
use crate::commands::demo::http::{Request, text};
use crate::commands::demo::order::Order;
use crate::commands::demo::person::Person;
use crate::commands::demo::progress::Line;
use crate::commands::demo::stage::Stage;
use crate::commands::demo::way::{Ask, EURO_TRANSFER, GUINEA, Payee, Place, SENEGAL, Way, quote};

/// Where each lives, their number, and what they fill their balance with, major units. Euros are only collected.
const ALL: [(Place, &str, Option<&str>); 3] = [
    (SENEGAL, "+221780000099", Some("150000")),
    (GUINEA, "+224660000099", Some("150000")),
    (EURO_TRANSFER, "+33612000199", None),
];

/// Who gets what is left, at Wave or at MTN.
const NUMBERS: [&str; 2] = ["+221780000098", "+224660000098"];

/// Everybody, signed in.
#[derive(Debug)]
pub struct Cast<'s>(Vec<Sender<'s>>);

#[derive(Debug)]
struct Sender<'s> {
    home: Place,
    person: Person<'s>,
    /// The user.
    id: String,
}

impl<'s> Cast<'s> {
    /// Signs everybody in; each pays into a balance.
    pub async fn sign_in(stage: &'s Stage, line: &Line) -> anyhow::Result<Cast<'s>> {
        let senders = ALL.map(async |(home, number, fill)| {
            let person = Person::sign_in(stage, number).await?;
            let id = text(&person.ask(Request::get("/v1/me")).await?, "id").to_owned();
            let sender = Sender { home, person, id };
            if let Some(amount) = fill {
                let way = Way { from: home, to: home.by(Rail::Balance) };
                let payee = Payee { name: "Fatou Barry", to: sender.id.clone() };
                sender.send(line, Ask { way, amount, side: "send" }, &payee).await?;
            }
            anyhow::Ok(sender)
        });
        try_join_all(senders).await.map(Cast)
    }

    /// Who has money in `currency`.
    pub fn of(&self, currency: Currency) -> anyhow::Result<(&Person<'s>, &str)> {
        let sender = self.0.iter().find(|sender| sender.home.currency == currency);
        let sender = sender.with_context(|| format!("nobody has {currency}"))?;
        Ok((&sender.person, &sender.id))
    }

    /// Everybody sends their whole balance to somebody at home, euros to Senegal.
    pub async fn spend_what_is_left(&self, admin: &Person<'_>, line: &Line) -> anyhow::Result<()> {
        let balances = books::trial_balance(admin).await?;
        let spent = self.0.iter().map(async |sender| {
            let account: Account = format!("customer:{}:{}", sender.id, sender.home.currency).parse()?;
            let balance = balances.iter().find(|line| line.account == account);
            let balance = balance.with_context(|| format!("{account} is empty"))?.balance.major();
            let to = if sender.home == GUINEA { (GUINEA, NUMBERS[1]) } else { (SENEGAL, NUMBERS[0]) };
            let way = Way { from: sender.home.by(Rail::Balance), to: to.0 };
            let payee = Payee { name: "Fatou Barry", to: to.1.to_owned() };
            sender.send(line, Ask { way, amount: &balance, side: "total" }, &payee).await
        });
        try_join_all(spent).await.map(drop)
    }
}

impl Sender<'_> {
    async fn send(&self, line: &Line, ask: Ask<'_>, payee: &Payee) -> anyhow::Result<()> {
        let offer = quote(&self.person, ask).await?;
        let order = Order::place(&self.person, line, &offer, payee).await?;
        if ask.way.from.rail != Rail::Balance {
            order.pay().await?;
        }
        order.until(&["completed"]).await.map(drop)
    }
}
