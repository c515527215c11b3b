//! What a Wave wallet needs to be told, and the checks that spare a first call.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Country, Currency, Money, Provider, Rail, Wallet};
use http::{HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use super::signature::SCHEME;
use super::terms::is_plausible;
use crate::bearer::bearer;
use crate::{
    Callbacks, Capabilities, IdempotentOnReference, Limits, OperationKind, Refunds, Request, Statements,
};

pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("wave-signature");

/// Payouts can be reversed for 3 days after their `timestamp`. Source: docs.wave.com/payout.
const REVERSE_WITHIN: Duration = Duration::from_secs(3 * 24 * 3600);

/// How callbacks prove where they come from. Several secrets are live while one replaces another.
///
/// Both lists empty: no callback is accepted.
#[derive(Clone, Debug, Default)]
pub struct WebhookAuth {
    /// Secrets (`wave_sn_WHS_…`) of webhooks that sign; what they sign is proven.
    pub signing: Vec<SecretString>,
    /// Secrets of webhooks that only send a bearer token; what they bring is a hint.
    pub shared: Vec<SecretString>,
}

/// One wallet. A key serves one wallet of one country; Wave does not serve Guinea.
#[derive(Clone, Debug)]
pub struct WaveConfig {
    /// `https://api.wave.com`, or where a simulator listens; a path prefix is kept.
    pub base_url: String,
    /// `wave_sn_prod_…`.
    pub api_key: SecretString,
    /// `wave_sn_AKS_…`, for keys that were created with request signing. Not the webhook's secret.
    pub signing_secret: Option<SecretString>,
    pub webhook: WebhookAuth,
    pub wallet: Wallet,
    pub country: Country,
    pub currency: Currency,
    /// `am-…`: the name under which checkouts and payouts appear, for aggregators. Changed while a payout is
    /// unanswered it changes the bytes under that payout's key, and Wave refuses those.
    pub aggregated_merchant_id: Option<String>,
    /// Wave publishes no limits; these are the operator's own.
    pub min: Option<Money>,
    pub max: Option<Money>,
    /// How long a look-up may lag behind what was accepted. Wave publishes nothing; two minutes is a cautious guess.
    pub settling_time: Duration,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WaveConfigError {
    #[error("base url is not an absolute http or https url without query")]
    BaseUrl,
    #[error("api key is empty or does not fit in a header")]
    ApiKey,
    #[error("a signing or webhook secret is empty")]
    EmptySecret,
    #[error("aggregated merchant id is not an id, as am-…")]
    AggregatedMerchant,
}

/// A configuration that was checked, with what is derived from it once.
pub(super) struct Checked {
    base_url: String,
    authorization: HeaderValue,
    signing_secret: Option<SecretString>,
    pub webhook: WebhookAuth,
    pub currency: Currency,
    pub aggregated_merchant_id: Option<String>,
}

impl WaveConfig {
    pub(super) fn check(self) -> Result<Checked, WaveConfigError> {
        let secrets = self.signing_secret.iter().chain(&self.webhook.signing).chain(&self.webhook.shared);
        if secrets.into_iter().any(|secret| secret.expose_secret().is_empty()) {
            return Err(WaveConfigError::EmptySecret);
        }
        if self.aggregated_merchant_id.as_deref().is_some_and(|id| !is_plausible(id)) {
            return Err(WaveConfigError::AggregatedMerchant);
        }
        Ok(Checked {
            base_url: crate::http::base_url(&self.base_url).ok_or(WaveConfigError::BaseUrl)?,
            authorization: bearer(self.api_key.expose_secret()).ok_or(WaveConfigError::ApiKey)?,
            signing_secret: self.signing_secret,
            webhook: self.webhook,
            currency: self.currency,
            aggregated_merchant_id: self.aggregated_merchant_id,
        })
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        use OperationKind::{
            Balance, Cancel, Collect, Disburse, Inquire, Refund, Reverse, Transactions, VerifyRecipient,
        };
        Capabilities {
            provider: Provider::Wave,
            wallet: self.wallet.clone(),
            rails: vec![Rail::Wave],
            countries: vec![self.country],
            currencies: vec![self.currency],
            operations: vec![
                Collect,
                Disburse,
                Refund,
                Reverse,
                Cancel,
                Inquire,
                Balance,
                Transactions,
                VerifyRecipient,
            ],
            collect_limits: Limits { min: self.min, max: self.max },
            disburse_limits: Limits { min: self.min, max: self.max },
            refunds: Refunds::Full,
            // A reversal of the statement gives its fee back.
            refund_returns_fee: true,
            needs_customer: false,
            // Checkout takes no key: what was lost is searched for. Refund, expire and reverse are
            // protected by the state that they change; a payout by its Idempotency-Key, for ever.
            idempotent_on_reference: IdempotentOnReference {
                collect: false,
                disburse: true,
                refund: true,
                reverse: true,
                cancel: true,
                sweep: false,
            },
            idempotent_for: None,
            reverse_within: Some(REVERSE_WITHIN),
            settling_time: self.settling_time,
            unseen_collection_expires: true,
            hosted: crate::Hosted::default(),
            callbacks: Callbacks {
                collections: true,
                disbursements: false,
                refunds: false,
                signed: !self.webhook.signing.is_empty(),
                door: None,
            },
            statements: Statements::Days,
        }
    }
}

impl Checked {
    /// Base URL and path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// Adds the key and, where the key demands it, the signature over the bytes that travel.
    pub fn authorise(&self, request: Request, now: DateTime<Utc>) -> Request {
        let request = request.header(header::AUTHORIZATION, self.authorization.clone());
        let Some(secret) = &self.signing_secret else { return request };
        let signed = SCHEME.header(secret.expose_secret(), now.timestamp(), &request.body);
        match HeaderValue::from_str(&signed) {
            Ok(value) => request.header(SIGNATURE, value),
            Err(_) => request,
        }
    }
}
