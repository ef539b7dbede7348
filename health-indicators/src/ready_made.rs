use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use health_core::{Check, Outcome};

/// A check over `indicator`, which asks something outside of the process.
#[track_caller]
pub(crate) fn external<I, F, Fut>(
    name: &'static str,
    timeout: Duration,
    indicator: I,
    run: F,
) -> Check
where
    I: Send + Sync + 'static,
    F: Fn(Arc<I>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    let indicator = Arc::new(indicator);
    Check::new(name, move || run(Arc::clone(&indicator)))
        .with_timeout(timeout)
        .with_external(true)
}
