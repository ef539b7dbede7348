//! What a server is asked, all of it in one round trip.

use redis::aio::ConnectionLike;
use redis::{Pipeline, RedisResult, Value};

use super::words::failure;
use super::{Role, Settings};
use crate::failure::Failure;
use crate::measured::Measured;
use crate::nonce::nonce;

use health_core::Outcome;

pub(super) type Answers = std::vec::IntoIter<RedisResult<Value>>;

/// One question. What is written in it comes back in its answer, and in no other.
pub(super) struct Question<'a> {
    settings: &'a Settings,
    nonce: String,
}

impl<'a> Question<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            nonce: nonce(),
        }
    }

    pub(super) async fn ask<C>(&self, connection: &mut C) -> RedisResult<Answers>
    where
        C: ConnectionLike,
    {
        let mut commands = Pipeline::new();
        commands.cmd("PING").arg(&self.nonce);
        // Without arguments it changes nothing, and tells the version in fewer bytes than `INFO`.
        commands.cmd("HELLO");
        if self.settings.role.is_some() {
            commands.cmd("ROLE");
        }
        self.write_and_read(&mut commands);
        asked(&commands, connection).await
    }

    /// The round trip alone; without one, nothing is asked.
    #[cfg(feature = "redis-cluster")]
    pub(super) async fn ask_to_write<C>(&self, connection: &mut C) -> RedisResult<Answers>
    where
        C: ConnectionLike,
    {
        let mut commands = Pipeline::new();
        self.write_and_read(&mut commands);
        match commands.is_empty() {
            true => Ok(Vec::new().into_iter()),
            false => asked(&commands, connection).await,
        }
    }

    fn write_and_read(&self, commands: &mut Pipeline) {
        let Some(prefix) = &self.settings.round_trip else {
            return;
        };
        let key = format!("{prefix}{}", self.nonce);
        let set = commands.cmd("SET").arg(&key).arg(&self.nonce);
        set.arg("PX").arg(KEPT_MS);
        commands.cmd("GET").arg(&key);
        commands.cmd("DEL").arg(&key);
    }

    pub(super) fn judge(
        &self,
        mut answers: Answers,
        measured: &mut Measured,
    ) -> Result<Outcome, Failure> {
        let ping = answer(&mut answers);
        if let Some(Ok(hello)) = answers.next() {
            learn(&hello, measured);
        }
        if ping? != Value::BulkString(self.nonce.clone().into_bytes()) {
            return Err(Failure::new("unexpected answer"));
        }
        let outcome = match self.settings.role {
            Some(role) => in_role(role, &answer(&mut answers)?, measured)?,
            None => Outcome::healthy(),
        };
        self.judge_writing(&mut answers)?;
        Ok(outcome)
    }

    pub(super) fn judge_writing(&self, answers: &mut Answers) -> Result<(), Failure> {
        if self.settings.round_trip.is_none() {
            return Ok(());
        }
        answer(answers)?;
        match answer(answers)? {
            Value::BulkString(read) if read == self.nonce.as_bytes() => Ok(()),
            _ => Err(Failure::new("what was written was not read")),
        }
    }
}

/// How long a key stays whose deletion was lost.
const KEPT_MS: u64 = 10_000;

async fn asked<C: ConnectionLike>(commands: &Pipeline, connection: &mut C) -> RedisResult<Answers> {
    let mut commands = commands.clone();
    let answers: Vec<_> = commands.ignore_errors().query_async(connection).await?;
    Ok(answers.into_iter())
}

fn answer(answers: &mut Answers) -> Result<Value, Failure> {
    let none = || Failure::new("unexpected answer");
    answers.next().ok_or_else(none)?.map_err(failure)
}

