//! A server that follows a script, for what no correct server does: truncated streams, resets, silence.
//!
//! It uses HTTP/1.1 over TLS or in clear text, or any bytes of a script. The first connection follows the
//! first script, the second the second; the last one repeats.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connection::Listening;
use crate::http2::Http2;
use crate::ledger::{Handshake, Ledger};
use crate::options::{Engine, FrontOptions, HttpVersions, TlsRange};
use crate::script::{Script, Step};
use crate::tls::{Stream, TlsServer, alert, ask_late, linger};
use crate::wire::{begin_request, read_request};

/// The options of a scripted server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawOptions {
    /// TLS as for a front, or clear text. ALPN is HTTP/1.1 by default, or HTTP/2 if configured: the script
    /// then sends it byte by byte.
    pub tls: Option<FrontOptions>,
    /// Whether ALPN offers HTTP/2 and HTTP/1.1, so that each connection must follow a script for the client's choice.
    pub either_version: bool,
    /// A word for the ledger on what sets this server apart.
    pub remark: Option<&'static str>,
    /// A script for each connection, in order; the last one repeats.
    pub scripts: Vec<Script>,
    /// Where to listen; port 0 lets the system pick.
    pub bind: SocketAddr,
}

/// A running scripted server. Dropping it closes listener and connections.
#[derive(Debug)]
pub struct RawServer {
    listening: Listening,
    ledger: Ledger,
    scheme: &'static str,
}

impl RawOptions {
    /// Over TLS, with the default front options.
    pub fn tls(scripts: impl IntoIterator<Item = Script>) -> Self {
        RawOptions { tls: Some(FrontOptions::default()), ..RawOptions::plain(scripts) }
    }

    /// Over TLS, with these options.
    pub fn tls_with(options: FrontOptions, scripts: impl IntoIterator<Item = Script>) -> Self {
        RawOptions { bind: options.bind, tls: Some(options), ..RawOptions::plain(scripts) }
    }

    /// In clear text.
    pub fn plain(scripts: impl IntoIterator<Item = Script>) -> Self {
        RawOptions {
            tls: None,
            either_version: false,
            remark: None,
            scripts: scripts.into_iter().collect(),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }
}

impl RawOptions {
    /// Adds this to what the ledger says about the server.
    #[must_use]
    pub fn remark(mut self, remark: Option<&'static str>) -> Self {
        self.remark = remark;
        self
    }

    /// Offers HTTP/2 and HTTP/1.1.
    #[must_use]
    pub fn either_version(mut self) -> Self {
        self.either_version = true;
        self
    }
}

impl RawServer {
    /// Starts a scripted server, from any thread.
    pub fn start(options: RawOptions) -> io::Result<RawServer> {
        let either = options.either_version;
        let spoken = |tls: &FrontOptions| match tls.http {
            HttpVersions::Both if either => HttpVersions::Both,
            HttpVersions::Only2 => HttpVersions::Only2,
            HttpVersions::Both | HttpVersions::Only1 | HttpVersions::Unnamed => HttpVersions::Only1,
        };
        let asks_late = options.scripts.iter().flatten().any(|step| matches!(step, Step::AskLate(_)));
        if asks_late && !options.tls.as_ref().is_some_and(can_ask_late) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no engine asks late in this TLS version"));
        }
        let about =
            options.tls.as_ref().map_or_else(|| "clear text".to_owned(), |tls| tls.clone().http(spoken(tls)).about());
        let tls = options.tls.map(|tls| TlsServer::new(&tls.clone().http(spoken(&tls)))).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let first = if tls.is_some() { Handshake::Pending } else { Handshake::Plain };
        let scripts: Vec<Arc<Script>> = options.scripts.into_iter().map(Arc::new).collect();
        let remark = options.remark.map(|remark| format!(", {remark}")).unwrap_or_default();
        let ledger = Ledger::new(format!("by script, {about}{remark}"));
        let listening = Listening::start(options.bind, ledger.clone(), first, {
            let ledger = ledger.clone();
            move |tcp, id| {
                let script = scripts.get(id as usize).or(scripts.last()).cloned().unwrap_or_default();
                let (tls, ledger) = (tls.clone(), ledger.clone());
                async move {
                    let accepted = match &tls {
                        None => Some((Stream::Plain(tcp), false)),
                        Some(tls) => tls.accept(tcp, &ledger, id).await.map(|accepted| {
                            let is_http2 = accepted.agreed.alpn.as_deref() == Some("h2");
                            (accepted.stream, is_http2)
                        }),
                    };
                    if let Some((stream, is_http2)) = accepted {
                        // A script fails if the client disconnects, which the ledger records.
                        let _ = follow(&script, stream, is_http2, &ledger, id).await;
                    }
                }
            }
        })?;
        Ok(RawServer { listening, ledger, scheme })
    }

    /// A server that accepts connections and sends nothing: a TLS handshake with it stalls.
    pub fn silent() -> io::Result<RawServer> {
        RawServer::start(RawOptions::plain([vec![Step::Stall]]))
    }

