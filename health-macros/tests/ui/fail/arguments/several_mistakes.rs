use health_core::health_check;

#[health_check(kind = ["rediness", "liveness", "boot"], timout_ms = 5, critical = 1, name = "a b")]
const fn database(pool: &str) -> bool {
    pool.is_empty()
}

/// The function is there all the same, so nothing is said about this call.
pub fn caller() -> bool {
    database("")
}

fn main() {}
