//! A replica of a service with metrics, and what befalls it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::dev::Service;
use actix_web::http::header::{CONTENT_TYPE, USER_AGENT};
use actix_web::rt::System;
use actix_web::{App, HttpServer};
use health_actix::{Check, Details, Health, HealthBuilder, HealthService, Workers};
use tokio::sync::oneshot;

/// Checks run by themselves, so that a change is seen soon.
const INTERVAL: Duration = Duration::from_millis(200);

pub(crate) const METRICS: &str = "/health/metrics";

/// Stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    pub(crate) health: Health,
    fate: Arc<Fate>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

#[derive(Debug, Default)]
struct Fate {
    /// Whether the database is down.
    is_down: AtomicBool,
    /// As what Prometheus was told the metrics.
    format: Mutex<String>,
}

impl Replica {
    /// A healthy replica on a free port.
    pub(crate) fn start() -> Self {
        let fate = Arc::new(Fate::default());
        let health = health(&fate);
        Self::serving(fate, health)
    }

    pub(crate) fn misconfigured() -> Self {
        Self::of(Health::misconfigured())
    }

    /// Of what nothing befalls.
    pub(crate) fn of(health: Health) -> Self {
        Self::serving(Arc::default(), health)
    }

    fn serving(fate: Arc<Fate>, health: Health) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (told, address) = mpsc::channel();
        let (shared, answers) = (health.clone(), Arc::clone(&fate));
        let thread = thread::spawn(move || serve(&answers, &shared, stopped, &told));
        Self {
            address: address.recv().unwrap(),
            health,
            fate,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.fate.is_down.store(is_down, Ordering::SeqCst);
    }

    pub(crate) fn format(&self) -> String {
        self.fate.format.lock().unwrap().clone()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn health(fate: &Arc<Fate>) -> Health {
    let fate = Arc::clone(fate);
    let database = Check::new("database", move || {
        let is_down = fate.is_down.load(Ordering::SeqCst);
        async move { if is_down { Err("down") } else { Ok(()) } }
    });
    let shards = Check::new("shards", async || {
        vec![("north".to_owned(), true), ("south".to_owned(), true)]
    });
    let shards = shards.readiness().with_critical(false);
    HealthBuilder::empty()
        .check(
            database
                .readiness()
                .with_timeout(INTERVAL)
                .with_interval(INTERVAL),
        )
        .check(shards.with_timeout(INTERVAL).with_interval(INTERVAL))
        .build()
        .unwrap()
}

fn serve(
    fate: &Arc<Fate>,
    health: &Health,
    stopped: oneshot::Receiver<()>,
    told: &mpsc::Sender<SocketAddr>,
) -> io::Result<()> {
    let (fate, health) = (Arc::clone(fate), health.clone());
    let workers = Workers::new();
    let server = HttpServer::new(move || {
        let fate = Arc::clone(&fate);
        let service = HealthService::new(&health)
            .metrics(Details::summary())
            .workers(&workers);
        App::new()
            .wrap_fn(move |request, next| {
                let agent = request.headers().get(USER_AGENT);
                let agent = agent
                    .and_then(|agent| agent.to_str().ok())
                    .unwrap_or_default();
                let is_scrape = agent.starts_with("Prometheus/");
                let (fate, answer) = (Arc::clone(&fate), next.call(request));
                async move {
                    let response = answer.await?;
                    let format = response.headers().get(CONTENT_TYPE);
                    if let (true, Some(format)) = (is_scrape, format) {
                        format
                            .to_str()
                            .unwrap()
                            .clone_into(&mut fate.format.lock().unwrap());
                    }
                    Ok(response)
                }
            })
            .wrap(workers.layer())
            .service(service)
    });
    let server = server
        .workers(1)
        .shutdown_timeout(1)
        .shutdown_signal(async {
            // A server that was forgotten stops as well.
            let _ = stopped.await;
        })
        .bind(("127.0.0.1", 0))?;
    told.send(server.addrs()[0]).unwrap();
    System::new().block_on(async { server.run().await })
}
