use std::io;
use std::net::ToSocketAddrs;

use actix_web::dev::Server;
use actix_web::{App, HttpServer};

use crate::HealthService;
use crate::standalone::{ensure_standalone, invalid};

impl HealthService {
    /// Serves these endpoints on a port of their own, out of reach of the application's
    /// middleware, authentication and traffic.
    ///
    /// The server has one worker and handles no signals; it runs while the returned value is
    /// awaited, or spawned, and stops with the runtime.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use health_actix::{Health, HealthService};
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = Health::builder().build()?;
    /// actix_web::rt::spawn(HealthService::new(&health).listen_on(("0.0.0.0", 9000))?);
    /// HttpServer::new(|| App::new()).bind(("0.0.0.0", 8000))?.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the address cannot be bound; if the configuration has mistakes; or if a check takes
    /// `web::Data<T>` that the builder's `data` does not provide: no request of the application
    /// comes this way.
    pub fn listen_on<A: ToSocketAddrs>(self, address: A) -> io::Result<Server> {
        self.validate().map_err(invalid)?;
        ensure_standalone(self.health())?;
        let server = HttpServer::new(move || App::new().service(self.clone()));
        Ok(server.workers(1).disable_signals().bind(address)?.run())
    }
}
