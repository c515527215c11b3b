//! Settings as a person writes them, and what the gateway makes of them.

use std::ffi::OsString;
use std::path::Path;

use domain::{Country, Rail};
use secrecy::ExposeSecret;

use super::reader::Reader;
use super::*;

/// Settings written by a test; nothing of this machine gets in.
#[derive(Default)]
struct Written {
    folder: Option<tempfile::TempDir>,
    sources: Sources,
}

impl Written {
    fn file(toml: &str) -> Written {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("moneybridge.toml"), toml).unwrap();
        let sources = Sources { folder: folder.path().to_owned(), ..Sources::default() };
        Written { folder: Some(folder), sources }
    }

    fn variables(pairs: &[(&str, &str)]) -> Written {
        Written::file("").and(pairs)
    }

    fn and(mut self, pairs: &[(&str, &str)]) -> Written {
        let pairs = pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        self.sources.variables.extend(pairs);
        self
    }

    fn flag(mut self, name: &str, path: &str, value: &str) -> Written {
        let (name, path, value) = (name.to_owned(), path.to_owned(), value.to_owned());
        self.sources.flags.push(Flag { name, path, value });
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.as_ref().unwrap().path().join(name)
    }

    fn config(&self) -> Config {
        load(&self.sources).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is refused, without the folder's changing name.
    fn refusal(&self) -> String {
        let folder = self.folder.as_ref().unwrap().path().display().to_string();
        load(&self.sources)
            .expect_err("these settings should be refused")
            .to_string()
            .replace(&folder, "HERE")
    }

    fn keys_refused(&self) -> Vec<String> {
        load(&self.sources)
            .expect_err("these settings should be refused")
            .0
            .into_iter()
            .map(|p| p.key)
            .collect()
    }
}

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

/// The least that live mode accepts.
const LIVE: &[(&str, &str)] = &[
    ("MONEYBRIDGE_MODE", "live"),
    ("MONEYBRIDGE_PUBLIC_URL", "https://pay.example.com"),
    ("MONEYBRIDGE_KEYS_MASTER", KEY),
    ("MONEYBRIDGE_SMS_CLIENT_ID", "client"),
    ("MONEYBRIDGE_SMS_CLIENT_SECRET", "s3cret"),
    ("MONEYBRIDGE_SMS_SENDER_ADDRESS", "tel:+2210000"),
];

#[test]
fn nothing_written_is_a_sandbox_on_this_machine() {
    let config = Written::file("").config();
    assert_eq!(config.mode, Mode::Sandbox);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.metrics_listen.unwrap().to_string(), "127.0.0.1:9464");
    assert_eq!(config.public_url(config.listen).as_str(), "http://127.0.0.1:8080");
    assert_eq!(config.database.url.expose_secret(), "sqlite://data/moneybridge.db");
    let listen = "127.0.0.1:8081".parse().unwrap();
    let embedded = Simulators::Embedded { listen, database: Path::new("data/sandbox.db").into(), seed: 1 };
    assert_eq!(config.simulators, Some(embedded));
    assert!(config.allowed_hosts.allows("localhost:8080") && !config.allowed_hosts.allows("example.com"));
    assert!(config.trusted_proxies.is_empty() && config.allowed_origins.is_empty());
    assert_eq!(
        (config.auth.fresh_factor_s, config.auth.staff_idle_s),
        (300, 604_800),
        "its clock is moved by days"
    );
    assert_eq!((config.auth.otp_ttl_s, config.auth.otp_attempts, config.auth.access_token_s), (300, 5, 900));
    assert_eq!((config.sms.budget_per_number_hour, config.sms.budget_per_number_day), (100, 500));
}

#[test]
fn the_sandbox_has_its_wallets_and_corridors() {
    let config = Written::file("").config();
    let simulators = BaseUrl::parse("http://127.0.0.1:8081").unwrap();
    for (wallet, name) in config.wave.iter().zip(["ci", "sn"]) {
        assert_eq!(wallet.wallet.as_str(), name);
        assert_eq!(wallet.api_key.expose_secret(), format!("wave_{name}_prod_sandbox"));
        assert_eq!(wallet.webhook_secrets[0].expose_secret(), format!("wave_{name}_WHS_sandbox"));
        assert_eq!(wallet.base_url(Some(&simulators)), "http://127.0.0.1:8081/wave");
        assert_eq!(wallet.base_url(None), "https://api.wave.com");
    }
    assert_eq!(config.sms.base_url(Some(&simulators)), "http://127.0.0.1:8081/orange");
    let ends: Vec<String> = config.corridors.iter().map(|c| format!("{} {}", c.from, c.to)).collect();
    let expected =
        ["SN CI", "CI SN", "SN SN", "CI CI", "FR SN", "FR CI", "FR FR", "GN CN", "FR GN", "SN GN", "GN GN"];
    assert_eq!(ends, expected);
    let [mtn] = config.mtn.as_slice() else { panic!("{:?}", config.mtn) };
    assert_eq!((mtn.wallet.as_str(), mtn.country, mtn.currency.code()), ("gn", Country::GN, "GNF"));
    assert_eq!(mtn.products().map(|(name, _)| name).collect::<Vec<_>>(), ["collection", "disbursement"]);
    assert_eq!(mtn.base_url(Some(&simulators)), "http://127.0.0.1:8081/mtn");
    assert_eq!(mtn.base_url(None), "https://proxy.momoapi.mtn.com");
    let kept: Vec<String> =
        config.manual.iter().map(|w| format!("{} {}", w.wallet, w.confirm_threshold)).collect();
    assert_eq!(kept, ["cn 50000.00 CNY", "gn 50000000 GNF"]);
    for corridor in &config.corridors[4..6] {
        assert_eq!((corridor.send_currency.code(), corridor.receive_currency.code()), ("EUR", "XOF"));
        assert!(
            corridor.funding_rails.contains(&Rail::Balance) && corridor.payout_rails.contains(&Rail::Wave)
        );
    }
    for corridor in &config.corridors[..4] {
        let has = |rail| corridor.funding_rails.contains(&rail);
        assert!(has(Rail::Wave) && has(Rail::Balance));
        assert_eq!(
            has(Rail::OrangeSonatel),
            corridor.ends().0 == Country::SN && corridor.ends().1 == Country::SN
        );
        assert_eq!((corridor.min.major(), corridor.max.major()), ("100".to_owned(), "2000000".to_owned()));
        assert_eq!(corridor.fee_bps.to_string(), "100");
    }
}

