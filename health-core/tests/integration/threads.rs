//! The engine's own threads, in real time; proven by handshakes, bounded generously.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use health_core::{Caller, Check, Health, HealthBuilder, Probe, Reason, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Count, OnDrop, entry, ms, ready};

fn health(checks: impl IntoIterator<Item = Check>) -> Health {
    let checks = checks
        .into_iter()
        .map(|check| check.readiness().with_cache(ms(0)));
    checks
        .fold(HealthBuilder::empty(), HealthBuilder::check)
        .build()
        .unwrap()
}

/// Blocks threads until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn wait(&self) {
        let (open, opened) = &*self.0;
        let guard = open.lock().unwrap();
        drop(opened.wait_while(guard, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// Opens the gate whatever becomes of the test.
impl Drop for Gate {
    fn drop(&mut self) {
        if thread::panicking() {
            self.open();
        }
    }
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn checks_run_on_threads_of_the_engine_and_not_where_they_are_asked() {
    let names = Arc::new(Mutex::new(Vec::new()));
    let (polled, called) = (Arc::clone(&names), Arc::clone(&names));
    let health = health([
        Check::new("polled", move || {
            let names = Arc::clone(&polled);
            async move {
                names.lock().unwrap().push(thread_name());
                tokio::time::sleep(ms(5)).await;
                names.lock().unwrap().push(thread_name());
            }
        }),
        Check::blocking("called", move || called.lock().unwrap().push(thread_name())),
    ]);
    assert!(
        ready(&health).await.is_passing(),
        "timers work inside checks"
    );
    let mut names = names.lock().unwrap().clone();
    names.sort();
    assert_eq!(names, ["health-blocking", "health-poller", "health-poller"]);
}

#[tokio::test]
async fn checks_that_block_their_threads_harm_nobody() {
    let gate = Gate::default();
    let held = Count::default();
    let mut checks: Vec<_> = (0..5)
        .map(|index| {
            let (gate, held) = (gate.clone(), held.clone());
            Check::new(format!("block{index}"), move || {
                let (gate, held) = (gate.clone(), held.clone());
                async move {
                    held.one_more();
                    gate.wait();
                }
            })
        })
        .collect();
    let fine = Count::default();
    let counted = fine.clone();
    checks.push(Check::new("fine", move || {
        let counted = counted.clone();
        async move {
            tokio::time::sleep(ms(1)).await;
            counted.one_more();
        }
    }));
    let health = health(checks);
    let probes: Vec<_> = (0..5)
        .map(|_| tokio::spawn(health.probe(Probe::Readiness, Caller::nobody())))
        .collect();
    for probe in probes {
        let report = probe.await.unwrap();
        assert_eq!(entry(&report, "fine").status(), Status::Healthy);
        for index in 0..5 {
            let blocked = entry(&report, &format!("block{index}"));
            assert_eq!(blocked.message(), Some("Timeout after 800ms"));
        }
    }
    assert_eq!(held.now(), 5);
    assert!(fine.now() >= 1);
    let start = Instant::now();
    let report = ready(&health).await;
    assert!(
        start.elapsed() < ms(500),
        "nobody waits for what is known to be stuck"
    );
    assert_eq!(
        entry(&report, "block0").reason(),
        Some(Reason::StillRunning)
    );
    assert_eq!(entry(&report, "fine").status(), Status::Healthy);
    gate.open();
    while !ready(&health).await.is_passing() {
        tokio::time::sleep(ms(5)).await;
    }
}

/// Waits at the gate when it is dropped.
struct SlowDrop(Gate, Count);

impl Drop for SlowDrop {
    fn drop(&mut self) {
        self.1.one_more();
        self.0.wait();
    }
}

/// A run has ended when its future has been dropped, not when that was asked.
#[tokio::test]
async fn no_run_is_started_while_the_last_one_is_still_being_dropped() {
    let gate = Gate::default();
    for panics in [false, true] {
        let (started, dropping, gate) = (Count::default(), Count::default(), Gate::default());
        let (counted, slow) = (started.clone(), (gate.clone(), dropping.clone()));
        let check = Check::new("slow_drop", move || {
            let _slow = SlowDrop(slow.0.clone(), slow.1.clone());
            counted.one_more();
            async move {
                let _slow = _slow;
                tokio::task::yield_now().await;
                assert!(!panics, "before the drop");
                std::future::pending::<()>().await;
            }
        });
        let health = health([check.with_timeout(ms(50))]);
        let report = ready(&health).await;
        assert_eq!(
            entry(&report, "slow_drop").message(),
            Some("Timeout after 50ms")
        );
        while dropping.now() == 0 {
            tokio::time::sleep(ms(1)).await;
        }
        for _ in 0..3 {
            let report = ready(&health).await;
            assert_eq!(
                entry(&report, "slow_drop").reason(),
                Some(Reason::StillRunning)
            );
        }
        assert_eq!(started.now(), 1);
        gate.open();
        while started.now() == 1 {
            ready(&health).await;
            tokio::time::sleep(ms(1)).await;
        }
    }
    drop(gate);
}

/// The user's captures go with the engine, on a thread of its own and under none of its locks.
#[tokio::test]
async fn captures_that_are_slow_or_panic_when_dropped_hold_nobody_up() {
    struct Rude(Gate);
    impl Drop for Rude {
        fn drop(&mut self) {
            self.0.wait();
            panic!("a rude capture");
        }
    }
    let (gate, started) = (Gate::default(), Count::default());
    let (rude, counted) = (Arc::new(Rude(gate.clone())), started.clone());
    let rude = Check::new("rude", move || {
        let _rude = Arc::clone(&rude);
        counted.one_more();
        std::future::pending::<()>()
    });
    let dropped = Count::default();
    let guards = (0..3).map(|index| {
        let (guard, counted) = (dropped.clone(), started.clone());
        Check::new(format!("innocent{index}"), move || {
            let guard = OnDrop(guard.clone());
            counted.one_more();
            async move {
                std::future::pending::<()>().await;
                drop(guard);
            }
        })
    });
    let checks: Vec<_> = guards.chain([rude]).collect();
    let health = health(
        checks
            .into_iter()
            .map(|c| c.with_timeout(Duration::from_secs(3600))),
    );
    drop(health.probe(Probe::Readiness, Caller::nobody()));
    while started.now() < 4 {
        tokio::time::sleep(ms(1)).await;
    }
    let dropping = thread::spawn(move || drop(health));
    let start = Instant::now();
    while dropped.now() < 3 {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "the innocent were not dropped"
        );
        tokio::time::sleep(ms(1)).await;
    }
    gate.open();
    // Where the user drops the last handle, the user's own Drop may be heard.
    let _ = dropping.join();
}

/// tokio's context is left in disorder; only the thread that it happened on pays for it.
#[tokio::test]
async fn a_check_that_forgets_a_context_does_not_use_up_the_threads() {
    let leaker = Check::new("leaker", async || {
        std::mem::forget(tokio::runtime::Handle::current().enter());
    });
    let fine = Check::new("fine", async || ());
    let health = health([leaker, fine]);
    for _ in 0..150 {
        let report = ready(&health).await;
        assert_eq!(entry(&report, "fine").status(), Status::Healthy);
    }
    assert!(ready(&health).await.is_passing());
}

/// A connection that a check opened and handed back to the application, as a pool does, is
/// driven by the reactor: it works although other checks hold every thread that polls.
#[tokio::test]
async fn a_connection_opened_by_a_check_serves_the_application_while_others_block() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(echo(listener));
    let (pool, mut connections) = tokio::sync::mpsc::unbounded_channel();
    let gate = Gate::default();
    let blocks: Vec<_> = (0..4)
        .map(|index| {
            let gate = gate.clone();
            Check::new(format!("block{index}"), move || {
                let gate = gate.clone();
                async move { gate.wait() }
            })
        })
        .collect();
    let connect = Check::new("connect", move || {
        let pool = pool.clone();
        async move {
            let connection = TcpStream::connect(address).await?;
            pool.send(connection)
                .map_err(|_| io::Error::other("the pool is gone"))
        }
    });
    let health = health(blocks.into_iter().chain([connect]));
    let probe = tokio::spawn(health.probe(Probe::Readiness, Caller::nobody()));

    let mut connection = connections.recv().await.unwrap();
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let start = Instant::now();
        connection.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        connection.read_exact(&mut answer).await.unwrap();
        slowest = slowest.max(start.elapsed());
    }
    assert!(slowest < ms(500), "a query took {slowest:?}");
    gate.open();
    assert!(probe.await.unwrap().is_passing());
}

