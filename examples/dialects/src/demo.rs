//! Three checks, and the switches that say how they are doing.

use std::sync::atomic::{AtomicU8, Ordering};

use actix_web::{HttpResponse, web};
use health_actix::{Outcome, health_check};
use serde_json::json;

/// What the switches can say.
const POSITIONS: [&str; 3] = ["healthy", "degraded", "unhealthy"];

static SWITCHES: [(&str, AtomicU8); 3] = [
    ("first", AtomicU8::new(0)),
    ("second", AtomicU8::new(0)),
    ("third", AtomicU8::new(0)),
];

/// The first of three.
#[health_check(kind = "readiness", cache_ms = 0, tags = ["odd"])]
async fn first() -> Outcome {
    outcome(0)
}

/// The second of three.
#[health_check(kind = "readiness", cache_ms = 0, tags = ["even"])]
async fn second() -> Outcome {
    outcome(1)
}

/// The third of three.
#[health_check(kind = "readiness", cache_ms = 0, tags = ["odd"])]
async fn third() -> Outcome {
    outcome(2)
}

fn outcome(check: usize) -> Outcome {
    let position = SWITCHES[check].1.load(Ordering::Relaxed);
    let outcome = match position {
        0 => Outcome::healthy(),
        1 => Outcome::degraded("switched to degraded"),
        _ => Outcome::unhealthy("switched to unhealthy"),
    };
    outcome.with_data("position", position)
}

/// `POST /demo/{check}/{healthy|degraded|unhealthy}`
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/demo/{check}/{position}", web::post().to(switch));
}

async fn switch(path: web::Path<(String, String)>) -> HttpResponse {
    let (check, wanted) = path.into_inner();
    let position = POSITIONS.iter().position(|name| *name == wanted);
    let switch = SWITCHES.iter().find(|(name, _)| *name == check);
    match (
        switch,
        position.and_then(|position| u8::try_from(position).ok()),
    ) {
        (Some((_, switch)), Some(position)) => {
            switch.store(position, Ordering::Relaxed);
            HttpResponse::Ok().json(json!({ "check": check, "position": wanted }))
        }
        _ => HttpResponse::NotFound().json(json!({
            "error": "use /demo/{first|second|third}/{healthy|degraded|unhealthy}"
        })),
    }
}
