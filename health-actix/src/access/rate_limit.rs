use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;
use health_core::{BuildError, Mistake};
use tokio::time::Instant;

use super::client::Proxies;
use super::throttle::{Client, Nanoseconds, Rate, SECOND, Throttle};

/// How often each client may ask for details. Who asks more often is answered 429, with the
/// seconds to wait in `Retry-After`. Probes are not limited: those who ask for them would take the
/// answer for a failure.
///
/// A client is an address of IPv4, or the first 64 bits of one of IPv6. Who asks through a Unix
/// socket has none; all of those count as one. Behind a proxy, say [which](RateLimit::behind), or
/// all who ask through it count as one.
///
/// Clones count together, so that a limit that was made outside of the server's factory holds for
/// all workers; made inside, each worker has its own, and the limit is that many times as high.
///
/// ```
/// use health_actix::RateLimit;
///
/// // Outside of the factory of the server: 5 in a second, and 20 at once after a pause.
/// let limit = RateLimit::per_second(5).burst(20).behind(["10.1.0.0/16"]);
/// assert!(limit.validate().is_ok());
/// ```
///
/// It costs the same however many ask, and remembers at most 1,024 clients, as long as it makes a
/// difference. While that many have asked lately, all others share what one may ask for: so whoever
/// has many addresses gets at most 1,025 times the rate with them, and changes nothing for those
/// who are remembered.
#[derive(Clone)]
#[must_use = "give it to a health service"]
pub struct RateLimit {
    per_second: u32,
    burst: Option<u32>,
    proxies: Proxies,
    counted: Arc<Counted>,
    mistakes: Vec<Mistake>,
}

/// What all clones share.
struct Counted {
    since: Instant,
    throttle: Mutex<Throttle>,
}

/// The request is to be sent again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryAfter {
    /// At least one.
    seconds: u64,
}

impl RetryAfter {
    /// For the header `Retry-After` (RFC 9110, section 10.2.3): whole seconds, after which one
    /// request passes.
    pub(crate) const fn seconds(self) -> u64 {
        self.seconds
    }
}

impl RateLimit {
    /// At most so many requests in a second, on average; and at once, unless
    /// [said otherwise](RateLimit::burst), as many. Zero is a mistake, see
    /// [`RateLimit::validate`].
    pub fn per_second(requests: u32) -> Self {
        let limit = Self {
            per_second: requests,
            burst: None,
            proxies: Proxies::default(),
            counted: Arc::default(),
            mistakes: Vec::new(),
        };
        limit.unless_zero(requests, "per_second")
    }

    /// How many requests may come at once after a pause. Zero is a mistake. The limit no longer
    /// counts together with what it was cloned from.
    pub fn burst(mut self, requests: u32) -> Self {
        self.burst = Some(requests);
        self.counted = Arc::default();
        self.unless_zero(requests, "burst")
    }

    /// The proxies, in CIDR notation, or addresses, that are believed when they tell for whom they
    /// ask, as [`Access::behind`](crate::Access::behind) tells. All whose address they do not tell
    /// count as one client.
    pub fn behind(mut self, proxies: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mistakes = self.proxies.add(proxies);
        self.mistakes.extend(mistakes);
        self
    }

    /// Makes sure that this can be kept. With mistakes, zero is one.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn validate(&self) -> Result<(), BuildError> {
        BuildError::unless_empty(self.mistakes.clone())
    }

    pub(crate) fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// Counts this request, unless it is one too many.
    pub(crate) fn admit_request(&self, request: &HttpRequest) -> Result<(), RetryAfter> {
        self.admit(self.proxies.client(request))
    }

    /// Counts a request from this address, unless it is one too many.
    pub(crate) fn admit(&self, address: Option<IpAddr>) -> Result<(), RetryAfter> {
        let burst = self.burst.unwrap_or(self.per_second).max(1);
        let rate = Rate::new(self.per_second, burst);
        let client = Client::of(address);
        let admitted = self.counted.admit(rate, client);
        admitted.map_err(|wait| RetryAfter {
            seconds: wait.div_ceil(SECOND).max(1),
        })
    }

    fn unless_zero(mut self, requests: u32, method: &str) -> Self {
        if requests == 0 {
            self.mistakes.push(Mistake::new(format!(
                "`{method}(0)` of a rate limit would let nobody ask: give it at least 1"
            )));
        }
        self
    }
}

