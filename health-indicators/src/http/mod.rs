//! An HTTP service, over a client of reqwest.
//!
//! ```no_run
//! # fn shown(client: reqwest::Client) -> Result<(), health_core::BuildError> {
//! use health_core::HealthBuilder;
//! use health_indicators::http::{self, Http};
//!
//! let stock = Http::new(&client, "https://stock.internal/health").with_expected_json("/status", "UP");
//! let health = HealthBuilder::empty()
//!     .check(http::check(&client, "https://rates.internal/live").with_name("rates").readiness())
//!     .check(stock.check().with_name("stock").readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

pub(crate) mod exchange;
mod expected;

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use health_core::{Check, Outcome, ProbePath, Value, probe_path};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Response, Url};

use self::exchange::private;
use self::expected::{Content, Expected};
use crate::budget::Budget;
#[cfg(feature = "reqwest-certificate")]
use crate::certificate::{DaysLeft, days_left};
use crate::failure::Failure;
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(3);

/// Up to how many bytes of a body are read where nothing else is said.
const BODY_LIMIT: usize = 64 * 1024;

/// Asks `url` with GET, and expects a status from 200 to 299.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::http;
///
/// /// The service for exchange rates answers.
/// #[health_check(kind = "readiness", timeout_ms = 3000)]
/// async fn rates(client: State<reqwest::Client>) -> Outcome {
///     http::ping(&client, "https://rates.internal/live").await
/// }
/// ```
///
/// See [`Http`] for what it says.
pub async fn ping(client: &Client, url: &str) -> Outcome {
    Http::new(client, url).ping().await
}

/// A check of the name `http`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(client: &Client, url: &str) -> Check {
    Http::new(client, url).check()
}

/// An HTTP service.
///
/// | public message | when |
/// |---|---|
/// | `HTTP 503` | it answers with another status than is expected |
/// | `name not found`, `connection refused` and the like | nothing listens there, or the network fails |
/// | `no answer within 2900 ms` | the service, or what is in front of it, lets one wait |
/// | `answer incomplete after 2212 ms` | a body is expected, and it stops in the middle |
/// | `connection closed by the server` | it hangs up instead of answering |
/// | `redirected` | the client follows redirects, and did |
/// | `a header is missing`, `unexpected header`, `unexpected answer`, `the answer is too long` | it answers other things than are expected, or no HTTP |
/// | `certificate expired`, `certificate not accepted`, `TLS failed` | the client does not trust it |
/// | `certificate valid for 5 more days, less than 7` | with `with_certificate` |
/// | `invalid URL`, `invalid header` | the check itself is wrong |
///
/// Measured values: `http_status`, `headers_ms` until the headers have come, `body_ms` for a body
/// that is expected, and with `with_certificate` `certificate_days`.
///
/// The connections are those of the client, and are used again: what nobody expects of a body is
/// read all the same if it is short. How long the client may take to connect is for its
/// `connect_timeout` to say; reqwest tells no one how far a request has come.
///
/// The request says by way of which checks it comes, in the header `health-probe-path`, as random
/// ids. Of two services that ask each other, the one that is asked by way of its own check does not
/// run that again, if it serves its health with health-actix.
///
/// A redirect is not what was asked for. A client that has `redirect(Policy::none())` reports it as
/// `HTTP 302`, without asking any further; a client cannot be told so for one request.
pub struct Http {
    client: Client,
    url: Result<Url, Mistake>,
    method: Method,
    headers: Result<HeaderMap, Mistake>,
    expected: Expected,
    body_limit: usize,
    #[cfg(feature = "reqwest-certificate")]
    certificate: Option<DaysLeft>,
}

