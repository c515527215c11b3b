//! What an MTN wallet needs to be told, and the checks that spare a first call.

use std::time::Duration;

use domain::{Country, Currency, Money, Provider, Rail, Wallet};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::bearer::{self, word};
use crate::{
    Callbacks, Capabilities, Hosted, IdempotentOnReference, Limits, Need, OperationKind, Refunds, Statements,
};

/// The last part of the door's path.
const DOOR: &str = "mtn-momo";

/// How long a reference is believed to be remembered. MTN names no end; nobody has measured one.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Credentials of one product: MTN gives a pair of keys and a user to each.
#[derive(Clone, Debug)]
pub struct MtnProduct {
    /// `Ocp-Apim-Subscription-Key`, from the developer portal.
    pub subscription_key: SecretString,
    /// A UUID v4.
    pub api_user: String,
    pub api_key: SecretString,
}

/// By which call payees are paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MtnPayBy {
    /// `disbursement/transfer`.
    Transfer,
    /// `disbursement/deposit`.
    Deposit,
    /// `remittance/transfer`.
    Remittance,
}

/// Whether MTN is asked to call back, and by which endpoints: those of version 1 call by `POST`, of version 2 by `PUT`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MtnCallback {
    Off,
    V1,
    /// Only deposits and refunds have a version 2; everything else is as with [`MtnCallback::V1`].
    V2,
}

/// What the body of a token request is. Sources disagree; a form is refused by MTN's firewall.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MtnTokenBody {
    /// Nothing, with `Content-Length: 0`.
    Empty,
    /// `{"grant_type":"client_credentials"}`.
    Json,
}

/// One wallet in one market.
#[derive(Clone, Debug)]
pub struct MtnConfig {
    /// `https://proxy.momoapi.mtn.com`, or where a simulator listens; a path prefix is kept.
    pub base_url: String,
    /// `X-Target-Environment`: `mtnguineaconakry`, `sandbox`.
    pub target_environment: String,
    pub wallet: Wallet,
    /// Whose numbers it serves.
    pub country: Country,
    pub currency: Currency,
    /// What amounts are called on the wire, 1:1, where that is not `currency`: MTN's sandbox takes EUR only.
    pub wire_currency: Option<Currency>,
    pub collection: Option<MtnProduct>,
    pub disbursement: Option<MtnProduct>,
    pub remittance: Option<MtnProduct>,
    pub pay_by: MtnPayBy,
    pub callback: MtnCallback,
    pub token_body: MtnTokenBody,
    /// MTN publishes no limits; these are the operator's own.
    pub min: Option<Money>,
    pub max: Option<Money>,
    /// How long a status may lag behind what was accepted. MTN publishes nothing; two minutes is a cautious guess.
    pub settling_time: Duration,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MtnConfigError {
    #[error("base url is not an absolute http or https url without query")]
    BaseUrl,
    #[error("target environment is empty or not one word")]
    TargetEnvironment,
    #[error("a subscription key, api user or api key is empty or not one word")]
    Credentials,
    #[error("no product that collects or pays is configured")]
    NoProduct,
}

/// The products that we use; each has its own keys and tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Product {
    Collection,
    Disbursement,
    Remittance,
}

impl Product {
    /// The first segment of its paths.
    pub const fn path(self) -> &'static str {
        match self {
            Product::Collection => "collection",
            Product::Disbursement => "disbursement",
            Product::Remittance => "remittance",
        }
    }

    pub const fn need(self) -> Need {
        match self {
            Product::Collection => Need("collection token"),
            Product::Disbursement => Need("disbursement token"),
            Product::Remittance => Need("remittance token"),
        }
    }
}

/// One product's credentials as headers.
pub(super) struct Keys {
    pub subscription_key: HeaderValue,
    pub basic: HeaderValue,
}

/// A configuration that was checked, with what is derived from it once.
pub(super) struct Checked {
    base_url: String,
    pub target_environment: HeaderValue,
    pub country: Country,
    pub currency: Currency,
    /// The code that travels.
    pub wire_currency: Currency,
    collection: Option<Keys>,
    disbursement: Option<Keys>,
    remittance: Option<Keys>,
    pub pay_by: MtnPayBy,
    pub callback: MtnCallback,
    pub token_body: MtnTokenBody,
}

