//! That nothing is left behind, whatever becomes of the work.

use std::net::SocketAddr;
use std::time::Duration;

use health_core::{Outcome, Status};
use health_indicators::transaction::{self, OpenTransaction, Transaction};
use tokio::time::{sleep, timeout};

use crate::support::{Fault, Faults, Probes, Program, Proxy, Service, pool_use, told};

const ENDED: &str = "the transaction was ended by what ran in it";

macro_rules! nothing_is_left_behind {
    ($backend:ident, $title:expr, $pool:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn nothing_is_left_behind() {
            let Some(pool) = $pool.await else {
                return;
            };
            run(&pool, TABLE).await.unwrap();
            let mut faults = Faults::of($title);
            results_count(&pool, &mut faults).await;
            whatever_stops_it(&pool, &mut faults).await;
            nested(&pool, &mut faults).await;
            elsewhere(&pool, &mut faults).await;
            ended_within(&pool, &mut faults).await;
            exhausted(&pool, &mut faults).await;
            own_use(&pool).await;
            pool.close().await;
            tidy_up().await;
            faults.finish();
        }

        type Pool = ::sqlx::Pool<$backend>;
        type Open = OpenTransaction<$backend>;

        async fn run(pool: &Pool, statement: &'static str) -> ::sqlx::Result<()> {
            ::sqlx::raw_sql(statement).execute(pool).await.map(drop)
        }

        async fn within(open: &mut Open, statement: &'static str) -> ::sqlx::Result<()> {
            ::sqlx::raw_sql(statement)
                .execute(&mut **open)
                .await
                .map(drop)
        }

        /// What is there, seen by both connections of the pool, and whether they are in order.
        async fn rows(pool: &Pool) -> i64 {
            let looked = async {
                let (one, two) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
                let mut counts = Vec::new();
                for mut connection in [one, two] {
                    let count = "SELECT count(*) FROM health_indicators_orders";
                    let count = ::sqlx::query_scalar(count).fetch_one(&mut *connection);
                    counts.push(count.await.unwrap());
                }
                assert_eq!(counts[0], counts[1]);
                counts[0]
            };
            let rows = timeout(Duration::from_secs(5), looked).await;
            rows.expect("the pool is usable at once")
        }

        /// Nobody keeps it locked.
        async fn is_unlocked(pool: &Pool) {
            let written = async {
                run(pool, INSERT).await.unwrap();
                run(pool, CLEAR).await.unwrap();
            };
            timeout(Duration::from_secs(5), written).await.unwrap();
        }

        async fn results_count(pool: &Pool, faults: &mut Faults) {
            let check = transaction::check(pool.clone(), async |mut open: Open| {
                within(&mut open, INSERT).await
            });
            faults.add("none", &told(&Probes::of(check).at_once(200).await), "");
            assert_eq!(rows(pool).await, 0);
            let outcome = transaction::rehearse(pool, async |mut open| {
                within(&mut open, INSERT).await?;
                within(&mut open, "INSERT INTO none_of_this_name VALUES (1)").await
            })
            .await;
            assert_eq!(
                (outcome.status(), outcome.message()),
                (Status::Unhealthy, None)
            );
            assert!(
                outcome
                    .error()
                    .unwrap()
                    .to_string()
                    .contains("none_of_this_name")
            );
            assert_eq!(rows(pool).await, 0);
            let outcome = transaction::rehearse(pool, async |mut open| {
                within(&mut open, INSERT).await?;
                Ok::<_, ::sqlx::Error>(Outcome::degraded("few articles").with_data("articles", 3))
            })
            .await;
            assert_eq!(outcome.message(), Some("few articles"));
            let data: Vec<_> = outcome.data().map(|(name, _)| name).collect();
            for name in ["articles", "acquire_ms", "transaction_ms", "pool_max"] {
                assert!(data.contains(&name), "{name} of {data:?}");
            }
            assert_eq!(rows(pool).await, 0);
            is_unlocked(pool).await;
        }

        async fn whatever_stops_it(pool: &Pool, faults: &mut Faults) {
            let check = transaction::check(pool.clone(), async |mut open: Open| {
                within(&mut open, INSERT).await.unwrap();
                let twice = within(&mut open, INSERT).await;
                twice.expect("it panics, for there is one already");
            });
            let _panicked = Probes::of(check).one().await;
            assert_eq!(rows(pool).await, 0);
            let for_ever = async |mut open: Open| {
                within(&mut open, INSERT).await.unwrap();
                std::future::pending::<()>().await;
            };
            let check = transaction::check(pool.clone(), for_ever);
            let check = check.with_timeout(Duration::from_millis(500));
            faults.add("takes too long", &told(&Probes::of(check).one().await), "");
            assert_eq!(rows(pool).await, 0);
            for at in 0..50 {
                let limit = Duration::from_micros(at * 200);
                let _late = timeout(limit, transaction::rehearse(pool, for_ever)).await;
            }
            assert_eq!(rows(pool).await, 0);
            is_unlocked(pool).await;
        }

        async fn nested(pool: &Pool, faults: &mut Faults) {
            let outcome = transaction::rehearse(pool, async |mut open| {
                let mut nested = ::sqlx::Connection::begin(&mut *open).await?;
                ::sqlx::raw_sql(INSERT).execute(&mut *nested).await?;
                nested.commit().await?;
                let mut undone = ::sqlx::Connection::begin(&mut *open).await?;
                ::sqlx::raw_sql(CLEAR).execute(&mut *undone).await?;
                drop(undone);
                within(&mut open, "SELECT 1").await
            })
            .await;
            faults.add("commits a transaction within", &said(&outcome), "");
            assert_eq!(rows(pool).await, 0);
            is_unlocked(pool).await;
        }

        async fn elsewhere(pool: &Pool, faults: &mut Faults) {
            let outcome = transaction::rehearse(pool, async |mut open| {
                within(&mut open, INSERT).await?;
                tokio::spawn(async move {
                    sleep(Duration::from_millis(100)).await;
                    drop(open);
                });
                Ok::<_, ::sqlx::Error>(())
            })
            .await;
            faults.add("handed to another task", &said(&outcome), "");
            sleep(Duration::from_millis(300)).await;
            assert_eq!(rows(pool).await, 0);
            is_unlocked(pool).await;
        }

        async fn ended_within(pool: &Pool, faults: &mut Faults) {
            for (fault, statements, left) in ENDING {
                let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
                let counted = std::sync::Arc::clone(&runs);
                let transaction = Transaction::new(pool.clone(), move |mut open: Open| {
                    counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    async move {
                        for statement in *statements {
                            within(&mut open, statement).await?;
                        }
                        Ok::<_, ::sqlx::Error>(())
                    }
                });
                for _ in 0..2 {
                    let outcome = transaction.rehearse().await;
                    assert_eq!(outcome.message(), Some(ENDED), "{fault}");
                    if runs.load(std::sync::atomic::Ordering::SeqCst) == 1 {
                        assert_eq!(rows(pool).await, *left, "{fault}");
                    }
                }
                assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 1, "{fault}");
                faults.add(fault, &said(&transaction.rehearse().await), "");
                run(pool, CLEAR).await.unwrap();
                is_unlocked(pool).await;
                let outcome =
                    transaction::rehearse(pool, async |mut open| within(&mut open, INSERT).await)
                        .await;
                assert_eq!(outcome.status(), Status::Healthy, "{outcome:?}");
                assert_eq!(rows(pool).await, 0);
            }
        }

        /// A server that falls silent before a transaction begins, or within, keeps no connection.
        #[allow(dead_code, reason = "SQLite is not behind a network")]
        async fn given_up_while_frozen(pool: Pool, proxy: Proxy) {
            for at in 0..50 {
                let limit = Duration::from_millis(5 + at % 3 * 10);
                proxy.set(if at < 25 { Fault::None } else { Fault::Frozen });
                let given_up = transaction::rehearse(&pool, async |mut open| {
                    within(&mut open, "SELECT 1").await?;
                    proxy.set(Fault::Frozen);
                    within(&mut open, "SELECT 2").await
                });
                let _late = timeout(limit, given_up).await;
                assert_eq!(pool.size() as usize - pool.num_idle(), 0);
            }
            proxy.set(Fault::None);
            let usable = async {
                for mut one in [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()] {
                    let answer = ::sqlx::query_scalar("SELECT 42").fetch_one(&mut *one);
                    let answer: i32 = answer.await.unwrap();
                    assert_eq!(answer, 42);
                }
            };
            timeout(Duration::from_secs(3), usable).await.unwrap();
            sleep(Duration::from_millis(200)).await;
            assert_eq!(pool.num_idle(), 2);
            proxy.cut();
            let outcome =
                transaction::rehearse(&pool, async |mut open| within(&mut open, "SELECT 1").await);
            assert_eq!(said(&outcome.await), "healthy", "the server has restarted");
        }

        async fn exhausted(pool: &Pool, faults: &mut Faults) {
            let held = (pool.acquire().await, pool.acquire().await);
            let outcome = transaction::rehearse(pool, async |_| ()).await;
            faults.add("pool exhausted", &said(&outcome), "");
            drop(held);
        }

        /// What it uses itself of the pool is not told as used.
        async fn own_use(pool: &Pool) {
            let held = pool.acquire().await.unwrap();
            let outcome = transaction::rehearse(pool, async |_| ()).await;
            assert_eq!(pool_use(&outcome), [1, 1, 2]);
            drop(held);
        }
    };
}

