//! Why OpenSSL refused the server's certificate: native-tls hands its verdict out as text only. The table has every text of
//! OpenSSL's `x509_txt.c` that is about a certificate; the rest (DANE, transparency, memory, a program's own verifier, resources of
//! RFC 3779) cannot come up here and is [`PeerFault::Other`].

use digicert_one_core::PeerFault;

/// What OpenSSL says, in its current spelling and in those before OpenSSL 3.
const VERDICTS: &[(PeerFault, &[&str])] = &[
    (PeerFault::Expired, &["certificate has expired"]),
    (
        PeerFault::NotYetValid,
        &["certificate is not yet valid", "certificate is not yet valid or the system clock is incorrect"],
    ),
    (PeerFault::NameMismatch, &["hostname mismatch", "Hostname mismatch", "IP address mismatch"]),
    (
        PeerFault::UnknownIssuer,
        &[
            "unable to get issuer certificate",
            "unable to get local issuer certificate",
            "unable to verify the first certificate",
            "self-signed certificate",
            "self-signed certificate in certificate chain",
            "self signed certificate",
            "self signed certificate in certificate chain",
            "certificate not trusted",
            "certificate rejected",
            "issuer certificate lookup error",
        ],
    ),
    (PeerFault::Revoked, &["certificate revoked"]),
    (
        PeerFault::RevocationUnknown,
        &[
            "unable to get certificate CRL",
            "unable to decrypt CRL's signature",
            "CRL signature failure",
            "CRL is not yet valid",
            "CRL has expired",
            "format error in CRL's lastUpdate field",
            "format error in CRL's nextUpdate field",
            "unable to get CRL issuer certificate",
            "key usage does not include CRL signing",
            "unhandled critical CRL extension",
            "different CRL scope",
            "CRL path validation error",
            "OCSP verification needed",
            "OCSP verification failed",
            "OCSP unknown cert",
            "OCSP response(s) invalid",
            "OCSP response signature verification failure",
            "OCSP response not yet valid (contains a date in the future)",
            "OCSP response has expired",
            "no OCSP response available for certificate",
        ],
    ),
    (
        PeerFault::WrongPurpose,
        &[
            "unsuitable certificate purpose",
            "unsupported certificate purpose",
            "key usage does not include digital signature",
        ],
    ),
    (
        PeerFault::IssuerNotCa,
        &[
            "invalid CA certificate",
            "invalid non-CA certificate (has CA markings)",
            "path length constraint exceeded",
            "proxy path length constraint exceeded",
            "certificate chain too long",
            "path loop",
            "key usage does not include certificate signing",
            "CA cert does not include key usage extension",
            "proxy certificates not allowed, please set the appropriate flag",
            "proxy subject name violation",
        ],
    ),
    (
        PeerFault::NameConstraints,
        &[
            "permitted subtree violation",
            "excluded subtree violation",
            "name constraints minimum and maximum not supported",
            "unsupported name constraint type",
            "unsupported or invalid name constraint syntax",
            "unsupported or invalid name syntax",
        ],
    ),
    (PeerFault::CriticalExtension, &["unhandled critical extension", "unsupported extension feature"]),
    (PeerFault::Version, &["Using cert extension requires at least X509v3", "Suite B: certificate version invalid"]),
    (PeerFault::WeakKey, &["EE certificate key too weak", "CA certificate key too weak"]),
    (
        PeerFault::SignatureAlgorithm,
        &[
            "CA signature digest algorithm too weak",
            "Cannot find certificate signature algorithm",
            "Certificate public key has explicit ECC parameters",
            "Suite B: invalid public key algorithm",
            "Suite B: invalid ECC curve",
            "Suite B: invalid signature algorithm",
            "Suite B: curve not allowed for this LOS",
            "Suite B: cannot sign P-384 with P-256",
        ],
    ),
    (
        PeerFault::BadSignature,
        &[
            "certificate signature failure",
            "unable to decrypt certificate's signature",
            "unable to decode issuer public key",
            "issuer certificate doesn't have a public key",
            "subject issuer mismatch",
            "authority and subject key identifier mismatch",
            "authority and issuer serial number mismatch",
            "subject signature algorithm and issuer public key algorithm mismatch",
        ],
    ),
    (
        PeerFault::Malformed,
        &[
            "format error in certificate's notBefore field",
            "format error in certificate's notAfter field",
            "invalid or inconsistent certificate extension",
            "invalid or inconsistent certificate policy extension",
            "cert info signature and signature algorithm mismatch",
            "Path length invalid for non-CA cert",
            "Path length given without key usage keyCertSign",
            "Key usage keyCertSign invalid for non-CA cert",
            "Issuer name empty",
            "Subject name empty",
            "Missing Authority Key Identifier",
            "Missing Subject Key Identifier",
            "Empty Subject Alternative Name extension",
            "Basic Constraints of CA cert not marked critical",
            "Subject empty and Subject Alt Name extension not critical",
            "Authority Key Identifier marked critical",
            "Subject Key Identifier marked critical",
        ],
    ),
];

