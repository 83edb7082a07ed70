//! What is known of one connection. reqwest hides its TLS streams, but the rustls callbacks run inside the future that makes
//! the connection: a task-local around that future identifies the handshake of a callback.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use digicert_one_core::{ConnectionFacts, ServerCertificate, TlsAlert, TlsVersion};
use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;

tokio::task_local! {
    static CURRENT: Arc<Handshake>;
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
    pub(crate) answered: OnceLock<Instant>,
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
    pub(crate) fn new(ended: Arc<Notify>) -> Self {
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

    /// Runs `connecting` so that the callbacks within it note what they see in `self`.
    pub(crate) fn observe<F: Future>(self: &Arc<Self>, connecting: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(Arc::clone(self), connecting)
    }

    /// The handshake whose connection is being made right now, on this task.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// The connection stands.
    pub(crate) fn note_finished(&self) {
        self.finished.store(true, Ordering::Release);
    }

    /// A response came over it.
    pub(crate) fn note_response(&self) {
        self.answered.get_or_init(Instant::now);
    }

    /// It resumes a session, of which this is known.
    pub(crate) fn note_session(&self, learned: Option<(bool, bool)>) {
        let _ = self.session.set(learned);
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
    pub(crate) fn is_gone(&self) -> bool {
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
    pub(crate) fn learned(&self) -> Option<(bool, bool)> {
        let facts = self.facts();
        if facts.tls_resumed != Some(false) {
            return None;
        }
        facts.identity_requested.zip(facts.identity_sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