#[test]
fn later_sources_win() {
    let file = "listen = \"127.0.0.1:1\"\n[log]\nfilter = \"warn\"\n";
    let cases: [(Written, &str); 6] = [
        (Written::file(""), "127.0.0.1:8080"),
        (Written::file(file), "127.0.0.1:1"),
        (Written::file(file).and(&[("MONEYBRIDGE_LISTEN", "127.0.0.1:2")]), "127.0.0.1:2"),
        (Written::file(file).and(&[("MONEYBRIDGE_LISTEN", "")]), "127.0.0.1:1"),
        (Written::file(file).and(&[("MONEYBRIDGE_LISTEN", "127.0.0.1:2"), ("PORT", "9")]), "127.0.0.1:2"),
        (
            Written::file(file)
                .and(&[("MONEYBRIDGE_LISTEN", "127.0.0.1:2")])
                .flag("--listen", "listen", "[::1]:3"),
            "[::1]:3",
        ),
    ];
    for (written, listen) in cases {
        assert_eq!(written.config().listen.to_string(), listen);
    }
    assert_eq!(Written::file(file).config().log.filter, "warn");
}

#[test]
fn variables_have_the_type_of_their_key() {
    let config = Written::variables(&[
        ("MONEYBRIDGE_DATABASE_READERS", " 7 "),
        ("MONEYBRIDGE_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.1"),
        ("MONEYBRIDGE_METRICS_LISTEN", ""),
        ("MONEYBRIDGE_LOG_FORMAT", "json"),
        ("MONEYBRIDGE_SMS_SENDER_ADDRESS", "tel:+2240000"),
        ("MONEYBRIDGE_SANDBOX_EMBEDDED", "true"),
    ]);
    let config = config.config();
    assert_eq!(config.database.readers, 7);
    let proxies: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "192.168.1.1/32"]);
    assert_eq!(config.metrics_listen, None);
    assert_eq!(config.log.format, LogFormat::Json);
    let emptied =
        Written::file("trusted_proxies = [\"10.0.0.1\"]").and(&[("MONEYBRIDGE_TRUSTED_PROXIES", "")]);
    assert!(emptied.config().trusted_proxies.is_empty());
    let refused = Written::variables(&[
        ("MONEYBRIDGE_DATABASE_READERS", "many"),
        ("MONEYBRIDGE_DANGEROUS_PUBLIC_SANDBOX", "yes"),
    ]);
    assert_eq!(
        refused.refusal(),
        "the settings have 2 problems\
         \n  dangerous_public_sandbox (variable MONEYBRIDGE_DANGEROUS_PUBLIC_SANDBOX): \"yes\" is not true or false\
         \n    hint: write true or false\
         \n  database.readers (variable MONEYBRIDGE_DATABASE_READERS): \"many\" is not a whole number\
         \n    hint: write a whole number"
    );
}

#[test]
fn hosting_platforms_set_port_and_database_url() {
    let live = Written::variables(LIVE).and(&[("PORT", "3000"), ("DATABASE_URL", "postgres://u:p@db/book")]);
    let config = live.config();
    assert_eq!(config.listen.to_string(), "0.0.0.0:3000");
    assert_eq!(config.database.url.expose_secret(), "postgres://u:p@db/book");
    let ours = live.and(&[("MONEYBRIDGE_DATABASE_URL", "sqlite:///srv/book.db")]);
    assert_eq!(ours.config().database.url.expose_secret(), "sqlite:///srv/book.db");
    let wrong = Written::variables(&[("PORT", "http")]);
    assert_eq!(wrong.keys_refused(), ["PORT"]);
    assert_eq!(Written::variables(&[("PORT", ""), ("DATABASE_URL", "")]).config().listen.port(), 8080);
}

#[test]
fn a_folder_moves_what_is_in_it() {
    let config = Written::variables(&[("MONEYBRIDGE_DATA_DIR", "/srv/money")]).config();
    assert_eq!(config.database.url.expose_secret(), "sqlite:///srv/money/moneybridge.db");
    let Some(Simulators::Embedded { database, .. }) = config.simulators else { panic!("embedded") };
    assert_eq!(database, Path::new("/srv/money/sandbox.db"));
}

