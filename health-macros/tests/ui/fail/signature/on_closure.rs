use health_core::health_check;

fn main() {
    #[health_check(kind = "readiness")]
    let _database = || true;
}
