use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::options::ChannelFlowOptions;
use lapin::{Channel, Connection, Result};
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::words;
use crate::budget::Step;
use crate::failure::Failure;
use crate::measured::Measured;

/// A channel that is kept from one run to the next.
///
/// One for each run would be a danger to the connection: if that is lost while a channel is being
/// opened, lapin may not succeed in making it anew, or leave the channel open for ever.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Option<Channel>>);

impl Kept {
    /// The channel, over which the server has answered just now.
    pub(super) async fn asked(
        &self,
        connection: &Connection,
        step: Step,
        measured: &mut Measured,
    ) -> std::result::Result<Channel, Failure> {
        let status = connection.status();
        let kept = self.lock().clone();
        if let Some(channel) = kept.filter(|channel| !is_over(channel)) {
            // What each channel allows from its beginning: it changes nothing.
            let nothing = ChannelFlowOptions { active: true };
            let answer = step.of(channel.channel_flow(nothing)).await;
            let (_, took) = words::answered(answer, status)?;
            measured.time("query_ms", took);
            return Ok(channel);
        }
        let opened = step.of(connection.create_channel()).await;
        let (channel, took) = words::answered(opened, status)?;
        measured.time("open_ms", took);
        *self.lock() = Some(channel.clone());
        Ok(channel)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose turn it is to do [`apart`] what may outlive its run.
#[derive(Debug, Default)]
pub(super) struct Turn(Arc<tokio::sync::Mutex<()>>);

/// One that is not open is opened again with its connection, or not at all.
fn is_over(channel: &Channel) -> bool {
    let status = channel.status();
    !status.connected() && !status.reconnecting()
}

/// What `work` makes of a channel. It goes on until it is answered, also where nobody waits for it
/// any more.
///
/// lapin closes a channel that is dropped. If the server closes it at that moment for what it was
/// asked before, such as a queue that is not there, lapin takes that for a violation of the
/// protocol and gives up the whole connection.
///
/// What is under way so is waited for: two round trips would take each other's queue away. One that
/// is never answered keeps the others waiting for [`STUCK`].
pub(super) async fn apart<T, F, Fut>(channel: &Channel, turn: &Turn, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(Channel) -> Fut,
    Fut: Future<Output = Result<T>> + Send + 'static,
{
    let turn = Arc::clone(&turn.0).lock_owned().await;
    let work = work(channel.clone());
    let Ok(runtime) = Handle::try_current() else {
        return work.await;
    };
    match runtime.spawn(in_turn(turn, work)).await {
        Ok(done) => done,
        Err(ended) => Err(io::Error::other(ended).into()),
    }
}

async fn in_turn<T>(turn: OwnedMutexGuard<()>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let done = timeout(STUCK, &mut work).await;
    drop(turn);
    match done {
        Ok(done) => done,
        Err(_) => work.await,
    }
}

/// After how long the next does not wait for an answer any more.
const STUCK: Duration = Duration::from_secs(30);
