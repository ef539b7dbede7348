//! An annotated function is the function that it was.

use health_core::{Outcome, State, Status, health_check};

#[health_check(kind = "readiness")]
async fn waits(number: State<u32>) -> Outcome {
    Outcome::healthy().with_data("number", *number)
}

#[health_check(kind = "readiness")]
fn blocks(number: State<u32>, text: State<String>) -> Result<bool, String> {
    if text.is_empty() {
        return Err("empty".to_owned());
    }
    Ok(*number == 5)
}

#[must_use]
#[track_caller]
#[health_check(kind = "readiness")]
fn with_attributes() -> bool {
    std::panic::Location::caller().line() == line!() + 1
}

mod library {
    use health_core::health_check;

    #[health_check(kind = "readiness")]
    pub(crate) async fn exported() -> bool {
        true
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(waits(State::new(5)).await.status(), Status::Healthy);
    assert_eq!(blocks(State::new(5), State::new("text".to_owned())), Ok(true));
    assert_eq!(blocks(State::new(5), State::new(String::new())), Err("empty".to_owned()));
    assert!(!with_attributes());
    assert!(library::exported().await);
    // As a value, of the type that is written.
    let pointer: fn(State<u32>, State<String>) -> Result<bool, String> = blocks;
    assert_eq!(pointer(State::new(4), State::new("text".to_owned())), Ok(false));
}
