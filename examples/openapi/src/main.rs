//! One OpenAPI document for an API and its health, and a Swagger UI that shows it.
//!
//! ```text
//! cargo run -p openapi
//! curl http://127.0.0.1:8000/openapi.json
//! ```
//!
//! The line that joins the two is in [`document`]. What is joined is a snapshot: checks that are
//! added, renamed or removed later are told of by `/health/openapi.json`, which is always that of now.

mod orders;
mod page;

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, web};
use health_actix::{Health, HealthService};
use utoipa::OpenApi;

use crate::orders::Orders;

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";

/// What the application's own part of the document says.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Orders",
        description = "Takes orders, and tells of its health.\n\nWhat is told of health is a snapshot, \
                       made when the process started: checks that were added or renamed since are \
                       in `/health/openapi.json`."
    ),
    servers((url = "/")),
    security(()),
    tags((name = "orders", description = "What was ordered.")),
    paths(orders::list, orders::one, orders::take)
)]
struct Api;

#[actix_web::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code has to do.
            let _ = writeln!(io::stderr(), "openapi: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let health = Health::builder().build()?;
    let service = HealthService::new(&health);
    service.validate()?;
    let document = document(&service)?;
    let orders = web::Data::new(Orders::default());

    let port: u16 = variable("PORT", "8000")
        .parse()
        .map_err(|_| "PORT must be a number from 0 to 65535")?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(orders.clone())
            .service(service.clone())
            .route(DOCUMENT, served(&document))
            .configure(orders::routes)
            .configure(page::routes)
    })
    .bind((variable("HOST", "127.0.0.1"), port))?;
    for address in server.addrs() {
        let page = page::PATH;
        writeln!(
            io::stdout(),
            "listening on http://{address}: {page}/ shows {DOCUMENT}"
        )?;
    }
    server.run().await?;
    Ok(())
}

/// The application's document and that of its health in one, as JSON.
fn document(service: &HealthService) -> Result<web::Bytes, serde_json::Error> {
    let mut api = Api::openapi();
    api.merge(service.openapi()); // the one line
    api.to_json().map(web::Bytes::from)
}

fn served(document: &web::Bytes) -> actix_web::Route {
    let document = document.clone();
    web::get().to(move || {
        let response = HttpResponse::Ok()
            .content_type(ContentType::json())
            .body(document.clone());
        async { response }
    })
}

fn variable(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
