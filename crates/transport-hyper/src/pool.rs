//! The open connections of one transport: by origin, the idle ones of HTTP/1.1 and the shared one of HTTP/2.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use digicert_one_core::BoxError;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::connection::Connection;

/// Where connections lead.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    scheme: Scheme,
    authority: Authority,
    /// The `host` field of HTTP/1.1, without the port that the scheme implies (RFC 9110 section 4.2.3).
    host: HeaderValue,
    /// A connection that many calls can share came to stand.
    shared: Arc<Notify>,
}

impl Destination {
    fn new(scheme: &Scheme, authority: &Authority) -> Result<Self, BoxError> {
        let implied = if *scheme == Scheme::HTTP { 80 } else { 443 };
        let host = match authority.port_u16() {
            Some(port) if port != implied => HeaderValue::try_from(format!("{}:{port}", authority.host()))?,
            _ => HeaderValue::from_str(authority.host())?,
        };
        Ok(Self { scheme: scheme.clone(), authority: authority.clone(), host, shared: Arc::default() })
    }

    fn is(&self, scheme: &Scheme, authority: &Authority) -> bool {
        self.scheme == *scheme && self.authority.as_str().eq_ignore_ascii_case(authority.as_str())
    }

    /// The address without its path.
    pub(crate) fn origin(&self) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query("/").build()
    }

    pub(crate) fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// Waits until another call made a connection that this one can share. To be called before looking for one.
    pub(crate) fn shared(&self) -> impl Future<Output = ()> + Send + '_ {
        self.shared.notified()
    }
}

/// A connection and since when it waits.
struct Idle {
    connection: Connection,
    since: Instant,
}

/// The open connections to one place.
struct Origin {
    place: Destination,
    /// HTTP/1.1; the last one was used last.
    idle: Vec<Idle>,
    /// HTTP/2.
    shared: Option<Idle>,
}

#[derive(Default)]
struct Open {
    /// A client calls one or two origins, so a search from the front is the shortest.
    origins: Vec<Origin>,
    /// Closes what was idle for too long.
    reaper: Option<JoinHandle<()>>,
}

struct Inner {
    open: Mutex<Open>,
    idle_limit: Option<Duration>,
}

/// The pool of one transport. A clone is the same pool.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

/// The pool as a body knows it, which does not keep its connections open.
#[derive(Clone)]
pub(crate) struct WeakPool(Weak<Inner>);

impl Pool {
    /// An empty pool; without a limit an idle connection stays open.
    pub(crate) fn new(idle_limit: Option<Duration>) -> Self {
        Self(Arc::new(Inner { open: Mutex::default(), idle_limit }))
    }

    pub(crate) fn downgrade(&self) -> WeakPool {
        WeakPool(Arc::downgrade(&self.0))
    }

    /// The place that an address leads to.
    pub(crate) fn place(&self, scheme: &Scheme, authority: &Authority) -> Result<Destination, BoxError> {
        let mut open = self.0.open();
        if let Some(known) = open.origins.iter().find(|origin| origin.place.is(scheme, authority)) {
            return Ok(known.place.clone());
        }
        let place = Destination::new(scheme, authority)?;
        open.origins.push(Origin { place: place.clone(), idle: Vec::new(), shared: None });
        Ok(place)
    }

    /// A connection that stands, if there is one: the shared one, or of those that are ready the one that was used last. One that is not
    /// ready yet is better than none.
    pub(crate) fn take(&self, place: &Destination) -> Option<Connection> {
        let mut open = self.0.open();
        let origin = open.origin(place)?;
        let now = Instant::now();
        if let Some(shared) = &mut origin.shared {
            if !self.0.is_over(shared, now) {
                shared.since = now;
                return shared.connection.share();
            }
            origin.shared = None;
        }
        let mut busy = Vec::new();
        let mut found = None;
        while let Some(idle) = origin.idle.pop() {
            if self.0.is_over(&idle, now) {
                continue;
            }
            if idle.connection.is_ready() {
                found = Some(idle);
                break;
            }
            busy.push(idle);
        }
        if found.is_none() && !busy.is_empty() {
            found = Some(busy.remove(0));
        }
        origin.idle.extend(busy.into_iter().rev());
        found.map(|idle| idle.connection)
    }

