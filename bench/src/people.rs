//! Customers of a book, signed in as everybody signs in: by the code that comes to their (simulated) phone.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::UserId;
use futures::future::join_all;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::book::now;
use crate::load::{Connection, request};

/// Sign-ins under way at the same time.
const AT_ONCE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// Somebody with an access token that outlives the run.
#[derive(Clone, Debug)]
pub struct Customer {
    pub user: UserId,
    pub token: String,
}

impl Customer {
    /// The header that names them.
    pub fn authorization(&self) -> String {
        format!("authorization: Bearer {}", self.token)
    }
}

/// Signs so many customers in.
pub async fn sign_in(
    gateway: SocketAddr,
    simulators: SocketAddr,
    count: usize,
) -> anyhow::Result<Vec<Customer>> {
    let line = async |first: usize| -> anyhow::Result<Vec<Customer>> {
        let mut desk = Connection::open(gateway).await?;
        let mut phones = Connection::open(simulators).await?;
        let mut customers = Vec::new();
        for number in (first..count).step_by(AT_ONCE) {
            let phone = format!("+22177{:07}", 1_000_000 + number);
            customers.push(signed_in(&prove(&mut desk, &mut phones, &phone).await?)?);
        }
        Ok(customers)
    };
    let lines = join_all((0..AT_ONCE).map(line)).await;
    Ok(lines.into_iter().collect::<anyhow::Result<Vec<_>>>()?.concat())
}

/// Signs in one of the admins that a sandbox has, with the code of their authenticator.
pub async fn admin(gateway: SocketAddr, simulators: SocketAddr) -> anyhow::Result<Customer> {
    let mut desk = Connection::open(gateway).await?;
    let (_, sandbox) = desk.ask(&request("GET", "/v1/sandbox", &[], b"")).await?;
    let staff = sandbox["admins"].as_array().context("a sandbox without staff")?;
    let admin = staff.iter().find(|one| one["role"] == "admin").context("a sandbox without admins")?;
    let phone = admin["phone"].as_str().unwrap_or_default();
    let first = prove(&mut desk, &mut Connection::open(simulators).await?, phone).await?;
    let secret = Secret::try_from_base32(admin["totp_secret"].as_str().unwrap_or_default())
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let totp = Builder::new().with_secret(secret).with_account_name("bench").build();
    let totp = totp.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let code = totp.generate(u64::try_from(now().timestamp())?).to_string();
    let proof = json!({ "challenge_id": first["challenge_id"], "code": code });
    signed_in(&post(&mut desk, "/v1/auth/totp/verify", &proof).await?)
}

/// Asks for a code, reads it on the simulated phone, and shows it.
async fn prove(desk: &mut Connection, phones: &mut Connection, phone: &str) -> anyhow::Result<Value> {
    let asked = post(desk, "/v1/auth/otp", &json!({ "phone": phone, "channel": "sms" })).await?;
    let code = code(phones, phone).await?;
    let proof = json!({ "challenge_id": asked["challenge_id"], "code": code });
    post(desk, "/v1/auth/otp/verify", &proof).await
}

fn signed_in(answer: &Value) -> anyhow::Result<Customer> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a sign-in without its fields");
    let user = text(&answer["user"]["id"])?;
    let user = user.parse().map_err(|_| anyhow::anyhow!("{user} is no user"))?;
    Ok(Customer { user, token: text(&answer["access_token"])? })
}

/// Six digits of the message that comes to `phone`.
async fn code(phones: &mut Connection, phone: &str) -> anyhow::Result<String> {
    let path = format!("/sms/inbox?to={}", phone.replace('+', "%2B"));
    let look = request("GET", &path, &[], b"");
    let begun = Instant::now();
    loop {
        let (_, inbox) = phones.ask(&look).await?;
        if let Some(message) = inbox["data"][0]["body"].as_str() {
            let mut numbers = message.split(|letter: char| !letter.is_ascii_digit());
            return numbers.find(|digits| digits.len() == 6).map(str::to_owned).context("no code in it");
        }
        ensure!(begun.elapsed() < PATIENCE, "no code came to {phone}");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn post(desk: &mut Connection, path: &str, body: &Value) -> anyhow::Result<Value> {
    let (status, answer) = desk.ask(&request("POST", path, &[], body.to_string().as_bytes())).await?;
    ensure!((200..300).contains(&status), "{path} was answered {status}: {answer}");
    Ok(answer)
}
