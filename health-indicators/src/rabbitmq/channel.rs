use std::future::Future;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lapin::options::ChannelFlowOptions;
use lapin::{Channel, Connection, Result};
use tokio::runtime::Handle;

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
pub(super) async fn apart<T, F, Fut>(channel: &Channel, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(Channel) -> Fut,
    Fut: Future<Output = Result<T>> + Send + 'static,
{
    let work = work(channel.clone());
    let Ok(runtime) = Handle::try_current() else {
        return work.await;
    };
    match runtime.spawn(work).await {
        Ok(done) => done,
        Err(ended) => Err(io::Error::other(ended).into()),
    }
}
