//! What each method answers.

use std::sync::Arc;

use health_core::ProbePath;
use tonic::codegen::BoxFuture;
use tonic::metadata::MetadataMap;
use tonic::server::UnaryService;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::board::Board;
use super::list::{ListRequest, ListResponse};
use super::subject::Subject;
use super::watcher::{Updates, response};

/// How many services are listed.
const MOST_LISTED: usize = 1000;

/// What each method answers.
#[derive(Clone, Debug)]
pub(super) struct Answers(pub(super) Arc<Board>);

#[tonic::async_trait]
impl Health for Answers {
    type WatchStream = Updates;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let path = path_of(request.metadata());
        let subject = Subject::of(&request.get_ref().service);
        let asked = self.0.ask(&subject, &path)?;
        Ok(Response::new(response(asked.await)))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Updates>, Status> {
        let subject = Subject::of(&request.get_ref().service);
        Updates::new(&self.0, subject).map(Response::new)
    }
}

impl UnaryService<ListRequest> for Answers {
    type Response = ListResponse;
    type Future = BoxFuture<Response<ListResponse>, Status>;

    fn call(&mut self, request: Request<ListRequest>) -> Self::Future {
        let board = Arc::clone(&self.0);
        let path = path_of(request.metadata());
        Box::pin(async move {
            let snapshot = board.current(&path).await;
            if snapshot.len() > MOST_LISTED {
                return Err(too_many(snapshot.len()));
            }
            let statuses = snapshot.all();
            let statuses = statuses.map(|(name, status)| (name, response(status)));
            Ok(Response::new(ListResponse {
                statuses: statuses.collect(),
            }))
        })
    }
}

/// By way of which checks of other services a request comes.
fn path_of(metadata: &MetadataMap) -> ProbePath {
    let lines = metadata.get_all(ProbePath::HEADER).iter();
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    ProbePath::parse(&lines.join(","))
}

fn too_many(services: usize) -> Status {
    Status::resource_exhausted(format!(
        "there are {services} services, and no more than {MOST_LISTED} are listed: ask for them \
         one by one"
    ))
}
