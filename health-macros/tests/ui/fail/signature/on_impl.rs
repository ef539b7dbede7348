use health_core::health_check;

struct Database;

#[health_check(kind = "readiness")]
impl Database {
    pub async fn answers(&self) {}
}

fn main() {}
