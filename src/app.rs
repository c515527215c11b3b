//! The gateway as one value: everything that handlers and workers share, put together once.
//!
//! [`App`] is cheap to clone. What it commits goes through [`App::commit`], which runs in a task of its own: a client
//! that hangs up cannot leave half an effect, and whoever waits for a transfer or for work is told after the commit.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use domain::Wallet;
use providers::notify::{MailSender, MailSettings, WebhookSender, mailbox};
use providers::{
    CallSettings, ConsoleSms, HttpClient, HttpProvider, HttpRates, OrangeSms, OrangeSmsConfig, RateSource,
    Registry, Screening, SmsSender,
};
use secrecy::ExposeSecret;
use store::book::Mode as BookMode;
use store::callers::Callers;
use store::crypto::Keyring;
use store::gather::Gather;
use store::quotes::Quotes;
use store::writer::{Change, Moment, WriteError, Written};
use store::{Db, DbOptions, PersonKeys, Writer};
use uuid::Uuid;

use crate::clock::{Clock, Ids};
use crate::config::{
    AlertMail, Config, ManualWallet, Mode, MtnWallet, OrangeWebWallet, Sonatel, SonatelProof, StripeAccount,
    WaveWallet, WebhookProof,
};
use crate::services::alerts::{AlertParts, Mailing};
use crate::services::feed::Feed;
use crate::services::rails::RailParts;
use crate::services::rates::RateCache;
use crate::simulators::Simulation;
use crate::workers::Wakes;

/// How long a provider may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a reading of rates may take.
const RATES: Duration = Duration::from_secs(20);

/// A handle on the running gateway.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// Everything that is shared.
pub struct Parts {
    pub config: Config,
    /// How the world reaches us, without a slash at the end.
    pub public_url: String,
    pub clock: Clock,
    pub ids: Ids,
    pub db: Db,
    pub looks: Looks,
    pub writer: Writer,
    pub keyring: Arc<Keyring>,
    pub people: PersonKeys,
    pub providers: Registry,
    pub sms: Arc<dyn SmsSender>,
    /// Holds names against lists.
    pub screening: Arc<dyn Screening>,
    /// Where rates are read, if anywhere.
    pub rate_source: Option<Arc<dyn RateSource>>,
    /// The rates in force, as they were read last.
    pub rates: RateCache,
    pub feed: Feed,
    pub wakes: Wakes,
    /// The simulators, in sandbox mode.
    pub simulation: Option<Simulation>,
    pub auth: crate::services::auth::AuthParts,
    /// The ways by which alerts leave.
    pub alerts: AlertParts,
    /// What was seen of the rails.
    pub rails: RailParts,
}

/// What nearly every request asks of the book, for all that ask at the same time.
pub struct Looks {
    pub callers: Gather<Callers>,
    pub quotes: Gather<Quotes>,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Moment for Ids {
    fn now(&self) -> DateTime<Utc> {
        self.clock().now()
    }

    fn id(&self) -> Uuid {
        self.next()
    }
}

impl App {
    /// Opens the book, checks its stamp and puts the parts together. Serves and drains nothing yet.
    ///
    /// `public_url` is the address the gateway is reached by; `simulation` says where the simulators are.
    pub async fn open(
        config: Config,
        clock: Clock,
        public_url: String,
        simulation: Option<Simulation>,
    ) -> anyhow::Result<App> {
        let screening = crate::services::screening::of_settings(&config)?;
        let keyring = Arc::new(Keyring::new(config.master_key()?.expose()));
        let db = open_book(&config, &keyring, &clock).await?;
        let ids = Ids::new(clock.clone());
        let writer = Writer::start(&db, Arc::new(ids.clone()))?;
        let outside = Outside::new(&config, &clock, simulation.as_ref(), &public_url)?;
        let auth = crate::services::auth::AuthParts::new(&config, &keyring);
        Ok(App(Arc::new(Parts {
            public_url,
            ids,
            writer,
            people: PersonKeys::new(keyring.clone()),
            keyring,
            providers: outside.registry()?,
            sms: outside.sms()?,
            screening,
            rate_source: outside.rates(),
            rates: RateCache::default(),
            alerts: outside.alerts()?,
            rails: RailParts::default(),
            feed: Feed::default(),
            wakes: Wakes::default(),
            simulation,
            auth,
            looks: Looks { callers: Gather::start(&db, Callers), quotes: Gather::start(&db, Quotes) },
            db,
            clock,
            config,
        })))
    }

