use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use health_core::{Outcome, Status, Value};
use health_indicators::tls::{self, Tls};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair, SigningKey,
    date_time_ymd,
};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::support::{Fault, Faults, Probes, Program, Proxy};

const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

const NAME: &str = "orders.test";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The days of the year 2030 that are over.
const TODAY: i64 = 165;

/// Noon, for ever.
#[derive(Debug)]
struct Today;

impl TimeProvider for Today {
    fn current_time(&self) -> Option<UnixTime> {
        let first = date_time_ymd(2030, 1, 1).unix_timestamp();
        let first = Duration::from_secs(first.try_into().unwrap());
        let noon = DAY * TODAY.try_into().unwrap() + DAY / 2;
        Some(UnixTime::since_unix_epoch(first + noon))
    }
}

type Authority = CertifiedIssuer<'static, KeyPair>;

/// From which midnight to which, counted from that before now; where none is said, far away.
#[derive(Clone, Copy, Default)]
struct Days {
    from: Option<i64>,
    to: Option<i64>,
}

impl Days {
    fn until(to: i64) -> Self {
        let to = Some(to);
        Self { from: None, to }
    }
}

fn params(name: &str, days: Days) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let first = date_time_ymd(2030, 1, 1);
    let midnight = |days: i64| first + DAY * u32::try_from(TODAY + days).unwrap();
    if let Some(from) = days.from {
        params.not_before = midnight(from);
    }
    if let Some(to) = days.to {
        params.not_after = midnight(to);
    }
    params
}

fn authority(name: &str) -> Authority {
    let mut params = params(name, Days::default());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server shows, and the key to it.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Identity {
    fn of(name: &str, days: Days, issuer: &Issuer<'_, impl SigningKey>) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, days).signed_by(&key, issuer).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    /// By an authority in between, that is valid for these days.
    fn behind(days: Days, root: &Authority) -> Self {
        let mut params = params("between.test", days);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let between =
            CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), root).unwrap();
        let mut identity = Self::of(NAME, Days::default(), &between);
        identity.chain.push(between.der().clone());
        identity
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn roots(root: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    roots
}

fn client(root: &Authority, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots(root))
        .with_no_client_auth();
    config.time_provider = Arc::new(Today);
    config
}

fn server(identity: &Identity, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), identity.key())
        .unwrap()
}

fn strict_server(
    identity: &Identity,
    root: &Authority,
    version: &'static SupportedProtocolVersion,
) -> ServerConfig {
    let clients = WebPkiClientVerifier::builder_with_provider(roots(root).into(), provider());
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(identity.chain.clone(), identity.key())
        .unwrap()
}

/// A server that says nothing, and remembers how each connection ended.
struct Peer {
    address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    ends: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Peer {
    async fn start(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(Mutex::new(Arc::new(config)));
        let ends: Arc<Mutex<Vec<_>>> = Arc::default();
        let (configured, ended) = (Arc::clone(&config), Arc::clone(&ends));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::clone(&*configured.lock().unwrap()));
                let ended = Arc::clone(&ended);
                tokio::spawn(async move {
                    let end = match acceptor.accept(stream).await {
                        Ok(mut stream) => match stream.read_u8().await {
                            Ok(_) => "a byte".to_owned(),
                            Err(_) => clean(&mut stream).await,
                        },
                        Err(error) => format!("no handshake: {error}"),
                    };
                    ended.lock().unwrap().push(end);
                });
            }
        });
        Self {
            address,
            config,
            ends,
            serving,
        }
    }

    fn shows(&self, config: ServerConfig) {
        *self.config.lock().unwrap() = Arc::new(config);
    }
}

