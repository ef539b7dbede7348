//! Where no request of the application ever comes.

use std::io;

use health_core::{BuildError, Health};

/// Makes sure that every check can be asked there.
///
/// # Errors
/// One mistake for each argument that only a request could bring.
pub(crate) fn ensure_standalone(health: &Health) -> io::Result<()> {
    health.ensure_standalone().map_err(invalid)
}

/// Mistakes, where I/O may fail too.
pub(crate) fn invalid(error: BuildError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
