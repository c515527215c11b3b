//! Who asks, and by which name they call their request.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{SessionId, UserId};
use ipnet::IpNet;
use store::users::{Language, Role, Roles};

/// A signed-in person, as the book knew them at the start of this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub user: UserId,
    /// What they may be at once.
    pub roles: Roles,
    /// The sign-in that this request belongs to.
    pub session: SessionId,
    /// When the second factor was last given in this session.
    pub second_factor_at: Option<DateTime<Utc>>,
    /// What they read.
    pub language: Language,
    /// When they last changed their number.
    pub phone_changed_at: Option<DateTime<Utc>>,
}

impl Caller {
    /// Does the caller work for the house?
    pub fn is_staff(&self) -> bool {
        self.roles.is_staff()
    }

    /// Does the caller see margins, mid-rates and every account?
    pub fn is_admin(&self) -> bool {
        self.roles.contains(Role::Admin)
    }

    /// Was the second factor given within the last `lifetime`?
    pub fn has_second_factor(&self, now: DateTime<Utc>, lifetime: TimeDelta) -> bool {
        self.second_factor_at.is_some_and(|at| at + lifetime > now)
    }

    /// How the audit log names them.
    pub fn actor(&self) -> String {
        self.user.to_string()
    }
}

/// Somebody who may not be signed in: what is known of a request's sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Where the request came from, behind the proxies that we trust.
    pub address: Option<IpAddr>,
    /// What their program calls itself, cut to 200 characters.
    pub user_agent: Option<String>,
    /// The language they asked for, if any of ours.
    pub language: Option<Language>,
}

impl Visitor {
    /// The network that it came from, which tells a place well enough and a person not: 256 addresses, or an IPv6 site.
    pub fn network(&self) -> Option<String> {
        let address = self.address?.to_canonical();
        let length = if address.is_ipv4() { 24 } else { 48 };
        Some(IpNet::new(address, length).ok()?.trunc().to_string())
    }
}

/// A caller's name for one request, as the writer claims it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// SHA-256 of caller, route and key.
    pub claim: [u8; 32],
    /// SHA-256 of method, path and body: what must be the same when the key comes again.
    pub fingerprint: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_s_network_is_not_their_address() {
        for (address, network) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:7:8::9", "2001:db8:7::/48"),
        ] {
            let visitor = Visitor { address: address.parse().ok(), user_agent: None, language: None };
            assert_eq!(visitor.network().as_deref(), Some(network));
        }
        assert_eq!(Visitor { address: None, user_agent: None, language: None }.network(), None);
    }
}
