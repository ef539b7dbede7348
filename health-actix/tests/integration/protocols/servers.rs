//! One application on three ports, with a certificate that is made for the occasion.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use health_actix::{Dialect, DrainExt, Health, HealthService};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::support::run;

pub(super) struct Servers {
    /// HTTP/1.1.
    plain: SocketAddr,
    /// Either, as the client begins.
    auto: SocketAddr,
    /// Either, as TLS negotiates it.
    tls: SocketAddr,
    certificate: CertificateDer<'static>,
}

impl Servers {
    pub(super) fn start(health: &Health) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = cert.der().clone();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let health = health.clone();
        let server = HttpServer::new(move || {
            let dialects = [Dialect::default(), Dialect::kubernetes(), Dialect::spring()];
            App::new()
                .wrap(health.drain_layer())
                .wrap(HealthService::new(&health).prefix("/outermost").layer())
                .service(HealthService::new(&health).dialects(dialects))
                .route("/orders", web::get().to(HttpResponse::Ok))
        });
        let any = ("127.0.0.1", 0);
        let server = server.workers(1).bind(any).unwrap();
        let server = server.bind_auto_h2c(any).unwrap();
        let server = server.bind_rustls_0_23(any, config).unwrap();
        let addresses = server.addrs();
        run(server.run());
        Self {
            plain: addresses[0],
            auto: addresses[1],
            tls: addresses[2],
            certificate,
        }
    }

    pub(super) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.plain).await.unwrap()
    }

    /// To the port that also knows HTTP/2.
    pub(super) async fn tcp_auto(&self) -> TcpStream {
        TcpStream::connect(self.auto).await.unwrap()
    }

    /// Offers this protocol alone.
    pub(super) async fn tls(&self, protocol: &str) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.into()];
        let stream = TcpStream::connect(self.tls).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let name = "localhost".try_into().unwrap();
        let stream = connector.connect(name, stream).await.unwrap();
        let agreed = stream.get_ref().1.alpn_protocol();
        assert_eq!(agreed, Some(protocol.as_bytes()));
        stream
    }
}
