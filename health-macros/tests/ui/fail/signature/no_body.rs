use health_core::health_check;

trait Checked {
    #[health_check(kind = "readiness")]
    async fn database();
}

fn main() {}
