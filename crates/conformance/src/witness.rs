//! The record of a case: its panic message, its setting, the ledgers of its servers, and what it could not
//! test because the transport does not declare it. Each case runs on its own thread, so all of it is stored
//! per thread.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, set_hook, take_hook};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use digicert_one_core::{Capability, TransportConfig};
use digicert_one_testbed::{ConnectProxy, Front, Ledger, RawServer};

thread_local! {
    /// Set while a case runs whose messages are captured instead of printed.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Kept {
    words: Option<String>,
    servers: Servers,
    notes: Notes,
}

/// The notes of a case, on any of its threads. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    setting: Option<String>,
    /// In what this run differs from the case as it is written.
    variation: Option<String>,
    undeclared: Vec<Capability>,
}

impl Notes {
    /// Those of the case on this thread.
    pub(crate) fn of_this_case() -> Self {
        KEPT.with_borrow(|kept| kept.as_ref().map(|kept| kept.notes.clone()).unwrap_or_default())
    }

    /// The configuration of the transports that the case created: the last one is the one that failed.
    pub(crate) fn made(&self, config: &TransportConfig) {
        let setting = format!(
            "HTTP {:?}, TLS {:?}, identity: {}, proxy: {}",
            config.http_versions(),
            config.tls_versions(),
            config.identity().map_or_else(|| "none".to_owned(), |identity| identity.key_kind().to_string()),
            config.proxy()
        );
        self.noted(|noted| noted.setting = Some(setting));
    }

    /// From here on the case is run in another way than it is written.
    pub(crate) fn varied(&self, how: impl Into<String>) {
        self.noted(|noted| noted.variation = Some(how.into()));
    }

    /// Something that the case asks and the transport does not declare.
    pub(crate) fn undeclared(&self, capability: Capability) {
        self.noted(|noted| {
            if !noted.undeclared.contains(&capability) {
                noted.undeclared.push(capability);
            }
        });
    }

    fn noted<T>(&self, note: impl FnOnce(&mut Noted) -> T) -> T {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An intended panic: it is the subject of the case, and is not printed.
#[derive(Debug)]
pub(crate) struct Meant(pub(crate) String);

/// Panics as a caller's hook may.
pub(crate) fn meant<T>(words: impl Into<String>) -> T {
    panic_any(Meant(words.into()))
}

/// The servers of a case, in the order of their start: their addresses, and what they received.
pub(crate) type Servers = Arc<Mutex<Vec<(SocketAddr, Ledger)>>>;

/// The list, for reading or for one more.
pub(crate) fn locked(servers: &Servers) -> MutexGuard<'_, Vec<(SocketAddr, Ledger)>> {
    servers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server with a ledger.
pub(crate) trait Witness {
    fn ledger(&self) -> &Ledger;
    fn addr(&self) -> SocketAddr;
}

impl Witness for Front {
    fn ledger(&self) -> &Ledger {
        Front::ledger(self)
    }

    fn addr(&self) -> SocketAddr {
        Front::addr(self)
    }
}

impl Witness for RawServer {
    fn ledger(&self) -> &Ledger {
        RawServer::ledger(self)
    }

    fn addr(&self) -> SocketAddr {
        RawServer::addr(self)
    }
}

impl Witness for ConnectProxy {
    fn ledger(&self) -> &Ledger {
        ConnectProxy::ledger(self)
    }

    fn addr(&self) -> SocketAddr {
        ConnectProxy::addr(self)
    }
}

/// Remembers a server that the case on this thread has started.
pub(crate) fn remember(server: &impl Witness) {
    locked(&servers()).push((server.addr(), server.ledger().clone()));
}

/// The servers of the case on this thread; an empty list outside a case.
pub(crate) fn servers() -> Servers {
    KEPT.with_borrow(|kept| kept.as_ref().map(|kept| Arc::clone(&kept.servers)).unwrap_or_default())
}

/// Runs a case on this thread. Returns its panic message together with what its servers received; for a case
/// that passes, what the transport does not declare.
pub(crate) fn watched(case: impl FnOnce()) -> Result<Vec<Capability>, Failure> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let printing = take_hook();
        set_hook(Box::new(move |panic| {
            let meant = panic.payload().downcast_ref::<Meant>();
            let words = meant.map_or_else(|| panic.to_string(), |Meant(words)| words.clone());
            // A thread without a case, or a panic while the words are being looked at: the usual way.
            let kept = KEPT.try_with(|kept| {
                let Ok(mut kept) = kept.try_borrow_mut() else { return false };
                // The last one counts: a case may catch a panic on its way.
                kept.as_mut().map(|kept| kept.words = Some(words)).is_some()
            });
            if !kept.unwrap_or(false) && meant.is_none() {
                printing(panic);
            }
        }));
    });
    KEPT.set(Some(Kept::default()));
    let ended = catch_unwind(AssertUnwindSafe(case));
    let kept = KEPT.take().unwrap_or_default();
    let notes = kept.notes.noted(std::mem::take);
    match ended {
        Ok(()) => Ok(notes.undeclared),
        Err(_) => Err(Failure {
            words: kept.words.unwrap_or_else(|| "it panicked without a word".to_owned()),
            ledger: notes
                .setting
                .map(|setting| format!("last transport: {setting}"))
                .into_iter()
                .chain(notes.variation)
                .chain(locked(&kept.servers).iter().map(|(_, ledger)| shown(ledger)))
                .collect::<Vec<_>>()
                .join("\n"),
        }),
    }
}

/// Why a case failed.
pub(crate) struct Failure {
    pub(crate) words: String,
    /// The setting in which it failed, and what its servers saw.
    pub(crate) ledger: String,
}

/// A line for each connection and request of one server.
fn shown(ledger: &Ledger) -> String {
    let snapshot = ledger.snapshot();
    let mut text = format!("server ({}):", ledger.about());
    for connection in &snapshot.connections {
        let _ = write!(text, "\n  connection {}: {:?}", connection.id, connection.handshake);
        let _ = write!(text, ", {:?}", connection.tls_version);
        let _ = write!(text, ", {}", connection.alpn.as_deref().unwrap_or("no ALPN"));
        let _ = write!(text, ", certificate asked for: {}", connection.requested_client_cert);
        let _ = write!(text, ", shown: {}", connection.peer_fingerprint.as_deref().unwrap_or("none"));
        let _ = write!(text, "{}", if connection.closed { ", closed" } else { "" });
        for request in snapshot.requests.iter().filter(|request| request.connection == connection.id) {
            let (method, target) = (&request.method, &request.target);
            let _ = write!(text, "\n    {method} {target} {:?} ({:?})", request.version, request.progress);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_message_is_captured_for_its_case_only() {
        let failure = watched(|| panic!("for this reason")).expect_err("it panicked");
        assert!(failure.words.contains("for this reason"), "{}", failure.words);
        assert!(watched(|| {}).is_ok_and(|undeclared| undeclared.is_empty()));
    }

    #[test]
    fn failure_names_the_setting_and_a_pass_what_was_not_declared() {
        let config = TransportConfig::new().with_http_versions(digicert_one_core::HttpVersions::Http1);
        let failure = watched(|| {
            Notes::of_this_case().made(&config);
            panic!("for this reason")
        });
        let shown = failure.expect_err("it panicked").ledger;
        assert!(shown.contains("HTTP Http1") && shown.contains("identity: none"), "{shown}");
        let undeclared = watched(|| (0..2).for_each(|_| Notes::of_this_case().undeclared(Capability::Http2)));
        assert!(undeclared.is_ok_and(|undeclared| undeclared == [Capability::Http2]));
    }
}
