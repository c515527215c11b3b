//! Reading both books: ours as an admin does, the simulators' as nobody of ours ever may, and what people wrote down who
//! paid by hand.
//!
//! Fees are learned from the provider's statement some seconds after the payment, and statements are sealed within a
//! second, so the books are read again until they agree or patience ends.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use domain::{Account, Currency, EntryKind, Money, Provider, Reference};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::http::{Request, data, text};
use super::matching::{FloatLine, Operation, compare};
use super::person::Person;
use super::simulators;
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

/// One wallet, or what is on its way into it, as we and as the simulator see it.
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
    /// The sums of both columns, in each currency.
    pub fn totals(&self) -> BTreeMap<Currency, (i64, i64)> {
        let mut totals = BTreeMap::new();
        for line in &self.trial_balance {
            let (debits, credits): &mut (i64, i64) = totals.entry(line.balance.currency()).or_default();
            let (debit, credit) = line.columns();
            (*debits, *credits) = (*debits + debit, *credits + credit);
        }
        totals
    }
}

/// Both books once they agree, or as they are when patience ends.
pub async fn read(stage: &Stage, admin: &Person<'_>) -> anyhow::Result<Books> {
    let give_up_at = Instant::now() + PATIENCE;
    loop {
        let books = read_once(stage, admin).await?;
        if books.differences.is_empty() || Instant::now() >= give_up_at {
            return Ok(books);
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// One of the admins whom a sandbox has ready, counted from 0.
pub async fn sign_in(stage: &Stage, which: usize) -> anyhow::Result<Person<'_>> {
    let about = stage.gateway.server().ask(&Request::get("/v1/sandbox")).await?;
    let staff = about.get("admins").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut admins = staff.iter().filter(|one| text(one, "role") == "admin");
    let admin = admins.nth(which).context("the sandbox has no such admin")?;
    Person::sign_in_as_staff(stage, text(admin, "phone"), text(admin, "totp_secret")).await
}

async fn read_once(stage: &Stage, admin: &Person<'_>) -> anyhow::Result<Books> {
    let trial_balance = trial_balance(admin).await?;
    let operations = operations(stage).await?;
    let floats = floats(stage, &trial_balance).await?;
    let mut lines = Vec::new();
    let is_open = |float: &&Float| trial_balance.iter().any(|line| line.account == float.account);
    for float in floats.iter().filter(is_open) {
        lines.extend(float_lines(admin, &float.account).await?);
    }
    let (matched, mut differences) = compare(&lines, &operations);
    let off = floats.iter().filter(|float| float.ours != float.theirs);
    differences.extend(off.map(|float| format!("{}: {} and {}", float.account, float.ours, float.theirs)));
    let mut books = Books { trial_balance, floats, operations: operations.len(), matched, differences };
    let unequal =
        books.totals().into_iter().filter(|(_, (debits, credits))| debits != credits || *debits == 0);
    let unequal = unequal.map(|(currency, (debits, credits))| {
        format!("trial balance in {currency}: debits are {debits}, credits {credits}")
    });
    let left = books.trial_balance.iter().filter(|line| is_left_over(line));
    let left = left.map(|line| format!("{} is left on {}", line.balance, line.account));
    let more: Vec<String> = unequal.chain(left).collect();
    books.differences.extend(more);
    Ok(books)
}

/// Whether we owe anybody anything: when all is over, whoever paid has been served or has their money back.
fn is_left_over(line: &TrialLine) -> bool {
    let is_owed = matches!(line.account, Account::Customer { .. } | Account::Suspense { .. });
    is_owed && line.balance.minor() != 0
}

/// Every account that was ever used, with its balance.
pub async fn trial_balance(admin: &Person<'_>) -> anyhow::Result<Vec<TrialLine>> {
    let answer = admin.ask(Request::get("/v1/admin/trial_balance")).await?;
    let line =
        |line: &Value| Ok(TrialLine { account: account(line, "account")?, balance: money(line, "balance")? });
    data(&answer).iter().map(line).collect()
}

/// What moved money, there and by hand; what was tried and failed moved none.
async fn operations(stage: &Stage) -> anyhow::Result<Vec<Operation>> {
    let mut operations = stage.notebook.operations();
    for provider in simulators::ALL {
        for value in stage.record(provider).await?.iter().filter(|value| simulators::has_moved(value)) {
            operations.push(operation(provider, value)?);
        }
    }
    Ok(operations)
}

fn operation(provider: Provider, value: &Value) -> anyhow::Result<Operation> {
    let currency = Currency::parse(text(value, "currency"))?;
    let wallet = simulators::wallet(provider, value);
    Ok(Operation {
        provider,
        wallet: wallet.with_context(|| format!("not of a wallet of ours: {value}"))?.to_owned(),
        kind: text(value, "kind").to_owned(),
        reference: reference(text(value, "reference"))?,
        amount: Money::parse(text(value, "amount"), currency)?,
        effect: Money::parse(text(value, "effect"), currency)?,
    })
}

/// Every wallet of ours at the simulators, and every till, beside the float that stands for it, and what is not
/// spendable yet beside that.
async fn floats(stage: &Stage, trial_balance: &[TrialLine]) -> anyhow::Result<Vec<Float>> {
    let mut theirs = Vec::new();
    for provider in simulators::ALL {
        let path = format!("/_control/{}/balance", simulators::name(provider));
        let balance = stage.simulators.ask(&Request::get(path)).await?;
        for value in data(&balance) {
            let Some(wallet) = simulators::wallet(provider, value) else { continue };
            let currency = Currency::parse(text(value, "currency"))?;
            for (kind, field) in [("float", "amount"), ("in_transit", "pending")] {
                let Some(amount) = value.get(field).and_then(Value::as_str) else { continue };
                let account: Account = format!("{kind}:{provider}:{wallet}:{currency}").parse()?;
                theirs.push((account, Money::parse(amount, currency)?));
            }
        }
    }
    theirs.extend(stage.notebook.tills()?);
    let beside = theirs.into_iter().map(|(account, theirs)| {
        let line = trial_balance.iter().find(|line| line.account == account);
        let ours = line.map_or(Money::zero(theirs.currency()), |line| line.balance);
        Float { account, ours, theirs }
    });
    Ok(beside.collect())
}

/// What our entries did to one of these accounts.
async fn float_lines(admin: &Person<'_>, float: &Account) -> anyhow::Result<Vec<FloatLine>> {
    let (Account::Float { provider, wallet, .. } | Account::InTransit { provider, wallet, .. }) = float
    else {
        return Ok(vec![]);
    };
    let (mut lines, mut cursor) = (Vec::new(), None);
    loop {
        let mut request =
            Request::get(format!("/v1/admin/accounts/{}/entries", float.id())).query("limit", "100");
        if let Some(cursor) = cursor {
            request = request.query("cursor", cursor);
        }
        let page = admin.ask(request).await?;
        for line in data(&page) {
            lines.push(float_line(*provider, wallet.as_str(), line)?);
        }
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            return Ok(lines);
        }
    }
}

fn float_line(provider: Provider, wallet: &str, line: &Value) -> anyhow::Result<FloatLine> {
    let movement = line.get("movement").and_then(Value::as_str).map(reference).transpose()?;
    let kind: EntryKind = text(line, "kind").parse().context("an entry of an unknown kind")?;
    let business = text(line, "business_id").to_owned();
    let (wallet, delta) = (wallet.to_owned(), money(line, "delta")?);
    Ok(FloatLine { provider, wallet, kind, business, movement, delta })
}

fn account(value: &Value, name: &str) -> anyhow::Result<Account> {
    text(value, name).parse().with_context(|| format!("not an account: {value}"))
}

pub(super) fn money(value: &Value, name: &str) -> anyhow::Result<Money> {
    let money = value.get(name).with_context(|| format!("no {name} in {value}"))?;
    Ok(Money::parse(text(money, "amount"), Currency::parse(text(money, "currency"))?)?)
}

fn reference(text: &str) -> anyhow::Result<Reference> {
    text.parse().with_context(|| format!("{text} is not a reference"))
}
