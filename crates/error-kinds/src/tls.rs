//! Kinds for errors of rustls: who ended the handshake, and why.

use digicert_one_core::{TlsAlert, TransportErrorKind as Kind};
use rustls::{Error, InvalidMessage};

use crate::untrusted::peer_fault;

/// Returns the kind of a client-side rustls error. Only a received alert is a [`PeerAlert`](Kind::PeerAlert);
/// what rustls refuses without one has its own kind.
///
/// ```
/// use digicert_one_core::{TlsAlert, TransportErrorKind};
/// use digicert_one_error_kinds::tls_kind;
/// use rustls::{AlertDescription, Error, PeerIncompatible};
///
/// let refused = Error::AlertReceived(AlertDescription::ProtocolVersion);
/// assert_eq!(tls_kind(&refused), TransportErrorKind::PeerAlert(TlsAlert(70)));
/// let found = Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13);
/// assert_eq!(tls_kind(&found), TransportErrorKind::TlsIncompatible);
/// ```
#[must_use]
pub fn tls_kind(error: &Error) -> Kind {
    match error {
        Error::AlertReceived(alert) => Kind::PeerAlert(TlsAlert(u8::from(*alert))),
        Error::InvalidCertificate(_)
        | Error::UnsupportedNameType
        | Error::NoCertificatesPresented
        | Error::InvalidCertRevocationList(_) => Kind::PeerUntrusted(peer_fault(error)),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => Kind::NotTls,
        Error::PeerIncompatible(_) => Kind::TlsIncompatible,
        _ => Kind::Tls,
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::PeerFault;
    use rustls::{AlertDescription, CertificateError, PeerIncompatible, PeerMisbehaved};

    use super::*;

    #[test]
    fn error_maps_to_its_kind_and_no_alert_is_invented() {
        let cases = [
            (Error::AlertReceived(AlertDescription::HandshakeFailure), Kind::PeerAlert(TlsAlert(40))),
            (Error::AlertReceived(AlertDescription::CertificateRequired), Kind::PeerAlert(TlsAlert(116))),
            (Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon), Kind::TlsIncompatible),
            (Error::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig), Kind::TlsIncompatible),
            (CertificateError::UnknownIssuer.into(), Kind::PeerUntrusted(PeerFault::UnknownIssuer)),
            (Error::NoCertificatesPresented, Kind::PeerUntrusted(PeerFault::Malformed)),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), Kind::NotTls),
            (Error::InvalidMessage(InvalidMessage::MessageTooLarge), Kind::Tls),
            (Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite), Kind::Tls),
            (Error::DecryptError, Kind::Tls),
        ];
        for (error, kind) in cases {
            assert_eq!(tls_kind(&error), kind, "{error:?}");
        }
    }
}
