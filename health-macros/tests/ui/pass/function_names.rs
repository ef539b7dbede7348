//! A function may be called whatever the generated code calls its own things.

#![allow(non_snake_case)]

use health_core::{Caller, Health, State, Status, health_check};

macro_rules! checks {
    ($($name:ident)*) => {
        $(
            #[health_check(kind = "readiness")]
            async fn $name(number: State<u32>) -> bool {
                *number == 5
            }
        )*
        mod blocking {
            use super::*;
            $(
                #[health_check(kind = "liveness", name = "blocking")]
                fn $name(number: State<u32>) -> bool {
                    *number == 5
                }
            )*
        }
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

checks! {
    bind binder panic argument future blocking outcome core std health_core inventory
    __argument0 __binder __ctor __CTOR __INVENTORY Some None Option drop submit module_path
}

#[health_check(kind = "readiness")]
fn Descriptor() {}

#[health_check(kind = "readiness")]
async fn r#type() -> bool {
    true
}

#[health_check(kind = "readiness")]
fn r#fn(r#struct: State<u32>) -> bool {
    *r#struct == 5
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut builder = Health::builder().state(5_u32);
    for name in NAMES {
        let identity = format!("{}::blocking::{name}", module_path!());
        builder = builder.rename(identity, format!("blocking.{name}"));
    }
    let health = builder.build().unwrap();
    let names: Vec<_> = health.checks().iter().map(|check| check.name().to_owned()).collect();
    assert_eq!(names.len(), 2 * NAMES.len() + 3);
    for name in ["Descriptor", "type", "fn"].iter().chain(NAMES) {
        assert!(names.iter().any(|known| known == name), "{name} in {names:?}");
    }
    for name in names {
        let entry = health.check(&name, Caller::nobody()).unwrap().await;
        assert_eq!(entry.status(), Status::Healthy, "{name}");
    }
}
