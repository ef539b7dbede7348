use health_core::health_check;

#[health_check(kind = "readiness", periodSeconds = 10, timeoutSeconds = 2, initialDelaySeconds = 5, failureThreshold = 3, successThreshold = 2)]
async fn database() {}

fn main() {}
