use std::sync::atomic::Ordering;
use std::time::Duration;

use health_core::Check;
use health_indicators::tcp::{self, Tcp};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::{Fault, Faults, Probes, Proxy};

/// A mail server, as far as anybody here listens to it.
async fn mail_server(greeting: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                // In two pieces, as networks may have it.
                let (start, end) = greeting.split_at(greeting.len().min(2));
                let _gone = client.write_all(start).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
                let _gone = client.write_all(end).await;
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let server = mail_server(b"220 mail.example.org ESMTP\r\n").await;
    let mut proxy = Proxy::to(server).await;
    let smtp = Tcp::new(proxy.address().to_string()).with_greeting("220 ");
    let mut faults = Faults::of("TCP (greeting expected)");
    let garbage = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    faults
        .play(&mut proxy, &Probes::of(smtp.check()), garbage)
        .await;
    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    for (fault, address) in [
        ("name not in the DNS", "mail.invalid:25"),
        ("no port in the address", "mail.example.org"),
    ] {
        let probes = Probes::of(tcp::check(address));
        faults.observe(fault, &probes, count).await;
    }
    faults.finish();
}

async fn said(check: Check) -> String {
    let entry = Probes::of(check).one().await;
    entry.message().unwrap_or("healthy").to_owned()
}

#[tokio::test]
async fn an_open_port_is_enough_where_no_greeting_is_expected() {
    let proxy = Proxy::to(mail_server(b"").await).await;
    let address = proxy.address().to_string();
    proxy.set(Fault::Frozen);
    assert_eq!(said(tcp::check(&*address)).await, "healthy");
    assert_eq!(tcp::ping(&address).await.message(), None);
    let names = |outcome: health_core::Outcome| {
        let names = outcome.data().map(|(name, _)| name.to_owned());
        names.collect::<Vec<_>>()
    };
    let pinged = Tcp::new(&*address).with_greeting("").ping().await;
    assert_eq!(names(pinged), ["resolve_ms", "connect_ms", "greeting_ms"]);
    let debug = format!("{:?}", Tcp::new(&*address).with_greeting("s3cret"));
    assert!(
        !debug.contains("127.0.0.1") && !debug.contains("s3cret"),
        "{debug}"
    );
}

/// A lookup holds its thread for as long as the DNS lets it wait, whoever has given it up.
#[cfg(target_os = "linux")]
#[test]
fn one_thread_looks_a_name_up_for_all() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .thread_name("tcp-lookups")
        .build()
        .unwrap();
    let threads = || {
        let all = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = all.flat_map(|thread| std::fs::read_to_string(thread.path().join("comm")));
        names.filter(|name| name.trim() == "tcp-lookups").count()
    };
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("localhost:{}", listener.local_addr().unwrap().port());
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let address = address.clone();
            asking.spawn(async move { tcp::ping(&address).await });
        }
        for outcome in asking.join_all().await {
            assert_eq!(
                outcome.status(),
                health_core::Status::Healthy,
                "{outcome:?}"
            );
        }
        assert!(threads() < 20, "{} threads", threads());
    });
}
