use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use health_core::Health;

use crate::dashboard::Board;
use crate::endpoint::{Endpoint, below};
use crate::notation::Notation;
use crate::openapi::{self, Levels};
use crate::voice::Voice;

/// A service as a worker has it.
#[derive(Debug)]
pub(crate) struct Mounted {
    pub(crate) health: Health,
    pub(crate) prefix: String,
    pub(crate) service_name: Option<String>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) documents: Documents,
    pub(crate) board: Arc<Board>,
}

impl Mounted {
    /// The OpenAPI document. Its paths are those of the request, for a scope may have put
    /// something before the prefix.
    pub(crate) fn document(&self, notation: Notation, request: &HttpRequest) -> Bytes {
        let level = |voice: &Voice| voice.details.decide_for(request).level();
        let levels = Levels::of(&self.endpoints, level);
        let kind = (levels.clone(), notation);
        self.documents.kept(self.health.revision(), kind, || {
            let pattern = request.match_pattern().unwrap_or_default();
            let own = below(&self.prefix, notation.path());
            let scope = pattern.trim_end_matches('/').strip_suffix(&own);
            let scope = Some(scope.unwrap_or_default());
            openapi::text(notation, &self.health, &levels, &self.endpoints, scope).into()
        })
    }
}

/// The OpenAPI document as each reader may have it, and the revision of the checks that it tells
/// of: written when it is first asked for and when the checks have changed.
#[derive(Debug, Default)]
pub(crate) struct Documents(Mutex<BTreeMap<Kind, (u64, Bytes)>>);

/// For whom it is, and in what it is written.
type Kind = (Levels, Notation);

impl Documents {
    fn kept(&self, revision: u64, kind: Kind, write: impl FnOnce() -> Bytes) -> Bytes {
        let mut documents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match documents.get(&kind) {
            Some((known, document)) if *known == revision => document.clone(),
            _ => {
                let new = write();
                documents.insert(kind, (revision, new.clone()));
                new
            }
        }
    }
}