async fn echo(listener: TcpListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let (mut read, mut write) = stream.split();
    tokio::io::copy(&mut read, &mut write).await.map(drop)
}

#[tokio::test]
async fn an_engine_that_goes_away_takes_its_runs_along() {
    let (started, dropped) = (Count::default(), Count::default());
    let (counted, guard) = (started.clone(), dropped.clone());
    let hang = Check::new("hang", move || {
        let guard = OnDrop(guard.clone());
        counted.one_more();
        async move {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            drop(guard);
        }
    });
    let health = health([hang.with_timeout(Duration::from_secs(3600))]);
    drop(health.probe(Probe::Readiness, Caller::nobody()));
    while started.now() == 0 {
        thread::yield_now();
    }
    drop(health);
    let start = Instant::now();
    while dropped.now() == 0 {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "the run was not dropped"
        );
        tokio::time::sleep(ms(1)).await;
    }
}

/// The last handle on the engine may be dropped by one of its own checks.
#[tokio::test]
async fn an_engine_may_be_dropped_by_its_own_check() {
    let slot = Arc::new(Mutex::new(None::<Health>));
    let (done, ended) = mpsc::channel();
    let last = Arc::clone(&slot);
    let check = Check::new("last", move || {
        let (slot, done) = (Arc::clone(&last), done.clone());
        async move {
            drop(slot.lock().unwrap().take());
            let _ = done.send(());
        }
    });
    let health = health([check]);
    *slot.lock().unwrap() = Some(health.clone());
    let probe = health.probe(Probe::Readiness, Caller::nobody());
    drop((health, probe));
    let ended = tokio::task::spawn_blocking(move || ended.recv_timeout(Duration::from_secs(5)));
    assert_eq!(ended.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn nothing_runs_when_nobody_asks() {
    let asked = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&asked);
    let check = Check::new("lazy", move || {
        flag.store(true, Ordering::SeqCst);
        async {}
    });
    let health = health([check]);
    tokio::time::sleep(ms(20)).await;
    assert!(!asked.load(Ordering::SeqCst));
    assert!(ready(&health).await.is_passing());
    assert!(asked.load(Ordering::SeqCst));
}

/// A pool of the application's, with what a check has opened in it.
type Pool = Arc<Mutex<Option<TcpStream>>>;

#[tokio::test]
async fn what_a_check_opened_in_a_pool_outlives_the_engine() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, pool) = (listener.local_addr().unwrap(), Pool::default());
    let opened = Arc::clone(&pool);
    let check = Check::new("database", move || {
        let opened = Arc::clone(&opened);
        async move {
            let connection = TcpStream::connect(address).await?;
            *opened.lock().unwrap() = Some(connection);
            Ok::<_, io::Error>(())
        }
    });
    let engine = health([check]);
    assert!(ready(&engine).await.is_passing());
    drop(engine);
    // What ends the engine ends in its own time.
    tokio::time::sleep(ms(100)).await;
    let mut connection = pool.lock().unwrap().take().unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    connection.write_all(b"?").await.unwrap();
    let mut asked = [0];
    server.read_exact(&mut asked).await.unwrap();
    server.write_all(b"!").await.unwrap();
    let mut answer = [0];
    let answered = tokio::time::timeout(ms(5000), connection.read_exact(&mut answer)).await;
    answered.expect("somebody drives it").unwrap();
    assert_eq!(answer, *b"!");
}
