//! What the script asks for: services, and what befalls them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use actix_web::rt::System;
use actix_web::{App, HttpResponse, HttpServer, web};
use health_actix::{Maintenance, Override, Status};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::behaviour::{Behaviour, CheckSpec};
use crate::service::{Service, ServiceSpec, now};

/// The services, by their numbers.
#[derive(Clone, Debug, Default)]
struct Stage(Arc<Mutex<Vec<Service>>>);

/// What befalls a service.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Stop,
    StartAgain,
    Turn {
        check: String,
        to: Behaviour,
    },
    Drain(bool),
    Maintain {
        reason: String,
        ms: Option<u64>,
    },
    EndMaintenance,
    Force {
        check: String,
        to: String,
        reason: String,
        ms: Option<u64>,
    },
    EndOverride(String),
    Disable(String),
    Enable(String),
    Register(CheckSpec),
    Remove(String),
    Progress {
        gate: String,
        text: String,
    },
    Open(String),
    /// Nothing: asks for what observers were told.
    Transitions,
}

/// Starts it on a thread of its own, and tells where it listens.
pub(crate) fn start() -> SocketAddr {
    let (told, address) = mpsc::channel();
    thread::spawn(move || {
        let stage = Stage::default();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(stage.clone()))
                .app_data(web::JsonConfig::default().limit(1 << 24))
                .route("/services", web::post().to(add))
                .route("/services/{number}", web::post().to(act))
        });
        System::new().block_on(async {
            let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
            told.send(server.addrs()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    address.recv().unwrap()
}

async fn add(stage: web::Data<Stage>, spec: web::Json<ServiceSpec>) -> HttpResponse {
    let service = match Service::start(spec.into_inner()) {
        Ok(service) => service,
        Err(why) => return HttpResponse::BadRequest().body(why.to_string()),
    };
    let mut services = stage.0.lock().unwrap();
    services.push(service);
    let number = services.len() - 1;
    let port = services[number].address.port();
    HttpResponse::Ok().json(json!({ "number": number, "port": port }))
}

async fn act(
    stage: web::Data<Stage>,
    number: web::Path<usize>,
    act: web::Json<Act>,
) -> HttpResponse {
    let act = act.into_inner();
    if matches!(act, Act::Stop) {
        let server = stage.0.lock().unwrap()[*number].server();
        // As a process ends that is killed.
        server.stop(false).await;
    }
    let mut services = stage.0.lock().unwrap();
    match befall(&mut services[*number], act) {
        Ok(told) => HttpResponse::Ok().json(json!({ "at": now(), "told": told })),
        Err(why) => HttpResponse::BadRequest().body(why),
    }
}

fn befall(service: &mut Service, act: Act) -> Result<Value, String> {
    let health = &service.health;
    match act {
        Act::Stop => {}
        Act::StartAgain => service.start_again().map_err(text)?,
        Act::Turn { check, to } => service.switches[&check].set(to),
        Act::Drain(true) => health.start_draining(),
        Act::Drain(false) => health.stop_draining(),
        Act::Maintain { reason, ms } => {
            let maintenance = Maintenance::new(reason);
            health.start_maintenance(match ms {
                Some(ms) => maintenance.until(later(ms)),
                None => maintenance,
            });
        }
        Act::EndMaintenance => health.end_maintenance(),
        Act::Force {
            check,
            to,
            reason,
            ms,
        } => {
            let forced = Override::new(status(&to), reason);
            let forced = match ms {
                Some(ms) => forced.until(later(ms)),
                None => forced,
            };
            health.force(&check, forced).map_err(text)?;
        }
        Act::EndOverride(check) => health.end_override(&check).map(drop).map_err(text)?,
        Act::Disable(check) => health.disable(&check).map_err(text)?,
        Act::Enable(check) => health.enable(&check).map_err(text)?,
        Act::Register(spec) => {
            let (check, switch) = spec.make();
            health.register(check).map_err(text)?;
            service.switches.insert(spec.name, switch);
        }
        Act::Remove(check) => health.remove(&check).map_err(text)?,
        Act::Progress {
            gate,
            text: progress,
        } => {
            health.startup_gate(&gate).map_err(text)?.progress(progress);
        }
        Act::Open(gate) => health.startup_gate(&gate).map_err(text)?.open(),
        Act::Transitions => return Ok(json!(service.seen.all())),
    }
    Ok(Value::Null)
}

fn status(name: &str) -> Status {
    match name {
        "healthy" => Status::Healthy,
        "degraded" => Status::Degraded,
        _ => Status::Unhealthy,
    }
}

fn later(ms: u64) -> SystemTime {
    SystemTime::now() + Duration::from_millis(ms)
}

fn text(error: impl std::error::Error) -> String {
    error.to_string()
}
