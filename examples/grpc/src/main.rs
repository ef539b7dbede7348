//! One check, by HTTP and by gRPC.
//!
//! ```text
//! cargo run -p grpc
//! curl -i http://127.0.0.1:8000/health/ready
//! curl -X POST http://127.0.0.1:8000/demo/down        # or up
//! kill -TERM $(pgrep -x grpc)                         # drains for 5 s, then stops
//! ```
//!
//! The health service is at 127.0.0.1:9090. grpcurl and the like need the protocol, which is
//! grpc/health/v1/health.proto of <https://github.com/grpc/grpc-proto>:
//!
//! ```text
//! grpcurl -plaintext -proto health.proto -d '{"service":"orders"}' 127.0.0.1:9090 grpc.health.v1.Health/Watch
//! ```
//!
//! `PORT`, `GRPC_PORT` and `HOST` say where to listen; `DRAIN_SECONDS` for how long to drain.

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, rt, web};
use health_actix::{DrainExt, GrpcHealth, Health, HealthService, health_check};

/// Whether orders can be taken, which is switched by hand here.
struct Orders(AtomicBool);

/// Orders can be taken.
#[health_check(kind = "readiness", cache_ms = 100)]
async fn orders(orders: web::Data<Orders>) -> bool {
    orders.0.load(Ordering::Relaxed)
}

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
            let _ = writeln!(io::stderr(), "grpc: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let orders = web::Data::new(Orders(AtomicBool::new(true)));
    // No request of the application comes by gRPC, so the builder has what the check takes.
    let health = Health::builder().data(orders.clone()).build()?;
    let delay = Duration::from_secs(number("DRAIN_SECONDS", 5)?);
    let (drain, grpc_drain) = (health.drain(delay), health.drain(delay));

    let grpc = GrpcHealth::new(&health)?.listen_on((host(), number("GRPC_PORT", 9090)?))?;
    let grpc = grpc.shutdown_signal(grpc_drain);
    let grpc_address = grpc.address();
    let grpc = rt::spawn(grpc);

    let server = HttpServer::new(move || {
        App::new()
            .app_data(orders.clone())
            .wrap(health.drain_layer())
            .service(HealthService::new(&health))
            .route("/demo/{position}", web::post().to(switch))
    });
    let server = server
        .shutdown_signal(drain)
        .shutdown_timeout(5)
        .bind((host(), number("PORT", 8000)?))?;
    for address in server.addrs() {
        writeln!(io::stdout(), "listening on http://{address}")?;
    }
    writeln!(io::stdout(), "grpc.health.v1 on {grpc_address}")?;
    server.run().await?;
    grpc.await??;
    Ok(())
}

async fn switch(position: web::Path<String>, orders: web::Data<Orders>) -> HttpResponse {
    let up = match position.as_str() {
        "up" => true,
        "down" => false,
        _ => return HttpResponse::NotFound().body("there are: up, down\n"),
    };
    orders.0.store(up, Ordering::Relaxed);
    HttpResponse::Ok().finish()
}

fn host() -> String {
    env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned())
}

fn number<T: std::str::FromStr>(name: &str, default: T) -> Result<T, String> {
    match env::var(name) {
        Err(_) => Ok(default),
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{name} is `{text}`: it must be a number that fits")),
    }
}