/// What is wrong with the check itself: in public, and in private.
type Mistake = (&'static str, String);

impl Http {
    /// The service at `url`, of the scheme `http` or `https`. Any other text is reported when the
    /// check runs, as `invalid URL`.
    pub fn new(client: &Client, url: &str) -> Self {
        Self {
            client: client.clone(),
            url: parse(url),
            method: Method::GET,
            headers: Ok(HeaderMap::new()),
            expected: Expected::default(),
            body_limit: BODY_LIMIT,
            #[cfg(feature = "reqwest-certificate")]
            certificate: None,
        }
    }

    /// The method to ask with. Default: GET.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Adds a header to the request. Its value may be a secret: it is never shown.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Ok(headers) = &mut self.headers {
            match header(name, value) {
                Ok((name, value)) => drop(headers.append(name, value)),
                Err(mistake) => self.headers = Err(mistake),
            }
        }
        self
    }

    /// The statuses that are healthy. Default: 200 to 299.
    #[must_use]
    pub fn with_expected_status(mut self, statuses: RangeInclusive<u16>) -> Self {
        self.expected.statuses = statuses;
        self
    }

    /// A header that the answer has to have, and how its value has to start; `""` if any will do.
    #[must_use]
    pub fn with_expected_header(
        mut self,
        name: impl Into<String>,
        start: impl Into<String>,
    ) -> Self {
        self.expected.headers.push((name.into(), start.into()));
        self
    }

    /// A text that the body has to have somewhere.
    #[must_use]
    pub fn with_expected_text(mut self, text: impl Into<String>) -> Self {
        self.expected.body.push(Content::Text(text.into()));
        self
    }

    /// What the JSON of the body has to have at this pointer (RFC 6901), such as `/status`.
    #[must_use]
    pub fn with_expected_json(
        mut self,
        pointer: impl Into<String>,
        value: impl Into<Value>,
    ) -> Self {
        let content = Content::Json(pointer.into(), value.into());
        self.expected.body.push(content);
        self
    }

    /// The longest body that is read, in bytes. A longer one is unhealthy if something is expected
    /// of it; else it is left unread, which costs its connection. Default: 65,536.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Looks at the certificate of the service, too: degraded below 21 more days, and unhealthy
    /// below 7. The client has to be built with `tls_info(true)`, or this is degraded.
    #[cfg(feature = "reqwest-certificate")]
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest-certificate")))]
    #[must_use]
    pub fn with_certificate(mut self) -> Self {
        self.certificate = Some(DaysLeft::default());
        self
    }

    /// As [`Http::with_certificate`], with other numbers of days.
    #[cfg(feature = "reqwest-certificate")]
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest-certificate")))]
    #[must_use]
    pub fn with_certificate_days(mut self, degraded_below: u16, unhealthy_below: u16) -> Self {
        self.certificate = Some(DaysLeft {
            degraded: degraded_below,
            unhealthy: unhealthy_below,
        });
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        let mut measured = Measured::default();
        let found = self.ask(&mut measured).await;
        measured.told(found)
    }

    /// A check of the name `http`, with a timeout of [`TIMEOUT`]. It serves no probe until told
    /// which.
    #[track_caller]
    pub fn check(self) -> Check {
        ready_made::external("http", TIMEOUT, self, async |service| service.ping().await)
            .with_asks_health(true)
    }

    async fn ask(&self, measured: &mut Measured) -> Result<Outcome, Failure> {
        let request = self.request()?;
        let budget = Budget::begin(TIMEOUT);
        let step = if self.expected.body.is_empty() {
            budget.rest()
        } else {
            budget.first(None)
        };
        let mut answer = exchange::send(&self.client, request, step, measured).await?;
        let head = self.expected.head(&answer);
        if head.is_err() || self.expected.body.is_empty() {
            exchange::drain(&mut answer, self.body_limit, budget.rest()).await;
            head?;
        } else {
            let body = exchange::body(&mut answer, self.body_limit, budget.rest(), measured);
            self.expected.body(body.await?)?;
        }
        self.certified(&answer, measured)
    }

    fn request(&self) -> Result<Request, Failure> {
        let url = self.url.as_ref().map_err(mistaken)?;
        let mut headers = self.headers.as_ref().map_err(mistaken)?.clone();
        if let Some(path) = probe_path().and_then(|path| path.to_string().parse().ok()) {
            headers.insert(ProbePath::HEADER, path);
        }
        let request = self.client.request(self.method.clone(), url.clone());
        let request = request.headers(headers).build();
        request.map_err(|error| Failure::because("invalid URL", error.without_url()))
    }

    #[cfg(feature = "reqwest-certificate")]
    fn certified(&self, answer: &Response, measured: &mut Measured) -> Result<Outcome, Failure> {
        let Some(limits) = self.certificate else {
            return Ok(Outcome::healthy());
        };
        let info = answer.extensions().get::<reqwest::tls::TlsInfo>();
        let Some(certificate) = info.and_then(reqwest::tls::TlsInfo::peer_certificate) else {
            return Ok(Outcome::degraded(UNKNOWN_CERTIFICATE));
        };
        let days = days_left(certificate)?;
        measured.add("certificate_days", days);
        Ok(limits.judge(days))
    }

    #[cfg(not(feature = "reqwest-certificate"))]
    #[expect(clippy::unused_self, reason = "the other one has a use for it")]
    fn certified(&self, _: &Response, _: &mut Measured) -> Result<Outcome, Failure> {
        Ok(Outcome::healthy())
    }
}

#[cfg(feature = "reqwest-certificate")]
const UNKNOWN_CERTIFICATE: &str =
    "certificate unknown: the service has none, or the client lacks tls_info(true)";

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("method", &self.method)
            .field("expected", &self.expected.statuses)
            .finish_non_exhaustive()
    }
}

fn parse(url: &str) -> Result<Url, Mistake> {
    let invalid = |why: &str| ("invalid URL", why.to_owned());
    let parsed = Url::parse(url).map_err(|error| invalid(&error.to_string()))?;
    match parsed.scheme() {
        "http" | "https" if parsed.has_host() => Ok(parsed),
        _ => Err(invalid("the scheme is neither `http` nor `https`")),
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Mistake> {
    let invalid = |what: &str| ("invalid header", format!("the {what} of `{name}` is none"));
    let parsed: HeaderName = name.parse().map_err(|_| invalid("name"))?;
    let mut value: HeaderValue = value.parse().map_err(|_| invalid("value"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

fn mistaken((public, why): &Mistake) -> Failure {
    Failure::because(*public, private(why.clone()))
}
