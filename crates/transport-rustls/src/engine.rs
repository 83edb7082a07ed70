//! rustls as an engine of the transport over hyper.

use std::error::Error;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use digicert_one_core::{
    ConnectionFacts, PeerFault, TlsVersion, TransportConfig, TransportError, TransportErrorKind as Kind, causes,
};
use digicert_one_error_kinds::tls_kind;
use digicert_one_hyper::{ConnectFailure, Handshake, Renegotiation, Secured, Wire};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config;
use crate::notes::Notes;

/// One configuration of rustls, with its session cache.
pub(crate) struct Engine {
    connector: TlsConnector,
    has_identity: bool,
    learned: Mutex<Learned>,
}

/// Whether the server asked and we sent, in the full handshakes so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Learned {
    #[default]
    Nothing,
    Alike(bool, bool),
    Different,
}

impl Learned {
    fn add(&mut self, facts: &ConnectionFacts) {
        let Some((requested, sent)) = facts.identity_requested.zip(facts.identity_sent) else { return };
        let seen = Self::Alike(requested, sent);
        *self = if matches!(*self, Self::Nothing) || *self == seen { seen } else { Self::Different };
    }
}

impl digicert_one_hyper::Engine for Engine {
    type Stream = TokioIo<TlsStream<Wire>>;

    /// rustls has a buffer of its own.
    const READ_BUFFER: usize = 0;

    fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let tls = Arc::new(config::tls(config)?);
        let has_identity = config.identity().is_some();
        Ok(Self { connector: tls.into(), has_identity, learned: Mutex::default() })
    }

    async fn handshake(
        &self,
        name: &str,
        mut wire: Wire,
        handshake: &Arc<Handshake>,
    ) -> Result<Secured<Self::Stream>, ConnectFailure> {
        let name = ServerName::try_from(name.to_owned()).map_err(|error| ConnectFailure::new(Kind::Config, error))?;
        // rustls refuses the second handshake and reports it to the server only.
        wire.watch_renegotiation(handshake, Renegotiation::Refused);
        let mut attempt = Attempt { engine: self, handshake, notes: Notes::default() };
        let mut connecting = pin!(self.connector.connect(name, wire));
        let outcome = poll_fn(|cx| attempt.notes.during(|| connecting.as_mut().poll(cx))).await;
        let mut tls = outcome.map_err(|error| attempt.failure(error))?;
        let (wire, connection) = tls.get_mut();
        let version = version(connection);
        wire.established(version);
        handshake.learn(self.facts(&attempt.notes, connection, version), self.has_identity);
        let alpn = connection.alpn_protocol().map(<[u8]>::to_vec);
        Ok(Secured::new(TokioIo::new(tls), alpn.as_deref()))
    }

    fn kind(error: &(dyn Error + 'static)) -> Option<Kind> {
        causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()).map(tls_kind)
    }
}

impl Engine {
    /// The facts of a handshake that succeeded. In a resumed one the server does not ask again: what it knows comes from a full one.
    fn facts(&self, notes: &Notes, connection: &ClientConnection, version: Option<TlsVersion>) -> ConnectionFacts {
        let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
        let mut facts = notes.facts(self.has_identity);
        facts.tls_version = version;
        facts.tls_resumed = Some(resumed);
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        match *learned {
            _ if !resumed => learned.add(&facts),
            Learned::Alike(requested, sent) => {
                (facts.identity_requested, facts.identity_sent) = (Some(requested), Some(sent));
            }
            Learned::Nothing | Learned::Different => {}
        }
        facts
    }
}

fn version(connection: &ClientConnection) -> Option<TlsVersion> {
    match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => Some(TlsVersion::Tls13),
        Some(ProtocolVersion::TLSv1_2) => Some(TlsVersion::Tls12),
        _ => None,
    }
}

/// A handshake under way. Given up half-way, it leaves what was seen until then.
struct Attempt<'a> {
    engine: &'a Engine,
    handshake: &'a Handshake,
    notes: Notes,
}

impl Attempt<'_> {
    fn failure(&self, error: io::Error) -> ConnectFailure {
        // Where rustls has no error of its own, the connection ended.
        let kind = match <Engine as digicert_one_hyper::Engine>::kind(&error).unwrap_or(Kind::Tls) {
            Kind::PeerUntrusted(PeerFault::BadSignature) if self.notes.has_small_key() => {
                Kind::PeerUntrusted(PeerFault::WeakKey)
            }
            kind => kind,
        };
        ConnectFailure::new(kind, error)
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.handshake.learn(self.notes.facts(self.engine.has_identity), self.engine.has_identity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(requested: Option<bool>, sent: Option<bool>) -> ConnectionFacts {
        let mut facts = ConnectionFacts::unknown();
        (facts.identity_requested, facts.identity_sent) = (requested, sent);
        facts
    }

    #[test]
    fn resumed_session_reports_what_the_full_handshakes_agreed_on() {
        let mut learned = Learned::default();
        learned.add(&facts(None, Some(false)));
        assert_eq!(learned, Learned::Nothing);
        learned.add(&facts(Some(true), Some(true)));
        learned.add(&facts(Some(true), Some(true)));
        assert_eq!(learned, Learned::Alike(true, true));
        learned.add(&facts(Some(false), Some(false)));
        learned.add(&facts(Some(false), Some(false)));
        assert_eq!(learned, Learned::Different);
    }
}
