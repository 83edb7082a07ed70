//! Scripts for a server: their steps, and the responses that a test adds while it runs.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

/// The script of one connection. After the last step it is closed cleanly.
pub type Script = Vec<Step>;

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads one whole request and records it. If the client ends first, the script ends too.
    ReadRequest,
    /// Reads bytes of any protocol into the recording until it holds this part of the connection.
    ReadUntil(Recording, Bytes),
    /// Writes these bytes.
    Write(Bytes),
    /// Writes these bytes and closes the TCP connection: over TLS without a close_notify. On Linux the FIN is
    /// in the packet of the last bytes, so that a client always finds both at once.
    WriteAndClose(Bytes),
    /// Waits until the test opens the gate.
    Wait(Gate),
    /// Ends the connection properly: close_notify (over TLS), then FIN.
    CloseClean,
    /// Ends it by FIN alone: over TLS a truncation.
    CloseAbrupt,
    /// Ends it by RST.
    Reset,
    /// Asks for a client certificate on the open connection, writes this once the client has presented one,
    /// and closes. rustls asks under TLS 1.3, after the handshake, whether or not the client offered that;
    /// OpenSSL asks under TLS 1.2, with a second handshake.
    AskLate(Bytes),
    /// Writes these bytes every 50 milliseconds until the client ends the connection.
    Trickle(Bytes),
    /// Carries everything between the client and this address from now on, as a proxy does.
    Tunnel(SocketAddr),
    /// Opens the gate: the script has reached this step.
    Open(Gate),
    /// Ends the connection with this fatal alert. By rustls under TLS 1.3 alone.
    Alert(u8),
    /// Continues with new keys, and makes the client do so too (RFC 8446 §4.6.3). Only for rustls under TLS 1.3.
    UpdateKeys,
    /// Sends nothing more and keeps the connection until the client closes it.
    Stall,
    /// Reads the head of each request, over the negotiated version of HTTP, and follows the next response
    /// while there are any. Requests over HTTP/2 are not recorded: their heads are not decoded.
    Respond(Responses),
    /// In a response: reads the body of the request.
    ReadBody,
    /// In a response over HTTP/2: waits until flow control allows this many bytes of the response.
    AwaitWindow(usize),
    /// Waits briefly, so that the client can read what was written before the rest.
    Pause,
}

impl Step {
    /// What it reads into, if it is [`Step::ReadUntil`].
    pub(crate) fn recording(&self) -> Option<&Recording> {
        match self {
            Self::ReadUntil(recording, _) => Some(recording),
            _ => None,
        }
    }

    /// [`Step::Write`] of any text or bytes.
    pub fn write(bytes: impl Into<Bytes>) -> Step {
        Step::Write(bytes.into())
    }

    /// [`Step::WriteAndClose`] with any text or bytes.
    pub fn write_and_close(bytes: impl Into<Bytes>) -> Step {
        Step::WriteAndClose(bytes.into())
    }

    /// [`Step::AskLate`] with any text or bytes.
    pub fn ask_late(response: impl Into<Bytes>) -> Step {
        Step::AskLate(response.into())
    }
}

/// Holds a script (or a handler) back until the test lets it go on. Clones are one gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

/// Received bytes. Clones are one recording.
#[derive(Clone, Debug, Default)]
pub struct Recording(Arc<Mutex<Vec<u8>>>);

impl Recording {
    /// Everything so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether this part is in what came after the first `from` bytes.
    pub(crate) fn holds(&self, part: &[u8], from: usize) -> bool {
        self.bytes()[from..].windows(part.len()).any(|window| window == part)
    }
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Gate(Arc::new(watch::Sender::new(false)))
    }

    /// Opens it, for good.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits, under any executor, until it is open.
    pub async fn passed(&self) {
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Gate::new()
    }
}

type NextScript = Box<dyn FnOnce(u32) -> Script + Send>;

/// The responses of a scripted server, request after request, see [`Step::Respond`](crate::Step::Respond).
/// Clones are one list.
#[derive(Clone, Default)]
pub struct Responses(Arc<Mutex<VecDeque<NextScript>>>);

impl Responses {
    /// Adds a response: the steps for a request on this stream of HTTP/2, or on 0 over HTTP/1.1.
    pub fn push(&self, response: impl FnOnce(u32) -> Script + Send + 'static) {
        self.lock().push_back(Box::new(response));
    }

    /// Removes unused responses, and returns their number.
    pub fn clear(&self) -> usize {
        self.lock().drain(..).count()
    }

    pub(crate) fn next(&self, stream: u32) -> Option<Script> {
        let response = self.lock().pop_front();
        response.map(|response| response(stream))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<NextScript>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Responses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responses").field("left", &self.lock().len()).finish()
    }
}
