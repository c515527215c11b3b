//! The rules of the house: values in, values out.
//!
//! Money, ledger, rates, quotes, movements and transfers are functions of their inputs here, so the
//! same inputs give the same answer under either database and in every replay of a simulation.
//!
//! What always holds: arithmetic on money is checked and never a float; a posting moves one amount
//! between two accounts of its currency; a hold is resolved once; a conversion rounds by less than
//! one minor unit and in the house's favour.
//!
//! Deliberately absent: HTTP, SQL, providers, serde, clocks and random numbers. Instants and fresh
//! ids are passed in.

#[macro_use]
mod words;

pub mod account;
pub mod alert;
pub mod approval;
pub mod book;
pub mod breaker;
pub mod calendar;
pub mod country;
pub mod currency;
pub mod fee;
pub mod for_admins;
pub mod fx;
pub mod health;
pub mod hold;
pub mod iban;
pub mod ids;
pub mod ledger;
pub mod money;
pub mod movement;
pub mod msisdn;
pub mod posting;
pub mod quote;
pub mod rail;
pub mod rail_state;
pub mod recipes;
pub mod reference;
pub mod routing;
pub mod statement;
pub mod transfer;
pub mod treasury;

pub use account::{Account, AccountKind, AccountNameError};
pub use alert::{AlertKind, Ends, Severity};
pub use approval::{ApprovalKind, ApprovalState, Shown};
pub use book::Book;
pub use breaker::{Breaker, BreakerTerms};
pub use country::{Country, CountryError};
pub use currency::{Currency, CurrencyError};
pub use fee::{FeeError, FeeSchedule};
pub use for_admins::ForAdmins;
pub use fx::{
    Consent, Conversion, CustomerRate, FxError, Pair, PairRate, Rate, RateError, RateLimits, RateRefusal,
    RateTable, Route, Spread,
};
pub use health::{Call, CallWindow, Counts, Health};
pub use hold::{Hold, HoldState};
pub use iban::{Iban, IbanError};
pub use ids::{
    AccountId, AlertId, ApprovalId, AuditId, DeviceId, EntryId, EventId, HoldId, IdError, InboxId, MandateId,
    MerchantId, OtpId, PromiseId, QuoteId, SessionId, TransferId, UserId,
};
pub use ledger::{Balance, FloorAlert, LedgerError, LedgerStep};
pub use money::{Money, MoneyError};
pub use movement::{Movement, MovementKind, MovementState};
pub use msisdn::{Msisdn, MsisdnError, Operator, Series};
pub use posting::{BusinessId, EntryKind, JournalEntry, Nature, Posting};
pub use quote::{CorridorTerms, Quote, QuoteError, QuoteRequest, Side};
pub use rail::{Provider, Rail, Wallet, WalletError};
pub use rail_state::{Direction, Gate, Pause, RailKey, RailState, Wait, WaitReason};
pub use reference::Reference;
pub use statement::{Learned, LineKind};
pub use transfer::{NextAction, Transfer, TransferStatus};
pub use treasury::{TreasuryKind, TreasuryMovement, TreasuryPromise, TreasuryStep, TreasuryTerms};
pub use words::UnknownWord;

#[cfg(test)]
mod text_properties;
