//! Everything that may be returned, waiting and blocking, and what it means.

use std::collections::BTreeMap;
use std::error::Error;
use std::{fmt, io};

use health_core::{Caller, Health, IntoOutcome, Outcome, Status, health_check};

type Alias<T> = Result<T, Failure>;

#[derive(Debug)]
struct Failure;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failure")
    }
}

impl Error for Failure {}

struct Own;

impl IntoOutcome for Own {
    fn into_outcome(self) -> Outcome {
        Outcome::degraded("own")
    }
}

macro_rules! checks {
    ($($name:ident: $returned:ty = $value:expr => $status:ident;)*) => {
        mod waiting {
            use super::*;
            $(
                #[health_check(kind = "readiness", name = "placeholder", tags = ["waits"])]
                async fn $name() -> $returned {
                    $value
                }
            )*
        }
        mod blocking {
            use super::*;
            $(
                #[health_check(kind = "readiness", name = "placeholder")]
                fn $name() -> $returned {
                    $value
                }
            )*
        }
        const EXPECTED: &[(&str, Status)] = &[$((stringify!($name), Status::$status)),*];
    };
}

checks! {
    unit: () = () => Healthy;
    flag: bool = false => Unhealthy;
    status: Status = Status::Degraded => Degraded;
    outcome: Outcome = Outcome::degraded("slow") => Degraded;
    opaque: impl IntoOutcome = true => Healthy;
    own: Own = Own => Degraded;
    result_of_unit: Result<(), Failure> = Err(Failure) => Unhealthy;
    result_of_flag: Result<bool, io::Error> = Ok(true) => Healthy;
    result_of_status: Result<Status, String> = Ok(Status::Degraded) => Degraded;
    result_of_outcome: Result<Outcome, &'static str> = Err("no route") => Unhealthy;
    result_of_own: Result<Own, Failure> = Ok(Own) => Degraded;
    result_of_result: Result<Result<(), String>, Failure> = Ok(Err(String::new())) => Unhealthy;
    boxed_error: Result<(), Box<dyn Error + Send + Sync>> = Err("boxed".into()) => Unhealthy;
    io_result: io::Result<()> = Ok(()) => Healthy;
    alias: Alias<bool> = Ok(false) => Unhealthy;
    named: Vec<(&'static str, Status)> = vec![("a", Status::Degraded)] => Degraded;
    named_results: Vec<(String, Result<(), Failure>)> = vec![("a".into(), Err(Failure))] => Unhealthy;
    result_of_named: Alias<BTreeMap<String, bool>> = Ok(BTreeMap::new()) => Healthy;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut builder = Health::builder();
    for (name, _) in EXPECTED {
        for module in ["waiting", "blocking"] {
            let identity = format!("{}::{module}::{name}", module_path!());
            builder = builder.rename(identity, format!("{module}.{name}"));
        }
    }
    let health = builder.build().unwrap();
    assert_eq!(health.checks().len(), 2 * EXPECTED.len());
    for (name, status) in EXPECTED {
        for module in ["waiting", "blocking"] {
            let name = format!("{module}.{name}");
            let entry = health.check(&name, Caller::nobody()).unwrap().await;
            assert_eq!(entry.status(), *status, "{name}");
            assert_eq!(entry.reason(), None, "{name}");
        }
    }
}
