//! What is told, and what has been told already.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use sd_notify::NotifyState;

use super::socket::{Address, Socket};

/// Tells systemd, and warns once if it cannot.
#[derive(Debug)]
pub(super) struct Notifier {
    socket: Socket,
    has_warned: AtomicBool,
}

impl Notifier {
    pub(super) fn new(address: &Address) -> io::Result<Self> {
        Ok(Self {
            socket: Socket::new(address)?,
            has_warned: AtomicBool::new(false),
        })
    }

    /// Tells it in one datagram; whether systemd was told.
    pub(super) fn tell(&self, news: &[NotifyState<'_>]) -> bool {
        let sent = self.socket.send(&datagram(news));
        if let Err(error) = &sent
            && !self.has_warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                target: "health",
                "systemd cannot be told how the process is, and is told when it can: {error}"
            );
        }
        sent.is_ok()
    }
}

/// What is to be told, or has been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) ready: bool,
    pub(super) stopping: bool,
    pub(super) status: String,
}

impl Told {
    /// What is new, compared with what has been told before.
    pub(super) fn since(&self, before: &Self) -> Vec<NotifyState<'_>> {
        let ready = (self.ready && !before.ready).then_some(NotifyState::Ready);
        let stopping = (self.stopping && !before.stopping).then_some(NotifyState::Stopping);
        let is_new = self.status != before.status;
        let status = is_new.then_some(NotifyState::Status(&self.status));
        [ready, stopping, status].into_iter().flatten().collect()
    }
}

/// A line for each; the end of the last is implied.
fn datagram(news: &[NotifyState<'_>]) -> String {
    let lines: Vec<_> = news.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
