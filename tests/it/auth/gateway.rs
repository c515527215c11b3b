//! A whole gateway with its simulators, on a database of its own, spoken to over HTTP.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moneybridge::app::App;
use moneybridge::commands::serve::Gateway;
use moneybridge::config::{Flag, Sources, load};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::testkit::TestDb;
use tempfile::TempDir;

/// How long a message may take to reach a simulated phone.
const PATIENCE: Duration = Duration::from_secs(10);

/// What makes a test's gateway patient: the budgets and limits that are not under test.
const PATIENT: [(&str, &str); 7] = [
    ("sms.budget_per_number_hour", "100000"),
    ("sms.budget_per_number_day", "100000"),
    ("sms.budget_per_prefix_hour", "100000"),
    ("sms.budget_per_day", "100000"),
    ("limits.auth_requests_per_minute", "1000000"),
    ("limits.requests_per_minute", "1000000"),
    ("limits.burst", "1000000"),
];

/// A running gateway.
pub struct TestGateway {
    gateway: Gateway,
    client: reqwest::Client,
    url: String,
    _folder: TempDir,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

/// The tokens of somebody who signed in.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub user: String,
}

/// One of the sandbox's staff.
#[derive(Clone, Debug)]
pub struct Staff {
    pub phone: String,
    pub secret: Vec<u8>,
}

impl TestGateway {
    /// With patient limits.
    pub async fn start(db: &TestDb) -> TestGateway {
        TestGateway::start_with(db, &[]).await
    }

    /// With settings of one's own over the patient ones.
    pub async fn start_with(db: &TestDb, settings: &[(&str, &str)]) -> TestGateway {
        let folder = tempfile::tempdir().unwrap();
        let own = [
            ("data_dir", folder.path().to_str().unwrap()),
            ("database.url", db.url()),
            ("listen", "127.0.0.1:0"),
            ("sandbox.listen", "127.0.0.1:0"),
        ];
        let flag = |(path, value): &(&str, &str)| Flag {
            name: "--set".into(),
            path: (*path).to_owned(),
            value: (*value).to_owned(),
        };
        let flags = own.iter().chain(&PATIENT).chain(settings).map(flag).collect();
        let sources = Sources { file: None, folder: folder.path().into(), variables: vec![], flags };
        let gateway = Gateway::start(load(&sources).unwrap()).await.unwrap();
        let url = format!("http://{}", gateway.address);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        TestGateway { gateway, client, url, _folder: folder }
    }

    /// Its parts, for what no route shows.
    pub fn app(&self) -> &App {
        &self.gateway.app
    }

    /// Orderly end.
    pub async fn stop(self) {
        drop(self.client);
        self.gateway.stop().await.unwrap();
    }

    /// Sends a request without a token.
    pub async fn open(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send(method, path, None, body).await
    }

    /// Sends a request with an access token.
    pub async fn with(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send(method, path, Some(token), body).await
    }

