//! Scripts for a server: their steps, and the answers that a test gives while it runs.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

/// What one connection does. After the last step it is closed cleanly.
pub type Script = Vec<Step>;

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads one whole request and records it. If the client ends first, the script ends too.
    ReadRequest,
    /// Reads bytes of any protocol into the recording until it holds this part.
    ReadUntil(Recording, Bytes),
    /// Writes these bytes.
    Write(Bytes),
    /// Writes these bytes and ends the TCP connection with them: over TLS without a close_notify. On Linux the end travels in the
    /// packet of the last bytes, so that a client always finds both at once.
    WriteAndClose(Bytes),
    /// Waits until the test opens the gate.
    Wait(Gate),
    /// Ends the connection properly: close_notify (over TLS), then FIN.
    CloseClean,
    /// Ends it by FIN alone: over TLS a truncation.
    CloseAbrupt,
    /// Ends it by RST.
    Reset,
    /// Asks for a client certificate on the connection that stands, writes this once the client has shown one, and closes. By
    /// rustls it asks under TLS 1.3, after the handshake, whether or not the client offered that; by OpenSSL under TLS 1.2, by a
    /// second handshake.
    AskLate(Bytes),
    /// Writes these bytes every 50 milliseconds until the client ends the connection.
    Trickle(Bytes),
    /// Carries everything between the client and this address from now on, as a proxy does.
    Tunnel(SocketAddr),
    /// Opens the gate: the script has come this far.
    Open(Gate),
    /// Ends the connection with this fatal alert. By rustls under TLS 1.3 alone.
    Alert(u8),
    /// Goes on with new keys, and has the client do so too (RFC 8446 §4.6.3). By rustls under TLS 1.3 alone.
    UpdateKeys,
    /// Says nothing more and keeps the connection until the client ends it.
    Stall,
    /// Reads the head of each request, over whichever version of HTTP was agreed on, and follows the next of the answers; for as
    /// long as there are any. Requests over HTTP/2 are not recorded: their heads are not decoded.
    Answer(Answers),
    /// In an answer: reads the body of the request.
    ReadBody,
    /// In an answer over HTTP/2: waits until flow control lets so many bytes of the response through.
    AwaitWindow(usize),
    /// Waits a moment, so that the client can take what was written before the rest is.
    Pause,
}

impl Step {
    /// [`Step::Write`] of any text or bytes.
    pub fn write(bytes: impl Into<Bytes>) -> Step {
        Step::Write(bytes.into())
    }

    /// [`Step::WriteAndClose`] with any text or bytes.
    pub fn write_and_close(bytes: impl Into<Bytes>) -> Step {
        Step::WriteAndClose(bytes.into())
    }

    /// [`Step::AskLate`] with any text or bytes.
    pub fn ask_late(answer: impl Into<Bytes>) -> Step {
        Step::AskLate(answer.into())
    }
}

/// Holds a script (or a handler) back until the test lets it go on. Clones are one gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

/// Bytes as they came. Clones are one recording.
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

    pub(crate) fn holds(&self, part: &[u8]) -> bool {
        self.bytes().windows(part.len()).any(|window| window == part)
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

type Answer = Box<dyn FnOnce(u32) -> Script + Send>;

/// What a scripted server answers, request after request, see [`Step::Answer`](crate::Step::Answer). Clones are one list.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<VecDeque<Answer>>>);

impl Answers {
    /// Adds an answer: the steps for a request on this stream of HTTP/2, or on 0 over HTTP/1.1.
    pub fn push(&self, answer: impl FnOnce(u32) -> Script + Send + 'static) {
        self.lock().push_back(Box::new(answer));
    }

    /// Takes back what no request has asked for, and says how many answers these were.
    pub fn clear(&self) -> usize {
        self.lock().drain(..).count()
    }

    pub(crate) fn next(&self, stream: u32) -> Option<Script> {
        let answer = self.lock().pop_front();
        answer.map(|answer| answer(stream))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("left", &self.lock().len()).finish()
    }
}
