//! The Swagger UI, which loads nothing from outside: its files are in the program, what it would
//! ask of a validator on the internet is switched off, and the browser is told to refuse the rest.

use actix_web::middleware::DefaultHeaders;
use actix_web::web;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::DOCUMENT;

/// Below which path it is.
pub(crate) const PATH: &str = "/docs";

/// Files and requests to this server alone; no script and no style in the page itself.
const POLICY: &str = "default-src 'none'; connect-src 'self'; img-src 'self' data:; \
                      script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let page = Config::new([DOCUMENT])
        .validator_url("none")
        .use_base_layout();
    let headers = DefaultHeaders::new()
        .add(("Content-Security-Policy", POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Referrer-Policy", "no-referrer"));
    let scope = web::scope(PATH)
        .wrap(headers)
        .service(SwaggerUi::new("/{_:.*}").config(page));
    config
        .service(web::redirect(PATH, format!("{PATH}/")))
        .service(scope);
}