/// Whether the client has said that it is done.
async fn clean(stream: &mut tokio_rustls::server::TlsStream<TcpStream>) -> String {
    match stream.read(&mut [0]).await {
        Ok(0) => "closed".to_owned(),
        other => format!("{other:?}"),
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn of(config: &ClientConfig, to: SocketAddr) -> Tls {
    Tls::new(config.clone(), "localhost", to.port()).with_server_name(NAME)
}

fn days(outcome: &Outcome) -> Vec<(&str, i64)> {
    let whole = |(name, value)| match value {
        &Value::Integer(days) => Some((name, days)),
        _ => None,
    };
    outcome.data().filter_map(whole).collect()
}

const BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults() {
    let (root, other) = (authority("root.test"), authority("other.test"));
    let shows = |name, days, root: &Authority| server(&Identity::of(name, days, root), BOTH);
    let far = Days::default();
    let peer = Peer::start(shows(NAME, far, &root)).await;
    let mut proxy = Proxy::to(peer.address).await;
    let config = client(&root, BOTH);
    let probes = Probes::of(of(&config, proxy.address()).check());
    let mut faults = Faults::of("TLS (rustls)");
    faults.play(&mut proxy, &probes, GARBAGE).await;

    let accepted = proxy.counter();
    let count = async || accepted.load(Ordering::SeqCst);
    let early = Days {
        from: Some(4),
        to: None,
    };
    let chain = Identity::behind(Days::until(6), &root);
    for (fault, shown) in [
        ("22 days left", shows(NAME, Days::until(22), &root)),
        ("20 days left", shows(NAME, Days::until(21), &root)),
        ("5 days left", shows(NAME, Days::until(6), &root)),
        ("hours left", shows(NAME, Days::until(1), &root)),
        ("5 days left of the issuer's", server(&chain, BOTH)),
        ("expired for hours", shows(NAME, Days::until(0), &root)),
        ("expired for 3 days", shows(NAME, Days::until(-3), &root)),
        ("not valid yet", shows(NAME, early, &root)),
        ("another name", shows("billing.test", far, &root)),
        ("unknown issuer", shows(NAME, far, &other)),
        (
            "client certificate required",
            strict_server(&chain, &root, &TLS13),
        ),
        ("and in TLS 1.2", strict_server(&chain, &root, &TLS12)),
        ("without a version in common", server(&chain, &[&TLS12])),
    ] {
        peer.shows(shown);
        let modern = client(&root, &[&TLS13]);
        let asked = match fault {
            "without a version in common" => of(&modern, proxy.address()),
            _ => of(&config, proxy.address()),
        };
        faults
            .observe(fault, &Probes::of(asked.check()), count)
            .await;
    }
    let unknown = Tls::new(config.clone(), "orders.invalid", 443);
    faults
        .observe("name not in the DNS", &Probes::of(unknown.check()), count)
        .await;
    let nameless = tls::check(config, "https://orders", 443);
    faults
        .observe("no name at all", &Probes::of(nameless), count)
        .await;
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_are_measured_also_of_certificates_that_are_refused() {
    let root = authority("root.test");
    let config = client(&root, BOTH);
    let expired = Identity::of(NAME, Days::until(-3), &root);
    let peer = Peer::start(server(&expired, BOTH)).await;
    let outcome = of(&config, peer.address).ping().await;
    assert_eq!(outcome.status(), Status::Unhealthy);
    assert_eq!(days(&outcome), [("certificate_days", -4)]);
    peer.shows(server(&Identity::behind(Days::until(6), &root), BOTH));
    let outcome = of(&config, peer.address).ping().await;
    assert_eq!(outcome.status(), Status::Degraded);
    let [("certificate_days", own), ("chain_days", 5)] = days(&outcome)[..] else {
        panic!("{outcome:?}");
    };
    assert!(own > 10_000, "{own}");
    let names: Vec<_> = outcome.data().map(|(name, _)| name).collect();
    let steps = ["resolve_ms", "connect_ms", "handshake_ms", "tls_version"];
    assert_eq!(names[..4], steps);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_run_sees_the_certificate_of_today_and_closes_its_connection() {
    let root = authority("root.test");
    let identity = Identity::of(NAME, Days::default(), &root);
    for version in [&TLS12, &TLS13] {
        let peer = Peer::start(server(&identity, &[version])).await;
        // Sessions that the application would resume.
        let server = of(&client(&root, &[version]), peer.address);
        for _ in 0..3 {
            assert_eq!(server.ping().await.status(), Status::Healthy);
        }
        assert_eq!(*peer.ends.lock().unwrap(), ["closed"; 3]);
        let renewed = Identity::of(NAME, Days::until(5), &root);
        peer.shows(self::server(&renewed, &[version]));
        assert_eq!(days(&server.ping().await)[0], ("certificate_days", 4));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_probes_share_one_handshake() {
    let root = authority("root.test");
    let identity = Identity::of(NAME, Days::default(), &root);
    let peer = Peer::start(server(&identity, BOTH)).await;
    let probes = Probes::of(of(&client(&root, BOTH), peer.address).check());
    assert_eq!(probes.at_once(200).await.status(), Status::Healthy);
    assert_eq!(*peer.ends.lock().unwrap(), ["closed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_given_up_leaves_no_connection() {
    let root = authority("root.test");
    let identity = Identity::of(NAME, Days::default(), &root);
    let peer = Peer::start(server(&identity, BOTH)).await;
    let proxy = Proxy::to(peer.address).await;
    proxy.set(Fault::Slow(Duration::from_millis(100)));
    let server = of(&client(&root, BOTH), proxy.address());
    let given_up = tokio::time::timeout(Duration::from_millis(150), server.ping()).await;
    assert!(given_up.is_err());
    while peer.ends.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(peer.ends.lock().unwrap()[0].starts_with("no handshake"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_lets_one_wait_is_told_from_a_server_that_does() {
    let full = TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let connect = || tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address));
    let mut waiting = Vec::new();
    while let Ok(connected) = connect().await {
        waiting.push(connected.unwrap());
    }
    let config = client(&authority("root.test"), BOTH);
    let entry = Probes::of(of(&config, address).check()).one().await;
    let message = entry.message().unwrap();
    assert!(message.starts_with("no connection within "), "{message}");
}

/// A server of another make, which also says in its own words what it does not like.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl() {
    let Some(program) = Program::find("openssl") else {
        return;
    };
    let root = authority("root.test");
    let identity = Identity::of(NAME, Days::until(31), &root);
    let folder = Program::folder("openssl").unwrap();
    let (chain, key) = (folder.join("certificate"), folder.join("key"));
    std::fs::write(&chain, &identity.chain[0]).unwrap();
    std::fs::write(&key, identity.key.serialize_der()).unwrap();
    for (options, expected) in [
        (&["-tls1_3"][..], None),
        (&["-tls1_2"], None),
        (
            &["-tls1_3", "-Verify", "1"],
            Some("client certificate required"),
        ),
        (
            &["-tls1_2", "-Verify", "1"],
            Some("handshake refused by the server"),
        ),
        (
            &["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"],
            Some("handshake refused by the server"),
        ),
    ] {
        let port = Program::free_port();
        let mut command = Command::new(&program);
        command.args(["s_server", "-accept"]).arg(port.to_string());
        command.arg("-cert").arg(&chain).arg("-key").arg(&key);
        command.args(["-www", "-certform", "DER", "-keyform", "DER"]);
        command.args(options);
        let server = Program::start(command, port).await;
        let outcome = of(&client(&root, BOTH), server.address()).ping().await;
        assert_eq!(outcome.message(), expected, "{options:?} {outcome:?}");
        if expected.is_none() {
            assert_eq!(days(&outcome)[0], ("certificate_days", 30));
        }
    }
}