#[test]
fn unknown_settings_stop_the_start() {
    let written = Written::file(
        "lisen = \"127.0.0.1:1\"\n[auth]\notp_ttl = 60\n[wave.wallets.sn]\napi_kye = \"wave_sn_secret\"\n[nonsense]\na = 1\n",
    )
    .and(&[("MONEYBRIDGE_LISTENS", "x"), ("MONEYBRIDGE_WHATEVER_IS_THIS", "x"), ("OTHER_PROGRAM", "x")])
    .flag("--set", "log.colour", "red");
    let refusal = written.refusal();
    for expected in [
        "the settings have 7 problems",
        "MONEYBRIDGE_LISTENS (variable): is no setting\n    hint: did you mean MONEYBRIDGE_LISTEN?",
        "MONEYBRIDGE_WHATEVER_IS_THIS (variable): is no setting\n    hint: config.default.toml lists every setting",
        "auth.otp_ttl (HERE/moneybridge.toml): is no setting\n    hint: did you mean auth.otp_ttl_s?",
        "lisen (HERE/moneybridge.toml): is no setting\n    hint: did you mean listen?",
        "wave.wallets.sn.api_kye (HERE/moneybridge.toml): is no setting\n    hint: did you mean wave.wallets.*.api_key?",
        "nonsense (HERE/moneybridge.toml): is no setting",
        "log.colour (flag --set): is no setting",
    ] {
        assert!(refusal.contains(expected), "{expected}\nis missing in\n{refusal}");
    }
    assert!(!refusal.contains("secret"), "a misspelt secret is a secret: {refusal}");
}

