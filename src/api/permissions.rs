//! Who may call which route: a table, and what is not in it nobody may.
//!
//! The table says which role passes and how recent its second factor must be; `docs/permissions.md` is printed from it.
//! Whose object it is, is not decided here but by the service, which answers another's as not found.

/// Who may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Operators and admins, with their second factor.
    Staff,
    /// Operators and admins, with a second factor that was shown a moment ago: what releases or refuses money.
    StaffFresh,
    /// Admins, with their second factor.
    Admin,
    /// Admins, with a second factor that was shown a moment ago: what sets prices or approves.
    AdminFresh,
}

impl Access {
    /// Every kind of access, from the widest to the narrowest.
    pub const ALL: [Access; 6] = {
        use Access::{Admin, AdminFresh, Open, SignedIn, Staff, StaffFresh};
        [Open, SignedIn, Staff, StaffFresh, Admin, AdminFresh]
    };

    /// Is it for people of the house only?
    pub fn is_for_staff(self) -> bool {
        !matches!(self, Access::Open | Access::SignedIn)
    }

    /// Is it for admins only, not for operators?
    pub fn is_for_admins(self) -> bool {
        matches!(self, Access::Admin | Access::AdminFresh)
    }

    /// Must the second factor have been shown a moment ago?
    pub fn wants_fresh_factor(self) -> bool {
        matches!(self, Access::StaffFresh | Access::AdminFresh)
    }
}

/// Method and path template, as the router and the OpenAPI document write them.
pub type Rule = (&'static str, &'static str, Access);

/// Every route there is.
pub const TABLE: &[Rule] = {
    use Access::{Admin, AdminFresh, Open, SignedIn, Staff, StaffFresh};
    &[
        ("GET", "/healthz", Open),
        ("GET", "/readyz", Open),
        ("GET", "/openapi.json", Open),
        ("GET", "/docs", Open),
        ("GET", "/docs/{asset}", Open),
        ("GET", "/v1/rails", Open),
        ("GET", "/v1/corridors", Open),
        ("GET", "/v1/rates", Open),
        ("POST", "/v1/auth/otp", Open),
        ("POST", "/v1/auth/otp/verify", Open),
        ("POST", "/v1/auth/totp/verify", Open),
        ("POST", "/v1/auth/refresh", Open),
        ("POST", "/v1/auth/logout", Open),
        ("GET", "/v1/me", SignedIn),
        ("PATCH", "/v1/me", SignedIn),
        ("POST", "/v1/me/phone", SignedIn),
        ("POST", "/v1/me/phone/verify", SignedIn),
        ("GET", "/v1/me/sessions", SignedIn),
        ("DELETE", "/v1/me/sessions", SignedIn),
        ("DELETE", "/v1/me/sessions/{id}", SignedIn),
        ("GET", "/v1/me/mandates", SignedIn),
        ("DELETE", "/v1/me/mandates/{id}", SignedIn),
        ("POST", "/v1/quotes", SignedIn),
        ("GET", "/v1/quotes/{id}", SignedIn),
        ("POST", "/v1/transfers", SignedIn),
        ("GET", "/v1/transfers", SignedIn),
        ("POST", "/v1/transfers/bulk", SignedIn),
        ("GET", "/v1/transfers/{id}", SignedIn),
        ("GET", "/v1/transfers/{id}/timeline", SignedIn),
        ("GET", "/v1/transfers/{id}/events", SignedIn),
        ("GET", "/v1/transfers/{id}/receipt", SignedIn),
        ("POST", "/v1/transfers/{id}/cancel", SignedIn),
        ("POST", "/v1/transfers/{id}/late_payment", SignedIn),
        ("POST", "/v1/transfers/{id}/refund", StaffFresh),
        ("POST", "/webhooks/mtn-momo/{token}", Open),
        ("PUT", "/webhooks/mtn-momo/{token}", Open),
        ("POST", "/webhooks/orange-money/{token}", Open),
        ("POST", "/webhooks/sonatel", Open),
        ("POST", "/webhooks/stripe", Open),
        ("POST", "/webhooks/wave", Open),
        ("GET", "/return/{id}/{end}", Open),
        ("GET", "/v1/admin/accounts", Staff),
        ("GET", "/v1/admin/accounts/{id}", Staff),
        ("GET", "/v1/admin/accounts/{id}/entries", Staff),
        ("GET", "/v1/admin/trial_balance", Staff),
        ("GET", "/v1/admin/inbox", Staff),
        ("GET", "/v1/admin/outbox", Staff),
        ("GET", "/v1/admin/uncertain", Staff),
        ("POST", "/v1/admin/uncertain/{id}/resolve", StaffFresh),
        ("GET", "/v1/admin/movements", Staff),
        ("GET", "/v1/admin/movements/{id}/evidence", Staff),
        ("POST", "/v1/admin/movements/{id}/confirm", StaffFresh),
        ("GET", "/v1/admin/alerts", Staff),
        ("POST", "/v1/admin/alerts/{id}/acknowledge", StaffFresh),
        ("GET", "/v1/admin/audit", Staff),
        ("GET", "/v1/admin/attention", Staff),
        ("POST", "/v1/admin/transfers/{id}/release", StaffFresh),
        ("POST", "/v1/admin/transfers/{id}/refuse", StaffFresh),
        ("POST", "/v1/admin/transfers/{id}/retry", StaffFresh),
        ("GET", "/v1/admin/quotes/{id}", Admin),
        ("GET", "/v1/admin/rails", Staff),
        ("POST", "/v1/admin/rails/{rail}/pause", AdminFresh),
        ("POST", "/v1/admin/rails/{rail}/resume", AdminFresh),
        ("GET", "/v1/admin/rates", Admin),
        ("GET", "/v1/admin/rates/{base}/{quote}", Admin),
        ("PUT", "/v1/admin/rates/{base}/{quote}", AdminFresh),
        ("GET", "/v1/admin/rates/{base}/{quote}/history", Admin),
        ("GET", "/v1/admin/approvals", Admin),
        ("GET", "/v1/admin/approvals/{id}", Admin),
        ("POST", "/v1/admin/approvals/{id}/approve", AdminFresh),
        ("POST", "/v1/admin/approvals/{id}/reject", AdminFresh),
        ("GET", "/v1/admin/treasury", Admin),
        ("POST", "/v1/admin/treasury", AdminFresh),
        ("GET", "/v1/admin/treasury/{id}", Admin),
        ("GET", "/v1/admin/sms", Staff),
        ("GET", "/v1/admin/statement_lines", Staff),
        ("GET", "/v1/admin/statements", Staff),
        ("GET", "/v1/sandbox", Open),
        ("POST", "/v1/sandbox/clock", Open),
    ]
};

