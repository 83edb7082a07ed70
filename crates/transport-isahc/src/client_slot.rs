//! The place of one isahc client, which a cancelled call empties.
//!
//! isahc notices a dropped future only when curl calls it back, and a server that says nothing gives no occasion: the
//! connection would stay until a time limit ends it. Dropping the client ends its agent, and with it every transfer. So a
//! cancelled call retires the client: new calls get a new one, and the old one ends with the last call that still uses it.
//! Upstream: isahc 2.0.2 src/handler.rs, `is_future_canceled`.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use digicert_one_core::TransportError;
use isahc::HttpClient;

use crate::identity::Handover;
use crate::log_silencer::LogSilencer;

/// Connections that are remembered. With more than these in one client "never seen" becomes "unknown".
const REMEMBERED: usize = 512;

/// Whether connections are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// For GET and HEAD.
    Pool,
    /// For requests with a body that cannot be rewound, over HTTP/1.1: libcurl reads of the body before a byte of the head leaves, and then
    /// cannot send the request again.
    Bodies,
    Never,
}

/// One isahc client and what belongs to it.
pub(crate) struct SlotClient {
    pub(crate) client: HttpClient,
    pub(crate) silencer: LogSilencer,
    reuse: Reuse,
    seen: Mutex<UsedConnections>,
    /// Below the client, so that it outlives the agent: libcurl opens the file at every handshake.
    _identity: Option<Arc<Handover>>,
}

/// The connections that calls went over.
#[derive(Default)]
struct UsedConnections {
    connections: VecDeque<SocketRecord>,
    forgotten: bool,
}

/// Both ends of a connection, and since when its calls get responses; `None` once one failed.
struct SocketRecord {
    ends: (SocketAddr, SocketAddr),
    responds: Option<Instant>,
}

/// A call that came to its end on a connection.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) began: Instant,
    pub(crate) responded: bool,
    pub(crate) is_http1: bool,
}

impl SlotClient {
    pub(crate) fn new(
        client: HttpClient,
        silencer: LogSilencer,
        reuse: Reuse,
        identity: Option<Arc<Handover>>,
    ) -> Self {
        Self { client, silencer, reuse, seen: Mutex::default(), _identity: identity }
    }

    /// Whether the connection between these ends got a response before the request of this call. A connection whose last call failed
    /// proves nothing: libcurl keeps some of them, and the system may give its port to another. Nor does a response over HTTP/2 that
    /// came while this call was going on: libcurl does not show when its request was sent.
    pub(crate) fn reused(&self, local: SocketAddr, remote: SocketAddr, call: Ended) -> Option<bool> {
        if self.reuse == Reuse::Never {
            return Some(false);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.connections.iter_mut().find(|known| known.ends == (local, remote)) {
            let before = known.responds;
            known.responds = call.responded.then(|| before.unwrap_or_else(Instant::now));
            return before.is_some_and(|first| call.is_http1 || first <= call.began).then_some(true);
        }
        if seen.connections.len() == REMEMBERED {
            seen.connections.pop_front();
            seen.forgotten = true;
        }
        seen.connections.push_back(SocketRecord { ends: (local, remote), responds: call.responded.then(Instant::now) });
        (!seen.forgotten).then_some(false)
    }
}

/// Holds the client for new calls.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Arc<SlotClient>>>>);

impl Slot {
    /// The watch over one call on the client; made by `make` where there is none.
    pub(crate) fn begin(
        &self,
        make: impl FnOnce() -> Result<SlotClient, TransportError>,
    ) -> Result<CallGuard, TransportError> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match &*place {
            Some(client) if !client.silencer.came_too_early() => Arc::clone(client),
            _ => Arc::clone(place.insert(Arc::new(make()?))),
        };
        drop(place);
        Ok(CallGuard { slot: self.clone(), client: Some(client), ended: false })
    }
}

/// Follows one call to its end; dropped before that, it retires the client of the call.
pub(crate) struct CallGuard {
    slot: Slot,
    /// Empty only while it is dropped.
    client: Option<Arc<SlotClient>>,
    ended: bool,
}

impl CallGuard {
    pub(crate) fn slot_client(&self) -> &SlotClient {
        self.client.as_ref().expect("a watch has its client until it is dropped")
    }

    /// The call came to its end: nothing is left to cancel.
    pub(crate) fn ended(&mut self) {
        self.ended = true;
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if !self.ended {
            let mut place = self.slot.0.lock().unwrap_or_else(PoisonError::into_inner);
            if place.as_ref().is_some_and(|current| Arc::ptr_eq(current, &client)) {
                *place = None;
            }
        }
        if let Some(client) = Arc::into_inner(client) {
            end(client);
        }
    }
}

/// Ends a retired client. That waits for the agent thread, which waits for libcurl's resolver threads: for as long as the
/// system's resolver likes. No executor can wait for it, so a thread does; where there is none to be had, we wait.
fn end(client: SlotClient) {
    let _ = thread::Builder::new().name("isahc-retired".to_owned()).spawn(move || drop(client));
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn reuse_is_claimed_only_after_a_response() {
        let client = |reuse| SlotClient::new(HttpClient::new().expect("a client"), LogSilencer::new(), reuse, None);
        let pooled = client(Reuse::Pool);
        let end = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let reused = |port, responded| {
            pooled.reused(end(port), end(443), Ended { began: Instant::now(), responded, is_http1: false })
        };
        assert_eq!((reused(1, true), reused(1, true)), (Some(false), Some(true)));
        // Of a call that failed nothing follows, until there is a response.
        assert_eq!((reused(2, false), reused(2, false), reused(2, true)), (Some(false), None, None));
        assert_eq!((reused(2, false), reused(2, true)), (Some(true), None));
        // Both were under way when the first response came.
        let both = Ended { began: Instant::now(), responded: true, is_http1: false };
        assert_eq!([(); 2].map(|()| pooled.reused(end(3), end(443), both)), [Some(false), None]);
        for port in 0..600 {
            reused(1000 + port, true);
        }
        assert_eq!(reused(1, true), None, "forgotten");
        assert_eq!(client(Reuse::Never).reused(end(1), end(443), both), Some(false));
    }
}
