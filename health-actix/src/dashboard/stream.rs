//! What is told as it happens, as server-sent events.
//!
//! Source: HTML Living Standard, section 9.2, "Server-sent events".

use std::convert::Infallible;
use std::fmt::Write;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use health_core::Watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::board::{LIFE, PAUSE, Seat};
use super::snapshot::Snapshot;
use crate::access::Level;
use crate::drain::Signals;

/// What happens at once is told at once: of many checks that turn, one by one, in one go.
const MOMENT: Duration = Duration::from_millis(50);

/// The header in which a page says what it was told last.
pub(super) const LAST: &str = "last-event-id";

/// The body of a response that goes on.
pub(super) struct Stream(Option<Pin<Box<dyn Future<Output = Told>>>>);

/// What is told next, and what comes after it.
type Told = Option<(Bytes, Viewer)>;

impl Stream {
    pub(super) fn new(seat: Seat, request: HttpRequest, level: Level) -> Self {
        let viewer = Viewer {
            known: known(&seat, &request, level),
            last_event: 0,
            watch: seat.0.watch(),
            signals: Signals::overheard(),
            ends: Instant::now() + LIFE,
            is_new: true,
            is_over: false,
            seat,
            request,
            level,
        };
        Self(Some(Box::pin(viewer.next())))
    }
}

impl MessageBody for Stream {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let Some(next) = &mut self.0 else {
            return Poll::Ready(None);
        };
        match next.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                self.0 = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some((text, viewer))) => {
                self.0 = Some(Box::pin(viewer.next()));
                Poll::Ready(Some(Ok(text)))
            }
        }
    }
}

/// Somebody who looks.
struct Viewer {
    seat: Seat,
    request: HttpRequest,
    level: Level,
    watch: Watch,
    /// What asks the server to stop.
    signals: Signals,
    /// The version that was told last.
    known: Option<u64>,
    /// The last thing that had happened by then.
    last_event: u64,
    ends: Instant,
    is_new: bool,
    is_over: bool,
}

impl Viewer {
    async fn next(mut self) -> Told {
        if self.is_over {
            return None;
        }
        let board = Arc::clone(&self.seat.0);
        let snapshot = if self.is_new {
            self.is_new = false;
            board.current(&self.request, self.level).await
        } else {
            let since = self.wait().await;
            board.taken_since(since, &self.request, self.level)
        };
        let mut text = self.tell(&snapshot);
        if let Some(reason) = self.over() {
            self.is_over = true;
            text.push_str(&format!(
                "event: end\ndata: {{\"reason\":\"{reason}\"}}\n\n"
            ));
        }
        Some((text.into(), self))
    }

    /// Waits for news, or until it is time to say that there is none; returns how old what is told
    /// then may be.
    async fn wait(&mut self) -> Instant {
        let board = &self.seat.0;
        board.ask(&self.request);
        let tick = (Instant::now() + PAUSE).min(self.ends);
        let (watch, last) = (&mut self.watch, self.last_event);
        let mut news = pin!(timeout_at(tick, newer(watch, last)));
        let signals = &mut self.signals;
        let news = poll_fn(|cx| match signals.poll(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => news.as_mut().poll(cx).map(Some),
        });
        match news.await {
            Some(Ok(())) => {
                let happened = Instant::now();
                sleep(MOMENT).await;
                happened
            }
            Some(Err(_)) => tick.checked_sub(PAUSE / 4).unwrap_or(tick),
            None => {
                self.ends = Instant::now();
                self.ends
            }
        }
    }

    fn tell(&mut self, snapshot: &Snapshot) -> String {
        self.last_event = snapshot.last_event;
        let known = self.known.replace(snapshot.version);
        let (event, data) = match known.filter(|known| *known <= snapshot.version) {
            None => ("state", snapshot.since(0)),
            Some(known) => ("update", snapshot.since(known)),
        };
        let id = id(&self.seat, self.level, snapshot.version);
        let mut text = String::with_capacity(data.len() + 64);
        // Writing to a string does not fail.
        let _ = write!(text, "id: {id}\nevent: {event}\ndata: {data}\n\n");
        text
    }

