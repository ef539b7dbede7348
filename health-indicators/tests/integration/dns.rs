use health_core::Status;
use health_indicators::dns::{self, Dns};

use crate::support::{Faults, Probes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_resolver_of_the_system() {
    let mut faults = Faults::of("DNS (resolver of the system)");
    for (fault, check) in [
        ("none", dns::check("localhost")),
        ("too few", Dns::new("127.0.0.1").with_at_least(2).check()),
        ("name not in the DNS", dns::check("orders.invalid")),
        ("no name at all", dns::check("https://orders")),
    ] {
        let entry = faults.observe(fault, &Probes::of(check), async || 0).await;
        assert!(!entry.message().unwrap_or_default().contains("orders"));
    }
    faults.finish();
}

#[tokio::test]
async fn what_is_measured() {
    let outcome = dns::ping("localhost").await;
    assert_eq!(outcome.status(), Status::Healthy);
    let data: Vec<_> = outcome.data().map(|(name, _)| name).collect();
    assert_eq!(data, ["resolve_ms", "addresses"]);
}

#[cfg(feature = "hickory-resolver")]
mod hickory {
    use std::net::SocketAddr;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use hickory_resolver::config::{
        ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig,
    };
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use hickory_resolver::{Resolver, ResolverBuilder, TokioResolver};

    use super::*;
    use crate::support::{Answer, NameServer, Proxy};

    const NAME: &str = "orders.test.";

    const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

    fn resolver(to: SocketAddr, ways: &[fn() -> ConnectionConfig]) -> TokioResolver {
        builder(to, ways).build().unwrap()
    }

    fn builder(
        to: SocketAddr,
        ways: &[fn() -> ConnectionConfig],
    ) -> ResolverBuilder<TokioRuntimeProvider> {
        let connections = ways.iter().map(|way| {
            let mut connection = way();
            connection.port = to.port();
            connection
        });
        let server = NameServerConfig::new(to.ip(), true, connections.collect());
        let config = ResolverConfig::from_name_servers(vec![server]);
        let runtime = TokioRuntimeProvider::default();
        let mut builder = Resolver::builder_with_config(config, runtime);
        // Both families are asked for at once by default, each over a connection of its own.
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4Only;
        builder
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn faults_of_the_network() {
        let server = NameServer::start().await;
        let mut proxy = Proxy::to(server.address()).await;
        let resolver = resolver(proxy.address(), &[ConnectionConfig::tcp]);
        let probes = Probes::of(Dns::over(resolver, NAME).check());
        let mut faults = Faults::of("DNS (hickory-resolver, over TCP)").client_retries();
        faults.play(&mut proxy, &probes, GARBAGE).await;
        faults.finish();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn faults_of_the_server() {
        let server = NameServer::start().await;
        let resolver = resolver(
            server.address(),
            &[ConnectionConfig::udp, ConnectionConfig::tcp],
        );
        let asking = || Dns::over(resolver.clone(), NAME);
        let probes = Probes::of(asking().check());
        let mut faults = Faults::of("DNS (hickory-resolver, over UDP)");
        for (fault, answer) in [
            ("none", Answer::Addresses(1, 0)),
            ("no such name", Answer::Code(3)),
            ("no addresses", Answer::Code(0)),
            ("the server fails", Answer::Code(2)),
            ("the server refuses", Answer::Code(5)),
            ("the server does not understand", Answer::Code(1)),
            ("truncated over UDP", Answer::Truncated),
            ("truncated over TCP, too", Answer::AlwaysTruncated),
            ("answers to another question", Answer::WrongId),
            ("wrong answer", Answer::Garbage),
            ("frozen", Answer::Silent),
        ] {
            server.set(answer);
            let before = server.asked();
            faults.observe(fault, &probes, async || 0).await;
            let asked = server.asked() - before;
            assert!(asked <= 20, "{fault}: {asked} questions of 200 probes");
        }
        server.set(Answer::Addresses(3, 0));
        faults.recovers("frozen", &probes).await;
        let few = Probes::of(asking().with_at_least(4).check());
        faults.observe("too few", &few, async || 0).await;
        drop(server);
        faults.observe("down", &probes, async || 0).await;
        faults.finish();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn answers_are_cached_unless_asked_not_to_be() {
        let server = NameServer::start().await;
        server.set(Answer::Addresses(2, 100));
        let resolver = resolver(server.address(), &[ConnectionConfig::udp]);
        let cached = Dns::over(resolver.clone(), NAME);
        let fresh = Dns::over(resolver, NAME).with_fresh_answers(true);
        let outcome = cached.ping().await;
        let data: Vec<_> = outcome.data().map(|(name, _)| name).collect();
        assert_eq!(data, ["resolve_ms", "addresses", "valid_seconds"]);
        let asked = server.asked();
        server.set(Answer::Code(3));
        assert_eq!(cached.ping().await.status(), Status::Healthy);
        assert_eq!(server.asked(), asked);
        let outcome = fresh.ping().await;
        assert_eq!(outcome.message(), Some("name not found"));
        server.set(Answer::Addresses(2, 100));
        assert_eq!(fresh.ping().await.status(), Status::Healthy);
        let asked = server.asked();
        assert_eq!(fresh.ping().await.status(), Status::Healthy);
        assert!(server.asked() > asked);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_limit_of_the_resolver_is_told_as_that_of_the_run() {
        let server = NameServer::start().await;
        server.set(Answer::Silent);
        let mut builder = builder(server.address(), &[ConnectionConfig::udp]);
        builder.options_mut().timeout = Duration::from_millis(50);
        builder.options_mut().attempts = 0;
        let outcome = Dns::over(builder.build().unwrap(), NAME).ping().await;
        let message = outcome.message().unwrap();
        assert!(message.starts_with("no answer within "), "{message}");
        assert!(
            message.len() <= "no answer within 999 ms".len(),
            "{message}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn lookups_that_were_given_up_leave_the_resolver_as_it_was() {
        let server = NameServer::start().await;
        let proxy = Proxy::to(server.address()).await;
        let resolver = resolver(proxy.address(), &[ConnectionConfig::tcp]);
        let dns = Dns::over(resolver, NAME);
        assert_eq!(dns.ping().await.status(), Status::Healthy);
        server.set(Answer::Silent);
        for _ in 0..50 {
            let given_up = tokio::time::timeout(Duration::from_millis(5), dns.ping()).await;
            assert!(given_up.is_err());
        }
        server.set(Answer::Addresses(1, 0));
        let outcome = dns.ping().await;
        assert_eq!(outcome.status(), Status::Healthy, "{outcome:?}");
        assert_eq!(proxy.counter().load(Ordering::SeqCst), 1);
    }
}
