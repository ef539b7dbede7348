//! A storm as a process of its own: it has its own descriptors, and what it costs is nobody else's.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::client::Client;
use super::limit::raise_descriptors;
use super::orders::{Crowd, Order, Run};
use super::tally::Tally;
use crate::Result;
use crate::pin::{Half, pin};

/// Does what the standard input says, until it ends.
pub(crate) fn obey() -> Result {
    pin(Half::Load);
    // Whoever measures the application, or stands in for a dependency, goes first.
    let _ = rustix::process::nice(5);
    raise_descriptors();
    let mut client = None;
    for line in io::stdin().lock().lines() {
        let tally = match serde_json::from_str(&line?)? {
            Order::Gather(crowd) => {
                client = Some(Client::gather(crowd)?);
                Tally::default()
            }
            Order::Run(run) => match &mut client {
                Some(client) => client.run(run)?,
                None => return Err("nobody was gathered".into()),
            },
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&tally)?)?;
        out.flush()?;
    }
    Ok(())
}

/// The side that gives the orders. The process ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Storm {
    child: Child,
    orders: ChildStdin,
    tallies: BufReader<ChildStdout>,
}

impl Storm {
    pub(crate) fn gather(crowd: Crowd) -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("storm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(orders), Some(tallies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a storm without pipes".into());
        };
        let mut storm = Self {
            child,
            orders,
            tallies: BufReader::new(tallies),
        };
        storm.order(&Order::Gather(crowd))?;
        storm.tally()?;
        Ok(storm)
    }

    pub(crate) fn run(&mut self, run: Run) -> Result<Tally> {
        self.start(run)?;
        self.tally()
    }

    /// Lets it begin; [`Self::tally`] waits for its end.
    pub(crate) fn start(&mut self, run: Run) -> Result {
        self.order(&Order::Run(run))
    }

    pub(crate) fn tally(&mut self) -> Result<Tally> {
        let mut line = String::new();
        self.tallies.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|e| format!("a storm said `{line}`: {e}").into())
    }

    fn order(&mut self, order: &Order) -> Result {
        writeln!(self.orders, "{}", serde_json::to_string(order)?)?;
        Ok(self.orders.flush()?)
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
