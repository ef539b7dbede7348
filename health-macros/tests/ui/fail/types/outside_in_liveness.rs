use health_core::{State, health_check};

pub struct PgPool;

pub mod reqwest {
    pub struct Client;
}

#[health_check(kind = ["readiness", "liveness"])]
async fn database(_: State<PgPool>, _: State<Vec<reqwest::Client>>, _: State<bool>) {}

fn main() {}
