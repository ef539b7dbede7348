//! A program with nothing but the command `health`.

use std::process::ExitCode;
use std::thread;

use actix_web::rt::System;
use health_actix::{BuildError, Check, HealthBuilder, HealthService};

fn main() -> Result<ExitCode, BuildError> {
    // A check that cannot be cancelled must not keep a command from ending.
    let stuck = Check::blocking("stuck", || -> bool {
        loop {
            thread::park();
        }
    });
    let health = HealthBuilder::empty().check(stuck.readiness()).build()?;
    let service = HealthService::new(&health);
    let code = System::new().block_on(async { service.run_command().await });
    Ok(code.unwrap_or(ExitCode::FAILURE))
}
