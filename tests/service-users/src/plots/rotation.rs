//! Whom the platform sees, request by request, when a client certificate is replaced: by two clients as they are often written, on bare
//! rustls, and by ours. After the tenth request the certificate is replaced by that of another service user; before the twenty-first, the
//! bare clients open a new connection, as they do after an idle timeout.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use digicert_one_core::{ClientIdentity, Generation, Lease, Material};
use digicert_one_emulator::{Emulator, EmulatorOptions, ServiceUser, ServiceUserSpec};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::held::Held;
use crate::stack::{Address, Stack};

const PREVIOUS: &str = "previous-bot";
const NEW: &str = "new-bot";
const REQUESTS: u32 = 30;
const ROTATED: u32 = 11;
const RECONNECTED: u32 = 21;

/// One request: of which client, which one, whom the platform saw, and what happened before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// The client.
    pub client: &'static str,
    /// Counted from 1.
    pub request: u32,
    /// Whether the platform saw the new service user.
    pub is_new: bool,
    /// Whether the client opened a connection for it.
    pub reconnected: bool,
}

impl SeenRequest {
    /// A row of the table.
    #[must_use]
    pub fn row(&self) -> String {
        let seen = if self.is_new { "new" } else { "previous" };
        let reconnected = if self.reconnected { "reconnected" } else { "" };
        let rotated = if self.request == ROTATED { "rotated" } else { "" };
        format!("{}\t{}\t{seen}\t{reconnected}\t{rotated}", self.client, self.request)
    }
}

/// Plays all three clients.
///
/// # Errors
/// A connection or a response is not as expected.
pub async fn play() -> Result<Vec<SeenRequest>, Box<dyn std::error::Error>> {
    let users = [PREVIOUS, NEW].map(ServiceUserSpec::new);
    let emulator = Emulator::start_blocking(EmulatorOptions::default().service_users(users))?;
    let mut seen = bare(&emulator, "certificate swapped, same pool", false).await?;
    seen.extend(bare(&emulator, "new pool, same session cache", true).await?);
    seen.extend(ours(&emulator).await?);
    Ok(seen)
}

fn user<'a>(emulator: &'a Emulator, name: &str) -> io::Result<&'a ServiceUser> {
    emulator.user(name).ok_or_else(|| io::Error::other("missing service user"))
}

fn chain(user: &ServiceUser) -> Vec<CertificateDer<'static>> {
    user.certificate().chain_der().iter().map(|der| CertificateDer::from(der.clone())).collect()
}

/// A bare client on rustls, whose certificate is replaced in its configuration.
async fn bare(
    emulator: &Emulator,
    client: &'static str,
    renews_pool: bool,
) -> Result<Vec<SeenRequest>, Box<dyn std::error::Error>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let certified = |name: &str| -> Result<Arc<CertifiedKey>, Box<dyn std::error::Error>> {
        let user = user(emulator, name)?;
        let key = PrivatePkcs8KeyDer::from(user.certificate().pkcs8_der().to_vec());
        Ok(Arc::new(CertifiedKey::from_der(chain(user), key.into(), &provider)?))
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(emulator.ca_der().to_vec()))?;
    let current = Arc::new(Swapped(RwLock::new(certified(PREVIOUS)?)));
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesClientCert>);
    let connector = TlsConnector::from(Arc::new(config));
    let authority = emulator.client_auth_url();
    let authority = authority.trim_start_matches("https://").trim_end_matches('/').to_owned();
    let mut connection = None;
    let mut seen = Vec::new();
    for request in 1..=REQUESTS {
        if request == ROTATED {
            *current.0.write().unwrap_or_else(PoisonError::into_inner) = certified(NEW)?;
        }
        if request == RECONNECTED || (request == ROTATED && renews_pool) {
            connection = None;
        }
        let reconnected = connection.is_none();
        let stream = match &mut connection {
            Some(stream) => stream,
            none => none.insert(connect(&connector, &authority).await?),
        };
        seen.push(SeenRequest { client, request, is_new: caller(stream, &authority).await? == NEW, reconnected });
    }
    Ok(seen)
}

/// The certificate of a configuration, which can be replaced.
#[derive(Debug)]
struct Swapped(RwLock<Arc<CertifiedKey>>);

impl ResolvesClientCert for Swapped {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

async fn connect(connector: &TlsConnector, authority: &str) -> io::Result<BufReader<TlsStream<TcpStream>>> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    Ok(BufReader::new(connector.connect(name, TcpStream::connect(authority).await?).await?))
}

/// Makes a request, and returns whom the platform saw.
async fn caller(stream: &mut BufReader<TlsStream<TcpStream>>, authority: &str) -> io::Result<String> {
    let request = format!("GET /account/api/v1/user/me HTTP/1.1\r\nhost: {authority}\r\n\r\n");
    stream.get_mut().write_all(request.as_bytes()).await?;
    stream.get_mut().flush().await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let field = |wanted: &str| {
        let fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned()).next()
    };
    let length = field("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.ok_or_else(|| io::Error::other("missing content-length"))?];
    stream.read_exact(&mut body).await?;
    field("x-emulator-caller").ok_or_else(|| io::Error::other("unknown caller"))
}

/// Our client, whose credential is replaced.
async fn ours(emulator: &Emulator) -> Result<Vec<SeenRequest>, Box<dyn std::error::Error>> {
    let lease = |name: &str| -> Result<Lease, Box<dyn std::error::Error>> {
        let user = user(emulator, name)?;
        let key = PrivatePkcs8KeyDer::from(user.certificate().pkcs8_der().to_vec());
        let material = Material::certificate(ClientIdentity::unchecked(chain(user), &key)?);
        Ok(Lease::new(material, Generation::FIRST, "the run"))
    };
    let held = Arc::new(Held(Mutex::new(lease(PREVIOUS)?)));
    let client = Address::of(emulator).client(Stack::Rustls).shared_credential(Arc::clone(&held) as _).build()?;
    let mut seen = Vec::new();
    for request in 1..=REQUESTS {
        if request == ROTATED {
            let mut current = held.0.lock().unwrap_or_else(PoisonError::into_inner);
            let next = lease(NEW)?;
            *current = Lease::new(next.material().clone(), current.generation().next(), "the run");
        }
        let response = client.get("/account/api/v1/user/me").send().await?;
        let caller = response.headers().get("x-emulator-caller").and_then(|name| name.to_str().ok()).map(str::to_owned);
        let reconnected = response.facts().reused == Some(false);
        response.bytes().await?;
        let is_new = caller.as_deref() == Some(NEW);
        seen.push(SeenRequest { client: "new pool, new session cache (ours)", request, is_new, reconnected });
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_new_session_cache_shows_the_new_identity() {
        let seen = play().await.expect("three clients");
        let new = |client: &str| seen.iter().filter(|seen| seen.client.contains(client) && seen.is_new).count();
        assert_eq!(new("ours"), 20, "{seen:?}");
        assert_eq!((new("same pool"), new("same session")), (0, 0), "{seen:?}");
    }
}
