//! The way out: one port to every operator and bank, one adapter per provider.
//!
//! Callers speak [`Operation`] and hear [`Outcome`]; the dialect of a provider stops inside its
//! adapter. An adapter is a [`Wire`]: pure functions from operation to request and from response to
//! outcome. [`HttpProvider`] runs any of them over the only HTTP client of the house.
//!
//! What always holds: an outcome is something the provider said in a documented way; everything
//! else is an error whose variant tells what is safe to do next. Silence is never a failure.
//!
//! Deliberately absent: storage, retries, schedules and the books. Who calls decides when to ask
//! again, and writes down what was answered.

mod bearer;
mod callback;
mod capabilities;
mod debit;
mod grants;
pub mod http;
pub mod manual;
pub mod mtn;
pub mod notify;
mod operation;
pub mod orange;
mod outcome;
mod port;
pub mod rates;
mod registry;
pub mod screening;
mod signed;
pub mod sms;
pub mod stripe;
#[cfg(test)]
mod testkit;
mod time;
pub mod wave;
mod wire;

pub use crate::http::{CallSettings, HttpClient, HttpProvider};
pub use callback::{Callback, News, Trust, Unauthentic, Unreadable, Verified};
pub use capabilities::{Callbacks, Capabilities, Hosted, IdempotentOnReference, Limits, Refunds, Statements};
pub use debit::{Consent, Debit, DebitSource, Mandate};
pub use grants::{Grant, Granter, Grants, Need};
pub use manual::{Manual, ManualConfig};
pub use mtn::{Mtn, MtnCallback, MtnConfig, MtnConfigError, MtnPayBy, MtnProduct, MtnTokenBody};
pub use operation::{
    Cancel, Collect, Disburse, Inquire, Line, Operation, OperationKind, Otp, Page, Payee, ProviderRef,
    Refund, Register, Reverse, Sweep, VerifyRecipient,
};
pub use orange::{
    OrangeSonatel, OrangeSonatelConfig, OrangeSonatelConfigError, OrangeWeb, OrangeWebConfig,
    OrangeWebConfigError, SonatelProof, SonatelRole, SonatelWebhooks,
};
pub use outcome::{
    Balance, NameMatch, NextAction, Outcome, ProviderError, Recipient, StatementLine, StatementPage,
};
pub use port::Provider;
pub use rates::{HttpRates, RateSheet, RateSource, RateSourceError, SheetError};
pub use registry::{Duplicate, Registry};
pub use screening::{FilesConfig, Hit, ListFiles, Nobody, Screening, Subject, Verdict};
pub use sms::{ConsoleSms, OrangeSms, OrangeSmsConfig, SmsError, SmsReceipt, SmsSender};
pub use stripe::{
    CheckoutAnswer, CheckoutEvent, CheckoutItem, CheckoutLine, CheckoutMode, CheckoutOrder, CheckoutPayer,
    CheckoutPayment, CheckoutProgress, CheckoutSession, CheckoutStatus, Stripe, StripeBilling, StripeConfig,
    StripeConfigError,
};
pub use time::Clock;
pub use wave::{Wave, WaveConfig, WebhookAuth};
pub use wire::{Request, Response, Unsupported, Wire};