#[test]
fn orchestrators_and_tests_have_variables_of_their_own() {
    let set = [
        ("MONEYBRIDGE_SERVICE_HOST", "10.0.0.1"),
        ("MONEYBRIDGE_PORT", "tcp://10.0.0.1:8080"),
        ("MONEYBRIDGE_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("MONEYBRIDGE_TEST_POSTGRES", "postgres://localhost"),
    ];
    assert_eq!(Written::variables(&set).config().listen.port(), 8080);
}

#[test]
fn wrong_types_and_ranges_are_reported_together() {
    let written = Written::file(
        "listen = 8080\nallowed_hosts = \"a\"\n[database]\nreaders = 1.5\n[auth]\notp_attempts = 11\n[limits]\nburst = -1\n[log]\nformat = \"xml\"\nfilter = \"a=b=c\"\n",
    );
    assert_eq!(
        written.keys_refused(),
        [
            "allowed_hosts",
            "database.readers",
            "listen",
            "auth.otp_attempts",
            "limits.burst",
            "log.format",
            "log.filter"
        ]
    );
    let refusal = written.refusal();
    for expected in [
        "listen = 8080 (HERE/moneybridge.toml): is not text in quotes",
        "auth.otp_attempts = 11 (HERE/moneybridge.toml): is not within 1 to 10",
        "log.format = \"xml\" (HERE/moneybridge.toml): is no log format\n    hint: \"text\" or \"json\"",
    ] {
        assert!(refusal.contains(expected), "{expected}\nis missing in\n{refusal}");
    }
}

#[test]
fn settings_that_contradict_each_other() {
    let cases: [(&str, &str, &str); 11] = [
        ("[auth]\naccess_token_s = 86400\nrefresh_token_s = 3600", "auth.access_token_s", "is not below"),
        ("[auth]\notp_ttl_s = 60\notp_resend_s = 90", "auth.otp_resend_s", "is above"),
        ("metrics_listen = \"127.0.0.1:8080\"", "metrics_listen", "the same as listen"),
        ("[sandbox]\nlisten = \"0.0.0.0:9464\"", "sandbox.listen", "the same as metrics_listen"),
        (
            "[sandbox]\nembedded = true\nurl = \"http://127.0.0.1:1\"",
            "sandbox.embedded",
            "contradicts sandbox.url",
        ),
        ("[sandbox]\nembedded = false", "sandbox.embedded", "leaves no simulators"),
        (
            "[wave.wallets.sn]\nbase_url = \"https://api.wave.com\"",
            "wave.wallets.sn.base_url",
            "a real provider",
        ),
        ("[sms]\nbase_url = \"https://api.orange.com\"", "sms.base_url", "a real provider"),
        ("[sms]\nsender = \"pigeon\"", "sms.sender", "is no sender"),
        ("[database]\nurl = \"mysql://db\"", "database.url", "is neither sqlite:// nor postgres://"),
        ("[database]\nurl = \"sqlite://:memory:\"", "database.url", "names no file"),
    ];
    for (toml, key, words) in cases {
        let error = load(&Written::file(toml).sources).expect_err(toml);
        let found = error.0.iter().any(|problem| problem.key == key && problem.what.contains(words));
        assert!(found, "{toml}\n{error}");
    }
    let shares_no_port =
        "listen = \"127.0.0.1:0\"\nmetrics_listen = \"127.0.0.1:0\"\n[sandbox]\nlisten = \"127.0.0.1:0\"";
    assert_eq!(Written::file(shares_no_port).config().listen.port(), 0);
}

#[test]
fn a_sandbox_is_not_open_to_a_network_by_chance() {
    let open = Written::variables(&[("PORT", "8080")]);
    let refusal = open.refusal();
    let expected = "listen = \"0.0.0.0:8080\" (variable PORT): opens a sandbox to the network\n    hint: listen on 127.0.0.1";
    assert!(refusal.contains(expected), "{refusal}");
    let simulators = Written::variables(&[("MONEYBRIDGE_SANDBOX_LISTEN", "0.0.0.0:8081")]);
    assert_eq!(simulators.keys_refused(), ["sandbox.listen"]);
    for address in ["127.0.0.1:1", "127.1.2.3:1", "[::1]:1"] {
        Written::variables(&[("MONEYBRIDGE_LISTEN", address)]).config();
    }
    let meant = open.and(&[("MONEYBRIDGE_DANGEROUS_PUBLIC_SANDBOX", "true")]).config();
    assert_eq!(meant.listen.to_string(), "0.0.0.0:8080");
}

#[test]
fn simulators_may_live_elsewhere() {
    let config = Written::variables(&[("MONEYBRIDGE_SANDBOX_URL", "http://127.0.0.1:9999/")]).config();
    assert_eq!(config.simulators, Some(Simulators::Remote(BaseUrl::parse("http://127.0.0.1:9999").unwrap())));
}

#[test]
fn live_mode_names_everything_that_it_lacks() {
    let refused = Written::variables(&[("MONEYBRIDGE_MODE", "live")]).keys_refused();
    let expected = ["sms.client_id", "sms.client_secret", "sms.sender_address", "public_url", "keys.master"];
    assert_eq!(refused, expected);
    let config = Written::variables(LIVE).config();
    assert_eq!((config.mode, config.simulators.is_none()), (Mode::Live, true));
    assert!(config.wave.is_empty() && config.corridors.is_empty(), "the sandbox's are not there");
    assert!(config.allowed_hosts.allows("pay.example.com") && !config.allowed_hosts.allows("localhost"));
    assert_eq!(config.sms.base_url(None), "https://api.orange.com");
    assert!(config.master_key().is_ok_and(|key| key.to_base64().as_str() == KEY));
}

#[test]
fn the_example_of_a_live_gateway_lacks_its_secrets_only() {
    let lines = include_str!("../../.env.example").lines();
    let pairs: Vec<_> =
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect();
    let wallet = "wave.wallets.sn";
    let expected = [
        "sms.client_id".to_owned(),
        "sms.client_secret".to_owned(),
        format!("{wallet}.api_key"),
        format!("{wallet}.webhook.secrets"),
        "keys.master".to_owned(),
    ];
    assert_eq!(Written::variables(&pairs).keys_refused(), expected);
}

#[test]
fn live_mode_refuses_what_is_not_real() {
    let cases: [(&str, &str, &str, &str); 11] = [
        ("MONEYBRIDGE_PUBLIC_URL", "http://pay.example.com", "public_url", "is not https"),
        ("MONEYBRIDGE_SMS_SENDER", "console", "sms.sender", "one-time passwords"),
        ("MONEYBRIDGE_SMS_CLIENT_SECRET", "sandbox-secret", "sms.client_secret", "is a sandbox secret"),
        ("MONEYBRIDGE_SMS_BASE_URL", "http://api.orange.com", "sms.base_url", "is not https"),
        ("MONEYBRIDGE_SANDBOX_EMBEDDED", "true", "sandbox.embedded", "simulators"),
        ("MONEYBRIDGE_SANDBOX_URL", "http://127.0.0.1:1", "sandbox.url", "simulators"),
        ("MONEYBRIDGE_DANGEROUS_PUBLIC_SANDBOX", "true", "dangerous_public_sandbox", "is for sandbox mode"),
        ("MONEYBRIDGE_TRUSTED_PROXIES", "0.0.0.0/0", "trusted_proxies", "believes everybody"),
        (
            "MONEYBRIDGE_WAVE_WALLETS_SN_API_KEY",
            "wave_sn_prod_sandbox",
            "wave.wallets.sn.api_key",
            "a sandbox secret",
        ),
        (
            "MONEYBRIDGE_WAVE_WALLETS_SN_WEBHOOK_SECRETS",
            "a,wave_sn_WHS_sandbox",
            "wave.wallets.sn.webhook.secrets",
            "a sandbox",
        ),
        (
            "MONEYBRIDGE_WAVE_WALLETS_SN_BASE_URL",
            "http://api.wave.com",
            "wave.wallets.sn.base_url",
            "is not https",
        ),
    ];
    for (name, value, key, words) in cases {
        let kept =
            LIVE.iter().chain(WAVE_SN).filter(|(other, _)| *other != name).copied().collect::<Vec<_>>();
        let error = load(&Written::variables(&kept).and(&[(name, value)]).sources).expect_err(name);
        let [problem] = error.0.as_slice() else { panic!("{name}: {error}") };
        assert!(problem.key == key && problem.what.contains(words), "{error}");
        assert_eq!(problem.source, format!("variable {name}"));
    }
}

/// A wallet by variables alone, as a hosting platform would have it.
const WAVE_SN: &[(&str, &str)] = &[
    ("MONEYBRIDGE_WAVE_WALLETS_SN_COUNTRY", "SN"),
    ("MONEYBRIDGE_WAVE_WALLETS_SN_CURRENCY", "XOF"),
    ("MONEYBRIDGE_WAVE_WALLETS_SN_API_KEY", "wave_sn_prod_x"),
    ("MONEYBRIDGE_WAVE_WALLETS_SN_WEBHOOK_SECRETS", "first, second"),
    ("MONEYBRIDGE_WAVE_WALLETS_SN_WEBHOOK_STRATEGY", "shared"),
];

#[test]
fn a_wallet_needs_no_file() {
    let config = Written::variables(LIVE).and(WAVE_SN).config();
    let [wallet] = config.wave.as_slice() else { panic!("one wallet") };
    assert_eq!((wallet.wallet.as_str(), wallet.country), ("sn", Country::SN));
    assert_eq!(wallet.webhook_proof, WebhookProof::Shared);
    let secrets: Vec<&str> = wallet.webhook_secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["first", "second"]);
    let bare = Written::variables(LIVE).and(&WAVE_SN[..1]).keys_refused();
    let lacking = ["currency", "api_key", "webhook.secrets"].map(|key| format!("wave.wallets.sn.{key}"));
    assert_eq!(bare, lacking);
    let named = Written::file("[wave.wallets.\"S N\"]\ncountry = \"SN\"").keys_refused();
    assert!(named.contains(&"wave.wallets.S N".to_owned()), "{named:?}");
}

