//! What is known of each connection. reqwest hides its TLS streams, but the rustls callbacks run inside the future that makes
//! the connection: a task-local around that future identifies the handshake of a callback, and the local address identifies
//! later which connection carried a response or an error.

use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use digicert_one_core::{BoxError, ConnectionFacts, ServerCertificate, TlsAlert, TlsVersion};
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;
use tower_layer::Layer;
use tower_service::Service;

/// Connections that are remembered by local address. An older one is forgotten: its facts become unknown, never wrong.
const REMEMBERED: usize = 512;

tokio::task_local! {
    static CURRENT: Arc<Handshake>;
    static CALL: Arc<BegunConnection>;
}

/// The notes of one connection.
#[derive(Debug)]
pub(crate) struct Handshake {
    certificate_requested: AtomicBool,
    /// Not yet sent: the resolver is asked before the server is verified.
    certificate_chosen: AtomicBool,
    certificate_sent: AtomicBool,
    /// A key of the server's chain is too small.
    small_key: AtomicBool,
    /// The server wanted a second handshake.
    hello_requested: AtomicBool,
    server: OnceLock<Option<Arc<ServerCertificate>>>,
    version: AtomicU8,
    finished: AtomicBool,
    /// When the first response came.
    answered: OnceLock<Instant>,
    alert: OnceLock<TlsAlert>,
    /// A connection of TLS has at least one from the moment in which it stands until it ends.
    decrypters: AtomicUsize,
    /// There was a decrypter: it is not a connection in clear text, whose end is not seen.
    is_tls: AtomicBool,
    rekeyed: AtomicBool,
    /// What the full handshakes before a resumed one knew of the client certificate, if they agreed.
    session: OnceLock<Option<(bool, bool)>>,
    /// Woken when a connection of this transport ends.
    ended: Arc<Notify>,
}

impl Handshake {
    fn new(ended: Arc<Notify>) -> Self {
        Self {
            certificate_requested: AtomicBool::new(false),
            certificate_chosen: AtomicBool::new(false),
            certificate_sent: AtomicBool::new(false),
            small_key: AtomicBool::new(false),
            hello_requested: AtomicBool::new(false),
            server: OnceLock::new(),
            version: AtomicU8::new(0),
            finished: AtomicBool::new(false),
            answered: OnceLock::new(),
            alert: OnceLock::new(),
            decrypters: AtomicUsize::new(0),
            is_tls: AtomicBool::new(false),
            rekeyed: AtomicBool::new(false),
            session: OnceLock::new(),
            ended,
        }
    }

