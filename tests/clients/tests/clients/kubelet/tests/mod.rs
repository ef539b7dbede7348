//! The emulation, held to what Kubernetes does.

mod exchange;
mod pod;
mod worker;

use std::time::Duration;

/// Nothing here takes that long.
const LONG: Duration = Duration::from_secs(20);

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The path that is asked for.
fn path_of(request: &str) -> &str {
    request.split(' ').nth(1).unwrap_or_default()
}
