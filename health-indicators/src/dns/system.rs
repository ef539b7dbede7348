//! The resolver of the system: one lookup of a name at a time, in the whole process.

use std::collections::BTreeMap;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::{Addresses, Lookup, Resolves};
use crate::failure::{Failure, in_words};

pub(super) struct System;

impl Resolves for System {
    fn addresses<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let found = UNDER_WAY.one(name, addresses).await;
            found.map_err(|error| {
                Failure::because(in_words(&*error).unwrap_or("name not resolved"), error)
            })
        })
    }
}

fn addresses(name: &str) -> Found {
    // The port is none of the question.
    let found = (name, 0).to_socket_addrs().map_err(Arc::new)?;
    Ok(found.map(|address| address.ip()).collect())
}

/// The error of a lookup goes to all who wait for it.
type Found = Result<Addresses, Arc<io::Error>>;

static UNDER_WAY: UnderWay = UnderWay(Mutex::new(BTreeMap::new()));

/// The lookups that have not ended, by name.
struct UnderWay(Mutex<BTreeMap<String, watch::Receiver<Option<Found>>>>);

impl UnderWay {
    /// What is found by the lookup of `name` that is under way, or by one that begins now. It goes
    /// on where nobody waits for it any more.
    async fn one(&'static self, name: &str, work: fn(&str) -> Found) -> Found {
        let mut found = self.begun(name, work);
        match found.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(found)) => found.clone(),
            // The runtime that it was begun in has ended.
            _ => Err(Arc::new(io::Error::other("lookup abandoned"))),
        }
    }

    fn begun(&'static self, name: &str, work: fn(&str) -> Found) -> watch::Receiver<Option<Found>> {
        let mut all = self.lock();
        if let Some(found) = all.get(name) {
            return found.clone();
        }
        let (sender, receiver) = watch::channel(None);
        all.insert(name.to_owned(), receiver.clone());
        // A runtime that is ending drops the work at once, and the entry with it.
        drop(all);
        let entry = Entry(self, name.to_owned());
        spawn_blocking(move || {
            let found = work(&entry.1);
            // Who finds it no more begins another.
            drop(entry);
            sender.send_replace(Some(found));
        });
        receiver
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, watch::Receiver<Option<Found>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its name is under way; also gone if the lookup never begins, because the runtime ends.
struct Entry(&'static UnderWay, String);

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::runtime::{Builder, Runtime};
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// Lookups that end when they are told to.
    struct Gate {
        begun: AtomicUsize,
        wait: Mutex<Option<mpsc::Receiver<()>>>,
    }

    impl Gate {
        const fn new() -> Self {
            Self {
                begun: AtomicUsize::new(0),
                wait: Mutex::new(None),
            }
        }

        fn close(&self) -> mpsc::Sender<()> {
            let (open, wait) = mpsc::channel();
            *self.wait.lock().unwrap() = Some(wait);
            open
        }

        fn pass(&self) -> Found {
            self.begun.fetch_add(1, Ordering::SeqCst);
            if let Some(wait) = &*self.wait.lock().unwrap() {
                let _opened = wait.recv();
            }
            Ok(Addresses::default())
        }
    }

    #[test]
    fn a_lookup_that_hangs_is_the_only_one_of_its_name() {
        static ALL: UnderWay = UnderWay(Mutex::new(BTreeMap::new()));
        static GATE: Gate = Gate::new();
        let open = GATE.close();
        runtime().block_on(async {
            let mut asking = JoinSet::new();
            for _ in 0..200 {
                let one = ALL.one("a", |_| GATE.pass());
                asking.spawn(timeout(Duration::from_millis(20), one));
            }
            let answers = asking.join_all().await;
            assert!(answers.iter().all(Result::is_err), "each has given up");
            assert_eq!(GATE.begun.load(Ordering::SeqCst), 1);
            let waiting = tokio::spawn(ALL.one("a", |_| GATE.pass()));
            tokio::task::yield_now().await;
            open.send(()).unwrap();
            assert!(waiting.await.unwrap().is_ok());
            assert_eq!(GATE.begun.load(Ordering::SeqCst), 1);
            drop(open);
            assert!(ALL.one("a", |_| GATE.pass()).await.is_ok());
            assert_eq!(GATE.begun.load(Ordering::SeqCst), 2);
            assert!(ALL.lock().is_empty());
        });
    }

    #[test]
    fn names_do_not_wait_for_each_other() {
        static ALL: UnderWay = UnderWay(Mutex::new(BTreeMap::new()));
        static GATE: Gate = Gate::new();
        let open = GATE.close();
        runtime().block_on(async {
            let hanging = tokio::spawn(ALL.one("a", |_| GATE.pass()));
            tokio::task::yield_now().await;
            let other = ALL.one("b", |_| Ok(Addresses::default()));
            assert!(other.await.is_ok());
            drop(open);
            assert!(hanging.await.unwrap().is_ok());
        });
    }

    #[test]
    fn a_runtime_that_ends_leaves_no_lookup_behind_that_nobody_does() {
        static ALL: UnderWay = UnderWay(Mutex::new(BTreeMap::new()));
        let ending = runtime();
        let entered = ending.handle().clone();
        ending.shutdown_background();
        let _entered = entered.enter();
        let receiver = ALL.begun("a", |_| Ok(Addresses::default()));
        assert!(receiver.has_changed().is_err(), "nobody sends any more");
        assert!(ALL.lock().is_empty());
    }
}
