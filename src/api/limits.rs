//! How much of the gateway one sender may take, and how much all of them together.
//!
//! Requests are counted per caller, or per address without a token; signing in per address, and stricter. The
//! counters live in memory: they keep one sender from crowding out the others, and the budgets in the book are what
//! bounds cost. Above the number of requests that may be in work, the next is turned away before anything of it is
//! accepted.
//!
//! Deliberately absent: limits on money.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::UserId;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::context::RequestContext;
use super::extract::bearer;
use super::problem::Problem;
use crate::app::App;
use crate::config::Config;
use crate::services::{auth, readiness};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");
/// After so many counted requests, senders who have been quiet are forgotten.
const SWEEP: u32 = 10_000;

/// The counters and places of one gateway. Clones share them.
#[derive(Clone, Debug)]
pub struct Limits {
    callers: Arc<Meter<Sender>>,
    sign_ins: Arc<Meter<IpAddr>>,
    in_flight: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// Whom requests are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sender {
    User(UserId),
    Address(IpAddr),
}

impl Limits {
    /// As `limits` in the settings says.
    pub fn new(config: &Config) -> Limits {
        let limits = &config.limits;
        Limits {
            callers: Arc::new(Meter::new("default", limits.requests_per_minute, limits.burst)),
            sign_ins: Arc::new(Meter::new(
                "auth",
                limits.auth_requests_per_minute,
                limits.auth_requests_per_minute,
            )),
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            waiting: Arc::new(Semaphore::new(limits.in_flight)),
        }
    }

    /// A place to work in. Long polls have places of their own, since they mostly wait.
    fn place(&self, request: &Request) -> Option<OwnedSemaphorePermit> {
        let query = request.uri().query().unwrap_or_default();
        let is_long = query.split('&').any(|pair| pair.starts_with("wait="));
        let places = if is_long { &self.waiting } else { &self.in_flight };
        places.clone().try_acquire_owned().ok()
    }
}

/// Turns a request away when too many are in work.
pub async fn shed(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let Some(place) = limits.place(&request) else {
        metrics::counter!("http_shed_total").increment(1);
        return Problem::new("overloaded").into_response();
    };
    let response = next.run(request).await;
    drop(place);
    response
}

/// Refuses what may write, while the space beside the book is below its reserve. Reading goes on.
pub async fn spare_the_disk(State(app): State<App>, request: Request, next: Next) -> Response {
    if !request.method().is_safe() && readiness::disk_is_low(&app) {
        return Problem::new("unavailable").into_response();
    }
    next.run(request).await
}

/// Counts a request, and turns it away when its sender has had enough.
pub async fn meter(State((app, limits)): State<(App, Limits)>, request: Request, next: Next) -> Response {
    let counted = match request.uri().path() {
        path if path.starts_with("/v1/auth/") => limits.sign_ins.count(&network(address(&request))),
        path if path.starts_with("/webhooks/") || path == "/healthz" || path == "/readyz" => {
            return next.run(request).await;
        }
        _ => limits.callers.count(&sender(&app, &request)),
    };
    let mut response = match counted.wait {
        None => next.run(request).await,
        Some(wait) => {
            metrics::counter!("http_rate_limited_total", "policy" => counted.policy).increment(1);
            Problem::new("rate_limited").retry_after(wait).into_response()
        }
    };
    for (name, value) in [(POLICY, &counted.told_policy), (STATE, &counted.told_state)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Gives a request up when it takes too long. What it has committed stays.
pub async fn deadline(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new("request_timeout").into_response(),
    }
}

fn address(request: &Request) -> IpAddr {
    let context = request.extensions().get::<RequestContext>();
    context.and_then(|context| context.visitor().address).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
}

/// A token counts by its signature alone: whether its session stands is looked up once, later.
fn sender(app: &App, request: &Request) -> Sender {
    let user = bearer(request.headers()).and_then(|token| auth::claimed_user(app, token));
    user.map_or_else(|| Sender::Address(network(address(request))), Sender::User)
}

/// Whoever has one IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
    }
}

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// One policy, and who has used how much of it.
#[derive(Debug)]
struct Meter<K: Clone + Eq + std::hash::Hash> {
    policy: &'static str,
    told: String,
    burst: u32,
    interval: Duration,
    limiter: Limiter<K>,
    counted: AtomicU32,
}

/// What came of counting a request.
struct Counted {
    policy: &'static str,
    told_policy: String,
    told_state: String,
    /// How long to wait, when it is one too many.
    wait: Option<Duration>,
}

impl<K: Clone + Eq + std::hash::Hash> Meter<K> {
    fn new(policy: &'static str, per_minute: u32, burst: u32) -> Meter<K> {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Meter {
            policy,
            told: format!("\"{policy}\";q={per_minute};w=60"),
            burst: burst.get(),
            interval: quota.replenish_interval(),
            limiter: RateLimiter::dashmap(quota).with_middleware(),
            counted: AtomicU32::new(0),
        }
    }

    fn count(&self, who: &K) -> Counted {
        if self.counted.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let (left, wait) = match self.limiter.check_key(who) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(DefaultClock::default().now()))),
        };
        let full_in = self.interval.saturating_mul(self.burst.saturating_sub(left));
        let told_state = format!("\"{}\";r={left};t={}", self.policy, full_in.as_secs() + 1);
        Counted { policy: self.policy, told_policy: self.told.clone(), told_state, wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sender_has_a_burst_of_its_own() {
        let meter: Meter<u8> = Meter::new("default", 60, 3);
        let left: Vec<_> = (0..3).map(|_| meter.count(&1)).map(|counted| counted.told_state).collect();
        assert_eq!(left, ["\"default\";r=2;t=2", "\"default\";r=1;t=3", "\"default\";r=0;t=4"]);
        let refused = meter.count(&1);
        assert!(refused.wait.is_some_and(|wait| wait > Duration::ZERO && wait <= Duration::from_secs(1)));
        assert_eq!(refused.told_policy, "\"default\";q=60;w=60");
        assert!(meter.count(&2).wait.is_none());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_sender() {
        let network = |text: &str| super::network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
