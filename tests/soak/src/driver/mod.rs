//! Injects the faults, and has the answers judged.

mod child;
mod court;
mod growth;
mod http;
mod life;
mod load;
mod plan;
mod random;
mod stand_in;
mod summary;

use std::path::PathBuf;
use std::process::ExitCode;

use self::life::Life;
use self::random::Random;
pub(crate) use self::stand_in::Mode;
use self::summary::Summary;
use crate::Result;
use crate::sabotage::Sabotage;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Drive {
    /// How long.
    #[arg(long, default_value_t = 1200)]
    seconds: u64,
    /// Which schedule of faults; without it, one that nobody chose.
    #[arg(long)]
    seed: Option<u64>,
    /// Has the service lie in this way, which is to be noticed.
    #[arg(long)]
    sabotage: Option<Sabotage>,
    /// Where the summary is written as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/health-soak.json")]
    json: PathBuf,
}

/// The first life of a service is short, so that it starts and stops twice.
const FIRST: u64 = 15;

#[expect(clippy::print_stdout, reason = "it is what is asked for")]
pub(crate) fn drive(drive: &Drive) -> Result<ExitCode> {
    let seed = drive
        .seed
        .unwrap_or_else(|| crate::clock::now() % 1_000_000);
    println!("seed {seed}, {} s", drive.seconds);
    let mut random = Random::new(seed);
    let first = if drive.seconds > 4 * FIRST { FIRST } else { 0 };
    let mut summary = Summary::new(seed);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    for seconds in [first, drive.seconds - first] {
        if seconds == 0 {
            continue;
        }
        let plan = plan::plan(&mut random, seconds * 1000);
        let life = Life::begin(&runtime, drive.sabotage, random.next())?;
        let ended = life.live(&plan, seconds)?;
        let violation = ended.violation.clone();
        summary.add(seconds, ended);
        if let Some(violation) = violation {
            println!("VIOLATION, seed {seed}: {violation}");
            break;
        }
    }
    println!("{summary}");
    std::fs::write(&drive.json, serde_json::to_string_pretty(&summary)?)?;
    Ok(if summary.is_violated() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
