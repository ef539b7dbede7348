//! What the driver says.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use health_actix::{Health, Maintenance, Override, Status, load_config};

use super::{Actor, say};
use crate::catalogue;
use crate::sabotage::Sabotage;

pub(crate) struct Commands {
    pub(crate) health: Health,
    pub(crate) actors: Vec<Arc<Actor>>,
    pub(crate) config: PathBuf,
    pub(crate) sabotage: Option<Sabotage>,
}

impl Commands {
    /// Does what a line says, and says so, by the number that it begins with.
    pub(crate) fn obey(&self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let Some((number, words)) = words.split_first() else {
            return;
        };
        if self.sabotage == Some(Sabotage::Descriptors) {
            let files: Vec<_> = (0..10).map(|_| File::open("/dev/null")).collect();
            std::mem::forget(files);
        }
        match self.act(words) {
            Ok(()) => say(format_args!("ack {number}")),
            Err(error) => say(format_args!("failed {number} {error}")),
        }
    }

    fn act(&self, words: &[&str]) -> Result<(), String> {
        match *words {
            ["behave", check, what] => self.actor(check)?.tell(what.parse()?),
            ["drain"] if self.sabotage == Some(Sabotage::Undrained) => {}
            ["drain"] => self.health.start_draining(),
            ["undrain"] => self.health.stop_draining(),
            ["maintain", ms] => {
                let maintenance = Maintenance::new("told").until(self.after(ms)?);
                self.health.start_maintenance(maintenance);
            }
            ["serve"] => self.health.end_maintenance(),
            ["force", check, status, ms] => {
                let status = Status::ALL.into_iter().find(|s| s.as_str() == status);
                let forced = Override::new(status.ok_or("no status")?, "told");
                let forced = forced.until(self.after(ms)?);
                let done = self.health.force(check, forced);
                done.map_err(|error| error.to_string())?;
            }
            ["reload"] => {
                let config = load_config(&self.config).map_err(|error| error.to_string())?;
                let applied = self.health.apply(&config);
                applied.map_err(|error| error.to_string().replace('\n', " "))?;
            }
            ["runs"] => {
                let runs = self.actors.iter().map(|actor| actor.runs()).sum::<u64>();
                say(format_args!("runs {runs}"));
            }
            _ => return Err(format!("unknown: {}", words.join(" "))),
        }
        Ok(())
    }

    fn actor(&self, check: &str) -> Result<&Arc<Actor>, String> {
        let index = catalogue::find(check);
        let actor = index.and_then(|index| self.actors.get(index));
        actor.ok_or_else(|| format!("no check {check}"))
    }

    fn after(&self, ms: &str) -> Result<std::time::SystemTime, String> {
        let ms = ms.parse().map_err(|_| ms.to_owned())?;
        Ok(self.health.wall_clock() + Duration::from_millis(ms))
    }
}
