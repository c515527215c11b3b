//! Reads each table of settings into its typed part.
//!
//! Every key of `config.default.toml` is read here or in a neighbour, and nowhere else; ranges stand
//! beside the key that they bind.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tracing_subscriber::EnvFilter;

use super::address::{self, AllowedHosts, BaseUrl};
use super::reader::Reader;
use super::{
    Config, Database, Keys, MasterKey, Mode, Simulators, alerts, checks, corridors, manual, mtn, orange,
    payouts, providers, rails, rates, refunds, screening, statements, stripe,
};

/// Signing in; durations in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// Life of an access token.
    pub access_token_s: i64,
    /// Life of a refresh token that is not used.
    pub refresh_token_s: i64,
    /// Life of a one-time password.
    pub otp_ttl_s: i64,
    /// Guesses per one-time password.
    pub otp_attempts: i64,
    /// Wait before another one-time password.
    pub otp_resend_s: i64,
    /// After this long the second factor is asked for again.
    pub second_factor_s: i64,
    /// For what matters, the second factor must not be older than this.
    pub fresh_factor_s: i64,
    /// Within this long the same refresh token gets the same answer again.
    pub refresh_grace_s: i64,
    /// After this long a customer signs in again, however often the session was renewed.
    pub session_s: i64,
    /// Likewise an operator or admin.
    pub staff_session_s: i64,
    /// A session of an operator or admin that rests this long is over.
    pub staff_idle_s: i64,
    /// A session opened with a device is renewed only where the device is named.
    pub device_required: bool,
    /// After a number was changed, nothing leaves the house from that balance for this long.
    pub rest_after_phone_change_s: i64,
}

/// How much of us one caller may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Per caller, or per address without a token.
    pub requests_per_minute: u32,
    /// How many of them at once.
    pub burst: u32,
    /// Per address, to `/v1/auth`.
    pub auth_requests_per_minute: u32,
    /// Of a JSON body.
    pub body_bytes: usize,
    /// Requests in work at the same time.
    pub in_flight: usize,
    /// After this long a request is given up; longer than the longest long poll.
    pub request_timeout_s: u64,
    /// Free space below which no money work is taken.
    pub disk_reserve_mb: u64,
}

/// Offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotes {
    /// How long one stands.
    pub ttl_s: i64,
    /// How long a payer who took one at the last moment still has to pay.
    pub funding_window_s: i64,
    /// The same by the SEPA rails, whose money takes days.
    pub sepa_funding_window_s: i64,
    /// The same by hand, where a payer has to go somewhere and a person has to see it.
    pub manual_funding_window_s: i64,
}

/// The loops that drain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workers {
    /// Promises kept at the same time, per rail; 0: another gateway of the same book keeps them.
    pub outbox_concurrency: usize,
    /// Callbacks applied at the same time; 0: another gateway of the same book applies them.
    pub inbox_concurrency: usize,
    /// How often a worker that nobody woke looks for work.
    pub poll_ms: u64,
    /// After this long a dead worker's claim is free again.
    pub lease_s: i64,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line is written.
    pub format: LogFormat,
    /// A filter that `EnvFilter` reads.
    pub filter: String,
}

