//! People: customers who send money by their phones, and the house's own staff.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::{Answer, Ask, PATIENCE, TestApp};

/// A payee's number in Côte d'Ivoire; the last four digits choose how the simulated Wave treats it.
pub fn ivorian(tail: &str) -> String {
    format!("+225070707{tail}")
}

/// Somebody who is signed in.
pub struct Customer<'a> {
    pub app: &'a TestApp,
    pub phone: String,
    pub id: String,
    tokens: Mutex<(String, String)>,
    keys: AtomicU32,
}

/// An order under way.
pub struct Transfer<'c, 'a> {
    pub owner: &'c Customer<'a>,
    pub id: String,
}

impl<'a> Customer<'a> {
    pub async fn sign_in(app: &'a TestApp, phone: &str) -> Customer<'a> {
        let signed_in = prove_phone(app, phone).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Customer {
            app,
            phone: phone.to_owned(),
            id: text(&signed_in["user"]["id"]),
            tokens: Mutex::new((text(&signed_in["access_token"]), text(&signed_in["refresh_token"]))),
            keys: AtomicU32::new(1),
        }
    }

    pub fn token(&self) -> String {
        self.tokens.lock().unwrap().0.clone()
    }

    /// A key that this customer has not used.
    pub fn fresh_key(&self) -> String {
        format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Asks in their own name; a session that ran out is renewed.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let answer = self.app.ask(ask.clone().bearer(&self.token())).await;
        if answer.status != 401 {
            return answer;
        }
        self.renew().await;
        self.app.ask(ask.bearer(&self.token())).await
    }

    async fn renew(&self) {
        let refresh = json!({ "refresh_token": self.tokens.lock().unwrap().1 });
        let renewed = self.app.ask(Ask::post("/v1/auth/refresh", &refresh)).await;
        // After a week away one signs in anew.
        let renewed = match renewed.status {
            401 => prove_phone(self.app, &self.phone).await,
            _ => renewed.expect(200),
        };
        let text = |name: &str| renewed[name].as_str().unwrap().to_owned();
        *self.tokens.lock().unwrap() = (text("access_token"), text("refresh_token"));
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask(Ask::get(path)).await.expect(200)
    }

    /// A quote from Senegal to Côte d'Ivoire, or within Senegal when nothing leaves for a wallet there.
    pub async fn quote(&self, amount: &str, side: &str, (from, to): (&str, &str)) -> Value {
        let ask = quote_ask(amount, side, (from, to));
        self.ask(Ask::post("/v1/quotes", &ask)).await.expect(201)
    }

    /// Asks for a transfer over a quote.
    pub async fn order(&self, key: &str, order: &Value) -> Answer {
        self.ask(Ask::post("/v1/transfers", order).key(key)).await
    }

    /// Euros from France, by `rail`, to francs in Senegal's Wave: accepted, and asked of the bank.
    pub async fn sends_euros(
        &self,
        amount: &str,
        rail: &str,
        payer: &Value,
        payee: &str,
    ) -> Transfer<'_, 'a> {
        let quote = self.euro_quote(amount, rail).await;
        let accepted = self.order(&self.fresh_key(), &self.euro_order(&quote, rail, payer, payee)).await;
        let transfer = self.transfer(accepted.expect(201)["id"].as_str().unwrap());
        self.app.quiet().await;
        transfer
    }

    pub async fn euro_quote(&self, amount: &str, rail: &str) -> Value {
        self.ask(Ask::post("/v1/quotes", &euro_ask(amount, rail))).await.expect(201)
    }

    pub fn euro_order(&self, quote: &Value, rail: &str, payer: &Value, payee: &str) -> Value {
        let mut named = json!({ "rail": rail, "name": "Awa Exemple", "email": "awa@example.org" });
        named.as_object_mut().unwrap().extend(payer.as_object().unwrap().clone());
        json!({
            "quote_id": quote["id"],
            "payer": named,
            "payee": { "rail": "wave", "phone": payee, "name": "Moussa Exemple", "country": "SN" },
            "purpose": "Family support",
        })
    }

    /// A transfer that was accepted: `sends("10000", ("wave", "wave"), payee)`.
    pub async fn sends(&self, amount: &str, rails: (&str, &str), payee: &Value) -> Transfer<'_, 'a> {
        let quote = self.quote(amount, "send", rails).await;
        let order = self.order_over(&quote, rails, payee);
        let accepted = self.order(&self.fresh_key(), &order).await.expect(201);
        self.transfer(accepted["id"].as_str().unwrap())
    }

    /// From this customer's Wave wallet to an Ivorian one; the session at Wave is open.
    pub async fn sends_to(&self, payee: &str) -> Transfer<'_, 'a> {
        let transfer = self.sends("10000", ("wave", "wave"), &json!({ "phone": payee })).await;
        self.app.quiet().await;
        transfer
    }

    pub fn transfer(&self, id: &str) -> Transfer<'_, 'a> {
        Transfer { owner: self, id: id.to_owned() }
    }

    /// The body of an order over `quote`; `payee` has `phone` or `account`.
    pub fn order_over(&self, quote: &Value, (from, to): (&str, &str), payee: &Value) -> Value {
        let mut named = json!({ "rail": to, "name": "Kouassi Exemple", "country": quote["to_country"] });
        named.as_object_mut().unwrap().extend(payee.as_object().unwrap().clone());
        json!({
            "quote_id": quote["id"],
            "payer": { "rail": from, "phone": self.phone, "name": "Awa Exemple" },
            "payee": named,
            "purpose": "Family support",
        })
    }

    /// Puts money on their own balance by Wave.
    pub async fn tops_up(&self, amount: &str) {
        let transfer = self.sends(amount, ("wave", "balance"), &json!({ "account": self.id })).await;
        self.app.quiet().await;
        transfer.pay().await;
        transfer.shows("completed").await;
    }

    /// What we owe them, from the books.
    pub async fn balance(&self) -> i64 {
        let name = format!("customer:{}:XOF", self.id);
        self.app.balances().await.get(&name).copied().unwrap_or(0)
    }
}

/// What a quote from euros in France to francs in Senegal is asked with.
pub fn euro_ask(amount: &str, rail: &str) -> Value {
    json!({
        "send_currency": "EUR",
        "receive_currency": "XOF",
        "amount": { "amount": amount, "currency": "EUR" },
        "side": "send",
        "funding_rail": rail,
        "payout_rail": "wave",
        "from_country": "FR",
        "to_country": "SN",
    })
}

/// A payee's number in Senegal; the last four digits choose how the simulated Wave treats it.
pub fn senegalese(tail: &str) -> String {
    format!("+22177660{tail}")
}

/// What a quote is asked with. Between balances the money stays in Senegal.
pub fn quote_ask(amount: &str, side: &str, (from, to): (&str, &str)) -> Value {
    json!({
        "send_currency": "XOF",
        "receive_currency": "XOF",
        "amount": { "amount": amount, "currency": "XOF" },
        "side": side,
        "funding_rail": from,
        "payout_rail": to,
        "from_country": "SN",
        "to_country": if to == "balance" { "SN" } else { "CI" },
    })
}

impl Transfer<'_, '_> {
    pub fn path(&self) -> String {
        format!("/v1/transfers/{}", self.id)
    }