    async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        self.send_from(None, method, path, token, body).await
    }

    /// Sends a request from a device that proves itself, or from none.
    pub async fn send_from(
        &self,
        device: Option<&str>,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let headers: Vec<_> = device.map(|device| ("x-device-id", device)).into_iter().collect();
        self.send_with(&headers, method, path, token, body).await
    }

    /// Sends a request with headers of its own.
    pub async fn send_with(
        &self,
        headers: &[(&str, &str)],
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    /// Asks for a code and gives the challenge.
    pub async fn ask_code(&self, phone: &str) -> String {
        let body = json!({ "phone": phone, "channel": "sms" });
        let answer = self.open(Method::POST, "/v1/auth/otp", Some(body)).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        answer.text("challenge_id")
    }

    /// Shows a code.
    pub async fn show_code(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({ "challenge_id": challenge, "code": code });
        self.open(Method::POST, "/v1/auth/otp/verify", Some(body)).await
    }

    /// Signs a customer in from a device that proves itself.
    pub async fn sign_in_from(&self, device: &str, phone: &str) -> Tokens {
        let (challenge, code) = self.code_for(phone).await;
        let body = json!({ "challenge_id": challenge, "code": code });
        let path = "/v1/auth/otp/verify";
        let answer = self.send_from(Some(device), Method::POST, path, None, Some(body)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.tokens()
    }

    /// Renews a session, from a device that proves itself or from none.
    pub async fn refresh_from(&self, device: Option<&str>, token: &str) -> Answer {
        let body = json!({ "refresh_token": token });
        self.send_from(device, Method::POST, "/v1/auth/refresh", None, Some(body)).await
    }

    /// Waits until a message with `part` in it has come to `phone`.
    pub async fn is_told(&self, phone: &str, part: &str) {
        let since = std::time::Instant::now();
        while !self.messages(phone).await.iter().any(|message| message.contains(part)) {
            assert!(since.elapsed() < PATIENCE, "{phone} was not told {part:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The texts on a simulated phone, newest first.
    pub async fn messages(&self, phone: &str) -> Vec<String> {
        let simulation = self.app().simulation.as_ref().unwrap();
        let url = simulation.url.join(&format!("/sms/inbox?to={}", phone.replace('+', "%2B")));
        let inbox: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        inbox["data"].as_array().unwrap().iter().map(|sms| sms["body"].as_str().unwrap().to_owned()).collect()
    }

    /// Asks for a code, waits for its message and reads it: challenge and code.
    pub async fn code_for(&self, phone: &str) -> (String, String) {
        let before = self.messages(phone).await.len();
        let challenge = self.ask_code(phone).await;
        let since = std::time::Instant::now();
        loop {
            let messages = self.messages(phone).await;
            if messages.len() > before {
                return (challenge, messages[0].chars().filter(char::is_ascii_digit).take(6).collect());
            }
            assert!(since.elapsed() < PATIENCE, "no message came to {phone}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Signs a customer in.
    pub async fn sign_in(&self, phone: &str) -> Tokens {
        let (challenge, code) = self.code_for(phone).await;
        let answer = self.show_code(&challenge, &code).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.tokens()
    }

    /// The sandbox's staff: two admins, then an operator.
    pub async fn staff(&self) -> Vec<Staff> {
        let sandbox = self.open(Method::GET, "/v1/sandbox", None).await;
        let one = |staff: &Value| Staff {
            phone: staff["phone"].as_str().unwrap().to_owned(),
            secret: base32(staff["totp_secret"].as_str().unwrap()),
        };
        sandbox.body["admins"].as_array().unwrap().iter().map(one).collect()
    }

    /// Proves a member of staff's number, and gives the challenge for the second factor.
    pub async fn first_factor(&self, staff: &Staff) -> String {
        let (challenge, code) = self.code_for(&staff.phone).await;
        let answer = self.show_code(&challenge, &code).await;
        assert_eq!((answer.status.as_u16(), answer.text("second_factor").as_str()), (200, "totp"));
        assert_eq!(answer.body.get("access_token"), None);
        answer.text("challenge_id")
    }

    /// Shows a second factor for a challenge.
    pub async fn second_factor(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({ "challenge_id": challenge, "code": code });
        self.open(Method::POST, "/v1/auth/totp/verify", Some(body)).await
    }

    /// Signs a member of staff in, by the step that the gateway's clock shows.
    pub async fn sign_in_staff(&self, staff: &Staff) -> Tokens {
        let challenge = self.first_factor(staff).await;
        let answer = self.second_factor(&challenge, &staff.code(self.now(), 0)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.tokens()
    }

    /// What the gateway's clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        self.app().clock.now()
    }

    /// Moves the clock to tomorrow, nine o'clock UTC: windows of hours and days begin and end far from there.
    pub async fn tomorrow_morning(&self) {
        let day = 86_400;
        let now = self.now().timestamp();
        self.advance((now / day + 1) * day + 9 * 3_600 - now).await;
    }

    /// Moves the gateway's clock, and the simulators'.
    pub async fn advance(&self, seconds: i64) {
        let body = json!({ "advance_seconds": seconds });
        let answer = self.open(Method::POST, "/v1/sandbox/clock", Some(body)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
}

impl Answer {
    /// A field that is text.
    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", self.body)).to_owned()
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        (self.status.as_u16(), self.text("code"))
    }

    /// The tokens of a sign-in.
    pub fn tokens(&self) -> Tokens {
        assert_eq!(self.text("token_type"), "Bearer");
        Tokens {
            access: self.text("access_token"),
            refresh: self.text("refresh_token"),
            user: self.body["user"]["id"].as_str().unwrap().to_owned(),
        }
    }
}

impl Staff {
    /// The code of the step at `now`, or of one `steps` later or earlier.
    pub fn code(&self, now: DateTime<Utc>, steps: i64) -> String {
        let totp = totp_rs::Builder::new().with_secret(self.secret.as_slice()).with_account_name("x").build();
        let seconds = u64::try_from(now.timestamp() + 30 * steps).unwrap();
        totp.unwrap().generate(seconds).to_string()
    }
}

fn base32(text: &str) -> Vec<u8> {
    totp_rs::Secret::try_from_base32(text).unwrap().as_ref().to_vec()
}
