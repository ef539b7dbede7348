use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks without poisoning: no user code runs under a lock of this crate.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs user code; a panic becomes its text.
pub(crate) fn guarded<T>(user_code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(user_code)).map_err(|payload| {
        let text = panic_text(&*payload);
        discard(payload);
        text
    })
}

/// Drops what a user made; if that panics, so be it.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
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
            std::panic::panic_any("drop went off");
        }
    }

    #[test]
    fn a_panic_becomes_its_text_even_if_its_payload_panics_when_dropped() {
        assert_eq!(guarded(|| 7), Ok(7));
        assert_eq!(guarded(|| panic!("no {}", 7)), Err::<(), _>("no 7".into()));
        let odd = guarded(|| std::panic::panic_any(Bomb));
        assert_eq!(
            odd,
            Err::<(), _>("panicked with a value that is no text".into())
        );
        discard(Bomb);
    }
}
