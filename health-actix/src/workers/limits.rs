//! What is too much.

use std::time::Duration;

use health_core::Outcome;

use super::crew::Load;

/// What [`Workers::overloaded`](crate::Workers::overloaded) takes for too much. What is not set is
/// not checked.
///
/// ```
/// use std::time::Duration;
/// use health_actix::{Limits, Workers};
///
/// let limits = Limits::new().lag(Duration::from_millis(200)).in_flight(500);
/// let check = Workers::new().overloaded("load", limits).readiness();
/// # assert_eq!(check.name(), "load");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    lag: Option<Duration>,
    in_flight: Option<usize>,
}

impl Limits {
    /// No limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most that a worker may be late with what is due: the worst of all workers within about
    /// the last second, and of what is due and has not happened. An idle worker is up to 2 ms late;
    /// a process that was suspended is, for a second, as late as it was suspended for. Compared in
    /// whole milliseconds.
    #[must_use]
    pub fn lag(mut self, most: Duration) -> Self {
        self.lag = Some(most);
        self
    }

    /// How many requests may be in flight, on all workers of the process together.
    ///
    /// A request is from its arrival at the middleware until its response begins, or it is
    /// dropped, or its handler panics. By default actix goes on with a request whose client has
    /// closed the connection, see [`HttpServer::h1_allow_half_closed`]; it is in flight, too. The
    /// body of a response that is streamed is not counted. The request of the probe that asks is,
    /// if it comes through the middleware.
    ///
    /// [`HttpServer::h1_allow_half_closed`]: actix_web::HttpServer::h1_allow_half_closed
    #[must_use]
    pub fn in_flight(mut self, most: usize) -> Self {
        self.in_flight = Some(most);
        self
    }

    pub(super) fn weigh(&self, load: &Load) -> Outcome {
        let exceeded = [self.exceeded_lag(load), self.exceeded_in_flight(load)];
        let exceeded: Vec<_> = exceeded.into_iter().flatten().collect();
        let outcome = if exceeded.is_empty() {
            Outcome::healthy()
        } else {
            Outcome::degraded(exceeded.join("; "))
        };
        let lag = load.lag.unwrap_or_default().0;
        outcome
            .with_data("lag_ms", whole_ms(lag))
            .with_data("in_flight", load.in_flight)
    }

    fn exceeded_lag(&self, load: &Load) -> Option<String> {
        let (most, (lag, number)) = (self.lag?, load.lag?);
        let (lag, most) = (whole_ms(lag), whole_ms(most));
        (lag > most)
            .then(|| format!("event loop lag of {lag} ms on worker {number} is above {most} ms"))
    }

    fn exceeded_in_flight(&self, load: &Load) -> Option<String> {
        let (most, in_flight) = (self.in_flight?, load.in_flight);
        (in_flight > most).then(|| {
            let (noun, verb) = if in_flight == 1 {
                ("request", "is")
            } else {
                ("requests", "are")
            };
            format!("{in_flight} {noun} in flight {verb} above {most}")
        })
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use health_core::{Status, Value};

    use super::*;

    const LOAD: Load = Load {
        lag: Some((Duration::from_millis(312), 2)),
        in_flight: 812,
    };

    #[test]
    fn what_is_above_degrades_and_is_told() {
        let limits = Limits::new().lag(Duration::from_millis(200)).in_flight(500);
        let outcome = limits.weigh(&LOAD);
        assert_eq!(outcome.status(), Status::Degraded);
        let expected = "event loop lag of 312 ms on worker 2 is above 200 ms; \
                        812 requests in flight are above 500";
        assert_eq!(outcome.message(), Some(expected));
        let one = Load {
            lag: None,
            in_flight: 1,
        };
        let outcome = Limits::new().in_flight(0).weigh(&one);
        assert_eq!(outcome.message(), Some("1 request in flight is above 0"));
    }

    #[test]
    fn what_is_at_its_limit_or_has_none_is_not_too_much() {
        let at_limit = Limits::new().lag(Duration::from_millis(312)).in_flight(812);
        for limits in [at_limit, Limits::new()] {
            let outcome = limits.weigh(&LOAD);
            assert_eq!(outcome.status(), Status::Healthy, "{limits:?}");
            let data: Vec<_> = outcome.data().collect();
            let (lag, in_flight) = (Value::Integer(312), Value::Integer(812));
            assert_eq!(data, [("lag_ms", &lag), ("in_flight", &in_flight)]);
        }
    }
}
