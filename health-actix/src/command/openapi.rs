//! `health openapi`.

use std::process::ExitCode;

use clap::Args;

use super::ensure_configured;
use super::output::{UNKNOWN, WELL, escaped_json, fail, print};
use crate::HealthService;

#[derive(Args, Clone, Debug)]
pub(super) struct Openapi {
    /// Prints YAML in place of JSON, where it was built with the feature `yaml`
    #[arg(long)]
    yaml: bool,
}

impl Openapi {
    pub(super) fn execute(self, service: &HealthService) -> ExitCode {
        match ensure_configured(service).and_then(|()| self.document(service)) {
            Ok(document) => print(&document, WELL),
            Err(problem) => fail(&problem, UNKNOWN),
        }
    }

    fn document(&self, service: &HealthService) -> Result<String, String> {
        if self.yaml {
            return yaml(service);
        }
        Ok(escaped_json(service.openapi_json().trim_end()) + "\n")
    }
}

#[cfg(feature = "yaml")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn yaml(service: &HealthService) -> Result<String, String> {
    Ok(service.openapi_yaml())
}

#[cfg(not(feature = "yaml"))]
fn yaml(_: &HealthService) -> Result<String, String> {
    let problem = "this program was built without YAML: enable the feature `yaml` of health-actix, \
                   or leave out --yaml";
    Err(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use health_core::HealthBuilder;

    use super::*;

    #[test]
    fn the_document_is_the_one_that_is_served() {
        let health = HealthBuilder::empty().build().unwrap();
        let service = HealthService::new(&health);
        let json = Openapi { yaml: false }.document(&service).unwrap();
        assert_eq!(json, service.openapi_json() + "\n");
        let yaml = Openapi { yaml: true }.document(&service);
        #[cfg(feature = "yaml")]
        assert_eq!(yaml.unwrap(), service.openapi_yaml());
        #[cfg(not(feature = "yaml"))]
        assert!(yaml.unwrap_err().contains("the feature `yaml`"));
    }
}
