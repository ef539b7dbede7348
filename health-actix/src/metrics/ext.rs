//! For exporters that the program has chosen itself.

use std::io;

use health_core::Health;

use crate::Workers;
use crate::standalone::ensure_standalone;

/// Publishes what is measured of a [`Health`] to whatever collects the metrics of the program: the
/// same families, names and labels that Prometheus is told, from the same counts.
///
/// It goes on until the `Health` and its clones are gone, which it does not keep alive, on the
/// threads of the checks; no check is run for it. Checks that only callers with full access are told
/// of are left out. The families of workers are there where their [`Workers`] are given.
pub trait MetricsExt {
    /// To the recorder of the crate `metrics`, whenever something has happened, at most once a
    /// second, and else every 10 s: counters, gauges, and durations as histograms.
    ///
    /// Install the recorder first. It is up to it in which buckets durations are counted; of
    /// several that are published together each is told as long as the bounds of 0.5 ms, 1 ms, 2.5
    /// ms and so on up to 10 s between which it took, so that their sum is right. A gauge of what is
    /// not there any more, such as of a check that was removed, becomes NaN. Called again, it does
    /// nothing.
    ///
    /// ```
    /// use health_actix::{HealthBuilder, MetricsExt, Workers};
    ///
    /// let health = HealthBuilder::empty().build()?;
    /// let workers = Workers::new();
    /// health.publish_metrics(Some(&workers))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If a check takes `web::Data<T>` that the builder's `data` does not provide: no request of the
    /// application asks here, and the check would be told as failing. If no thread can be started.
    #[cfg(feature = "metrics")]
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    fn publish_metrics(&self, workers: Option<&Workers>) -> io::Result<()>;

    /// To the meter provider of the process, by its meter `health`: gauges and counters are observed
    /// when the provider collects them, durations recorded as [above](Self), in histograms with the
    /// bounds of those of Prometheus.
    ///
    /// Set the provider first. Units are those of OpenTelemetry, `s`. Called again, it does nothing.
    ///
    /// ```
    /// use health_actix::{HealthBuilder, MetricsExt};
    ///
    /// let health = HealthBuilder::empty().build()?;
    /// health.publish_opentelemetry(None)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If a check takes `web::Data<T>` that the builder's `data` does not provide: no request of the
    /// application asks here, and the check would be told as failing. If no thread can be started.
    #[cfg(feature = "opentelemetry")]
    #[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
    fn publish_opentelemetry(&self, workers: Option<&Workers>) -> io::Result<()>;
}

impl MetricsExt for Health {
    #[cfg(feature = "metrics")]
    fn publish_metrics(&self, workers: Option<&Workers>) -> io::Result<()> {
        ensure_standalone(self)?;
        super::facade::start(self, workers.cloned())
    }

    #[cfg(feature = "opentelemetry")]
    fn publish_opentelemetry(&self, workers: Option<&Workers>) -> io::Result<()> {
        ensure_standalone(self)?;
        super::opentelemetry::start(self, workers.cloned())
    }
}