    pub async fn now(&self) -> Value {
        self.owner.get(&self.path()).await
    }

    /// The transfer stands so, or the test fails with everything that happened.
    pub async fn shows(&self, status: &str) {
        let shown = self.now().await["status"].as_str().unwrap().to_owned();
        if shown != status {
            panic!("expected {status}, shown {shown}; what happened:\n{}", self.whole_story().await);
        }
    }

    /// What its owner reads in the timeline, as words.
    pub async fn story(&self) -> Vec<String> {
        let timeline = self.owner.get(&format!("{}/timeline", self.path())).await;
        let word = |line: &Value| line["event"].as_str().unwrap().to_owned();
        timeline["data"].as_array().unwrap().iter().map(word).collect()
    }

    /// Every line, those for staff too: "event reference kind status detail".
    pub async fn whole_story(&self) -> String {
        let id = self.id.parse().unwrap();
        let app = self.owner.app.app();
        let mut reader = app.db.read().await.unwrap();
        let lines = store::movements::timeline(&mut reader.conn(), id).await.unwrap();
        let shown = |line: &store::movements::StoredHappening| {
            let movement = line.movement.as_ref().map(|(r, kind, state)| format!(" {kind} {r} {state}"));
            format!("{} {}{} {}\n", line.at, line.event, movement.unwrap_or_default(), line.detail)
        };
        lines.iter().map(shown).collect()
    }

