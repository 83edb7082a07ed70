//! A loopback HTTPS server with a handler for its responses.
//!
//! The body of a request is collected before the handler runs, so that the ledger has its length and hash;
//! for a broken or endless stream, use the raw server.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use wiremock::MockServer;

use crate::certificate::ServerCert;
use crate::connection::Listening;
use crate::ending::{Ending, ResetSwitch, Resettable, SentBody};
use crate::handler::{Handler, Peer};
use crate::ledger::{Handshake, Ledger, Request, RequestProgress, RequestTicket};
use crate::options::{FrontOptions, HttpVersions};
use crate::provider::sha256_hex;
use crate::runtime;
use crate::tls::{Accepted, Agreed, Stream, TlsServer};
use crate::wiremock_forward::WiremockForward;

/// A running HTTPS server on loopback (or one in clear text, see [`Front::plain`]). Dropping it closes listener and connections.
pub struct Front {
    // Stopped before the mock server, which checks its expectations when dropped.
    listening: Listening,
    ledger: Ledger,
    mock: Option<MockServer>,
    /// The TLS engine and its setup; `None` for clear text.
    tls: Option<(FrontOptions, Arc<Mutex<TlsServer>>)>,
}

impl Front {
    /// Starts a server with this handler, from any thread, inside or outside a runtime.
    pub fn start(options: FrontOptions, handler: Arc<dyn Handler>) -> io::Result<Front> {
        let tls = Arc::new(Mutex::new(TlsServer::new(&options)?));
        let (http, max_streams, record) = (options.http, options.max_streams, options.record_requests);
        let ledger = Ledger::new(options.about());
        let listening = Listening::start(options.bind, ledger.clone(), Handshake::Pending, {
            let (ledger, tls) = (ledger.clone(), Arc::clone(&tls));
            move |tcp, id| {
                let tls = tls.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let (ledger, handler) = (ledger.clone(), Arc::clone(&handler));
                async move {
                    if let Some(accepted) = tls.accept(tcp, &ledger, id).await {
                        let ledger = record.then_some(ledger);
                        serve(accepted, id, (http, max_streams), ledger, handler).await;
                    }
                }
            }
        })?;
        Ok(Front { listening, ledger, mock: None, tls: Some((options, tls)) })
    }

    /// Starts a server in clear text, HTTP/1.1 only, for control and not for tests.
    pub fn plain(bind: SocketAddr, handler: Arc<dyn Handler>) -> io::Result<Front> {
        let ledger = Ledger::new("clear text");
        let listening = Listening::start(bind, ledger.clone(), Handshake::Plain, {
            let ledger = ledger.clone();
            move |tcp, id| {
                let (ledger, handler) = (ledger.clone(), Arc::clone(&handler));
                let agreed = Agreed { chain: Vec::new(), sni: None, version: None, alpn: None, resumed: false };
                let accepted = Accepted { stream: Stream::Plain(tcp), agreed };
                serve(accepted, id, (HttpVersions::Only1, 1), Some(ledger), handler)
            }
        })?;
        Ok(Front { listening, ledger, mock: None, tls: None })
    }

    /// Uses another certificate from the next connection on. Previous sessions are not resumed.
    ///
    /// # Errors
    ///
    /// The TLS stack refuses the certificate, or the server is one in clear text; all stays as it was.
    pub fn replace_certificate(&self, server: ServerCert) -> io::Result<()> {
        let Some((options, tls)) = &self.tls else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a server in clear text has no certificate"));
        };
        let replaced = TlsServer::new(&options.clone().server(server))?;
        *tls.lock().unwrap_or_else(PoisonError::into_inner) = replaced;
        Ok(())
    }

    /// Starts a server that forwards to its own wiremock server, available from [`Front::mock`].
    ///
    /// # Panics
    ///
    /// If loopback cannot be bound or the options make no TLS server.
    pub fn with_wiremock(options: FrontOptions) -> Front {
        let mock = runtime::wait_for(MockServer::start());
        let forward = Arc::new(WiremockForward::to(*mock.address()));
        let mut front = Front::start(options, forward).expect("loopback can be bound and the options are consistent");
        front.mock = Some(mock);
        front
    }

    /// Returns the wiremock server behind this front.
    ///
    /// # Panics
    ///
    /// Panics if the front was not created by [`Front::with_wiremock`].
    pub fn mock(&self) -> &MockServer {
        self.mock.as_ref().expect("only a front made by `with_wiremock` has a mock server")
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
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{host}:{}", self.port())
    }

    /// What arrived.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl fmt::Debug for Front {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Front").field("address", &self.addr()).finish_non_exhaustive()
    }
}

