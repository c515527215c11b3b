//! Keeps what was fetched, for one wallet or one sender.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::HttpClient;
use crate::{Clock, Grant, Granter, Grants, Need, ProviderError};

/// Renewed this long before its end, or a sixth of its life if that is shorter.
const RENEW_EARLY: Duration = Duration::from_secs(600);

/// The grants of one wallet. Whoever fetches holds the lock, so a hundred callers fetch once.
#[derive(Default)]
pub(crate) struct Purse {
    kept: Mutex<HashMap<Need, Kept>>,
    spoilt: Mutex<HashSet<Need>>,
}

struct Kept {
    value: SecretString,
    renew_at: DateTime<Utc>,
}

/// A grant that a provider did not take.
pub(crate) struct Refused<'a> {
    pub need: Need,
    pub grants: &'a Grants,
}

impl Purse {
    /// All `needs`: kept, or fetched before `deadline`. What was `refused` is fetched anew, unless somebody did so
    /// meanwhile.
    ///
    /// Errors: nothing was sent of the operation itself, so never `Uncertain`.
    pub(crate) async fn grants(
        &self,
        granter: &dyn Granter,
        needs: &'static [Need],
        refused: Option<Refused<'_>>,
        (client, clock): (&HttpClient, &Clock),
        deadline: Instant,
    ) -> Result<Grants, ProviderError> {
        if needs.is_empty() {
            return Ok(Grants::none());
        }
        if let Some(need) = self.spoilt.lock().await.iter().find(|need| needs.contains(need)) {
            let reason =
                format!("what needs a {} is not sent until a person has looked and starts anew", need.0);
            return Err(ProviderError::misconfigured(reason));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = tokio::time::timeout(left, self.kept.lock()).await;
        let mut kept =
            waited.map_err(|_| ProviderError::not_sent("nothing was fetched before the deadline"))?;
        if let Some(Refused { need, grants }) = refused {
            kept.retain(|other, kept| *other != need || kept.value.expose_secret() != grants.get(need));
        }
        let mut grants = Grants::none();
        for &need in needs {
            let now = clock();
            if let Some(kept) = kept.get(&need).filter(|kept| kept.renew_at > now) {
                grants = grants.with(need, kept.value.clone());
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let grant = fetch(granter, need, &grants, client, left).await?;
            if let Some(renew_at) = grant.lives_for.and_then(|lives_for| renewal(now, lives_for)) {
                kept.insert(need, Kept { value: grant.value.clone(), renew_at });
            }
            grants = grants.with(need, grant.value);
        }
        Ok(grants)
    }

    /// From now on nothing that needs it gets it.
    pub(super) async fn spoil(&self, need: Need) {
        self.spoilt.lock().await.insert(need);
    }
}

async fn fetch(
    granter: &dyn Granter,
    need: Need,
    grants: &Grants,
    client: &HttpClient,
    left: Duration,
) -> Result<Grant, ProviderError> {
    let named = |error: ProviderError| match error {
        ProviderError::Uncertain { reason } | ProviderError::NotSent { reason } => {
            ProviderError::not_sent(format!("no {}: {reason}", need.0))
        }
        ProviderError::Misconfigured { reason } => {
            ProviderError::misconfigured(format!("no {}: {reason}", need.0))
        }
        limited @ ProviderError::RateLimited { .. } => limited,
    };
    let response = client.send(&granter.fetch(need, grants), left).await.map_err(named)?;
    granter.granted(need, &response).map_err(named)
}

fn renewal(now: DateTime<Utc>, lives_for: Duration) -> Option<DateTime<Utc>> {
    let early = RENEW_EARLY.min(lives_for / 6);
    now.checked_add_signed(chrono::TimeDelta::from_std(lives_for - early).ok()?)
}
