//! `health drain`.

#[cfg(target_os = "linux")]
mod process;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::output::{NOT_WELL, UNKNOWN, WELL, fail, print, span};
use super::plan::duration;

#[derive(Args, Clone, Debug)]
pub(super) struct Drain {
    /// The process to tell [default: the only other one that runs this very program]
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
    pid: Option<i32>,
    /// Waits for this long then, as a preStop hook has to
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
}

impl Drain {
    pub(super) async fn execute(self) -> ExitCode {
        if !cfg!(target_os = "linux") {
            let problem = "draining from the command line is supported on Linux alone: send the \
                           process SIGUSR1, where there are signals";
            return fail(problem, UNKNOWN);
        }
        let pid = match tell(self.pid) {
            Ok(pid) => pid,
            Err(problem) => return fail(&problem, NOT_WELL),
        };
        let said = print(&format!("process {pid} was told to drain\n"), WELL);
        if let Some(wait) = self.wait {
            tokio::time::sleep(wait).await;
            return print(&format!("waited for {}\n", span(wait)), WELL);
        }
        said
    }
}

#[cfg(target_os = "linux")]
use self::process::tell;

#[cfg(not(target_os = "linux"))]
fn tell(_: Option<i32>) -> Result<i32, String> {
    Err("there is no such signal".to_owned())
}
