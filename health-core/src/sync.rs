use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;

/// Locks without poisoning: no user code runs under a lock of this crate.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs user code; a panic becomes its text.
pub(crate) fn guarded<T>(user_code: impl FnOnce() -> T) -> Result<T, String> {
    hush();
    let before = GUARD.replace(Guard::Watching);
    let result = catch_unwind(AssertUnwindSafe(user_code));
    GUARD.set(before);
    result.map_err(|payload| {
        let text = panic_text(&*payload);
        discard(payload);
        text
    })
}

/// Whether this thread runs user code whose panics are caught.
#[derive(Clone, Copy)]
enum Guard {
    Off,
    Watching,
    /// A panic unwinds. A second one would abort the process, so it must not be silent.
    Unwinding,
}

thread_local! {
    static GUARD: Cell<Guard> = const { Cell::new(Guard::Off) };
}

/// Keeps the panics of guarded code from the hook that prints them: they are told with secrets
/// masked and once, and not at every probe. All others are printed as before.
fn hush() {
    static HUSHED: Once = Once::new();
    // A hook cannot be set while unwinding; aborting, nobody else would tell of the panic.
    if cfg!(panic = "abort") || thread::panicking() {
        return;
    }
    HUSHED.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| match GUARD.get() {
            Guard::Watching => GUARD.set(Guard::Unwinding),
            Guard::Off | Guard::Unwinding => print(panic),
        }));
    });
}

/// Drops what a user made; if that panics, so be it.
pub(crate) fn discard<T>(value: T) {
    hush();
    let before = GUARD.replace(Guard::Watching);
    let result = catch_unwind(AssertUnwindSafe(|| drop(value)));
    GUARD.set(before);
    if let Err(payload) = result {
        // A payload whose own Drop panics would start again, so it is not dropped.
        std::mem::forget(payload);
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panicked with a value that is no text")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
