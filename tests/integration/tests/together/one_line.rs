//! `.service(health_actix::service())` and nothing else.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use actix_web::dev::Service;
use actix_web::{App, HttpServer, rt, web};
use health_actix::{Details, health_check};
use serde_json::{Value, json};

use crate::client::get;

/// Stands for a database pool.
struct Pool {
    up: bool,
    queries: AtomicUsize,
}

impl Pool {
    fn new(up: bool) -> web::Data<Self> {
        let queries = AtomicUsize::new(0);
        web::Data::new(Self { up, queries })
    }
}

/// The pool answers.
#[health_check(kind = "readiness", timeout_ms = 2000, cache_ms = 60000)]
async fn database(pool: web::Data<Pool>) -> Result<(), &'static str> {
    pool.queries.fetch_add(1, Ordering::SeqCst);
    if pool.up { Ok(()) } else { Err("down") }
}

/// An application with the one line; notes which threads answer.
fn serve(
    pool: web::Data<Pool>,
    workers: usize,
    threads: Arc<Mutex<HashSet<ThreadId>>>,
) -> SocketAddr {
    let server = HttpServer::new(move || {
        let threads = Arc::clone(&threads);
        App::new()
            .wrap_fn(move |request, service| {
                threads.lock().unwrap().insert(thread::current().id());
                service.call(request)
            })
            .app_data(pool.clone())
            .service(health_actix::service())
    });
    let server = server.workers(workers).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    rt::spawn(server.run());
    address
}

#[actix_web::test]
async fn checks_of_a_library_that_knows_health_core_alone_are_found() {
    let address = serve(Pool::new(true), 1, Arc::default());
    let (code, body) = get(address, "/health/ready").await;
    assert_eq!((code, &body["status"]), (200, &json!("ready")));
    let names: Vec<_> = body["checks"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["contributed_queue", "database"]);
    assert_eq!(
        get(address, "/health/checks/contributed_blocking").await.0,
        200
    );

    let queue = |document: &Value| {
        let readiness = &document["components"]["schemas"]["HealthReadinessReport"];
        readiness["properties"]["checks"]["properties"]["contributed_queue"].clone()
    };
    let (_, document) = get(address, "/health/openapi.json").await;
    let public = queue(&document);
    assert_eq!(
        public["description"],
        "The contributed queue accepts messages."
    );
    assert_eq!(public["x-health-tags"], Value::Null);
    let full = health_actix::service().details(Details::full());
    let document = serde_json::from_str(&full.openapi_json()).unwrap();
    assert_eq!(queue(&document)["x-health-tags"], json!(["contributed"]));
}

#[actix_web::test]
async fn two_applications_on_two_ports_each_give_their_own_answer() {
    let up = serve(Pool::new(true), 2, Arc::default());
    let down = serve(Pool::new(false), 2, Arc::default());
    for _ in 0..10 {
        let (answer_up, answer_down) =
            tokio::join!(get(up, "/health/ready"), get(down, "/health/ready"));
        assert_eq!(answer_up.0, 200);
        assert_eq!(answer_up.1["checks"]["database"]["healthy"], true);
        assert_eq!(answer_down.0, 503);
        assert_eq!(answer_down.1["checks"]["database"]["error"], "check failed");
    }
}

#[actix_web::test]
async fn two_applications_in_parallel_tests_do_not_meet() {
    let down = serve(Pool::new(false), 1, Arc::default());
    assert_eq!(get(down, "/health/ready").await.0, 503);
    assert_eq!(get(down, "/health/checks/database").await.0, 503);
}

#[actix_web::test]
async fn four_workers_share_one_state() {
    let threads = Arc::default();
    let pool = Pool::new(true);
    let address = serve(pool.clone(), 4, Arc::clone(&threads));
    let mut asked = 0;
    while threads.lock().unwrap().len() < 4 {
        assert_eq!(get(address, "/health/ready").await.0, 200);
        asked += 1;
        assert!(asked < 1000, "four workers never answered");
    }
    assert_eq!(
        pool.queries.load(Ordering::SeqCst),
        1,
        "asked {asked} times"
    );
}
