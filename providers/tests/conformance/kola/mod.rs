//! Kola Pay, a rail that does not exist: what joins its adapter and its simulator to the suite.

mod adapter;
mod simulator;

use std::sync::Arc;

use super::pairs::{phone, signed};
use crate::kit::{Class, Keys, Pair, Profile, Simulator};
use adapter::Kola;
use chrono::{DateTime, Utc};
use domain::{Currency, Rail};
use http::HeaderMap;
use providers::Wire;
use simulator::{EXPIRES, KolaPlayer};

pub struct KolaPair(KolaPlayer, Profile, Currency);

pub async fn dinars(inbox: String) -> KolaPair {
    KolaPair::start(inbox, "TND", 3).await
}

pub async fn euros(inbox: String) -> KolaPair {
    KolaPair::start(inbox, "EUR", 2).await
}

pub async fn francs(inbox: String) -> KolaPair {
    KolaPair::start(inbox, "XOF", 0).await
}

impl KolaPair {
    async fn start(inbox: String, currency: &str, decimals: usize) -> KolaPair {
        let profile = Profile {
            payees: vec![(phone("+21620123456"), Class::Succeeded), (phone("+21620129902"), Class::Declined)],
            declined: Some(Class::Declined),
            abandoned: Some((EXPIRES, Class::Expired)),
            words: &["open", "paid", "refused", "expired"],
            credentials: &["kola-signature"],
            secret: "kola-secret",
            strange_secrets: &["kola-other-wallet", "kola-key"],
            ..Profile::of(Rail::Manual, 15_050)
        };
        KolaPair(KolaPlayer::start(inbox, decimals).await, profile, currency.parse().unwrap())
    }
}

impl Pair for KolaPair {
    fn wire(&self, base_url: &str, keys: Keys) -> Arc<dyn Wire> {
        let key = if keys == Keys::Right { "kola-key" } else { "kola-stranger" };
        Arc::new(Kola::new(base_url, key, self.1.secret, self.2))
    }

    fn simulator(&self) -> &dyn Simulator {
        &self.0
    }

    fn profile(&self) -> &Profile {
        &self.1
    }

    fn sign(&self, secret: &str, at: DateTime<Utc>, body: &[u8]) -> HeaderMap {
        signed("kola-signature", ".", secret, at, body)
    }
}
