//! The service itself: `GET /notes`, `POST /notes` and `DELETE /notes/{id}`.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web::{self, Json, JsonConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::SqlitePool;

use crate::schema::Schema;

/// The longest body that is read, in bytes.
const LONGEST_BODY: usize = 16 * 1024;

/// Adds the endpoints to an application.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let json = JsonConfig::default()
        .limit(LONGEST_BODY)
        .error_handler(explain);
    config
        .app_data(json)
        .service(web::resource("/notes").get(list).post(add))
        .service(web::resource("/notes/{id}").delete(remove));
}

/// How many notes wait to be dealt with, that is, deleted.
pub(crate) async fn count(pool: &SqlitePool) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM notes")
        .fetch_one(pool)
        .await
}

#[derive(Debug, Deserialize)]
struct NewNote {
    text: String,
}

#[derive(Debug, Serialize)]
struct Note {
    id: i64,
    text: String,
    created_at: String,
}

/// A note as the database has it: `id, text, created_at`.
type Row = (i64, String, String);

impl From<Row> for Note {
    fn from((id, text, created_at): Row) -> Self {
        Self {
            id,
            text,
            created_at,
        }
    }
}

type Pool = web::Data<SqlitePool>;

/// The latest 20 notes, the latest first.
async fn list(pool: Pool, schema: web::Data<Schema>) -> Result<HttpResponse, Problem> {
    ensure_started(&schema, &pool).await?;
    let query = "SELECT id, text, created_at FROM notes ORDER BY id DESC LIMIT 20";
    let rows: Vec<Row> = sqlx::query_as(query).fetch_all(pool.get_ref()).await?;
    let notes: Vec<_> = rows.into_iter().map(Note::from).collect();
    Ok(HttpResponse::Ok().json(notes))
}

/// Adds a note and answers with it.
async fn add(
    new: Json<NewNote>,
    pool: Pool,
    schema: web::Data<Schema>,
) -> Result<HttpResponse, Problem> {
    ensure_started(&schema, &pool).await?;
    let text = new.text.trim();
    if text.is_empty() {
        return Err(Problem::EmptyText);
    }
    let query = "INSERT INTO notes (text) VALUES (?) RETURNING id, text, created_at";
    let row: Row = sqlx::query_as(query)
        .bind(text)
        .fetch_one(pool.get_ref())
        .await?;
    Ok(HttpResponse::Created().json(Note::from(row)))
}

/// Deletes a note that was dealt with.
async fn remove(
    id: web::Path<i64>,
    pool: Pool,
    schema: web::Data<Schema>,
) -> Result<HttpResponse, Problem> {
    ensure_started(&schema, &pool).await?;
    let query = sqlx::query("DELETE FROM notes WHERE id = ?").bind(*id);
    match query.execute(pool.get_ref()).await?.rows_affected() {
        0 => Err(Problem::NoSuchNote),
        _ => Ok(HttpResponse::NoContent().finish()),
    }
}

async fn ensure_started(schema: &Schema, pool: &SqlitePool) -> Result<(), Problem> {
    if schema.is_migrated(pool).await {
        Ok(())
    } else {
        Err(Problem::Starting)
    }
}

/// Why a request is not served. Its text is for clients.
#[derive(Debug)]
enum Problem {
    Starting,
    EmptyText,
    NoSuchNote,
    Database,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "the service is still starting; try again in a second",
            Self::EmptyText => "the text is empty; send one, as in {\"text\": \"buy milk\"}",
            Self::NoSuchNote => "there is no note with this id; GET /notes lists the latest",
            Self::Database => "the database did not do what it was asked; try again later",
        })
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Starting => StatusCode::SERVICE_UNAVAILABLE,
            Self::EmptyText => StatusCode::BAD_REQUEST,
            Self::NoSuchNote => StatusCode::NOT_FOUND,
            Self::Database => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        error_body(self.status_code(), &self.to_string())
    }
}

impl From<sqlx::Error> for Problem {
    /// Logs the error: it is nothing for clients.
    fn from(error: sqlx::Error) -> Self {
        tracing::error!("a request failed: {error}");
        Self::Database
    }
}

/// Answers a body that is no note: 413 if it is too long, else 400.
fn explain(error: actix_web::error::JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let advice = "send {\"text\": \"...\"} with the header `content-type: application/json`";
    let response = error_body(error.status_code(), &format!("{error}; {advice}"));
    actix_web::error::InternalError::from_response(error, response).into()
}

fn error_body(status: StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "error": text }))
}