/// A server that does not know the question, or does not let this user ask it, is no worse for that.
fn learn(hello: &Value, measured: &mut Measured) {
    for (name, value) in hello.as_map_iter().into_iter().flatten() {
        let Some(value) = text(value) else { continue };
        match text(name).as_deref() {
            Some("version") => measured.version(value),
            Some("role") => add_role(&value, measured),
            _ => {}
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

/// None that is not known: a server may say anything.
fn add_role(said: &str, measured: &mut Measured) {
    let role = match said {
        "master" => "master",
        "slave" | "replica" => "replica",
        "sentinel" => "sentinel",
        _ => return,
    };
    measured.add("role", role);
}

/// `master`, or `slave` with the address of its master, and how its connection to that is.
fn in_role(expected: Role, said: &Value, measured: &mut Measured) -> Result<Outcome, Failure> {
    let parts = match said {
        Value::Array(parts) => parts.as_slice(),
        _ => &[],
    };
    let role = parts.first().and_then(text);
    let role = role.ok_or_else(|| Failure::new("unexpected answer"))?;
    add_role(&role, measured);
    let link = parts.get(3).and_then(text);
    match (expected, role.as_str()) {
        (Role::Master, "master") => Ok(Outcome::healthy()),
        (Role::Replica, "slave") if link.as_deref() == Some("connected") => Ok(Outcome::healthy()),
        (Role::Replica, "slave") => Ok(Outcome::degraded("the replica has lost its master")),
        (Role::Master, _) => Err(Failure::new("the server is no master")),
        (Role::Replica, _) => Err(Failure::new("the server is no replica")),
    }
}

#[cfg(test)]
mod tests {
    use health_core::Status;

    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn judged(settings: &Settings, answers: &[Value]) -> Outcome {
        let question = Question {
            settings,
            nonce: "mine".to_owned(),
        };
        let answers: Vec<_> = answers.iter().cloned().map(Ok).collect();
        let mut measured = Measured::default();
        let found = question.judge(answers.into_iter(), &mut measured);
        measured.told(found)
    }

    #[test]
    fn the_answer_to_another_question_is_none() {
        let settings = Settings::default();
        let judged = |ping: &Value| judged(&settings, &[ping.clone(), Value::Nil]);
        assert_eq!(judged(&bulk("mine")).status(), Status::Healthy);
        for other in [
            bulk("another's"),
            Value::Nil,
            Value::SimpleString("PONG".into()),
        ] {
            let outcome = judged(&other);
            assert_eq!(outcome.message(), Some("unexpected answer"), "{other:?}");
        }
    }

    #[test]
    fn versions_and_roles_are_told_in_both_protocols() {
        let fields = [
            ("server", "redis"),
            ("version", "7.0.15"),
            ("role", "slave"),
        ];
        let list = fields
            .iter()
            .flat_map(|(name, value)| [bulk(name), bulk(value)]);
        let map = fields.iter().map(|(name, value)| (bulk(name), bulk(value)));
        for hello in [Value::Array(list.collect()), Value::Map(map.collect())] {
            let outcome = judged(&Settings::default(), &[bulk("mine"), hello]);
            let told: Vec<_> = outcome.data().collect();
            assert_eq!(told[0], ("version", &"7.0.15".into()));
            assert_eq!(told[1], ("role", &"replica".into()));
        }
    }

    #[test]
    fn a_server_is_in_the_role_that_it_should_be_in() {
        let master = Value::Array(vec![
            bulk("master"),
            Value::Int(0),
            Value::Array(Vec::new()),
        ]);
        let replica = |link| {
            let host = bulk("10.0.0.1");
            Value::Array(vec![
                bulk("slave"),
                host,
                Value::Int(6379),
                bulk(link),
                Value::Int(0),
            ])
        };
        for (role, said, told) in [
            (Role::Master, &master, None),
            (Role::Replica, &replica("connected"), None),
            (
                Role::Master,
                &replica("connected"),
                Some("the server is no master"),
            ),
            (Role::Replica, &master, Some("the server is no replica")),
            (
                Role::Replica,
                &replica("connect"),
                Some("the replica has lost its master"),
            ),
            (Role::Replica, &Value::Nil, Some("unexpected answer")),
        ] {
            let settings = Settings {
                role: Some(role),
                ..Settings::default()
            };
            let outcome = judged(&settings, &[bulk("mine"), Value::Nil, said.clone()]);
            assert_eq!(outcome.message(), told, "{role:?} {said:?}");
        }
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let settings = Settings {
            round_trip: Some("health:".to_owned()),
            ..Settings::default()
        };
        let judged = |read| {
            let before = [bulk("mine"), Value::Nil, Value::Okay];
            judged(&settings, &[&before[..], &[read, Value::Int(1)]].concat())
        };
        assert_eq!(judged(bulk("mine")).status(), Status::Healthy);
        for other in [Value::Nil, bulk("another's")] {
            assert_eq!(
                judged(other).message(),
                Some("what was written was not read")
            );
        }
    }
}