    /// Commits a change in a task of its own, then tells who waits for its transfers and promises.
    pub async fn commit(&self, change: Change) -> Result<Written, WriteError> {
        let app = self.clone();
        let task = tokio::spawn(async move {
            let changed: Vec<_> =
                change.transfers.iter().map(|write| (write.transfer.id, write.transfer.version)).collect();
            let lanes: Vec<_> = change.promises.iter().map(|promise| promise.lane.clone()).collect();
            let received = change.received.is_some();
            let written = app.writer.submit(change).await?;
            if written == Written::Done {
                app.feed.tell(&changed);
                app.wakes.wake(&lanes, received);
            }
            Ok(written)
        });
        task.await.unwrap_or(Err(WriteError::Stopped))
    }
}

/// Opens the database and brings its schema up to date; in live mode that is `moneybridge migrate`'s to do.
async fn open_book(config: &Config, keyring: &Keyring, clock: &Clock) -> anyhow::Result<Db> {
    let url = config.database.url.expose_secret().to_owned();
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make the folder {}", config.data_dir.display()))?;
    let db = Db::open(&DbOptions { url, readers: config.database.readers }).await?;
    match config.mode {
        Mode::Sandbox => {
            store::migrate::migrate(&db).await?;
        }
        Mode::Live => {
            let pending = store::migrate::pending(&db).await?;
            anyhow::ensure!(
                pending.is_empty(),
                "the schema is behind by {}\nhint: run `moneybridge migrate`",
                pending.join(", ")
            );
        }
    }
    let mode = match config.mode {
        Mode::Sandbox => BookMode::Sandbox,
        Mode::Live => BookMode::Live,
    };
    store::book::open_book(&db, mode, keyring, clock.now()).await?;
    store::idempotency::rotate(&db, clock.now()).await?;
    Ok(db)
}

fn mailing(mail: &AlertMail) -> anyhow::Result<Mailing> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).with_context(|| format!("alerts.mail.ca_file: cannot read {}", path.display()))
    };
    let sender = MailSender::new(MailSettings {
        host: mail.host.clone(),
        port: mail.port,
        security: mail.security,
        credentials: mail.credentials.clone(),
        authority: mail.ca_file.as_ref().map(read).transpose()?,
        from: mailbox(&mail.from).map_err(|why| anyhow::anyhow!("alerts.mail.from {why}"))?,
        deadline: Duration::from_secs(mail.deadline_s),
    })?;
    Ok(Mailing { sender, to: mail.to.clone() })
}

fn manual(wallet: &ManualWallet) -> providers::ManualConfig {
    providers::ManualConfig {
        wallet: wallet.wallet.clone(),
        countries: wallet.countries.clone(),
        currency: wallet.currency,
        instructions: wallet.instructions.clone(),
        limits: providers::Limits { min: wallet.min, max: wallet.max },
    }
}

fn webhooks(ours: &Sonatel) -> providers::SonatelWebhooks {
    providers::SonatelWebhooks {
        proof: match ours.proof {
            SonatelProof::Signature => providers::SonatelProof::Signature,
            SonatelProof::Key => providers::SonatelProof::Key,
            SonatelProof::Both => providers::SonatelProof::Both,
        },
        signing: ours.secrets.clone(),
        keys: ours.keys.clone(),
    }
}

/// What leads to the outside, from the settings.
struct Outside<'a> {
    config: &'a Config,
    client: HttpClient,
    time: providers::Clock,
    simulators: Option<crate::config::BaseUrl>,
    public_url: String,
}

