use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{LazyLock, Once, PoisonError};

use crate::error::on_one_line;
use crate::mask::mask;

#[cfg(not(all(test, health_loom)))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard, atomic},
    thread,
};

#[cfg(all(test, health_loom))]
pub(crate) use crate::interleavings::{Condvar, Mutex, MutexGuard, atomic, thread};

/// Whether tests explore how threads interleave; all their threads are one of the system's.
pub(crate) const EXPLORED: bool = cfg!(all(test, health_loom));

/// Locks without poisoning: no user code runs under a lock of this crate.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs user code; a panic becomes its text, which may hold secrets.
///
/// # Errors
/// If it panics.
pub fn guarded<T>(user_code: impl FnOnce() -> T) -> Result<T, String> {
    caught(user_code).map_err(|payload| {
        let text = panic_text(&*payload);
        discard(payload);
        text
    })
}

/// Drops what a user made; if that panics, so be it.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = caught(|| drop(value)) {
        // A payload whose own Drop panics would start again, so it is not dropped.
        std::mem::forget(payload);
    }
}

fn caught<T>(user_code: impl FnOnce() -> T) -> thread::Result<T> {
    if EXPLORED {
        // A panic is a mistake that a model found.
        return Ok(user_code());
    }
    hush();
    let before = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(user_code));
    GUARDED.set(before);
    result
}

thread_local! {
    /// Whether this thread runs user code whose panics are caught.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panics of guarded code from the hook, which would print them at every probe, secrets
/// and all: instead each place is told of once. All other panics are printed as before.
fn hush() {
    static HUSHED: Once = Once::new();
    // A hook cannot be set while unwinding; aborting, the usual report is the last that is heard.
    if cfg!(panic = "abort") || thread::panicking() {
        return;
    }
    HUSHED.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if GUARDED.get() {
                tell_once(panic);
            } else {
                print(panic);
            }
        }));
    });
}

/// Prints where a panic happened, and its text without secrets, unless that place is known. It
/// need not reach a log otherwise: the process may be about to abort.
fn tell_once(panic: &PanicHookInfo<'_>) {
    static PLACES: LazyLock<Mutex<BTreeSet<(String, u32)>>> = LazyLock::new(Mutex::default);
    const MOST: usize = 1000;
    let Some(place) = panic.location() else {
        return;
    };
    let is_news = {
        let mut places = lock(&PLACES);
        places.len() < MOST && places.insert((place.file().to_owned(), place.line()))
    };
    if is_news {
        let text = said(panic.payload());
        let _ = writeln!(
            io::stderr(),
            "a health check or an access rule panicked at {place}: {text} (told once)"
        );
    }
}

/// What of a panic anybody may read, on one line: without secrets, and without what drives a terminal.
fn said(payload: &dyn Any) -> String {
    on_one_line(mask(&panic_text(payload)).into())
}

fn panic_text(payload: &dyn Any) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panicked with a value that is no text")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_say_drives_no_terminal() {
        let payload: Box<dyn Any> = Box::new("redis://a:s3cret@b\x1b[2J\nerror: c");
        assert_eq!(said(&*payload), "redis://a:***@b\\u{1b}[2J\\nerror: c");
    }

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic::panic_any("drop went off");
        }
    }

    #[test]
    fn a_panic_becomes_its_text_even_if_its_payload_panics_when_dropped() {
        assert_eq!(guarded(|| 7), Ok(7));
        assert_eq!(guarded(|| panic!("no {}", 7)), Err::<(), _>("no 7".into()));
        let odd = guarded(|| panic::panic_any(Bomb));
        assert_eq!(
            odd,
            Err::<(), _>("panicked with a value that is no text".into())
        );
        discard(Bomb);
    }
}