#[test]
fn secrets_may_be_kept_in_files() {
    let written = Written::file("[keys]\nmaster_file = \"HERE/master\"\n");
    let toml = format!("[keys]\nmaster_file = {:?}\n", written.path("master"));
    std::fs::write(written.path("moneybridge.toml"), toml).unwrap();
    std::fs::write(written.path("master"), format!("{KEY}\n")).unwrap();
    std::fs::write(written.path("token"), OTHER_KEY).unwrap();
    std::fs::write(written.path("hooks"), "one\n\ntwo\n").unwrap();
    let (token, hooks) = (written.path("token"), written.path("hooks"));
    let written = written.and(&[
        ("MONEYBRIDGE_KEYS_TOKEN_FILE", token.to_str().unwrap()),
        ("MONEYBRIDGE_WAVE_WALLETS_CI_WEBHOOK_SECRETS_FILE", hooks.to_str().unwrap()),
        ("MONEYBRIDGE_SMS_CLIENT_SECRET_FILE", ""),
    ]);
    let config = written.config();
    assert_eq!(config.master_key().unwrap().to_base64().as_str(), KEY);
    assert_eq!(config.keys.token.unwrap().to_base64().as_str(), OTHER_KEY);
    assert_eq!(config.wave[0].webhook_secrets.len(), 2);
}

#[test]
fn a_secret_file_that_cannot_be_used() {
    let missing = Written::variables(&[("MONEYBRIDGE_KEYS_MASTER_FILE", "/nowhere/key")]);
    assert!(
        missing
            .refusal()
            .contains("keys.master (variable MONEYBRIDGE_KEYS_MASTER_FILE): cannot read /nowhere/key")
    );
    let both =
        Written::variables(&[("MONEYBRIDGE_KEYS_MASTER_FILE", "/nowhere"), ("MONEYBRIDGE_KEYS_MASTER", KEY)]);
    assert!(both.refusal().contains("is given both as a value and as a file"));
    let both = Written::file(&format!("[keys]\nmaster = \"{KEY}\"\nmaster_file = \"/nowhere\"\n"));
    assert!(both.refusal().contains("is given both as a value and as a file"));
    let not_secret = Written::variables(&[("MONEYBRIDGE_LISTEN_FILE", "/etc/hostname")]);
    assert_eq!(not_secret.keys_refused(), ["MONEYBRIDGE_LISTEN_FILE"]);
}

#[test]
fn a_secret_is_never_shown() {
    let secrets = [
        ("MONEYBRIDGE_KEYS_MASTER", "hunter2"),
        ("MONEYBRIDGE_DATABASE_URL", "mysql://u:hunter2@db"),
        ("MONEYBRIDGE_KEYS_TOKEN", "hunter2"),
    ];
    let refusal = Written::variables(&secrets).refusal();
    assert!(refusal.contains("3 problems") && !refusal.contains("hunter2"), "{refusal}");
    let wrong_type = Written::file("[keys]\nmaster = 4242424242\n").refusal();
    assert!(wrong_type.contains("keys.master") && !wrong_type.contains("4242"), "{wrong_type}");
    let unclosed = Written::file("[keys]\nmaster = \"hunter2\n").refusal();
    assert!(unclosed.contains("moneybridge.toml") && !unclosed.contains("hunter2"), "{unclosed}");
    let flag = Written::file("").flag("--set", "keys.master", KEY).refusal();
    assert!(flag.contains("others can read command lines") && !flag.contains(KEY), "{flag}");
    let config = Written::variables(LIVE).and(WAVE_SN).config();
    let printed = format!("{config:?}");
    for secret in [KEY, "s3cret", "wave_sn_prod_x", "first", "moneybridge.db"] {
        assert!(!printed.contains(secret), "{secret} is in {printed}");
    }
}

#[test]
fn a_named_file_has_to_be_there() {
    let mut written = Written::file("");
    written.sources.file = Some(written.path("other.toml"));
    assert!(written.refusal().contains("--config (HERE/other.toml): No such file"));
    std::fs::write(written.path("other.toml"), "listen = \"127.0.0.1:77\"").unwrap();
    assert_eq!(written.config().listen.port(), 77);
    let path = written.path("other.toml");
    let by_variable = Written::variables(&[("MONEYBRIDGE_CONFIG", path.to_str().unwrap())]);
    assert_eq!(by_variable.config().listen.port(), 77);
}

