//! The chart of accounts: every place where value can be, by name.
//!
//! An account is its name. Its id, kind, currency and floor all follow from the name, so that a plan
//! needs no look-up and two gateways cannot disagree. Each account holds one currency.
//!
//! Deliberately absent: balances (see [`crate::ledger::Balance`]) and opening or closing an account;
//! one that nobody posted to is a zero.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::currency::Currency;
use crate::ids::{AccountId, MerchantId, UserId};
use crate::rail::{Provider, Wallet};

/// The namespace under which account names become UUIDs; fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x9c1b_6d0e_52f3_4a7e_8f35_61d0_27aa_be04);

/// One account, by what it is for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Account {
    /// What we owe a customer.
    Customer { user: UserId, currency: Currency },
    /// What we owe a merchant.
    Merchant { merchant: MerchantId, currency: Currency },
    /// What we keep back of a merchant's money for disputes.
    Reserve { merchant: MerchantId, currency: Currency },
    /// Our spendable money in one wallet at a provider.
    Float { provider: Provider, wallet: Wallet, currency: Currency },
    /// Succeeded at the provider, not spendable yet.
    InTransit { provider: Provider, wallet: Wallet, currency: Currency },
    /// Our account at a bank.
    Bank { name: String, currency: Currency },
    /// Our position in a currency, of either sign.
    Fx { currency: Currency },
    /// Fees earned.
    FeeRevenue { currency: Currency },
    /// Margins earned on conversions.
    MarginRevenue { currency: Currency },
    /// Fees that providers took.
    ProviderFees { currency: Currency },
    /// What revaluing positions cost or brought.
    FxDifference { currency: Currency },
    /// Disputes that no reserve covered.
    DisputeLoss { currency: Currency },
    /// Arrived, and belongs to nobody yet.
    Suspense { provider: Provider, wallet: Wallet, currency: Currency },
    /// Where opening balances come from.
    OpeningEquity { currency: Currency },
}

words! {
    /// What an account is to the books; decides the sign of its balance.
    pub enum AccountKind as "account kind" {
        /// We have it.
        Asset = "asset",
        /// We spent it.
        Expense = "expense",
        /// We hold it open, either sign.
        Position = "position",
        /// We owe it.
        Liability = "liability",
        /// We earned it.
        Revenue = "revenue",
        /// It was ours at the start.
        Equity = "equity",
    }
}

impl AccountKind {
    /// Whether the balance is debits − credits; otherwise it is credits − debits.
    pub const fn is_debit_normal(self) -> bool {
        matches!(self, AccountKind::Asset | AccountKind::Expense | AccountKind::Position)
    }
}

impl Account {
    /// The stored identity: a UUID v5 of the name.
    pub fn id(&self) -> AccountId {
        AccountId::from_uuid(Uuid::new_v5(&NAMESPACE, self.to_string().as_bytes()))
    }

    /// What it is to the books.
    pub const fn kind(&self) -> AccountKind {
        match self {
            Account::Float { .. } | Account::InTransit { .. } | Account::Bank { .. } => AccountKind::Asset,
            Account::Customer { .. }
            | Account::Merchant { .. }
            | Account::Reserve { .. }
            | Account::Suspense { .. } => AccountKind::Liability,
            Account::Fx { .. } => AccountKind::Position,
            Account::FeeRevenue { .. } | Account::MarginRevenue { .. } => AccountKind::Revenue,
            Account::ProviderFees { .. } | Account::FxDifference { .. } | Account::DisputeLoss { .. } => {
                AccountKind::Expense
            }
            Account::OpeningEquity { .. } => AccountKind::Equity,
        }
    }

    /// The one currency it is kept in.
    pub const fn currency(&self) -> Currency {
        match self {
            Account::Customer { currency, .. }
            | Account::Merchant { currency, .. }
            | Account::Reserve { currency, .. }
            | Account::Float { currency, .. }
            | Account::InTransit { currency, .. }
            | Account::Bank { currency, .. }
            | Account::Fx { currency }
            | Account::FeeRevenue { currency }
            | Account::MarginRevenue { currency }
            | Account::ProviderFees { currency }
            | Account::FxDifference { currency }
            | Account::DisputeLoss { currency }
            | Account::Suspense { currency, .. }
            | Account::OpeningEquity { currency } => *currency,
        }
    }