    /// References of its movements of this kind, oldest first.
    pub async fn references(&self, kind: &str) -> Vec<String> {
        let id = self.id.parse().unwrap();
        let app = self.owner.app.app();
        let mut reader = app.db.read().await.unwrap();
        let movements = store::movements::of_transfer(&mut reader.conn(), id).await.unwrap();
        let of_kind = movements.iter().filter(|movement| movement.kind.as_str() == kind);
        of_kind.map(|movement| movement.reference.to_string()).collect()
    }

    /// The newest movement of this kind.
    pub async fn reference(&self, kind: &str) -> String {
        self.references(kind).await.pop().unwrap_or_else(|| panic!("no {kind} yet"))
    }

    /// The payer pays at Wave, and everything that follows at once has happened.
    pub async fn pay(&self) {
        self.owner.app.wave().pay(&self.reference("collection").await).await;
        self.owner.app.quiet().await;
    }

    pub async fn act(&self, action: &str, key: &str, body: &Value) -> Answer {
        self.owner.ask(Ask::post(format!("{}/{action}", self.path()), body).key(key)).await
    }

    pub async fn cancel(&self) -> Answer {
        self.act("cancel", &self.owner.fresh_key(), &json!({})).await
    }
}

/// An operator or admin, signed in with both factors.
pub struct Staff<'a> {
    app: &'a TestApp,
    token: String,
}

impl<'a> Staff<'a> {
    pub async fn sign_in(app: &'a TestApp, role: &str) -> Staff<'a> {
        Staff::sign_in_nth(app, role, 0).await
    }

    /// Of those with this role, the `nth` from 0.
    pub async fn sign_in_nth(app: &'a TestApp, role: &str, nth: usize) -> Staff<'a> {
        let sandbox = app.ask(Ask::get("/v1/sandbox")).await.expect(200);
        let of_role = |one: &&Value| one["role"] == role;
        let one = sandbox["admins"].as_array().unwrap().iter().filter(of_role).nth(nth).unwrap();
        let first = prove_phone(app, one["phone"].as_str().unwrap()).await;
        assert_eq!(first["second_factor"], "totp", "staff need their second factor");
        let secret = Secret::try_from_base32(one["totp_secret"].as_str().unwrap()).unwrap();
        let totp = Builder::new().with_secret(secret).with_account_name("staff").build().unwrap();
        let seconds = u64::try_from(app.app().clock.now().timestamp()).unwrap();
        let proof =
            json!({ "challenge_id": first["challenge_id"], "code": totp.generate(seconds).to_string() });
        let second = app.ask(Ask::post("/v1/auth/totp/verify", &proof)).await.expect(200);
        Staff { app, token: second["access_token"].as_str().unwrap().to_owned() }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn ask(&self, ask: Ask) -> Answer {
        self.app.ask(ask.bearer(&self.token)).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask(Ask::get(path)).await.expect(200)
    }
}

/// Asks for a code, reads it on the simulated phone, and shows it.
async fn prove_phone(app: &TestApp, phone: &str) -> Value {
    let before = app.messages(phone).await.len();
    let asked = json!({ "phone": phone, "channel": "sms" });
    let challenge = app.ask(Ask::post("/v1/auth/otp", &asked)).await.expect(202);
    let begun = std::time::Instant::now();
    let message = loop {
        let messages = app.messages(phone).await;
        if let Some(message) = messages.get(before) {
            break message.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "no code came to {phone}");
        tokio::time::sleep(super::LOOK_AGAIN).await;
    };
    let mut numbers = message.split(|letter: char| !letter.is_ascii_digit());
    let code = numbers.find(|digits| digits.len() == 6).unwrap();
    let proof = json!({ "challenge_id": challenge["challenge_id"], "code": code });
    app.ask(Ask::post("/v1/auth/otp/verify", &proof)).await.expect(200)
}