    /// The handshake whose connection is being made right now, on this task.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    pub(crate) fn note_decrypter(&self) {
        self.is_tls.store(true, Ordering::Relaxed);
        self.decrypters.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_decrypter_gone(&self) {
        if self.decrypters.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ended.notify_waiters();
        }
    }

    /// From now on the connection has a decrypter that we do not see.
    pub(crate) fn note_key_update(&self) {
        self.rekeyed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn note_alert(&self, alert: TlsAlert) {
        if alert.is_failure() {
            let _ = self.alert.set(alert);
        }
    }

    /// The alert that ended the connection, also where HTTP/2 or a late error swallowed it.
    pub(crate) fn alert(&self) -> Option<TlsAlert> {
        self.alert.get().copied()
    }

    /// Whether the connection stood and has ended.
    fn is_gone(&self) -> bool {
        self.finished.load(Ordering::Acquire)
            && self.is_tls.load(Ordering::Relaxed)
            && self.decrypters.load(Ordering::Acquire) == 0
            && !self.rekeyed.load(Ordering::Relaxed)
    }

    /// Called by the resolver: the server asks for a client certificate, and there is one to send or not.
    pub(crate) fn note_certificate_request(chosen: bool) {
        let _ = CURRENT.try_with(|handshake| {
            handshake.certificate_requested.store(true, Ordering::Relaxed);
            handshake.certificate_chosen.store(chosen, Ordering::Relaxed);
        });
    }

    /// Called by the encrypter of TLS 1.3: our certificate leaves.
    pub(crate) fn note_certificate_sent(&self) {
        self.certificate_sent.store(true, Ordering::Relaxed);
    }

    /// Called by the verifier at the end of its work under TLS 1.2, after which the certificate that was chosen leaves.
    pub(crate) fn note_tls12_server_verified() {
        let _ = CURRENT.try_with(|handshake| {
            let chosen = handshake.certificate_chosen.load(Ordering::Relaxed);
            handshake.certificate_sent.store(chosen, Ordering::Relaxed);
        });
    }

    /// Called by the verifier: a key of the server's chain is too small.
    pub(crate) fn note_small_key() {
        let _ = CURRENT.try_with(|handshake| handshake.small_key.store(true, Ordering::Relaxed));
    }

    /// Whether a key of the server's chain is too small.
    pub(crate) fn has_small_key(&self) -> bool {
        self.small_key.load(Ordering::Relaxed)
    }

    /// The server wants a second handshake, which rustls refuses.
    pub(crate) fn note_hello_request(&self) {
        self.hello_requested.store(true, Ordering::Relaxed);
    }

    /// Whether the connection had carried a response before the request of a call that began at `since`. When its request was sent is
    /// not shown: a response to another call, which came meanwhile, proves something only over HTTP/1.1.
    pub(crate) fn reused(&self, since: Instant, is_http1: bool) -> Option<bool> {
        match self.answered.get() {
            None => Some(false),
            Some(first) => (is_http1 || *first <= since).then_some(true),
        }
    }

    /// Called by the verifier: the server shows this certificate, which may yet be refused.
    pub(crate) fn note_server(leaf: &CertificateDer<'_>) {
        let _ = CURRENT.try_with(|handshake| handshake.server.set(ServerCertificate::read(leaf).map(Arc::new)));
    }

    /// Called by the verifier, which a full handshake of this version asks for a signature and a resumed one does not.
    pub(crate) fn note_version(version: TlsVersion) {
        let _ = CURRENT.try_with(|handshake| {
            handshake.version.store(if version == TlsVersion::Tls13 { 13 } else { 12 }, Ordering::Relaxed);
        });
    }

    /// The facts of this handshake.
    pub(crate) fn facts(&self) -> ConnectionFacts {
        let mut facts = ConnectionFacts::unknown();
        let finished = self.finished.load(Ordering::Relaxed);
        facts.tls_version = match self.version.load(Ordering::Relaxed) {
            13 => Some(TlsVersion::Tls13),
            12 => Some(TlsVersion::Tls12),
            _ => None,
        };
        facts.server_certificate = self.server.get().cloned().flatten();
        let is_tls = self.is_tls.load(Ordering::Relaxed);
        facts.tls_resumed = (finished && is_tls).then_some(facts.tls_version.is_none());
        facts.renegotiated = self.hello_requested.load(Ordering::Relaxed).then_some(false);
        let requested = self.certificate_requested.load(Ordering::Relaxed);
        if facts.tls_resumed == Some(true) {
            // The server does not ask again: what it knows comes from the handshake before.
            (facts.identity_requested, facts.identity_sent) = match self.session.get().copied() {
                Some(Some((requested, sent))) => (Some(requested), Some(sent)),
                _ => (None, None),
            };
        } else {
            // The request comes before the certificate is verified, in both versions.
            let is_known = requested || self.server.get().is_some();
            facts.identity_requested = is_known.then_some(requested);
            facts.identity_sent = is_known.then(|| self.certificate_sent.load(Ordering::Relaxed));
        }
        facts
    }

    /// What a full handshake that succeeded knows of the client certificate.
    fn learned(&self) -> Option<(bool, bool)> {
        let facts = self.facts();
        if facts.tls_resumed != Some(false) {
            return None;
        }
        facts.identity_requested.zip(facts.identity_sent)
    }
}