impl Counted {
    fn admit(&self, rate: Rate, client: Client) -> Result<(), Nanoseconds> {
        // No user code runs under this lock.
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now().saturating_duration_since(self.since);
        let now = Nanoseconds::try_from(now.as_nanos()).unwrap_or(Nanoseconds::MAX);
        throttle.admit(rate, client, now)
    }
}

impl Default for Counted {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            throttle: Mutex::default(),
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("per_second", &self.per_second)
            .field("burst", &self.burst.unwrap_or(self.per_second))
            .field("behind", &self.proxies)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::thread;
    use std::time::Duration;

    use actix_web::test::TestRequest;
    use tokio::time::advance;

    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

    fn passed(limit: &RateLimit, asked: usize) -> usize {
        (0..asked).filter(|_| limit.admit(HERE).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_too_often_is_told_when_to_ask_again() {
        let limit = RateLimit::per_second(2);
        assert_eq!(passed(&limit, 5), 2);
        assert_eq!(limit.admit(HERE), Err(RetryAfter { seconds: 1 }));
        advance(Duration::from_millis(499)).await;
        assert_eq!(passed(&limit, 2), 0);
        advance(Duration::from_millis(1)).await;
        assert_eq!(passed(&limit, 2), 1);
        advance(Duration::from_secs(100)).await;
        assert_eq!(passed(&limit, 5), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_passes_after_the_seconds_that_were_told() {
        let limit = RateLimit::per_second(1).burst(3);
        assert_eq!(passed(&limit, 5), 3);
        advance(Duration::from_millis(100)).await;
        let retry = limit.admit(HERE).unwrap_err();
        assert_eq!(retry.seconds(), 1, "0.9, but whole");
        advance(Duration::from_secs(retry.seconds())).await;
        assert_eq!(passed(&limit, 2), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn clones_count_together_on_all_threads() {
        let limit = RateLimit::per_second(1).burst(100);
        let workers = [0; 4].map(|_| {
            let limit = limit.clone();
            thread::spawn(move || passed(&limit, 50))
        });
        let passed: usize = workers.map(|worker| worker.join().unwrap()).iter().sum();
        // The clock of these threads is not this runtime's: for each second one more may pass.
        assert!((100..150).contains(&passed), "{passed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_clone_with_another_burst_counts_alone() {
        let limit = RateLimit::per_second(1);
        assert_eq!(passed(&limit, 2), 1);
        assert_eq!(passed(&limit.clone(), 2), 0);
        assert_eq!(passed(&limit.clone().burst(4), 9), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_is_believed_for_whom_it_asks() {
        let ask = |limit: &RateLimit, client: &str| {
            let request = TestRequest::default()
                .peer_addr("10.1.0.1:80".parse().unwrap())
                .insert_header(("x-forwarded-for", client));
            limit.admit_request(&request.to_http_request()).is_ok()
        };
        let limit = RateLimit::per_second(1).behind(["10.1.0.0/16"]);
        assert!(ask(&limit, "192.0.2.1"));
        assert!(ask(&limit, "192.0.2.2"));
        assert!(!ask(&limit, "192.0.2.2"));
        assert!(
            !ask(&limit, "192.0.2.9, 192.0.2.2"),
            "the one that the proxy saw"
        );
        assert!(ask(&limit, "unknown"));
        assert!(!ask(&limit, "192.0.2.3, _hidden"), "all unknown are one");
        let blind = RateLimit::per_second(1);
        assert!(ask(&blind, "192.0.2.1"));
        assert!(!ask(&blind, "192.0.2.2"), "both are the proxy");
    }

    #[test]
    fn mistakes_are_told() {
        for (limit, told) in [
            (RateLimit::per_second(0), "`per_second(0)`"),
            (RateLimit::per_second(1).burst(0), "`burst(0)`"),
            (RateLimit::per_second(1).behind(["x"]), "`x` is no network"),
            (
                RateLimit::per_second(1).behind(["::/0"]),
                "behind `::/0` everyone",
            ),
        ] {
            let error = limit.validate().unwrap_err();
            assert_eq!(error.mistakes(), limit.mistakes());
            assert!(error.to_string().contains(told), "{error}");
            assert!(limit.admit(None).is_ok(), "zero is taken for one");
            assert!(limit.admit(None).is_err());
        }
        assert!(RateLimit::per_second(1).burst(1).validate().is_ok());
    }
}
