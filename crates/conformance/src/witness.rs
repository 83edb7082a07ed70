//! What is left of a case that failed: the words of its panic and the ledgers of its servers. Each case runs on a thread of its own,
//! so both are kept per thread.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use digicert_one_testbed::{ConnectProxy, Front, Ledger, RawServer, Snapshot};

thread_local! {
    /// Set while a case runs whose words are wanted rather than printed.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Kept {
    words: Option<String>,
    servers: Servers,
}

/// The servers of a case, in the order of their start: where they listen, and what they saw.
pub(crate) type Servers = Arc<Mutex<Vec<(SocketAddr, Ledger)>>>;

/// The list, for reading or for one more.
pub(crate) fn locked(servers: &Servers) -> MutexGuard<'_, Vec<(SocketAddr, Ledger)>> {
    servers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server that keeps a ledger.
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

/// The servers of the case on this thread; an empty list, for nobody, if there is no case.
pub(crate) fn servers() -> Servers {
    KEPT.with_borrow(|kept| kept.as_ref().map(|kept| Arc::clone(&kept.servers)).unwrap_or_default())
}

/// Runs a case on this thread. What it panics with is given back together with what its servers saw.
pub(crate) fn watched(case: impl FnOnce()) -> Result<(), Failure> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let printing = take_hook();
        set_hook(Box::new(move |panic| {
            let words = format!("{panic}");
            // A thread without a case, or a panic while the words are being looked at: the usual way.
            let kept = KEPT.try_with(|kept| {
                let Ok(mut kept) = kept.try_borrow_mut() else { return false };
                // The last one counts: a case may catch a panic on its way.
                kept.as_mut().map(|kept| kept.words = Some(words)).is_some()
            });
            if !kept.unwrap_or(false) {
                printing(panic);
            }
        }));
    });
    KEPT.set(Some(Kept::default()));
    let ended = catch_unwind(AssertUnwindSafe(case));
    let kept = KEPT.take().unwrap_or_default();
    ended.map_err(|_| Failure {
        words: kept.words.unwrap_or_else(|| "it panicked without a word".to_owned()),
        ledger: locked(&kept.servers)
            .iter()
            .map(|(_, ledger)| shown(&ledger.snapshot()))
            .collect::<Vec<_>>()
            .join("\n"),
    })
}

/// Why a case failed.
pub(crate) struct Failure {
    pub(crate) words: String,
    pub(crate) ledger: String,
}

/// A line for each connection and request of one server.
fn shown(snapshot: &Snapshot) -> String {
    let mut text = String::from("server:");
    for connection in &snapshot.connections {
        let _ = write!(text, "\n  connection {}: {:?}", connection.id, connection.handshake);
        let _ = write!(text, ", {:?}", connection.tls_version);
        let _ = write!(text, ", certificate asked for: {}", connection.requested_client_cert);
        let _ = write!(text, ", shown: {}", connection.peer_fingerprint.as_deref().unwrap_or("none"));
        let _ = write!(text, "{}", if connection.closed { ", closed" } else { "" });
        for request in snapshot.requests.iter().filter(|request| request.connection == connection.id) {
            let _ = write!(text, "\n    {} {} ({:?})", request.method, request.target, request.outcome);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_panic_are_kept_and_nothing_is_left_for_the_next_case() {
        let failure = watched(|| panic!("for this reason")).expect_err("it panicked");
        assert!(failure.words.contains("for this reason"), "{}", failure.words);
        assert!(watched(|| {}).is_ok());
    }
}
