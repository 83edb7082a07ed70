//! Names for callers that show no part of a secret: for logs, audit records and rate limits per caller.

use std::fmt;

use hmac_sha256::Hash as Sha256;

/// Keeps the digest of a key apart from any other SHA-256 of the same bytes.
const TOKEN_DOMAIN: &[u8] = b"digicert-one token\0";
const KEY_DOMAIN: &[u8] = b"digicert-one api key\0";

/// A short name of an API key, of a client certificate, or of who shows tokens: the same on every machine, and of no use to a thief.
///
/// It is cut from a SHA-256. An API key of DigiCert ONE has more than 256 bits of chance in it, so it cannot be guessed from
/// its fingerprint. Prints as `k:` (key), `c:` (certificate) or `t:` (tokens of CSC) and 16 hexadecimal digits.
///
/// ```
/// use digicert_one_core::ApiKey;
/// let fingerprint = ApiKey::new("01ab-canary")?.fingerprint();
/// assert!(fingerprint.to_string().starts_with("k:"));
/// assert_eq!(fingerprint, ApiKey::new("01ab-canary")?.fingerprint());
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    kind: Kind,
    digest: [u8; 8],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Key,
    Certificate,
    Token,
}

impl Fingerprint {
    pub(crate) fn of_key(key: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(KEY_DOMAIN);
        hash.update(key);
        Self::cut(Kind::Key, &hash.finalize())
    }

    /// Of a caller that shows tokens: cut from what stays the same when one token takes the place of another, such as the id of its OAuth
    /// client.
    #[must_use]
    pub fn of_tokens(holder: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(TOKEN_DOMAIN);
        hash.update(holder);
        Self::cut(Kind::Token, &hash.finalize())
    }

    pub(crate) fn of_certificate(thumbprint: &[u8; 32]) -> Self {
        Self::cut(Kind::Certificate, thumbprint)
    }

    fn cut(kind: Kind, digest: &[u8; 32]) -> Self {
        let mut short = [0; 8];
        short.copy_from_slice(&digest[..8]);
        Self { kind, digest: short }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Key => "k:",
            Kind::Certificate => "c:",
            Kind::Token => "t:",
        })?;
        self.digest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
