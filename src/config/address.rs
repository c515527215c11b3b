//! Addresses in settings: base URLs, origins, hosts and networks.
//!
//! A base URL has a scheme, a host and perhaps a path, and nothing else, so that appending `/path`
//! to it is always right. A `Host` header is compared as lower-case text; no URL is built from one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use url::{Host, Url};

/// `http` or `https`, a host, perhaps a port and a path; no slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
    is_https: bool,
    is_loopback: bool,
}

impl BaseUrl {
    /// Reads an address that paths can be appended to.
    ///
    /// Errors, in words: another scheme, no host, a user, a query or a fragment.
    pub fn parse(text: &str) -> Result<BaseUrl, String> {
        let url = Url::parse(text).map_err(|error| format!("is not a URL ({error})"))?;
        let host = url.host().filter(|_| matches!(url.scheme(), "http" | "https"));
        let Some(host) = host else { return Err("is not an http or https address".to_owned()) };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("names a user".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("has a query or a fragment".to_owned());
        }
        Ok(BaseUrl {
            text: url.as_str().trim_end_matches('/').to_owned(),
            host: host.to_string(),
            is_https: url.scheme() == "https",
            is_loopback: is_loopback(&host),
        })
    }

    /// The plain address of a listener; one that listens everywhere is reached by loopback.
    pub fn of_listener(bound: SocketAddr) -> BaseUrl {
        let reachable = reachable(bound);
        let host = match reachable.ip() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let is_loopback = reachable.ip().is_loopback();
        BaseUrl { text: format!("http://{reachable}"), host, is_https: false, is_loopback }
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// This address with `path`, which begins with a slash, behind it.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Its host, lower-case, IPv6 in brackets, without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it stays on this machine.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where this machine finds something that listens on `bound`: itself, when it listens everywhere.
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(ip, bound.port())
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// `Host` headers that are answered: names for any port, or names with a port for that one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Of entries that [`host`] has read.
    pub fn new(hosts: Vec<String>) -> AllowedHosts {
        AllowedHosts(hosts)
    }

    /// Whether a request with this `Host` header is answered.
    pub fn allows(&self, header: &str) -> bool {
        let asked = header.to_ascii_lowercase();
        let name = without_port(&asked);
        self.0.iter().any(|allowed| *allowed == asked || allowed == name)
    }

    /// The entries, for a message to whoever came with another one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Reads an entry of `allowed_hosts`: a name or an address, perhaps with a port.
pub fn host(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let is_host = lower.bytes().all(allowed) && Url::parse(&format!("http://{lower}/")).is_ok();
    if is_host { Ok(lower) } else { Err(format!("{text:?} is no host")) }
}

/// Reads an origin as browsers write it: scheme, host and perhaps a port.
pub fn origin(text: &str) -> Result<String, String> {
    let base = BaseUrl::parse(text).map_err(|why| format!("{text:?} {why}"))?;
    if base.as_str() == text && text.matches('/').count() == 2 {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is no origin"))
}

/// Reads an address, or a network in CIDR notation.
pub fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| format!("{text:?} is no address or network"))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_end_where_a_path_begins() {
        let cases = [
            ("https://pay.example.com", Ok("https://pay.example.com/v1")),
            ("https://PAY.example.com/api/", Ok("https://pay.example.com/api/v1")),
            ("http://127.0.0.1:8081", Ok("http://127.0.0.1:8081/v1")),
            ("ftp://example.com", Err("is not an http or https address")),
            ("https://user@example.com", Err("names a user")),
            ("https://example.com?a=b", Err("has a query or a fragment")),
            ("example.com", Err("is not a URL (relative URL without a base)")),
        ];
        for (text, expected) in cases {
            let joined = BaseUrl::parse(text).map(|base| base.join("/v1"));
            assert_eq!(joined, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_listener_is_reached_where_this_machine_finds_it() {
        let cases = [
            ("127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1"),
            ("0.0.0.0:80", "http://127.0.0.1:80", "127.0.0.1"),
            ("[::]:9000", "http://[::1]:9000", "[::1]"),
        ];
        for (bound, expected, host) in cases {
            let base = BaseUrl::of_listener(bound.parse().unwrap());
            assert_eq!((base.as_str(), base.host(), base.is_loopback()), (expected, host, true));
        }
    }

    #[test]
    fn loopback_is_told_by_the_host() {
        for (text, expected) in [
            ("http://localhost:1", true),
            ("http://a.localhost", true),
            ("http://[::1]:1", true),
            ("http://127.9.9.9", true),
            ("http://localhost.example.com", false),
            ("http://192.168.1.2", false),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
    }

    #[test]
    fn hosts_are_answered_by_name_and_by_port() {
        let allowed = ["Pay.example.com", "api.example.com:8443", "[::1]"].map(|text| host(text).unwrap());
        let allowed = AllowedHosts::new(allowed.to_vec());
        for header in
            ["pay.example.com", "PAY.EXAMPLE.COM:444", "api.example.com:8443", "[::1]:8080", "[::1]"]
        {
            assert!(allowed.allows(header), "{header}");
        }
        for header in
            ["", "example.com", "api.example.com", "pay.example.com.evil.net", "[::2]", "pay.example.com:x"]
        {
            assert!(!allowed.allows(header), "{header}");
        }
        for text in ["https://a", "a/b", "a b", "", "a:b:c", "user@a", "a?b", "*"] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_and_networks() {
        for good in ["https://app.example.com", "http://localhost:5173"] {
            assert_eq!(origin(good).as_deref(), Ok(good));
        }
        for bad in ["*", "https://app.example.com/", "https://a.example.com/x", "app.example.com", "null"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
        assert_eq!(network("10.0.0.7").unwrap().to_string(), "10.0.0.7/32");
        assert_eq!(network("fd00::/8").unwrap().to_string(), "fd00::/8");
        assert!(network("10.0.0.0/33").is_err() && network("proxy").is_err());
    }
}