    /// Keeps an HTTP/1.1 connection for the next call.
    pub(crate) fn put(&self, place: &Destination, connection: Connection) {
        if connection.is_closed() {
            return;
        }
        let mut open = self.0.open();
        open.origin_or_new(place).idle.push(Idle { connection, since: Instant::now() });
        self.watch_idle(&mut open);
    }

    /// Lets all calls share a new HTTP/2 connection, and returns the one to use: another call may have been first.
    pub(crate) fn share(&self, place: &Destination, connection: Connection) -> Connection {
        let Some(same) = connection.share() else {
            return connection;
        };
        let mut open = self.0.open();
        let now = Instant::now();
        let origin = open.origin_or_new(place);
        if let Some(first) = &origin.shared
            && !self.0.is_over(first, now)
            && let Some(first) = first.connection.share()
        {
            return first;
        }
        origin.shared = Some(Idle { connection, since: now });
        place.shared.notify_waiters();
        self.watch_idle(&mut open);
        same
    }

    fn watch_idle(&self, open: &mut Open) {
        if self.0.idle_limit.is_some() && open.reaper.as_ref().is_none_or(JoinHandle::is_finished) {
            let reaping = self.downgrade().reap();
            open.reaper = tokio::runtime::Handle::try_current().ok().map(|runtime| runtime.spawn(reaping));
        }
    }

    /// Forgets the shared connection that gave a request back.
    pub(crate) fn forget(&self, place: &Destination, gone: &Connection) {
        let mut open = self.0.open();
        if let Some(origin) = open.origin(place)
            && origin.shared.as_ref().is_some_and(|shared| Arc::ptr_eq(&shared.connection.handshake, &gone.handshake))
        {
            origin.shared = None;
        }
    }
}

impl WeakPool {
    /// As [`Pool::put`], if the pool is still there.
    pub(crate) fn put(&self, place: &Destination, connection: Connection) {
        if let Some(inner) = self.0.upgrade() {
            Pool(inner).put(place, connection);
        }
    }

    /// Closes each idle connection when its time is over; ends when there is none left.
    async fn reap(self) {
        while let Some(next) = self.0.upgrade().and_then(|pool| pool.close_idle()) {
            sleep_until(next).await;
        }
    }
}

impl Open {
    fn origin(&mut self, place: &Destination) -> Option<&mut Origin> {
        self.origins.iter_mut().find(|origin| origin.place.is(&place.scheme, &place.authority))
    }

    fn origin_or_new(&mut self, place: &Destination) -> &mut Origin {
        let known = self.origins.iter().position(|origin| origin.place.is(&place.scheme, &place.authority));
        let index = known.unwrap_or_else(|| {
            self.origins.push(Origin { place: place.clone(), idle: Vec::new(), shared: None });
            self.origins.len() - 1
        });
        &mut self.origins[index]
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self, idle: &Idle, now: Instant) -> bool {
        idle.connection.is_closed()
            || self.idle_limit.is_some_and(|limit| now.saturating_duration_since(idle.since) > limit)
    }

    /// Closes what is over, and returns when to look again.
    fn close_idle(&self) -> Option<Instant> {
        let limit = self.idle_limit?;
        let mut open = self.open();
        let now = Instant::now();
        let is_over = |idle: &Idle| idle.connection.is_closed() || now.saturating_duration_since(idle.since) >= limit;
        for origin in &mut open.origins {
            origin.idle.retain(|idle| !is_over(idle));
            if origin.shared.as_ref().is_some_and(is_over) {
                origin.shared = None;
            }
        }
        open.origins.retain(|origin| !origin.idle.is_empty() || origin.shared.is_some());
        let waiting = open.origins.iter().flat_map(|origin| origin.idle.iter().chain(&origin.shared));
        let next = waiting.map(|idle| idle.since).min().and_then(|since| since.checked_add(limit));
        if next.is_none() {
            // This task ends now, and the next connection starts another one.
            open.reaper = None;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::handshake::Handshake;
    use crate::stream::Stream;
    use crate::testing::Plain;

    /// A connection without TLS, and the server's end of it.
    async fn connected(is_http2: bool) -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let tcp = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connected");
        let (server, _) = listener.accept().await.expect("accepted");
        let handshake = Arc::new(Handshake::default());
        let stream = match is_http2 {
            true => Plain::http2(tcp, &handshake),
            false => Stream::<Plain>::clear(tcp, Arc::clone(&handshake)),
        };
        (Connection::start(stream, handshake).await.expect("started"), server)
    }

    fn place(pool: &Pool, authority: &'static str) -> Destination {
        pool.place(&Scheme::HTTP, &Authority::from_static(authority)).expect("a place")
    }

    fn block_on(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
    }

    async fn is_closed(mut server: TcpStream) -> bool {
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.is_ok()
    }

    #[test]
    fn host_field_names_a_port_only_if_the_scheme_does_not_imply_it() {
        let host = |scheme: Scheme, authority: &'static str| {
            Destination::new(&scheme, &Authority::from_static(authority)).expect("a place").host
        };
        assert_eq!(host(Scheme::HTTPS, "a.test:443"), "a.test");
        assert_eq!(host(Scheme::HTTPS, "a.test:80"), "a.test:80");
        assert_eq!(host(Scheme::HTTP, "[::1]:80"), "[::1]");
        assert_eq!(host(Scheme::HTTPS, "[::1]:8443"), "[::1]:8443");
    }

