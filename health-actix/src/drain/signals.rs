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
pub(crate) enum Asked {
    #[cfg_attr(not(unix), allow(dead_code, reason = "only SIGUSR1 asks for it"))]
    ToDrain,
    ToStop,
}

/// The signals that are handled. None that comes after this was made is lost; several of a kind
/// that come at once are one.
#[derive(Debug)]
pub(crate) struct Signals {
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

    /// Those that ask to stop and that something else handles already, as servers do: to hear of
    /// them too changes nothing then. Where nothing does, a signal ends the process, and would not
    /// any more. What is handled is known on Linux alone.
    pub(crate) fn overheard() -> Self {
        #[cfg(not(unix))]
        let handled = Vec::new();
        #[cfg(unix)]
        let handled = {
            let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
            let handled = kinds.into_iter().filter(|kind| is_handled(*kind));
            let heard = handled.filter_map(|kind| Some((Asked::ToStop, signal(kind).ok()?)));
            heard.collect()
        };
        Self { handled }
    }

    /// Waits for the next signal.
    pub(super) async fn asked(&mut self) -> Asked {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Waits for the next signal that asks to stop.
    pub(super) async fn asked_to_stop(&mut self) {
        while self.asked().await != Asked::ToStop {}
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Asked> {
        for (asked, signal) in &mut self.handled {
            if let Poll::Ready(Some(())) = signal.poll_recv(cx) {
                return Poll::Ready(*asked);
            }
        }
        Poll::Pending
    }
}

/// Whether the process handles the signal in some way.
#[cfg(unix)]
fn is_handled(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").ok();
    let caught = status.and_then(|status| catches(&status, kind.as_raw_value()));
    caught.unwrap_or(false)
}

/// Whether the process of this status handles the signal in some way; none if that is not said.
///
/// Source: proc(5), `SigCgt` in `/proc/pid/status`: a bit for each signal, the first one's lowest.
#[cfg(unix)]
pub(crate) fn catches(status: &str, signal: i32) -> Option<bool> {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigCgt:"))?;
    let mask = u128::from_str_radix(mask.trim(), 16).ok()?;
    let bit = u32::try_from(signal - 1).ok()?;
    Some(mask.checked_shr(bit)? & 1 == 1)
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nobody_handles_is_left_alone() {
        let kind = SignalKind::user_defined2();
        assert!(!is_handled(kind), "nothing handles it here");
        let _handled = signal(kind).unwrap();
        assert!(is_handled(kind));
    }
}
