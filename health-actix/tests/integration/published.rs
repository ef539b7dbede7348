//! What is published without being asked is observed in unit tests.

use health_actix::{Health, MetricsExt};

#[test]
fn data_that_only_requests_bring_is_an_error_at_start() {
    let health = Health::builder().build().unwrap();
    for published in [
        #[cfg(feature = "metrics")]
        health.publish_metrics(None),
        #[cfg(feature = "opentelemetry")]
        health.publish_opentelemetry(None),
    ] {
        let text = published.unwrap_err().to_string();
        assert!(
            text.contains("it takes `Pool` from the data of the requesting application"),
            "{text}"
        );
    }
}
