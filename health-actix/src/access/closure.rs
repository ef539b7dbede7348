//! What users decide themselves.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::HttpRequest;
use health_core::{guarded, mask};

/// A closure of the user; and where it was given, which is what it is called in the log.
pub(super) struct Closure<T> {
    decide: Arc<Decide<T>>,
    place: &'static Location<'static>,
}

type Decide<T> = dyn Fn(&HttpRequest) -> T + Send + Sync;

impl<T> Closure<T> {
    #[track_caller]
    pub(super) fn new(decide: impl Fn(&HttpRequest) -> T + Send + Sync + 'static) -> Self {
        Self {
            decide: Arc::new(decide),
            place: Location::caller(),
        }
    }

    /// What it decides; `None` if it panics, of which the log tells once.
    pub(super) fn decide(&self, request: &HttpRequest) -> Option<T> {
        let decided = guarded(|| (self.decide)(request));
        decided.map_err(|text| self.tell(&text)).ok()
    }

    fn tell(&self, text: &str) {
        if self.is_news() {
            tracing::error!(
                target: "health",
                "the closure at {} that decides who is told how much panicked: {}; it grants nothing \
                 to whoever asks, and is told of once",
                self.place,
                mask(text)
            );
        }
    }

    /// Once per process: each worker may have made one of its own.
    fn is_news(&self) -> bool {
        static TOLD: LazyLock<Mutex<BTreeSet<Location<'static>>>> = LazyLock::new(Mutex::default);
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(*self.place)
    }
}

impl<T> Clone for Closure<T> {
    fn clone(&self) -> Self {
        Self {
            decide: Arc::clone(&self.decide),
            place: self.place,
        }
    }
}

impl<T> fmt::Debug for Closure<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "|request| {}", self.place)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;

    /// The lines at ERROR.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() == Level::ERROR
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    impl Visit for Log {
        fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }

    #[test]
    fn a_panic_is_told_once_for_all_workers_and_without_secrets() {
        // With one subscriber alone, a line that another test logs first interests nobody.
        let _second = tracing::Dispatch::new(Log::default());
        let log = Log::default();
        let _listening = tracing::subscriber::set_default(log.clone());
        let worker = || Closure::<bool>::new(|_| panic!("password=hunter2"));
        let request = TestRequest::default().to_http_request();
        for closure in [worker(), worker(), worker()] {
            assert_eq!(closure.decide(&request), None);
            assert_eq!(closure.clone().decide(&request), None);
        }
        let lines = log.0.lock().unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("access/closure.rs:"), "{lines:?}");
        assert!(lines[0].contains("panicked: password=***;"), "{lines:?}");
    }
}
