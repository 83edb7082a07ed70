//! The elliptic curves of the keys that DigiCert ONE uses, and why a key on one has no public half.

use der::asn1::ObjectIdentifier;

const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// A curve of NIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// Returns the curve with this object identifier.
    pub(crate) fn of(oid: ObjectIdentifier) -> Option<Self> {
        match oid {
            P256 => Some(Self::P256),
            P384 => Some(Self::P384),
            P521 => Some(Self::P521),
            _ => None,
        }
    }

    /// Returns the size in bytes of a private key (RFC 5915 section 3).
    pub(crate) fn scalar_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// Why a public key cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPublicHalf {
    /// The private key is not one of its curve.
    #[cfg_attr(
        not(any(feature = "aws-lc-rs", feature = "rustcrypto")),
        expect(dead_code, reason = "no key is looked at")
    )]
    Invalid,
    /// Built without arithmetic on curves.
    #[cfg_attr(any(feature = "aws-lc-rs", feature = "rustcrypto"), expect(dead_code, reason = "there is arithmetic"))]
    NotBuilt,
}
