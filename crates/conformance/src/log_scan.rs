//! Reads everything that is logged on our side of the wire, at every level and target, and counts what shows a canary. The
//! process has one subscriber for all cases; it listens only while a case wants it to, since TRACE is loud.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

/// Scans that are on.
static LISTENING: AtomicUsize = AtomicUsize::new(0);
static FOUND: Mutex<Found> = Mutex::new(Found { canaries: Vec::new(), lines: 0, shown: Vec::new() });

struct Found {
    canaries: Vec<String>,
    lines: usize,
    shown: Vec<String>,
}

/// Installs the logger of the process, if there is none. If several cases run concurrently, this comes before
/// all of them: a library may check in the middle of a call whether logging is enabled.
pub(crate) fn listen() -> bool {
    static TAKEN: OnceLock<bool> = OnceLock::new();
    *TAKEN.get_or_init(|| {
        tracing::subscriber::set_global_default(Scanner).is_ok() && tracing_log::LogTracer::init().is_ok()
    })
}

/// Listens from its beginning to its end.
pub(crate) struct LogScan;

impl LogScan {
    /// Starts to look for these.
    ///
    /// # Panics
    /// Panics if another logger was installed before.
    pub(crate) fn start(canaries: impl IntoIterator<Item = String>) -> Self {
        assert!(listen(), "the suite is alone with the log of its process");
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).canaries.extend(canaries);
        LISTENING.fetch_add(1, Ordering::SeqCst);
        Self
    }

    /// How many lines were read so far, and where a canary was shown.
    pub(crate) fn result(&self) -> (usize, Vec<String>) {
        let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        (found.lines, found.shown.clone())
    }
}

impl Drop for LogScan {
    fn drop(&mut self) {
        LISTENING.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Scanner;

impl Scanner {
    fn read(target: &str, text: &str) {
        let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        found.lines += 1;
        if found.canaries.iter().any(|canary| text.contains(canary.as_str())) {
            found.shown.push(target.to_owned());
        }
    }
}

impl Subscriber for Scanner {
    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        // Checked each time: a scan may begin later.
        Interest::sometimes()
    }

    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        // The servers of the testbed may log what they received.
        LISTENING.load(Ordering::Relaxed) > 0 && std::thread::current().name() != Some("testbed")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut line = Line::default();
        attributes.record(&mut line);
        Self::read(attributes.metadata().target(), &line.0);
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, values: &Record<'_>) {
        let mut line = Line::default();
        values.record(&mut line);
        Self::read("a span", &line.0);
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        Self::read(event.metadata().target(), &line.0);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}
