use std::sync::OnceLock;

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use health_core::Health;

use crate::endpoint::DOCUMENT;
use crate::openapi;

/// A service as a worker has it.
#[derive(Debug)]
pub(crate) struct Mounted {
    health: Health,
    prefix: String,
    service_name: Option<String>,
    document: OnceLock<Bytes>,
}

impl Mounted {
    pub(crate) const fn new(health: Health, prefix: String, service_name: Option<String>) -> Self {
        Self {
            health,
            prefix,
            service_name,
            document: OnceLock::new(),
        }
    }

    pub(crate) const fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn service_name(&self) -> Option<&str> {
        self.service_name.as_deref()
    }

    /// The OpenAPI document, written when it is first asked for. Its paths are those of the
    /// request, for a scope may have put something before the prefix.
    pub(crate) fn document(&self, request: &HttpRequest) -> Bytes {
        let write = || {
            let pattern = request.match_pattern().unwrap_or_default();
            let own = pattern.trim_end_matches('/').strip_suffix(DOCUMENT);
            let prefix = own.unwrap_or(&self.prefix);
            openapi::json(&self.health, prefix).into()
        };
        self.document.get_or_init(write).clone()
    }
}
