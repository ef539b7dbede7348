//! What everything is compared with: a handler that answers bytes that are always the same.

use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer, Resource, web};

use super::Kind;
use crate::Result;
use crate::server::Serve;

pub(crate) const KIND: Kind = Kind {
    name: "static",
    run,
};

fn run(serve: &Serve) -> Result {
    let body = match serve.body {
        Some(length) => Bytes::from(vec![b'x'; length]),
        None => Bytes::from_static(br#"{"status":"alive"}"#),
    };
    let server = HttpServer::new(move || App::new().service(handler(body.clone())))
        .workers(serve.workers)
        .listen(serve.listen()?)?;
    Ok(actix_web::rt::System::new().block_on(server.run())?)
}

/// The handler, at `/`.
pub(super) fn handler(body: Bytes) -> Resource {
    let answer = move || {
        let body = body.clone();
        async move {
            HttpResponse::Ok()
                .content_type("application/json")
                .insert_header(("cache-control", "no-store"))
                .body(body)
        }
    };
    web::resource("/").route(web::get().to(answer))
}
