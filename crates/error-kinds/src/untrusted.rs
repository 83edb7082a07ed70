//! Why rustls refused the server's certificate. Reasons of webpki without a name in rustls are inside
//! `CertificateError::Other`.

use std::error::Error;

use digicert_one_core::{PeerFault, causes};
use rustls::CertificateError;
use webpki::Error as Webpki;

/// Returns why rustls refused the server, for an error that reports a refusal.
#[must_use]
pub fn peer_fault(error: &rustls::Error) -> PeerFault {
    let rustls::Error::InvalidCertificate(fault) = error else {
        return match error {
            rustls::Error::UnsupportedNameType => PeerFault::NameMismatch,
            rustls::Error::InvalidCertRevocationList(_) => PeerFault::RevocationUnknown,
            rustls::Error::NoCertificatesPresented => PeerFault::Malformed,
            _ => PeerFault::Other,
        };
    };
    #[allow(deprecated)]
    match fault {
        CertificateError::BadEncoding => PeerFault::Malformed,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => PeerFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => PeerFault::NotYetValid,
        CertificateError::Revoked => PeerFault::Revoked,
        CertificateError::UnhandledCriticalExtension => PeerFault::CriticalExtension,
        CertificateError::UnknownIssuer => PeerFault::UnknownIssuer,
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. }
        | CertificateError::InvalidOcspResponse => PeerFault::RevocationUnknown,
        CertificateError::BadSignature => PeerFault::BadSignature,
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            public_key_algorithm_id,
        } => of_pair(signature_algorithm_id, public_key_algorithm_id),
        CertificateError::UnsupportedSignatureAlgorithm
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. } => PeerFault::SignatureAlgorithm,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => PeerFault::NameMismatch,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => PeerFault::WrongPurpose,
        CertificateError::Other(other) => below(&*other.0),
        // ApplicationVerificationFailure, which only a program's own verifier returns, and errors added later.
        _ => PeerFault::Other,
    }
}

/// A known algorithm that does not go with the key of the issuer. ECDSA by a key on an unknown curve is one that rustls does not support; a
/// key of another kind is not the key that signed.
fn of_pair(signature: &[u8], key: &[u8]) -> PeerFault {
    /// Of ansi-X9-62 (RFC 3279): `ecdsa-with-*` and `id-ecPublicKey`.
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let has = |value: &[u8], name: &[u8]| value.windows(name.len()).any(|part| part == name);
    match has(signature, ECDSA) && has(key, EC_KEY) {
        true => PeerFault::SignatureAlgorithm,
        false => PeerFault::BadSignature,
    }
}

/// The text of rustls-platform-verifier's `EkuError`.
const PLATFORM_PURPOSE: &str = "certificate had invalid extensions";