/// The table for people to read: `docs/permissions.md`.
pub fn page() -> String {
    let mut rows: Vec<&Rule> = TABLE.iter().collect();
    rows.sort_by_key(|(method, path, _)| (*path, *method));
    let mut page = String::from(PAGE_BEGIN);
    for (method, path, access) in rows {
        let (who, factor) = match access {
            Access::Open => ("anybody", ""),
            Access::SignedIn => ("signed in", ""),
            Access::Staff => ("operator, admin", "recent"),
            Access::StaffFresh => ("operator, admin", "fresh"),
            Access::Admin => ("admin", "recent"),
            Access::AdminFresh => ("admin", "fresh"),
        };
        page.push_str(&format!("| `{method} {path}` | {who} | {factor} |\n"));
    }
    page
}

const PAGE_BEGIN: &str = "# Who may call which route

Printed from the table in `src/api/permissions.rs`, which is the only place where this is decided; a route that is not
in it is closed (`403 forbidden`). After a change: `MONEYBRIDGE_WRITE_DOCS=1 cargo test --lib permissions`.

*Recent*: the second factor was shown within `auth.second_factor_s` (an hour). *Fresh*: within `auth.fresh_factor_s` (five
minutes). Otherwise `403 second_factor_required`: show it by `POST /v1/auth/totp/verify` with the same token. Whose object
it is, is decided by the services: another's is `404 not_found`.

| Route | Who | Second factor |
|---|---|---|
";

/// Who may pass; `None` when the route is not in the table.
pub fn of(method: &str, route: &str) -> Option<Access> {
    TABLE.iter().find(|(known, path, _)| *known == method && *path == route).map(|(_, _, access)| *access)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_not_in_the_table_is_closed() {
        assert_eq!(of("GET", "/v1/me"), Some(Access::SignedIn));
        for (method, route) in
            [("DELETE", "/v1/me"), ("GET", "/v1/me/"), ("get", "/v1/me"), ("GET", ""), ("GET", "/v1/secret")]
        {
            assert_eq!(of(method, route), None, "{method} {route}");
        }
    }

    #[test]
    fn the_page_is_what_the_table_says() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/permissions.md");
        if std::env::var_os("MONEYBRIDGE_WRITE_DOCS").is_some() {
            std::fs::write(place, page()).unwrap();
        }
        let kept = std::fs::read_to_string(place).unwrap_or_default();
        assert!(kept == page(), "docs/permissions.md is stale: run this test with MONEYBRIDGE_WRITE_DOCS=1");
    }

    #[test]
    fn each_route_is_there_once_and_only_the_contract_s_are_open() {
        let routes: BTreeSet<_> = TABLE.iter().map(|(method, path, _)| (method, path)).collect();
        assert_eq!(routes.len(), TABLE.len());
        let open = [
            "/healthz",
            "/readyz",
            "/openapi.json",
            "/docs",
            "/v1/rails",
            "/v1/corridors",
            "/v1/rates",
            "/v1/auth/",
            "/webhooks/",
            "/return/",
            "/v1/sandbox",
        ];
        for (method, path, access) in TABLE {
            assert!(
                *access != Access::Open || open.iter().any(|begin| path.starts_with(begin)),
                "{method} {path}"
            );
            // The contract has the refund beside the transfer that it gives back.
            let is_admin_s = path.starts_with("/v1/admin/") || *path == "/v1/transfers/{id}/refund";
            assert_eq!(is_admin_s, access.is_for_staff(), "{method} {path}");
            let only_looks = *method == "GET";
            assert!(!only_looks || !access.wants_fresh_factor(), "{method} {path} only looks");
            assert!(!is_admin_s || only_looks || access.wants_fresh_factor(), "{method} {path} acts");
        }
    }
}
