//! Random faults under load, checked against a model of what each probe may answer at every moment.
//!
//! ```text
//! cargo run --release -p health-soak                              # twenty minutes
//! cargo run --release -p health-soak -- --seconds 120 --seed 7    # the same faults each time
//! cargo run --release -p health-soak -- --seconds 60 --sabotage keep     # ends with 1
//! ```
//!
//! The service is a child of the driver. The driver breaks what the service depends on, tells its checks
//! to misbehave, suspends it, drains and configures it, while others ask it for everything there is. From
//! what was injected the model knows which answers are allowed at each moment; the first that is not ends
//! the soak. How late the machine itself is, threads that only sleep tell, in both processes; so much
//! later an answer may be.

mod behaviour;
mod catalogue;
mod clock;
mod driver;
mod model;
mod sabotage;
mod service;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

#[derive(Parser)]
#[command(about, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    drive: driver::Drive,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// The service under test.
    #[command(hide = true)]
    Serve(service::Serve),
}

#[expect(clippy::print_stderr, reason = "it is where mistakes are told")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Serve(serve)) => service::serve(serve).map(|()| ExitCode::SUCCESS),
        None => driver::drive(&arguments.drive),
    };
    done.unwrap_or_else(|error| {
        eprintln!("health-soak: {error}");
        ExitCode::FAILURE
    })
}
