//! Simulates a TLS-inspecting gateway: it terminates the client's TLS with a leaf for the requested name, and
//! opens its own TLS connection to the target. The client's key never leaves the client, so mutual TLS cannot
//! pass.

use std::io;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::ledger::Ledger;
use crate::options::{FrontOptions, HttpVersions, Sessions};
use crate::pki::Pki;
use crate::provider::provider;
use crate::spec::{Authority, ServerSpec};
use crate::tls::TlsServer;

/// The two sides of the gateway; the servers behind it are those of [`Pki::shared`].
#[derive(Clone)]
pub(crate) struct Inspector(TlsConnector);

impl Inspector {
    pub(crate) fn new() -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from(Pki::shared().root_der().to_vec());
        roots.add(root).map_err(io::Error::other)?;
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Carries HTTP/1.1 between the client and `target`, which is `host:port`.
    pub(crate) async fn relay(
        &self,
        client: TcpStream,
        server: TcpStream,
        target: &str,
        ledger: &Ledger,
        id: u64,
    ) -> io::Result<()> {
        let host = target.rsplit_once(':').map_or(target, |(host, _)| host).trim_matches(['[', ']']).to_owned();
        let names = vec![host.clone()];
        let spec = ServerSpec { names, authority: Authority::Foreign, ..ServerSpec::default() };
        let leaf = Pki::shared().server_with(spec);
        let options = FrontOptions::default().server(leaf).http(HttpVersions::Only1).sessions(Sessions::Off);
        let Some(accepted) = TlsServer::new(&options)?.accept(client, ledger, id).await else { return Ok(()) };
        let mut client = accepted.stream;
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let relayed = match self.0.connect(name, server).await {
            Ok(mut server) => tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop),
            Err(error) => Err(error),
        };
        // Whatever happened behind it, the gateway closes the client's connection properly.
        client.shutdown().await?;
        relayed
    }
}