const INSERT: &str = "INSERT INTO health_indicators_orders VALUES (1)";
const CLEAR: &str = "DELETE FROM health_indicators_orders";

/// One of our own, for others may test with the same server at the same time.
fn database() -> String {
    format!("health_indicators_{}", std::process::id())
}

type Ending = (&'static str, &'static [&'static str], i64);

fn said(outcome: &Outcome) -> String {
    let status = outcome.status().as_str();
    let message = outcome.message().map(|message| format!(": {message}"));
    format!("{status}{}", message.unwrap_or_default())
}

mod postgres {
    use ::sqlx::postgres::PgPoolOptions;
    use ::sqlx::{AssertSqlSafe, Postgres};

    use super::*;

    const TABLE: &str = "CREATE TABLE health_indicators_orders (id int PRIMARY KEY)";
    const ENDING: &[Ending] = &[
        ("COMMIT", &[INSERT, "COMMIT"], 1),
        ("COMMIT, BEGIN", &[INSERT, "COMMIT", "BEGIN", CLEAR], 1),
        ("ROLLBACK", &[INSERT, "ROLLBACK"], 0),
    ];

    async fn pool() -> Option<Pool> {
        let server = Service::POSTGRES.address()?;
        administer(server, format!("CREATE DATABASE {}", database())).await;
        Some(pool_to(server, &database()))
    }

    async fn tidy_up() {
        let server = Service::POSTGRES.address().unwrap();
        administer(server, format!("DROP DATABASE {}", database())).await;
    }

    async fn administer(server: SocketAddr, statement: String) {
        let pool = pool_to(server, "test");
        let done = ::sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool);
        done.await.unwrap();
    }

    fn pool_to(server: SocketAddr, database: &str) -> Pool {
        let pool = PgPoolOptions::new().max_connections(2);
        pool.connect_lazy_with(crate::postgres::sqlx::options(server).database(database))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn silent_servers_keep_no_connection() {
        if let Some(server) = Service::POSTGRES.address() {
            let proxy = Proxy::to(server).await;
            given_up_while_frozen(pool_to(proxy.address(), "test"), proxy).await;
        }
    }

    nothing_is_left_behind!(Postgres, "Transactions (PostgreSQL)", pool());
}

mod mysql {
    use ::sqlx::{AssertSqlSafe, MySql};

    use super::*;

    const TABLE: &str =
        "CREATE TABLE health_indicators_orders (id int PRIMARY KEY) ENGINE = InnoDB";
    const ENDING: &[Ending] = &[
        ("COMMIT", &[INSERT, "COMMIT"], 1),
        ("COMMIT, BEGIN", &[INSERT, "COMMIT", "BEGIN", CLEAR], 1),
        ("ROLLBACK", &[INSERT, "ROLLBACK"], 0),
        (
            "a statement that implies COMMIT",
            &[
                INSERT,
                "ALTER TABLE health_indicators_orders ADD INDEX twice (id)",
            ],
            1,
        ),
    ];

    async fn pool() -> Option<Pool> {
        let server = Service::MARIADB.address()?;
        administer(server, format!("CREATE DATABASE {}", database())).await;
        Some(pool_to(server, &database()))
    }

    async fn tidy_up() {
        let server = Service::MARIADB.address().unwrap();
        administer(server, format!("DROP DATABASE {}", database())).await;
    }

    async fn administer(server: SocketAddr, statement: String) {
        let pool = pool_to(server, "test");
        let done = ::sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool);
        done.await.unwrap();
    }

    fn pool_to(server: SocketAddr, database: &str) -> Pool {
        crate::mysql::pool(crate::mysql::options(server).database(database), 2)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn silent_servers_keep_no_connection() {
        if let Some(server) = Service::MARIADB.address() {
            let proxy = Proxy::to(server).await;
            given_up_while_frozen(pool_to(proxy.address(), "test"), proxy).await;
        }
    }

    nothing_is_left_behind!(MySql, "Transactions (MySQL and MariaDB)", pool());
}

mod sqlite {
    use ::sqlx::Sqlite;

    use super::*;

    const TABLE: &str = "CREATE TABLE health_indicators_orders (id int PRIMARY KEY)";
    const ENDING: &[Ending] = &[
        ("COMMIT", &[INSERT, "COMMIT"], 1),
        ("COMMIT, BEGIN", &[INSERT, "COMMIT", "BEGIN", CLEAR], 1),
        ("ROLLBACK", &[INSERT, "ROLLBACK"], 0),
    ];

    async fn pool() -> Option<Pool> {
        let file = Program::folder("transactions").unwrap().join("orders.db");
        let options = crate::sqlite::options(&file).busy_timeout(Duration::from_secs(3));
        Some(crate::sqlite::pool(options))
    }

    async fn tidy_up() {}

    nothing_is_left_behind!(Sqlite, "Transactions (SQLite)", pool());
}

/// PostgreSQL ends a transaction only where it is told to: whatever work has done after that, it may
/// leave something behind each time.
#[tokio::test]
async fn work_that_ends_the_transaction_and_fails_does_not_run_again() {
    let Some(server) = Service::POSTGRES.address() else {
        return;
    };
    let pool = crate::postgres::sqlx::pool(crate::postgres::sqlx::options(server));
    let transaction = Transaction::new(pool, async |mut open: OpenTransaction<_>| {
        let statements = "CREATE TEMPORARY TABLE health_indicators_left (number int) ON COMMIT DROP; \
                          COMMIT; SELECT 1 / 0";
        let run = ::sqlx::raw_sql(statements).execute(&mut *open).await;
        run.map(drop)
    });
    for error in [true, false] {
        let outcome = transaction.rehearse().await;
        assert_eq!(outcome.message(), Some(ENDED), "{outcome:?}");
        assert_eq!(outcome.error().is_some(), error);
    }
}
