//! `State<T>` in any number, and however the argument is written.

use std::collections::HashMap;
use std::sync::Mutex;

use health_core::{Caller, Context, FromContext, Health, Requirement, State, Status, health_check};

struct Pool<T>(T);

type Shared = State<Pool<u8>>;

/// An argument of the user's own kind.
struct Port(u16);

impl FromContext for Port {
    fn requirement() -> Requirement {
        Requirement::state::<u16>()
    }

    fn from_context(cx: &Context<'_>) -> Option<Self> {
        cx.state().map(|port| Self(*port))
    }
}

#[health_check(kind = "readiness")]
async fn none() -> bool {
    true
}

#[health_check(kind = "readiness")]
async fn one(text: State<String>) -> bool {
    *text == "text"
}

#[health_check(kind = "readiness")]
async fn two(text: State<String>, number: State<u32>) -> bool {
    *text == "text" && *number == 5
}

#[rustfmt::skip]
#[health_check(kind = "readiness")]
async fn seven(
    mut a: State<u32>,
    _: State<String>,
    c: Shared,
    #[allow(unused_variables)] d: State<Vec<HashMap<String, Vec<u8>>>>,
    e: ::health_core::State<(u8, [u8; 2])>,
    f: State<fn(u8) -> u8>,
    Port(g): Port,
) -> bool {
    a = a.clone();
    *a == 5 && c.0 == 8 && e.1 == [2, 3] && f(1) == 2 && g == 80
}

#[health_check(kind = "readiness")]
fn blocks(number: State<u32>, again: State<u32>, queue: State<Mutex<Vec<u32>>>) -> bool {
    queue.lock().unwrap().push(*number);
    *number == *again
}

#[health_check(kind = "readiness")]
async fn borrowed(text: State<&'static str>) -> bool {
    !text.is_empty()
}

#[health_check(kind = "readiness")]
async fn with_where_clause(number: State<u32>) -> bool
where
    u32: Copy,
{
    *number == 5
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let health = Health::builder()
        .state("text".to_owned())
        .state("borrowed")
        .state(5_u32)
        .state(80_u16)
        .state(Pool(8_u8))
        .state(Vec::<HashMap<String, Vec<u8>>>::new())
        .state((1_u8, [2_u8, 3]))
        .state((|x| x + 1) as fn(u8) -> u8)
        .state(Mutex::new(Vec::<u32>::new()))
        .build()
        .unwrap();
    let names: Vec<_> = health.checks().iter().map(|check| check.name().to_owned()).collect();
    assert_eq!(
        names,
        ["blocks", "borrowed", "none", "one", "seven", "two", "with_where_clause"]
    );
    for name in names {
        let entry = health.check(&name, Caller::nobody()).unwrap().await;
        assert_eq!(entry.status(), Status::Healthy, "{name}");
    }

    // What is missing is called as the source code calls it.
    let error = Health::builder().build().unwrap_err().to_string();
    for written in [
        "`State<String>`",
        "`State<Vec<HashMap<String,Vec<u8>>>>`",
        "`State<(u8,[u8;2])>`",
        "`State<fn(u8)->u8>`",
        "`State<Mutex<Vec<u32>>>`",
        "`State<&'static str>`",
    ] {
        assert!(error.contains(written), "{written} in {error}");
    }
}
