//! The pool of one transport: idle connections by origin, and the HTTP/2 connections that calls share. An
//! idle connection is closed at its limit, by a timer that does not keep the pool alive.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use digicert_one_core::{Proxy, TransportConfig};
use http::Uri;
use http::header::{CONNECTION, HeaderMap};
use tokio::runtime::Handle;

use super::Flaw;
use super::link::Link;
use crate::table::Defect;

/// What makes connections interchangeable.
pub(super) fn origin(uri: &Uri, flaw: Flaw) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    if flaw.is(Defect::JoinsNames) {
        return format!("{scheme}:{}", uri.port_u16().unwrap_or_default());
    }
    if flaw.is(Defect::JoinsPorts) {
        return format!("{scheme}://{}", uri.host().unwrap_or_default());
    }
    let scheme = if flaw.is(Defect::JoinsSchemes) { "any" } else { scheme };
    format!("{scheme}://{}", uri.authority().map_or("", |authority| authority.as_str()).to_ascii_lowercase())
}

pub(super) struct Pool {
    origins: Mutex<HashMap<String, Connections>>,
    idle: Duration,
    next: AtomicU64,
    /// Whether a server has said that it closes a connection.
    has_closed: AtomicBool,
    flaw: Flaw,
}

#[derive(Default)]
struct Connections {
    /// Idle HTTP/1.1 connections, the latest last.
    idle: Vec<(u64, Link)>,
    shared: Option<Shared>,
}

/// An HTTP/2 connection.
struct Shared {
    id: u64,
    link: Link,
    calls: usize,
    /// Changes whenever it becomes idle.
    rests: u64,
}

/// The way of a link back to its pool.
pub(super) struct Ticket {
    pool: Weak<Pool>,
    origin: String,
    runtime: Handle,
    shared: Option<u64>,
}

