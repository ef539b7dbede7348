//! Services that ask each other by gRPC whether they are ready.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use health_actix::{GrpcHealth, GrpcServer};
use health_core::{HealthBuilder, Status};
use health_indicators::grpc;
use tonic::transport::Channel;

fn channel(to: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{to}")).unwrap();
    endpoint.connect_lazy()
}

/// A real service at this address that is ready if the others are.
fn service(address: SocketAddr, others: &[SocketAddr]) -> GrpcServer {
    let mut builder = HealthBuilder::empty();
    for other in others {
        let check = grpc::check(channel(*other)).with_name(format!("other_{}", other.port()));
        builder = builder.check(check.readiness().with_cache(Duration::ZERO));
    }
    let health = builder.build().unwrap();
    let grpc = GrpcHealth::new(&health).unwrap();
    grpc.listen_on(address).unwrap()
}

/// As many services as listed, each of which asks the ones at these places.
fn services(asks: &[&[usize]]) -> Vec<SocketAddr> {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap();
    let listeners: Vec<_> = asks.iter().map(|_| free()).collect();
    let addresses = listeners.iter().map(|it| it.local_addr().unwrap());
    let addresses: Vec<_> = addresses.collect();
    drop(listeners);
    for (address, asks) in addresses.iter().zip(asks) {
        let others: Vec<_> = asks.iter().map(|place| addresses[*place]).collect();
        tokio::spawn(service(*address, &others));
    }
    addresses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_ask_each_other_answer_at_once() {
    let rounds: [&[&[usize]]; 3] = [
        // One that asks itself, two that ask each other, three in a circle.
        &[&[0]],
        &[&[1], &[0]],
        &[&[1], &[2], &[0]],
    ];
    for asks in rounds {
        let channels: Vec<_> = services(asks).into_iter().map(channel).collect();
        for round in 0..10 {
            let mut asking = tokio::task::JoinSet::new();
            for channel in channels.clone() {
                asking.spawn(async move { grpc::ping(&channel).await });
            }
            let began = Instant::now();
            for outcome in asking.join_all().await {
                let status = outcome.status();
                assert_eq!(status, Status::Healthy, "{asks:?} {round} {outcome:?}");
            }
            // A check that waits for itself does so until its timeout, which is 2 s.
            let took = began.elapsed();
            assert!(took < Duration::from_secs(1), "{asks:?} {round} {took:?}");
        }
    }
}
