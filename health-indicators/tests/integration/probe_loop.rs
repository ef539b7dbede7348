//! Services that ask each other whether they are ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::dev::{Server, Service};
use actix_web::{App, HttpServer};
use health_actix::HealthService;
use health_core::HealthBuilder;
use health_indicators::http;
use reqwest::Client;

/// How often the readiness of each service is asked for.
type Asked = Arc<AtomicUsize>;

/// A real service on this port that is ready if the others are.
fn service(listener: std::net::TcpListener, others: &[u16]) -> (Server, Asked) {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut builder = HealthBuilder::empty();
    for port in others {
        let url = format!("http://127.0.0.1:{port}/health/ready");
        let check = http::check(&client, &url).with_name(format!("other_{port}"));
        builder = builder.check(check.readiness().with_cache(Duration::ZERO));
    }
    let health = builder.build().unwrap();
    let asked = Asked::default();
    let count = Arc::clone(&asked);
    let app = move || {
        let count = Arc::clone(&count);
        let counting = move |request, next: &_| {
            count.fetch_add(1, Ordering::SeqCst);
            call(next, request)
        };
        App::new()
            .wrap_fn(counting)
            .service(HealthService::new(&health))
    };
    let server = HttpServer::new(app).workers(2).disable_signals();
    (server.listen(listener).unwrap().run(), asked)
}

fn call<S: Service<R>, R>(next: &S, request: R) -> S::Future {
    next.call(request)
}

/// As many services as listed, each of which asks the ones at these places.
async fn services(asks: &[&[usize]]) -> Vec<(String, Asked)> {
    let listeners = asks
        .iter()
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let listeners: Vec<_> = listeners.collect();
    let ports: Vec<_> = listeners
        .iter()
        .map(|l| l.local_addr().unwrap().port())
        .collect();
    let each = listeners.into_iter().zip(asks).zip(ports.clone());
    let started = each.map(|((listener, asks), port)| {
        let others: Vec<_> = asks.iter().map(|place| ports[*place]).collect();
        let (server, asked) = service(listener, &others);
        tokio::spawn(server);
        (format!("http://127.0.0.1:{port}/health/ready"), asked)
    });
    started.collect()
}

/// What all are told that ask at the same time, so often each, and how long that takes at most.
async fn ask(services: &[(String, Asked)], times: usize) -> (Vec<u16>, Duration) {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut asking = tokio::task::JoinSet::new();
    for (url, _) in services.iter().cycle().take(services.len() * times) {
        let request = client.get(url).send();
        asking.spawn(async move {
            let began = Instant::now();
            (request.await.unwrap().status().as_u16(), began.elapsed())
        });
    }
    let (codes, times): (Vec<_>, Vec<_>) = asking.join_all().await.into_iter().unzip();
    (codes, times.into_iter().max().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_ask_each_other_answer_at_once() {
    let _installed = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let rounds: [&[&[usize]]; 4] = [
        // One that asks itself, two that ask each other, three in a circle, each asks each.
        &[&[0]],
        &[&[1], &[0]],
        &[&[1], &[2], &[0]],
        &[&[1, 2], &[0, 2], &[0, 1]],
    ];
    for asks in rounds {
        let services = services(asks).await;
        for round in 0..20 {
            let (codes, longest) = ask(&services, 1).await;
            assert!(
                codes.iter().all(|code| *code == 200),
                "{asks:?} {round} {codes:?}"
            );
            assert!(
                longest < Duration::from_secs(2),
                "{asks:?} {round} {longest:?}"
            );
        }
        let counts = services
            .iter()
            .map(|(_, asked)| asked.load(Ordering::SeqCst));
        let counts: Vec<_> = counts.collect();
        // Each of 20 questions leads to a few others, and not to ever more.
        assert!(
            counts.iter().all(|asked| *asked <= 20 * 8),
            "{asks:?} {counts:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_probes_makes_no_storm() {
    let _installed = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let services = services(&[&[1], &[0]]).await;
    let (codes, longest) = ask(&services, 100).await;
    assert!(codes.iter().all(|code| *code == 200), "{codes:?}");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    for (_, asked) in services {
        let asked = asked.load(Ordering::SeqCst);
        assert!(asked < 300, "{asked}");
    }
}
