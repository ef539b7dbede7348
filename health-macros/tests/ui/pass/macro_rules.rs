//! A `macro_rules!` macro may write checks.

use health_core::{Caller, Health, Probe, State, Status, health_check};

macro_rules! check {
    (
        $(#[$attribute:meta])*
        $visibility:vis $name:ident($($argument:ident: $inner:ty),*) -> $returned:ty $body:block
        as $($kind:tt)*
    ) => {
        $(#[$attribute])*
        #[health_check(kind = $($kind)*, tags = ["generated"])]
        $visibility async fn $name($($argument: State<$inner>),*) -> $returned $body
    };
}

check! {
    /// Has a description.
    pub(crate) first(number: u32, text: String) -> bool { *number == 5 && !text.is_empty() }
    as "readiness"
}

check!(second() -> Status { Status::Healthy } as ["liveness", "startup"]);

/// All of it by token trees; local names of the macro and the attribute do not meet.
macro_rules! tokens {
    ($($tokens:tt)*) => {
        $($tokens)*
    };
}

tokens! {
    #[health_check(kind = "startup")]
    fn third(__argument0: State<u32>, __binder: State<String>) -> bool {
        *__argument0 == 5 && !__binder.is_empty()
    }
}

/// The name comes from the macro itself.
macro_rules! fixed {
    () => {
        #[health_check(kind = "readiness")]
        fn fourth(number: State<u32>) -> bool {
            let doubled = *number * 2;
            doubled == 10
        }
    };
}

fixed!();

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let health = Health::builder().state(5_u32).state("text".to_owned()).build().unwrap();
    let checks = health.checks();
    let [first, fourth, second, third] = &checks[..] else {
        panic!("not four checks: {checks:?}");
    };
    assert_eq!(first.name(), "first");
    assert_eq!(first.description(), "Has a description.");
    assert_eq!(first.probes(), Probe::Readiness.into());
    assert_eq!(first.tags().collect::<Vec<_>>(), ["generated"]);
    assert_eq!(second.name(), "second");
    assert_eq!(second.probes().iter().collect::<Vec<_>>(), [Probe::Liveness, Probe::Startup]);
    assert_eq!(third.name(), "third");
    assert_eq!(fourth.name(), "fourth");
    for check in checks {
        let entry = health.check(check.name(), Caller::nobody()).unwrap().await;
        assert_eq!(entry.status(), Status::Healthy, "{}", check.name());
    }
}
