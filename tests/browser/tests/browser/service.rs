//! A service as the script says it, on a port that it keeps when it is started again.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, rt};
use health_actix::{
    Details, Health, HealthBuilder, HealthService, Level, Observer, Transition, api_key, bearer,
    networks,
};
use serde::{Deserialize, Serialize};

use crate::behaviour::{CheckSpec, Switch};

/// What its dashboard wants from those who may look.
const TOKEN: &str = "7Xf2rQm0vTz9kLpA";
const KEY: &str = "Q9dV3sXw5tRzK2nE";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceSpec {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    access: AccessSpec,
    /// Below which all of it is.
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    gates: Vec<String>,
    #[serde(default)]
    checks: Vec<CheckSpec>,
    /// The same check twice is a mistake.
    #[serde(default)]
    misconfigured: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccessSpec {
    #[default]
    Full,
    Summary,
    StatusOnly,
    /// A summary without a credential.
    More,
    /// Nothing without a credential.
    Credential,
    Elsewhere,
}

/// A service that runs.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) health: Health,
    pub(crate) address: SocketAddr,
    pub(crate) switches: BTreeMap<String, Switch>,
    pub(crate) seen: Seen,
    spec: ServiceSpec,
    server: ServerHandle,
}

/// What an observer was told, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<SeenTransition>>>);

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SeenTransition {
    check: String,
    to: &'static str,
    /// Milliseconds since the epoch.
    at: u64,
}

impl Observer for Seen {
    fn transition(&self, transition: &Transition) {
        self.0.lock().unwrap().push(SeenTransition {
            check: transition.check().name().to_owned(),
            to: transition.to().as_str(),
            at: now(),
        });
    }
}

impl Seen {
    pub(crate) fn all(&self) -> Vec<SeenTransition> {
        self.0.lock().unwrap().clone()
    }
}

impl Service {
    pub(crate) fn start(spec: ServiceSpec) -> io::Result<Self> {
        Self::listen(spec, ([127, 0, 0, 1], 0).into())
    }

    /// Another process, to those who look.
    pub(crate) fn start_again(&mut self) -> io::Result<()> {
        *self = Self::listen(self.spec.clone(), self.address)?;
        Ok(())
    }

    /// What stops it.
    pub(crate) fn server(&self) -> ServerHandle {
        self.server.clone()
    }

    fn listen(spec: ServiceSpec, address: SocketAddr) -> io::Result<Self> {
        let (seen, mut switches) = (Seen::default(), BTreeMap::new());
        let mut builder = HealthBuilder::empty().observer(seen.clone());
        for check in spec.checks.iter().chain(&spec.mistake()) {
            let (made, switch) = check.make();
            switches.insert(check.name.clone(), switch);
            builder = builder.check(made);
        }
        for gate in &spec.gates {
            builder = builder.startup_gate(gate.clone());
        }
        let health = if spec.misconfigured {
            builder.build_or_misconfigured()
        } else {
            builder.build().map_err(io::Error::other)?
        };
        let (told, own) = (spec.clone(), health.clone());
        let server = HttpServer::new(move || App::new().service(told.service(&own)));
        let server = server.workers(1).disable_signals().bind(address)?;
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        rt::spawn(server);
        Ok(Self {
            health,
            address,
            switches,
            seen,
            spec,
            server: handle,
        })
    }
}

impl ServiceSpec {
    fn mistake(&self) -> Option<CheckSpec> {
        let first = self.checks.first().filter(|_| self.misconfigured);
        first.cloned()
    }

    fn service(&self, health: &Health) -> HealthService {
        let mut service = HealthService::new(health).dashboard(self.access.details());
        if let Some(name) = &self.name {
            service = service.service_name(name);
        }
        match &self.prefix {
            Some(prefix) => service.prefix(prefix),
            None => service,
        }
    }
}

impl AccessSpec {
    fn details(self) -> Details {
        let credential = || bearer(TOKEN).or(api_key(KEY));
        match self {
            Self::Full => Details::full(),
            Self::Summary => Details::summary(),
            Self::StatusOnly => Details::status_only(),
            Self::More => Details::when(credential()).otherwise(Level::Summary),
            Self::Credential => Details::only(credential()),
            Self::Elsewhere => Details::only(networks(["10.0.0.0/8"])),
        }
    }
}

/// In milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_millis().try_into().unwrap()
}
