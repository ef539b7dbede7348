//! The service under test: a process of its own, which is told over its standard input what to do, and
//! tells over its standard output what it notices.

mod checks;
mod command;
mod pool;

use std::fmt;
use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Service;
use actix_web::{App, HttpResponse, HttpServer, rt, web};
use health_actix::{Dialect, DrainExt, Health, HealthService, networks};

use self::checks::Actor;
use self::command::Commands;
use self::pool::Pool;
use crate::catalogue::{CHECKS, Source};
use crate::clock;
use crate::sabotage::Sabotage;

/// For how long a service that is told to end fails readiness first.
pub(crate) const DRAIN: Duration = Duration::from_millis(1500);

pub(crate) const WORKERS: usize = 3;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Serve {
    /// The stand-ins of its dependencies.
    #[arg(long, required = true)]
    dependency: Vec<SocketAddr>,
    /// A file that configures its checks.
    #[arg(long)]
    config: PathBuf,
    /// A file that forces statuses.
    #[arg(long)]
    overrides: PathBuf,
    /// A way to lie.
    #[arg(long)]
    sabotage: Option<Sabotage>,
}

/// Tells the driver.
pub(crate) fn say(what: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    // A driver that is gone needs to be told nothing.
    let _ = writeln!(out, "{what}").and_then(|()| out.flush());
}

#[actix_web::main]
pub(crate) async fn serve(serve: Serve) -> crate::Result {
    clock::canary(|due, woke| {
        say(format_args!("late {due} {woke}"));
        true
    });
    clock::spawning_canary(|asked, back| say(format_args!("late {asked} {back}")));
    // Panics are told to do so; nobody reads thousands of backtraces.
    std::panic::set_hook(Box::new(|_| {}));
    let actors: Vec<_> = CHECKS.iter().map(|spec| actor(&serve, spec)).collect();
    let checks = actors.iter().map(|actor| Arc::clone(actor).check());
    let health = checks
        .fold(Health::builder(), health_actix::HealthBuilder::check)
        .override_file(&serve.overrides)
        .build()?;
    let drain = health.drain(DRAIN);
    let here = || networks(["127.0.0.0/8"]);
    let service = HealthService::new(&health)
        .dialects([Dialect::default(), Dialect::kubernetes(), Dialect::spring()])
        .dashboard(here())
        .metrics(here());
    let sabotage = serve.sabotage;
    let (drain_layer, mounted) = (health.drain_layer(), service.clone());
    let server = HttpServer::new(move || {
        App::new()
            .wrap_fn(move |request, next| {
                let answer = next.call(request);
                async move {
                    sabotaged(sabotage).await;
                    answer.await
                }
            })
            .wrap(drain_layer.clone())
            .service(mounted.clone())
            .route("/app/block", web::get().to(block))
            .route("/app/panic", web::get().to(panic))
    })
    .workers(WORKERS)
    .shutdown_signal(drain)
    .shutdown_timeout(1)
    .bind("127.0.0.1:0")?;
    let main = server.addrs()[0];
    let management = free_port()?;
    rt::spawn(service.listen_on(management)?);
    listen(Commands {
        health,
        actors,
        config: serve.config,
        sabotage,
    });
    say(format_args!("ready {main} {management}"));
    server.run().await?;
    Ok(())
}

fn actor(serve: &Serve, spec: &crate::catalogue::Spec) -> Arc<Actor> {
    let pool = match spec.source {
        Source::Dependency(number) => Some(Pool::new(serve.dependency[number])),
        _ => None,
    };
    Actor::new(*spec, pool, serve.sabotage)
}

/// The port that the system would give; nobody else is given it again so soon.
fn free_port() -> io::Result<SocketAddr> {
    std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// On a thread that neither checks nor workers can hold.
fn listen(commands: Commands) {
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            commands.obey(&line);
        }
        // Without its driver nobody needs it.
        std::process::exit(0);
    });
}

async fn sabotaged(sabotage: Option<Sabotage>) {
    match sabotage {
        Some(Sabotage::Late) => rt::time::sleep(Duration::from_millis(1500)).await,
        Some(Sabotage::Silent) if clock::now().is_multiple_of(97) => std::future::pending().await,
        _ => {}
    }
}

#[derive(serde::Deserialize)]
struct Block {
    ms: u64,
}

/// Holds its worker.
async fn block(query: web::Query<Block>) -> HttpResponse {
    std::thread::sleep(Duration::from_millis(query.ms));
    HttpResponse::Ok().finish()
}

async fn panic() -> HttpResponse {
    panic!("a handler that panics")
}
