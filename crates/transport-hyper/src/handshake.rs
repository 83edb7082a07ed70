//! What is known of one connection: how far it came, what its handshake showed, whether it has been used. The dialler
//! makes one note of these for each connection; responses and errors lead back to it.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use digicert_one_core::{ConnectionFacts, Phase, TlsAlert, TransportErrorKind};

const CONNECTING: u8 = 0;
const SHAKING_HANDS: u8 = 1;
const STANDS: u8 = 2;
/// close_notify is the one alert that is never a failure, so its number is free.
const NO_ALERT: u8 = 0;

/// What a TLS library does when a server wants a second handshake on a TLS 1.2 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renegotiation {
    /// It makes one, in cipher text: what the first one showed holds no longer.
    Made,
    /// It refuses.
    Refused,
}

const NO_RENEGOTIATION: u8 = 0;

/// The notes of one connection.
#[derive(Debug, Default)]
pub struct Handshake {
    step: AtomicU8,
    peer: OnceLock<SocketAddr>,
    facts: OnceLock<ConnectionFacts>,
    alert: AtomicU8,
    has_identity: AtomicBool,
    renegotiation: AtomicU8,
    writing: AtomicBool,
    answered: AtomicBool,
    gone: AtomicBool,
    /// Why HTTP/2 ended on it, where that is known.
    end: OnceLock<TransportErrorKind>,
}

impl Handshake {
    pub(crate) fn note_peer(&self, peer: SocketAddr) {
        let _ = self.peer.set(peer);
    }

    /// TCP stands, through a proxy too.
    pub(crate) fn tcp_stands(&self) {
        self.step.store(SHAKING_HANDS, Ordering::Relaxed);
    }

    /// The connection is ready for requests.
    pub(crate) fn stands(&self) {
        self.step.store(STANDS, Ordering::Relaxed);
    }

    /// What an engine saw of the TLS handshake, to be said once. The facts of TCP are added to it.
    ///
    /// With `has_identity` a certificate may leave in a second handshake.
    pub fn learn(&self, facts: ConnectionFacts, has_identity: bool) {
        self.has_identity.store(has_identity, Ordering::Relaxed);
        let _ = self.facts.set(facts);
    }

    /// An alert that the server sent.
    pub fn note_alert(&self, alert: TlsAlert) {
        self.alert.store(alert.0, Ordering::Relaxed);
    }

    /// The server wanted a second handshake.
    pub(crate) fn note_renegotiation(&self, reaction: Renegotiation) {
        self.renegotiation.store(NO_RENEGOTIATION + 1 + reaction as u8, Ordering::Relaxed);
    }

    fn renegotiation(&self) -> Option<Renegotiation> {
        let noted = self.renegotiation.load(Ordering::Relaxed).checked_sub(NO_RENEGOTIATION + 1)?;
        Some(if noted == Renegotiation::Made as u8 { Renegotiation::Made } else { Renegotiation::Refused })
    }

    /// Bytes of a request, or of HTTP/2's preface, begin to leave.
    pub(crate) fn note_writing(&self) {
        self.writing.store(true, Ordering::Relaxed);
    }

    /// The connection was given up, or never came to stand.
    pub(crate) fn note_gone(&self) {
        self.gone.store(true, Ordering::Release);
    }

    /// Whether nothing can come or go any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Whether the connection is still being made.
    pub(crate) fn is_pending(&self) -> bool {
        self.step.load(Ordering::Relaxed) != STANDS && !self.is_gone()
    }

    /// The alert that ended the connection.
    pub(crate) fn alert(&self) -> Option<TlsAlert> {
        let number = self.alert.load(Ordering::Relaxed);
        (number != NO_ALERT).then_some(TlsAlert(number))
    }

    /// Whether not even a part of a request can have left.
    pub(crate) fn is_unused(&self) -> bool {
        !self.writing.load(Ordering::Relaxed)
    }

    /// HTTP/2 ended for this reason. hyper gives it to the task of the connection, and often nothing but "closed" to the calls.
    pub(crate) fn note_end(&self, kind: TransportErrorKind) {
        let _ = self.end.set(kind);
    }

    /// What ended the connection: an alert, or a reason of HTTP/2.
    pub(crate) fn end(&self) -> Option<TransportErrorKind> {
        self.alert().map(TransportErrorKind::PeerAlert).or_else(|| self.end.get().copied())
    }

    /// Where the making of the connection is, or was when it ended; `None` when it is made.
    pub(crate) fn phase(&self) -> Option<Phase> {
        match self.step.load(Ordering::Relaxed) {
            CONNECTING => Some(Phase::Connect),
            SHAKING_HANDS => Some(Phase::Handshake),
            _ => None,
        }
    }

    /// A response came: requests that are sent from now on go over a used connection.
    pub(crate) fn note_response(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether the connection has carried a response.
    pub(crate) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// The facts for a call; `reused` is [`has_answered`](Self::has_answered) when its request was sent. Over HTTP/2 the responses to
    /// other calls come meanwhile.
    pub(crate) fn facts(&self, reused: bool) -> ConnectionFacts {
        let mut facts = self.facts.get().cloned().unwrap_or_default();
        facts.peer = self.peer.get().copied();
        facts.reused = Some(reused);
        match self.renegotiation() {
            None => {}
            Some(Renegotiation::Refused) => facts.renegotiated = Some(false),
            Some(Renegotiation::Made) => {
                facts.renegotiated = Some(true);
                // What the first handshake showed holds no longer, and the second one is encrypted.
                facts.identity_requested = None;
                facts.identity_sent = facts.identity_sent.filter(|_| !self.has_identity.load(Ordering::Relaxed));
            }
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> ConnectionFacts {
        let mut facts = ConnectionFacts::unknown();
        (facts.identity_requested, facts.identity_sent) = (Some(false), Some(false));
        facts
    }

    #[test]
    fn second_handshake_makes_the_facts_of_the_first_unknown() {
        let facts = |has_identity: bool, reaction| {
            let connection = Handshake::default();
            connection.learn(shown(), has_identity);
            assert_eq!(connection.facts(false).renegotiated, None);
            connection.note_renegotiation(reaction);
            let facts = connection.facts(false);
            (facts.renegotiated, facts.identity_requested, facts.identity_sent)
        };
        assert_eq!(facts(true, Renegotiation::Made), (Some(true), None, None));
        // What there is not cannot have been sent.
        assert_eq!(facts(false, Renegotiation::Made), (Some(true), None, Some(false)));
        assert_eq!(facts(true, Renegotiation::Refused), (Some(false), Some(false), Some(false)));
    }

    #[test]
    fn connection_is_pending_until_open_or_given_up() {
        let connection = Handshake::default();
        assert_eq!((connection.is_pending(), connection.phase()), (true, Some(Phase::Connect)));
        connection.tcp_stands();
        assert_eq!((connection.is_pending(), connection.phase()), (true, Some(Phase::Handshake)));
        connection.stands();
        assert_eq!((connection.is_pending(), connection.phase()), (false, None));
        assert!(!connection.is_gone());
        connection.note_gone();
        assert!(connection.is_gone());

        let given_up = Handshake::default();
        given_up.note_gone();
        assert!(!given_up.is_pending() && given_up.is_gone());
    }
}
