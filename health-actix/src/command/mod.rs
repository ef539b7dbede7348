//! The command line `health`.

mod closest;
mod drain;
mod lint;
mod list;
mod manifest;
mod openapi;
mod output;
mod plan;
mod probe;
mod run;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, FromArgMatches, Subcommand};

use self::output::{NOT_WELL, UNKNOWN};
use crate::{HealthService, try_service};

#[doc = include_str!("../docs/command.md")]
#[derive(Args, Clone, Debug)]
pub struct HealthCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Lists the checks: their probes, timing and source
    List(list::List),
    /// Runs checks once and says what they found
    #[command(
        after_help = "Exits with 0 if all is well; with 1 if a critical check is unhealthy, or \
                            one that was named; with 2 if that cannot be found out."
    )]
    Run(run::Run),
    /// Prints the OpenAPI document of the health endpoints
    Openapi(openapi::Openapi),
    /// Asks a running service whether it is healthy, as a container's HEALTHCHECK
    #[command(after_help = "Exits with 0 if the answer's code is 200 to 299, and else with 1.")]
    Probe(probe::Probe),
    /// Tells a running service to drain: its readiness fails, and nothing is stopped
    Drain(drain::Drain),
    /// Prints what a platform or a balancer has to be told
    Manifest(manifest::Manifest),
    /// Says what is wrong with probes in manifests, and how to mend it
    #[command(
        after_help = "Exits with 0 if there is no error, with 1 if there is one, and with 2 if a \
                            file cannot be read."
    )]
    Lint(lint::Lint),
}

impl HealthCommand {
    /// Does what was asked, prints what there is to say, and returns the exit code: 0 if all is
    /// well, 1 if what was asked about is not, 2 if it could not be found out.
    pub async fn execute(self, service: &HealthService) -> ExitCode {
        match self.command {
            Command::List(list) => list.execute(service),
            Command::Run(run) => run.execute(service).await,
            Command::Openapi(openapi) => openapi.execute(service),
            Command::Probe(probe) => probe.execute(service),
            Command::Drain(drain) => drain.execute().await,
            Command::Manifest(manifest) => manifest.execute(service),
            Command::Lint(lint) => lint.execute(service),
        }
    }
}

impl HealthService {
    /// Does what the program's arguments ask for, if the first of them is `health`, and returns the
    /// exit code, with which the program is to end; none if it is to serve.
    ///
    /// For programs without a command line of their own; others make a [`HealthCommand`] part of
    /// theirs, where the commands and exit codes are listed. Call it once the checks can be asked,
    /// and before [`DrainExt::drain`](crate::DrainExt::drain) and what binds the port.
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    ///
    /// use actix_web::{App, HttpServer};
    ///
    /// #[actix_web::main]
    /// async fn main() -> Result<ExitCode, std::io::Error> {
    ///     if let Some(code) = health_actix::service().run_command().await {
    ///         return Ok(code);
    ///     }
    ///     HttpServer::new(|| App::new().service(health_actix::service()))
    ///         .bind(("127.0.0.1", 8000))?
    ///         .run()
    ///         .await?;
    ///     Ok(ExitCode::SUCCESS)
    /// }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "clap")))]
    pub async fn run_command(&self) -> Option<ExitCode> {
        let mut arguments = env::args_os();
        let program = arguments.next().unwrap_or_default();
        match parse(&program, &arguments.collect::<Vec<_>>())? {
            Ok(command) => Some(command.execute(self).await),
            Err(code) => Some(code),
        }
    }
}

/// What the arguments ask for, or the exit code once their mistake, or the help, was printed. None
/// if the first one is not `health`.
fn parse(program: &OsStr, arguments: &[OsString]) -> Option<Result<HealthCommand, ExitCode>> {
    if arguments.first()? != "health" {
        return None;
    }
    let name = Path::new(program).file_name().unwrap_or(program);
    let usage = format!("{} health", name.display());
    let command = clap::Command::new("health").bin_name(usage);
    let command = command.about("Asks and explains the health checks, and writes manifests");
    let command = HealthCommand::augment_args(command);
    let matches = command.try_get_matches_from(arguments);
    let parsed = matches.and_then(|matches| HealthCommand::from_arg_matches(&matches));
    Some(parsed.map_err(|error| {
        // Where even this cannot be written, the exit code has to do.
        let _ = error.print();
        let is_probe = arguments.get(1).is_some_and(|command| command == "probe");
        match error.exit_code() {
            0 => ExitCode::SUCCESS,
            // Docker reserves 2.
            _ if is_probe => NOT_WELL.into(),
            _ => UNKNOWN.into(),
        }
    }))
}

/// Why nothing can be said of the checks, if that is so.
fn ensure_configured(service: &HealthService) -> Result<(), String> {
    if !service.health().is_misconfigured() {
        return Ok(());
    }
    Err(match try_service() {
        Err(mistakes) => mistakes.to_string(),
        Ok(_) => "the health checks have mistakes; what built them has said which".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::iter;

    use clap::{CommandFactory, Parser};
    use health_core::Health;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(subcommand)]
        command: Option<Own>,
    }

    #[derive(Debug, Subcommand)]
    enum Own {
        Health(HealthCommand),
    }

    #[test]
    fn it_can_be_part_of_another_command_line() {
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["app", "health", "probe", "--timeout", "1s"]).unwrap();
        let Some(Own::Health(health)) = cli.command else {
            panic!("{cli:?}");
        };
        assert!(matches!(health.command, Command::Probe(_)), "{health:?}");
    }

    #[test]
    fn it_can_be_a_whole_command_line() {
        #[derive(Debug, Parser)]
        struct Flat {
            #[command(flatten)]
            health: HealthCommand,
        }
        Flat::command().debug_assert();
        let flat = Flat::try_parse_from(["check", "list"]).unwrap();
        assert!(matches!(flat.health.command, Command::List(_)), "{flat:?}");
    }

    #[test]
    fn only_what_begins_with_health_is_a_command() {
        let parsed = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            parse(OsStr::new("/usr/bin/app"), &arguments)
        };
        for serve in [&[][..], &["serve"], &["--health"], &["serve", "health"]] {
            assert!(parsed(serve).is_none(), "{serve:?}");
        }
        assert!(parsed(&["health", "list"]).unwrap().is_ok());
        for (wrong, code) in [
            (&["health"][..], 2),
            (&["health", "lsit"], 2),
            (&["health", "run", "--bogus"], 2),
            (&["health", "probe", "--bogus"], 1),
            (&["health", "probe", "--timeout", "0s"], 1),
            (&["health", "--help"], 0),
            (&["health", "probe", "--help"], 0),
        ] {
            let code = ExitCode::from(code);
            assert_eq!(parsed(wrong).unwrap().unwrap_err(), code, "{wrong:?}");
        }
    }

    #[actix_web::test]
    async fn nothing_is_said_of_checks_that_have_mistakes() {
        let service = HealthService::new(&Health::misconfigured());
        let says = ensure_configured(&service).unwrap_err();
        assert!(says.contains("have mistakes"), "{says}");
        for command in [
            "list",
            "run",
            "openapi",
            "lint",
            "manifest kubernetes --image app",
        ] {
            let words = iter::once("health").chain(command.split(' '));
            let arguments: Vec<_> = words.map(OsString::from).collect();
            let command = parse(OsStr::new("app"), &arguments).unwrap().unwrap();
            assert_eq!(command.execute(&service).await, ExitCode::from(UNKNOWN));
        }
    }
}
