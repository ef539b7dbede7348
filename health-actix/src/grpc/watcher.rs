//! Who is told of one service whenever its status is another.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use health_core::Watch;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use tonic::Status;
use tonic::codegen::tokio_stream::Stream;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use super::board::{Board, FRESH, PAUSE, before, stopping};
use super::snapshot::Snapshot;
use super::subject::Subject;

/// What happens at once is looked at in one go: the first of it as it happens, the rest this much
/// later.
const MOMENT: Duration = Duration::from_millis(50);

/// What is told next, and what comes after it.
type Told = Option<(Result<HealthCheckResponse, Status>, Watcher)>;

/// The messages for one who watches.
pub(super) struct Updates(Option<Pin<Box<dyn Future<Output = Told> + Send>>>);

impl Updates {
    /// # Errors
    /// If there are too many, or the server is about to stop.
    pub(super) fn new(board: &Arc<Board>, subject: Subject) -> Result<Self, Status> {
        let watcher = Watcher {
            _seat: board.seat()?,
            news: board.watch(),
            ending: board.ending(),
            board: Arc::downgrade(board),
            subject,
            told: None,
            looked: Instant::now(),
            last_event: 0,
            is_over: false,
        };
        Ok(Self(Some(Box::pin(watcher.next()))))
    }
}

impl Stream for Updates {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let Poll::Ready(told) = next.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        let (message, watcher) = told.unzip();
        self.0 = watcher.map(|it| Box::pin(it.next()) as _);
        Poll::Ready(message)
    }
}

/// One who watches. It keeps nothing alive: what it holds a place among may end before it.
struct Watcher {
    _seat: OwnedSemaphorePermit,
    board: Weak<Board>,
    subject: Subject,
    news: Watch,
    ending: watch::Receiver<bool>,
    /// What was told last.
    told: Option<ServingStatus>,
    looked: Instant,
    /// The last thing that had happened by then.
    last_event: u64,
    is_over: bool,
}

/// Why somebody waits no longer.
enum Cause {
    News,
    Ending,
}

impl Watcher {
    async fn next(mut self) -> Told {
        if self.is_over {
            return None;
        }
        if self.told.is_none() {
            let snapshot = self.board.upgrade()?.first(&self.subject).await;
            let status = self.look(&snapshot);
            return Some(self.tell(status));
        }
        loop {
            let cause = self.wait().await;
            let board = self.board.upgrade()?;
            let mut snapshot = board.taken_since(before(FRESH));
            if matches!(cause, Cause::Ending) {
                return Some(self.end(&snapshot));
            }
            if self.appears_in(&snapshot) {
                snapshot = board.first(&self.subject).await;
            }
            let status = self.look(&snapshot);
            if self.told != Some(status) {
                return Some(self.tell(status));
            }
        }
    }

    /// Waits until there may be something to tell.
    async fn wait(&mut self) -> Cause {
        if let Some(board) = self.board.upgrade() {
            board.ask_all();
        }
        let next = self.looked + PAUSE;
        let soonest = self.looked + MOMENT;
        let (news, last) = (&mut self.news, self.last_event);
        tokio::select! {
            biased;
            _ = self.ending.wait_for(|ends| *ends) => Cause::Ending,
            () = newer(news, last, soonest) => Cause::News,
            () = sleep_until(next) => Cause::News,
        }
    }

    /// Whether what was unknown is there now, and may have no result yet.
    fn appears_in(&self, snapshot: &Snapshot) -> bool {
        let unknown = ServingStatus::ServiceUnknown;
        self.told == Some(unknown) && snapshot.status(&self.subject) != unknown
    }

    fn look(&mut self, snapshot: &Snapshot) -> ServingStatus {
        self.looked = Instant::now();
        self.last_event = snapshot.last_event;
        snapshot.status(&self.subject)
    }

    fn tell(mut self, status: ServingStatus) -> (Result<HealthCheckResponse, Status>, Self) {
        self.told = Some(status);
        (Ok(response(status)), self)
    }

    /// Who sends requests is told first that none can be served here any more.
    fn end(mut self, snapshot: &Snapshot) -> (Result<HealthCheckResponse, Status>, Self) {
        let last = snapshot.last_status(&self.subject);
        if self.told != Some(last) {
            return self.tell(last);
        }
        self.is_over = true;
        (Err(stopping()), self)
    }
}

/// Waits until something happens that was not looked at yet, and it is time to.
async fn newer(news: &mut Watch, looked_at: u64, soonest: Instant) {
    while news.last() <= looked_at {
        if !news.changed().await {
            pending::<()>().await;
        }
    }
    sleep_until(soonest).await;
}

pub(super) fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}
