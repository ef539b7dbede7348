//! What servers say that are not in order, and those that the tests start and stop themselves.

use std::time::Duration;

use health_core::Status;
use health_indicators::redis::{self, Redis, Role};
use tokio::time::sleep;

use super::*;
use crate::support::{Faults, Probes, Service};

fn writing(connection: &MultiplexedConnection) -> Probes {
    Probes::of(
        Redis::new(connection.clone())
            .with_round_trip("health:")
            .check(),
    )
}

async fn nothing() -> usize {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_refuse() {
    let mut faults = Faults::of("Redis (what the server says)");
    let Some(program) = server(
        "redis-refuses",
        &[
            "--busy-reply-threshold",
            "50",
            "--enable-protected-configs",
            "yes",
        ],
    )
    .await
    else {
        return;
    };
    let admin = connection(program.address()).await;
    let asked = connection(program.address()).await;
    let probes = writing(&asked);
    faults.observe("none", &probes, nothing).await;
    assert_eq!(says::<usize>(&admin, "DBSIZE").await, 0, "no key is left");

    says::<()>(&admin, "CONFIG SET maxmemory 1").await;
    faults.observe("out of memory", &probes, nothing).await;
    says::<()>(&admin, "CONFIG SET maxmemory 0").await;
    faults.recovers("out of memory", &probes).await;

    says::<()>(&admin, "CONFIG SET min-replicas-to-write 1").await;
    faults.observe("too few replicas", &probes, nothing).await;
    says::<()>(&admin, "CONFIG SET min-replicas-to-write 0").await;

    fails_to_save(&admin).await;
    faults.observe("no place to save", &probes, nothing).await;
    says::<()>(&admin, "CONFIG SET stop-writes-on-bgsave-error no").await;

    says::<()>(&admin, "ACL SETUSER default -ping").await;
    faults
        .observe("no permission for PING", &probes, nothing)
        .await;
    says::<()>(&admin, "ACL SETUSER default +ping -hello").await;
    faults
        .observe("no permission for HELLO", &probes, nothing)
        .await;

    let mut endless = connection(program.address()).await;
    let script = tokio::spawn(async move {
        let mut script = cmd("EVAL");
        script.arg("while true do end").arg(0);
        script.query_async::<()>(&mut endless).await
    });
    sleep(Duration::from_millis(200)).await;
    faults.observe("an endless script", &probes, nothing).await;
    says::<()>(&admin, "SCRIPT KILL").await;
    script.await.unwrap().unwrap_err();
    faults.recovers("an endless script", &probes).await;

    says::<()>(&admin, "CONFIG SET requirepass secret").await;
    let stranger = Probes::of(redis::check(connection(program.address()).await));
    faults.observe("no credentials", &stranger, nothing).await;
    faults.finish();
}

async fn fails_to_save(admin: &MultiplexedConnection) {
    let folder = Program::folder("redis-refuses-to-save").unwrap();
    says::<()>(admin, &format!("CONFIG SET dir {}", folder.display())).await;
    std::fs::remove_dir_all(folder).unwrap();
    // Only one that is to save refuses what it cannot save.
    let mut points = command("CONFIG SET save");
    points.arg("3600 1000000");
    let _set: () = points.query_async(&mut admin.clone()).await.unwrap();
    says::<()>(admin, "BGSAVE").await;
    for _ in 0..200 {
        let state: String = says(admin, "INFO persistence").await;
        if state.contains("rdb_last_bgsave_status:err") {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("it has saved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_and_their_masters() {
    let at_once = ["--repl-diskless-sync-delay", "0"];
    let Some(mut master) = server("redis-master", &at_once).await else {
        return;
    };
    let port = master.address().port().to_string();
    let follows = ["--replicaof", "127.0.0.1", &port];
    let Some(replica) = server("redis-replica", &follows).await else {
        return;
    };
    let mut faults = Faults::of("Redis (master and replica)");
    let asked = connection(replica.address()).await;
    let role = |of: &MultiplexedConnection, role| {
        Probes::of(Redis::new(of.clone()).with_role(role).check())
    };
    let expects_replica = role(&asked, Role::Replica);
    expects_replica.until_healthy(100).await;
    faults.observe("a replica", &expects_replica, nothing).await;
    let expects_master = role(&asked, Role::Master);
    faults
        .observe("a replica, master expected", &expects_master, nothing)
        .await;
    faults
        .observe("a replica, to be written", &writing(&asked), nothing)
        .await;
    let of_master = connection(master.address()).await;
    let expects_other = role(&of_master, Role::Replica);
    faults
        .observe("a master, replica expected", &expects_other, nothing)
        .await;

    master.stop();
    faults
        .observe("a replica without its master", &expects_replica, nothing)
        .await;
    let any = Probes::of(redis::check(asked.clone()));
    faults
        .observe("the same, any role will do", &any, nothing)
        .await;
    says::<()>(&asked, "CONFIG SET replica-serve-stale-data no").await;
    faults
        .observe("the same, and it serves no old data", &any, nothing)
        .await;
    master.restart().await;
    faults
        .recovers("a replica without its master", &expects_replica)
        .await;
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_told_in_both_protocols() {
    let Some(server) = Service::REDIS.address() else {
        return;
    };
    for protocol in ["resp2", "resp3"] {
        let client = Client::open(format!("redis://{server}/?protocol={protocol}")).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        let checked = Redis::new(connection).with_role(Role::Master);
        let found = checked.with_round_trip("health_versions:").ping().await;
        assert_eq!(found.status(), Status::Healthy, "{found:?}");
        let data: Vec<_> = found.data().map(|(name, _)| name).collect();
        assert_eq!(data, ["acquire_ms", "query_ms", "version", "role"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_loads_its_data() {
    let slowly = [
        "--enable-debug-command",
        "yes",
        "--key-load-delay",
        "5000",
        "--loading-process-events-interval-bytes",
        "1024",
    ];
    let Some(mut program) = server("redis-loads", &slowly).await else {
        return;
    };
    let admin = connection(program.address()).await;
    says::<()>(&admin, "DEBUG POPULATE 500 key 100").await;
    says::<()>(&admin, "SAVE").await;
    program.restart().await;
    let probes = Probes::of(redis::check(connection(program.address()).await));
    let found = probes.one().await;
    assert_eq!(found.message(), Some("the server is loading its data"));
    assert_eq!(probes.until_healthy(50).await.status(), Status::Healthy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_asked_for_no_connection_more_than_there_are() {
    let Some(mut program) = server("redis-restarts", &[]).await else {
        return;
    };
    let managed = manager(client("", program.address()), 6);
    let mut faults = Faults::of("Redis (restart of the server)");
    let probes = Probes::of(redis::check(managed));
    restarts(&mut faults, &mut program, "manager", &probes).await;
    #[cfg(feature = "deadpool-redis")]
    {
        let pooled = pool("", &program.address().to_string(), 10);
        let probes = Probes::of(redis::check(pooled));
        restarts(&mut faults, &mut program, "deadpool", &probes).await;
    }
    faults.finish();
}

async fn restarts(faults: &mut Faults, program: &mut Program, name: &str, probes: &Probes) {
    let admin = connection(program.address()).await;
    let count = async || received(&admin).await;
    faults
        .observe(&format!("{name}: none"), probes, count)
        .await;
    faults
        .observe(&format!("{name}: none, once more"), probes, count)
        .await;
    program.stop();
    faults
        .observe(&format!("{name}: killed"), probes, nothing)
        .await;
    program.restart().await;
    faults.recovers(&format!("{name}: killed"), probes).await;
    let admin = connection(program.address()).await;
    let count = async || received(&admin).await;
    let before = count().await;
    probes.at_once(200).await;
    assert_eq!(count().await, before);
    program.restart().await;
    let admin = connection(program.address()).await;
    let count = async || received(&admin).await;
    faults
        .observe(&format!("{name}: restarted"), probes, count)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_too_many_clients() {
    let Some(program) = server("redis-is-full", &["--maxclients", "2"]).await else {
        return;
    };
    let _others = [
        connection(program.address()).await,
        connection(program.address()).await,
    ];
    let client = client("", program.address());
    let managed = manager(client.clone(), 0);
    let told = redis::ping(&managed).await;
    assert_eq!(told.message(), Some("connection closed by the server"));
    let told = Redis::new(managed).with_client(&client).ping().await;
    assert_eq!(told.message(), Some("too many connections at the server"));
}
