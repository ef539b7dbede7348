//! Whether the workers of a server still turn, and how much they have to do.

mod crew;
mod layer;
mod limits;
mod pulse;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Outcome};
use tokio::time::{Instant, sleep};

#[cfg(any(feature = "metrics", feature = "opentelemetry", feature = "prometheus"))]
pub(crate) use self::crew::Measured;
use self::crew::{Crew, Silent};
pub use self::layer::{WorkersLayer, WorkersService};
pub use self::limits::Limits;
use self::pulse::PERIOD;

/// The workers of the servers of a process: which of them turn, and how much they have to do. A
/// cheap clone; make one, outside the factory of the server.
///
/// Every worker of actix is one thread with connections of its own. If a handler blocks it, by a
/// lock, an endless loop or blocking I/O, its connections hang, while a probe that another worker
/// answers sees nothing of it. So each worker beats, ten times a second, and the checks made here
/// listen: they run on the engine's threads, and answer whichever worker was probed.
///
/// ```no_run
/// use std::time::Duration;
///
/// use actix_web::{App, HttpServer};
/// use health_actix::{Health, HealthService, Limits, Workers};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let workers = Workers::new();
/// let busy = Limits::new().lag(Duration::from_millis(200)).in_flight(500);
/// let health = Health::builder()
///     .check(workers.stalled("workers", Duration::from_secs(30)))
///     .check(workers.overloaded("load", busy).readiness())
///     .build()?;
/// HttpServer::new(move || {
///     App::new()
///         .wrap(workers.layer())
///         .service(HealthService::new(&health))
/// })
/// .bind(("0.0.0.0", 8000))?
/// .run()
/// .await?;
/// # Ok(())
/// # }
/// ```
///
/// **A probe that is given to the stuck worker hangs**: the kernel and actix go on giving it its
/// share of the new connections, and nothing in the process can answer those. Its prober sees a
/// timeout, which counts as a failure, while the probes that reach other workers read 503 and the
/// name of the worker. So set `timeoutSeconds`, and leave it to the `failureThreshold` of the
/// livenessProbe whether to restart; or ask on a port of its own, see
/// [`HealthService::listen_on`](crate::HealthService::listen_on), where every probe is answered.
#[derive(Clone, Debug, Default)]
pub struct Workers {
    crew: Arc<Crew>,
}

impl Workers {
    /// The shortest silence that [`Workers::stalled`] can tell from a beat that is a little late:
    /// three beats, 300 ms.
    pub const SHORTEST_LIMIT: Duration = PERIOD.saturating_mul(3);

    /// No worker is known yet: each is by its [`Workers::layer`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The middleware to give to [`App::wrap`], once for each application, outside of all other.
    ///
    /// Each worker that starts an application with it is known from then on, until the
    /// application or the worker is gone: one that has stopped is not stalled. Applications on
    /// one worker share its entry. It counts the requests in flight, by an atomic of the worker;
    /// nothing on the way of a request waits for anything.
    ///
    /// A worker beats on its own runtime, which has one thread. A test that runs an application
    /// on a runtime of several threads has no worker, so none is known, and nothing counted.
    ///
    /// [`App::wrap`]: actix_web::App::wrap
    pub fn layer(&self) -> WorkersLayer {
        WorkersLayer::new(&self.crew)
    }

    /// How each of them is doing, in the order of their numbers.
    #[cfg(any(feature = "metrics", feature = "opentelemetry", feature = "prometheus"))]
    pub(crate) fn measured(&self) -> Vec<Measured> {
        self.crew.measured(Instant::now())
    }

    /// A check of liveness that fails while a worker has been silent for longer than `limit`, and
    /// names it: "worker 2 of 4 has been silent for 12 s (actix-rt|system:0|arbiter:1)", by its
    /// number in order of arrival and its thread.
    ///
    /// While it fails the process is restarted, with all that the other workers have in flight. So
    /// the limit must be well above the longest time for which a handler may rightly block its
    /// worker, and above what a machine without free CPU time needs: rather 30 s than 1 s. Less
    /// than [`Workers::SHORTEST_LIMIT`] counts as that.
    ///
    /// A request that gets further on a worker is a sign of life, as a beat is: a long queue of
    /// requests that each block for a moment is not silence, but [lag](Limits::lag).
    ///
    /// A process that was suspended finds all its workers silent when it wakes. Before it fails,
    /// the check therefore waits for up to 0.3 s whether they beat again; a timeout of the check
    /// must leave room for it. No worker known is healthy. Values: `workers`, how many are known,
    /// and `silent`, how many of them are.
    #[track_caller]
    pub fn stalled(&self, name: impl Into<Cow<'static, str>>, limit: Duration) -> Check {
        let limit = limit.max(Self::SHORTEST_LIMIT);
        let crew = Arc::clone(&self.crew);
        Check::new(name, move || stalled(Arc::clone(&crew), limit)).liveness()
    }

    /// A check that is degraded while one of the limits is exceeded; it never fails, for who is
    /// busy is not broken. It serves no probe until told which.
    ///
    /// Its message is such as "event loop lag of 312 ms on worker 2 is above 200 ms; 812 requests
    /// in flight are above 500". Values, also without a limit: `lag_ms`, the worst of all workers,
    /// and `in_flight`, of all together.
    #[track_caller]
    pub fn overloaded(&self, name: impl Into<Cow<'static, str>>, limits: Limits) -> Check {
        let crew = Arc::clone(&self.crew);
        Check::new(name, move || {
            let outcome = limits.weigh(&crew.load(Instant::now()));
            async move { outcome }
        })
    }
}

/// How often, and for how long between, a check that finds silence looks again: a worker that was
/// suspended beats as soon as it wakes.
const LOOKS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(50);

