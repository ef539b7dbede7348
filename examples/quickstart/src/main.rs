//! A small service with every kind of probe: it keeps notes in a database file.
//!
//! ```text
//! cargo run -p quickstart
//! curl -i http://127.0.0.1:8000/health/ready    # or open /health/ui in a browser
//! curl -i http://127.0.0.1:8000/notes -H 'content-type: application/json' -d '{"text": "hello"}'
//! cargo run -p quickstart -- health list        # and run, probe, manifest, lint: -- health --help
//! ```
//!
//! What health needs is in `checks.rs`, and one line of [`run`]; three more let it drain: watch
//! `/health/ready`, or the dashboard, after Ctrl-C. For what is asked without a server, by the command
//! line or for systemd, its builder has the data of the application too.

mod checks;
mod database;
mod notes;
mod schema;
mod settings;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use actix_web::{App, HttpServer, rt, web};
use health_actix::{DrainExt, Health, HealthService, SystemdExt, networks};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::schema::Schema;
use crate::settings::Settings;

/// Ends with 1 if the service cannot start; with 0 on Ctrl-C and on SIGTERM, once it has drained; as
/// the command says that was asked for.
#[actix_web::main]
async fn main() -> ExitCode {
    start_log();
    match run().await {
        Ok(code) => code,
        Err(error) => {
            // Where even this cannot be written, the exit code has to do.
            let _ = writeln!(io::stderr(), "quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Who may look at the dashboard and the metrics: whoever is on this machine.
const HERE: [&str; 2] = ["127.0.0.0/8", "::1"];

/// Does what the arguments ask for; without any, serves until a signal ends it.
async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let Settings {
        host,
        port,
        database_file,
        drain,
    } = Settings::from_env()?;
    // What is made out here is shared by all workers; in the factory, each would get its own.
    let pool = web::Data::new(database_file.open());
    let file = web::Data::new(database_file);
    let schema = web::Data::new(Schema::default());
    let health = Health::builder()
        .data(pool.clone())
        .data(file.clone())
        .data(schema.clone())
        .build()?;
    let service = HealthService::new(&health)
        .dashboard(networks(HERE))
        .metrics(networks(HERE));
    if let Some(code) = service.run_command().await {
        return Ok(code);
    }

    // Before what takes its time: a signal that comes meanwhile is not lost.
    let drain = health.drain(drain);
    let migration = schema::migrate(pool.clone(), schema.clone());
    let (drain_layer, shared_pool) = (health.drain_layer(), pool.clone());
    let server = HttpServer::new(move || {
        App::new()
            .wrap(drain_layer.clone())
            .service(service.clone())
            .app_data(shared_pool.clone())
            .app_data(file.clone())
            .app_data(schema.clone())
            .configure(notes::routes)
    })
    .shutdown_signal(drain)
    .bind((host.as_str(), port))
    .map_err(|e| format!("cannot listen on {host}:{port}, as HOST and PORT say: {e}"))?;

    health.notify_systemd()?;
    announce(&server.addrs())?;
    rt::spawn(migration);
    server.run().await?;
    pool.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Logs to stderr what `RUST_LOG` asks for, `info` if it is not set.
fn start_log() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter.from_env_lossy())
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
}

/// What there is to try, and what it is.
const URLS: [(&str, &str); 9] = [
    ("/health/ui", "all of it, live, in a browser"),
    ("/health", "liveness, as plain as can be"),
    ("/health/live", "liveness: is the process alive?"),
    ("/health/ready", "readiness: point balancers here"),
    ("/health/started", "startup: is the schema there?"),
    ("/health/checks/database", "one check"),
    ("/health/metrics", "what is measured, for Prometheus"),
    ("/health/openapi.json", "all of this for machines"),
    (
        "/notes",
        "the service itself: GET, POST {\"text\": \"...\"}",
    ),
];

/// Prints the URLs to try. Several addresses are several ways to the same; the first will do.
fn announce(addresses: &[SocketAddr]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for address in addresses.iter().take(1) {
        writeln!(out, "quickstart is listening. Try:\n")?;
        for (path, remark) in URLS {
            writeln!(out, "  {:<50} {remark}", format!("http://{address}{path}"))?;
        }
        writeln!(out, "\nCtrl-C drains and ends it; twice, it does not wait.")?;
    }
    out.flush()
}
