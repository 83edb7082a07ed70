//! The tunnel through a proxy, by CONNECT. The proxy learns the host's name and its own credentials.

use data_encoding::BASE64;
use digicert_one_core::{Delivery, TransportError, TransportErrorKind as Kind};
use http::{HeaderMap, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Flaw;
use super::failure::local;
use crate::table::Defect;

/// More than any honest proxy says before the tunnel stands.
const MAX_HEAD: usize = 8 << 10;

/// The proxy of one transport.
pub(super) struct Tunnel {
    pub(super) host: String,
    pub(super) port: u16,
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
        let credentials = user_info.map(|text| BASE64.encode(text.as_bytes()));
        Ok(Self { host: host.to_owned(), port: proxy.port_u16().unwrap_or(80), credentials, flaw })
    }

    /// Opens the tunnel to `target` (`host:port`). `headers` are those of the request that is to go through it.
    pub(super) async fn open(
        &self,
        mut tcp: TcpStream,
        target: &str,
        headers: &HeaderMap,
    ) -> Result<TcpStream, TransportError> {
        let failed = |error: std::io::Error| local(Kind::Proxy(None), error);
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
}
