//! Which transfers are served, from where to where, by which rails and for how much.
//!
//! A corridor that no configured rail could finish is a contradiction and stops the start, rather
//! than being quoted and then failing.

use std::str::FromStr;

use domain::{Country, Currency, FeeSchedule, Money, Rail};
use rust_decimal::Decimal;

use super::reader::Reader;
use super::{ManualWallet, MtnWallet, OrangeWebWallet, Sonatel, StripeAccount, WaveWallet};

/// One direction between two countries (or within one) and two currencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Corridor {
    /// Where the payer is.
    pub from: Country,
    /// Where the payee is.
    pub to: Country,
    /// What is sent.
    pub send_currency: Currency,
    /// What arrives.
    pub receive_currency: Currency,
    /// Ways to pay; at least one.
    pub funding_rails: Vec<Rail>,
    /// Ways to be paid; at least one.
    pub payout_rails: Vec<Rail>,
    /// Fixed part of the fee, in the send currency.
    pub fee_fixed: Money,
    /// The part that grows with what is sent, in hundredths of a percent.
    pub fee_bps: Decimal,
    /// The smallest fee.
    pub fee_min: Option<Money>,
    /// The largest fee.
    pub fee_max: Option<Money>,
    /// Smallest amount sent.
    pub min: Money,
    /// Largest amount sent.
    pub max: Money,
    /// What customers are told.
    pub delivery_estimate_s: i64,
    /// Whether payers have to give their name; as `screening` says when absent.
    pub require_payer_name: Option<bool>,
}

impl Corridor {
    /// What tells it from every other corridor: countries and currencies of its two ends.
    pub fn ends(&self) -> (Country, Country, Currency, Currency) {
        (self.from, self.to, self.send_currency, self.receive_currency)
    }
}

/// Whoever can move money, as the settings have them.
pub struct Served<'a> {
    pub wave: &'a [WaveWallet],
    pub mtn: &'a [MtnWallet],
    pub stripe: Option<&'a StripeAccount>,
    pub manual: &'a [ManualWallet],
    pub orange_web: &'a [OrangeWebWallet],
    pub sonatel: Option<&'a Sonatel>,
}

/// Reads every corridor; those that are incomplete are reported and left out.
pub fn corridors(r: &mut Reader, served: &Served<'_>) -> Vec<Corridor> {
    let mut corridors: Vec<Corridor> = Vec::new();
    for number in 0..r.count("corridors") {
        let path = format!("corridors.{number}");
        let Some(corridor) = corridor(r, &path) else { continue };
        check_rails(r, &path, &corridor, served);
        check_amounts(r, &path, &corridor);
        if corridors.iter().any(|other| other.ends() == corridor.ends()) {
            r.refuse(&path, "is there twice", "keep one of the two corridors with these ends");
        }
        corridors.push(corridor);
    }
    corridors
}

fn corridor(r: &mut Reader, path: &str) -> Option<Corridor> {
    let at = |key: &str| format!("{path}.{key}");
    let from = r.needed(&at("from_country"), Country::parse, "as \"SN\"");
    let to = r.needed(&at("to_country"), Country::parse, "as \"CI\"");
    let send_currency = r.needed(&at("send_currency"), Currency::parse, "as \"XOF\"");
    let receive_currency = r.needed(&at("receive_currency"), Currency::parse, "as \"XOF\"");
    let funding_rails = rails(r, &at("funding_rails"));
    let payout_rails = rails(r, &at("payout_rails"));
    let fee_bps = r.needed(&at("fee_bps"), basis_points, "as \"100\" for one percent");
    let require_payer_name = r.flag(&at("require_payer_name"));
    let delivery_estimate_s = r.number(&at("delivery_estimate_s"), 0..=2_592_000);
    // Amounts cannot be read without their currency, whose absence is reported already.
    let money = |text: &str| Money::parse(text, send_currency.unwrap_or(Currency::XOF));
    let fee_fixed = r.needed(&at("fee_fixed"), money, AMOUNT);
    let (fee_min, fee_max) =
        (r.parsed(&at("fee_min"), money, AMOUNT), r.parsed(&at("fee_max"), money, AMOUNT));
    let (min, max) = (r.needed(&at("min"), money, AMOUNT), r.needed(&at("max"), money, AMOUNT));
    Some(Corridor {
        from: from?,
        to: to?,
        send_currency: send_currency?,
        receive_currency: receive_currency?,
        funding_rails,
        payout_rails,
        fee_fixed: fee_fixed?,
        fee_bps: fee_bps?,
        fee_min,
        fee_max,
        min: min?,
        max: max?,
        delivery_estimate_s,
        require_payer_name,
    })
}

