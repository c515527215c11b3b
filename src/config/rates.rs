//! What the settings say about exchange rates: how far they may go, how they age, and where they are read.

use std::collections::BTreeMap;

use domain::{Currency, Pair, Rate, RateLimits, Spread};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};

use super::address::BaseUrl;
use super::reader::Reader;

/// Exchange rates; durations in seconds.
#[derive(Clone, Debug)]
pub struct Rates {
    /// What crosses go through.
    pub pivot: Currency,
    /// How far a rate may go, and how far without a second person.
    pub limits: RateLimits,
    /// How long a rate that was set by hand is quoted.
    pub max_age_s: i64,
    /// After this long another gateway's changes are seen at the latest.
    pub refresh_s: u64,
    /// Over the fixed parity, for who buys euros.
    pub eur_xof_sell: Spread,
    /// Under it, for who sells euros.
    pub eur_xof_buy: Spread,
    /// Where rates are read, if anywhere.
    pub feed: Option<RateFeed>,
}

/// A public rate service that is read again and again.
#[derive(Clone, Debug)]
pub struct RateFeed {
    /// Its address, when it was said; it may hold a key.
    pub url: Option<SecretString>,
    /// Which pairs follow it; at least one.
    pub pairs: Vec<Pair>,
    /// How often it is read.
    pub interval_s: i64,
    /// How long what it said is quoted.
    pub max_age_s: i64,
    /// On both sides, for the first rate of a pair.
    pub spread: Spread,
}

impl RateFeed {
    /// Where it is read: as set, else at the `simulators`. In live mode it was set.
    pub fn url(&self, simulators: Option<&BaseUrl>) -> Option<SecretString> {
        let simulated = || simulators.map(|simulators| simulators.join("/rates/v6/latest/EUR").into());
        self.url.clone().or_else(simulated)
    }

    /// Whether it is read over TLS, or where nobody said.
    pub fn is_https_or_unset(&self) -> bool {
        self.url.as_ref().is_none_or(|url| url.expose_secret().starts_with("https://"))
    }
}

const BPS: &str = "basis points, as \"150\" for 1.5 percent";

/// Reads everything about rates.
pub fn rates(r: &mut Reader) -> Rates {
    let bps = |text: &str| match Decimal::from_str_exact(text) {
        Ok(bps) if (Decimal::ZERO..=Decimal::from(100_000)).contains(&bps) => Ok(bps),
        _ => Err("is not within 0 and 100000"),
    };
    let factor = |text: &str| match Decimal::from_str_exact(text) {
        Ok(factor) if factor > Decimal::ONE && factor <= Decimal::from(1_000) => Ok(factor),
        _ => Err("is not above 1 and up to 1000"),
    };
    let pivot = r.needed("rates.pivot", Currency::parse, "as \"EUR\"");
    let approval = r.needed("rates.approval_above_bps", bps, BPS);
    let most_factor = r.needed("rates.refuse_above_factor", factor, "as \"2\"");
    let most_spread = r.needed("rates.refuse_spread_above_bps", bps, BPS);
    let bounds = r.parsed_list("rates.bounds", bound, "as [\"EUR/GNF 5000 20000\"]");
    let sell = r.needed("rates.eur_xof_sell_spread_bps", Spread::parse, BPS);
    let buy = r.needed("rates.eur_xof_buy_spread_bps", Spread::parse, BPS);
    let limits = RateLimits {
        approval_above_bps: approval.unwrap_or_default(),
        approve_new_pairs: r.flag("rates.approve_new_pairs").unwrap_or(true),
        most_factor: most_factor.unwrap_or(Decimal::TWO),
        most_spread_bps: most_spread.unwrap_or_default(),
        bounds: bounds.into_iter().collect::<BTreeMap<_, _>>(),
    };
    Rates {
        pivot: pivot.unwrap_or(Currency::EUR),
        limits,
        max_age_s: r.number("rates.max_age_s", 60..=2_592_000),
        refresh_s: r.number("rates.refresh_s", 0..=60).unsigned_abs(),
        eur_xof_sell: sell.unwrap_or(Spread::NONE),
        eur_xof_buy: buy.unwrap_or(Spread::NONE),
        feed: feed(r),
    }
}

/// `EUR/GNF 5000 20000`: a pair, its lowest and its highest mid.
fn bound(text: &str) -> Result<(Pair, (Rate, Rate)), &'static str> {
    const SHAPE: &str = "is not a pair, its lowest and its highest mid";
    let words: Vec<&str> = text.split_whitespace().collect();
    let [pair, low, high] = words.as_slice() else { return Err(SHAPE) };
    let read = || Some((pair.parse().ok()?, (Rate::parse(low).ok()?, Rate::parse(high).ok()?)));
    read().filter(|(_, (low, high))| low <= high).ok_or(SHAPE)
}

/// No pair, no feed.
fn feed(r: &mut Reader) -> Option<RateFeed> {
    let pair = |text: &str| match text.parse::<Pair>() {
        Ok(pair) if pair.fixed_mid().is_some() || pair.flipped().fixed_mid().is_some() => {
            Err("is fixed by treaty")
        }
        Ok(pair) => Ok(pair),
        Err(_) => Err("is no pair"),
    };
    let pairs = r.parsed_list("rates.feed.pairs", pair, "as [\"EUR/GNF\", \"EUR/CNY\"]");
    let url = r.parsed("rates.feed.url", address, "as \"https://open.er-api.com/v6/latest/EUR\"");
    let spread = r.needed("rates.feed.spread_bps", Spread::parse, BPS);
    let feed = RateFeed {
        url: url.map(SecretString::from),
        interval_s: r.number("rates.feed.interval_s", 10..=604_800),
        max_age_s: r.number("rates.feed.max_age_s", 60..=2_592_000),
        spread: spread.unwrap_or(Spread::NONE),
        pairs,
    };
    let mut seen = Vec::new();
    for pair in &feed.pairs {
        if seen.contains(pair) || seen.contains(&pair.flipped()) {
            r.refuse("rates.feed.pairs", "names a pair twice", "name each pair once, in one direction");
        }
        seen.push(*pair);
    }
    (!feed.pairs.is_empty()).then_some(feed)
}

fn address(text: &str) -> Result<String, &'static str> {
    let url = url::Url::parse(text).map_err(|_| "is not a URL")?;
    match matches!(url.scheme(), "http" | "https") && url.has_host() {
        true => Ok(text.to_owned()),
        false => Err("is not an http or https address"),
    }
}
