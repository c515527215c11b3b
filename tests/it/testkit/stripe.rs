//! The simulated Stripe: what payers and their banks do, and what goes wrong there.

use serde_json::{Value, json};

use super::{Ask, TestApp};

/// A published test account that is debited without trouble.
pub const GOOD_ACCOUNT: &str = "FR1420041010050500013M02606";
/// One whose debits fail after they were submitted.
pub const BAD_ACCOUNT: &str = "FR8420041010050500013M02607";

/// Control over the simulated Stripe of one test.
#[derive(Clone, Copy)]
pub struct StripeControl<'a>(&'a TestApp);

impl<'a> StripeControl<'a> {
    pub fn new(app: &'a TestApp) -> StripeControl<'a> {
        StripeControl(app)
    }

    pub async fn act(self, what: &str, wish: Value) -> Value {
        self.0.control(Ask::post(format!("/_control/stripe/{what}"), &wish)).await.expect(200)
    }

    /// The payer's bank sends all that is asked, or this much.
    pub async fn pay(self, reference: &str, amount: Option<&str>) -> Value {
        self.act("pay", json!({ "reference": reference, "amount": amount })).await
    }

    /// The payer's bank takes a debit back.
    pub async fn dispute(self, reference: &str) -> Value {
        self.act("disputes", json!({ "reference": reference })).await
    }

    pub async fn fault(self, fault: Value) {
        self.0.control(Ask::post("/_control/stripe/faults", &fault)).await.expect(201);
    }

    pub async fn is_idle(self) -> bool {
        self.0.control(Ask::get("/_control/stripe/deliveries")).await.expect(200)["idle"] == true
    }

    /// What is available and what is pending, in cents.
    pub async fn balance(self) -> (i64, i64) {
        let balance = self.0.control(Ask::get("/_control/stripe/balance")).await.expect(200);
        let cents = |field: &str| {
            let text = balance["data"][0][field].as_str().unwrap();
            text.parse::<rust_decimal::Decimal>().unwrap().mantissa() as i64
        };
        (cents("amount"), cents("pending"))
    }

    pub async fn operations(self) -> Vec<Value> {
        let record = self.0.control(Ask::get("/_control/stripe/operations")).await.expect(200);
        record["data"].as_array().unwrap().clone()
    }
}
