use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use health_core::Health;

use crate::dashboard::Board;
use crate::endpoint::{Endpoint, below};
use crate::kept::KeptAnswers;
use crate::notation::Notation;
use crate::openapi::{self, Levels};
use crate::voice::Voice;
#[cfg(feature = "prometheus")]
use crate::workers::Workers;

/// A service as a worker has it.
#[derive(Debug)]
pub(crate) struct Mounted {
    pub(crate) health: Health,
    pub(crate) prefix: String,
    pub(crate) service_name: Option<String>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) documents: Documents,
    pub(crate) kept: KeptAnswers,
    pub(crate) board: Arc<Board>,
    /// Whose threads are measured.
    #[cfg(feature = "prometheus")]
    pub(crate) workers: Option<Workers>,
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

/// How many documents are kept: closures may decide differently for every group.
const MOST_DOCUMENTS: usize = 16;

/// The OpenAPI document as each reader may have it: written when it is first asked for and when the
/// checks have changed.
#[derive(Debug, Default)]
pub(crate) struct Documents(Mutex<Kept>);

/// Documents, and the revision of the checks that they tell of.
#[derive(Debug, Default)]
struct Kept {
    revision: u64,
    documents: BTreeMap<Kind, Bytes>,
}

/// For whom it is, and in what it is written.
type Kind = (Levels, Notation);

impl Documents {
    fn kept(&self, revision: u64, kind: Kind, write: impl FnOnce() -> Bytes) -> Bytes {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.revision != revision {
            *kept = Kept {
                revision,
                documents: BTreeMap::new(),
            };
        }
        if let Some(document) = kept.documents.get(&kind) {
            return document.clone();
        }
        let new = write();
        if kept.documents.len() >= MOST_DOCUMENTS {
            kept.documents.clear();
        }
        kept.documents.insert(kind, new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::HealthService;
    use crate::access::Level;
    use crate::dialect::Dialect;

    /// As many kinds of readers as two levels for each of these endpoints make.
    fn kinds() -> impl Iterator<Item = Kind> {
        let health = Health::misconfigured();
        let dialects = (0..6).map(|place| Dialect::default().at(format!("/{place}")));
        let service = HealthService::new(&health).dialects(dialects);
        let (_, endpoints) = service.for_everybody();
        (0_u32..64).map(move |levels| {
            let place = Cell::new(0);
            let level = |_: &Voice| {
                let bit = levels >> place.replace(place.get() + 1) & 1;
                [Level::Summary, Level::Full][bit as usize]
            };
            (Levels::of(&endpoints, level), Notation::Json)
        })
    }

    #[test]
    fn each_kind_of_reader_has_a_document_and_few_are_kept() {
        let documents = Documents::default();
        let kept = || documents.0.lock().unwrap().documents.len();
        for (number, kind) in kinds().enumerate() {
            let own = Bytes::from(number.to_string());
            let first = documents.kept(1, kind.clone(), || own.clone());
            assert_eq!(first, own);
            let again = documents.kept(1, kind, || unreachable!("it is kept"));
            assert_eq!(again, own);
            assert!(kept() <= 16, "{}", kept());
        }
        let kind = kinds().next().unwrap();
        let newer = documents.kept(2, kind, || "newer".into());
        assert_eq!(newer, "newer");
        assert_eq!(kept(), 1, "what was before is forgotten");
    }
}
