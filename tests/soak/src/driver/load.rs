//! Everybody who asks, politely or not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::http::{Connection, connect};
use super::random::Random;
use crate::catalogue::{CHECKS, GROUP, Kind};
use crate::clock;
use crate::model::{Answer, Ask, Span};

/// Who is not answered within this is never.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) main: SocketAddr,
    pub(crate) management: SocketAddr,
    pub(crate) answers: Sender<Answer>,
    pub(crate) stop: Arc<AtomicBool>,
    /// Connections that were hostile, and streams that were read.
    pub(crate) hostile: Arc<AtomicU64>,
    pub(crate) streams: Arc<AtomicU64>,
}

impl Load {
    /// Starts all; they end once `stop` says so.
    pub(crate) fn start(&self, seed: u64) -> JoinSet<()> {
        let mut random = Random::new(seed ^ 0x10ad);
        let mut tasks = JoinSet::new();
        for (index, check) in CHECKS.iter().enumerate() {
            let path = format!("/health/checks/{}", check.name);
            let question = Question::new(Ask::Check(index), true, &path);
            tasks.spawn(self.clone().ask_for_ever(question, 50));
        }
        for _ in 0..2 {
            let random = Random::new(random.next());
            tasks.spawn(self.clone().ask_probes(random));
        }
        for _ in 0..6 {
            let random = Random::new(random.next());
            tasks.spawn(self.clone().ask_anything(random));
        }
        for (path, pause) in [
            ("/health/metrics", 1000),
            ("/health/openapi.json", 1500),
            ("/health/ui/state", 700),
            ("/health/ui", 2000),
        ] {
            let question = Question::new(Ask::Other, false, path);
            tasks.spawn(self.clone().ask_for_ever(question, pause));
        }
        for _ in 0..2 {
            tasks.spawn(self.clone().read_events());
        }
        for _ in 0..3 {
            let random = Random::new(random.next());
            tasks.spawn(self.clone().be_hostile(random));
        }
        tasks
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    async fn ask_for_ever(self, question: Question, pause: u64) {
        let mut connection = Connection::new(self.management);
        while self.goes_on() {
            self.ask(&mut connection, &question, "GET", true).await;
            sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn ask_probes(self, mut random: Random) {
        let mut connection = Connection::new(self.management);
        let questions = probes();
        while self.goes_on() {
            for question in &questions {
                self.ask(&mut connection, question, "GET", true).await;
                sleep(Duration::from_millis(random.within(5..25))).await;
            }
        }
    }

    /// On the port of the application, whose workers may be held.
    async fn ask_anything(self, mut random: Random) {
        let mut connection = Connection::new(self.main);
        let mut questions = probes();
        for (index, check) in CHECKS.iter().enumerate() {
            let path = format!("/health/checks/{}", check.name);
            questions.push(Question::new(Ask::Check(index), true, &path));
        }
        questions.push(Question::new(
            Ask::Group,
            true,
            &format!("/health/groups/{GROUP}"),
        ));
        while self.goes_on() {
            let which = random.within(0..questions.len() as u64);
            let question = &questions[usize::try_from(which).unwrap_or(0)];
            let method = random.of(&["GET", "GET", "GET", "HEAD", "OPTIONS"]);
            self.ask(&mut connection, question, method, false).await;
            if random.one_in(20) {
                connection.close();
            }
            sleep(Duration::from_millis(random.within(0..40))).await;
        }
    }

    async fn ask(
        &self,
        connection: &mut Connection,
        question: &Question,
        method: &str,
        on_management: bool,
    ) {
        let sent = clock::now();
        let came = timeout(PATIENCE, connection.ask(method, &question.path)).await;
        let received = clock::now();
        let came = match came {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("nothing at all".to_owned()),
        };
        if came.is_err() {
            connection.close();
        }
        let answer = Answer {
            ask: question.ask,
            is_default: question.is_default,
            on_management,
            request: format!("{method} {}", question.path),
            span: Span { sent, received },
            came,
        };
        // A judge that has gone has seen enough.
        let _ = self.answers.send(answer);
    }

    /// The stream of news of the dashboard, which ends after a while.
    async fn read_events(self) {
        while self.goes_on() {
            let read = async {
                let mut stream = connect(self.main).await?;
                let request = "GET /health/ui/events HTTP/1.1\r\nhost: h\r\n\r\n";
                stream.write_all(request.as_bytes()).await?;
                let mut buffer = vec![0; 64 * 1024];
                while self.goes_on() && stream.read(&mut buffer).await? > 0 {}
                std::io::Result::Ok(())
            };
            // Whether it ends well is for others to test; what counts is what it leaves behind.
            let _ = timeout(Duration::from_secs(5), read).await;
            self.streams.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn be_hostile(self, mut random: Random) {
        while self.goes_on() {
            // That it is refused is right.
            let attack = self.attack(random.within(0..5));
            let _ = timeout(Duration::from_secs(3), attack).await;
            self.hostile.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(random.within(50..400))).await;
        }
    }

    async fn attack(&self, way: u64) -> std::io::Result<()> {
        let mut stream = connect(self.main).await?;
        match way {
            0 => {
                stream.write_all(b"GET /health/ready HT").await?;
                sleep(Duration::from_millis(300)).await;
            }
            1 => {
                let many = "GET /health/ready HTTP/1.1\r\nhost: h\r\n\r\n".repeat(20);
                stream.write_all(many.as_bytes()).await?;
            }
            2 => stream.write_all(&[0xff; 4096]).await?,
            3 => {
                for byte in b"GET /health HTTP/1.1\r\n" {
                    stream.write_all(&[*byte]).await?;
                    sleep(Duration::from_millis(40)).await;
                }
            }
            _ => {
                let header = format!("GET /health HTTP/1.1\r\nx: {}\r\n", "x".repeat(200_000));
                stream.write_all(header.as_bytes()).await?;
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
struct Question {
    ask: Ask,
    is_default: bool,
    path: String,
}

impl Question {
    fn new(ask: Ask, is_default: bool, path: &str) -> Self {
        Self {
            ask,
            is_default,
            path: path.to_owned(),
        }
    }
}

/// Each probe, in each dialect.
fn probes() -> Vec<Question> {
    let all = [
        (Kind::Liveness, true, "/health"),
        (Kind::Readiness, true, "/health/ready"),
        (Kind::Startup, true, "/health/started"),
        (Kind::Liveness, true, "/health/live?x=%00"),
        (Kind::Readiness, true, "/health/ready/"),
        (Kind::Readiness, false, "/readyz?verbose"),
        (Kind::Liveness, false, "/livez"),
        (Kind::Startup, false, "/startupz"),
        (Kind::Readiness, false, "/actuator/health/readiness"),
        (Kind::Liveness, false, "/actuator/health/liveness"),
    ];
    all.map(|(kind, is_default, path)| Question::new(Ask::Probe(kind), is_default, path))
        .to_vec()
}
