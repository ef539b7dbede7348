//! The application: it takes orders until its shelf is full, which its check tells of.

use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::{HttpResponse, get, post, web};
use health_actix::{Outcome, health_check};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many orders the shelf holds.
const ROOM: usize = 3;

/// The texts of all orders; their numbers are their places, from 1.
#[derive(Debug, Default)]
pub(crate) struct Orders(Mutex<Vec<String>>);

impl Orders {
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shelf has room for another order.
#[health_check(kind = "readiness", cache_ms = 0)]
async fn shelf(orders: web::Data<Orders>) -> Outcome {
    let free = ROOM - orders.lock().len();
    if free == 0 {
        return Outcome::unhealthy("the shelf is full");
    }
    Outcome::healthy().with_message(format!("room for {free} more"))
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(list).service(one).service(take);
}

/// What somebody wants.
#[derive(Debug, Deserialize, ToSchema)]
struct NewOrder {
    /// In plain words.
    #[schema(example = "a bicycle")]
    text: String,
}

/// What somebody wanted.
#[derive(Debug, Serialize, ToSchema)]
struct Order {
    number: usize,
    text: String,
}

impl Order {
    fn new(place: usize, text: &str) -> Self {
        Self {
            number: place + 1,
            text: text.to_owned(),
        }
    }
}

/// All orders
#[utoipa::path(tag = "orders", responses((status = 200, body = Vec<Order>, description = "All.")))]
#[get("/orders")]
async fn list(orders: web::Data<Orders>) -> HttpResponse {
    let orders = orders.lock();
    let all = orders.iter().enumerate();
    let all: Vec<_> = all.map(|(place, text)| Order::new(place, text)).collect();
    HttpResponse::Ok().json(all)
}

/// One order
#[utoipa::path(
    tag = "orders",
    params(("number" = usize, Path, description = "The order's number.")),
    responses(
        (status = 200, body = Order, description = "There it is."),
        (status = 404, description = "There is no such order."),
    )
)]
#[get("/orders/{number}")]
async fn one(number: web::Path<usize>, orders: web::Data<Orders>) -> HttpResponse {
    let orders = orders.lock();
    let place = number.checked_sub(1);
    let found = place.and_then(|place| Some(Order::new(place, orders.get(place)?)));
    found.map_or_else(
        || HttpResponse::NotFound().finish(),
        |order| HttpResponse::Ok().json(order),
    )
}

/// Takes an order
#[utoipa::path(
    tag = "orders",
    request_body = NewOrder,
    responses(
        (status = 201, body = Order, description = "It is taken."),
        (status = 400, description = "That is no order."),
        (status = 503, description = "The shelf is full."),
    )
)]
#[post("/orders")]
async fn take(new: web::Json<NewOrder>, orders: web::Data<Orders>) -> HttpResponse {
    let mut orders = orders.lock();
    if orders.len() == ROOM {
        return HttpResponse::ServiceUnavailable().finish();
    }
    orders.push(new.into_inner().text);
    let place = orders.len() - 1;
    HttpResponse::Created().json(Order::new(place, &orders[place]))
}
