//! One HTTP probe, as `pkg/probe/http` of Kubernetes sends it over Go's client and judges it.
//!
//! Not emulated: `httpHeaders`, TLS, and the linger of the socket.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::http::{Response, send};

/// More of a body is not read.
const BODY_LIMIT: usize = 10 << 10;

/// Go's client asks no more often in a row: the tenth redirect is an error.
const MOST_REQUESTS: usize = 10;

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    /// A redirect that was not followed. It counts as a success.
    Warning(String),
    Failure(String),
    /// The body could not be read: the result is thrown away.
    Error(String),
}

/// Asks for a path. The timeout is that of everything: connecting, all redirects, head and body.
pub(crate) fn probe(address: SocketAddr, path: &str, timeout: Duration) -> Outcome {
    let deadline = Instant::now() + timeout;
    let mut target = Target {
        scheme: "http",
        host: address.ip().to_string(),
        port: address.port(),
        path: path.to_owned(),
    };
    let mut referer = None;
    for asked in 1.. {
        let response = match target.ask(referer.as_deref(), deadline) {
            Ok(response) => response,
            Err(error) => return target.failure(&error),
        };
        let next = match target.redirect(&response) {
            None => return judge(response),
            Some(Err(why)) => return Outcome::Failure(target.said(&why)),
            Some(Ok(next)) if next.host != target.host => return judge(response),
            Some(Ok(next)) => next,
        };
        if asked == MOST_REQUESTS {
            return Outcome::Failure(next.said("stopped after 10 redirects"));
        }
        referer = Some(target.url());
        target = next;
    }
    unreachable!("it ends with the tenth request")
}

fn judge(response: Response) -> Outcome {
    let code = response.code;
    let body = match response.body(BODY_LIMIT) {
        Ok(body) => String::from_utf8_lossy(&body).into_owned(),
        Err(error) => return Outcome::Error(said_of_body(&error)),
    };
    match code {
        200..300 => Outcome::Success,
        300..400 => Outcome::Warning(format!("Probe terminated redirects, Response body: {body}")),
        _ => Outcome::Failure(format!("HTTP probe failed with statuscode: {code}")),
    }
}

fn said_of_body(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => {
            "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
                .to_owned()
        }
        io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
        _ => error.to_string(),
    }
}

/// A URL.
#[derive(Debug)]
struct Target {
    scheme: &'static str,
    host: String,
    port: u16,
    path: String,
}

impl Target {
    fn ask(&self, referer: Option<&str>, deadline: Instant) -> io::Result<Response> {
        if self.scheme != "http" {
            return Err(io::Error::other("this emulation speaks no TLS"));
        }
        let mut addresses = (self.host.as_str(), self.port).to_socket_addrs()?;
        let address = addresses.next().ok_or(io::ErrorKind::NotFound)?;
        send(address, &self.request(referer), deadline)
    }

    /// In the order in which Go writes it. What is not there is part of it: `Accept-Encoding`.
    fn request(&self, referer: Option<&str>) -> String {
        let Self {
            host, port, path, ..
        } = self;
        let referer = referer.map(|url| format!("Referer: {url}\r\n"));
        let referer = referer.unwrap_or_default();
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: kube-probe/1.34\r\n\
             Accept: */*\r\n{referer}Connection: close\r\n\r\n"
        )
    }

    /// Where an answer redirects to, as far as Go's client sees a redirect in it.
    fn redirect(&self, response: &Response) -> Option<Result<Self, String>> {
        let redirects = matches!(response.code, 301 | 302 | 303 | 307 | 308);
        let location = response.header("location").filter(|_| redirects)?;
        let target = self.resolve(location);
        Some(target.ok_or_else(|| format!("failed to parse Location header {location:?}")))
    }

    fn resolve(&self, location: &str) -> Option<Self> {
        if let Some(rest) = location.strip_prefix("//") {
            return Self::at(self.scheme, rest);
        }
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = match location.split_once("://") {
            _ if location.starts_with('/') => location.to_owned(),
            Some(("http", rest)) => return Self::at("http", rest),
            Some(("https", rest)) => return Self::at("https", rest),
            _ => format!("{folder}/{location}"),
        };
        Some(Self {
            scheme: self.scheme,
            host: self.host.clone(),
            port: self.port,
            path,
        })
    }

    /// What comes behind the slashes of a URL.
    fn at(scheme: &'static str, rest: &str) -> Option<Self> {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let usual = if scheme == "https" { "443" } else { "80" };
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, usual));
        Some(Self {
            scheme,
            host: host.to_owned(),
            port: port.parse().ok()?,
            path: if path.is_empty() { "/" } else { path }.to_owned(),
        })
    }

    fn url(&self) -> String {
        let Self {
            scheme,
            host,
            port,
            path,
        } = self;
        format!("{scheme}://{host}:{port}{path}")
    }

    fn said(&self, why: &str) -> String {
        format!("Get {:?}: {why}", self.url())
    }

    fn failure(&self, error: &io::Error) -> Outcome {
        let Self { host, port, .. } = self;
        Outcome::Failure(
            self.said(&match error.kind() {
                io::ErrorKind::ConnectionRefused => {
                    format!("dial tcp {host}:{port}: connect: connection refused")
                }
                io::ErrorKind::TimedOut => {
                    "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                        .to_owned()
                }
                io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
                _ => error.to_string(),
            }),
        )
    }
}
