//! Simulated providers: money, callbacks and faults over real HTTP, without the providers.
//!
//! Written from the providers' documents and never from the gateway's adapters, so that both can
//! be wrong only where the documents are. A [`Sandbox`] is one listener with every provider under
//! its own prefix (`/wave`, `/stripe`, `/mtn`, `/sonatel`, `/orange`, `/rates`), a control surface under `/_control`, persistent books and
//! a movable clock. A gateway may embed it or reach it as a program of its own.

#![recursion_limit = "256"]

pub mod app;
pub mod books;
pub mod clock;
pub mod config;
pub mod connection;
pub mod control;
pub mod courier;
pub mod fault;
pub mod html;
pub mod ids;
pub mod money;
pub mod mtn;
pub mod orange_oauth;
pub mod orange_web;
pub mod rates;
pub mod reference;
pub mod sms;
pub mod sms_book;
pub mod sonatel;
pub mod stripe;
pub mod wave;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use app::{App, Shared};
use books::Books;
pub use clock::Clock;
pub use config::{
    AfterLastRetry, Database, MtnConfig, MtnEnvironmentConfig, MtnSubscriptionConfig, MtnUserConfig,
    OrangeMerchantConfig, OrangeWebConfig, SandboxConfig, SmsConfig, SonatelCallbackConfig, SonatelConfig,
    SonatelSettings, SonatelWalletConfig, Strategy, StripeAccountConfig, StripeBankAccountConfig,
    StripeBillingConfig, StripeWebhookConfig, WaveKeyConfig, WaveWalletConfig, WaveWebhookConfig,
};
use connection::{Door, Peer};
use control::refusal::Refusal;
use fault::Faults;
use fault::layer::{Around, around};

