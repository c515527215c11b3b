//! A person with a phone: signs in by the code that it receives, and asks the gateway for things in their own name.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::http::{Answer, Request, text};
use super::stage::Stage;

/// Digits of a one-time password.
const DIGITS: usize = 6;

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Person<'s> {
    pub stage: &'s Stage,
    pub phone: String,
    tokens: Mutex<Tokens>,
}

#[derive(Clone, Debug)]
struct Tokens {
    access: String,
    refresh: String,
}

impl<'s> Person<'s> {
    /// A customer, by the code sent to their phone.
    pub async fn sign_in(stage: &'s Stage, phone: &str) -> anyhow::Result<Person<'s>> {
        let answer = by_text_message(stage, phone).await?;
        Person::with(stage, phone, &answer)
    }

    /// One of the house, by the code sent to their phone and one of their second factor.
    pub async fn sign_in_as_staff(stage: &'s Stage, phone: &str, secret: &str) -> anyhow::Result<Person<'s>> {
        let answer = by_text_message(stage, phone).await?;
        let challenge = text(&answer, "challenge_id");
        anyhow::ensure!(text(&answer, "second_factor") == "totp", "{phone} is not asked for a second factor");
        let code = second_factor(secret, stage.now().timestamp())?;
        let body = json!({ "challenge_id": challenge, "code": code });
        let answer = stage.gateway.server().ask(&Request::post("/v1/auth/totp/verify", body)).await?;
        Person::with(stage, phone, &answer)
    }

    fn with(stage: &'s Stage, phone: &str, answer: &Value) -> anyhow::Result<Person<'s>> {
        Ok(Person { stage, phone: phone.to_owned(), tokens: Mutex::new(Tokens::of(answer)?) })
    }

    /// The body of a success.
    pub async fn ask(&self, request: Request) -> anyhow::Result<Value> {
        self.send(&request).await?.success(&request)
    }

    /// The code of a refusal with `status`.
    pub async fn refused(&self, request: Request, status: u16) -> anyhow::Result<String> {
        let answer = self.send(&request).await?;
        let code = text(&answer.body, "code").to_owned();
        anyhow::ensure!(answer.status == status, "{} {code} instead of a refusal", answer.status);
        Ok(code)
    }

    /// The answer to `request`, with fresh tokens when the old ones have run out.
    async fn send(&self, request: &Request) -> anyhow::Result<Answer> {
        let server = self.stage.gateway.server();
        let tokens = self.tokens();
        let answer = server.send(&request.clone().bearer(&tokens.access)).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let refresh = Request::post("/v1/auth/refresh", json!({ "refresh_token": tokens.refresh }));
        let refreshed = server.send(&refresh).await?;
        let fresh = match refreshed.status {
            401 => Tokens::of(&by_text_message(self.stage, &self.phone).await?)?,
            _ => Tokens::of(&refreshed.success(&refresh)?)?,
        };
        let request = request.clone().bearer(&fresh.access);
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        server.send(&request).await
    }

    fn tokens(&self) -> Tokens {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tokens {
    fn of(answer: &Value) -> anyhow::Result<Tokens> {
        let (access, refresh) = (text(answer, "access_token"), text(answer, "refresh_token"));
        anyhow::ensure!(!access.is_empty() && !refresh.is_empty(), "signing in gave no tokens");
        Ok(Tokens { access: access.to_owned(), refresh: refresh.to_owned() })
    }
}

/// Asks for a code, reads it on the phone and shows it.
async fn by_text_message(stage: &Stage, phone: &str) -> anyhow::Result<Value> {
    let server = stage.gateway.server();
    let known = stage.inbox(phone).await?.len();
    let challenge = Request::post("/v1/auth/otp", json!({ "phone": phone, "channel": "sms" }));
    let challenge = server.ask(&challenge).await?;
    let code = stage.told(phone, known, |message| code_in(message).map(str::to_owned)).await?;
    let proof = json!({ "challenge_id": text(&challenge, "challenge_id"), "code": code });
    server.ask(&Request::post("/v1/auth/otp/verify", proof)).await
}

/// The one group of six digits in a message.
fn code_in(message: &str) -> Option<&str> {
    message.split(|letter: char| !letter.is_ascii_digit()).find(|digits| digits.len() == DIGITS)
}

/// What an authenticator app shows at `seconds` since 1970.
fn second_factor(secret: &str, seconds: i64) -> anyhow::Result<String> {
    let secret = Secret::try_from_base32(secret).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let totp = Builder::new().with_secret(secret).with_account_name("staff").build()?;
    Ok(totp.generate(u64::try_from(seconds)?).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_among_other_numbers() {
        assert_eq!(code_in("012345 est votre code. Il est valable 5 minutes."), Some("012345"));
        assert_eq!(code_in("Call +221770000001. Code: 987654."), Some("987654"));
        assert_eq!(code_in("12345 1234567"), None);
    }

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn the_second_factor_is_that_of_the_rfc() {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(second_factor(secret, 1_111_111_109).unwrap(), "081804");
        assert!(second_factor("not base32", 0).is_err());
    }
}
