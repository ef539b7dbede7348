//! OpenAI and Azure OpenAI, over a client of reqwest.
//!
//! ```no_run
//! # fn shown(client: reqwest::Client) -> Result<(), health_core::BuildError> {
//! use std::env;
//! use health_core::HealthBuilder;
//! use health_indicators::openai::{self, OpenAi};
//!
//! let endpoint = env::var("AZURE_OPENAI_ENDPOINT");
//! let azure = OpenAi::azure(&client, endpoint, env::var("AZURE_OPENAI_API_KEY"));
//! let health = HealthBuilder::empty()
//!     .check(openai::check(&client, env::var("OPENAI_API_KEY")).readiness())
//!     .check(azure.with_deployment("chat").check().readiness())
//!     .build()?;
//! # Ok(())
//! # }
//! ```

mod setting;

use std::fmt;
use std::time::Duration;

use health_core::{Check, Outcome, Status};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Request, Response, StatusCode, Url};
use serde_json::Value as Json;

pub use self::setting::Setting;
use crate::budget::Budget;
use crate::failure::Failure;
use crate::http::exchange;
use crate::measured::Measured;
use crate::ready_made;

/// How long a run may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(3);

/// The longest list that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Asks OpenAI for its models with this key; see [`Setting`] for how it may be given.
///
/// ```no_run
/// use health_core::{Outcome, State, health_check};
/// use health_indicators::openai;
///
/// /// The models answer.
/// #[health_check(kind = "readiness", timeout_ms = 3000)]
/// async fn models(client: State<reqwest::Client>) -> Outcome {
///     openai::ping(&client, std::env::var("OPENAI_API_KEY")).await
/// }
/// ```
///
/// See [`OpenAi`] for what it says.
pub async fn ping(client: &Client, key: impl Into<Setting>) -> Outcome {
    OpenAi::new(client, key).ping().await
}

/// A check of the name `openai`, with a timeout of [`TIMEOUT`], that does what [`ping`] does. It
/// serves no probe until told which.
#[track_caller]
pub fn check(client: &Client, key: impl Into<Setting>) -> Check {
    OpenAi::new(client, key).check()
}

/// OpenAI, or Azure OpenAI, of which the messages then speak.
///
/// It asks for the list of models or deployments, which costs no tokens.
///
/// | public message | when |
/// |---|---|
/// | `OpenAI credentials not configured` | the key is missing or empty; nothing is asked |
/// | `HTTP 401 from Azure OpenAI` | it answers with another status than 200: here, the key is wrong |
/// | `HTTP 429 from OpenAI: rate limited` | it is asked too often; degraded |
/// | `HTTP 429 from OpenAI: quota exhausted` | nothing is left to be spent |
/// | `no answer within 2212 ms`, `connection refused` and the like | it does not answer |
/// | `unexpected answer` | it answers no list |
/// | `model not available`, `deployment not available` | the list lacks the one that was named, or it is not ready |
/// | `invalid URL` | the endpoint is none |
///
/// A redirect is not followed by a client that has `redirect(Policy::none())`; another takes Azure's
/// key with it, wherever that leads.
///
/// Measured values: `http_status`, `headers_ms`, `body_ms`, `models` or `deployments`, and
/// `retry_after_seconds` if it says so.
pub struct OpenAi {
    client: Client,
    place: Place,
    key: Setting,
    /// The model or deployment that has to be there.
    wanted: Option<String>,
    rate_limited: Status,
}

#[derive(Clone, Debug)]
enum Place {
    OpenAi {
        base: Setting,
    },
    Azure {
        endpoint: Setting,
        version: Option<String>,
    },
}

impl OpenAi {
    /// OpenAI itself, or what speaks like it, with this key.
    pub fn new(client: &Client, key: impl Into<Setting>) -> Self {
        let base = "https://api.openai.com".into();
        Self::at(client, Place::OpenAi { base }, key.into())
    }

