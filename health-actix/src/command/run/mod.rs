//! `health run`.

mod found;
mod text;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::Poll;

use clap::Args;
use clap::builder::PossibleValuesParser;
use health_core::{Caller, Entry, Health, Probe};

use self::found::Ran;
use super::closest::closest_first;
use super::ensure_configured;
use super::output::{UNKNOWN, fail, json, print, warn};
use crate::HealthService;

#[derive(Args, Clone, Debug)]
pub(super) struct Run {
    /// The checks to run; all, if none is named
    names: Vec<String>,
    /// Runs those that have this tag
    #[arg(long, conflicts_with_all = ["names", "probe"])]
    tag: Option<String>,
    /// Runs those that this probe asks
    #[arg(long, conflicts_with = "names", value_parser = probes())]
    probe: Option<String>,
    /// Prints JSON in place of text
    #[arg(long)]
    json: bool,
}

/// The names of the probes.
pub(super) fn probes() -> PossibleValuesParser {
    PossibleValuesParser::new(Probe::ALL.map(Probe::as_str))
}

impl Run {
    pub(super) async fn execute(self, service: &HealthService) -> ExitCode {
        let health = service.health();
        let asked = match ensure_configured(service) {
            Ok(()) => self.ask(health).await,
            Err(problem) => Err(problem),
        };
        let entries = match asked {
            Ok(entries) => entries,
            Err(problem) => return fail(&problem, UNKNOWN),
        };
        let ran = Ran::new(&entries, !self.names.is_empty());
        let text = if self.json {
            json(&ran)
        } else {
            text::text(&ran)
        };
        let code = print(&text, ran.code());
        for mistake in ran.unbound(health) {
            warn(&format!("error: {mistake}"));
        }
        code
    }

    /// Runs what is to be run, once. Each has its timeout, and nothing here waits for longer.
    async fn ask(&self, health: &Health) -> Result<Vec<Entry>, String> {
        let caller = Caller::nobody();
        if let Some(tag) = &self.tag {
            let group = health
                .group(tag, caller)
                .ok_or_else(|| unknown_tag(health, tag))?;
            return Ok(group.await.entries().to_vec());
        }
        if let Some(probe) = self.probe.as_deref().and_then(Probe::named) {
            return Ok(health.probe(probe, caller).await.entries().to_vec());
        }
        let checks = health.checks();
        let all = checks.iter().map(|check| check.name());
        let mut names: Vec<_> = if self.names.is_empty() {
            all.collect()
        } else {
            self.names.iter().map(String::as_str).collect()
        };
        let mut once = BTreeSet::new();
        names.retain(|name| once.insert(*name));
        // A mistake is told before anything is run.
        if let Some(unknown) = names
            .iter()
            .find(|name| checks.iter().all(|it| it.name() != **name))
        {
            return Err(unknown_check(
                unknown,
                checks.iter().map(|check| check.name()),
            ));
        }
        let asked = names.iter().filter_map(|name| health.check(name, caller));
        Ok(all_of(asked.map(|entry| Box::pin(entry) as Pending).collect()).await)
    }
}

type Pending = Pin<Box<dyn Future<Output = Entry> + Send>>;

/// Waits for all at once.
async fn all_of(mut pending: Vec<Pending>) -> Vec<Entry> {
    let mut done: Vec<Option<Entry>> = pending.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, entry) in pending.iter_mut().zip(&mut done) {
            if entry.is_none()
                && let Poll::Ready(found) = future.as_mut().poll(cx)
            {
                *entry = Some(found);
            }
        }
        if done.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

fn unknown_check<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> String {
    format!(
        "there is no check `{written}`; there are: {}",
        listed(written, names)
    )
}

fn unknown_tag(health: &Health, written: &str) -> String {
    let checks = health.checks();
    let mut tags: Vec<_> = checks.iter().flat_map(|check| check.tags()).collect();
    tags.sort_unstable();
    tags.dedup();
    let tags = listed(written, tags.into_iter());
    format!("no check has the tag `{written}`; there are: {tags}")
}

fn listed<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names = closest_first(written, names);
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
