//! Who pays and who is paid: sealed beside the transfer with the owner's key, opened here and nowhere else.

use chrono::{DateTime, Utc};
use domain::{Currency, Money, NextAction, TransferId, UserId};
use serde::{Deserialize, Serialize};
use store::crypto::{Aad, PersonKey};
use uuid::Uuid;

/// Both ends of a transfer, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    pub payer: Party,
    pub payee: Party,
    pub purpose: String,
    /// What a direct debit takes the money from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debit: Option<Debit>,
    /// A one-time code of the payer's, until it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otp: Option<String>,
    /// Where it is given back to, when that is done by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_to: Option<Party>,
}

/// What a direct debit takes the money from, and how its owner consented.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Debit {
    /// An account; consented to by ordering, from this address with this program.
    Account { iban: String, ip: String, user_agent: String },
    /// The bank has the account: what its owner recognises it by.
    Known { account: String },
    /// An earlier consent.
    Mandate { id: String },
}

impl std::fmt::Debug for Debit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Debit")
    }
}

impl People {
    /// Both ends, without a debit.
    pub fn new(payer: Party, payee: Party, purpose: String) -> People {
        People { payer, payee, purpose, debit: None, otp: None, refund_to: None }
    }

    /// The account that is debited, as its owner recognises it.
    pub fn account(&self) -> Option<String> {
        match self.debit.as_ref()? {
            Debit::Account { iban, .. } => domain::Iban::parse(iban).ok().map(|iban| iban.masked()),
            Debit::Known { account } => Some(account.clone()),
            Debit::Mandate { .. } => None,
        }
    }

    /// The mandate that was named.
    pub fn mandate(&self) -> Option<&str> {
        match self.debit.as_ref()? {
            Debit::Mandate { id } => Some(id),
            _ => None,
        }
    }
}

/// One end. What a rail does not need is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub rail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// A next action as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SealedAction {
    Redirect {
        url: String,
        expires_at: Option<DateTime<Utc>>,
    },
    ApproveOnPhone {
        expires_at: Option<DateTime<Utc>>,
    },
    Qr {
        payload: String,
        deep_link: Option<String>,
        expires_at: Option<DateTime<Utc>>,
    },
    Manual {
        instructions: String,
    },
    BankTransfer {
        iban: String,
        bic: Option<String>,
        account_holder: String,
        reference: String,
        minor: i64,
        currency: String,
    },
}

/// The owner's key, ready to seal and open the parts of one transfer.
pub struct Sealer {
    key: PersonKey,
    transfer: TransferId,
}

impl Sealer {
    /// For `transfer`, whose owner's key `key` is.
    pub fn new(key: PersonKey, transfer: TransferId) -> Sealer {
        Sealer { key, transfer }
    }

    /// The owner's key from memory, or read.
    pub async fn known(
        app: &crate::app::App,
        owner: UserId,
        transfer: TransferId,
    ) -> Result<Sealer, store::StoreError> {
        match app.people.known(owner.uuid()) {
            Some(key) => Ok(Sealer::new(key, transfer)),
            None => Sealer::of(app, &mut app.db.read().await?.conn(), owner, transfer).await,
        }
    }

    /// Reads the owner's key.
    pub async fn of(
        app: &crate::app::App,
        conn: &mut store::Conn<'_>,
        owner: UserId,
        transfer: TransferId,
    ) -> Result<Sealer, store::StoreError> {
        Ok(Sealer::new(app.people.key(conn, owner.uuid()).await?, transfer))
    }

    pub fn seal_people(&self, people: &People) -> Vec<u8> {
        self.key.seal(self.aad("people"), &serde_json::to_vec(people).unwrap_or_default())
    }

    pub fn open_people(&self, sealed: &[u8]) -> Result<People, store::StoreError> {
        self.open("people", sealed)
    }

    pub fn seal_action(&self, action: &NextAction) -> Vec<u8> {
        let sealed = SealedAction::from(action.clone());
        self.key.seal(self.aad("next_action"), &serde_json::to_vec(&sealed).unwrap_or_default())
    }

    pub fn open_action(&self, sealed: &[u8]) -> Result<NextAction, store::StoreError> {
        let opened = self.open::<SealedAction>("next_action", sealed)?;
        opened.try_into().map_err(|_| store::StoreError::corrupt("transfer", self.transfer))
    }

    /// What a person saw of a movement of this transfer, bound to the row `id` of the evidence.
    pub fn seal_evidence(&self, id: Uuid, words: &str) -> Vec<u8> {
        self.key.seal(evidence_aad(id), words.as_bytes())
    }

    /// Reads it back.
    pub fn open_evidence(&self, id: Uuid, sealed: &[u8]) -> Result<String, store::StoreError> {
        let plain = self.key.open(evidence_aad(id), sealed)?;
        String::from_utf8(plain).map_err(|_| store::StoreError::corrupt("evidence", id))
    }

    fn open<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<T, store::StoreError> {
        let plain = self.key.open(self.aad(column), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| store::StoreError::corrupt("transfer", self.transfer))
    }

    fn aad(&self, column: &'static str) -> Aad {
        Aad { table: "transfers", column, row: self.transfer.uuid() }
    }
}

fn evidence_aad(id: Uuid) -> Aad {
    Aad { table: "evidence", column: "words", row: id }
}

impl From<NextAction> for SealedAction {
    fn from(action: NextAction) -> SealedAction {
        match action {
            NextAction::Redirect { url, expires_at } => SealedAction::Redirect { url, expires_at },
            NextAction::ApproveOnPhone { expires_at } => SealedAction::ApproveOnPhone { expires_at },
            NextAction::Qr { payload, deep_link, expires_at } => {
                SealedAction::Qr { payload, deep_link, expires_at }
            }
            NextAction::Manual { instructions } => SealedAction::Manual { instructions },
            NextAction::BankTransfer { iban, bic, account_holder, reference, amount } => {
                let (minor, currency) = (amount.minor(), amount.currency().code().to_owned());
                SealedAction::BankTransfer { iban, bic, account_holder, reference, minor, currency }
            }
        }
    }
}

impl TryFrom<SealedAction> for NextAction {
    type Error = domain::CurrencyError;

    fn try_from(action: SealedAction) -> Result<NextAction, Self::Error> {
        Ok(match action {
            SealedAction::Redirect { url, expires_at } => NextAction::Redirect { url, expires_at },
            SealedAction::ApproveOnPhone { expires_at } => NextAction::ApproveOnPhone { expires_at },
            SealedAction::Qr { payload, deep_link, expires_at } => {
                NextAction::Qr { payload, deep_link, expires_at }
            }
            SealedAction::Manual { instructions } => NextAction::Manual { instructions },
            SealedAction::BankTransfer { iban, bic, account_holder, reference, minor, currency } => {
                let amount = Money::new(minor, Currency::parse(&currency)?);
                NextAction::BankTransfer { iban, bic, account_holder, reference, amount }
            }
        })
    }
}