/// What OpenSSL notes of a certificate that it cannot read and then passes over: its verdict is a missing issuer.
const UNREADABLE: [&str; 2] = [":ossl_x509v3_cache_extensions:invalid certificate:", ":X509_PUBKEY_get0:decode error:"];

/// `certificate verify failed ... (certificate has expired)`, as native-tls prints OpenSSL's verdict.
pub(crate) fn fault_in(text: &str) -> Option<PeerFault> {
    if !text.contains("certificate verify failed") {
        return weakness_in(text);
    }
    // The verdict is the last text in brackets, and some have brackets of their own.
    let found = VERDICTS.iter().find(|(_, verdicts)| {
        verdicts.iter().any(|verdict| {
            text.strip_suffix(')').and_then(|text| text.strip_suffix(verdict)).is_some_and(|text| text.ends_with('('))
        })
    });
    Some(match found {
        Some((PeerFault::UnknownIssuer, _)) if UNREADABLE.iter().any(|note| text.contains(note)) => {
            PeerFault::Malformed
        }
        Some((fault, _)) => *fault,
        None => PeerFault::Other,
    })
}

/// What OpenSSL refuses before or after it verifies the chain, without a verdict.
fn weakness_in(text: &str) -> Option<PeerFault> {
    let reasons = [
        ("ee key too small", PeerFault::WeakKey),
        ("ca key too small", PeerFault::WeakKey),
        ("ca md too weak", PeerFault::SignatureAlgorithm),
        ("wrong signature type", PeerFault::SignatureAlgorithm),
        ("unknown digest", PeerFault::SignatureAlgorithm),
        ("wrong curve", PeerFault::SignatureAlgorithm),
        ("bad signature", PeerFault::BadSignature),
        ("unable to find public key parameters", PeerFault::Malformed),
    ];
    let of_us = !text.contains("SSL alert number");
    reasons.iter().find(|(reason, _)| of_us && text.contains(&format!(":{reason}:"))).map(|(_, fault)| *fault)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn failed(verdict: &str) -> Option<PeerFault> {
        fault_in(&format!(
            "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:\
                           ssl/statem/statem_clnt.c:2123: ({verdict})"
        ))
    }

    #[test]
    fn openssl_verdict_has_a_fault_of_its_own() {
        for (fault, verdicts) in VERDICTS {
            for verdict in *verdicts {
                assert_eq!(failed(verdict), Some(*fault), "{verdict}");
            }
        }
        let texts: Vec<_> = VERDICTS.iter().flat_map(|(_, verdicts)| *verdicts).collect();
        assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len(), "a text has one fault");
    }

    /// Every text of `X509_verify_cert_error_string` in OpenSSL 3.6, in its order.
    const ALL: &[&str] = &[
        "ok",
        "unspecified certificate verification error",
        "unable to get issuer certificate",
        "unable to get certificate CRL",
        "unable to decrypt certificate's signature",
        "unable to decrypt CRL's signature",
        "unable to decode issuer public key",
        "certificate signature failure",
        "CRL signature failure",
        "certificate is not yet valid or the system clock is incorrect",
        "certificate has expired",
        "CRL is not yet valid",
        "CRL has expired",
        "format error in certificate's notBefore field",
        "format error in certificate's notAfter field",
        "format error in CRL's lastUpdate field",
        "format error in CRL's nextUpdate field",
        "out of memory",
        "self-signed certificate",
        "self-signed certificate in certificate chain",
        "unable to get local issuer certificate",
        "unable to verify the first certificate",
        "certificate chain too long",
        "certificate revoked",
        "issuer certificate doesn't have a public key",
        "path length constraint exceeded",
        "unsuitable certificate purpose",
        "certificate not trusted",
        "certificate rejected",
        "subject issuer mismatch",
        "authority and subject key identifier mismatch",
        "authority and issuer serial number mismatch",
        "key usage does not include certificate signing",
        "unable to get CRL issuer certificate",
        "unhandled critical extension",
        "key usage does not include CRL signing",
        "unhandled critical CRL extension",
        "invalid non-CA certificate (has CA markings)",
        "proxy path length constraint exceeded",
        "key usage does not include digital signature",
        "proxy certificates not allowed, please set the appropriate flag",
        "invalid or inconsistent certificate extension",
        "invalid or inconsistent certificate policy extension",
        "no explicit policy",
        "different CRL scope",
        "unsupported extension feature",
        "RFC 3779 resource not subset of parent's resources",
        "permitted subtree violation",
        "excluded subtree violation",
        "name constraints minimum and maximum not supported",
        "application verification failure",
        "unsupported name constraint type",
        "unsupported or invalid name constraint syntax",
        "unsupported or invalid name syntax",
        "CRL path validation error",
        "path loop",
        "Suite B: certificate version invalid",
        "Suite B: invalid public key algorithm",
        "Suite B: invalid ECC curve",
        "Suite B: invalid signature algorithm",
        "Suite B: curve not allowed for this LOS",
        "Suite B: cannot sign P-384 with P-256",
        "hostname mismatch",
        "email address mismatch",
        "IP address mismatch",
        "no matching DANE TLSA records",
        "EE certificate key too weak",
        "CA certificate key too weak",
        "CA signature digest algorithm too weak",
        "invalid certificate verification context",
        "issuer certificate lookup error",
        "Certificate Transparency required, but no valid SCTs found",
        "proxy subject name violation",
        "OCSP verification needed",
        "OCSP verification failed",
        "OCSP unknown cert",
        "OCSP response(s) invalid",
        "OCSP response signature verification failure",
        "OCSP response not yet valid (contains a date in the future)",
        "OCSP response has expired",
        "no OCSP response available for certificate",
        "Cannot find certificate signature algorithm",
        "subject signature algorithm and issuer public key algorithm mismatch",
        "cert info signature and signature algorithm mismatch",
        "invalid CA certificate",
        "Path length invalid for non-CA cert",
        "Path length given without key usage keyCertSign",
        "Key usage keyCertSign invalid for non-CA cert",
        "Issuer name empty",
        "Subject name empty",
        "Missing Authority Key Identifier",
        "Missing Subject Key Identifier",
        "Empty Subject Alternative Name extension",
        "Basic Constraints of CA cert not marked critical",
        "Subject empty and Subject Alt Name extension not critical",
        "Authority Key Identifier marked critical",
        "Subject Key Identifier marked critical",
        "CA cert does not include key usage extension",
        "Using cert extension requires at least X509v3",
        "Certificate public key has explicit ECC parameters",
        "Raw public key untrusted, no trusted keys configured",
        "unknown certificate verification error",
    ];
    /// What cannot come of a server's certificate as we verify it.
    const REMAINDER: &[&str] = &[
        "ok",
        "unspecified certificate verification error",
        "out of memory",
        "application verification failure",
        "no matching DANE TLSA records",
        "Certificate Transparency required, but no valid SCTs found",
        "no explicit policy",
        "RFC 3779 resource not subset of parent's resources",
        "email address mismatch",
        "invalid certificate verification context",
        "Raw public key untrusted, no trusted keys configured",
        "unknown certificate verification error",
    ];

    #[test]
    fn every_openssl_verdict_is_in_the_table_or_in_the_documented_remainder() {
        for verdict in ALL {
            assert_eq!(failed(verdict) == Some(PeerFault::Other), REMAINDER.contains(verdict), "{verdict}");
        }
    }

    #[test]
    fn issuer_that_cannot_be_read_is_malformed_and_not_unknown() {
        let verdict = |verdict: &str| {
            let note = "error:1100009E:X509 V3 routines:ossl_x509v3_cache_extensions:invalid certificate:crypto/x509/v3_purp.c:677:, ";
            let failed = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:ssl/statem/\
                          statem_clnt.c:2123: ";
            fault_in(&format!("{note}{failed}({verdict})"))
        };
        assert_eq!(verdict("unable to get local issuer certificate"), Some(PeerFault::Malformed));
        assert_eq!(verdict("certificate has expired"), Some(PeerFault::Expired));
    }

    #[test]
    fn verdict_counts_only_where_openssl_verified_the_server() {
        assert_eq!(failed("something new"), Some(PeerFault::Other));
        assert_eq!(fault_in("sslv3 alert certificate expired (certificate has expired)"), None);
        let weak =
            "error:0A00018F:SSL routines:tls_process_server_certificate:ee key too small:ssl/statem/statem_clnt.c:1:";
        assert_eq!(fault_in(weak), Some(PeerFault::WeakKey));
        assert_eq!(fault_in(&format!("{weak}SSL alert number 42")), None);
    }
}