fn below(error: &(dyn Error + 'static)) -> PeerFault {
    if let Some(found) = causes(error).find_map(|cause| cause.downcast_ref::<Webpki>()) {
        return of_webpki(found);
    }
    // The platform verifier has a private type for this one, used only for a wrong extendedKeyUsage.
    match causes(error).any(|cause| cause.to_string() == PLATFORM_PURPOSE) {
        true => PeerFault::WrongPurpose,
        false => PeerFault::Other,
    }
}

fn of_webpki(error: &Webpki) -> PeerFault {
    match error {
        Webpki::CaUsedAsEndEntity => PeerFault::CaAsServer,
        Webpki::EndEntityUsedAsCa
        | Webpki::PathLenConstraintViolated
        | Webpki::MaximumPathDepthExceeded
        | Webpki::MaximumPathBuildCallsExceeded
        | Webpki::MaximumSignatureChecksExceeded => PeerFault::IssuerNotCa,
        Webpki::NameConstraintViolation
        | Webpki::InvalidNetworkMaskConstraint
        | Webpki::MalformedNameConstraint
        | Webpki::UnsupportedNameType
        | Webpki::MaximumNameConstraintComparisonsExceeded => PeerFault::NameConstraints,
        Webpki::UnsupportedCriticalExtension => PeerFault::CriticalExtension,
        Webpki::UnsupportedCertVersion => PeerFault::Version,
        Webpki::EmptyEkuExtension => PeerFault::WrongPurpose,
        Webpki::SignatureAlgorithmMismatch
        | Webpki::BadDer
        | Webpki::BadDerTime
        | Webpki::TrailingData(_)
        | Webpki::ExtensionValueInvalid
        | Webpki::MalformedExtensions
        | Webpki::MalformedDnsIdentifier
        | Webpki::InvalidCertValidity
        | Webpki::InvalidSerialNumber => PeerFault::Malformed,
        Webpki::IssuerNotCrlSigner
        | Webpki::InvalidCrlNumber
        | Webpki::UnsupportedCrlIssuingDistributionPoint
        | Webpki::UnsupportedCrlVersion
        | Webpki::UnsupportedDeltaCrl
        | Webpki::UnsupportedIndirectCrl
        | Webpki::UnsupportedRevocationReason
        | Webpki::UnsupportedRevocationReasonsPartitioning => PeerFault::RevocationUnknown,
        // Reasons with their own name in rustls, and reasons added later.
        _ => PeerFault::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    fn of_other(error: impl Error + Send + Sync + 'static) -> PeerFault {
        peer_fault(&CertificateError::Other(OtherError(Arc::new(error))).into())
    }

    #[test]
    fn each_rustls_reason_has_its_own_fault() {
        #[allow(deprecated)]
        let cases = [
            (CertificateError::BadEncoding, PeerFault::Malformed),
            (CertificateError::Expired, PeerFault::Expired),
            (CertificateError::NotValidYet, PeerFault::NotYetValid),
            (CertificateError::Revoked, PeerFault::Revoked),
            (CertificateError::UnhandledCriticalExtension, PeerFault::CriticalExtension),
            (CertificateError::UnknownIssuer, PeerFault::UnknownIssuer),
            (CertificateError::UnknownRevocationStatus, PeerFault::RevocationUnknown),
            (CertificateError::ExpiredRevocationList, PeerFault::RevocationUnknown),
            (CertificateError::InvalidOcspResponse, PeerFault::RevocationUnknown),
            (CertificateError::BadSignature, PeerFault::BadSignature),
            (CertificateError::UnsupportedSignatureAlgorithm, PeerFault::SignatureAlgorithm),
            (CertificateError::NotValidForName, PeerFault::NameMismatch),
            (CertificateError::InvalidPurpose, PeerFault::WrongPurpose),
            (CertificateError::ApplicationVerificationFailure, PeerFault::Other),
        ];
        for (said, expected) in cases {
            assert_eq!(peer_fault(&said.clone().into()), expected, "{said:?}");
        }
        assert_eq!(peer_fault(&rustls::Error::UnsupportedNameType), PeerFault::NameMismatch);
        assert_eq!(peer_fault(&rustls::Error::NoCertificatesPresented), PeerFault::Malformed);
    }

    #[test]
    fn issuer_with_a_key_of_another_kind_is_a_bad_signature() {
        let (signature_algorithm_id, public_key_algorithm_id) = (vec![1], vec![2]);
        let said = CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            public_key_algorithm_id,
        };
        assert_eq!(peer_fault(&said.into()), PeerFault::BadSignature);
    }

    #[test]
    fn issuer_with_a_key_on_an_unknown_curve_has_an_unsupported_algorithm() {
        let said = CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: vec![0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
            // id-ecPublicKey with prime192v1.
            public_key_algorithm_id: [
                &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01][..],
                &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01],
            ]
            .concat(),
        };
        assert_eq!(peer_fault(&said.into()), PeerFault::SignatureAlgorithm);
    }

    #[test]
    fn purpose_refused_by_the_platform_verifier_is_named() {
        #[derive(Debug)]
        struct EkuError;
        impl std::fmt::Display for EkuError {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("certificate had invalid extensions")
            }
        }
        impl Error for EkuError {}
        assert_eq!(of_other(EkuError), PeerFault::WrongPurpose);
    }

    #[test]
    fn webpki_reason_without_a_name_in_rustls_has_a_fault() {
        let cases = [
            (Webpki::CaUsedAsEndEntity, PeerFault::CaAsServer),
            (Webpki::EndEntityUsedAsCa, PeerFault::IssuerNotCa),
            (Webpki::PathLenConstraintViolated, PeerFault::IssuerNotCa),
            (Webpki::MaximumPathDepthExceeded, PeerFault::IssuerNotCa),
            (Webpki::MaximumPathBuildCallsExceeded, PeerFault::IssuerNotCa),
            (Webpki::MaximumSignatureChecksExceeded, PeerFault::IssuerNotCa),
            (Webpki::NameConstraintViolation, PeerFault::NameConstraints),
            (Webpki::InvalidNetworkMaskConstraint, PeerFault::NameConstraints),
            (Webpki::MalformedNameConstraint, PeerFault::NameConstraints),
            (Webpki::UnsupportedNameType, PeerFault::NameConstraints),
            (Webpki::MaximumNameConstraintComparisonsExceeded, PeerFault::NameConstraints),
            (Webpki::UnsupportedCriticalExtension, PeerFault::CriticalExtension),
            (Webpki::UnsupportedCertVersion, PeerFault::Version),
            (Webpki::EmptyEkuExtension, PeerFault::WrongPurpose),
            (Webpki::SignatureAlgorithmMismatch, PeerFault::Malformed),
            (Webpki::ExtensionValueInvalid, PeerFault::Malformed),
            (Webpki::MalformedExtensions, PeerFault::Malformed),
            (Webpki::MalformedDnsIdentifier, PeerFault::Malformed),
            (Webpki::InvalidSerialNumber, PeerFault::Malformed),
            (Webpki::UnsupportedRevocationReason, PeerFault::RevocationUnknown),
        ];
        for (said, expected) in cases {
            assert_eq!(of_other(said.clone()), expected, "{said:?}");
        }
        assert_eq!(of_other(std::fmt::Error), PeerFault::Other);
    }
}
