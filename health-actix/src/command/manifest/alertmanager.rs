//! `health manifest alertmanager`: who is told of the alerts. It is the same for every service.

use clap::Args;

use super::Written;

const CONFIGURATION: &str = include_str!("alertmanager.yml");

#[derive(Args, Clone, Debug)]
pub(super) struct Alertmanager {}

impl Alertmanager {
    #[expect(clippy::unused_self, reason = "as other targets are asked")]
    pub(super) fn write(&self) -> Written {
        Written {
            text: CONFIGURATION.to_owned(),
            warnings: Vec::new(),
        }
    }
}
