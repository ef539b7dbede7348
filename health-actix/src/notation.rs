//! JSON, and YAML where it is asked for.

use serde_json::Value;

/// In what a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Notation {
    Json,
    #[cfg(feature = "yaml")]
    Yaml,
}

impl Notation {
    /// All of them, JSON last.
    pub(crate) const ALL: &[Self] = &[
        #[cfg(feature = "yaml")]
        Self::Yaml,
        Self::Json,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            #[cfg(feature = "yaml")]
            Self::Yaml => "YAML",
        }
    }

    /// Where the document is.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Json => "/openapi.json",
            #[cfg(feature = "yaml")]
            Self::Yaml => "/openapi.yaml",
        }
    }

    /// Source: RFC 9512, "YAML Media Type".
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            #[cfg(feature = "yaml")]
            Self::Yaml => "application/yaml",
        }
    }

    /// The keys of a document are strings and its numbers finite, so it can always be written.
    pub(crate) fn write(self, document: &Value) -> String {
        match self {
            Self::Json => document.to_string(),
            #[cfg(feature = "yaml")]
            Self::Yaml => serde_saphyr::to_string(document).unwrap_or_default(),
        }
    }
}