/// Reads everything. What was refused stands in as something harmless; the reader knows of it.
pub fn config(r: &mut Reader) -> Config {
    let mode = r.needed("mode", parse_mode, "\"sandbox\" or \"live\"").unwrap_or(Mode::Sandbox);
    let data_dir = PathBuf::from(r.required("data_dir", "name a folder").unwrap_or_default());
    let listen = r.needed("listen", str::parse, SOCKET).unwrap_or(NOWHERE);
    let metrics_listen = r.parsed("metrics_listen", str::parse, SOCKET);
    let public_url = r.parsed("public_url", BaseUrl::parse, "as \"https://pay.example.com\"");
    let allowed_hosts = hosts(r, public_url.as_ref(), mode);
    let trusted_proxies = r.parsed_list("trusted_proxies", address::network, "as \"10.0.0.0/8\"");
    let allowed_origins = origins(r);
    let database = database(r, &data_dir);
    let simulators = simulators(r, mode, &data_dir);
    let (keys, auth, sms) = (keys(r), auth(r), providers::sms(r));
    let (limits, quotes, workers, log) = (limits(r), quotes(r), workers(r), log(r));
    let rates = rates::rates(r);
    let alerts = alerts::alerts(r);
    let wave = providers::wave(r);
    let stripe = stripe::stripe(r);
    let manual = manual::manual(r);
    let mtn = mtn::mtn(r);
    let orange_web = orange::web(r, public_url.as_ref());
    let sonatel = orange::sonatel(r);
    let served = corridors::Served {
        wave: &wave,
        mtn: &mtn,
        stripe: stripe.as_ref(),
        manual: &manual,
        orange_web: &orange_web,
        sonatel: sonatel.as_ref(),
    };
    let corridors = corridors::corridors(r, &served);
    let config = Config {
        mode,
        listen,
        metrics_listen,
        public_url,
        allowed_hosts,
        trusted_proxies,
        allowed_origins,
        data_dir,
        database,
        simulators,
        keys,
        auth,
        sms,
        limits,
        quotes,
        screening: screening::screening(r),
        payouts: payouts::payouts(r),
        refunds: refunds::refunds(r),
        rails: rails::rails(r),
        statements: statements::statements(r),
        rates,
        wave,
        mtn,
        stripe,
        orange_web,
        sonatel,
        manual,
        corridors,
        alerts,
        workers,
        log,
    };
    checks::contradictions(r, &config);
    config
}

/// Stands in for a listener that could not be read.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

const SOCKET: &str = "an IP address and a port, as \"127.0.0.1:8080\"";

fn parse_mode(text: &str) -> Result<Mode, &'static str> {
    match text {
        "sandbox" => Ok(Mode::Sandbox),
        "live" => Ok(Mode::Live),
        _ => Err("is no mode"),
    }
}

fn hosts(r: &mut Reader, public_url: Option<&BaseUrl>, mode: Mode) -> AllowedHosts {
    let mut hosts = r.parsed_list("allowed_hosts", address::host, "as \"pay.example.com\"");
    hosts.extend(public_url.map(|url| url.host().to_owned()));
    if mode == Mode::Sandbox {
        hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
    }
    AllowedHosts::new(hosts)
}

fn origins(r: &mut Reader) -> Vec<String> {
    r.parsed_list("cors.allowed_origins", address::origin, "as \"https://app.example.com\"")
}

fn database(r: &mut Reader, data_dir: &Path) -> Database {
    let default = format!("sqlite://{}", data_dir.join("moneybridge.db").display());
    let url = r.parsed("database.url", database_url, "sqlite://folder/file.db or postgres://user@host/name");
    let readers = r.number("database.readers", 1..=64);
    Database { url: url.unwrap_or(default).into(), readers: small(readers) }
}

fn database_url(url: &str) -> Result<String, &'static str> {
    match url.split_once("://") {
        Some(("postgres" | "postgresql", server)) if !server.is_empty() => Ok(url.to_owned()),
        Some(("sqlite", "" | ":memory:")) => Err("names no file"),
        Some(("sqlite", _)) => Ok(url.to_owned()),
        _ => Err("is neither sqlite:// nor postgres://"),
    }
}

/// Simulators are embedded unless they are said to be elsewhere; live mode has none.
fn simulators(r: &mut Reader, mode: Mode, data_dir: &Path) -> Option<Simulators> {
    let embedded = r.flag("sandbox.embedded");
    let url = r.parsed("sandbox.url", BaseUrl::parse, "as \"http://127.0.0.1:8081\"");
    let listen = r.parsed("sandbox.listen", str::parse, SOCKET);
    let database = r.text("sandbox.database").map(PathBuf::from);
    let seed = r.number("sandbox.seed", 0..=i64::MAX);
    if mode == Mode::Live {
        return None;
    }
    match (embedded, url) {
        (Some(true), Some(_)) => {
            let hint = "leave sandbox.embedded out to use the simulators at sandbox.url";
            r.refuse("sandbox.embedded", "contradicts sandbox.url, which names other simulators", hint);
            None
        }
        (Some(false), None) => {
            let hint = "set sandbox.url to where the simulators run, or leave sandbox.embedded out";
            r.refuse("sandbox.embedded", "leaves no simulators, as sandbox.url is not set", hint);
            None
        }
        (_, Some(url)) => Some(Simulators::Remote(url)),
        (_, None) => Some(Simulators::Embedded {
            listen: listen.unwrap_or(NOWHERE),
            database: database.unwrap_or_else(|| data_dir.join("sandbox.db")),
            seed: seed.unsigned_abs(),
        }),
    }
}

