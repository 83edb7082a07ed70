//! Why rustls does not take a client certificate or its key.

use std::error::Error;
use std::fmt;

use digicert_one_core::PeerFault;

use crate::untrusted::peer_fault;

/// Why rustls does not take a client certificate or its key, in words; its own stand below.
#[derive(Debug)]
pub struct IdentityRefusal {
    why: &'static str,
    error: rustls::Error,
}

impl fmt::Display for IdentityRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

impl Error for IdentityRefusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl From<rustls::Error> for IdentityRefusal {
    fn from(error: rustls::Error) -> Self {
        Self { why: why(&error), error }
    }
}

fn why(error: &rustls::Error) -> &'static str {
    use rustls::{Error, InconsistentKeys};
    match error {
        Error::InvalidCertificate(_) => match peer_fault(error) {
            PeerFault::Version => "the certificate is not X.509 version 3, and rustls takes no other",
            PeerFault::CriticalExtension => "the certificate has a critical extension that rustls does not know",
            PeerFault::Malformed => "the certificate breaks a rule of RFC 5280 on how it is written",
            _ => "rustls does not take the certificate",
        },
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "the key does not belong to the certificate",
        Error::NoCertificatesPresented => "missing certificate",
        _ => "rustls does not take this kind of key",
    }
}