/// So many are named.
const NAMED: usize = 8;

async fn stalled(crew: Arc<Crew>, limit: Duration) -> Outcome {
    for _ in 0..LOOKS {
        if crew.silent(limit, Instant::now()).1.is_empty() {
            break;
        }
        sleep(PAUSE).await;
    }
    let (workers, silent) = crew.silent(limit, Instant::now());
    let outcome = if silent.is_empty() {
        Outcome::healthy()
    } else {
        Outcome::unhealthy(tell(workers, &silent))
    };
    outcome
        .with_data("workers", workers)
        .with_data("silent", silent.len())
}

fn tell(workers: usize, silent: &[Silent]) -> String {
    let one = |worker: &Silent| {
        let (number, name) = (worker.number, &worker.name);
        let silence = spell(worker.silence);
        format!("worker {number} of {workers} has been silent for {silence} ({name})")
    };
    let mut parts: Vec<_> = silent.iter().take(NAMED).map(one).collect();
    if silent.len() > NAMED {
        parts.push(format!("and {} more", silent.len() - NAMED));
    }
    parts.join("; ")
}

/// `0.4 s`, `12 s`.
fn spell(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let digits = usize::from(seconds < 9.95);
    format!("{seconds:.digits$} s")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task;

    use health_core::{Status, Value};
    use tokio::time::advance;

    use super::crew::InFlight;
    use super::layer::start_beating;
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_beats_is_healthy() {
        let crew = Arc::new(Crew::default());
        let (worker, _) = crew.join();
        start_beating(&worker);
        sleep(5 * LIMIT).await;
        let start = Instant::now();
        assert_eq!(stalled(crew, LIMIT).await.status(), Status::Healthy);
        assert_eq!(start.elapsed(), Duration::ZERO, "there is no need to wait");
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_was_suspended_is_not_stalled() {
        let crew = Arc::new(Crew::default());
        let (worker, _) = crew.join();
        start_beating(&worker);
        sleep(PERIOD).await;
        suspend(Duration::from_secs(3600));
        let (_, silent) = crew.silent(LIMIT, Instant::now());
        assert_eq!(silent.len(), 1, "the first look finds silence");
        let outcome = stalled(Arc::clone(&crew), LIMIT).await;
        assert_eq!(outcome.status(), Status::Healthy);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_is_stuck_is_named() {
        let crew = Arc::new(Crew::default());
        let (worker, _) = crew.join();
        worker.beat(Instant::now());
        advance(Duration::from_secs(12)).await;
        let start = Instant::now();
        let outcome = stalled(crew, LIMIT).await;
        assert_eq!(outcome.status(), Status::Unhealthy);
        let message = outcome.message().unwrap_or_default();
        let expected = "worker 1 of 1 has been silent for 12 s (workers::tests::";
        assert!(message.starts_with(expected), "{message}");
        let data: Vec<_> = outcome.data().collect();
        let one = Value::Integer(1);
        assert_eq!(data, [("workers", &one), ("silent", &one)]);
        assert!(start.elapsed() < Check::DEFAULT_TIMEOUT / 2 + PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_whose_requests_get_further_is_not_stalled() {
        let crew = Arc::new(Crew::default());
        let (worker, _) = crew.join();
        worker.beat(Instant::now());
        let status = async || stalled(Arc::clone(&crew), LIMIT).await.status();
        advance(2 * LIMIT).await;
        let request = InFlight::of(&worker);
        assert_eq!(status().await, Status::Healthy, "one has begun");
        advance(2 * LIMIT).await;
        assert_eq!(status().await, Status::Unhealthy, "stuck in it");
        request.step(|| ());
        assert_eq!(status().await, Status::Healthy, "it got further");
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_is_stuck_is_found_at_its_limit_and_a_moment_more() {
        let crew = Arc::new(Crew::default());
        let (worker, _) = crew.join();
        worker.beat(Instant::now());
        let start = Instant::now();
        while stalled(Arc::clone(&crew), LIMIT).await.status() == Status::Healthy {
            sleep(PERIOD).await;
        }
        let took = start.elapsed();
        assert!(took > LIMIT, "{took:?}");
        assert!(took <= LIMIT + PERIOD + LOOKS * PAUSE, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_beat_ends_with_the_last_application() {
        let crew = Crew::default();
        let (worker, _) = crew.join();
        start_beating(&worker);
        sleep(PERIOD).await;
        let metrics = tokio::runtime::Handle::current().metrics();
        assert_eq!(metrics.num_alive_tasks(), 1);
        drop(worker);
        sleep(2 * PERIOD).await;
        assert_eq!(metrics.num_alive_tasks(), 0);
    }

    #[tokio::test]
    async fn without_workers_nothing_is_stalled() {
        let outcome = stalled(Arc::default(), LIMIT).await;
        assert_eq!(outcome.status(), Status::Healthy);
    }

    #[test]
    fn eight_are_named() {
        let silent: Vec<_> = (1..=11)
            .map(|number| Silent {
                number,
                name: format!("t{number}"),
                silence: Duration::from_millis(9940),
            })
            .collect();
        let two = "worker 1 of 12 has been silent for 9.9 s (t1); \
                   worker 2 of 12 has been silent for 9.9 s (t2)";
        assert_eq!(tell(12, &silent[..2]), two);
        let all = tell(12, &silent);
        assert!(all.ends_with(" (t8); and 3 more"), "{all}");
    }

    /// All at once, before anything that is due can happen.
    fn suspend(time: Duration) {
        let advance = pin!(advance(time));
        let _ = advance.poll(&mut task::Context::from_waker(task::Waker::noop()));
    }
}
