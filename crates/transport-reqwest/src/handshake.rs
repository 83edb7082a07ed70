//! What is learnt while a connection is made. reqwest hides its TLS streams, but the rustls callbacks run inside the future
//! that makes the connection: a task-local around that future tells which handshake a callback belongs to, and the local
//! address tells later which connection carried an answer.

use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use digicert_one_core::{BoxError, ConnectionFacts, TlsVersion};
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower_layer::Layer;
use tower_service::Service;

/// Connections that are remembered by local address. An older one is forgotten: its facts become unknown, never wrong.
const REMEMBERED: usize = 512;

tokio::task_local! {
    static CURRENT: Arc<Handshake>;
    static CALL: Arc<Call>;
}

/// The notes of one connection.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    certificate_requested: AtomicBool,
    certificate_sent: AtomicBool,
    version: AtomicU8,
    finished: AtomicBool,
    answered: AtomicBool,
}

impl Handshake {
    /// Called by the resolver: the server asks for a client certificate.
    pub(crate) fn note_certificate_request(sent: bool) {
        let _ = CURRENT.try_with(|handshake| {
            handshake.certificate_requested.store(true, Ordering::Relaxed);
            handshake.certificate_sent.store(sent, Ordering::Relaxed);
        });
    }

    /// Called by the verifier, which a full handshake of this version asks for a signature and a resumed one does not.
    pub(crate) fn note_version(version: TlsVersion) {
        let _ = CURRENT.try_with(|handshake| {
            handshake.version.store(if version == TlsVersion::Tls13 { 13 } else { 12 }, Ordering::Relaxed);
        });
    }

    /// The facts of this handshake. `answered` first, so that a first answer says `reused: false` and the next ones not.
    fn facts(&self) -> ConnectionFacts {
        let mut facts = ConnectionFacts::unknown();
        let finished = self.finished.load(Ordering::Relaxed);
        facts.tls_version = match self.version.load(Ordering::Relaxed) {
            13 => Some(TlsVersion::Tls13),
            12 => Some(TlsVersion::Tls12),
            _ => None,
        };
        facts.tls_resumed = finished.then_some(facts.tls_version.is_none());
        // In a resumed session the server does not ask again: what it knows comes from the first handshake.
        if facts.tls_version.is_some() || self.certificate_requested.load(Ordering::Relaxed) {
            facts.identity_requested = Some(self.certificate_requested.load(Ordering::Relaxed));
            facts.identity_sent = Some(self.certificate_sent.load(Ordering::Relaxed));
        }
        facts
    }
}

/// The handshakes that one call started.
#[derive(Debug, Default)]
pub(crate) struct Call(Mutex<Option<Arc<Handshake>>>);

impl Call {
    /// Runs `future` so that the handshakes it starts are noted in `self`.
    pub(crate) async fn observe<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        CALL.scope(Arc::clone(self), future).await
    }

    /// The facts of the connection that this call started, if it started one.
    pub(crate) fn facts(&self) -> Option<ConnectionFacts> {
        let handshake = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let mut facts = handshake.facts();
        facts.reused = Some(false);
        Some(facts)
    }

    /// Whether this call was still making a connection when it ended.
    pub(crate) fn was_connecting(&self) -> bool {
        let handshake = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handshake.as_ref().is_some_and(|handshake| !handshake.finished.load(Ordering::Relaxed))
    }
}

/// The connections of one transport, by local address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<Mutex<Known>>);

type Known = VecDeque<(SocketAddr, Arc<Handshake>)>;

impl Connections {
    /// The facts of the connection that carried an answer.
    pub(crate) fn facts(&self, info: &HttpInfo) -> ConnectionFacts {
        let handshake = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known
                .iter()
                .rev()
                .find(|(local, _)| *local == info.local_addr())
                .map(|(_, handshake)| Arc::clone(handshake))
        };
        let mut facts = match &handshake {
            Some(handshake) => {
                let mut facts = handshake.facts();
                facts.reused = Some(handshake.answered.swap(true, Ordering::Relaxed));
                facts
            }
            None => ConnectionFacts::unknown(),
        };
        facts.peer = Some(info.remote_addr());
        facts
    }

    fn remember(&self, local: SocketAddr, handshake: Arc<Handshake>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == REMEMBERED {
            known.pop_front();
        }
        known.push_back((local, handshake));
    }
}

impl<S> Layer<S> for Connections {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched { inner, connections: self.clone() }
    }
}

/// reqwest's connector with our notes around it.
#[derive(Clone)]
pub(crate) struct Watched<S> {
    inner: S,
    connections: Connections,
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let handshake = Arc::new(Handshake::default());
        let _ = CALL.try_with(|call| {
            *call.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&handshake));
        });
        let connecting = CURRENT.scope(Arc::clone(&handshake), self.inner.call(destination));
        let connections = self.connections.clone();
        Box::pin(async move {
            let connection = connecting.await?;
            handshake.finished.store(true, Ordering::Relaxed);
            let mut extras = http::Extensions::new();
            connection.connected().get_extras(&mut extras);
            if let Some(info) = extras.get::<HttpInfo>() {
                connections.remember(info.local_addr(), handshake);
            }
            Ok(connection)
        })
    }
}
