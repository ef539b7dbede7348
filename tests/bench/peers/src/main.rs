//! `health-bench-peers NAME`: serves `/health/ready` with the same three dependencies, made with
//! another crate, until its standard input ends. Prints its address first.

#[path = "../../src/servers/clients.rs"]
mod clients;

mod axum_health;
mod by_hand;
mod health;
mod health_checks;

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::{env, process, thread};

use axum::Router;
use tokio::runtime::{Builder, Runtime};

use crate::clients::Clients;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// As many as all servers in Rust have.
const WORKERS: usize = 2;

fn main() -> Result {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    let name = env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "axum-health" => serve(axum_health::router),
        "axum-by-hand" => serve(by_hand::router),
        "health" => health::run(),
        "health-checks" => serve(health_checks::with_pools),
        "health-checks-ready-made" => serve(health_checks::ready_made),
        _ => Err(format!("no server `{name}`").into()),
    }
}

/// An application of axum.
fn serve(router: fn(Clients) -> Result<Router>) -> Result {
    runtime()?.block_on(async {
        let router = router(Clients::connect().await?)?;
        let listener = listen()?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok(axum::serve(listener, router).await?)
    })
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
}

fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let mut out = io::stdout();
    writeln!(out, "{}", listener.local_addr()?)?;
    out.flush()?;
    Ok(listener)
}