/// The connection that one call began to make, if it began one.
#[derive(Debug, Default)]
pub(crate) struct BegunConnection(Mutex<Begun>);

#[derive(Debug, Default)]
struct Begun {
    handshake: Option<Arc<Handshake>>,
    /// Whether the call was busy with it when it was polled last. When the call can go over another connection meanwhile,
    /// hyper-util makes this one in the background.
    busy: bool,
    /// The same at the poll before that.
    was_busy: bool,
    /// Whether it came to stand while the call was busy with it.
    stands: bool,
}

impl BegunConnection {
    /// Runs `future` so that the handshakes it starts are noted in `self`.
    pub(crate) async fn observe<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        let mut future = std::pin::pin!(CALL.scope(Arc::clone(self), future));
        std::future::poll_fn(|cx| {
            self.begun(|begun| begun.was_busy = std::mem::take(&mut begun.busy));
            future.as_mut().poll(cx)
        })
        .await
    }

    /// The connection that this call began to make and did not leave to the background.
    pub(crate) fn handshake(&self) -> Option<Arc<Handshake>> {
        self.begun(|begun| begun.handshake.clone().filter(|_| begun.busy || begun.stands))
    }

    /// A limit of time ended the call. reqwest looks at its clock first, so the last poll did not come as far as the connection, and
    /// what the previous one observed still holds.
    pub(crate) fn note_timeout(&self) {
        self.begun(|begun| begun.busy |= begun.was_busy);
    }

    /// Whether this call was still making a connection when it ended.
    pub(crate) fn was_connecting(&self) -> bool {
        self.begun(|begun| begun.busy && !begun.stands)
    }

    fn begun<T>(&self, look: impl FnOnce(&mut Begun) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes something of the call that this task is busy with, if it is busy with one.
    fn note(change: impl FnOnce(&mut Begun)) {
        let _ = CALL.try_with(|call| call.begun(change));
    }
}

/// The connections of one transport, by local address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    known: Arc<Mutex<HandshakeList>>,
    ended: Arc<Notify>,
}

#[derive(Debug, Default)]
struct HandshakeList {
    list: VecDeque<(SocketAddr, Arc<Handshake>)>,
    /// One that may still stand had to be forgotten.
    incomplete: bool,
    /// Whether the server asked and we sent, in the full handshakes so far: `Some(None)` once two differed.
    learned: Option<Option<(bool, bool)>>,
}

impl Connections {
    /// The facts of the connection that carried a response to a call that began at `since`.
    pub(crate) fn facts_of_response(&self, info: &HttpInfo, since: Instant, is_http1: bool) -> ConnectionFacts {
        let mut facts = match self.find(info) {
            Some(handshake) => {
                let mut facts = handshake.facts();
                facts.reused = handshake.reused(since, is_http1);
                handshake.answered.get_or_init(Instant::now);
                facts
            }
            None => ConnectionFacts::unknown(),
        };
        facts.peer = Some(info.remote_addr());
        facts
    }

    /// The connection with these addresses.
    pub(crate) fn find(&self, info: &HttpInfo) -> Option<Arc<Handshake>> {
        let known = self.known();
        let (_, handshake) = known.list.iter().rev().find(|(local, _)| *local == info.local_addr())?;
        Some(Arc::clone(handshake))
    }

    /// Wakes its waiters when a connection ended.
    pub(crate) fn ended(&self) -> &Notify {
        &self.ended
    }

    /// Whether `call` waits for a response that cannot come: the connection that it made is gone, or it made none and none stands.
    pub(crate) fn have_lost(&self, call: &BegunConnection) -> bool {
        match call.handshake() {
            Some(handshake) => handshake.is_gone(),
            None => {
                let known = self.known();
                !known.incomplete && known.list.iter().rev().all(|(_, handshake)| handshake.is_gone())
            }
        }
    }

