//! What arrived: connections and requests, in the order in which the server saw them.
//!
//! Assertions read this and not the client's opinion. A connection is listed from the moment TCP accepts it,
//! and a request from its head on, so that "nothing arrived" and "it was interrupted" can both be asserted.
//! Waiting uses notifications; no test needs to sleep.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::options::TlsVersion;
use crate::runtime::Timer;

/// The record of one server. Clones share it.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Shared>);

/// Everything recorded so far.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Connections in the order of their arrival.
    pub connections: Vec<Connection>,
    /// Requests in the order of their heads.
    pub requests: Vec<Request>,
}

/// One TCP connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connection {
    /// Counts from 0 within one server.
    pub id: u64,
    /// The other end.
    pub remote: SocketAddr,
    /// The server name in the client's hello; never an IP address.
    pub sni: Option<String>,
    /// The protocols that the client offered, in its order.
    pub alpn_offered: Vec<String>,
    /// The protocol agreed on.
    pub alpn: Option<String>,
    /// The TLS version agreed on.
    pub tls_version: Option<TlsVersion>,
    /// How the handshake went.
    pub handshake: Handshake,
    /// SHA-256 of the client's leaf, of an accepted certificate and of a refused one.
    pub peer_fingerprint: Option<String>,
    /// SHA-256 of all certificates that the client sent, leaf first.
    pub peer_chain_fingerprints: Vec<String>,
    /// Whether the server sent a certificate request in this handshake; a resumed one has none.
    pub requested_client_cert: bool,
    /// Whether the server asked for a certificate again, or for the first time, after the handshake was done.
    pub asked_late: bool,
    /// Bytes that the client sent as TLS 1.3 early data, which a third party can replay.
    pub early_data: u64,
    /// The server's own leaf certificate (DER), which a full handshake shows; empty in clear text.
    pub server_leaf: Arc<[u8]>,
    /// Whether either side has closed it.
    pub closed: bool,
}

/// How a handshake went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// Not finished yet.
    Pending,
    /// None: the server uses clear text.
    Plain,
    /// A full handshake.
    Full,
    /// A resumed session: the client did not authenticate again.
    Resumed,
    /// It failed, with the server's reason.
    Failed(String),
}

/// One request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// The [`Connection::id`] of its connection.
    pub connection: u64,
    /// As sent.
    pub method: String,
    /// The raw path and query (or the authority, for CONNECT), byte for byte.
    pub target: String,
    /// The HTTP version.
    pub version: http::Version,
    /// Names in lower case; values of one name in the order sent. HTTP/2's `:authority` appears as `host`.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The received length of the body.
    pub body_len: u64,
    /// Lower-case hexadecimal SHA-256 of the body; empty until it is complete.
    pub body_sha256: String,
    /// Its progress.
    pub progress: RequestProgress,
}

/// The progress of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestProgress {
    /// The head has arrived, the body not completely.
    Receiving,
    /// Completely received; no response yet.
    Received,
    /// The server has sent a response with this status.
    Responded(u16),
    /// The client disconnected (or reset the stream) before a response.
    Abandoned,
}

impl Connection {
    /// Whether the handshake was done, fully or by resumption.
    pub fn established(&self) -> bool {
        matches!(self.handshake, Handshake::Full | Handshake::Resumed)
    }
}

impl Snapshot {
    /// Returns whether no handshake is pending. A refusal is recorded right *after* its alert was sent, so a
    /// test that checks for one waits for this first: `ledger.wait_until(Snapshot::settled, limit)`.
    pub fn settled(&self) -> bool {
        self.connections.iter().all(|connection| connection.handshake != Handshake::Pending)
    }
}

