//! A program with the command line `health`, for a service of the shape that is named first:
//! `shapes slow health manifest kubernetes`.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::rt::System;
use clap::{Parser, Subcommand, ValueEnum};
use health_actix::{Check, Dialect, HealthBuilder, HealthCommand, HealthService, networks};

#[derive(Parser)]
struct Cli {
    shape: Shape,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Health(HealthCommand),
}

#[derive(Clone, Copy, ValueEnum)]
enum Shape {
    /// A few checks, one of each kind.
    Usual,
    /// No checks at all.
    Bare,
    /// Checks that take their time, and whose results are kept for long.
    Slow,
    /// Paths of another prefix and another dialect.
    Moved,
}

const SECOND: Duration = Duration::from_secs(1);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let cli = Cli::parse();
    let Command::Health(command) = cli.command;
    let service = cli.shape.service()?;
    Ok(System::new().block_on(command.execute(&service)))
}

impl Shape {
    fn service(self) -> Result<HealthService, Box<dyn Error>> {
        let builder = HealthBuilder::empty().deadline(20 * SECOND);
        let builder = self
            .checks()
            .into_iter()
            .fold(builder, HealthBuilder::check);
        let service = HealthService::new(&builder.build()?).metrics(networks(["10.0.0.0/8"]));
        Ok(match self {
            Self::Moved => service.prefix("/internal/status").dialects([
                Dialect::kubernetes(),
                Dialect::spring(),
                Dialect::default(),
            ]),
            _ => service,
        })
    }

    fn checks(self) -> Vec<Check> {
        let check = |name: &'static str| Check::new(name, async || ());
        match self {
            Self::Bare => Vec::new(),
            Self::Usual | Self::Moved => vec![
                check("event_loop").liveness(),
                check("database").readiness(),
                check("migrations").startup(),
            ],
            Self::Slow => vec![
                check("loop")
                    .liveness()
                    .with_timeout(3 * SECOND)
                    .with_cache(45 * SECOND),
                check("model").readiness().with_timeout(15 * SECOND),
                check("weights").startup().with_timeout(30 * SECOND),
                check("queue")
                    .readiness()
                    .with_interval(60 * SECOND)
                    .with_failure_threshold(3),
            ],
        }
    }
}
