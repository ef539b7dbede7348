//! What health checks cost here, as ratios that are taken in one run.
//!
//! ```text
//! cargo run --release -p health-bench               # all of it, in less than 20 minutes
//! cargo run --release -p health-bench -- --quick    # fewer rounds, in less than 3 minutes
//! cargo run --release -p health-bench -- --only http
//! ```
//!
//! Prints a table, writes it as JSON, and ends with 1 if a goal is short. Absolute figures drift by a
//! quarter from minute to minute on a usual machine; compare ratios only.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is what this is for"
)]

mod bench;
mod checks;
mod dependencies;
mod load;
mod paired;
mod pin;
mod process;
mod sections;
mod server;
mod servers;
mod storm;
mod table;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::Bench;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

#[derive(Parser)]
#[command(about = "What health checks cost, as ratios that are taken in one run")]
struct Arguments {
    /// Fewer and shorter rounds.
    #[arg(long)]
    quick: bool,
    /// These sections only; more than once for several.
    #[arg(long, value_name = "SECTION")]
    only: Vec<String>,
    /// Rows that have this in their names only, of the sections that can be asked for rows.
    #[arg(long, value_name = "TEXT")]
    row: Option<String>,
    /// Where the table is written as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/health-bench.json")]
    json: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves one of the servers that are compared, until its standard input ends.
    Serve(server::Serve),
    /// Probes as its standard input orders, one order a line, until that ends.
    Storm,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Serve(serve)) => serve.run().map(|()| true),
        Some(Command::Storm) => storm::obey().map(|()| true),
        None => Bench::new(arguments.quick, arguments.row)
            .run(&arguments.only)
            .and_then(|table| {
                table.print();
                table.write(&arguments.json)?;
                Ok(table.summarize())
            }),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("health-bench: {error}");
            ExitCode::from(2)
        }
    }
}