fn keys(r: &mut Reader) -> Keys {
    const HINT: &str = "make one with `moneybridge keys generate`";
    Keys {
        master: r.parsed("keys.master", MasterKey::parse, HINT),
        token: r.parsed("keys.token", MasterKey::parse, HINT),
    }
}

fn auth(r: &mut Reader) -> Auth {
    Auth {
        access_token_s: r.number("auth.access_token_s", 60..=86_400),
        refresh_token_s: r.number("auth.refresh_token_s", 3_600..=31_536_000),
        otp_ttl_s: r.number("auth.otp_ttl_s", 60..=900),
        otp_attempts: r.number("auth.otp_attempts", 1..=10),
        otp_resend_s: r.number("auth.otp_resend_s", 1..=900),
        second_factor_s: r.number("auth.second_factor_s", 60..=86_400),
        fresh_factor_s: r.number("auth.fresh_factor_s", 30..=86_400),
        refresh_grace_s: r.number("auth.refresh_grace_s", 0..=60),
        session_s: r.number("auth.session_s", 3_600..=31_536_000),
        staff_session_s: r.number("auth.staff_session_s", 3_600..=31_536_000),
        staff_idle_s: r.number("auth.staff_idle_s", 60..=31_536_000),
        device_required: r.flag("auth.device_required").unwrap_or(false),
        rest_after_phone_change_s: r.number("auth.rest_after_phone_change_s", 0..=2_592_000),
    }
}

fn limits(r: &mut Reader) -> Limits {
    Limits {
        requests_per_minute: small(r.number("limits.requests_per_minute", 1..=10_000_000)),
        burst: small(r.number("limits.burst", 1..=1_000_000)),
        auth_requests_per_minute: small(r.number("limits.auth_requests_per_minute", 1..=10_000_000)),
        body_bytes: size(r.number("limits.body_bytes", 1_024..=16_777_216)),
        in_flight: size(r.number("limits.in_flight", 1..=1_000_000)),
        request_timeout_s: r.number("limits.request_timeout_s", 26..=300).unsigned_abs(),
        disk_reserve_mb: r.number("limits.disk_reserve_mb", 0..=1_000_000_000).unsigned_abs(),
    }
}

fn quotes(r: &mut Reader) -> Quotes {
    Quotes {
        ttl_s: r.number("quotes.ttl_s", 10..=86_400),
        funding_window_s: r.number("quotes.funding_window_s", 60..=1_209_600),
        sepa_funding_window_s: r.number("quotes.sepa_funding_window_s", 60..=1_209_600),
        manual_funding_window_s: r.number("quotes.manual_funding_window_s", 60..=1_209_600),
    }
}

fn workers(r: &mut Reader) -> Workers {
    Workers {
        outbox_concurrency: size(r.number("workers.outbox_concurrency", 0..=1_024)),
        inbox_concurrency: size(r.number("workers.inbox_concurrency", 0..=1_024)),
        poll_ms: r.number("workers.poll_ms", 10..=60_000).unsigned_abs(),
        lease_s: r.number("workers.lease_s", 5..=3_600),
    }
}

fn log(r: &mut Reader) -> Log {
    let parse_format = |text: &str| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("is no log format"),
    };
    let parse_filter = |text: &str| EnvFilter::try_new(text).map(|_| text.to_owned());
    let format = r.needed("log.format", parse_format, "\"text\" or \"json\"");
    let filter = r.needed("log.filter", parse_filter, "as \"info,moneybridge=debug\"");
    Log { format: format.unwrap_or(LogFormat::Text), filter: filter.unwrap_or_default() }
}

/// Within a range that fits; the reader checked it.
pub fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
