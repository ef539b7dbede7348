use std::time::Duration;

use health_core::Outcome;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{RedisResult, Value, cmd};

use super::question::{Answers, Question};
use super::{Client, Known, Server, Settings, TIMEOUT, words};
use crate::budget::Budget;
use crate::failure::{Failure, spelled};
use crate::measured::Measured;
use crate::reached::{Itself, Reached};

impl Reached<Itself> for ClusterConnection {
    type Client = Self;

    fn client(&self) -> &Self {
        self
    }
}

impl Server for ClusterConnection {
    fn known(&self) -> Known<'_> {
        Known(Client::Cluster(self))
    }
}

pub(super) async fn measure(connection: &ClusterConnection, settings: &Settings) -> Outcome {
    let mut measured = Measured::default();
    let found = ask(connection.clone(), settings, &mut measured).await;
    measured.told(found)
}

/// Its connections are behind it, so that one cannot tell whether it waits for one or for an answer.
async fn ask(
    mut connection: ClusterConnection,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<Outcome, Failure> {
    let question = Question::new(settings);
    let asked = Budget::begin(TIMEOUT)
        .rest()
        .of(asked(&mut connection, &question));
    let (answer, took) = asked.await.map_err(unanswered)?;
    measured.time("query_ms", took);
    let (state, mut written) = answer.map_err(|error| match error.is_timeout() {
        true => unanswered(took),
        false => words::failure(error),
    })?;
    let outcome = State::read(&state)?.judge(measured)?;
    question.judge_writing(&mut written)?;
    Ok(outcome)
}

async fn asked(
    connection: &mut ClusterConnection,
    question: &Question<'_>,
) -> RedisResult<(Value, Answers)> {
    let mut command = cmd("CLUSTER");
    command.arg("INFO");
    let anybody = RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random);
    let state = connection.route_command(command, anybody).await?;
    Ok((state, question.ask_to_write(connection).await?))
}

fn unanswered(within: Duration) -> Failure {
    Failure::new(format!("no answer within {}", spelled(within)))
}

/// How many slots every cluster has.
const SLOTS: i64 = 16_384;

/// What a node says of its cluster.
#[derive(Debug, Default)]
struct State<'a> {
    state: &'a str,
    slots_assigned: i64,
    slots_ok: i64,
    nodes: i64,
    masters: i64,
}

impl<'a> State<'a> {
    /// One `cluster_state:ok` in each line.
    fn read(said: &'a Value) -> Result<Self, Failure> {
        let text = match said {
            Value::BulkString(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => text,
            _ => "",
        };
        let mut read = Self::default();
        for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let number = || value.trim().parse().unwrap_or_default();
            match name {
                "cluster_state" => read.state = value.trim(),
                "cluster_slots_assigned" => read.slots_assigned = number(),
                "cluster_slots_ok" => read.slots_ok = number(),
                "cluster_known_nodes" => read.nodes = number(),
                "cluster_size" => read.masters = number(),
                _ => {}
            }
        }
        match read.state {
            "ok" | "fail" => Ok(read),
            _ => Err(Failure::new("unexpected answer")),
        }
    }

    fn judge(&self, measured: &mut Measured) -> Result<Outcome, Failure> {
        measured.add("state", self.state.to_owned());
        measured.add("slots_assigned", self.slots_assigned);
        measured.add("slots_ok", self.slots_ok);
        measured.add("nodes", self.nodes);
        measured.add("masters", self.masters);
        let not_served = SLOTS.saturating_sub(self.slots_ok);
        let served_in_part = format!("{not_served} of {SLOTS} slots not served");
        match (self.state, not_served) {
            ("ok", ..=0) => Ok(Outcome::healthy()),
            ("ok", _) => Ok(Outcome::degraded(served_in_part)),
            // It has lost most of its masters, and knows no better of the slots.
            (_, ..=0) => Err(Failure::new("cluster is down")),
            _ => Err(Failure::new(format!("cluster is down: {served_in_part}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use health_core::Status;

    use super::*;

    fn judged(state: &str, ok: u32) -> Outcome {
        let said = format!(
            "cluster_state:{state}\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:{ok}\r\n\
             cluster_slots_pfail:0\r\ncluster_known_nodes:6\r\ncluster_size:3\r\n"
        );
        let said = Value::BulkString(said.into_bytes());
        let mut measured = Measured::default();
        let found = State::read(&said).and_then(|state| state.judge(&mut measured));
        measured.told(found)
    }

    #[test]
    fn a_cluster_is_as_well_as_it_says() {
        let whole = judged("ok", 16_384);
        assert_eq!(whole.status(), Status::Healthy);
        let data: Vec<_> = whole
            .data()
            .map(|(name, value)| (name, value.clone()))
            .collect();
        let told = ["state", "slots_assigned", "slots_ok", "nodes", "masters"];
        assert_eq!(data.iter().map(|(name, _)| *name).collect::<Vec<_>>(), told);
        assert_eq!(data[4].1, 3.into());
        let part = judged("ok", 10_923);
        assert_eq!(part.status(), Status::Degraded);
        assert_eq!(part.message(), Some("5461 of 16384 slots not served"));
        let down = judged("fail", 10_923);
        assert_eq!(
            down.message(),
            Some("cluster is down: 5461 of 16384 slots not served")
        );
        assert_eq!(judged("fail", 16_384).message(), Some("cluster is down"));
        assert_eq!(
            judged("secret", 16_384).message(),
            Some("unexpected answer")
        );
    }

    #[test]
    fn what_is_no_state_is_not_taken_for_one() {
        for said in [
            Value::Nil,
            Value::BulkString(vec![0xff]),
            Value::SimpleString("x".into()),
        ] {
            assert!(State::read(&said).is_err());
        }
    }
}
