//! What drives the I/O and the timers of all checks.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle};

use super::pulse::Pulse;

/// That of the reactor.
pub(super) static PULSE: Pulse = Pulse::new();

/// The reactor of the process; the first who asks starts it.
///
/// It never ends: a connection that a check has opened in a pool of the application is driven by it,
/// and used by the application when the engine has long been dropped.
pub(super) fn reactor() -> io::Result<Handle> {
    static STARTED: Mutex<Option<Handle>> = Mutex::new(None);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*started {
        return Ok(handle.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let thread = thread::Builder::new().name("health-reactor".to_owned());
    thread.spawn(move || runtime.block_on(PULSE.beat()))?;
    Ok(started.insert(handle).clone())
}
