//! Nothing that stands next to a check is mistaken for what the attribute means.

#![no_implicit_prelude]
#![allow(dead_code, non_camel_case_types, unused_macros)]

use ::health_core::health_check;

mod alloc {}
mod core {}
mod health_core {}
mod health_macros {}
mod inventory {}
mod std {}

struct Box;
struct Option;
struct Result;
struct Some;
struct None;
struct Ok;
struct Err;
struct String;
struct Vec;
struct str;
struct u64;
struct bool;

struct Binder;
struct Descriptor;
struct Outcome;
struct Probe;
struct ProbeSet;
struct State;
struct Work;
struct Node;

trait Future {}
trait Send {}
trait Sync {}
trait Fn {}
trait FnOnce {}
trait IntoOutcome {}
trait FromContext {}

/// Would take the place of a method that is called with a dot.
trait Intruder: ::core::marker::Sized {
    fn with(self, _: ::health_core::Probe) -> ! {
        ::core::panic!("not mine")
    }
    fn argument(&mut self, _: &'static ::core::primitive::str) -> ! {
        ::core::panic!("not mine")
    }
    fn into_outcome(self) -> ! {
        ::core::panic!("not mine")
    }
}

impl<T> Intruder for T {}

macro_rules! module_path {
    () => {
        ::core::compile_error!("not mine")
    };
}
macro_rules! file {
    () => {
        ::core::compile_error!("not mine")
    };
}
macro_rules! line {
    () => {
        ::core::compile_error!("not mine")
    };
}
macro_rules! submit {
    ($($any:tt)*) => {
        ::core::compile_error!("not mine")
    };
}

fn future() {}
fn blocking() {}
fn outcome() {}

/// It waits.
#[health_check(kind = ["liveness", "readiness"], cache_ms = 5, timeout_ms = 7000, tags = ["tag"])]
async fn waits(number: ::health_core::State<::core::primitive::u32>) -> ::health_core::Outcome {
    ::std::assert_eq!(*number, 5);
    ::health_core::Outcome::healthy()
}

#[health_check(kind = "startup", critical = false)]
fn blocks(
    number: ::health_core::State<::core::primitive::u32>,
) -> ::core::result::Result<::core::primitive::bool, ::std::string::String> {
    ::core::result::Result::Ok(*number == 5)
}

fn main() {
    let health = ::health_core::Health::builder().state(5_u32).build().unwrap();
    ::std::assert_eq!(health.checks().len(), 2);
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for name in ["waits", "blocks"] {
        let entry = async { health.check(name, ::health_core::Caller::nobody()).unwrap().await };
        let entry = runtime.block_on(entry);
        ::std::assert_eq!(entry.status(), ::health_core::Status::Healthy);
    }
}