    /// The least that may be available after something we intend, in minor units; `None`: no limit.
    pub const fn floor(&self) -> Option<i64> {
        match self {
            Account::Customer { .. }
            | Account::Merchant { .. }
            | Account::Reserve { .. }
            | Account::Float { .. }
            | Account::InTransit { .. }
            | Account::Suspense { .. } => Some(0),
            _ => None,
        }
    }

    /// Whether it tells what we earn on rates: for admins' eyes, not operators'.
    pub const fn is_admin_only(&self) -> bool {
        matches!(
            self,
            Account::Fx { .. }
                | Account::FeeRevenue { .. }
                | Account::MarginRevenue { .. }
                | Account::FxDifference { .. }
        )
    }
}

impl fmt::Display for Account {
    /// The name: `float:wave:sn:XOF`, `customer:user_…:XOF`, `revenue:fees:XOF`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::Customer { user, .. } => write!(f, "customer:{user}"),
            Account::Merchant { merchant, .. } => write!(f, "merchant:{merchant}"),
            Account::Reserve { merchant, .. } => write!(f, "reserve:merchant:{merchant}"),
            Account::Float { provider, wallet, .. } => write!(f, "float:{provider}:{wallet}"),
            Account::InTransit { provider, wallet, .. } => write!(f, "in_transit:{provider}:{wallet}"),
            Account::Bank { name, .. } => write!(f, "bank:{name}"),
            Account::Fx { .. } => f.write_str("fx"),
            Account::FeeRevenue { .. } => f.write_str("revenue:fees"),
            Account::MarginRevenue { .. } => f.write_str("revenue:fx_margin"),
            Account::ProviderFees { .. } => f.write_str("expense:provider_fees"),
            Account::FxDifference { .. } => f.write_str("expense:fx_difference"),
            Account::DisputeLoss { .. } => f.write_str("loss:disputes"),
            Account::Suspense { provider, wallet, .. } => write!(f, "suspense:{provider}:{wallet}"),
            Account::OpeningEquity { .. } => f.write_str("equity:opening"),
        }?;
        write!(f, ":{}", self.currency())
    }
}

/// The text names no account of the chart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an account name")]
pub struct AccountNameError(pub String);

impl FromStr for Account {
    type Err = AccountNameError;

    /// Reads exactly what [`Account`] prints.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        parse(name).ok_or_else(|| AccountNameError(name.to_owned()))
    }
}

fn parse(name: &str) -> Option<Account> {
    let (owner, code) = name.rsplit_once(':')?;
    let currency = Currency::parse(code).ok()?;
    Some(match owner {
        "fx" => Account::Fx { currency },
        "revenue:fees" => Account::FeeRevenue { currency },
        "revenue:fx_margin" => Account::MarginRevenue { currency },
        "expense:provider_fees" => Account::ProviderFees { currency },
        "expense:fx_difference" => Account::FxDifference { currency },
        "loss:disputes" => Account::DisputeLoss { currency },
        "equity:opening" => Account::OpeningEquity { currency },
        _ => return parse_owned(owner, currency),
    })
}

/// Reads the accounts that belong to somebody, or that stand at a provider or a bank.
fn parse_owned(owner: &str, currency: Currency) -> Option<Account> {
    let (head, rest) = owner.split_once(':')?;
    match head {
        "customer" => Some(Account::Customer { user: rest.parse().ok()?, currency }),
        "merchant" => Some(Account::Merchant { merchant: rest.parse().ok()?, currency }),
        "reserve" => {
            let merchant = rest.strip_prefix("merchant:")?.parse().ok()?;
            Some(Account::Reserve { merchant, currency })
        }
        "bank" if !rest.is_empty() => Some(Account::Bank { name: rest.to_owned(), currency }),
        _ => parse_at_provider(head, rest, currency),
    }
}