#[test]
fn corridors_are_served_by_somebody() {
    let corridor = |change: (&str, &str)| {
        let keys = [
            ("from_country", "\"SN\""),
            ("to_country", "\"CI\""),
            ("send_currency", "\"XOF\""),
            ("receive_currency", "\"XOF\""),
            ("funding_rails", "[\"wave\"]"),
            ("payout_rails", "[\"wave\", \"balance\"]"),
            ("fee_fixed", "\"0\""),
            ("fee_bps", "\"12.5\""),
            ("min", "\"100\""),
            ("max", "\"5000\""),
            ("delivery_estimate_s", "60"),
        ];
        let lines = keys.iter().map(|(key, value)| {
            let value = if *key == change.0 { change.1 } else { value };
            format!("{key} = {value}\n")
        });
        format!("[[corridors]]\n{}", lines.collect::<String>())
    };
    let config = Written::file(&corridor(("", ""))).config();
    assert_eq!(config.corridors.len(), 1, "a file's corridors replace the sandbox's");
    assert_eq!(config.corridors[0].fee_bps.to_string(), "12.5");
    let cases = [
        ("to_country", "\"ML\"", "corridors[0].payout_rails", "nobody can serve wave in ML and XOF"),
        ("funding_rails", "[\"mtn_momo\"]", "corridors[0].funding_rails", "nobody can serve mtn_momo"),
        ("funding_rails", "[]", "corridors[0].funding_rails", "names no rail"),
        ("funding_rails", "[\"pigeon\"]", "corridors[0].funding_rails", "pigeon"),
        ("from_country", "\"SEN\"", "corridors[0].from_country", "SEN"),
        ("send_currency", "\"xof\"", "corridors[0].send_currency", "xof"),
        ("min", "\"100.5\"", "corridors[0].min", "100.5"),
        ("max", "\"99\"", "corridors[0].max", "leaves nothing to send"),
        ("min", "\"0\"", "corridors[0].max", "leaves nothing to send"),
        ("fee_bps", "\"10001\"", "corridors[0].fee_bps", "contradicts itself"),
        ("fee_bps", "0.5", "corridors[0].fee_bps", "is not text in quotes"),
        ("fee_fixed", "\"-1\"", "corridors[0].fee_", "contradicts itself"),
    ];
    for (key, value, refused, words) in cases {
        let error = load(&Written::file(&corridor((key, value))).sources).expect_err(value);
        let found = error.0.iter().any(|p| p.key.starts_with(refused) && format!("{p}").contains(words));
        assert!(found, "{key} = {value}: {error}");
    }
    let twice = corridor(("", "")).repeat(2);
    assert_eq!(Written::file(&twice).keys_refused(), ["corridors[1]"]);
}

#[test]
fn payers_by_hand_are_told_what_to_quote_and_live_books_open_by_two_people() {
    let pot = |changes: &str| {
        let pot = "countries = [\"CN\"]\ncurrency = \"CNY\"\nconfirm_threshold = \"100.5\"\n";
        format!("[manual.wallets.cash]\n{pot}{changes}\n")
    };
    let said = "instructions = { fr = \"Motif {reference}\" }\n";
    let config = Written::file(&pot(said)).config();
    let cash = config.manual.iter().find(|one| one.wallet.as_str() == "cash").unwrap();
    assert_eq!((cash.confirm_threshold.minor(), cash.instructions.len(), cash.opening), (10_050, 1, None));
    for (changes, key) in [
        ("", "instructions"),
        ("instructions = { en = \"Pay us\" }", "instructions.en"),
        (&format!("{said}min = \"1.005\""), "min"),
        (&format!("{said}opening = \"much\""), "opening"),
    ] {
        assert_eq!(
            Written::file(&pot(changes)).keys_refused(),
            [format!("manual.wallets.cash.{key}")],
            "{changes}"
        );
    }
    let live = Written::file(&pot(&format!("{said}opening = \"5\""))).and(LIVE);
    assert_eq!(live.keys_refused(), ["manual.wallets.cash.opening"]);
    assert!(Written::file(&pot(said)).and(LIVE).config().manual.len() == 1);
}

#[test]
fn a_wallet_at_mtn_has_the_keys_of_a_product_or_none() {
    let product = |name: &str| {
        format!("{name} = {{ subscription_key = \"key\", api_user = \"user\", api_key = \"secret\" }}\n")
    };
    let written = |rest: &str| {
        let market = "country = \"CI\"\ncurrency = \"XOF\"\ntarget_environment = \"mtnivorycoast\"\n";
        Written::file(&format!("[mtn_momo.wallets.ci]\n{market}{rest}"))
    };
    let collecting = written(&product("collection")).config();
    let wallet = collecting.mtn.iter().find(|one| one.wallet.as_str() == "ci").unwrap();
    assert_eq!((wallet.collects(), wallet.pays()), (true, false));
    let remitting = format!("pay_by = \"remittance\"\n{}", product("remittance"));
    assert!(written(&remitting).config().mtn.iter().any(|one| !one.collects() && one.pays()));
    let at = |key: &str| vec![format!("mtn_momo.wallets.ci{key}")];
    for (rest, keys) in [
        (String::new(), at("")),
        (product("disbursement") + "pay_by = \"remittance\"", at("")),
        (product("collection") + "pay_by = \"cheque\"", at(".pay_by")),
        (product("collection") + "callback = \"v3\"", at(".callback")),
        (product("collection") + "token_body = \"form\"", at(".token_body")),
        (product("collection") + "max = \"0.5\"", at(".max")),
        (product("collection").replace("user\"", "us er\""), at(".collection.api_user")),
        (product("collection").replace("key = \"secret\"", "key = \"\""), at(".collection.api_key")),
    ] {
        assert_eq!(written(&rest).keys_refused(), keys, "{rest}");
    }
    let sandboxed = product("collection") + "wire_currency = \"EUR\"";
    assert_eq!(written(&sandboxed).and(LIVE).keys_refused(), at(".wire_currency"));
    assert!(written(&product("collection")).and(LIVE).config().mtn.len() == 1);
}

#[test]
fn an_address_that_is_too_long_for_web_payment_is_refused_at_the_start() {
    let with = |url: String| Written::file(&format!("public_url = \"{url}\""));
    let url = |length: usize| format!("http://{}.example", "x".repeat(length - 15));
    assert!(with(url(51)).config().orange_web.len() == 1);
    assert_eq!(with(url(52)).keys_refused(), ["public_url"]);
    assert!(with(url(52)).refusal().contains("is longer than 51 characters"));
}

