//! The client of these tests. It trusts the shared PKI alone and resolves the test names to loopback.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_testbed::{ClientCert, HttpVersions, Pki, TlsRange};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Far more than any of these tests needs: it only ends a test that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn tls_config(identity: Option<&ClientCert>, tls: TlsRange, http: HttpVersions) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(Pki::shared().root_der().to_vec())).unwrap();
    let versions: Vec<_> = match tls {
        TlsRange::Both => vec![&rustls::version::TLS13, &rustls::version::TLS12],
        TlsRange::Only11 => unreachable!("rustls has no TLS 1.1"),
        TlsRange::Only12 => vec![&rustls::version::TLS12],
        TlsRange::Only13 => vec![&rustls::version::TLS13],
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = identity.chain_der().iter().map(|der| CertificateDer::from(der.clone())).collect();
            let key = PrivateKeyDer::try_from(identity.pkcs8_der().to_vec()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = match http {
        HttpVersions::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        HttpVersions::Only1 => vec![b"http/1.1".to_vec()],
        HttpVersions::Only2 => vec![b"h2".to_vec()],
        HttpVersions::Unnamed => vec![],
    };
    config
}

pub(crate) fn builder(
    identity: Option<&ClientCert>,
    tls: TlsRange,
    http: HttpVersions,
    at: SocketAddr,
) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(identity, tls, http))
        .no_proxy()
        .timeout(PATIENCE)
        .resolve("localhost", at)
        .resolve("one.digicert.test", at)
        .resolve("clientauth.one.digicert.test", at)
}

pub(crate) fn client(
    identity: Option<&ClientCert>,
    tls: TlsRange,
    http: HttpVersions,
    at: SocketAddr,
) -> reqwest::Client {
    builder(identity, tls, http, at).build().unwrap()
}

/// An error with everything below it, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text += &format!(": {error}");
        below = error.source();
    }
    text
}
