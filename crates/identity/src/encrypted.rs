//! Password-based encryption of PKCS#8 keys and PKCS#12 bags: PBES2 (RFC 8018 section 6.2) and the old
//! schemes, in which one object identifier fixes hash and cipher.
//!
//! pkcs5 and pkcs8 also decrypt PBES2, but not the old schemes, and leave the derived key in memory.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Sequence};
use pkcs5::{pbes1, pbes2};
use pkcs12::kdf::Pkcs12KeyType;
use pkcs12::pbe_params::Pkcs12PbeParams;
use rustls_pki_types::PrivateKeyDer;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::algorithm;
use crate::cipher::Cipher;
use crate::derive::{self, Hash};
use crate::fault::Fault;
use crate::kdf_budget::KdfBudget;
use crate::password::Candidate;

/// RFC 5958 section 3; borrowed, unlike the one of the pkcs12 crate.
#[derive(Sequence)]
pub(crate) struct EncryptedKey<'a> {
    pub(crate) algorithm: AlgorithmIdentifierRef<'a>,
    pub(crate) data: &'a OctetStringRef,
}

impl EncryptedKey<'_> {
    /// Decrypts the key to PKCS#8.
    pub(crate) fn open(&self, password: &Candidate<'_>, budget: &mut KdfBudget) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let plain = decrypt(self.algorithm, self.data.as_bytes(), password, budget)?;
        // One wrong password in 256 leaves valid padding; the check for a key detects it.
        match AnyRef::from_der(&plain).is_ok().then(|| PrivateKeyDer::try_from(plain.as_slice())) {
            Some(Ok(PrivateKeyDer::Pkcs8(_))) => Ok(plain),
            _ => Err(Fault::Decryption),
        }
    }
}

/// Decrypts data with the given password-based algorithm.
pub(crate) fn decrypt(
    algorithm: AlgorithmIdentifierRef<'_>,
    data: &[u8],
    password: &Candidate<'_>,
    budget: &mut KdfBudget,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let parameters = || algorithm.parameters.ok_or(Fault::Parameters);
    if algorithm.oid == pbes2::PBES2_OID {
        return with_pbes2(parameters()?, data, password, budget);
    }
    let (scheme, cipher) = match algorithm.oid {
        pkcs12::PKCS_12_PBE_WITH_SHAAND3_KEY_TRIPLE_DES_CBC => (LegacyDerivation::Pkcs12, Cipher::TripleDes),
        pkcs12::PKCS_12_PBE_WITH_SHAAND2_KEY_TRIPLE_DES_CBC => (LegacyDerivation::Pkcs12, Cipher::TripleDesTwoKeys),
        pkcs12::PKCS_12_PBE_WITH_SHAAND128_BIT_RC2_CBC => (LegacyDerivation::Pkcs12, Cipher::Rc2Of128Bits),
        pkcs12::PKCS_12_PBEWITH_SHAAND40_BIT_RC2_CBC => (LegacyDerivation::Pkcs12, Cipher::Rc2Of40Bits),
        pbes1::PBE_WITH_MD5_AND_DES_CBC_OID => (LegacyDerivation::Pkcs5(Hash::Md5), Cipher::Des),
        pbes1::PBE_WITH_SHA1_AND_DES_CBC_OID => (LegacyDerivation::Pkcs5(Hash::Sha1), Cipher::Des),
        pbes1::PBE_WITH_MD5_AND_RC2_CBC_OID => (LegacyDerivation::Pkcs5(Hash::Md5), Cipher::Rc2Of64Bits),
        pbes1::PBE_WITH_SHA1_AND_RC2_CBC_OID => (LegacyDerivation::Pkcs5(Hash::Sha1), Cipher::Rc2Of64Bits),
        oid => return Err(Fault::Unsupported(algorithm::name(oid))),
    };
    let Pkcs12PbeParams { salt, iterations } = parameters()?.decode_as().map_err(|_| Fault::Parameters)?;
    let (salt, rounds) = (salt.as_bytes(), iterations);
    let (key, iv) = match scheme {
        LegacyDerivation::Pkcs12 => {
            let mut derive = |usage, len| derive::pkcs12(Hash::Sha1, password, salt, usage, rounds, len, budget);
            (derive(Pkcs12KeyType::EncryptionKey, cipher.key_len())?, derive(Pkcs12KeyType::Iv, cipher.block_len())?)
        }
        LegacyDerivation::Pkcs5(hash) => {
            let both = derive::pbkdf1(hash, password, salt, rounds, budget)?;
            (Zeroizing::new(both[..8].to_vec()), Zeroizing::new(both[8..].to_vec()))
        }
    };
    budget.outdated(cipher.outdated().unwrap_or("PKCS#5 version 1"));
    cipher.decrypt(&key, &iv, data)
}

/// The key derivation of an old scheme.
#[derive(Clone, Copy)]
enum LegacyDerivation {
    Pkcs12,
    Pkcs5(Hash),
}

const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");
const DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.7");

fn with_pbes2(
    parameters: AnyRef<'_>,
    data: &[u8],
    password: &Candidate<'_>,
    budget: &mut KdfBudget,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (derivation, encryption) = derivation_and_next(parameters)?;
    let cipher = match encryption.oid {
        pbes2::AES_128_CBC_OID => Cipher::Aes128,
        pbes2::AES_192_CBC_OID => Cipher::Aes192,
        pbes2::AES_256_CBC_OID => Cipher::Aes256,
        TRIPLE_DES => Cipher::TripleDes,
        DES => Cipher::Des,
        oid => return Err(Fault::Unsupported(algorithm::name(oid))),
    };
    let iv = encryption.parameters.ok_or(Fault::Parameters)?;
    let iv = iv.decode_as::<&OctetStringRef>().map_err(|_| Fault::Parameters)?.as_bytes();
    let key = derive::modern(derivation, password, cipher.key_len(), budget)?;
    if let Some(name) = cipher.outdated() {
        budget.outdated(name);
    }
    cipher.decrypt(&key, iv, data)
}

/// Parses the parameters of PBES2 or PBMAC1, which have the same structure: a key derivation and the
/// algorithm that uses the key.
pub(crate) fn derivation_and_next(
    parameters: AnyRef<'_>,
) -> Result<(AlgorithmIdentifierRef<'_>, AlgorithmIdentifierRef<'_>), Fault> {
    parameters
        .sequence(|reader| Ok((AlgorithmIdentifierRef::decode(reader)?, AlgorithmIdentifierRef::decode(reader)?)))
        .map_err(|_: der::Error| Fault::Parameters)
}
