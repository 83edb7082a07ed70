//! Writing PKCS#12 (RFC 7292) with the crate p12-keystore, in a current and in an old kind of protection.

use digicert_one::{ClientIdentity, Secret};
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain,
};

use crate::failure::Failure;

/// The protection of a key store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// AES-256 and HMAC with SHA-256.
    Current,
    /// Triple DES and HMAC with SHA-1, which Windows before Server 2019 needs.
    Legacy,
}

impl Protection {
    /// Rounds of each of the three key derivations. .NET refuses a file with more than 600,000 rounds in all; old software takes long
    /// for more than its own default.
    fn rounds(self) -> u32 {
        match self {
            Self::Current => 100_000,
            Self::Legacy => 2048,
        }
    }
}

/// The file.
pub(crate) fn encode(identity: &ClientIdentity, password: &Secret, kind: Protection) -> Result<Vec<u8>, Failure> {
    let password = std::str::from_utf8(password.expose())
        .map_err(|_| Failure::Usage("--output-password: the password is not UTF-8".to_owned()))?;
    let failed = |error: p12_keystore::error::Error| Failure::Internal(error.into());
    let chain = identity.chain().iter().map(|der| Certificate::from_der(der));
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let key = identity.expose_pkcs8(PrivateKey::from_der).map_err(failed)?;
    let mut store = KeyStore::new();
    // Windows pairs key and certificate by this id: the thumbprint is different for each pair.
    let pair = PrivateKeyChain::new(&identity.thumbprint()[..], key, chain);
    store.add_entry("client", KeyStoreEntry::PrivateKeyChain(pair));
    let (encryption, mac) = match kind {
        Protection::Current => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        Protection::Legacy => (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
    };
    let writer = store.writer(password).encryption_algorithm(encryption).mac_algorithm(mac);
    writer.encryption_iterations(kind.rounds()).mac_iterations(kind.rounds()).write().map_err(failed)
}
