//! Spans of runs and of requests, probe traffic apart, and metrics, through OpenTelemetry.
//!
//! ```text
//! cargo run -p telemetry                  # prints spans, and metrics every 10 s
//! PROBES=keep cargo run -p telemetry      # with the spans of probes
//! curl http://127.0.0.1:8000/orders
//! curl http://127.0.0.1:8000/health/ready
//! ```
//!
//! **A run of a check is a span**, `health_check`, of the target `health::run` and the level debug: a
//! filter that lets it pass is all that it needs. It is a root, for a run may serve several
//! probes, and belongs to none of them; what the check itself opens is below it, on whichever thread.
//! Its attributes are `check`, `outcome`, `reason` and `duration_ms`, none of them a text of an error;
//! its status is an error if the run failed.
//!
//! **Probe traffic** is marked with `health.probe` by the middleware in `requests.rs`, once the request
//! has found its way to a health endpoint. That is after a sampler has decided, so [`WithoutProbes`]
//! leaves such spans out when they end.
//!
//! **Metrics** are one line, `health.publish_opentelemetry(None)`: the families that Prometheus is
//! told.
//!
//! Here both are printed. To send them to a collector, give the two exporters of `opentelemetry-otlp`
//! to [`Telemetry::new`] in place of those of `opentelemetry-stdout`.
//!
//! [`WithoutProbes`]: probes::WithoutProbes
//! [`Telemetry::new`]: telemetry::Telemetry::new

mod checks;
mod probes;
mod requests;
mod telemetry;
#[cfg(test)]
mod tests;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use health_actix::{Health, HealthService, MetricsExt};

use crate::probes::Probes;
use crate::telemetry::Telemetry;

#[actix_web::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code has to do.
            let _ = writeln!(io::stderr(), "telemetry: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let probes = match env::var("PROBES").as_deref() {
        Ok("keep") => Probes::Keep,
        Ok("drop") | Err(env::VarError::NotPresent) => Probes::Drop,
        _ => return Err("PROBES has to be `keep` or `drop`".into()),
    };
    let telemetry = Telemetry::new(
        opentelemetry_stdout::SpanExporter::default(),
        opentelemetry_stdout::MetricExporter::default(),
        probes,
    )?;
    let health = Health::builder().build()?;
    health.publish_opentelemetry(None)?;
    let (server, address) = serve(&health, ("127.0.0.1", 8000))?;
    writeln!(io::stdout(), "listening on http://{address}")?;
    server.await?;
    telemetry.shutdown()
}

fn serve(health: &Health, address: (&str, u16)) -> io::Result<(Server, std::net::SocketAddr)> {
    let endpoints = HealthService::new(health);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(requests::traced))
            .service(endpoints.clone())
            .route("/orders", web::get().to(async || "none\n"))
    });
    let server = server.workers(1).bind(address)?;
    let address = server.addrs()[0];
    Ok((server.run(), address))
}
