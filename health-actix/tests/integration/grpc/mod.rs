//! The gRPC health service.

mod check;
mod hostile;
mod list;
mod port;
mod watch;

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use health_actix::{Check, GrpcHealth, Health, HealthBuilder, Outcome, Runtime, Status};
use prost::Message;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;

const SERVING: ServingStatus = ServingStatus::Serving;
const NOT_SERVING: ServingStatus = ServingStatus::NotServing;
const UNKNOWN: ServingStatus = ServingStatus::ServiceUnknown;

/// On the clock of the test.
fn health(checks: impl IntoIterator<Item = Check>) -> Health {
    let builder = HealthBuilder::empty().runtime(Runtime::current());
    let builder = checks.into_iter().fold(builder, HealthBuilder::check);
    builder.build().unwrap()
}

fn grpc(health: &Health) -> GrpcHealth {
    GrpcHealth::new(health).unwrap()
}

fn named(service: &str) -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest {
        service: service.to_owned(),
    })
}

async fn ask(grpc: &GrpcHealth, service: &str) -> Result<ServingStatus, tonic::Status> {
    let answer = HealthClient::new(grpc.clone())
        .check(named(service))
        .await?;
    Ok(answer.into_inner().status())
}

async fn code(grpc: &GrpcHealth, service: &str) -> Code {
    ask(grpc, service).await.unwrap_err().code()
}

/// Each of these services with what it is to be.
async fn hold(grpc: &GrpcHealth, expected: &[(&str, ServingStatus)]) {
    for (service, status) in expected {
        assert_eq!(ask(grpc, service).await.unwrap(), *status, "{service}");
    }
}

#[derive(Clone, PartialEq, Eq, Message)]
struct ListRequest {}

#[derive(Clone, PartialEq, Eq, Message)]
struct ListResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    statuses: BTreeMap<String, HealthCheckResponse>,
}

async fn listed(grpc: &GrpcHealth) -> Result<BTreeMap<String, ServingStatus>, tonic::Status> {
    listed_by(grpc, Request::new(ListRequest {})).await
}

async fn listed_by(
    grpc: &GrpcHealth,
    request: Request<ListRequest>,
) -> Result<BTreeMap<String, ServingStatus>, tonic::Status> {
    let mut client = tonic::client::Grpc::new(grpc.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/grpc.health.v1.Health/List");
    let codec = ProstCodec::<ListRequest, ListResponse>::default();
    let answer = client.unary(request, path, codec).await?;
    let statuses = answer.into_inner().statuses.into_iter();
    Ok(statuses.map(|(name, it)| (name, it.status())).collect())
}

/// What a check finds, to be turned, and how often it was run.
#[derive(Clone, Default)]
struct Turned {
    fails: Arc<AtomicBool>,
    runs: Arc<AtomicUsize>,
}

impl Turned {
    fn check(&self, name: &'static str) -> Check {
        let own = self.clone();
        Check::new(name, move || {
            own.runs.fetch_add(1, Ordering::SeqCst);
            ready(!own.fails.load(Ordering::SeqCst))
        })
    }

    fn fails(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

/// Checks that are called as what they find.
fn of_each_status() -> [Check; 3] {
    [Status::Healthy, Status::Degraded, Status::Unhealthy]
        .map(|status| Check::new(status.to_string(), move || ready(Outcome::from(status))))
}
