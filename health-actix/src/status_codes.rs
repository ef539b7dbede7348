use actix_web::http::StatusCode;
use health_core::{Mistake, Status};

/// The status code of an answer, by its status. What is healthy is always 200.
///
/// By default 200 where it passes and 503 where it does not: what every prober and balancer agrees
/// on. Change it only for a consumer that wants something else:
///
/// | consumer | wants |
/// |---|---|
/// | Consul | 429 for what is degraded: its warning; everybody else takes it for a failure |
/// | Spring Boot, MicroProfile, ASP.NET | what is the default here |
/// | the Kubernetes API server, and the guides of the components dialect | 500 for what is unhealthy |
///
/// ```
/// use health_actix::StatusCodes;
///
/// let for_consul = StatusCodes::new().degraded(429);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCodes {
    degraded: u16,
    unhealthy: u16,
}

impl StatusCodes {
    /// 200 for what is healthy or degraded, 503 for what is unhealthy.
    pub const fn new() -> Self {
        Self {
            degraded: 200,
            unhealthy: 503,
        }
    }

    /// The code of what is degraded. Anything but 2xx takes it out of service nearly everywhere.
    #[must_use]
    pub const fn degraded(mut self, code: u16) -> Self {
        self.degraded = code;
        self
    }

    /// The code of what is unhealthy.
    #[must_use]
    pub const fn unhealthy(mut self, code: u16) -> Self {
        self.unhealthy = code;
        self
    }

    pub(crate) fn code(self, status: Status) -> StatusCode {
        let (code, otherwise) = match status {
            Status::Healthy => (200, StatusCode::OK),
            Status::Degraded => (self.degraded, StatusCode::OK),
            Status::Unhealthy => (self.unhealthy, StatusCode::SERVICE_UNAVAILABLE),
        };
        StatusCode::from_u16(code).unwrap_or(otherwise)
    }

    /// What cannot be sent.
    pub(crate) fn mistakes(self) -> impl Iterator<Item = Mistake> {
        let codes = [self.degraded, self.unhealthy];
        codes
            .into_iter()
            .filter(|code| !can_be_sent(*code))
            .map(|code| {
                Mistake::new(format!(
                    "{code} cannot be the status code of a health endpoint: use one of 200 to 299, \
                     except 204 and 205, which have no body, or one of 400 to 599"
                ))
            })
    }
}

impl Default for StatusCodes {
    fn default() -> Self {
        Self::new()
    }
}

/// Not what has no body, nor a redirect to nowhere.
const fn can_be_sent(code: u16) -> bool {
    matches!(code, 200..=203 | 206..=299 | 400..=599)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_code() {
        let codes = StatusCodes::new().degraded(429).unhealthy(500);
        assert_eq!(codes.code(Status::Healthy), 200);
        assert_eq!(codes.code(Status::Degraded), 429);
        assert_eq!(codes.code(Status::Unhealthy), 500);
        assert_eq!(codes.mistakes().count(), 0);
    }

    #[test]
    fn what_cannot_be_sent_is_a_mistake() {
        for code in [0, 100, 199, 204, 205, 301, 304, 399, 600, u16::MAX] {
            let codes = StatusCodes::new().degraded(code).unhealthy(code);
            assert_eq!(codes.mistakes().count(), 2, "{code}");
        }
    }
}
