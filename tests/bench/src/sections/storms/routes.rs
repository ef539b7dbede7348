//! The application's own routes while health is stormed.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use super::service::{Service, Sort};
use crate::Result;
use crate::bench::Bench;
use crate::paired::quartiles;
use crate::servers::storm::Endpoint;
use crate::storm::{Client, Crowd, Pace, Run, Storm, Tally};
use crate::table::{Goal, Row};

/// The application's routes, how many connections ask them, and how often each of these.
const ROUTES: [(&str, usize, Duration); 3] = [
    ("/plain", 8, Duration::from_millis(8)),
    ("/pool", 8, Duration::from_millis(16)),
    ("/postgres", 8, Duration::from_millis(16)),
];

/// How often each of those who probe does.
const INTERVAL: Duration = Duration::from_secs(1);

const FEW: usize = 200;

/// Of the p99 of the application without health for a few who probe. Many take the processor from it,
/// whatever answers them, so for them it is held against an application that answers static bytes.
const GOAL: Goal = Goal::AtMost(1.1);

/// An application under its own load, and its health perhaps under a storm.
struct Side {
    service: Service,
    clients: Vec<Client>,
    storm: Option<Storm>,
}

impl Side {
    fn start(endpoint: Endpoint) -> Result<Self> {
        let service = Service::start(Sort {
            endpoint,
            postgres: true,
            ..Sort::HEALTH
        })?;
        let client = |(path, connections, _): &(&str, _, _)| {
            Client::gather(Crowd {
                address: service.address(),
                path: (*path).to_owned(),
                connections: *connections,
            })
        };
        Ok(Self {
            clients: ROUTES.iter().map(client).collect::<Result<_>>()?,
            service,
            storm: None,
        })
    }

    fn gather(&mut self, address: SocketAddr, connections: usize) -> Result {
        // The others go before these come.
        self.storm = None;
        let crowd = self.service.crowd(connections);
        self.storm = Some(Storm::gather(Crowd { address, ..crowd })?);
        Ok(())
    }

    /// One tally for each route.
    fn round(&mut self, time: Duration) -> Result<Vec<Tally>> {
        let lead = Duration::from_millis(100);
        if let Some(storm) = &mut self.storm {
            storm.start(load(time + 2 * lead, INTERVAL))?;
            thread::sleep(lead);
        }
        let tallies = thread::scope(|scope| {
            let mut loads = Vec::new();
            for (client, (.., interval)) in self.clients.iter_mut().zip(&ROUTES) {
                let run = load(time, *interval);
                loads.push(scope.spawn(move || client.run(run).map_err(|e| e.to_string())));
            }
            let join = |load: thread::ScopedJoinHandle<'_, Result<Tally, String>>| {
                Ok(load.join().map_err(|_| "a load panicked")??)
            };
            loads.into_iter().map(join).collect::<Result<Vec<_>>>()
        })?;
        if let Some(storm) = &mut self.storm {
            storm.tally()?;
        }
        Ok(tallies)
    }
}

fn load(time: Duration, interval: Duration) -> Run {
    Run {
        time,
        pace: Pace::Every(interval),
        limit: Duration::from_secs(1),
    }
}

pub(super) fn run(bench: &mut Bench, many: usize) -> Result {
    let mut bare = Side::start(Endpoint::None)?;
    let mut fixed = Side::start(Endpoint::Static)?;
    let mut health = Side::start(Endpoint::Health)?;
    for (port, connections) in [("management", FEW), ("management", many), ("own", many)] {
        if bench.quick && connections == FEW {
            continue;
        }
        for side in [&mut fixed, &mut health] {
            let address = match port {
                "management" => side.service.management()?,
                _ => side.service.address(),
            };
            side.gather(address, connections)?;
        }
        for (situation, frozen) in [("healthy", 0), ("one frozen", 1)] {
            health.service.freeze(frozen)?;
            let name = format!("{situation}, {connections} probes a second on the {port} port");
            let sides = &mut [&mut bare, &mut fixed, &mut health];
            compare(bench, &name, connections, sides)?;
        }
        health.service.freeze(0)?;
    }
    Ok(())
}

fn compare(bench: &mut Bench, name: &str, probes: usize, sides: &mut [&mut Side; 3]) -> Result {
    let rounds = if bench.quick { 3 } else { 5 };
    let mut measured: Vec<[Vec<Tally>; 3]> = Vec::new();
    for round in 0..rounds {
        let mut three = [const { Vec::new() }; 3];
        for place in 0..3 {
            let side = (round + place) % 3;
            three[side] = sides[side].round(bench.round())?;
        }
        measured.push(three);
    }
    for (route, (path, ..)) in ROUTES.iter().enumerate() {
        if measured
            .iter()
            .flatten()
            .any(|side| side[route].other_than(200) > 0)
        {
            bench.add(Row::skipped(
                format!("{path}: {name}"),
                "it did not answer 200",
            ));
            continue;
        }
        let p99 = |side: usize| {
            let all: Vec<_> = measured
                .iter()
                .map(|three| three[side][route].server.p99)
                .collect();
            all
        };
        let (bare, fixed, health) = (p99(0), p99(1), p99(2));
        let note = format!(
            "p99 {:.0} us without health and storm, {:.0} with static bytes stormed, {:.0} with health",
            quartiles(&bare).median * 1e6,
            quartiles(&fixed).median * 1e6,
            quartiles(&health).median * 1e6
        );
        for (than, base) in [("no health", &bare), ("static", &fixed)] {
            let ratios: Vec<_> = health.iter().zip(base).map(|(a, b)| a / b).collect();
            let row = Row::ratio(format!("{path} p99 to {than}: {name}"), quartiles(&ratios));
            let row = row.note(note.clone());
            bench.add(if goes_for(probes) == than {
                row.goal(GOAL)
            } else {
                row
            });
        }
    }
    Ok(())
}

/// What the goal is held against.
fn goes_for(probes: usize) -> &'static str {
    if probes == FEW { "no health" } else { "static" }
}