    /// A server that responds in clear text to everything, for a client that expects TLS.
    pub fn plain_http() -> io::Result<RawServer> {
        let response = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        RawServer::start(RawOptions::plain([vec![Step::write(response), Step::CloseClean]]))
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listening.address
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.listening.address.port()
    }

    /// `https://host:port` (`http` for clear text), without a path.
    pub fn url(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.port())
    }

    /// What arrived.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

/// Of [`Step::Pause`]: the resolution of timers.
const MOMENT: Duration = Duration::from_millis(1);

/// Writes until the client closes the connection, and reads what it sends meanwhile, to keep its buffers empty.
async fn trickle(stream: &mut Stream, bytes: &Bytes) -> io::Result<()> {
    let (mut read, mut write) = tokio::io::split(stream);
    let writes = async {
        loop {
            write.write_all(bytes).await?;
            write.flush().await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let reads = async {
        let mut sink = [0; 4096];
        while read.read(&mut sink).await? > 0 {}
        Ok(())
    };
    tokio::select! {
        outcome = writes => outcome,
        outcome = reads => outcome,
    }
}

/// Which engine can ask under which version, see [`Step::AskLate`].
fn can_ask_late(tls: &FrontOptions) -> bool {
    match tls.engine {
        Engine::Rustls => tls.tls == TlsRange::Only13,
        #[cfg(feature = "openssl")]
        Engine::OpenSsl => tls.tls == TlsRange::Only12,
    }
}

/// Makes the system buffer what is written until the connection closes.
fn hold_back(tcp: &TcpStream) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    SockRef::from(tcp).set_tcp_cork(true)?;
    #[cfg(not(target_os = "linux"))]
    let _ = tcp;
    Ok(())
}

async fn follow(script: &[Step], mut stream: Stream, is_http2: bool, ledger: &Ledger, id: u64) -> io::Result<()> {
    let mut buffer = Vec::new();
    let (mut http2, mut begun) = (is_http2.then(Http2::default), None);
    // A recording may hold an earlier connection already.
    let recordings: Vec<_> = script.iter().filter_map(Step::recording).map(|one| (one.clone(), one.len())).collect();
    let mut steps: VecDeque<Cow<'_, Step>> = script.iter().map(Cow::Borrowed).collect();
    while let Some(step) = steps.pop_front() {
        match &*step {
            Step::Respond(responses) => {
                let spoken = match &mut http2 {
                    Some(http2) => http2.begin_request(&mut stream, &mut buffer).await?,
                    None => {
                        begun = Some(begin_request(&mut stream, &mut buffer, ledger, id).await?);
                        0
                    }
                };
                let Some(response) = responses.next(spoken) else { break };
                steps.push_front(step);
                for step in response.into_iter().rev() {
                    steps.push_front(Cow::Owned(step));
                }
            }
            Step::ReadBody => match (&mut http2, begun.take()) {
                (Some(http2), _) => http2.finish_request(&mut stream, &mut buffer).await?,
                (None, Some(request)) => request.finish(&mut stream, &mut buffer).await?,
                (None, None) => {}
            },
            Step::AwaitWindow(bytes) => {
                if let Some(http2) = &mut http2 {
                    http2.await_window(&mut stream, &mut buffer, *bytes).await?;
                }
            }
            Step::Pause => tokio::time::sleep(MOMENT).await,
            Step::ReadRequest => read_request(&mut stream, &mut buffer, ledger, id).await?,
            Step::ReadUntil(recording, part) => {
                let mut chunk = [0; 4096];
                let from = recordings.iter().find(|(one, _)| one.is_same(recording)).map_or(0, |(_, length)| *length);
                while !recording.holds(part, from) {
                    match stream.read(&mut chunk).await? {
                        0 => return Ok(()),
                        count => recording.add(&chunk[..count]),
                    }
                }
            }
            Step::Write(bytes) => {
                stream.write_all(bytes).await?;
                stream.flush().await?;
            }
            Step::Trickle(bytes) => trickle(&mut stream, bytes).await?,
            Step::WriteAndClose(bytes) => {
                hold_back(stream.tcp())?;
                stream.write_all(bytes).await?;
                stream.flush().await?;
                // Sends the buffered bytes, with the FIN.
                linger(stream.tcp()).await;
                return Ok(());
            }
            Step::Wait(gate) => gate.passed().await,
            Step::Tunnel(target) => {
                let mut target = TcpStream::connect(target).await?;
                tokio::io::copy_bidirectional(&mut stream, &mut target).await?;
                return Ok(());
            }
            Step::Open(gate) => gate.open(),
            Step::Alert(code) => return alert(stream, *code).await,
            Step::UpdateKeys => stream.update_keys()?,
            Step::CloseClean => break,
            Step::CloseAbrupt => {
                linger(stream.tcp()).await;
                return Ok(());
            }
            Step::AskLate(response) => return ask_late(stream, response, ledger, id).await,
            Step::Reset => {
                SockRef::from(&*stream.tcp()).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
            Step::Stall => {
                let mut sink = [0; 4096];
                while stream.read(&mut sink).await? > 0 {}
                return Ok(());
            }
        }
    }
    // close_notify and FIN, then the delay that keeps the FIN from becoming a reset.
    stream.shutdown().await?;
    linger(stream.tcp()).await;
    Ok(())
}