impl<'a> Outside<'a> {
    fn new(
        config: &'a Config,
        clock: &Clock,
        simulation: Option<&Simulation>,
        public_url: &str,
    ) -> anyhow::Result<Outside<'a>> {
        let clock = clock.clone();
        Ok(Outside {
            config,
            client: HttpClient::new(CONNECT)?,
            time: Arc::new(move || clock.now()),
            simulators: simulation.map(|simulation| simulation.url.clone()),
            public_url: public_url.to_owned(),
        })
    }

    fn registry(&self) -> anyhow::Result<Registry> {
        let mut registry = Registry::new();
        for wallet in &self.config.wave {
            let wire = providers::Wave::new(self.wave(wallet))?;
            let settings = CallSettings::default();
            let provider = HttpProvider::new(wire, self.client.clone(), self.time.clone(), settings);
            registry.add(Arc::new(provider))?;
        }
        if let Some(account) = &self.config.stripe {
            let wire = providers::Stripe::new(self.stripe(account))?;
            let settings = CallSettings::default();
            let provider = HttpProvider::new(wire, self.client.clone(), self.time.clone(), settings);
            registry.add(Arc::new(provider))?;
        }
        for wallet in &self.config.mtn {
            let wire = providers::Mtn::new(self.mtn(wallet))?;
            let settings = CallSettings::default();
            let provider = HttpProvider::new(wire, self.client.clone(), self.time.clone(), settings);
            registry.add(Arc::new(provider))?;
        }
        for wallet in &self.config.orange_web {
            let wire = providers::OrangeWeb::new(self.orange_web(wallet))?;
            let settings = CallSettings::default();
            let provider = HttpProvider::new(wire, self.client.clone(), self.time.clone(), settings);
            registry.add(Arc::new(provider))?;
        }
        for (config, settings) in self.sonatel() {
            let wire = providers::OrangeSonatel::new(config)?;
            let provider = HttpProvider::new(wire, self.client.clone(), self.time.clone(), settings);
            registry.add(Arc::new(provider))?;
        }
        for wallet in &self.config.manual {
            registry.add(Arc::new(providers::Manual::new(manual(wallet))))?;
        }
        Ok(registry)
    }

    fn wave(&self, wallet: &WaveWallet) -> providers::WaveConfig {
        let secrets = wallet.webhook_secrets.clone();
        let webhook = match wallet.webhook_proof {
            WebhookProof::Signing => providers::WebhookAuth { signing: secrets, shared: vec![] },
            WebhookProof::Shared => providers::WebhookAuth { signing: vec![], shared: secrets },
        };
        providers::WaveConfig {
            base_url: wallet.base_url(self.simulators.as_ref()),
            api_key: wallet.api_key.clone(),
            signing_secret: wallet.signing_secret.clone(),
            webhook,
            wallet: wallet.wallet.clone(),
            country: wallet.country,
            currency: wallet.currency,
            aggregated_merchant_id: wallet.aggregated_merchant_id.clone(),
            min: None,
            max: None,
            settling_time: Duration::from_secs(120),
        }
    }

    fn mtn(&self, wallet: &MtnWallet) -> providers::MtnConfig {
        providers::MtnConfig {
            base_url: wallet.base_url(self.simulators.as_ref()),
            target_environment: wallet.target_environment.clone(),
            wallet: wallet.wallet.clone(),
            country: wallet.country,
            currency: wallet.currency,
            wire_currency: wallet.wire_currency,
            collection: wallet.collection.clone(),
            disbursement: wallet.disbursement.clone(),
            remittance: wallet.remittance.clone(),
            pay_by: wallet.pay_by,
            callback: wallet.callback,
            token_body: wallet.token_body,
            min: wallet.min,
            max: wallet.max,
            settling_time: Duration::from_secs(120),
        }
    }

    fn stripe(&self, account: &StripeAccount) -> providers::StripeConfig {
        providers::StripeConfig {
            base_url: account.base_url(self.simulators.as_ref()),
            api_key: account.api_key.clone(),
            webhook_secrets: account.webhook_secrets.clone(),
            wallet: account.wallet.clone(),
            countries: account.countries.clone(),
            iban_country: account.iban_country,
            bank_account: account.bank_account.clone(),
            min: None,
            max: None,
            settling_time: Duration::from_secs(120),
        }
    }

    fn orange_web(&self, wallet: &OrangeWebWallet) -> providers::OrangeWebConfig {
        providers::OrangeWebConfig {
            base_url: wallet.base_url(self.simulators.as_ref()),
            environment: wallet.environment.clone(),
            client_id: wallet.client_id.clone(),
            client_secret: wallet.client_secret.clone(),
            merchant_key: wallet.merchant_key.clone(),
            label: wallet.label.clone(),
            language: match wallet.is_french {
                true => providers::orange::web::Language::French,
                false => providers::orange::web::Language::English,
            },
            wallet: wallet.wallet.clone(),
            country: wallet.country,
            currency: wallet.currency,
            limits: providers::Limits { min: wallet.min, max: wallet.max },
        }
    }

    /// The merchant and the retailer, each a wallet. Requests of the retailer go one by one: of several at once with a
    /// wrong PIN each would count, and the third blocks the account.
    fn sonatel(&self) -> Vec<(providers::OrangeSonatelConfig, CallSettings)> {
        let Some(ours) = &self.config.sonatel else { return vec![] };
        let of = |wallet: Wallet, role| providers::OrangeSonatelConfig {
            base_url: ours.base_url(self.simulators.as_ref()),
            client_id: ours.client_id.clone(),
            client_secret: ours.client_secret.clone(),
            role,
            webhooks: webhooks(ours),
            wallet,
            limits: providers::Limits::default(),
        };
        let merchant = ours.merchant_code.clone().zip(Sonatel::merchant_wallet()).map(|(code, wallet)| {
            let role = providers::SonatelRole::Merchant {
                code,
                label: ours.label.clone(),
                validity: Duration::from_secs(ours.qr_validity_s.into()),
                notify_url: Some(format!("{}/webhooks/sonatel", self.public_url)),
            };
            (of(wallet, role), CallSettings::default())
        });
        let retailer =
            ours.retailer.clone().zip(Sonatel::retailer_wallet()).map(|((number, pin), wallet)| {
                let role = providers::SonatelRole::Retailer { number, pin };
                (of(wallet, role), CallSettings { max_in_flight: 1, ..CallSettings::default() })
            });
        merchant.into_iter().chain(retailer).collect()
    }

    fn rates(&self) -> Option<Arc<dyn RateSource>> {
        let url = self.config.rates.feed.as_ref()?.url(self.simulators.as_ref())?;
        Some(Arc::new(HttpRates::new(url, self.client.clone(), RATES)))
    }

    fn alerts(&self) -> anyhow::Result<AlertParts> {
        let webhook = self.config.alerts.webhook.as_ref().map(|webhook| {
            let (url, secrets) = (webhook.url.expose_secret().to_owned(), webhook.secrets.clone());
            let deadline = Duration::from_secs(webhook.deadline_s);
            WebhookSender::new(self.client.clone(), url, secrets, deadline)
        });
        let mail = self.config.alerts.mail.as_ref().map(mailing).transpose()?;
        Ok(AlertParts { webhook, mail, ..AlertParts::default() })
    }

    fn sms(&self) -> anyhow::Result<Arc<dyn SmsSender>> {
        let base_url = self.config.sms.base_url(self.simulators.as_ref());
        Ok(match &self.config.sms.sender {
            crate::config::SmsSender::Console => Arc::new(ConsoleSms),
            crate::config::SmsSender::Orange { client_id, client_secret, sender_address, .. } => {
                let config = OrangeSmsConfig {
                    base_url,
                    client_id: client_id.clone(),
                    client_secret: client_secret.clone(),
                    sender: sender_address.trim_start_matches("tel:").to_owned(),
                    sender_name: None,
                    deadline: Duration::from_secs(15),
                };
                Arc::new(OrangeSms::new(config, self.client.clone(), self.time.clone())?)
            }
        })
    }
}
