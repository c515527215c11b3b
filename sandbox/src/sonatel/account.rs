//! Balances by PIN, profiles, and the sandbox's test numbers.
//!
//! A balance is a POST with the PIN and answers whole francs without a fraction, as the documents'
//! example does. The shapes of the profile and of the test numbers, and that a customer's balance
//! looks like a retailer's, are *chosen*.

use serde_json::{Value, json};

use super::config::WalletKind;
use super::errors::{Reply, SonatelError};
use super::fields::{Actor, CURRENCY, Fields, is_msisdn};
use super::http::Call;
use super::people::{self, Behaviour};
use super::pin::{self, CUSTOMERS_PIN};
use super::wallet;
use crate::app::Desk;

/// The numbers that sim-cards lists as customers: one of each of the first endings.
const CUSTOMERS: [&str; 5] = ["770001122", "770009901", "770009902", "770009907", "770009908"];

/// `POST /api/eWallet/v1/account/retailer/balance`.
pub async fn retailer_balance(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let fields = Fields::of(&call.body)?;
        let msisdn = number(&fields)?;
        let retailer = wallet::retailer(desk.tx, msisdn)?;
        pin::check_wallet(desk, &retailer, &fields)?;
        Ok(Reply::json(&balance(&fields, retailer.balance)?))
    })
}

/// `POST /api/eWallet/v1/account/customer/balance`.
pub async fn customer_balance(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let fields = Fields::of(&call.body)?;
        let msisdn = number(&fields)?;
        known(desk, msisdn)?;
        pin::check_customer(desk, msisdn, &fields)?;
        let person = people::find(desk.tx, msisdn)?;
        Ok(Reply::json(&balance(&fields, person.balance)?))
    })
}

fn number<'a>(fields: &Fields<'a>) -> Result<&'a str, SonatelError> {
    match fields.actor()? {
        Actor::Msisdn(msisdn) => Ok(msisdn),
        Actor::Code(_) => Err(fields.wrong("idType", "must be MSISDN")),
    }
}

/// Money is in the principal wallet; the others that the documents name exist and are empty.
fn balance(fields: &Fields<'_>, principal: i64) -> Result<Value, SonatelError> {
    match fields.text_or_none("wallet")? {
        None | Some("PRINCIPAL") => Ok(json!({"value": principal, "unit": CURRENCY})),
        Some("SALAIRE" | "INTERNATIONAL") => Ok(json!({"value": 0, "unit": CURRENCY})),
        Some(_) => Err(fields.wrong("wallet", "must be PRINCIPAL, SALAIRE or INTERNATIONAL")),
    }
}

fn known(desk: &Desk<'_>, msisdn: &str) -> Result<(), SonatelError> {
    match people::find(desk.tx, msisdn)?.behaviour {
        Behaviour::Unknown => Err(SonatelError::new("2000", "The account does not exist")),
        _ => Ok(()),
    }
}

/// `GET /api/eWallet/v1/account?msisdn=…&type=retailer|customer`.
pub async fn profile(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let given = |name: &str| call.query.get(name).map(String::as_str).unwrap_or_default();
        let msisdn = given("msisdn");
        if !is_msisdn(msisdn) {
            return Err(SonatelError::new("2001", "An MSISDN has nine digits and no country code"));
        }
        let view = match given("type") {
            "retailer" => {
                let retailer = wallet::retailer(desk.tx, msisdn)?;
                let is_suspended = retailer.wrong_pins >= 3;
                (retailer.balance, retailer.name, "RETAILER", false, is_suspended)
            }
            "customer" | "" => {
                known(desk, msisdn)?;
                let person = people::find(desk.tx, msisdn)?;
                let is_barred = person.behaviour == Behaviour::Barred;
                let name = "Awa Exemple".to_owned();
                (person.balance, name, "STANDARD", is_barred, person.wrong_pins >= 3)
            }
            _ => return Err(SonatelError::bad("type must be retailer or customer")),
        };
        let (balance, name, grade, is_barred, is_suspended) = view;
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        Ok(Reply::json(&json!({
            "msisdn": msisdn,
            "firstName": first,
            "lastName": last,
            "grade": grade,
            "barred": is_barred,
            "suspended": is_suspended,
            "balance": {"value": balance, "unit": CURRENCY},
        })))
    })
}

/// `GET /api/assignments/v1/partner/sim-cards?nbRetailers=1&nbCustomers=1`.
pub async fn sim_cards(call: Call) -> Result<Reply, Reply> {
    call.answer(|desk, call| {
        let count = |name: &str| match call.query.get(name) {
            None => Ok(1),
            Some(text) => {
                text.parse::<usize>().map_err(|_| SonatelError::bad(format!("{name} must be a number")))
            }
        };
        let (retailers, customers) = (count("nbRetailers")?, count("nbCustomers")?);
        let merchant = wallet::first(desk.tx, WalletKind::Merchant)?.map(|wallet| wallet.id);
        let wallets = wallet::all(desk.tx)?.into_iter().filter(|wallet| wallet.kind == WalletKind::Retailer);
        let retailers = wallets.take(retailers).map(|wallet| {
            json!({"type": "RETAILER", "msisdn": wallet.id, "pinCode": wallet.pin, "merchantCode": merchant})
        });
        let customers = CUSTOMERS
            .iter()
            .take(customers)
            .map(|msisdn| json!({"type": "CUSTOMER", "msisdn": msisdn, "pinCode": CUSTOMERS_PIN}));
        Ok(Reply::json(&Value::Array(retailers.chain(customers).collect())))
    })
}