impl MtnPayBy {
    pub(super) const fn product(self) -> Product {
        match self {
            MtnPayBy::Transfer | MtnPayBy::Deposit => Product::Disbursement,
            MtnPayBy::Remittance => Product::Remittance,
        }
    }
}

impl MtnConfig {
    pub(super) fn check(self) -> Result<Checked, MtnConfigError> {
        if self.collection.is_none() && !self.pays() {
            return Err(MtnConfigError::NoProduct);
        }
        let environment = word(&self.target_environment).ok_or(MtnConfigError::TargetEnvironment)?;
        let keys = |product: Option<&MtnProduct>| product.map(Keys::of).transpose();
        Ok(Checked {
            base_url: crate::http::base_url(&self.base_url).ok_or(MtnConfigError::BaseUrl)?,
            target_environment: environment,
            country: self.country,
            currency: self.currency,
            wire_currency: self.wire_currency.unwrap_or(self.currency),
            collection: keys(self.collection.as_ref())?,
            disbursement: keys(self.disbursement.as_ref())?,
            remittance: keys(self.remittance.as_ref())?,
            pay_by: self.pay_by,
            callback: self.callback,
            token_body: self.token_body,
        })
    }

    fn pays(&self) -> bool {
        match self.pay_by.product() {
            Product::Remittance => self.remittance.is_some(),
            _ => self.disbursement.is_some(),
        }
    }

    /// Refunds are of collections, and belong to the disbursement product.
    fn refunds(&self) -> bool {
        self.collection.is_some() && self.disbursement.is_some()
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        use OperationKind::{Balance, Collect, Disburse, Inquire, Refund};
        let offered = [
            (Collect, self.collection.is_some()),
            (Disburse, self.pays()),
            (Refund, self.refunds()),
            (Inquire, true),
            (Balance, true),
        ];
        let calls = self.callback != MtnCallback::Off;
        Capabilities {
            provider: Provider::MtnMomo,
            wallet: self.wallet.clone(),
            rails: vec![Rail::MtnMomo],
            countries: vec![self.country],
            currencies: vec![self.currency],
            operations: offered.into_iter().filter_map(|(kind, is)| is.then_some(kind)).collect(),
            collect_limits: Limits { min: self.min, max: self.max },
            disburse_limits: Limits { min: self.min, max: self.max },
            refunds: if self.refunds() { Refunds::Partial } else { Refunds::None },
            refund_returns_fee: false,
            needs_customer: false,
            // A second request under one reference is a 409, whatever it asks for.
            idempotent_on_reference: IdempotentOnReference {
                collect: true,
                disburse: true,
                refund: true,
                reverse: false,
                cancel: false,
                sweep: false,
            },
            idempotent_for: Some(REMEMBERED),
            reverse_within: None,
            settling_time: self.settling_time,
            // There is no page: who is asked on their phone can approve whether or not we heard that they were asked.
            unseen_collection_expires: false,
            hosted: Hosted::default(),
            callbacks: Callbacks {
                collections: calls,
                disbursements: calls,
                refunds: calls,
                signed: false,
                door: calls.then_some(DOOR),
            },
            statements: Statements::None,
        }
    }
}

impl Checked {
    /// Base URL, product, version and path.
    pub fn url(&self, product: Product, path: &str) -> String {
        format!("{}/{}/{path}", self.base_url, product.path())
    }

    pub fn keys(&self, product: Product) -> Option<&Keys> {
        match product {
            Product::Collection => self.collection.as_ref(),
            Product::Disbursement => self.disbursement.as_ref(),
            Product::Remittance => self.remittance.as_ref(),
        }
    }

    /// Whose balance is our float: that of the product that pays, or else of the only one there is.
    pub fn float(&self) -> Product {
        match self.keys(self.pay_by.product()) {
            Some(_) => self.pay_by.product(),
            None => Product::Collection,
        }
    }
}

impl Keys {
    fn of(product: &MtnProduct) -> Result<Keys, MtnConfigError> {
        let (user, key) = (&product.api_user, product.api_key.expose_secret());
        let are_words = [user.as_str(), key].iter().all(|text| word(text).is_some()) && !user.contains(':');
        let subscription_key = word(product.subscription_key.expose_secret());
        match (subscription_key, bearer::basic(user, key)) {
            (Some(mut subscription_key), Some(basic)) if are_words => {
                subscription_key.set_sensitive(true);
                Ok(Keys { subscription_key, basic })
            }
            _ => Err(MtnConfigError::Credentials),
        }
    }
}
