//! The signals of the operating system.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(not(unix))]
use tokio::signal::windows::{CtrlC as Signal, ctrl_c};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    #[cfg_attr(not(unix), allow(dead_code, reason = "only SIGUSR1 asks for it"))]
    ToDrain,
    ToStop,
}

/// The signals that are handled. None that comes after this was made is lost; several of a kind
/// that come at once are one.
#[derive(Debug)]
pub(super) struct Signals {
    handled: Vec<(Asked, Signal)>,
}

impl Signals {
    /// Handles signals from now on, and for as long as the process runs: a handler cannot be
    /// removed.
    pub(super) fn install() -> Self {
        let handled = wanted().into_iter().filter_map(|(asked, name, signal)| {
            let tell = |e| tracing::error!(target: "health", "cannot handle {name}: {e}");
            Some((asked, signal.map_err(tell).ok()?))
        });
        Self {
            handled: handled.collect(),
        }
    }

    /// Waits for the next signal.
    pub(super) async fn asked(&mut self) -> Asked {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Waits for the next signal that asks to stop.
    pub(super) async fn asked_to_stop(&mut self) {
        while self.asked().await != Asked::ToStop {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Asked> {
        for (asked, signal) in &mut self.handled {
            if let Poll::Ready(Some(())) = signal.poll_recv(cx) {
                return Poll::Ready(*asked);
            }
        }
        Poll::Pending
    }
}

type Wanted = (Asked, &'static str, io::Result<Signal>);

#[cfg(unix)]
fn wanted() -> [Wanted; 3] {
    [
        (Asked::ToStop, "SIGTERM", signal(SignalKind::terminate())),
        (Asked::ToStop, "SIGINT", signal(SignalKind::interrupt())),
        (
            Asked::ToDrain,
            "SIGUSR1",
            signal(SignalKind::user_defined1()),
        ),
    ]
}

#[cfg(not(unix))]
fn wanted() -> [Wanted; 1] {
    [(Asked::ToStop, "Ctrl-C", ctrl_c())]
}