    /// Why this ends, if it does.
    fn over(&self) -> Option<&'static str> {
        if self.seat.0.is_draining() {
            Some("draining")
        } else if Instant::now() >= self.ends {
            Some("renew")
        } else {
            None
        }
    }
}

/// Waits until something happens that was not told yet: to tell may itself have found something.
async fn newer(watch: &mut Watch, told: u64) {
    while watch.last() <= told {
        if !watch.changed().await {
            pending::<()>().await;
        }
    }
}

/// What a version is called: that of another worker, or level, is another.
fn id(seat: &Seat, level: Level, version: u64) -> String {
    format!("{:x}-{}-{version}", seat.0.id, level.as_str())
}

/// The version that was told last to who asks, if it is one of these.
fn known(seat: &Seat, request: &HttpRequest, level: Level) -> Option<u64> {
    let last = request.headers().get(LAST)?.to_str().ok()?;
    let (_, version) = last.rsplit_once('-')?;
    let version = version.parse().ok()?;
    (last == id(seat, level, version)).then_some(version)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use actix_web::test::TestRequest;
    use health_core::{Check, HealthBuilder, Runtime};
    use serde_json::Value;

    use super::*;
    use crate::dashboard::Board;

    fn board(checks: impl IntoIterator<Item = Check>) -> (Arc<Board>, health_core::Health) {
        let builder = HealthBuilder::empty().runtime(Runtime::current());
        let builder = checks.into_iter().fold(builder, HealthBuilder::check);
        let health = builder.build().unwrap();
        (Board::new(&health, None), health)
    }

    fn stream(board: &Arc<Board>, last: &str) -> Stream {
        let request = TestRequest::default().insert_header((LAST, last));
        let seat = board.seat().unwrap();
        Stream::new(seat, request.to_http_request(), Level::Summary)
    }

    /// The events that come next, by their names, and their data; none at the end.
    async fn next(stream: &mut Stream) -> Vec<(String, Value)> {
        let text = poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await;
        let text = text.map(Result::unwrap).unwrap_or_default();
        let text = String::from_utf8(text.to_vec()).unwrap();
        let events = text.split_terminator("\n\n").map(|event| {
            let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
            let name = field("event: ").unwrap().to_owned();
            let data = serde_json::from_str(field("data: ").unwrap()).unwrap();
            (name, data)
        });
        events.collect()
    }

    /// The one event that comes next.
    async fn one(stream: &mut Stream) -> (String, Value) {
        let mut events = next(stream).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    fn status(data: &Value, check: &str) -> Option<String> {
        let checks = data["checks"].as_array().unwrap();
        let check = checks.iter().find(|it| it["name"] == check)?;
        Some(check["status"].as_str().unwrap().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn all_is_told_first_and_then_once_a_second_what_is_new() {
        let (board, _health) = board([Check::new("a", async || ()).readiness()]);
        let mut stream = stream(&board, "");
        let since = Instant::now();
        let (name, data) = one(&mut stream).await;
        assert_eq!((&*name, since.elapsed()), ("state", Duration::ZERO));
        assert_eq!(status(&data, "a").as_deref(), Some("healthy"));
        for second in 1..=4 {
            let (name, data) = one(&mut stream).await;
            assert_eq!(name, "update");
            assert_eq!(since.elapsed(), Duration::from_secs(second));
            assert!(data["names"].is_null(), "{data}");
        }
        let last = next(&mut stream).await;
        let names: Vec<_> = last.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["update", "end"]);
        assert_eq!(last[1].1["reason"], "renew");
        assert_eq!(since.elapsed(), LIFE);
        assert!(next(&mut stream).await.is_empty(), "it has ended");
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_holds_up_nothing_and_what_turns_is_told_at_once() {
        let fails = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&fails);
        let seen = move || std::future::ready(!seen.load(Ordering::SeqCst));
        let turns = Check::new("turns", seen)
            .readiness()
            .with_timeout(Duration::from_millis(100))
            .with_interval(Duration::from_millis(300));
        let hangs = Check::new("hangs", pending::<()>);
        let hangs = hangs.readiness().with_timeout(Duration::from_secs(60));
        let (board, _health) = board([turns, hangs]);
        let mut stream = stream(&board, "");
        let since = Instant::now();
        let (_, data) = one(&mut stream).await;
        assert_eq!(
            since.elapsed(),
            Duration::from_millis(100),
            "that much patience"
        );
        assert_eq!(status(&data, "turns").as_deref(), Some("healthy"));
        assert_eq!(
            status(&data, "hangs").as_deref(),
            Some("unhealthy"),
            "no result"
        );
        fails.store(true, Ordering::SeqCst);
        let (name, data) = loop {
            let told = one(&mut stream).await;
            if status(&told.1, "turns").as_deref() == Some("unhealthy") {
                break told;
            }
        };
        assert_eq!(name, "update");
        let turned = data["checks"][0]["runs"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()[0]
            .as_u64();
        let told = data["now"].as_u64();
        assert!(told.unwrap() - turned.unwrap() <= 50, "{data}");
        let event = &data["events"][0];
        assert_eq!(
            (&event["check"], &event["to"]),
            (&"turns".into(), &"unhealthy".into())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn draining_is_told_at_once_and_ends_it() {
        let (board, health) = board([]);
        let mut open = stream(&board, "");
        next(&mut open).await;
        let since = Instant::now();
        health.start_draining();
        let told = next(&mut open).await;
        assert_eq!(since.elapsed(), MOMENT);
        assert_eq!(told[0].1["phase"]["name"], "draining");
        assert_eq!(told[1].1["reason"], "draining");
        assert!(next(&mut open).await.is_empty());
        let told = next(&mut stream(&board, "")).await;
        assert_eq!(
            (&*told[0].0, &*told[1].0),
            ("state", "end"),
            "whoever comes now"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_again_is_told_what_is_new_by_the_same_board_at_the_same_level() {
        let (own, health) = board([Check::new("a", async || ()).readiness()]);
        let mut first = stream(&own, "");
        next(&mut first).await;
        health
            .register(Check::new("b", async || ()).readiness())
            .unwrap();
        sleep(PAUSE).await;
        let version = |level| id(&own.seat().unwrap(), level, 1);
        let (name, data) = one(&mut stream(&own, &version(Level::Summary))).await;
        assert_eq!(name, "update");
        assert_eq!(data["names"], serde_json::json!(["a", "b"]));
        let other = Board::new(&health, None);
        let of_another = id(&other.seat().unwrap(), Level::Summary, 1);
        let unknown = id(&own.seat().unwrap(), Level::Summary, 99);
        let hostile = [
            "",
            "-",
            "1",
            "--1",
            "\u{fe}",
            "18446744073709551616",
            &unknown,
        ];
        for last in [&*version(Level::Full), &of_another]
            .into_iter()
            .chain(hostile)
        {
            let (name, _) = one(&mut stream(&own, last)).await;
            assert_eq!(name, "state", "{last}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_a_bound_and_who_leaves_makes_room() {
        let (board, _health) = board([]);
        let mut streams = Vec::new();
        while let Some(seat) = board.seat() {
            let request = TestRequest::default().to_http_request();
            streams.push(Stream::new(seat, request, Level::Full));
        }
        assert_eq!(streams.len(), 16);
        drop(streams.pop());
        assert!(board.seat().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_reads_keeps_no_place_from_others() {
        let (board, _health) = board([]);
        let stuck: Vec<_> = (0..16).map(|_| stream(&board, "")).collect();
        sleep(LIFE).await;
        assert!(board.seat().is_none(), "these may yet be read");
        sleep(PAUSE).await;
        let later: Vec<_> = (0..16).map(|_| board.seat().unwrap()).collect();
        assert!(board.seat().is_none());
        drop(stuck);
        assert!(board.seat().is_none(), "those gave nothing back");
        drop(later);
        assert!(board.seat().is_some());
    }
}
