//! Tasks of a worker.

use actix_web::rt::{self, System};
use tokio::runtime::Handle;

/// Runs a task beside those of the worker that this is called on; without a runtime it is
/// dropped. The worker's own tasks are local to its thread, where that is one of actix's.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    if System::try_current().is_some() {
        rt::spawn(task);
    } else if let Ok(handle) = Handle::try_current() {
        // A server that runs without a system of actix, or a test.
        handle.spawn(task);
    }
}
