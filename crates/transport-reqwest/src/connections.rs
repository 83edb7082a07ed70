//! The connections of one transport. The local address identifies later which of them carried a response or an error.

use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use digicert_one_core::{BoxError, ConnectionFacts};
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tokio::sync::Notify;
use tower_layer::Layer;
use tower_service::Service;

use crate::begun::BegunConnection;
use crate::handshake::Handshake;

/// Connections that are remembered by local address. An older one is forgotten: its facts become unknown, never wrong.
const REMEMBERED: usize = 512;

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
                handshake.note_response();
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
            (None, learned) => handshake.note_session(learned.flatten()),
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

    fn known(&self) -> MutexGuard<'_, HandshakeList> {
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
        BegunConnection::note_begin(&handshake);
        let mut connecting = Box::pin(handshake.observe(inner.clone().call(destination)));
        let connections = connections.clone();
        Box::pin(async move {
            let connection = std::future::poll_fn(|cx| {
                BegunConnection::note_busy();
                connecting.as_mut().poll(cx)
            })
            .await?;
            handshake.note_finished();
            connections.note_done(&handshake);
            BegunConnection::note_stands();
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

    use digicert_one_core::TlsVersion;
    use rustls::pki_types::CertificateDer;

    use super::*;

    fn standing(connections: &Connections, decrypters: usize) -> Handshake {
        let handshake = Handshake::new(Arc::clone(&connections.ended));
        (0..decrypters).for_each(|_| handshake.note_decrypter());
        handshake.note_finished();
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

    fn finished(connections: &Connections, seen: impl FnOnce(&Arc<Handshake>)) -> ConnectionFacts {
        let handshake = Arc::new(Handshake::new(Arc::clone(&connections.ended)));
        handshake.note_decrypter();
        seen(&handshake);
        handshake.note_finished();
        connections.note_done(&handshake);
        handshake.facts()
    }

    fn full(handshake: &Arc<Handshake>, requested: bool) {
        let callbacks = handshake.observe(async move {
            Handshake::note_version(TlsVersion::Tls13);
            Handshake::note_server(&CertificateDer::from_slice(b"no certificate"));
            if requested {
                Handshake::note_certificate_request(false);
            }
        });
        assert!(pin!(callbacks).poll(&mut Context::from_waker(Waker::noop())).is_ready());
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