    /// Whether a call that made no connection went over one that had carried a response: known if all had, or none.
    pub(crate) fn reused(&self, since: Instant) -> Option<bool> {
        let known = self.known();
        let mut reused = known.list.iter().map(|(_, handshake)| handshake.reused(since, false));
        let first = reused.next()?;
        (!known.incomplete && reused.all(|one| one == first)).then_some(first)?
    }

    /// A handshake is done: a full one is learned from, a resumed one is given what was learned.
    fn note_done(&self, handshake: &Handshake) {
        let mut known = self.known();
        match (handshake.learned(), known.learned) {
            (Some(seen), None) => known.learned = Some(Some(seen)),
            (Some(seen), Some(before)) => known.learned = Some(before.filter(|before| *before == seen)),
            (None, learned) => drop(handshake.session.set(learned.flatten())),
        }
    }

    fn remember(&self, local: SocketAddr, handshake: Arc<Handshake>) {
        let mut known = self.known();
        if known.list.len() == REMEMBERED {
            known.list.retain(|(_, handshake)| !handshake.is_gone());
        }
        if known.list.len() == REMEMBERED {
            known.list.pop_front();
            known.incomplete = true;
        }
        known.list.push_back((local, handshake));
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HandshakeList> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Layer<S> for Connections {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched(Arc::new((inner, self.clone())))
    }
}

/// reqwest's connector with our notes around it. reqwest clones it six times for each request, so a clone is one counter that the
/// processors share.
pub(crate) struct Watched<S>(Arc<(S, Connections)>);

impl<S> Clone for Watched<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R, Error = BoxError> + Clone,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // reqwest's connector is always ready; a clone of it makes the connection.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let (inner, connections) = &*self.0;
        let handshake = Arc::new(Handshake::new(Arc::clone(&connections.ended)));
        BegunConnection::note(|begun| *begun = Begun { handshake: Some(Arc::clone(&handshake)), ..Begun::default() });
        let mut connecting = Box::pin(CURRENT.scope(Arc::clone(&handshake), inner.clone().call(destination)));
        let connections = connections.clone();
        Box::pin(async move {
            let connection = std::future::poll_fn(|cx| {
                BegunConnection::note(|begun| begun.busy = true);
                connecting.as_mut().poll(cx)
            })
            .await?;
            handshake.finished.store(true, Ordering::Release);
            connections.note_done(&handshake);
            BegunConnection::note(|begun| begun.stands = true);
            let mut extras = http::Extensions::new();
            connection.connected().get_extras(&mut extras);
            if let Some(info) = extras.get::<HttpInfo>() {
                connections.remember(info.local_addr(), handshake);
            }
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    fn standing(connections: &Connections, decrypters: usize) -> Handshake {
        let handshake = Handshake::new(Arc::clone(&connections.ended));
        (0..decrypters).for_each(|_| handshake.note_decrypter());
        handshake.finished.store(true, Ordering::Release);
        handshake
    }

    #[test]
    fn connection_is_gone_with_its_last_decrypter_and_wakes_waiters() {
        let connections = Connections::default();
        let handshake = standing(&connections, 2);
        let mut waits = pin!(connections.ended().notified());
        waits.as_mut().enable();
        let mut is_woken = || waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        handshake.note_decrypter_gone();
        assert!(!handshake.is_gone() && !is_woken());
        handshake.note_decrypter_gone();
        assert!(handshake.is_gone() && is_woken());
    }

    #[test]
    fn connection_with_new_or_no_keys_is_not_gone() {
        let handshake = standing(&Connections::default(), 1);
        handshake.note_key_update();
        handshake.note_decrypter_gone();
        assert!(!handshake.is_gone());
        assert!(!Handshake::new(Arc::default()).is_gone(), "it does not stand yet");
        let in_clear_text = standing(&Connections::default(), 0);
        assert!(!in_clear_text.is_gone());
        assert_eq!(in_clear_text.facts().tls_resumed, None);
    }

    fn finished(connections: &Connections, seen: impl FnOnce(&Handshake)) -> ConnectionFacts {
        let handshake = Handshake::new(Arc::clone(&connections.ended));
        handshake.note_decrypter();
        seen(&handshake);
        handshake.finished.store(true, Ordering::Release);
        connections.note_done(&handshake);
        handshake.facts()
    }

    fn full(handshake: &Handshake, requested: bool) {
        handshake.version.store(13, Ordering::Relaxed);
        let _ = handshake.server.set(None);
        handshake.certificate_requested.store(requested, Ordering::Relaxed);
    }

    #[test]
    fn resumed_session_reports_what_the_full_handshakes_agreed_on() {
        let connections = Connections::default();
        let asked = |facts: ConnectionFacts| (facts.tls_resumed, facts.identity_requested, facts.identity_sent);
        assert_eq!(asked(finished(&connections, |_| {})), (Some(true), None, None));
        finished(&connections, |handshake| full(handshake, false));
        assert_eq!(asked(finished(&connections, |_| {})), (Some(true), Some(false), Some(false)));
        finished(&connections, |handshake| full(handshake, true));
        assert_eq!(asked(finished(&connections, |_| {})), (Some(true), None, None));
    }

    #[test]
    fn certificate_that_was_chosen_is_not_sent_yet() {
        let handshake = Handshake::new(Arc::default());
        handshake.certificate_requested.store(true, Ordering::Relaxed);
        handshake.certificate_chosen.store(true, Ordering::Relaxed);
        let facts = handshake.facts();
        assert_eq!((facts.identity_requested, facts.identity_sent), (Some(true), Some(false)));
        handshake.note_certificate_sent();
        assert_eq!(handshake.facts().identity_sent, Some(true));
    }

    #[test]
    fn connection_whose_only_call_failed_is_not_reused() {
        let connections = Connections::default();
        assert_eq!(connections.reused(Instant::now()), None);
        let handshake = Arc::new(standing(&connections, 1));
        connections.remember(SocketAddr::from(([127, 0, 0, 1], 1)), Arc::clone(&handshake));
        let before = Instant::now();
        assert_eq!(connections.reused(before), Some(false));
        let response = *handshake.answered.get_or_init(|| before + Duration::from_nanos(1));
        assert_eq!(connections.reused(response), Some(true));
        // Over HTTP/2 the request may have left before that response came.
        assert_eq!((handshake.reused(before, false), handshake.reused(before, true)), (None, Some(true)));
        assert_eq!(connections.reused(before), None);
        connections.remember(SocketAddr::from(([127, 0, 0, 1], 2)), Arc::new(standing(&connections, 1)));
        assert_eq!(connections.reused(response), None);
    }

    #[test]
    fn call_is_lost_when_no_open_connection_can_carry_it() {
        let (connections, call) = (Connections::default(), BegunConnection::default());
        let mut remember = (1..).map(|port| {
            let handshake = Arc::new(standing(&connections, 1));
            connections.remember(SocketAddr::from(([127, 0, 0, 1], port)), Arc::clone(&handshake));
            handshake
        });
        let first = remember.next().expect("endless");
        assert!(!connections.have_lost(&call));
        first.note_decrypter_gone();
        assert!(connections.have_lost(&call));
        let others: Vec<_> = remember.by_ref().take(REMEMBERED).collect();
        assert!(!connections.have_lost(&call));
        others.iter().for_each(|other| other.note_decrypter_gone());
        // Those that are gone make room, and nothing is forgotten.
        remember.next().expect("endless").note_decrypter_gone();
        assert!(connections.have_lost(&call));
        // One that stands has to be forgotten: then nothing is certain.
        let standing: Vec<_> = remember.take(REMEMBERED + 1).collect();
        standing.iter().for_each(|one| one.note_decrypter_gone());
        assert!(!connections.have_lost(&call));
    }
}