#[test]
fn orange_s_accounts_are_whole_and_bounded() {
    let config = Written::file("").config();
    let gn = &config.orange_web[0];
    let limits = [gn.min, gn.max].map(|limit| limit.unwrap().to_string());
    assert_eq!(limits, ["1000 GNF", "30000000 GNF"], "what wallets in Guinea take");
    let simulators = BaseUrl::parse("http://127.0.0.1:8081").unwrap();
    assert_eq!(gn.base_url(Some(&simulators)), "http://127.0.0.1:8081/orange");
    let ours = config.sonatel.as_ref().unwrap();
    assert_eq!(ours.base_url(Some(&simulators)), "http://127.0.0.1:8081/sonatel");
    for (changes, key) in [
        ("[orange_web.wallets.gn]\nenvironment = \"GN\"", "orange_web.wallets.gn.environment"),
        ("[orange_web.wallets.gn]\nmin = \"1.5\"", "orange_web.wallets.gn.min"),
        ("[orange_web.wallets.gn]\nlanguage = \"wo\"", "orange_web.wallets.gn.language"),
        ("[orange_sonatel]\nmerchant_code = \"12345\"", "orange_sonatel.merchant_code"),
        ("[orange_sonatel]\nretailer = \"+221781110001\"", "orange_sonatel.retailer"),
        ("[orange_sonatel]\nwebhook_proof = \"none\"", "orange_sonatel.webhook_proof"),
        ("[orange_sonatel]\nqr_validity_s = 59", "orange_sonatel.qr_validity_s"),
        ("[orange_sonatel]\nbase_url = \"https://api.orange-sonatel.com\"", "orange_sonatel.base_url"),
    ] {
        let refused = Written::file(changes).keys_refused();
        assert!(refused.iter().any(|refused| refused == key), "{changes}: {refused:?}");
    }
}

#[test]
fn every_setting_is_read() {
    let mut reader = Reader::new(layers::gather(&Written::file("").sources));
    sections::config(&mut reader);
    let catalogue = catalogue::Catalogue::read(DEFAULTS).unwrap();
    for path in catalogue.paths() {
        assert!(reader.looked_at.contains(path), "nobody reads {path}");
    }
    for path in &reader.looked_at {
        assert!(catalogue.kind(path).is_some(), "config.default.toml does not explain {path}");
    }
}

#[test]
fn payers_are_asked_for_their_name_where_there_are_lists() {
    let none = Written::file("").config().screening;
    assert_eq!((none.lists.len(), none.require_payer_name, none.threshold_percent), (0, false, 88));
    let lists = "[screening]\nlists = [\"un.csv\", \"eu.jsonl\"]\n";
    assert!(Written::file(lists).config().screening.require_payer_name);
    let without = Written::file(&format!("{lists}require_payer_name = false\n")).config();
    assert!(!without.screening.require_payer_name);
    assert!(without.corridors.iter().all(|corridor| corridor.require_payer_name.is_none()));
    let by_variable = Written::variables(&[("MONEYBRIDGE_SCREENING_LISTS", "a.csv,b.csv")]).config();
    assert_eq!(by_variable.screening.lists, [PathBuf::from("a.csv"), PathBuf::from("b.csv")]);
    for (wrong, key) in [
        ("lists = [\"one/un.csv\", \"two/un.jsonl\"]", "screening.lists"),
        ("threshold_percent = 69", "screening.threshold_percent"),
        ("threshold_percent = 101", "screening.threshold_percent"),
        ("reload_s = 0", "screening.reload_s"),
        ("stale_after_s = 59", "screening.stale_after_s"),
        ("list = \"un.csv\"", "screening.list"),
    ] {
        assert_eq!(Written::file(&format!("[screening]\n{wrong}\n")).keys_refused(), [key]);
    }
}

#[test]
fn rates_go_so_far_and_no_further() {
    let config = Written::file("").config();
    let limits = &config.rates.limits;
    assert_eq!((limits.approval_above_bps.to_string(), limits.approve_new_pairs), ("200".to_owned(), false));
    assert_eq!((config.rates.eur_xof_sell.to_string(), config.rates.max_age_s), ("150".to_owned(), 86_400));
    let feed = config.rates.feed.unwrap();
    let simulators = BaseUrl::parse("http://127.0.0.1:8081").unwrap();
    assert_eq!(
        feed.url(Some(&simulators)).unwrap().expose_secret(),
        "http://127.0.0.1:8081/rates/v6/latest/EUR"
    );
    let live = Written::variables(LIVE).config();
    assert!(live.rates.feed.is_none() && live.rates.limits.approve_new_pairs);
    assert_eq!(live.rates.eur_xof_sell.to_string(), "0");

    let bounds = Written::file("[rates]\nbounds = [\"EUR/GNF 5000 20000\"]\n").config().rates.limits.bounds;
    let (low, high) = bounds[&"EUR/GNF".parse().unwrap()];
    assert_eq!((low.to_string(), high.to_string()), ("5000".to_owned(), "20000".to_owned()));
}