async fn serve(
    accepted: Accepted,
    id: u64,
    (http, max_streams): (HttpVersions, u32),
    ledger: Option<Ledger>,
    handler: Arc<dyn Handler>,
) {
    let Ok((stream, peer)) = peer(accepted, id) else { return };
    let http2 = peer.alpn.as_deref() == Some("h2") || http == HttpVersions::Only2;
    let reset = ResetSwitch::new();
    let io = TokioIo::new(Resettable::new(stream, reset.clone()));
    let switch = reset.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (ledger, handler, peer, reset) = (ledger.clone(), Arc::clone(&handler), peer.clone(), switch.clone());
        async move { Ok::<_, Infallible>(respond(request, peer, ledger.as_ref(), &*handler, &reset).await) }
    });
    let served = async {
        // How a connection ends is the client's business; the ledger records that it did.
        let _ = if http2 {
            let mut server = hyper::server::conn::http2::Builder::new(Streams::default());
            server.max_concurrent_streams(max_streams).serve_connection(io, service).await
        } else {
            hyper::server::conn::http1::Builder::new().serve_connection(io, service).await
        };
    };
    tokio::select! {
        () = served => {}
        () = reset.thrown() => {}
    }
}

fn peer(accepted: Accepted, id: u64) -> io::Result<(Stream, Peer)> {
    let Accepted { mut stream, agreed } = accepted;
    let tcp = stream.tcp();
    let (local, remote) = (tcp.local_addr()?, tcp.peer_addr()?);
    let peer = Peer {
        fingerprint: agreed.chain.first().map(|leaf| sha256_hex(leaf)),
        chain: agreed.chain,
        sni: agreed.sni,
        tls_version: agreed.version,
        alpn: agreed.alpn,
        connection: id,
        local,
        remote,
    };
    Ok((stream, peer))
}

async fn respond(
    request: http::Request<Incoming>,
    peer: Peer,
    ledger: Option<&Ledger>,
    handler: &dyn Handler,
    reset: &ResetSwitch,
) -> http::Response<SentBody> {
    let (head, body) = request.into_parts();
    let ticket = ledger.map(|ledger| record(&head, peer.connection, ledger));
    let Ok(body) = body.collect().await else {
        // The body was cut: no client is left for a response.
        drop(ticket);
        let mut response = http::Response::new(SentBody::new(Bytes::new(), None));
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        return response;
    };
    let body = body.to_bytes();
    if let Some(ticket) = &ticket {
        ticket.received(body.len() as u64, sha256_hex(&body));
    }
    let bodiless = head.method == http::Method::HEAD;
    let mut response = handler.handle(http::Request::from_parts(head, body), peer).await;
    if bodiless {
        // hyper removes the body over HTTP/1.1 only (RFC 9110 §9.3.2); its length stays.
        let length = std::mem::take(response.body_mut()).len();
        response.headers_mut().entry(http::header::CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    let ending = response.extensions_mut().remove::<Ending>();
    if ending == Some(Ending::Reset) {
        if let Some(ticket) = ticket {
            ticket.leave();
        }
        reset.throw();
        // Dropped together with its connection.
        return std::future::pending().await;
    }
    if let Some(ticket) = ticket {
        ticket.answered(response.status().as_u16());
    }
    response.map(|body| SentBody::new(body, ending))
}

fn record(head: &http::request::Parts, connection: u64, ledger: &Ledger) -> RequestTicket {
    let mut headers: Vec<_> =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    if head.version == http::Version::HTTP_2
        && let Some(authority) = head.uri.authority()
    {
        headers.insert(0, ("host".to_owned(), authority.as_str().as_bytes().to_vec()));
    }
    let target = head.uri.path_and_query().map_or_else(|| head.uri.to_string(), |path| path.as_str().to_owned());
    ledger.open_request(Request {
        connection,
        method: head.method.to_string(),
        target,
        version: head.version,
        headers,
        body_len: 0,
        body_sha256: String::new(),
        progress: RequestProgress::Receiving,
    })
}

/// Runs the streams of one HTTP/2 connection, and ends them with it.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while streams.try_join_next().is_some() {}
        streams.spawn(stream);
    }
}
