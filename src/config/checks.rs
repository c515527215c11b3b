//! What must hold between settings, and what a mode refuses.
//!
//! Live mode refuses whatever would make real money depend on something simulated, unset or
//! unencrypted; sandbox mode refuses to be open to a network, and to speak to a real provider.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};

use super::address::BaseUrl;
use super::catalogue::variable;
use super::reader::Reader;
use super::{Config, Mode, Simulators, SmsSender};

/// Reports everything that contradicts something else in `config`.
pub fn contradictions(r: &mut Reader, config: &Config) {
    durations(r, config);
    listeners(r, config);
    super::alerts::contradictions(r, config);
    match config.mode {
        Mode::Sandbox => sandbox(r, config),
        Mode::Live => live(r, config),
    }
}

fn durations(r: &mut Reader, config: &Config) {
    let auth = &config.auth;
    if auth.access_token_s >= auth.refresh_token_s {
        let hint = "let refresh tokens outlive access tokens";
        r.refuse("auth.access_token_s", "is not below auth.refresh_token_s", hint);
    }
    if auth.otp_resend_s > auth.otp_ttl_s {
        let hint = "let another password be asked for while one still stands";
        r.refuse("auth.otp_resend_s", "is above auth.otp_ttl_s", hint);
    }
}

/// Two listeners cannot share an address; port 0 is always another one.
fn listeners(r: &mut Reader, config: &Config) {
    let simulators = embedded_listener(config);
    let metrics = config.metrics_listen;
    let shares = |one: SocketAddr, other: SocketAddr| {
        let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
        one.port() != 0 && one.port() == other.port() && (everywhere || one.ip() == other.ip())
    };
    if metrics.is_some_and(|metrics| shares(metrics, config.listen)) {
        r.refuse("metrics_listen", "is the same as listen", "choose another port, or leave it empty");
    }
    if simulators.is_some_and(|sandbox| shares(sandbox, config.listen)) {
        r.refuse("sandbox.listen", "is the same as listen", "choose another port");
    }
    if simulators.zip(metrics).is_some_and(|(sandbox, metrics)| shares(sandbox, metrics)) {
        r.refuse("sandbox.listen", "is the same as metrics_listen", "choose another port");
    }
}

fn embedded_listener(config: &Config) -> Option<SocketAddr> {
    match config.simulators {
        Some(Simulators::Embedded { listen, .. }) => Some(listen),
        _ => None,
    }
}

fn sandbox(r: &mut Reader, config: &Config) {
    let simulators = embedded_listener(config);
    if r.flag("dangerous_public_sandbox") != Some(true) {
        let open = |address: SocketAddr| !address.ip().is_loopback();
        let hint = "listen on 127.0.0.1, or set dangerous_public_sandbox = true \
                    (MONEYBRIDGE_DANGEROUS_PUBLIC_SANDBOX) where only trusted people reach it";
        if open(config.listen) {
            r.refuse("listen", "opens a sandbox to the network", hint);
        }
        if simulators.is_some_and(open) {
            r.refuse("sandbox.listen", "opens the simulators to the network", hint);
        }
    }
    for (path, url) in provider_urls(config) {
        if [".wave.com", ".orange.com", ".orange-sonatel.com", ".stripe.com", ".mtn.com", ".mtn.co.rw"]
            .iter()
            .any(|real| url.host().ends_with(real))
        {
            let hint = "leave it out to use the simulators, or set mode = \"live\"";
            r.refuse(&path, "is a real provider, in sandbox mode", hint);
        }
    }
}

fn live(r: &mut Reader, config: &Config) {
    live_network(r, config);
    live_secrets(r, config);
    live_rates(r, config);
    if r.flag("dangerous_public_sandbox") == Some(true) {
        r.refuse("dangerous_public_sandbox", "is for sandbox mode", "remove it");
    }
    for wallet in config.manual.iter().filter(|wallet| wallet.opening.is_some()) {
        let path = format!("manual.wallets.{}.opening", wallet.wallet);
        r.refuse(&path, "is for sandbox mode", "let two admins open it: POST /v1/admin/treasury");
    }
    for wallet in &config.mtn {
        let path = |key: &str| format!("mtn_momo.wallets.{}.{key}", wallet.wallet);
        if wallet.target_environment == "sandbox" {
            r.refuse(&path("target_environment"), "is MTN's sandbox, in live mode", "name the market");
        }
        if wallet.wire_currency.is_some_and(|wire| wire != wallet.currency) {
            r.refuse(&path("wire_currency"), "calls money by another name, in live mode", "remove it");
        }
    }
    for path in ["sandbox.url", "sandbox.embedded"] {
        if r.text(path).is_some() || r.flag(path) == Some(true) {
            r.refuse(path, "puts simulators into live mode", "remove it");
        }
    }
    if matches!(config.sms.sender, SmsSender::Console) {
        r.refuse(
            "sms.sender",
            "writes one-time passwords to the log, in live mode",
            "sms.sender = \"orange\"",
        );
    }
}