/// How long open requests may take to end when the simulators stop.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why the simulators do not start, or do not stop well.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address asked for.
        listen: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The books cannot be opened or written.
    #[error("cannot open the simulators' books")]
    Books(#[from] rusqlite::Error),
    /// The client that sends callbacks cannot be made.
    #[error("cannot make the client that sends callbacks")]
    Client(#[from] reqwest::Error),
}

/// The running simulators. Dropping it stops them without waiting.
#[derive(Debug)]
pub struct Sandbox {
    app: Shared,
    address: SocketAddr,
    server: JoinHandle<()>,
    courier: JoinHandle<()>,
}

impl Sandbox {
    /// Opens the books, listens, and starts to send callbacks.
    pub async fn start(config: SandboxConfig) -> Result<Sandbox, SandboxError> {
        let listen = config.listen;
        let no_listener = |source| SandboxError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(no_listener)?;
        let address = listener.local_addr().map_err(no_listener)?;
        let app = Arc::new(open(config, address)?);
        let service = routes(&app).into_make_service_with_connect_info::<Peer>();
        let stopped = app.stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let serve = axum::serve(Door(listener), service).with_graceful_shutdown(stopped);
            if let Err(error) = serve.await {
                tracing::error!(%error, "the simulators' listener failed");
            }
        });
        let courier = tokio::spawn(courier::run(app.clone()));
        tracing::info!(sandbox.url = %app.base_url, "the simulators listen");
        Ok(Sandbox { app, address, server, courier })
    }

    /// Where the simulators are, as `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        self.app.base_url.clone()
    }

    /// The address that they listen on.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle on their clock.
    pub fn clock(&self) -> Clock {
        self.app.clock.clone()
    }

    /// Writes a Wave webhook over the one of the same wallet and name, as the portal would.
    ///
    /// Errors: [`SandboxError::Books`] when no wallet has that name.
    pub fn put_wave_webhook(&self, webhook: &WaveWebhookConfig) -> Result<(), SandboxError> {
        Ok(self.app.books.write(|tx| wave::webhooks::put(tx, webhook))?)
    }

    /// Writes a Stripe webhook endpoint over the one of that name, as the dashboard would.
    ///
    /// Errors: [`SandboxError::Books`] when the books cannot be written.
    pub fn put_stripe_webhook(&self, webhook: &StripeWebhookConfig) -> Result<(), SandboxError> {
        let now = clock::micros(self.app.clock.now());
        Ok(self.app.books.write(|tx| stripe::endpoint::put(tx, webhook, now))?)
    }

    /// Writes a merchant's Sonatel callback over the registered one.
    ///
    /// Errors: [`SandboxError::Books`] when the books cannot be written.
    pub fn put_sonatel_callback(&self, callback: &SonatelCallbackConfig) -> Result<(), SandboxError> {
        Ok(self.app.books.write(|tx| sonatel::callback::put(tx, callback))?)
    }

    /// Stops listening and sending; requests under way get three seconds to end. Callbacks not
    /// yet answered are sent again after a restart.
    pub async fn stop(mut self) {
        self.app.stop.cancel();
        for task in [&mut self.server, &mut self.courier] {
            if tokio::time::timeout(PATIENCE, &mut *task).await.is_err() {
                task.abort();
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.app.stop.cancel();
        self.server.abort();
        self.courier.abort();
    }
}

fn open(config: SandboxConfig, address: SocketAddr) -> Result<App, SandboxError> {
    // Another part of the process may have chosen a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    let books = Books::open(&config.database)?;
    furnish(&books, &config)?;
    Ok(App {
        base_url: format!("http://{address}"),
        books,
        clock: config.clock.clone(),
        faults: Faults::new(config.seed),
        http,
        bell: Notify::new(),
        stripe: stripe::Loose::default(),
        sonatel: sonatel::Loose::new(config.sonatel.settings.clone()),
        stop: CancellationToken::new(),
        config,
    })
}

/// Writes what the configuration has and the books have not, and every configured webhook.
fn furnish(books: &Books, config: &SandboxConfig) -> rusqlite::Result<()> {
    books.write(|tx| {
        for portal in &config.wave {
            if wave::wallet::find(tx, &portal.wallet)?.is_none() {
                wave::wallet::put(tx, portal)?;
            }
        }
        for webhook in &config.webhooks {
            wave::webhooks::put(tx, webhook)?;
        }
        orange_web::furnish(tx, &config.orange_web)?;
        stripe::furnish(tx, &config.stripe, clock::micros(config.clock.now()))?;
        mtn::portal::furnish(tx, &config.mtn)?;
        sonatel::furnish(tx, &config.sonatel)?;
        sms_book::open_bundle(tx, config.sms.credits)
    })
}

fn routes(app: &Shared) -> Router {
    let faults = |provider| from_fn_with_state(Around { app: app.clone(), provider }, around);
    Router::new()
        .merge(wave::api().layer(faults("wave")))
        .merge(wave::pages())
        .merge(
            stripe::api()
                .layer(faults("stripe"))
                .layer(from_fn_with_state(app.clone(), stripe::http::envelope)),
        )
        .merge(stripe::pages())
        .merge(orange_web::api().layer(faults("orange")))
        .merge(orange_web::pages())
        .merge(mtn::api().layer(faults("mtn")))
        .merge(sonatel::api().layer(faults("sonatel")))
        .merge(sonatel::pages())
        .merge(sms::api().layer(faults("sms")))
        .merge(orange_oauth::api().layer(faults("sms")).layer(faults("orange")))
        .merge(rates::api().layer(faults("rates")))
        .merge(control::routes())
        .fallback(no_such_path)
        .with_state(app.clone())
}

async fn no_such_path(method: Method, uri: Uri) -> Response {
    match uri.path().split('/').nth(1) {
        Some("wave") => wave::no_such_path().into_response(),
        Some("stripe") => stripe::no_such_path(&method, &uri).into_response(),
        Some("mtn") => mtn::no_such_path(&uri).into_response(),
        Some("orange") => orange_oauth::no_such_path().into_response(),
        Some("sonatel") => sonatel::no_such_path().into_response(),
        Some("rates") => rates::no_such_path(),
        _ => Refusal::new(StatusCode::NOT_FOUND, "not_found", "no such path").into_response(),
    }
}
