use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use health_core::Health;

use crate::endpoint::DOCUMENT;
use crate::openapi::{self, Known};

/// A service as a worker has it.
#[derive(Debug)]
pub(crate) struct Mounted {
    health: Health,
    prefix: String,
    service_name: Option<String>,
    /// The OpenAPI document, and the revision of the checks that it tells of.
    document: Mutex<Option<(u64, Bytes)>>,
}

impl Mounted {
    pub(crate) const fn new(health: Health, prefix: String, service_name: Option<String>) -> Self {
        Self {
            health,
            prefix,
            service_name,
            document: Mutex::new(None),
        }
    }

    pub(crate) const fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn service_name(&self) -> Option<&str> {
        self.service_name.as_deref()
    }

    /// The OpenAPI document, written when it is first asked for and when the checks have changed.
    /// Its paths are those of the request, for a scope may have put something before the prefix.
    pub(crate) fn document(&self, request: &HttpRequest) -> Bytes {
        let revision = self.health.revision();
        let mut document = self.document.lock().unwrap_or_else(PoisonError::into_inner);
        match &*document {
            Some((known, document)) if *known == revision => document.clone(),
            _ => {
                let new = self.write_document(request);
                *document = Some((revision, new.clone()));
                new
            }
        }
    }

    fn write_document(&self, request: &HttpRequest) -> Bytes {
        let pattern = request.match_pattern().unwrap_or_default();
        let own = pattern.trim_end_matches('/').strip_suffix(DOCUMENT);
        let prefix = own.unwrap_or(&self.prefix);
        openapi::json(&Known::of(&self.health), prefix).into()
    }
}
