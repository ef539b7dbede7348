//! Counts what the engine allocates for each check of a probe, on all threads: a program of its own,
//! for an allocator that counts would slow what is timed.
//!
//! Prints a line for each kind and size of batch: `trivial 1000 2.013`.

#[path = "../checks.rs"]
mod checks;

use std::error::Error;
use std::hint::black_box;

use health_actix::{Caller, Health, Probe};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::runtime::Builder;

use crate::checks::{Kind, SIZES};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

#[expect(clippy::print_stdout, reason = "it is what this is for")]
fn main() -> Result {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for kind in Kind::ALL {
        for size in SIZES {
            let health = kind.health(size)?;
            let allocations = runtime.block_on(per_check(&health, size));
            println!("{} {size} {allocations:.3}", kind.name());
        }
    }
    Ok(())
}

/// Once everything has grown to its size: what is counted includes what was reallocated.
async fn per_check(health: &Health, size: usize) -> f64 {
    let batches = (20_000 / size).clamp(20, 2_000);
    // The history of the runs grows until it is full.
    ask(health, 100).await;
    let region = Region::new(ALLOCATOR);
    ask(health, batches).await;
    let change = region.change();
    (change.allocations + change.reallocations) as f64 / (batches * size) as f64
}

async fn ask(health: &Health, batches: usize) {
    for _ in 0..batches {
        black_box(health.probe(Probe::Readiness, Caller::nobody()).await);
    }
}
