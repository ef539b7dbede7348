use std::future::ready;
use std::sync::Mutex;

use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database(queue: State<Mutex<u32>>) {
    let guard = queue.lock();
    ready(()).await;
    drop(guard);
}

fn main() {}
