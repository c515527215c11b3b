//! What the Web Payment simulator is started with: merchants, their ceilings and their switches.

use serde::{Deserialize, Serialize};

use crate::courier::Schedule;

/// Countries with their currency; each has a path of its own, `dev` is Orange's sandbox.
///
/// Source: clients in production for GNF, XAF, XOF in Mali and SLE; single ones for the rest.
const COUNTRIES: [(&str, &str); 8] = [
    ("dev", "OUV"),
    ("gn", "GNF"),
    ("ci", "XOF"),
    ("ml", "XOF"),
    ("bf", "XOF"),
    ("cm", "XAF"),
    ("mg", "MGA"),
    ("sl", "SLE"),
];

/// The only currency of a country's path; `None` where Web Payment is not known to exist.
pub fn currency_of(country: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|(code, _)| *code == country).map(|(_, currency)| *currency)
}

/// The merchants that are there from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrangeWebConfig {
    /// Opened when the books do not have them yet.
    pub merchants: Vec<OrangeMerchantConfig>,
    /// When a notification is tried again; never by default, as no document promises it.
    pub notifications: Schedule,
}

impl Default for OrangeWebConfig {
    fn default() -> OrangeWebConfig {
        let merchant =
            |country: &str| OrangeMerchantConfig::new(country, country, &format!("om_{country}_sandbox"));
        OrangeWebConfig {
            merchants: ["gn", "ci", "ml", "dev"].map(merchant).to_vec(),
            notifications: Schedule::ONCE,
        }
    }
}

/// What becomes of a payment whose payer cancels on the page; the documents name no status for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCancel {
    /// It stays `INITIATED`, may still be paid, and expires.
    #[default]
    Stays,
    /// It is `FAILED` at once.
    Fails,
}

/// A merchant as Orange's portal shows it, with the switches of the simulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrangeMerchantConfig {
    /// The name by which the control surface calls it, as `gn`.
    pub merchant: String,
    /// The path that it may use: `dev` or a lower-case country code.
    pub country: String,
    /// The credential that its requests carry in their body.
    pub merchant_key: String,
    /// Shown on the hosted page.
    pub name: String,
    /// In minor units.
    pub opening_balance: i64,
    /// False as long as the product is not activated; a country without any active merchant
    /// answers 404 with code 60.
    pub active: bool,
    /// Kept from each payment, in hundredths of a percent, rounded up; contracts set it and the
    /// API never tells it.
    pub fee_bps: u32,
    /// The least that one payment may be, minor units.
    pub min_payment: Option<i64>,
    /// The most that one payment may be, minor units.
    pub max_payment: Option<i64>,
    /// The most that one payer may pay in a day (UTC), minor units.
    pub payer_daily: Option<i64>,
    /// Refuses a `notif_url` on this machine, as the real API does.
    pub refuse_local_notif_url: bool,
    /// What a status question is answered with: 200 or 201; clients of the real one met both.
    pub status_http: u16,
    /// What a cancelling payer leaves behind.
    pub on_cancel: OnCancel,
}

impl OrangeMerchantConfig {
    /// An active merchant without fee. In Guinea with the wallets' ceilings that a remittance
    /// partner names: 1,000 to 30,000,000 GNF a payment, 30,000,000 a day; elsewhere none is known.
    pub fn new(merchant: &str, country: &str, merchant_key: &str) -> OrangeMerchantConfig {
        let guinea = |amount| (country == "gn").then_some(amount);
        OrangeMerchantConfig {
            merchant: merchant.to_owned(),
            country: country.to_owned(),
            merchant_key: merchant_key.to_owned(),
            name: "MoneyBridge Sandbox".to_owned(),
            opening_balance: 0,
            active: true,
            fee_bps: 0,
            min_payment: guinea(1_000),
            max_payment: guinea(30_000_000),
            payer_daily: guinea(30_000_000),
            refuse_local_notif_url: false,
            status_http: 201,
            on_cancel: OnCancel::Stays,
        }
    }

    /// The currency of its country.
    pub fn currency(&self) -> &'static str {
        currency_of(&self.country).unwrap_or("OUV")
    }

    /// Why it cannot be kept, if so.
    pub fn check(&self) -> Result<(), String> {
        if self.merchant.is_empty() || self.merchant_key.is_empty() {
            return Err("merchant and merchant_key must not be empty".to_owned());
        }
        if currency_of(&self.country).is_none() {
            return Err(format!("no Web Payment is known in {}", self.country));
        }
        if self.fee_bps > 10_000 {
            return Err("fee_bps is more than the whole".to_owned());
        }
        match self.status_http {
            200 | 201 => Ok(()),
            other => Err(format!("status_http is 200 or 201, not {other}")),
        }
    }

    /// The fee taken from `gross` minor units.
    pub fn fee(&self, gross: i64) -> i64 {
        let parts = i128::from(gross) * i128::from(self.fee_bps);
        i64::try_from((parts + 9_999) / 10_000).unwrap_or(gross)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_rounded_up_and_never_more_than_the_whole() {
        let fee = |bps, gross| OrangeMerchantConfig { fee_bps: bps, ..gn() }.fee(gross);
        let table = [(0, 1_000, 0), (150, 1_000, 15), (150, 1_001, 16), (1, 1, 1), (10_000, 7, 7)];
        for (bps, gross, expected) in table {
            assert_eq!(fee(bps, gross), expected, "{bps} of {gross}");
        }
        assert_eq!(fee(10_000, 999_999_999_999_999), 999_999_999_999_999);
    }

    fn gn() -> OrangeMerchantConfig {
        OrangeMerchantConfig::new("gn", "gn", "om_gn_sandbox")
    }
}