impl Request {
    /// All values of one header, in the order sent.
    pub fn header_values(&self, name: &str) -> Vec<String> {
        self.headers
            .iter()
            .filter(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// Returns whether the body arrived completely.
    pub fn complete(&self) -> bool {
        !self.body_sha256.is_empty()
    }
}

impl Ledger {
    pub(crate) const OF_PROXY: &str = "a CONNECT proxy";

    /// All connections so far.
    pub fn connections(&self) -> Vec<Connection> {
        self.lock().connections.clone()
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// The requests from this one on, counted from 0.
    pub fn requests_since(&self, first: usize) -> Vec<Request> {
        self.lock().requests.get(first..).unwrap_or_default().to_vec()
    }

    /// Connections and requests of one moment.
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    /// Reads the record without a copy of it. Asking the ledger from inside would wait for itself.
    pub fn read<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> T {
        read(&self.lock())
    }

    /// Waits under any executor until the record meets the condition; `false` when the limit passes first.
    ///
    /// The condition reads the given snapshot; calling the ledger inside it would deadlock.
    pub async fn wait_until(&self, condition: impl Fn(&Snapshot) -> bool, limit: Duration) -> bool {
        let mut changes = self.0.changes.subscribe();
        let mut limit = Timer::after(limit);
        loop {
            if condition(&self.lock()) {
                return true;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return false },
                () = &mut limit => return condition(&self.lock()),
            }
        }
    }

    /// The same, blocking the thread.
    pub fn wait_until_blocking(&self, condition: impl Fn(&Snapshot) -> bool, limit: Duration) -> bool {
        let (snapshot, waited) = self
            .0
            .changed
            .wait_timeout_while(self.lock(), limit, |snapshot| !condition(snapshot))
            .unwrap_or_else(PoisonError::into_inner);
        drop(snapshot);
        !waited.timed_out()
    }

    /// Waits until everything that was in flight at the start is listed, and its handshakes are over (at most
    /// half a minute): only then does an empty list prove that nothing arrived. A system accepts connections
    /// in order, so a connection of our own, which is not listed, is accepted after all of them.
    pub async fn settle(&self) -> Snapshot {
        let limit = Duration::from_secs(30);
        if !self.has_stopped()
            && let Some(address) = self.0.address.get()
            && let Some((probe, own)) = self.probe(*address)
        {
            let accepted = self.wait_until(|_| !self.probes().contains(&own), limit).await;
            debug_assert!(accepted, "a connection of our own was not accepted");
            drop(probe);
        }
        self.wait_until(Snapshot::settled, limit).await;
        self.snapshot()
    }

    /// Whether it is that of a [`ConnectProxy`](crate::ConnectProxy).
    pub fn is_of_proxy(&self) -> bool {
        self.about() == Self::OF_PROXY
    }

    /// The server in a few words.
    pub fn about(&self) -> &str {
        &self.0.about
    }

    pub(crate) fn new(about: impl Into<String>) -> Self {
        Ledger(Arc::new(Shared {
            snapshot: Mutex::default(),
            changed: Condvar::new(),
            changes: watch::Sender::new(()),
            about: about.into(),
            address: OnceLock::new(),
            next: AtomicU64::new(0),
            probes: Mutex::default(),
            has_stopped: AtomicBool::new(false),
        }))
    }

    /// Notes that the server is gone, and its port free for another one.
    pub(crate) fn stop(&self) {
        self.0.has_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the server is gone. The system may have given its port to another one.
    pub fn has_stopped(&self) -> bool {
        self.0.has_stopped.load(Ordering::Relaxed)
    }

    pub(crate) fn listens_at(&self, address: SocketAddr) {
        let _ = self.0.address.set(address);
    }

    /// Whether this is one of our own connections, opened to flush all previous ones.
    pub(crate) fn is_probe(&self, remote: SocketAddr) -> bool {
        let mut probes = self.probes();
        let Some(at) = probes.iter().position(|probe| *probe == remote) else { return false };
        probes.swap_remove(at);
        drop(probes);
        self.change(|_| ());
        true
    }

    /// A connection of our own, and its address. It is noted before the server can ask about it.
    fn probe(&self, address: SocketAddr) -> Option<(TcpStream, SocketAddr)> {
        let mut probes = self.probes();
        let probe = TcpStream::connect(address).ok()?;
        let own = probe.local_addr().ok()?;
        probes.push(own);
        Some((probe, own))
    }

    fn probes(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.0.probes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn open_connection(&self, remote: SocketAddr, handshake: Handshake) -> u64 {
        self.change(|snapshot| {
            let id = self.0.next.fetch_add(1, Ordering::Relaxed);
            snapshot.connections.push(Connection {
                id,
                remote,
                sni: None,
                alpn_offered: Vec::new(),
                alpn: None,
                tls_version: None,
                handshake,
                peer_fingerprint: None,
                peer_chain_fingerprints: Vec::new(),
                requested_client_cert: false,
                asked_late: false,
                early_data: 0,
                server_leaf: Arc::default(),
                closed: false,
            });
            id
        })
    }

    pub(crate) fn update_connection(&self, id: u64, update: impl FnOnce(&mut Connection)) {
        self.change(|snapshot| {
            if let Some(connection) = snapshot.connections.iter_mut().rfind(|one| one.id == id) {
                update(connection);
            }
        });
    }

    /// Removes a connection, as if it had never been.
    pub(crate) fn forget(&self, id: u64) {
        self.change(|snapshot| snapshot.connections.retain(|one| one.id != id));
    }

    /// Records a head; the ticket then follows the request to its end.
    pub(crate) fn open_request(&self, request: Request) -> RequestTicket {
        let index = self.change(|snapshot| {
            snapshot.requests.push(request);
            snapshot.requests.len() - 1
        });
        RequestTicket { ledger: self.clone(), index, settled: false }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Snapshot) -> T) -> T {
        let result = change(&mut self.lock());
        self.0.changed.notify_all();
        self.0.changes.send_replace(());
        result
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.0.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ledger entry of one request. Dropped before a response, it records that the client disconnected.
#[derive(Debug)]
pub(crate) struct RequestTicket {
    ledger: Ledger,
    index: usize,
    settled: bool,
}

impl RequestTicket {
    pub(crate) fn received(&self, body_len: u64, body_sha256: String) {
        self.update(|request| {
            request.body_len = body_len;
            request.body_sha256 = body_sha256;
            request.progress = RequestProgress::Received;
        });
    }

    pub(crate) fn answered(mut self, status: u16) {
        self.settled = true;
        self.update(|request| request.progress = RequestProgress::Responded(status));
    }

    /// Leaves the request unchanged: a scripted server has no response to report.
    pub(crate) fn leave(mut self) {
        self.settled = true;
    }

    fn update(&self, update: impl FnOnce(&mut Request)) {
        self.ledger.change(|snapshot| update(&mut snapshot.requests[self.index]));
    }
}

impl Drop for RequestTicket {
    fn drop(&mut self) {
        if !self.settled {
            self.update(|request| request.progress = RequestProgress::Abandoned);
        }
    }
}

#[derive(Debug)]
struct Shared {
    snapshot: Mutex<Snapshot>,
    changed: Condvar,
    changes: watch::Sender<()>,
    about: String,
    address: OnceLock<SocketAddr>,
    /// The id of the next connection.
    next: AtomicU64,
    probes: Mutex<Vec<SocketAddr>>,
    has_stopped: AtomicBool,
}
