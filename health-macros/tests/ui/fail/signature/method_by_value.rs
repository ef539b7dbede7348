use health_core::health_check;

struct Pool;

impl Pool {
    #[health_check(kind = "readiness")]
    async fn database(self) {}
}

fn main() {}
