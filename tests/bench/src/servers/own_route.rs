//! The handler that everything is compared with, in an application that has health mounted before it.

use actix_web::web::Bytes;
use actix_web::{App, HttpServer};
use health_actix::HealthService;

use super::{Kind, fixed, ten_checks};
use crate::Result;
use crate::server::Serve;

pub(crate) const KIND: Kind = Kind {
    name: "own-route",
    run,
};

fn run(serve: &Serve) -> Result {
    let health = ten_checks::health(false)?;
    let service = HealthService::new(&health);
    let body = Bytes::from_static(br#"{"status":"alive"}"#);
    let app = move || {
        App::new()
            .service(service.clone())
            .service(fixed::handler(body.clone()))
    };
    let server = HttpServer::new(app)
        .workers(serve.workers)
        .listen(serve.listen()?)?;
    Ok(actix_web::rt::System::new().block_on(server.run())?)
}