fn live_network(r: &mut Reader, config: &Config) {
    let hint = "set it to the address that your proxy serves with TLS, as \"https://pay.example.com\"";
    match &config.public_url {
        None => r.refuse("public_url", "is needed in live mode", hint),
        Some(url) if !url.is_https() => r.refuse("public_url", "is not https", hint),
        Some(_) => {}
    }
    if config.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        r.refuse("trusted_proxies", "believes everybody", "name the addresses of your proxies");
    }
    for (path, url) in provider_urls(config) {
        if !url.is_https() {
            r.refuse(&path, "is not https", "live providers are reached over TLS");
        }
    }
}

fn live_rates(r: &mut Reader, config: &Config) {
    let Some(feed) = &config.rates.feed else { return };
    if feed.url.is_none() {
        r.refuse(
            "rates.feed.url",
            "is needed in live mode",
            "name a rate service, or leave rates.feed.pairs empty",
        );
    } else if !feed.is_https_or_unset() {
        r.refuse("rates.feed.url", "is not https", "live rates are read over TLS");
    }
}

fn live_secrets(r: &mut Reader, config: &Config) {
    if !r.is_set("keys.master") {
        let hint = format!("`moneybridge keys generate`, then {0} or {0}_FILE", variable("keys.master"));
        r.refuse("keys.master", "is needed in live mode", hint);
    }
    for (path, secret) in provider_secrets(config) {
        if secret.expose_secret().contains("sandbox") {
            r.refuse(&path, "is a sandbox secret, in live mode", "set the one that the provider gave you");
        }
    }
}

fn provider_urls(config: &Config) -> Vec<(String, BaseUrl)> {
    let wave = config.wave.iter().filter_map(|wallet| {
        let path = format!("wave.wallets.{}.base_url", wallet.wallet);
        wallet.base_url.clone().map(|url| (path, url))
    });
    let mtn = config.mtn.iter().filter_map(|wallet| {
        let path = format!("mtn_momo.wallets.{}.base_url", wallet.wallet);
        wallet.base_url.clone().map(|url| (path, url))
    });
    let sms = match &config.sms.sender {
        SmsSender::Orange { base_url: Some(url), .. } => Some(("sms.base_url".to_owned(), url.clone())),
        _ => None,
    };
    let stripe = config.stripe.as_ref().and_then(|account| account.base_url.clone());
    let web = config.orange_web.iter().filter_map(|wallet| {
        let path = format!("orange_web.wallets.{}.base_url", wallet.wallet);
        wallet.base_url.clone().map(|url| (path, url))
    });
    let sonatel = config.sonatel.as_ref().and_then(|ours| ours.base_url.clone());
    let sonatel = sonatel.map(|url| ("orange_sonatel.base_url".to_owned(), url));
    let stripe = stripe.map(|url| ("stripe.base_url".to_owned(), url));
    wave.chain(mtn).chain(sms).chain(stripe).chain(web).chain(sonatel).collect()
}

fn provider_secrets(config: &Config) -> Vec<(String, SecretString)> {
    let mut secrets = Vec::new();
    for wallet in &config.wave {
        let at = |key: &str| format!("wave.wallets.{}.{key}", wallet.wallet);
        secrets.push((at("api_key"), wallet.api_key.clone()));
        secrets.extend(wallet.signing_secret.clone().map(|secret| (at("signing_secret"), secret)));
        secrets.extend(wallet.webhook_secrets.iter().cloned().map(|secret| (at("webhook.secrets"), secret)));
    }
    for wallet in &config.mtn {
        for (name, product) in wallet.products() {
            let at = |key: &str| format!("mtn_momo.wallets.{}.{name}.{key}", wallet.wallet);
            secrets.push((at("api_key"), product.api_key.clone()));
            secrets.push((at("subscription_key"), product.subscription_key.clone()));
        }
    }
    if let Some(account) = &config.stripe {
        secrets.push(("stripe.api_key".to_owned(), account.api_key.clone()));
        let webhook = account.webhook_secrets.iter().cloned();
        secrets.extend(webhook.map(|secret| ("stripe.webhook_secrets".to_owned(), secret)));
    }
    for wallet in &config.orange_web {
        let at = |key: &str| format!("orange_web.wallets.{}.{key}", wallet.wallet);
        secrets.push((at("client_secret"), wallet.client_secret.clone()));
        secrets.push((at("merchant_key"), wallet.merchant_key.clone()));
    }
    if let Some(ours) = &config.sonatel {
        let at = |key: &str| format!("orange_sonatel.{key}");
        secrets.push((at("client_secret"), ours.client_secret.clone()));
        secrets.extend(ours.secrets.iter().cloned().map(|secret| (at("webhook_secrets"), secret)));
        secrets.extend(ours.keys.iter().cloned().map(|key| (at("webhook_keys"), key)));
    }
    if let SmsSender::Orange { client_secret, .. } = &config.sms.sender {
        secrets.push(("sms.client_secret".to_owned(), client_secret.clone()));
    }
    secrets
}
