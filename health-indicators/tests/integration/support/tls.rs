//! A server that speaks TLS, and answers whatever comes like a web server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// See the module.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) address: SocketAddr,
    /// The certificate that signs the server's own.
    pub(crate) root: CertificateDer<'static>,
}

impl Tls {
    /// With a certificate for this name that is valid between these days from now.
    pub(crate) async fn serve(name: &str, from: i64, until: i64) -> Self {
        let (root, config) = certified(name, from, until);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(client).await?;
                    let mut request = [0; 4096];
                    while stream.read(&mut request).await? > 0 {
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                            .await?;
                        stream.flush().await?;
                    }
                    stream.shutdown().await
                });
            }
        });
        Self { address, root }
    }
}

fn certified(name: &str, from: i64, until: i64) -> (CertificateDer<'static>, ServerConfig) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = day(from).into();
    params.not_after = day(until).into();
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let root = issuer.der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone(), root.clone()], key)
        .unwrap();
    (root, config)
}

/// Half an hour after so many days, so that none of them ends while a test runs.
fn day(from_now: i64) -> SystemTime {
    let days = Duration::from_secs(from_now.unsigned_abs() * 24 * 60 * 60);
    let now = SystemTime::now() + Duration::from_secs(30 * 60);
    if from_now < 0 { now - days } else { now + days }
}
