//! The counter: people of the house who pay by hand, and the notebook in which they write what they did.
//!
//! For what goes by hand the notebook is the other side's book: at the end it lies beside our ledger as the simulators'
//! records do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use domain::{Account, Currency, Money, MoneyError, Provider};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::commands::demo::admins::agreement;
use crate::commands::demo::books::{self, TrialLine};
use crate::commands::demo::http::{Request, data, text};
use crate::commands::demo::matching::Operation;
use crate::commands::demo::order::Order;
use crate::commands::demo::person::Person;
use crate::commands::demo::scenes::LOOK_AGAIN;

/// What was in the tills at first, and everything that was paid out of them since.
#[derive(Debug, Default)]
pub struct Notebook(Mutex<Pages>);

#[derive(Clone, Debug, Default)]
struct Pages {
    opened_with: Vec<(Account, Money)>,
    done: Vec<Operation>,
}

impl Notebook {
    /// Counts the tills before anybody touched them.
    pub fn open(&self, trial_balance: &[TrialLine]) {
        let is_till =
            |line: &&TrialLine| matches!(line.account, Account::Float { provider: Provider::Manual, .. });
        let tills = trial_balance.iter().filter(is_till);
        self.pages().opened_with = tills.map(|line| (line.account.clone(), line.balance)).collect();
    }

    /// Every payment, the oldest first.
    pub fn operations(&self) -> Vec<Operation> {
        self.pages().done.clone()
    }

    /// What must be in each till now.
    pub fn tills(&self) -> Result<Vec<(Account, Money)>, MoneyError> {
        let pages = self.pages().clone();
        let now = pages.opened_with.into_iter().map(|(account, opening)| {
            let of_it = pages.done.iter().filter(|done| is_of(&account, done));
            let left = of_it.map(|done| done.effect).try_fold(opening, Money::checked_add)?;
            Ok((account, left))
        });
        now.collect()
    }

    fn write(&self, done: Operation) {
        self.pages().done.push(done);
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of(till: &Account, done: &Operation) -> bool {
    let Account::Float { wallet, currency, .. } = till else { return false };
    wallet.as_str() == done.wallet && *currency == done.amount.currency()
}

/// Pays the payee of `order` by hand, and says so with a receipt; how many people it took.
pub async fn pay_out(admins: &[Person<'_>; 2], order: &Order<'_>) -> anyhow::Result<u64> {
    let [one, two] = admins;
    order.until(&["disbursing"]).await?;
    let row = &to_be_paid(one, order).await?;
    let (id, people) = (text(row, "id"), row.get("people").and_then(Value::as_u64).unwrap_or_default());
    let receipt = json!({
        "outcome": "done",
        "operator_reference": format!("receipt {}", text(row, "reference")),
        "evidence": "Counted out at the counter, the slip is signed and in the folder",
    });
    let path = format!("/v1/admin/movements/{id}/confirm");
    let said = one.ask(Request::post(path, receipt).key(format!("confirm-{id}"))).await?;
    if people > 1 {
        let agree = agreement(&said);
        let refused = one.refused(agree.clone(), 403).await?;
        anyhow::ensure!(refused == "own_request", "refused for {refused}");
        order.until(&["disbursing"]).await.context("one person was enough")?;
        two.ask(agree).await?;
    }
    one.stage.notebook.write(done(row)?);
    Ok(people)
}

/// The line of the list that asks somebody to pay; it appears when the payment leaves the outbox.
async fn to_be_paid(admin: &Person<'_>, order: &Order<'_>) -> anyhow::Result<Value> {
    let list = Request::get("/v1/admin/movements").query("rail", "manual").query("kind", "disbursement");
    let list = list.query("limit", "100");
    loop {
        let listed = admin.ask(list.clone()).await?;
        if let Some(row) = data(&listed).iter().find(|row| text(row, "transfer_id") == order.id) {
            return Ok(row.clone());
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn done(row: &Value) -> anyhow::Result<Operation> {
    let amount = books::money(row, "amount")?;
    Ok(Operation {
        provider: Provider::Manual,
        wallet: text(row, "wallet").to_owned(),
        kind: text(row, "kind").to_owned(),
        reference: text(row, "id").parse()?,
        amount,
        effect: Money::zero(amount.currency()).checked_sub(amount)?,
    })
}

/// Makes 1 CNY cost 2500 GNF, and 2812.5 for whoever buys it.
pub async fn price_yuan(admin: &Person<'_>) -> anyhow::Result<()> {
    let rate = json!({
        "mid": "2500", "sell_spread_bps": "1250", "buy_spread_bps": "0", "source": "the demo",
    });
    let (yuan, francs) = (Currency::CNY.code(), Currency::GNF.code());
    admin.ask(Request::put(format!("/v1/admin/rates/{yuan}/{francs}"), rate)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use domain::Reference;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_till_holds_what_it_opened_with_less_what_was_paid_out_of_it() {
        let yuan = |minor| Money::new(minor, Currency::CNY);
        let till = |name: &str| TrialLine { account: name.parse().unwrap(), balance: yuan(100_000) };
        let notebook = Notebook::default();
        notebook.open(&[till("float:manual:cn:CNY"), till("float:wave:cn:CNY"), till("fx:CNY")]);
        for (wallet, effect) in [("cn", -30_000), ("gn", -5_000), ("cn", 1)] {
            let (reference, kind) = (Reference::from_uuid(Uuid::from_u128(1)), "disbursement".to_owned());
            let (amount, effect) = (yuan(i64::abs(effect)), yuan(effect));
            let wallet = wallet.to_owned();
            let provider = Provider::Manual;
            notebook.write(Operation { provider, wallet, kind, reference, amount, effect });
        }
        let tills = notebook.tills().unwrap();
        assert_eq!(tills, [("float:manual:cn:CNY".parse().unwrap(), yuan(70_001))]);
        assert_eq!(notebook.operations().len(), 3);
    }
}