impl Pool {
    pub(super) fn new(config: &TransportConfig, flaw: Flaw) -> Arc<Self> {
        let idle = config.timeouts().pool_idle();
        let new = || {
            let (next, has_closed) = Default::default();
            Arc::new(Self { origins: Mutex::default(), idle, next, has_closed, flaw })
        };
        if flaw.is(Defect::SharesPools) {
            static SHARED: OnceLock<Arc<Pool>> = OnceLock::new();
            return Arc::clone(SHARED.get_or_init(new));
        }
        if flaw.among(&[Defect::SharesPoolsBetweenProxies, Defect::SharesPoolsOfEqualConfigurations]) {
            static POOLS: Mutex<Vec<(String, Arc<Pool>)>> = Mutex::new(Vec::new());
            let is_equal = flaw.is(Defect::SharesPoolsOfEqualConfigurations);
            let proxy = if is_equal { config.proxy().clone() } else { Proxy::None };
            let key = format!("{:?}", config.clone().with_proxy(proxy));
            let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, pool)) = pools.iter().find(|(one, _)| *one == key) {
                return Arc::clone(pool);
            }
            let pool = new();
            pools.push((key, Arc::clone(&pool)));
            return pool;
        }
        new()
    }

    fn origins(&self) -> MutexGuard<'_, HashMap<String, Connections>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ticket(self: &Arc<Self>, origin: &str, runtime: &Handle, shared: Option<u64>) -> Ticket {
        Ticket { pool: Arc::downgrade(self), origin: origin.to_owned(), runtime: runtime.clone(), shared }
    }

    /// An available connection, if there is one.
    pub(super) async fn take(self: &Arc<Self>, origin: &str, runtime: &Handle) -> Option<(Link, Ticket)> {
        loop {
            let mut link = {
                let mut origins = self.origins();
                let connections = origins.get_mut(origin)?;
                if connections.shared.as_ref().is_some_and(|shared| shared.link.is_closed()) {
                    connections.shared = None;
                }
                if let Some(shared) = &mut connections.shared {
                    shared.calls += 1;
                    return Some((shared.link.another()?, self.ticket(origin, runtime, Some(shared.id))));
                }
                connections.idle.pop()?.1
            };
            if link.ready().await {
                return Some((link, self.ticket(origin, runtime, None)));
            }
        }
    }

    /// Registers a new connection on which a call begins.
    pub(super) fn adopt(self: &Arc<Self>, origin: &str, link: &Link, runtime: &Handle) -> Ticket {
        let mut shared = None;
        if let Some(link) = link.another().filter(|_| !self.flaw.is(Defect::KeepsNoConnections)) {
            let mut origins = self.origins();
            let place = &mut origins.entry(origin.to_owned()).or_default().shared;
            // Two calls may have opened one each; the second one then belongs to its call alone.
            if place.is_none() {
                let id = self.next.fetch_add(1, Ordering::Relaxed);
                *place = Some(Shared { id, link, calls: 1, rests: 0 });
                shared = Some(id);
            }
        }
        self.ticket(origin, runtime, shared)
    }

    /// Notes what a response says of its connection.
    pub(super) fn heed(&self, head: &HeaderMap) {
        let closes = head.get(CONNECTION).is_some_and(|options| options.as_bytes().eq_ignore_ascii_case(b"close"));
        self.has_closed.fetch_or(closes, Ordering::Relaxed);
    }

    fn keep(self: &Arc<Self>, link: Link, ticket: &Ticket) {
        let is_over = self.has_closed.load(Ordering::Relaxed) && self.flaw.is(Defect::KeepsNoConnectionsAfterAClose);
        if self.flaw.is(Defect::KeepsNoConnections) || is_over || link.ends_now || link.is_closed() {
            return;
        }
        let stays_open = link.stays_open;
        let (id, age) = (self.next.fetch_add(1, Ordering::Relaxed), link.age());
        self.origins().entry(ticket.origin.clone()).or_default().idle.push((id, link));
        let is_clear = ticket.origin.starts_with("http:");
        if stays_open || is_clear && self.flaw.is(Defect::KeepsIdleConnectionsInClearText) {
            return;
        }
        self.later(ticket, age, move |connections| connections.idle.retain(|(kept, _)| *kept != id));
    }

    fn release(self: &Arc<Self>, id: u64, ticket: &Ticket) {
        let mut origins = self.origins();
        let Some(Connections { shared: Some(shared), .. }) = origins.get_mut(&ticket.origin) else { return };
        if shared.id != id {
            return;
        }
        shared.calls -= 1;
        if shared.calls > 0 {
            return;
        }
        shared.rests += 1;
        let (rests, age) = (shared.rests, shared.link.age());
        let is_busy = self.flaw.is(Defect::ClosesBusyConnections);
        let is_older = self.flaw.is(Defect::CountsIdleTimeFromTheStart);
        drop(origins);
        self.later(ticket, age, move |connections| {
            let rests = |shared: &Shared| is_older || shared.rests == rests;
            let rested = |shared: &Shared| shared.id == id && rests(shared) && shared.calls == 0;
            if let Some(shared) = connections.shared.as_ref().filter(|shared| is_busy && shared.id == id) {
                shared.link.end();
            }
            if connections.shared.as_ref().is_some_and(rested) {
                connections.shared = None;
            }
        });
    }

    /// Runs this when the idle limit has passed, if the pool still exists. A defect counts the age of the connection in.
    fn later(self: &Arc<Self>, ticket: &Ticket, age: Duration, close: impl FnOnce(&mut Connections) + Send + 'static) {
        if self.flaw.is(Defect::KeepsIdleConnections) {
            return;
        }
        let (pool, origin, mut idle) = (Arc::downgrade(self), ticket.origin.clone(), self.idle);
        if self.flaw.is(Defect::KeepsIdleConnectionsForLonger) {
            idle *= 60;
        }
        if self.flaw.is(Defect::CountsIdleTimeFromTheStart) {
            idle = idle.saturating_sub(age);
        }
        ticket.runtime.spawn(async move {
            tokio::time::sleep(idle).await;
            if let Some(pool) = pool.upgrade()
                && let Some(connections) = pool.origins().get_mut(&origin)
            {
                close(connections);
            }
        });
    }
}

impl Ticket {
    /// Whether the transport was dropped.
    pub(super) fn is_orphan(&self) -> bool {
        self.pool.strong_count() == 0
    }

    /// The call is over and its connection can be reused.
    pub(super) fn give_back(self, link: Link) {
        if let Some(pool) = self.pool.upgrade().filter(|_| !link.is_http2()) {
            pool.keep(link, &self);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let (Some(pool), Some(id)) = (self.pool.upgrade(), self.shared) {
            pool.release(id, self);
        }
    }
}