const AMOUNT: &str = "a decimal amount of the currency that is sent, as \"100\"";

fn rails(r: &mut Reader, path: &str) -> Vec<Rail> {
    let rails = r.parsed_list(path, Rail::from_str, "as [\"wave\", \"balance\"]");
    if r.list(path).is_empty() {
        r.refuse(path, "names no rail", "as [\"wave\", \"balance\"]");
    }
    rails
}

fn basis_points(text: &str) -> Result<Decimal, &'static str> {
    Decimal::from_str_exact(text).map_err(|_| "is no decimal number")
}

/// Each rail needs somebody who can move this currency in this country, in this direction.
fn check_rails(r: &mut Reader, path: &str, corridor: &Corridor, served: &Served<'_>) {
    let ends = [
        ("funding_rails", &corridor.funding_rails, corridor.from, corridor.send_currency),
        ("payout_rails", &corridor.payout_rails, corridor.to, corridor.receive_currency),
    ];
    for (key, rails, country, currency) in ends {
        let is_funding = key == "funding_rails";
        for rail in rails.iter().filter(|rail| !served.by(**rail, is_funding, country, currency)) {
            r.refuse(
                &format!("{path}.{key}"),
                format!("nobody can serve {rail} in {country} and {currency}"),
                lacking(*rail, is_funding, country, currency),
            );
        }
    }
}

impl Served<'_> {
    /// Whether somebody collects, or pays, by `rail`.
    fn by(&self, rail: Rail, is_funding: bool, country: Country, currency: Currency) -> bool {
        let here = (country, currency);
        match rail {
            Rail::Balance => true,
            Rail::Wave => self.wave.iter().any(|wallet| (wallet.country, wallet.currency) == here),
            Rail::MtnMomo => self.mtn.iter().any(|wallet| {
                let can = if is_funding { wallet.collects() } else { wallet.pays() };
                can && (wallet.country, wallet.currency) == here
            }),
            Rail::SepaTransfer | Rail::SepaDebit => {
                let is_there = self.stripe.is_some_and(|account| account.countries.contains(&country));
                is_funding && currency == Currency::EUR && is_there
            }
            Rail::Manual => self
                .manual
                .iter()
                .any(|wallet| wallet.countries.contains(&country) && wallet.currency == currency),
            Rail::OrangeWeb => {
                is_funding && self.orange_web.iter().any(|wallet| (wallet.country, wallet.currency) == here)
            }
            Rail::OrangeSonatel => {
                let can = |ours: &Sonatel| match is_funding {
                    true => ours.merchant_code.is_some(),
                    false => ours.retailer.is_some(),
                };
                here == (Country::SN, Currency::XOF) && self.sonatel.is_some_and(can)
            }
        }
    }
}

/// What to do about a rail that nobody serves.
fn lacking(rail: Rail, is_funding: bool, country: Country, currency: Currency) -> String {
    match rail {
        Rail::Manual => {
            format!("add a [manual.wallets.…] that names {country} and {currency}, or drop the rail")
        }
        Rail::Wave => format!("add a [wave.wallets.…] of {country} in {currency}, or drop the rail"),
        Rail::MtnMomo => {
            let product = if is_funding { "collection" } else { "disbursement" };
            format!(
                "give the {product} keys of a [mtn_momo.wallets.…] of {country} in {currency}, or drop the rail"
            )
        }
        Rail::SepaTransfer | Rail::SepaDebit => {
            format!("set stripe.api_key and name {country} in stripe.countries; it takes EUR and pays nobody")
        }
        Rail::OrangeWeb => {
            format!("add a [orange_web.wallets.…] of {country} in {currency}; it pays nobody")
        }
        Rail::OrangeSonatel => {
            let key = if is_funding { "merchant_code" } else { "retailer" };
            format!("set orange_sonatel.{key}; it serves SN in XOF")
        }
        Rail::Balance => "drop the rail".to_owned(),
    }
}

fn check_amounts(r: &mut Reader, path: &str, corridor: &Corridor) {
    if corridor.min.minor() <= 0 || corridor.max.minor() < corridor.min.minor() {
        r.refuse(&format!("{path}.max"), "leaves nothing to send", "0 < min <= max");
    }
    let (fixed, bps) = (corridor.fee_fixed, corridor.fee_bps);
    let fee = FeeSchedule { fixed, bps, min: corridor.fee_min, max: corridor.fee_max };
    r.check(
        &format!("{path}.fee_bps"),
        fee.check(),
        "0 <= fee_bps <= 10000, 0 <= fee_fixed, 0 <= fee_min <= fee_max",
    );
}
