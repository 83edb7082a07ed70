//! Hash and signature algorithms by their object identifiers, which is how CSC names them.

use std::fmt;

macro_rules! algorithms {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])+ $variant:ident = $oid:literal $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])+ $variant,)+
            /// Another algorithm, by its object identifier.
            Other(String),
        }

        impl $name {
            /// The object identifier, in dots.
            #[must_use]
            pub fn oid(&self) -> &str {
                match self {
                    $(Self::$variant => $oid,)+
                    Self::Other(oid) => oid,
                }
            }

            /// The name, or the object identifier of one that has none here.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(oid) => oid,
                }
            }

            /// The algorithm with this object identifier.
            #[must_use]
            pub fn from_oid(oid: &str) -> Self {
                match oid {
                    $($oid => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

algorithms! {
    /// How the document was hashed.
    ///
    /// ```
    /// use digicert_one_csc::HashAlgo;
    /// assert_eq!(HashAlgo::Sha256.oid(), "2.16.840.1.101.3.4.2.1");
    /// assert_eq!(HashAlgo::from_oid("2.16.840.1.101.3.4.2.1"), HashAlgo::Sha256);
    /// ```
    HashAlgo {
        /// SHA-256.
        Sha256 = "2.16.840.1.101.3.4.2.1" "SHA-256",
        /// SHA-384.
        Sha384 = "2.16.840.1.101.3.4.2.2" "SHA-384",
        /// SHA-512.
        Sha512 = "2.16.840.1.101.3.4.2.3" "SHA-512",
    }
}

algorithms! {
    /// How the hash is signed.
    ///
    /// Source: DigiCert names [`Rsa`](Self::Rsa) and [`RsaSha256`](Self::RsaSha256) for the Content Signing Service; the others
    /// are those of RFC 8017 and RFC 5758, which an EC credential needs (inferred).
    SignAlgo {
        /// RSA, PKCS#1 v1.5; the hash algorithm is sent separately.
        Rsa = "1.2.840.113549.1.1.1" "RSA",
        /// RSA, PKCS#1 v1.5, over SHA-256.
        RsaSha256 = "1.2.840.113549.1.1.11" "RSA with SHA-256",
        /// RSA, PKCS#1 v1.5, over SHA-384.
        RsaSha384 = "1.2.840.113549.1.1.12" "RSA with SHA-384",
        /// RSA, PKCS#1 v1.5, over SHA-512.
        RsaSha512 = "1.2.840.113549.1.1.13" "RSA with SHA-512",
        /// ECDSA over SHA-256.
        EcdsaSha256 = "1.2.840.10045.4.3.2" "ECDSA with SHA-256",
        /// ECDSA over SHA-384.
        EcdsaSha384 = "1.2.840.10045.4.3.3" "ECDSA with SHA-384",
        /// ECDSA over SHA-512.
        EcdsaSha512 = "1.2.840.10045.4.3.4" "ECDSA with SHA-512",
    }
}

impl HashAlgo {
    /// The length of such a hash in bytes, if it is known.
    #[must_use]
    pub fn length(&self) -> Option<usize> {
        match self {
            Self::Sha256 => Some(32),
            Self::Sha384 => Some(48),
            Self::Sha512 => Some(64),
            Self::Other(_) => None,
        }
    }
}

impl SignAlgo {
    /// The hash algorithm that is part of it; `None` if it must be sent separately.
    #[must_use]
    pub fn hash(&self) -> Option<HashAlgo> {
        match self {
            Self::RsaSha256 | Self::EcdsaSha256 => Some(HashAlgo::Sha256),
            Self::RsaSha384 | Self::EcdsaSha384 => Some(HashAlgo::Sha384),
            Self::RsaSha512 | Self::EcdsaSha512 => Some(HashAlgo::Sha512),
            Self::Rsa | Self::Other(_) => None,
        }
    }
}