    /// Azure OpenAI at an endpoint such as `https://example.openai.azure.com`, with this key.
    pub fn azure(client: &Client, endpoint: impl Into<Setting>, key: impl Into<Setting>) -> Self {
        let place = Place::Azure {
            endpoint: endpoint.into(),
            version: None,
        };
        Self::at(client, place, key.into())
    }

    fn at(client: &Client, place: Place, key: Setting) -> Self {
        Self {
            client: client.clone(),
            place,
            key,
            wanted: None,
            rate_limited: Status::Degraded,
        }
    }

    /// Another place than `https://api.openai.com`, or for Azure another endpoint; without `/v1`.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<Setting>) -> Self {
        match &mut self.place {
            Place::OpenAi { base: own } | Place::Azure { endpoint: own, .. } => *own = url.into(),
        }
        self
    }

    /// The version of Azure's API. Default: `2024-10-21` for models, and for deployments
    /// `2022-12-01`, the last that lists them by key. Without effect for OpenAI.
    #[must_use]
    pub fn with_api_version(mut self, version: impl Into<String>) -> Self {
        if let Place::Azure { version: own, .. } = &mut self.place {
            *own = Some(version.into());
        }
        self
    }

    /// The model that has to be in OpenAI's list, such as `gpt-4o`. For Azure, the same as
    /// [`OpenAi::with_deployment`]. Default: any list will do.
    #[must_use]
    pub fn with_model(mut self, name: impl Into<String>) -> Self {
        self.wanted = Some(name.into());
        self
    }

    /// The deployment that has to be in Azure's list, and ready. The deployments are then asked for
    /// instead of the models.
    #[must_use]
    pub fn with_deployment(self, name: impl Into<String>) -> Self {
        self.with_model(name)
    }

    /// What it is if it is asked too often, by whomever. Default: [`Status::Degraded`].
    #[must_use]
    pub fn with_rate_limited(mut self, status: Status) -> Self {
        self.rate_limited = status;
        self
    }

    /// Asks it.
    pub async fn ping(&self) -> Outcome {
        let mut measured = Measured::default();
        let found = self.ask(&mut measured).await;
        measured.told(found)
    }

    /// A check of the name `openai` or `azure_openai`, with a timeout of [`TIMEOUT`]. It serves no
    /// probe until told which.
    #[track_caller]
    pub fn check(self) -> Check {
        let name = match self.place {
            Place::OpenAi { .. } => "openai",
            Place::Azure { .. } => "azure_openai",
        };
        ready_made::external(name, TIMEOUT, self, async |service| service.ping().await)
    }

    async fn ask(&self, measured: &mut Measured) -> Result<Outcome, Failure> {
        let request = self.request()?;
        let budget = Budget::begin(TIMEOUT);
        let sending = exchange::send(&self.client, request, budget.first(None), measured);
        let mut answer = sending.await?;
        let reading = exchange::body(&mut answer, LONGEST, budget.rest(), measured);
        let body = reading.await;
        match answer.status() {
            StatusCode::OK => self.listed(body?, measured),
            StatusCode::TOO_MANY_REQUESTS => Ok(self.limited(&answer, body.ok(), measured)),
            status => Err(Failure::new(self.status(status))),
        }
    }

    fn request(&self) -> Result<Request, Failure> {
        let missing = || Failure::new(format!("{} credentials not configured", self.place));
        let key = self.key.text().ok_or_else(missing)?;
        let base = self.place.base().ok_or_else(missing)?;
        let url = self.place.url(base, self.wanted.is_some())?;
        let request = self.client.get(url).headers(self.place.headers(key)?);
        request
            .build()
            .map_err(|error| Failure::because("invalid URL", error.without_url()))
    }

    fn status(&self, status: StatusCode) -> String {
        format!("HTTP {} from {}", status.as_u16(), self.place)
    }

    /// Who is to be asked less often answers; who has nothing left to spend will get no answers.
    fn limited(
        &self,
        answer: &Response,
        body: Option<Option<Vec<u8>>>,
        measured: &mut Measured,
    ) -> Outcome {
        let seconds = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|after| after.to_str().ok());
        if let Some(seconds) = seconds.and_then(|seconds| seconds.parse::<u32>().ok()) {
            measured.add("retry_after_seconds", seconds);
        }
        let status = self.status(answer.status());
        if body.flatten().is_some_and(|body| is_quota(&body)) {
            return Outcome::unhealthy(format!("{status}: quota exhausted"));
        }
        Outcome::new(self.rate_limited).with_message(format!("{status}: rate limited"))
    }

    fn listed(&self, body: Option<Vec<u8>>, measured: &mut Measured) -> Result<Outcome, Failure> {
        let unexpected = || Failure::new("unexpected answer");
        let body = body.ok_or_else(unexpected)?;
        let json: Json = serde_json::from_slice(&body).map_err(|_| unexpected())?;
        let list = json
            .get("data")
            .and_then(Json::as_array)
            .ok_or_else(unexpected)?;
        let (one, several) = self.place.parts(self.wanted.is_some());
        measured.add(several, list.len());
        match &self.wanted {
            Some(name) if !list.iter().any(|part| is_ready(part, name)) => {
                Err(Failure::new(format!("{one} not available")))
            }
            _ => Ok(Outcome::healthy()),
        }
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi")
            .field("place", &self.place)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Place {
    fn base(&self) -> Option<&str> {
        match self {
            Self::OpenAi { base: own } | Self::Azure { endpoint: own, .. } => own.text(),
        }
    }

    fn url(&self, base: &str, names_one: bool) -> Result<Url, Failure> {
        let base = base.trim_end_matches('/');
        let url = match self {
            Self::OpenAi { .. } => format!("{base}/v1/models"),
            Self::Azure { .. } => format!("{base}/openai/{}", self.parts(names_one).1),
        };
        let url = Url::parse(&url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut url = url.ok_or_else(|| Failure::new("invalid URL"))?;
        if let Self::Azure { version, .. } = self {
            let usual = if names_one {
                "2022-12-01"
            } else {
                "2024-10-21"
            };
            let version = version.as_deref().unwrap_or(usual);
            url.query_pairs_mut().append_pair("api-version", version);
        }
        Ok(url)
    }

    fn headers(&self, key: &str) -> Result<HeaderMap, Failure> {
        let (name, value) = match self {
            Self::OpenAi { .. } => ("authorization", format!("Bearer {key}")),
            Self::Azure { .. } => ("api-key", key.to_owned()),
        };
        // The error of a header tells nothing of it.
        let mut value: HeaderValue = value
            .parse()
            .map_err(|error| Failure::because("credentials rejected", Box::new(error)))?;
        value.set_sensitive(true);
        Ok(HeaderMap::from_iter([(
            HeaderName::from_static(name),
            value,
        )]))
    }

    /// What is listed: one of them, and several.
    const fn parts(&self, names_one: bool) -> (&'static str, &'static str) {
        match self {
            Self::Azure { .. } if names_one => ("deployment", "deployments"),
            _ => ("model", "models"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenAi { .. } => "OpenAI",
            Self::Azure { .. } => "Azure OpenAI",
        })
    }
}

fn is_ready(part: &Json, name: &str) -> bool {
    let text = |member: &str| part.get(member).and_then(Json::as_str);
    text("id") == Some(name) && text("status").is_none_or(|status| status == "succeeded")
}

fn is_quota(body: &[u8]) -> bool {
    let json: Result<Json, _> = serde_json::from_slice(body);
    let says = |json: &Json, at: &str| {
        let said = json.pointer(at).and_then(Json::as_str);
        said == Some("insufficient_quota")
    };
    json.is_ok_and(|json| says(&json, "/error/code") || says(&json, "/error/type"))
}
