use health_core::{State, health_check};

#[health_check(kind = "readiness")]
async fn database<const N: usize>(_pools: State<[u8; N]>)
where
    [u8; N]: Send,
{
}

fn main() {}
