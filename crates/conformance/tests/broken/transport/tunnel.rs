//! The tunnel through a proxy, by CONNECT or SOCKS. The proxy learns the host's name and its own credentials.

use data_encoding::BASE64;
use digicert_one_core::{Delivery, TransportError, TransportErrorKind as Kind};
use http::{HeaderMap, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Flaw;
use super::failure::local;
use super::tls::Wire;
use crate::table::Defect;

/// More than any honest proxy says before the tunnel stands.
const MAX_HEAD: usize = 8 << 10;

/// The proxy of one transport.
pub(super) struct Tunnel {
    pub(super) host: String,
    pub(super) port: u16,
    scheme: String,
    /// The base64 of user and password.
    credentials: Option<String>,
    flaw: Flaw,
}

impl Tunnel {
    /// # Errors
    /// A text that quotes nothing: the address may hold a password.
    pub(super) fn new(proxy: &Uri, flaw: Flaw) -> Result<Self, &'static str> {
        let host = proxy.host().filter(|host| !host.is_empty()).ok_or("the proxy's address names no host")?;
        let authority = proxy.authority().map_or("", |authority| authority.as_str());
        let user_info = authority.rsplit_once('@').map(|(user_info, _)| user_info);
        let given = |text: &str| match flaw.is(Defect::SendsEscapedPasswords) {
            true => text.as_bytes().to_vec(),
            false => unescaped(text),
        };
        let credentials = user_info.map(|text| {
            let parts = match text.split_once(':') {
                Some((user, password)) => vec![given(user), given(password)],
                None if flaw.is(Defect::SendsUsersWithoutColon) => vec![given(text)],
                None => vec![given(text), Vec::new()],
            };
            BASE64.encode(&parts.join(&b':'))
        });
        let scheme = proxy.scheme_str().unwrap_or("http").to_owned();
        let usual = match &*scheme {
            "https" => 443,
            "socks5" | "socks5h" => 1080,
            _ => 80,
        };
        Ok(Self { host: host.to_owned(), port: proxy.port_u16().unwrap_or(usual), scheme, credentials, flaw })
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Opens the tunnel to the host. `headers` are those of the request that is to go through it.
    pub(super) async fn open(
        &self,
        mut tcp: Box<dyn Wire>,
        host: &str,
        port: u16,
        headers: &HeaderMap,
    ) -> Result<Box<dyn Wire>, TransportError> {
        let failed = |error: std::io::Error| {
            let is_reset = error.kind() == std::io::ErrorKind::ConnectionReset;
            let is_told = !is_reset || !self.flaw.is(Defect::TakesResetProxiesForServers);
            local(if is_told { Kind::Proxy(None) } else { Kind::Refused }, error)
        };
        if self.scheme.starts_with("socks5") {
            self.ask_socks(&mut *tcp, host, port).await.map_err(failed)?;
            return Ok(tcp);
        }
        let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let mut head = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n");
        if let Some(credentials) = &self.credentials {
            head += &format!("proxy-authorization: Basic {credentials}\r\n");
            if self.flaw.is(Defect::LogsProxyPasswords) {
                tracing::debug!("the proxy is shown {credentials}");
            }
        }
        if self.flaw.is(Defect::ShowsTheKeyToProxies)
            && let Some(key) = headers.get("x-api-key").and_then(|key| key.to_str().ok())
        {
            head += &format!("x-api-key: {key}\r\n");
        }
        tcp.write_all(format!("{head}\r\n").as_bytes()).await.map_err(failed)?;
        // Byte for byte: what comes after the head belongs to the tunnel.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") && answer.len() < MAX_HEAD {
            answer.push(tcp.read_u8().await.map_err(failed)?);
        }
        let status = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        match status {
            Some(200..=299) => Ok(tcp),
            status => Err(TransportError::new(Kind::Proxy(status), Delivery::NotSent)
                .with_source("the proxy digs no tunnel for this host")),
        }
    }

    /// Has a SOCKS proxy connect to the host, by name (RFC 1928, without credentials).
    async fn ask_socks(&self, tcp: &mut dyn Wire, host: &str, port: u16) -> std::io::Result<()> {
        tcp.write_all(&[5, 1, 0]).await?;
        let mut greeting = [0; 2];
        tcp.read_exact(&mut greeting).await?;
        let length = u8::try_from(host.len()).map_err(std::io::Error::other)?;
        let place = match self.flaw.is(Defect::ResolvesNamesForSocks) {
            true => vec![1, 127, 0, 0, 1],
            false => [&[3, length], host.as_bytes()].concat(),
        };
        tcp.write_all(&[&[5, 1, 0][..], &place, &port.to_be_bytes()].concat()).await?;
        // This one has an address of IPv4.
        let mut reply = [0; 10];
        tcp.read_exact(&mut reply).await?;
        if greeting == [5, 0] && reply[1] == 0 { Ok(()) } else { Err(std::io::Error::other("the proxy refuses")) }
    }
}

/// What stands escaped in a URL (RFC 3986 section 2.1).
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let (byte, tail) = match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => (byte, &tail[2..]),
            None => (*first, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    bytes
}
