//! What a broken transport takes from its surroundings, or leaves there: files, variables, the settings of the first transport.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use digicert_one_core::{ClientIdentity, HttpVersions, Proxy, TlsVersions, TransportConfig};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::Flaw;
use crate::table::Defect;

/// A file for a library that accepts no key from memory.
pub(super) fn key_file(identity: &ClientIdentity, flaw: Flaw) -> std::io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let path = std::env::temp_dir().join(format!("broken-{}.pem", NEXT.fetch_add(1, Ordering::Relaxed)));
    identity.expose_key_pem(|pem| std::fs::write(&path, pem))?;
    #[cfg(not(unix))]
    let _ = flaw;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if flaw.is(Defect::OpensItsKeyFile) { 0o644 } else { 0o600 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(path)
}

/// The proxy that is used: the one of the configuration, unless there is a defect.
pub(super) fn proxy(config: &TransportConfig, flaw: Flaw) -> Proxy {
    if flaw.is(Defect::KeepsTheFirstProxy) {
        static FIRST: OnceLock<Proxy> = OnceLock::new();
        return FIRST.get_or_init(|| config.proxy().clone()).clone();
    }
    if flaw.among(&[Defect::IgnoresProxies, Defect::AcceptsProxiesItLacks]) {
        return Proxy::None;
    }
    if flaw.is(Defect::ReadsProxyVariables)
        && let Some(proxy) = std::env::var("HTTPS_PROXY").ok().and_then(|url| Proxy::parse(&url).ok())
    {
        return proxy;
    }
    config.proxy().clone()
}

/// The roots of the machine, if the environment names them.
pub(super) fn system_roots() -> Vec<CertificateDer<'static>> {
    let file = std::env::var_os("SSL_CERT_FILE");
    let roots = file.and_then(|path| CertificateDer::pem_file_iter(path).ok());
    roots.into_iter().flatten().flatten().collect()
}

/// The configuration, with what the first transport of the process had.
pub(super) fn earlier(config: &TransportConfig, flaw: Flaw) -> TransportConfig {
    static HTTP: OnceLock<HttpVersions> = OnceLock::new();
    static TLS: OnceLock<TlsVersions> = OnceLock::new();
    if flaw.is(Defect::KeepsTheLastTotal) {
        *last_total() = config.timeouts().total();
    }
    if flaw.is(Defect::KeepsTheFirstHttpVersion) {
        return config.clone().with_http_versions(*HTTP.get_or_init(|| config.http_versions()));
    }
    if flaw.is(Defect::KeepsTheFirstTlsVersion) {
        return config.clone().with_tls_versions(*TLS.get_or_init(|| config.tls_versions()));
    }
    config.clone()
}

fn last_total() -> MutexGuard<'static, Duration> {
    static LAST: Mutex<Duration> = Mutex::new(Duration::MAX);
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The limit for the whole call, or that of the last transport.
pub(super) fn total(own: Duration, flaw: Flaw) -> Duration {
    if flaw.is(Defect::KeepsTheLastTotal) { *last_total() } else { own }
}
