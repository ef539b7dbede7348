//! What is asked.

use std::net::{IpAddr, SocketAddr};

/// A URL of plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) host: Host,
    /// The host and, if it was said, the port: what the header `Host` has.
    pub(super) authority: String,
    /// With the query; empty if none was given.
    pub(super) path: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// No name has to be looked up.
    Address(SocketAddr),
    Name(String, u16),
}

/// The longest URL, in bytes.
const LONGEST: usize = 2048;

impl Url {
    /// Errors do not show the URL, in which there may be a secret.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let is_plain = text.len() <= LONGEST && text.bytes().all(|c| c.is_ascii_graphic());
        if !is_plain {
            let problem = "--url has a space, a control character or another letter than ASCII, or \
                           is above 2 KiB";
            return Err(problem.to_owned());
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        if scheme.eq_ignore_ascii_case("https") {
            let problem = "--url begins with https, but the probe speaks plain http alone: ask a \
                           port of this machine without TLS";
            return Err(problem.to_owned());
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return Err("--url has to begin with http://".to_owned());
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        Ok(Self {
            host: Host::parse(authority)?,
            authority: authority.to_owned(),
            path: match path {
                query if query.starts_with('?') => format!("/{query}"),
                path => path.to_owned(),
            },
        })
    }
}

impl Host {
    fn parse(authority: &str) -> Result<Self, String> {
        if authority.contains('@') {
            let problem = "--url has credentials: give a header instead, in the variable \
                           HEALTH_PROBE_HEADER";
            return Err(problem.to_owned());
        }
        let problem = || "--url has no host and port, as in http://127.0.0.1:8000".to_owned();
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(problem)?;
                (
                    host,
                    port.strip_prefix(':').or(port.is_empty().then_some("80")),
                )
            }
            None => {
                let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
                (host, Some(port))
            }
        };
        let port = port.filter(|port| port.bytes().all(|c| c.is_ascii_digit()));
        let port: u16 = port
            .and_then(|port| port.parse().ok())
            .ok_or_else(problem)?;
        let is_v6 = authority.starts_with('[');
        match host.parse::<IpAddr>() {
            _ if port == 0 => Err(problem()),
            Ok(ip) if ip.is_ipv6() == is_v6 => Ok(Self::Address((ip, port).into())),
            Err(_) if !is_v6 && is_name(host) => Ok(Self::Name(host.to_owned(), port)),
            _ => Err(problem()),
        }
    }
}

fn is_name(host: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"-._".contains(&c);
    (1..=253).contains(&host.len()) && host.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_urls_are_read() {
        let name = |name: &str, port| Host::Name(name.to_owned(), port);
        let address = |text: &str| Host::Address(text.parse().unwrap());
        for (text, host, path) in [
            (
                "http://127.0.0.1:8000/health",
                address("127.0.0.1:8000"),
                "/health",
            ),
            ("HTTP://[::1]:81/x?y=/z#top", address("[::1]:81"), "/x?y=/z"),
            ("http://[::1]", address("[::1]:80"), ""),
            ("http://localhost", name("localhost", 80), ""),
            (
                "http://web-1.internal:9?a=b",
                name("web-1.internal", 9),
                "/?a=b",
            ),
            ("http://10.0.0.1/", address("10.0.0.1:80"), "/"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.host, &*url.path), (host, path), "{text}");
        }
    }

    #[test]
    fn everything_else_is_told_without_showing_it() {
        for (text, says) in [
            ("https://127.0.0.1/", "plain http alone"),
            ("ftp://127.0.0.1/", "begin with http://"),
            ("127.0.0.1:8000", "begin with http://"),
            ("", "begin with http://"),
            ("http://user:s3cret@127.0.0.1/", "credentials"),
            ("http://s3cret@127.0.0.1/", "credentials"),
            ("http://", "no host"),
            ("http://:80/", "no host"),
            ("http://a:0/", "no host"),
            ("http://a:65536/", "no host"),
            ("http://a:+80/", "no host"),
            ("http://a:/", "no host"),
            ("http://::1/", "no host"),
            ("http://[::1/", "no host"),
            ("http://[::1]80/", "no host"),
            ("http://[127.0.0.1]/", "no host"),
            ("http://a%0d/", "no host"),
            ("http://a/\r\nx: y", "control character"),
            ("http://a/ü", "ASCII"),
            ("http://a/b c", "space"),
        ] {
            let error = Url::parse(text).unwrap_err();
            assert!(error.contains(says), "{text:?}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        let long = format!("http://a/{}", "x".repeat(LONGEST));
        assert!(Url::parse(&long).unwrap_err().contains("2 KiB"));
    }
}
