//! The tunnel through a proxy, by CONNECT or SOCKS. The proxy gets the host's name and its own credentials.

use std::sync::atomic::{AtomicBool, Ordering};

use data_encoding::BASE64;
use digicert_one_core::{BoxError, Delivery, Proxy, TransportError, TransportErrorKind as Kind};
use http::{HeaderMap, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::failure::local;
use super::tls::Wire;
use super::{Flaw, foreign};
use crate::table::Defect;

/// More than any correct proxy sends before the tunnel is open.
const MAX_HEAD: usize = 8 << 10;

/// The proxy of one transport.
pub(super) struct Tunnel {
    pub(super) host: String,
    pub(super) port: u16,
    scheme: String,
    /// The base64 of user and password.
    credentials: Option<String>,
    /// User and password as they are meant.
    decoded: Option<(String, String)>,
    /// Whether the proxy has asked for them, where a defect waits for that.
    was_asked: AtomicBool,
    /// Whether it has had a request.
    is_known: AtomicBool,
    /// Whether it has refused a tunnel.
    refused: AtomicBool,
    flaw: Flaw,
}

impl Tunnel {
    /// # Errors
    /// A text that quotes nothing: the address may hold a password.
    pub(super) fn new(proxy: &Uri, flaw: Flaw) -> Result<Self, BoxError> {
        let user_info =
            proxy.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|parts| parts.0);
        let address = match flaw.is(Defect::TakesAnyProxyForHttp) {
            true => Proxy::parse(&format!("http://{}", proxy.authority().map_or("", |authority| authority.as_str())))?,
            false => Proxy::Http(proxy.clone()),
        };
        let address = address.address()?.ok_or("missing proxy")?;
        let decoded = address.credentials().map(|(user, password)| (user.to_owned(), password.to_owned()));
        let text = match (decoded.clone(), user_info) {
            (Some(_), Some(escaped)) if flaw.is(Defect::SendsEscapedPasswords) => Some(escaped.to_owned()),
            (Some((user, password)), _) if password.is_empty() && flaw.is(Defect::SendsUsersWithoutColon) => Some(user),
            (Some((user, password)), Some(escaped)) if flaw.is(Defect::ReadsPlusAsBlank) && escaped.contains('+') => {
                Some(format!("{user}:{password}").replace('+', " "))
            }
            (decoded, _) => decoded.map(|(user, password)| format!("{user}:{password}")),
        };
        Ok(Self {
            host: address.host().to_owned(),
            port: address.port(),
            scheme: address.scheme().to_owned(),
            is_known: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            was_asked: AtomicBool::new(!flaw.is(Defect::ShowsPasswordsToProxiesWhenAsked)),
            credentials: text.map(|text| {
                let line = if flaw.is(Defect::CutsProxyCredentials) { text.len().min(57) } else { text.len() };
                BASE64.encode(&text.as_bytes()[..line])
            }),
            decoded: decoded.filter(|_| !flaw.is(Defect::IgnoresCredentialsOfSocks)),
            flaw,
        })
    }

    /// Whether it has not shown its credentials yet, and does so from now on.
    pub(super) fn is_asked(&self) -> bool {
        !self.was_asked.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Opens the tunnel to the host. `headers` are those of the request that will go through it.
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
        if self.flaw.is(Defect::GivesUpProxies) && self.refused.load(Ordering::Relaxed) {
            return Err(local(Kind::Proxy(None), "the proxy is marked as bad"));
        }
        if self.scheme.starts_with("socks5") {
            self.ask_socks(&mut *tcp, host, port).await.map_err(failed)?;
            return Ok(tcp);
        }
        let leaves_out = port == 443 && self.flaw.is(Defect::LeavesOutPortsOfTunnels);
        let target = if leaves_out {
            host.to_owned()
        } else if host.contains(':') && !self.flaw.is(Defect::LeavesOutBracketsOfTunnels) {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let own = format!("{}:{}", self.host, self.port);
        let named = if self.flaw.is(Defect::NamesProxiesAsHost) { &own } else { &target };
        let mut head = format!("CONNECT {target} HTTP/1.1\r\nhost: {named}\r\n");
        let is_over = self.is_known.swap(true, Ordering::Relaxed) && self.flaw.is(Defect::ShowsPasswordsToProxiesOnce);
        if let Some(credentials) =
            self.credentials.as_ref().filter(|_| self.was_asked.load(Ordering::Relaxed) && !is_over)
        {
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
        if self.flaw.is(Defect::ShowsAuthorizationToProxies)
            && let Some(token) = headers.get("authorization").and_then(|token| token.to_str().ok())
        {
            head += &format!("authorization: {token}\r\n");
        }
        tcp.write_all(format!("{head}\r\n").as_bytes()).await.map_err(failed)?;
        // Byte by byte: what follows the head belongs to the tunnel.
        let (response, status) = loop {
            let mut response = Vec::new();
            while !response.ends_with(b"\r\n\r\n") && response.len() < MAX_HEAD {
                response.push(tcp.read_u8().await.map_err(failed)?);
            }
            let status = response.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            let is_interim = matches!(status, Some(100..=199));
            if !is_interim || self.flaw.is(Defect::TakesInterimOfProxiesForRefusals) {
                break (response, status);
            }
        };
        let is_old = !response.starts_with(b"HTTP/1.1 ") && self.flaw.is(Defect::WantsHttp11OfProxies);
        let refuses = self.flaw.is(Defect::TakesEveryRefusalFor407) && !matches!(status, Some(200..=299));
        let status = if refuses { Some(407) } else { status };
        if self.flaw.is(Defect::SkipsBodiesOfConnect) && matches!(status, Some(200..=299)) {
            let text = String::from_utf8_lossy(&response).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let mut body = vec![0; length.unwrap_or_default()];
            tcp.read_exact(&mut body).await.map_err(failed)?;
        }
        if self.flaw.is(Defect::WantsShortHeadsOfProxies) && response.len() > 1 << 10 {
            return Err(local(Kind::Proxy(status), "the response of the proxy is too long"));
        }
        let is_other = self.flaw.is(Defect::WantsTunnelsBy200) && status != Some(200);
        match status.filter(|_| !is_old && !is_other) {
            Some(200..=299) => Ok(tcp),
            status => {
                self.refused.store(true, Ordering::Relaxed);
                if self.flaw.is(Defect::KeepsRefusingProxies) {
                    foreign::keep(tcp);
                }
                let error = TransportError::new(Kind::Proxy(status), Delivery::NotSent);
                Err(match self.flaw.is(Defect::QuotesRefusalsOfProxies) {
                    true => error.with_source(String::from_utf8_lossy(&response).into_owned()),
                    false => error.with_source("the proxy digs no tunnel for this host"),
                })
            }
        }
    }

    /// Lets a SOCKS proxy connect to the host, by name (RFC 1928, and RFC 1929 for credentials).
    async fn ask_socks(&self, tcp: &mut dyn Wire, host: &str, port: u16) -> std::io::Result<()> {
        let methods: &[u8] = if self.decoded.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
        tcp.write_all(methods).await?;
        let mut greeting = [0; 2];
        tcp.read_exact(&mut greeting).await?;
        let short = |length: usize| u8::try_from(length).map_err(std::io::Error::other);
        if let (2, Some((user, password))) = (greeting[1], &self.decoded) {
            let [users, passwords] = [[short(user.len())?], [short(password.len())?]];
            tcp.write_all(&[&[1], &users, user.as_bytes(), &passwords, password.as_bytes()].concat()).await?;
            tcp.read_exact(&mut greeting).await?;
            greeting = [5, greeting[1]];
        }
        let length = short(host.len())?;
        let place = match self.flaw.is(Defect::ResolvesNamesForSocks) {
            true => vec![1, 127, 0, 0, 1],
            false => [&[3, length], host.as_bytes()].concat(),
        };
        tcp.write_all(&[&[5, 1, 0][..], &place, &port.to_be_bytes()].concat()).await?;
        let mut reply = [0; 5];
        tcp.read_exact(&mut reply).await?;
        // Of an address and a port the first byte is read.
        let rest = match reply[3] {
            3 if !self.flaw.is(Defect::ReadsShortRepliesOfSocks) => usize::from(reply[4]) + 2,
            4 if !self.flaw.is(Defect::ReadsShortRepliesOfSocks) => 17,
            _ => 5,
        };
        tcp.read_exact(&mut vec![0; rest]).await?;
        if greeting == [5, 0] && reply[1] == 0 { Ok(()) } else { Err(std::io::Error::other("the proxy refuses")) }
    }
}
