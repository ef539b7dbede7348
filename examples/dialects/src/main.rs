//! The same three checks, in the wire format of whoever asks.
//!
//! ```text
//! DIALECT=kubernetes cargo run -p dialects
//! curl -i 'http://127.0.0.1:8000/readyz?verbose'
//! curl -X POST http://127.0.0.1:8000/demo/second/unhealthy    # or healthy, or degraded
//! curl -i 'http://127.0.0.1:8000/readyz?exclude=second'
//! ```
//!
//! In each of them `/health/ui` shows the same to people.
//!
//! `DIALECT` is one of those that the start lists; `DETAILS` is `status_only`, `summary` or `full`.

mod demo;

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use actix_web::{App, HttpServer};
use health_actix::{Details, Dialect, Health, HealthService};

#[actix_web::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code has to do.
            let _ = writeln!(io::stderr(), "dialects: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let dialect: Dialect = variable("DIALECT", "default").parse()?;
    let details = match &*variable("DETAILS", "summary") {
        "status_only" => Details::status_only(),
        "summary" => Details::summary(),
        "full" => Details::full(),
        other => {
            return Err(format!("DETAILS is `{other}`: use status_only, summary or full").into());
        }
    };
    let health = Health::builder().build()?;
    let service = HealthService::new(&health)
        .dialects([dialect])
        .details(details.clone())
        .dashboard(details);
    service.validate()?;

    let port: u16 = variable("PORT", "8000")
        .parse()
        .map_err(|_| "PORT must be a number from 0 to 65535")?;
    let server =
        HttpServer::new(move || App::new().service(service.clone()).configure(demo::routes))
            .bind((variable("HOST", "127.0.0.1"), port))?;
    for address in server.addrs() {
        writeln!(io::stdout(), "listening on http://{address}")?;
    }
    server.run().await?;
    Ok(())
}

fn variable(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
