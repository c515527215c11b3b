//! Reading both books: ours as an admin does, the simulators' as nobody of ours ever may.
//!
//! Fees are learned from the provider's statement some seconds after the payment, and statements are sealed within a
//! second, so the books are read again until they agree or patience ends.

use std::time::Duration;

use anyhow::Context;
use domain::{Account, Currency, EntryKind, Money, Reference};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::http::{Request, data, text};
use super::matching::{FloatLine, Operation, compare};
use super::person::Person;
use super::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(12);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Both books, and where they do not agree.
#[derive(Clone, Debug)]
pub struct Books {
    pub trial_balance: Vec<TrialLine>,
    pub floats: Vec<Float>,
    /// Operations that moved money at the simulators.
    pub operations: usize,
    /// Movements of ours that are exactly one of them.
    pub matched: usize,
    pub differences: Vec<String>,
}

/// An account and its balance, signed by its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialLine {
    pub account: Account,
    pub balance: Money,
}

/// One wallet, as we and as the simulator see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Float {
    pub account: Account,
    pub ours: Money,
    pub theirs: Money,
}

impl TrialLine {
    /// Minor units in the debit and in the credit column.
    pub fn columns(&self) -> (i64, i64) {
        let minor = self.balance.minor();
        match self.account.kind().is_debit_normal() == (minor >= 0) {
            true => (minor.abs(), 0),
            false => (0, minor.abs()),
        }
    }
}

impl Books {
    /// The sums of both columns.
    pub fn totals(&self) -> (i64, i64) {
        let columns = self.trial_balance.iter().map(TrialLine::columns);
        columns.fold((0, 0), |(debits, credits), (debit, credit)| (debits + debit, credits + credit))
    }
}

/// Both books once they agree, or as they are when patience ends.
pub async fn read(stage: &Stage) -> anyhow::Result<Books> {
    let admin = sign_in(stage).await?;
    let give_up_at = Instant::now() + PATIENCE;
    loop {
        let books = read_once(stage, &admin).await?;
        if books.differences.is_empty() || Instant::now() >= give_up_at {
            return Ok(books);
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// The first of the admins whom a sandbox has ready.
async fn sign_in(stage: &Stage) -> anyhow::Result<Person<'_>> {
    let about = stage.gateway.server().ask(&Request::get("/v1/sandbox")).await?;
    let staff = about.get("admins").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let admin = staff.iter().find(|one| text(one, "role") == "admin").context("the sandbox has no admin")?;
    Person::sign_in_as_staff(stage, text(admin, "phone"), text(admin, "totp_secret")).await
}

async fn read_once(stage: &Stage, admin: &Person<'_>) -> anyhow::Result<Books> {
    let trial_balance = trial_balance(admin).await?;
    let operations = operations(stage).await?;
    let floats = floats(stage, &trial_balance).await?;
    let mut lines = Vec::new();
    for float in &floats {
        lines.extend(float_lines(admin, &float.account).await?);
    }
    let (matched, mut differences) = compare(&lines, &operations);
    let off = floats.iter().filter(|float| float.ours != float.theirs);
    differences.extend(off.map(|float| format!("{}: {} and {}", float.account, float.ours, float.theirs)));
    let mut books = Books { trial_balance, floats, operations: operations.len(), matched, differences };
    let (debits, credits) = books.totals();
    if debits != credits || debits == 0 {
        books.differences.push(format!("trial balance: debits are {debits}, credits {credits}"));
    }
    Ok(books)
}

async fn trial_balance(admin: &Person<'_>) -> anyhow::Result<Vec<TrialLine>> {
    let answer = admin.ask(Request::get("/v1/admin/trial_balance")).await?;
    let line =
        |line: &Value| Ok(TrialLine { account: account(line, "account")?, balance: money(line, "balance")? });
    data(&answer).iter().map(line).collect()
}

/// What moved money there; what was tried and failed moved none.
async fn operations(stage: &Stage) -> anyhow::Result<Vec<Operation>> {
    let record = stage.simulators.ask(&Request::get("/_control/wave/operations")).await?;
    let succeeded = data(&record).iter().filter(|operation| text(operation, "status") == "succeeded");
    succeeded.map(operation).collect()
}

fn operation(value: &Value) -> anyhow::Result<Operation> {
    let currency = Currency::parse(text(value, "currency"))?;
    Ok(Operation {
        wallet: text(value, "wallet").to_owned(),
        kind: text(value, "kind").to_owned(),
        reference: reference(text(value, "reference"))?,
        amount: Money::parse(text(value, "amount"), currency)?,
        effect: Money::parse(text(value, "effect"), currency)?,
    })
}

/// Every wallet of the simulated Wave beside the float that stands for it.
async fn floats(stage: &Stage, trial_balance: &[TrialLine]) -> anyhow::Result<Vec<Float>> {
    let balance = stage.simulators.ask(&Request::get("/_control/wave/balance")).await?;
    let float = |wallet: &Value| {
        let currency = Currency::parse(text(wallet, "currency"))?;
        let account: Account = format!("float:wave:{}:{currency}", text(wallet, "wallet")).parse()?;
        let line = trial_balance.iter().find(|line| line.account == account);
        let ours = line.map_or(Money::zero(currency), |line| line.balance);
        Ok(Float { account, ours, theirs: Money::parse(text(wallet, "amount"), currency)? })
    };
    data(&balance).iter().map(float).collect()
}

/// The whole statement of a float.
async fn float_lines(admin: &Person<'_>, float: &Account) -> anyhow::Result<Vec<FloatLine>> {
    let Account::Float { wallet, .. } = float else { return Ok(vec![]) };
    let (mut lines, mut cursor) = (Vec::new(), None);
    loop {
        let mut request =
            Request::get(format!("/v1/admin/accounts/{}/entries", float.id())).query("limit", "100");
        if let Some(cursor) = cursor {
            request = request.query("cursor", cursor);
        }
        let page = admin.ask(request).await?;
        for line in data(&page) {
            lines.push(float_line(wallet.as_str(), line)?);
        }
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            return Ok(lines);
        }
    }
}

fn float_line(wallet: &str, line: &Value) -> anyhow::Result<FloatLine> {
    let movement = line.get("movement").and_then(Value::as_str).map(reference).transpose()?;
    let kind: EntryKind = text(line, "kind").parse().context("an entry of an unknown kind")?;
    let business = text(line, "business_id").to_owned();
    Ok(FloatLine { wallet: wallet.to_owned(), kind, business, movement, delta: money(line, "delta")? })
}

fn account(value: &Value, name: &str) -> anyhow::Result<Account> {
    text(value, name).parse().with_context(|| format!("not an account: {value}"))
}

fn money(value: &Value, name: &str) -> anyhow::Result<Money> {
    let money = value.get(name).with_context(|| format!("no {name} in {value}"))?;
    Ok(Money::parse(text(money, "amount"), Currency::parse(text(money, "currency"))?)?)
}

fn reference(text: &str) -> anyhow::Result<Reference> {
    text.parse().with_context(|| format!("{text} is not a reference"))
}
