//! What the callbacks of rustls saw in one handshake. rustls calls its verifier, its resolver and its signer while a handshake is polled, on
//! the thread that polls it, and does not say for which connection. So a poll puts the notes of its connection on the thread and
//! takes them back at its end.

use std::cell::RefCell;
use std::sync::Arc;

use digicert_one_core::{ConnectionFacts, ServerCertificate, TlsVersion};
use rustls::pki_types::CertificateDer;

thread_local! {
    static POLLED: RefCell<Notes> = RefCell::default();
}

/// The notes of one handshake.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The server asked for a certificate. It does so before it is verified.
    requested: bool,
    /// We signed, which comes after our Certificate message and after the server was verified.
    signed: bool,
    /// The server showed a certificate, which can be unreadable.
    shown: bool,
    server: Option<Arc<ServerCertificate>>,
    version: Option<TlsVersion>,
    small_key: bool,
}

impl Notes {
    /// Polls a handshake with these notes on the thread.
    pub(crate) fn during<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        POLLED.set(std::mem::take(self));
        let polled = poll();
        *self = POLLED.take();
        polled
    }

    fn note(change: impl FnOnce(&mut Self)) {
        POLLED.with_borrow_mut(change);
    }

    /// The resolver is asked.
    pub(crate) fn certificate_requested() {
        Self::note(|notes| notes.requested = true);
    }

    /// The key of our certificate signed the handshake. rustls writes the Certificate message before that and the signature after it, in
    /// one flight.
    pub(crate) fn certificate_sent() {
        Self::note(|notes| notes.signed = true);
    }

    /// The server shows this certificate, which may yet be refused.
    pub(crate) fn server_shows(leaf: &CertificateDer<'_>, small_key: bool) {
        Self::note(|notes| {
            notes.shown = true;
            notes.server = ServerCertificate::read(leaf).map(Arc::new);
            notes.small_key = small_key;
        });
    }

    /// A full handshake of this version comes to the server's signature.
    pub(crate) fn version(version: TlsVersion) {
        Self::note(|notes| notes.version = Some(version));
    }

    /// Whether a key of the server's chain is too small.
    pub(crate) fn has_small_key(&self) -> bool {
        self.small_key
    }

    /// The facts of a full handshake, or of one that failed. Without an identity nothing can have been sent.
    pub(crate) fn facts(&self, has_identity: bool) -> ConnectionFacts {
        let mut facts = ConnectionFacts::unknown();
        facts.tls_version = self.version;
        facts.server_certificate = self.server.clone();
        // The request comes before the certificate is verified, in both versions.
        let is_known = self.requested || self.shown;
        facts.identity_requested = is_known.then_some(self.requested);
        facts.identity_sent = (is_known || !has_identity).then_some(self.signed);
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(notes: &Notes, has_identity: bool) -> (Option<bool>, Option<bool>) {
        let facts = notes.facts(has_identity);
        (facts.identity_requested, facts.identity_sent)
    }

    #[test]
    fn handshake_that_showed_nothing_leaves_the_request_unknown() {
        assert_eq!(known(&Notes::default(), true), (None, None));
        assert_eq!(known(&Notes::default(), false), (None, Some(false)));
    }

    #[test]
    fn certificate_that_was_asked_for_is_sent_only_once_it_was_signed_for() {
        let mut notes = Notes::default();
        notes.during(Notes::certificate_requested);
        assert_eq!(known(&notes, true), (Some(true), Some(false)));
        notes.during(Notes::certificate_sent);
        assert_eq!(known(&notes, true), (Some(true), Some(true)));
    }

    #[test]
    fn two_handshakes_on_one_thread_keep_their_notes_apart() {
        let (mut first, mut second) = (Notes::default(), Notes::default());
        first.during(Notes::certificate_requested);
        second.during(|| Notes::version(TlsVersion::Tls12));
        first.during(|| Notes::version(TlsVersion::Tls13));
        assert_eq!((first.requested, first.version), (true, Some(TlsVersion::Tls13)));
        assert_eq!((second.requested, second.version), (false, Some(TlsVersion::Tls12)));
        Notes::certificate_sent();
        assert!(!first.signed && !second.signed, "outside of a poll nothing is noted");
    }
}