    #[test]
    fn connection_is_taken_for_its_own_place_and_once() {
        block_on(async {
            let pool = Pool::new(None);
            let (connection, _server) = connected(false).await;
            let handshake = Arc::clone(&connection.handshake);
            pool.put(&place(&pool, "a.test"), connection);
            assert!(pool.take(&place(&pool, "b.test")).is_none());
            assert!(pool.take(&place(&pool, "a.test:80")).is_none());
            let taken = pool.take(&place(&pool, "A.test")).expect("kept");
            assert!(Arc::ptr_eq(&taken.handshake, &handshake));
            assert!(pool.take(&place(&pool, "a.test")).is_none());
        });
    }

    #[test]
    fn connection_that_the_server_closed_is_not_taken() {
        block_on(async {
            let pool = Pool::new(None);
            let (connection, server) = connected(false).await;
            let handshake = Arc::clone(&connection.handshake);
            pool.put(&place(&pool, "a.test"), connection);
            drop(server);
            while !handshake.is_gone() {
                tokio::task::yield_now().await;
            }
            assert!(pool.take(&place(&pool, "a.test")).is_none());
        });
    }

    #[test]
    fn second_shared_connection_yields_until_the_first_is_gone() {
        block_on(async {
            let pool = Pool::new(None);
            let here = place(&pool, "a.test");
            let ((first, _one), (second, _two), (third, _three)) =
                (connected(true).await, connected(true).await, connected(true).await);
            let marks = [&first, &second, &third].map(|connection| Arc::clone(&connection.handshake));
            assert!(Arc::ptr_eq(&pool.share(&here, first).handshake, &marks[0]));
            let used = pool.share(&here, second);
            assert!(Arc::ptr_eq(&used.handshake, &marks[0]));
            pool.forget(&here, &used);
            assert!(pool.take(&here).is_none());
            assert!(Arc::ptr_eq(&pool.share(&here, third).handshake, &marks[2]));
        });
    }

    #[test]
    fn call_that_dials_hears_of_a_shared_connection() {
        block_on(async {
            let pool = Pool::new(None);
            let here = place(&pool, "a.test");
            let mut shared = std::pin::pin!(here.shared());
            std::future::poll_fn(|cx| std::task::Poll::Ready(shared.as_mut().poll(cx).is_pending())).await;
            let (connection, _server) = connected(true).await;
            pool.share(&here, connection);
            shared.await;
        });
    }

    #[test]
    fn idle_connection_is_closed_at_its_limit_and_the_next_one_as_well() {
        block_on(async {
            let pool = Pool::new(Some(Duration::from_millis(20)));
            for is_http2 in [false, true, false] {
                let (connection, server) = connected(is_http2).await;
                let here = place(&pool, "a.test");
                match is_http2 {
                    true => drop(pool.share(&here, connection)),
                    false => pool.put(&here, connection),
                }
                assert!(is_closed(server).await);
            }
        });
    }

    #[test]
    fn pool_that_is_dropped_closes_its_connections_though_a_body_knows_it() {
        block_on(async {
            let pool = Pool::new(None);
            let (known, here) = (pool.downgrade(), place(&pool, "a.test"));
            let ((idle, one), (late, two)) = (connected(false).await, connected(false).await);
            pool.put(&here, idle);
            drop(pool);
            assert!(is_closed(one).await);
            known.put(&here, late);
            assert!(is_closed(two).await);
        });
    }
}