#[test]
fn rates_that_cannot_be_are_refused() {
    for (toml, key) in [
        ("[rates]\npivot = \"ABC\"\n", "rates.pivot"),
        ("[rates]\napproval_above_bps = \"-1\"\n", "rates.approval_above_bps"),
        ("[rates]\nrefuse_above_factor = \"1\"\n", "rates.refuse_above_factor"),
        ("[rates]\neur_xof_buy_spread_bps = \"10000\"\n", "rates.eur_xof_buy_spread_bps"),
        ("[rates]\nbounds = [\"EUR/GNF 5 4\"]\n", "rates.bounds"),
        ("[rates]\nbounds = [\"EUR/GNF 0 4\"]\n", "rates.bounds"),
        ("[rates.feed]\npairs = [\"EUR/XOF\"]\n", "rates.feed.pairs"),
        ("[rates.feed]\npairs = [\"EUR/GNF\", \"GNF/EUR\"]\n", "rates.feed.pairs"),
        ("[rates.feed]\nurl = \"ftp://example.com\"\n", "rates.feed.url"),
        ("[rates.feed]\ninterval_s = 1\n", "rates.feed.interval_s"),
    ] {
        assert_eq!(Written::file(toml).keys_refused(), [key], "{toml}");
    }
    let live = |url: &str| {
        let toml = format!("[rates.feed]\npairs = [\"EUR/GNF\"]\n{url}");
        Written::file(&toml).and(LIVE).keys_refused()
    };
    assert_eq!(live(""), ["rates.feed.url"]);
    assert_eq!(live("url = \"http://example.com/latest?key=s3cret\"\n"), ["rates.feed.url"]);
    let refusal = Written::file("[rates.feed]\nurl = \"s3cret\"\n").refusal();
    assert!(!refusal.contains("s3cret"), "{refusal}");
}

const TOLD: &str = r#"
[alerts]
float_floors = ["float:wave:sn:XOF = 500000"]
[alerts.webhook]
url = "https://ops.example.com/alerts?token=hush"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
[alerts.mail]
host = "smtp.example.com"
username = "alerts"
password = "hush"
from = "MoneyBridge <alerts@example.com>"
to = ["ops@example.com", "Night <night@example.com>"]
"#;

#[test]
fn alerts_go_where_the_settings_say_and_nowhere_else() {
    let alerts = Written::file("").config().alerts;
    assert!(alerts.webhook.is_none() && alerts.mail.is_none() && alerts.float_floors.is_empty());
    let alerts = Written::file(TOLD).config().alerts;
    let (webhook, mail) = (alerts.webhook.unwrap(), alerts.mail.unwrap());
    assert_eq!(webhook.url.expose_secret(), "https://ops.example.com/alerts?token=hush");
    assert_eq!((mail.port, mail.to.len(), mail.credentials.is_some()), (587, 2, true));
    let [(account, floor)] = &alerts.float_floors[..] else { panic!("one floor") };
    assert_eq!((account.to_string(), floor.to_string()), ("float:wave:sn:XOF".into(), "500000 XOF".into()));
    for (security, port) in [("tls", 465), ("starttls", 587)] {
        let said = [("MONEYBRIDGE_ALERTS_MAIL_SECURITY", security)];
        assert_eq!(Written::file(TOLD).and(&said).config().alerts.mail.unwrap().port, port);
    }
}

#[test]
fn a_way_of_telling_that_cannot_work_is_refused() {
    let cases = [
        ("ALERTS_WEBHOOK_URL", "ftp://ops.example.com", "alerts.webhook.url"),
        ("ALERTS_WEBHOOK_SECRETS", "secret", "alerts.webhook.secrets"),
        ("ALERTS_MAIL_TO", "", "alerts.mail.to"),
        ("ALERTS_MAIL_TO", "ops@example.com,nobody", "alerts.mail.to"),
        ("ALERTS_MAIL_FROM", "nobody", "alerts.mail.from"),
        ("ALERTS_MAIL_SECURITY", "some", "alerts.mail.security"),
        ("ALERTS_MAIL_SECURITY", "none", "alerts.mail.security"),
        ("ALERTS_FLOAT_FLOORS", "float:wave:sn:XOF", "alerts.float_floors"),
        ("ALERTS_FLOAT_FLOORS", "fx:XOF = 1", "alerts.float_floors"),
        ("ALERTS_FLOAT_FLOORS", "float:wave:sn:XOF = 0.5", "alerts.float_floors"),
        ("ALERTS_LANGUAGE", "de", "alerts.language"),
        ("ALERTS_QUIET_S", "1", "alerts.quiet_s"),
    ];
    for (name, value, key) in cases {
        let name = format!("MONEYBRIDGE_{name}");
        let error = load(&Written::file(TOLD).and(&[(&name, value)]).sources).expect_err(&name);
        assert!(error.0.iter().any(|problem| problem.key == key), "{name}={value}: {error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}

#[test]
fn alerts_leave_this_machine_protected_in_live_mode() {
    let plain = [
        ("MONEYBRIDGE_ALERTS_WEBHOOK_URL", "http://ops.example.com/alerts", "alerts.webhook.url", true),
        ("MONEYBRIDGE_ALERTS_WEBHOOK_URL", "http://127.0.0.1:9/alerts", "alerts.webhook.url", false),
        ("MONEYBRIDGE_ALERTS_MAIL_SECURITY", "none", "alerts.mail.security", true),
    ];
    for (name, value, key, is_refused) in plain {
        let live: Vec<_> = LIVE.iter().copied().chain([(name, value)]).collect();
        let refused = load(&Written::file(TOLD).and(&live).sources).err();
        let names = |error: &ConfigError| error.0.iter().any(|problem| problem.key == key);
        assert_eq!(refused.as_ref().is_some_and(names), is_refused, "{name}={value}: {refused:?}");
    }
    let here = "[alerts.mail]\nhost = \"localhost\"\nsecurity = \"none\"\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]";
    assert_eq!(Written::file(here).and(LIVE).config().alerts.mail.unwrap().port, 25);
}