fn parse_at_provider(head: &str, rest: &str, currency: Currency) -> Option<Account> {
    let (provider, wallet) = rest.split_once(':')?;
    let (provider, wallet) = (provider.parse().ok()?, wallet.parse().ok()?);
    match head {
        "float" => Some(Account::Float { provider, wallet, currency }),
        "in_transit" => Some(Account::InTransit { provider, wallet, currency }),
        "suspense" => Some(Account::Suspense { provider, wallet, currency }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AccountKind::*;

    const USER: &str = "user_01h2xcejqtf2nbrexx3vqjhp41";
    const MERCHANT: &str = "merchant_01h2xcejqtf2nbrexx3vqjhp41";

    /// Name, kind, whether it has a floor of zero, whether it is for admins only.
    fn chart() -> Vec<(String, AccountKind, bool, bool)> {
        let rows = [
            (format!("customer:{USER}:XOF"), Liability, true, false),
            (format!("merchant:{MERCHANT}:XOF"), Liability, true, false),
            (format!("reserve:merchant:{MERCHANT}:EUR"), Liability, true, false),
            ("float:wave:sn:XOF".to_owned(), Asset, true, false),
            ("in_transit:stripe:main:EUR".to_owned(), Asset, true, false),
            ("bank:ecobank-dakar:XOF".to_owned(), Asset, false, false),
            ("fx:GNF".to_owned(), Position, false, true),
            ("revenue:fees:EUR".to_owned(), Revenue, false, true),
            ("revenue:fx_margin:GNF".to_owned(), Revenue, false, true),
            ("expense:provider_fees:XOF".to_owned(), Expense, false, false),
            ("expense:fx_difference:XOF".to_owned(), Expense, false, true),
            ("loss:disputes:EUR".to_owned(), Expense, false, false),
            ("suspense:orange_web:gn:GNF".to_owned(), Liability, true, false),
            ("equity:opening:XOF".to_owned(), Equity, false, false),
        ];
        rows.into()
    }

    #[test]
    fn the_chart_is_the_one_of_the_design() {
        for (name, kind, floored, admin_only) in chart() {
            let account: Account = name.parse().unwrap();
            assert_eq!(account.to_string(), name);
            assert_eq!(account.kind(), kind, "{name}");
            assert_eq!(account.floor(), floored.then_some(0), "{name}");
            assert_eq!(account.is_admin_only(), admin_only, "{name}");
            assert!(name.ends_with(account.currency().code()));
        }
    }

    #[test]
    fn debits_raise_what_we_have_and_credits_what_we_owe() {
        let raised_by_debit: Vec<_> = AccountKind::ALL.iter().filter(|kind| kind.is_debit_normal()).collect();
        assert_eq!(raised_by_debit, [&Asset, &Expense, &Position]);
    }

    #[test]
    fn an_id_follows_from_the_name_and_never_changes() {
        let account: Account = "float:wave:sn:XOF".parse().unwrap();
        assert_eq!(account.id().to_string(), "acc_57sd4p2ag3bq99qhpdfmcrby69");
        assert_eq!(account.id().uuid().get_version_num(), 5);
        let ids: std::collections::HashSet<_> =
            chart().iter().map(|row| row.0.parse::<Account>().unwrap().id()).collect();
        assert_eq!(ids.len(), chart().len());
    }

    #[test]
    fn names_outside_the_chart_are_refused() {
        let bad = [
            "",
            ":",
            "fx",
            "fx:",
            "fx:xof",
            "fx:XAU",
            "fx:a:XOF",
            "float:wave:XOF",
            "float:wave::XOF",
            "float:visa:sn:XOF",
            "float:wave:sn:x:XOF",
            "bank::XOF",
            "customer:XOF",
            "revenue:XOF",
            "customer:merchant_01h2xcejqtf2nbrexx3vqjhp41:XOF",
            "reserve:x:XOF",
            "loss:x:XOF",
            " fx:XOF",
            "fx:XOF ",
        ];
        for name in bad {
            assert_eq!(name.parse::<Account>(), Err(AccountNameError(name.to_owned())));
        }
    }
}
